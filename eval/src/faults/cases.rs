//! The cases, and how each is played.

use super::decoys::{decoys, draw, mishap};
use aegis_kube::Diagnostic;
use aegis_model::Target;
use aegis_model::kubernetes::ObjectRef;
use aegis_rehearse::pairs::{Faults, Pair, pairs};
use aegis_rehearse::play::{GiveUp, Laid, ONSET, SaidCause, Treated, Until, treated, untreated};
use aegis_rehearse::simpler::Named;
use aegis_rehearse::stage::{Basis, Setting, Stage, StageError, Watched};
use aegis_rehearse::tally::Loss;
use aegis_runner::run::RunError;
use aegis_scenario::load::{Loaded, shown};
use aegis_scenario::truth::Truth;
use aegis_scenario::{bundled, import};
use rayon::prelude::*;
use serde::Serialize;

/// Bundled applications that cases are played on.
pub const APPLICATIONS: [&str; 2] = ["online-boutique", "sock-shop"];
/// SLO minutes from which users feel a fault, beside those that the harmless changes cost by themselves.
const FELT: f64 = 0.2;
/// SLO minutes below which a change does no harm.
const UNFELT: f64 = 0.05;
/// From a seed whose cluster is sick with nothing laid to the next that is tried, ...
const NEXT: u64 = 1_000;
/// ... and how many are.
const TRIED: u64 = 8;

/// What is counted.
#[derive(Debug, Clone)]
pub struct Suite {
    /// Bundled applications, of [`APPLICATIONS`].
    pub applications: Vec<String>,
    /// Which faults.
    pub faults: Faults,
    /// Seeds: each gives every fault a target on every application.
    pub seeds: Vec<u64>,
    /// Controls on every application and seed.
    pub controls: usize,
}

/// Why it broke off.
#[derive(Debug, thiserror::Error)]
pub enum SuiteError {
    /// A bundled application is refused: a defect of ours.
    #[error("a bundled application is refused: {0:?}")]
    Refused(Vec<Diagnostic>),
    /// There is no cluster.
    #[error(transparent)]
    Stage(#[from] StageError),
    /// No cluster of a seed serves its users with nothing laid.
    #[error("no cluster of {application}, seed {seed}, serves its users with nothing laid")]
    NoGround {
        /// Application.
        application: String,
        /// Seed that was asked for.
        seed: u64,
    },
    /// The engine broke off.
    #[error(transparent)]
    Run(#[from] RunError),
}

/// What is played.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Case {
    /// Application.
    pub application: String,
    /// Seed.
    pub seed: u64,
    /// Seed of its cluster: the first of `seed`, `seed` + 1000, … whose users miss nothing with nothing laid.
    pub ground: u64,
    /// Id in the catalogue; `no_fault` for a control.
    pub fault: String,
    /// The object that it acts on.
    pub target: String,
}

/// Whether a mind is right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Its first answer is.
    First,
    /// One of its first three is.
    Third,
    /// None of these.
    Wrong,
}

/// How a case went.
#[derive(Debug, Clone, Serialize)]
pub struct Outcome {
    /// The case.
    pub case: Case,
    /// SLO minutes with nobody acting.
    pub untreated: f64,
    /// SLO minutes of the harmless changes alone.
    pub harmless: f64,
    /// SLO minutes with Sentinel.
    pub treated: f64,
    /// Whether users feel it with nobody acting.
    pub felt: bool,
    /// The last diagnosis.
    pub answer: Answer,
    /// The causes of the last diagnosis, the likeliest first: fault, object (and its field), confidence.
    pub said: Vec<(String, String, f64)>,
    /// Those of the first diagnosis.
    pub said_first: Vec<(String, String, f64)>,
    /// The true causes: faults, object, field.
    pub truth: Vec<String>,
    /// Seconds from onset to the first diagnosis whose leader is right and stays.
    pub located_s: Option<i64>,
    /// Whether it is over at the end of the play.
    pub mended: bool,
    /// Whether an objective lost more than with nobody acting.
    pub worse: bool,
    /// What was applied, as kubectl commands; those that take a plan back included.
    pub commands: Vec<String>,
    /// Blame what was changed last.
    pub last_change: Answer,
    /// Blame what is off the most.
    pub loudest: Answer,
    /// The sign matrix alone.
    pub signs: Answer,
}

/// Runs the suite; `done` is told each case that is over, from any thread.
///
/// # Errors
/// A defect of ours.
pub fn run(suite: &Suite, done: &(dyn Fn(&Outcome) + Sync)) -> Result<Vec<Outcome>, SuiteError> {
    let mut outcomes = Vec::new();
    for application in &suite.applications {
        let loaded = application_of(application)?;
        for seed in &suite.seeds {
            outcomes.extend(of_ground(suite, application, &loaded, *seed, done)?);
        }
    }
    Ok(outcomes)
}

