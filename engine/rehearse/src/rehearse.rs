//! The order of a rehearsal: what fits, what it costs, what mends it, what would have hardened it.
//!
//! Plays are independent forks of settled worlds and come back in the order in which they were asked for, so
//! that the number of threads changes nothing.

use crate::harden::{Measure, Proposal, proposals};
use crate::pairs::{Faults, Pair, ZONE_LOSS, pairs};
use crate::play::{GiveUp, Laid, ONSET, Treated, Until, Untreated, treated, untreated};
use crate::points::{place, single_points};
use crate::reach::{Reach, on_node};
use crate::rehearsal::{
    Finding, Hardening, Promise, REHEARSAL_SCHEMA, Rehearsal, Treatment, Trials,
};
use crate::stage::{Basis, Setting, Stage, StageError, Watched};
use crate::tally::Loss;
use aegis_model::{Objects, Target, WorkloadId};
use aegis_runner::run::RunError;
use aegis_scenario::load::Loaded;
use aegis_sim::infer::Directory;
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// Plays of a rehearsal where nothing is said.
pub const BUDGET: usize = 900;
/// Share of the budget for plays with nobody acting.
const UNTREATED: f64 = 0.55;
/// Share of the budget for plays with the engine at work.
const TREATED: f64 = 0.05;
/// SLO minutes that a fault must cost beyond the control to be a finding.
const FELT: f64 = 0.2;
/// SLO minutes, and share of the damage, by which a patch must cut it to be shown.
const CUT: (f64, f64) = (0.25, 0.1);
/// Patches that are shown for a finding.
const SHOWN: usize = 3;
/// Workloads that one patch hardens together, at most.
const TOGETHER: usize = 24;

/// What is rehearsed.
#[derive(Debug, Clone)]
pub struct Order<'a> {
    /// The manifests.
    pub loaded: &'a Loaded,
    /// Root of all draws.
    pub seed: u64,
    /// Plays, at most.
    pub budget: usize,
    /// Which faults.
    pub faults: Faults,
}

/// How far a rehearsal is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// The cluster is settled, so many faults at targets fit.
    Settled(usize),
    /// A play with nobody acting is over.
    Untreated,
    /// So many faults cost something and are played with the engine at work.
    Felt(usize),
    /// Such a play is over.
    Treated,
    /// So many patches are tried.
    Proposed(usize),
    /// A patch was tried.
    Hardened,
}

/// Is told how far it is, from any thread.
pub type Watcher<'a> = &'a (dyn Fn(Progress) + Sync);

/// Why a rehearsal broke off.
#[derive(Debug, thiserror::Error)]
pub enum RehearseError {
    /// There is no cluster to rehearse on.
    #[error(transparent)]
    Stage(#[from] StageError),
    /// The engine broke off.
    #[error(transparent)]
    Run(#[from] RunError),
}

/// A fault that was played with nobody acting.
struct Played {
    pair: Pair,
    play: Untreated,
}

/// A settled cluster with what is known of it undisturbed.
pub(crate) struct Ground<'a> {
    pub(crate) order: &'a Order<'a>,
    pub(crate) stage: Stage,
    pub(crate) control: Untreated,
}

impl<'a> Ground<'a> {
    /// Settles the cluster of an order.
    pub(crate) fn new(order: &'a Order<'a>, basis: Basis<'a>) -> Result<Self, StageError> {
        let setting = Setting {
            loaded: order.loaded,
            seed: order.seed,
            basis,
            tunings: &[],
        };
        let stage = Stage::settle(&setting, Watched::ByEngine)?;
        let control = untreated(&stage, &Laid::default(), GiveUp::Never);
        Ok(Self {
            order,
            stage,
            control,
        })
    }