/// A bundled application, as `aegis import` makes a scenario of it.
///
/// # Errors
/// A bundled application that is refused.
fn application_of(name: &str) -> Result<Loaded, SuiteError> {
    let path = format!("scenarios/manifests/{name}.yaml");
    let text = bundled::file(&path).unwrap_or_default();
    let documents = aegis_kube::read(&path, &text);
    let documents = documents.map_err(|errors| SuiteError::Refused(shown(&errors)))?;
    import::adopt(name, documents).map_err(SuiteError::Refused)
}

/// All cases of an application and seed, on one settled cluster.
fn of_ground(
    suite: &Suite,
    application: &str,
    loaded: &Loaded,
    seed: u64,
    done: &(dyn Fn(&Outcome) + Sync),
) -> Result<Vec<Outcome>, SuiteError> {
    let (ground, stage) = ground(application, loaded, seed)?;
    let at = |fault: &str, target: String| Case {
        application: application.to_owned(),
        seed,
        ground,
        fault: fault.to_owned(),
        target,
    };
    let all = pairs(loaded, stage.world.objects(), &suite.faults);
    let drawn = drawn(&all, seed);
    let faulty = drawn.into_par_iter().map(|pair| {
        let case = at(pair.fault, pair.object.to_string());
        let outcome = play(&stage, case, pair)?;
        outcome.iter().for_each(done);
        Ok(outcome)
    });
    let mut outcomes: Vec<Outcome> = faulty
        .collect::<Result<Vec<_>, SuiteError>>()?
        .into_iter()
        .flatten()
        .collect();
    let controls = (0..suite.controls).into_par_iter().map(|number| {
        let outcome = control(&stage, at("no_fault", String::new()), number as u64)?;
        done(&outcome);
        Ok(outcome)
    });
    outcomes.extend(controls.collect::<Result<Vec<_>, SuiteError>>()?);
    Ok(outcomes)
}

/// The first cluster of a seed that serves its users with nothing laid: what is wrong on another is not only what is
/// laid there.
fn ground(application: &str, loaded: &Loaded, seed: u64) -> Result<(u64, Stage), SuiteError> {
    for turn in 0..TRIED {
        let seed = seed + turn * NEXT;
        let setting = Setting {
            loaded,
            seed,
            basis: Basis::Own,
            tunings: &[],
        };
        let stage = Stage::settle(&setting, Watched::ByEngine)?;
        let alone = untreated(&stage, &Laid::default(), GiveUp::Never);
        if alone.loss.minutes() < FELT {
            return Ok((seed, stage));
        }
    }
    let application = application.to_owned();
    Err(SuiteError::NoGround { application, seed })
}

/// One target of each fault, in an order that is drawn: a run that is broken off has a fair part of them.
fn drawn(all: &[Pair], seed: u64) -> Vec<&Pair> {
    let mut ids: Vec<&str> = all.iter().map(|pair| pair.fault).collect();
    ids.sort_unstable();
    ids.dedup();
    ids.retain(|id| aegis_faults::by_id(id).is_some());
    let of = |id: &str| {
        let fitting: Vec<&Pair> = all.iter().filter(|pair| pair.fault == id).collect();
        let key = id
            .bytes()
            .fold(seed, |hash, byte| draw(hash, u64::from(byte)));
        fitting
            .get((key % fitting.len().max(1) as u64) as usize)
            .copied()
    };
    ids.sort_by_key(|id| {
        id.bytes()
            .fold(draw(seed, 11), |hash, byte| draw(hash, u64::from(byte)))
    });
    ids.into_iter().filter_map(of).collect()
}

/// A fault among changes that do no harm; `None` where it could not begin.
fn play(stage: &Stage, case: Case, pair: &Pair) -> Result<Option<Outcome>, SuiteError> {
    let key = case.target.bytes();
    let key = key.fold(draw(case.seed, 7), |hash, byte| draw(hash, u64::from(byte)));
    let (harmless, alone) = harmless(stage, &pair.targets, key);
    let mut laid = pair.laid.clone();
    laid.0.extend(harmless.0.iter().cloned());
    let beside = untreated(stage, &laid, GiveUp::Never);
    if !beside.skipped.is_empty() {
        return Ok(None);
    }
    let played = treated(stage, &laid, Until::End)?;
    let lost = Lost {
        untreated: beside.loss.minutes(),
        harmless: alone,
        worse: played.loss.is_worse_than(&beside.loss),
    };
    Ok(Some(outcome(case, &played, &lost)))
}