    pub(crate) fn objects(&self) -> &Objects {
        self.stage.world.objects()
    }
}

/// Rehearses.
///
/// # Errors
/// Documents that are refused, a cluster that no user reaches, a defect of the engine.
pub fn rehearse(order: &Order<'_>, watcher: Watcher<'_>) -> Result<Rehearsal, RehearseError> {
    let ground = Ground::new(order, Basis::Own)?;
    rehearse_on(&ground, watcher)
}

/// Rehearses on a cluster that is settled.
pub(crate) fn rehearse_on(
    ground: &Ground<'_>,
    watcher: Watcher<'_>,
) -> Result<Rehearsal, RehearseError> {
    let order = ground.order;
    let mut fitting = pairs(order.loaded, ground.objects(), &order.faults);
    let tried = share(order.budget.saturating_sub(1), UNTREATED).min(fitting.len());
    let not_tried = fitting.split_off(tried);
    watcher(Progress::Settled(tried));
    let played = play_all(ground, fitting, watcher);
    let (felt, harmless) = sorted(ground, played.done);
    let treatments = treat(ground, &felt, watcher)?;
    let (hardenings, hardened) = harden(ground, &felt, watcher);
    let trials = Trials {
        budget: order.budget,
        untreated: tried + 1,
        treated: treatments.iter().flatten().count(),
        hardened,
    };
    let findings: Vec<Finding> = felt
        .iter()
        .zip(treatments)
        .zip(hardenings)
        .enumerate()
        .map(|(rank, ((one, treatment), hardenings))| Finding {
            rank: rank + 1,
            sentinel: treatment,
            hardenings,
            ..plain_finding(ground, &one.pair, &one.play)
        })
        .collect();
    Ok(Rehearsal {
        schema: REHEARSAL_SCHEMA.to_owned(),
        name: order.loaded.scenario.metadata.name.clone(),
        seed: order.seed,
        length_s: ground.stage.length,
        trials,
        objectives: promises(&ground.stage),
        control_slo_minutes_lost: two_digits(ground.control.loss.minutes()),
        single_points: single_points(order.loaded, ground.objects(), &findings),
        findings,
        harmless: harmless.iter().map(|one| named(&one.pair)).collect(),
        not_tried: not_tried.iter().map(named).collect(),
        skipped: played.skipped,
    })
}

fn share(budget: usize, share: f64) -> usize {
    (budget as f64 * share) as usize
}

/// Minutes as they are shown: a second is 0.02 of them.
pub(crate) fn two_digits(minutes: f64) -> f64 {
    libm::round(minutes * 100.0) / 100.0
}

fn named(pair: &Pair) -> (String, String) {
    (pair.fault.to_owned(), pair.object.to_string())
}

/// Plays with nobody acting.
struct PlayedAll {
    done: Vec<Played>,
    skipped: Vec<(String, String, String)>,
}

fn play_all(ground: &Ground<'_>, fitting: Vec<Pair>, watcher: Watcher<'_>) -> PlayedAll {
    let play = |pair: Pair| {
        let play = untreated(&ground.stage, &pair.laid, GiveUp::As(&ground.control.trace));
        watcher(Progress::Untreated);
        Played { pair, play }
    };
    let all: Vec<Played> = fitting.into_par_iter().map(play).collect();
    let (done, skipped): (Vec<Played>, Vec<Played>) =
        all.into_iter().partition(|one| one.play.skipped.is_empty());
    let why = |one: &Played| {
        let (fault, target) = named(&one.pair);
        (fault, target, one.play.skipped.join("; "))
    };
    PlayedAll {
        skipped: skipped.iter().map(why).collect(),
        done,
    }
}

/// SLO minutes that a play lost beyond the control.
fn damage(ground: &Ground<'_>, loss: &Loss) -> f64 {
    loss.minutes() - ground.control.loss.minutes()
}

/// What cost something, the dearest first, and what did not.
fn sorted(ground: &Ground<'_>, played: Vec<Played>) -> (Vec<Played>, Vec<Played>) {
    let is_felt = |one: &Played| damage(ground, &one.play.loss) >= FELT;
    let (mut felt, harmless): (Vec<Played>, Vec<Played>) = played.into_iter().partition(is_felt);
    felt.sort_by(|a, b| b.play.loss.minutes().total_cmp(&a.play.loss.minutes()));
    (felt, harmless)
}

/// Plays with the engine at work, of the dearest that the budget allows.
fn treat(
    ground: &Ground<'_>,
    felt: &[Played],
    watcher: Watcher<'_>,
) -> Result<Vec<Option<Treatment>>, RunError> {
    let number = share(ground.order.budget, TREATED)
        .max(LEAST)
        .min(felt.len());
    watcher(Progress::Felt(number));
    let chosen = dearest_of_each(felt, number);
    let play = |at: &usize| {
        let one = &felt[*at];
        let played = treated(&ground.stage, &one.pair.laid, Until::Calm)?;
        watcher(Progress::Treated);
        Ok((*at, treatment(&played, &one.play)))
    };
    let done: Result<Vec<(usize, Treatment)>, RunError> = chosen.par_iter().map(play).collect();
    let mut treatments: Vec<Option<Treatment>> = felt.iter().map(|_| None).collect();
    for (at, treatment) in done? {
        treatments[at] = Some(treatment);
    }
    Ok(treatments)
}

/// Plays with the engine at work, at least.
const LEAST: usize = 8;

/// The dearest target of each fault first, the dearest fault first; then the others.
fn dearest_of_each(felt: &[Played], number: usize) -> Vec<usize> {
    let mut seen = BTreeSet::new();
    let (firsts, others): (Vec<usize>, Vec<usize>) =
        (0..felt.len()).partition(|at| seen.insert(felt[*at].pair.fault));
    firsts.into_iter().chain(others).take(number).collect()
}

fn treatment(played: &Treated, beside: &Untreated) -> Treatment {
    let top = played.said.last().and_then(|said| said.causes.first());
    let right = top.map(|top| {
        let field = top.field.as_ref().map(ToString::to_string);
        let truth = &played.truth;
        truth.is_right(&top.fault, &top.object, field.as_deref())
    });
    Treatment {
        slo_minutes: two_digits(played.loss.minutes()),
        mended_after_s: played.loss.mended_after(i64::from(ONSET)),
        mended: played.loss.is_over(),
        harm: played.loss.is_worse_than(&beside.loss),
        diagnosis: top.map(|top| (top.fault.to_string(), top.object.to_string())),
        diagnosis_right: right,
        plan: played.commands.clone(),
        undone: played.undone,
    }
}

/// What of a cluster fails together where a fault strikes.
fn struck(objects: &Objects, reach: &Reach, targets: &[Target]) -> Vec<WorkloadId> {
    let directory = Directory::new(objects);
    let mut ids: Vec<WorkloadId> = targets
        .iter()
        .flat_map(|target| match target {
            Target::Workload(id) => vec![*id],
            Target::Service(id) => directory.behind(*id).to_vec(),
            Target::Node(id) => on_node(objects, *id),
            Target::Policy(_) | Target::Plain(_) | Target::Cluster => Vec::new(),
        })
        .filter(|id| reach.workload(*id) > 0.0)
        .collect();
    ids.sort_unstable();
    ids.dedup();
    ids.truncate(TOGETHER);
    ids
}

/// A patch to be tried against a finding.
struct Attempt {
    finding: usize,
    proposal: Proposal,
}

/// The patches that cut the damage of each finding, and how many plays it took to know.
fn harden(
    ground: &Ground<'_>,
    felt: &[Played],
    watcher: Watcher<'_>,
) -> (Vec<Vec<Hardening>>, usize) {
    let left = share(ground.order.budget, 1.0 - UNTREATED - TREATED);
    let attempts = attempts(ground, felt, left);
    watcher(Progress::Proposed(attempts.len()));
    let mut distinct: BTreeMap<Vec<String>, &Proposal> = BTreeMap::new();
    for attempt in &attempts {
        distinct
            .entry(attempt.proposal.commands())
            .or_insert(&attempt.proposal);
    }
    let settled: Vec<(Vec<String>, Option<Stage>)> = distinct
        .into_par_iter()
        .map(|(commands, proposal)| (commands, patched(ground, proposal)))
        .collect();
    let stages: BTreeMap<Vec<String>, Option<Stage>> = settled.into_iter().collect();
    let tried: Vec<Option<Hardening>> = attempts
        .par_iter()
        .map(|attempt| {
            let commands = attempt.proposal.commands();
            let stage = stages.get(&commands)?.as_ref();
            let shown =
                stage.and_then(|stage| prove(attempt, &felt[attempt.finding], stage, commands));
            watcher(Progress::Hardened);
            shown
        })
        .collect();
    let plays = attempts.len() + stages.len();
    let mut by_finding = vec![Vec::new(); felt.len()];
    for (attempt, shown) in attempts.iter().zip(tried) {
        by_finding[attempt.finding].extend(shown);
    }
    (by_finding.into_iter().map(best).collect(), plays)
}

/// What is tried: the first proposal for every finding, the dearest first, then the second. A patch's own settled
/// world counts as a play.
fn attempts(ground: &Ground<'_>, felt: &[Played], left: usize) -> Vec<Attempt> {
    let objects = ground.objects();
    let reach = Reach::of(ground.order.loaded, objects);
    let mut all = Vec::new();
    for (finding, one) in felt.iter().enumerate() {
        let struck = struck(objects, &reach, &one.pair.targets);
        let mut proposals = proposals(ground.order.loaded, objects, &struck);
        // Where there is no room for all, there may be some for those on whom most users depend.
        for part in [2, 4].into_iter().filter(|part| struck.len() / part > 1) {
            proposals.extend(few(ground, &reach, &struck, struck.len() / part));
        }
        if one.pair.fault == ZONE_LOSS {
            proposals.extend(beside_more_nodes(ground, &reach));
        }
        all.extend(
            proposals
                .into_iter()
                .enumerate()
                .map(|(turn, proposal)| (turn, Attempt { finding, proposal })),
        );
    }
    all.sort_by_key(|(turn, _)| *turn);
    let (mut attempts, mut worlds) = (Vec::new(), BTreeSet::new());
    for (_, attempt) in all {
        worlds.insert(attempt.proposal.commands());
        if attempts.len() + 1 + worlds.len() > left {
            break;
        }
        attempts.push(attempt);
    }
    attempts
}

/// Replicas, spread and budgets of all on whom users depend, with room for them: where nodes are full, nothing less
/// outlives a zone.
fn beside_more_nodes(ground: &Ground<'_>, reach: &Reach) -> Vec<Proposal> {
    let objects = ground.objects();
    let all: Vec<WorkloadId> = (0..objects.workloads.len())
        .map(WorkloadId::from)
        .filter(|id| reach.workload(*id) > 0.0)
        .take(TOGETHER)
        .collect();
    let proposals = proposals(ground.order.loaded, objects, &all).into_iter();
    let fitting =
        proposals.filter(|one| matches!(one.measure, Measure::Replicas | Measure::Budget));
    fitting
        .filter_map(|one| one.with_room(ground.order.loaded))
        .collect()
}

/// More replicas, and spread, for so many of the struck workloads on which most users depend.
fn few(ground: &Ground<'_>, reach: &Reach, struck: &[WorkloadId], number: usize) -> Vec<Proposal> {
    let mut ranked = struck.to_vec();
    ranked.sort_by(|a, b| {
        reach
            .workload(*b)
            .total_cmp(&reach.workload(*a))
            .then(a.cmp(b))
    });
    ranked.truncate(number);
    ranked.sort_unstable();
    let all = proposals(ground.order.loaded, ground.objects(), &ranked);
    all.into_iter()
        .filter(|one| matches!(one.measure, Measure::Replicas | Measure::Spread))
        .collect()
}

/// The cluster with a patch in its manifests; `None` where it is refused, its pods find no room, or it costs users
/// something with nothing laid.
fn patched(ground: &Ground<'_>, proposal: &Proposal) -> Option<Stage> {
    let loaded = proposal.applied(ground.order.loaded).ok()?;
    let tunings = proposal.tunings();
    let setting = Setting {
        loaded: &loaded,
        seed: ground.order.seed,
        basis: Basis::As(ground.order.loaded, &ground.stage.objectives),
        tunings: &tunings,
    };
    let stage = Stage::settle(&setting, Watched::ByNobody).ok()?;
    let control = untreated(&stage, &Laid::default(), GiveUp::Never);
    let fits = stage.world.unavailable().len() <= ground.stage.world.unavailable().len();
    (fits && damage(ground, &control.loss) < FELT).then_some(stage)
}

/// The same fault on the same seed, with the patch: shown only if it costs less.
fn prove(
    attempt: &Attempt,
    played: &Played,
    stage: &Stage,
    commands: Vec<String>,
) -> Option<Hardening> {
    let before = played.play.loss.minutes();
    // What loses more than that is not shown, however it ends.
    let most = before - CUT.0.max(CUT.1 * before);
    let laid = played.pair.laid_on(stage.world.objects());
    let again = untreated(stage, &laid, GiveUp::At(most));
    if !again.skipped.is_empty() {
        return None;
    }
    let after = again.loss.minutes();
    (before - after >= CUT.0.max(CUT.1 * before)).then(|| Hardening {
        measure: attempt.proposal.measure,
        summary: attempt.proposal.words.clone(),
        objects: attempt
            .proposal
            .objects
            .iter()
            .map(ToString::to_string)
            .collect(),
        kubectl: commands,
        before: two_digits(before),
        after: two_digits(after),
    })
}

/// The best patches of a finding: what cuts most; of equals what changes less.
fn best(mut shown: Vec<Hardening>) -> Vec<Hardening> {
    shown.sort_by(|a, b| {
        let by_cut = a.after.total_cmp(&b.after);
        by_cut.then(a.kubectl.len().cmp(&b.kubectl.len()))
    });
    shown.truncate(SHOWN);
    shown
}

/// A finding without rank, treatment and hardening.
pub(crate) fn plain_finding(ground: &Ground<'_>, pair: &Pair, play: &Untreated) -> Finding {
    let target = pair.object.to_string();
    let objectives = ground.stage.objectives.iter().zip(&play.loss.seconds);
    let missed = objectives.filter(|(_, lost)| **lost > 0);
    let services = &ground.objects().services;
    Finding {
        rank: 0,
        fault: pair.fault.to_owned(),
        summary: pair.summary.to_owned(),
        place: place(ground.order.loaded.manifests.iter(), &target),
        target,
        reach: two_digits(pair.reach),
        entries: missed
            .map(|(objective, _)| {
                services[objective.service.index()]
                    .header
                    .reference
                    .to_string()
            })
            .collect(),
        breaks: play.broken.iter().map(ToString::to_string).collect(),
        untreated_slo_minutes: two_digits(play.loss.minutes()),
        passes: play.loss.is_over(),
        sentinel: None,
        hardenings: Vec::new(),
    }
}

fn promises(stage: &Stage) -> Vec<Promise> {
    let services = &stage.world.objects().services;
    let promise = |objective: &aegis_model::Objective| Promise {
        service: services[objective.service.index()]
            .header
            .reference
            .to_string(),
        availability: objective.availability,
        p99_s: objective
            .latency
            .map(|target| libm::round(target.below * 1e4) / 1e4),
    };
    stage.objectives.iter().map(promise).collect()
}