/// Changes that do no harm, and what they cost by themselves, SLO minutes: drawn again while users feel them, as they
/// do where a single replica is replaced by one that is called ready too early.
fn harmless(stage: &Stage, targets: &[Target], key: u64) -> (Laid, f64) {
    let drawn = |turn: u64| {
        let laid = Laid(decoys(stage.world.objects(), targets, draw(key, 3 + turn)));
        let alone = untreated(stage, &laid, GiveUp::Never).loss.minutes();
        (laid, alone)
    };
    let mut best = drawn(0);
    for turn in 1..TRIED {
        if best.1 < UNFELT {
            break;
        }
        let next = drawn(turn);
        if next.1 < best.1 {
            best = next;
        }
    }
    best
}

/// Nothing wrong: changes that do no harm, and a pod that somebody deletes.
fn control(stage: &Stage, case: Case, number: u64) -> Result<Outcome, SuiteError> {
    let (laid, alone) = passing(stage, draw(case.seed, 1000 + number));
    let played = treated(stage, &laid, Until::End)?;
    let lost = Lost {
        untreated: alone.minutes(),
        harmless: alone.minutes(),
        worse: played.loss.is_worse_than(&alone),
    };
    Ok(outcome(case, &played, &lost))
}

/// Changes and a deleted pod that pass by themselves, and what they cost: drawn again while users still suffer at the end,
/// as they do where load kills the pod that takes its place. That is an incident.
fn passing(stage: &Stage, key: u64) -> (Laid, Loss) {
    let drawn = |turn: u64| {
        let key = draw(key, 100 * turn);
        let (mut laid, _) = harmless(stage, &[], key);
        laid.0.extend(mishap(stage.world.objects(), key));
        let alone = untreated(stage, &laid, GiveUp::Never).loss;
        (laid, alone)
    };
    let mut last = drawn(0);
    for turn in 1..TRIED {
        if last.1.is_over() {
            break;
        }
        last = drawn(turn);
    }
    last
}

/// What a case costs its users with nobody acting, and what acting does to that.
struct Lost {
    untreated: f64,
    harmless: f64,
    worse: bool,
}

fn outcome(case: Case, played: &Treated, lost: &Lost) -> Outcome {
    let truth = &played.truth;
    let last = played.said.last();
    let causes = last.map_or(&[][..], |said| said.causes.as_slice());
    let simpler = played.simpler.clone().unwrap_or_default();
    Outcome {
        case,
        untreated: lost.untreated,
        harmless: lost.harmless,
        treated: played.loss.minutes(),
        felt: lost.untreated - lost.harmless >= FELT,
        answer: answer(causes.iter().map(|cause| is_right(truth, cause))),
        said: causes.iter().map(named).collect(),
        said_first: played
            .said
            .first()
            .map_or_else(Vec::new, |said| said.causes.iter().map(named).collect()),
        truth: truth
            .causes
            .iter()
            .map(|right| {
                format!(
                    "{} {} {}",
                    right.faults.join("|"),
                    right.object,
                    right.field.as_deref().unwrap_or_default()
                )
            })
            .collect(),
        located_s: located(played),
        mended: played.loss.is_over(),
        worse: lost.worse,
        commands: played.commands.clone(),
        last_change: answer(simpler.last_change.iter().map(|one| is_named(truth, one))),
        loudest: answer(simpler.loudest.iter().map(|one| is_named(truth, one))),
        signs: answer(simpler.signs.iter().map(|one| is_named(truth, one))),
    }
}

fn named(cause: &SaidCause) -> (String, String, f64) {
    let field = cause.field.as_ref().map(|field| format!(" {field}"));
    let object = format!("{}{}", cause.object, field.unwrap_or_default());
    (cause.fault.to_string(), object, cause.confidence)
}

fn answer(mut right: impl Iterator<Item = bool>) -> Answer {
    match right.by_ref().take(3).position(|right| right) {
        Some(0) => Answer::First,
        Some(_) => Answer::Third,
        None => Answer::Wrong,
    }
}

fn is_right(truth: &Truth, cause: &SaidCause) -> bool {
    let field = cause.field.as_ref().map(ToString::to_string);
    truth.is_right(&cause.fault, &cause.object, field.as_deref())
}

fn is_named(truth: &Truth, (fault, object): &Named) -> bool {
    let object: &ObjectRef = object;
    truth.is_right(fault, object, None)
}

/// Seconds from onset to the first diagnosis whose leader is right, as in all that follow.
fn located(played: &Treated) -> Option<i64> {
    let right = |said: &&aegis_rehearse::play::Said| {
        let top = said.causes.first();
        top.is_some_and(|top| is_right(&played.truth, top))
    };
    let first = played.said.iter().rev().take_while(right).last()?;
    Some(first.at - i64::from(ONSET))
}
