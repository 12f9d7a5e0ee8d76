//! What was refuted is not blamed again, whoever insists on it; what is true comes back; and what is false and
//! comes from elsewhere keeps the truth away for three incidents at most.
//!
//! A few of the bundled scenarios here, all of them in the soak (`AEGIS_SOAK`).

use aegis_memory::write::Log;
use aegis_memory::{Claim, KnownBy, Lesson, Memory, Record};
use aegis_model::ask::{Answer, Ask, DiagnosisAnswer, ProposedCause, Reply, Silence, SilenceKind};
use aegis_model::outcome::{Ending, Finding};
use aegis_model::recall::{Blame, Deed, Forbidden, LED, Standing, TWICE};
use aegis_model::{Cue, Hypothesis, Mode, Remembers, Role, RunEvent, Stamped, Target};
use aegis_report::{Facts, Story, measure};
use aegis_runner::practice::practice;
use aegis_runner::run::Remembering;
use aegis_testkit::judge::facts_of;
use aegis_testkit::play::{Recording, loaded, play, play_advised};
use aegis_testkit::soak::{count, is_soak};

/// The scenarios in which something is wrong.
const SCENARIOS: [&str; 12] = [
    "online-boutique-oom",
    "sock-shop-wrong-selector",
    "online-boutique-netpol",
    "online-boutique-bad-image",
    "online-boutique-burst",
    "online-boutique-drain",
    "online-boutique-probe",
    "sock-shop-oom",
    "sock-shop-netpol",
    "sock-shop-burst",
    "sock-shop-drain",
    "sock-shop-probe",
];

fn scenarios() -> &'static [&'static str] {
    if is_soak() {
        &SCENARIOS
    } else {
        &SCENARIOS[..2]
    }
}

/// A play with a memory, and with a model that names one cause whatever it is asked.
fn insisted(scenario: &str, seed: u64, memory: &Memory, on: Option<&ProposedCause>) -> Recording {
    let recall = |cue: &Cue| memory.recall(cue).map_err(|why| why.to_string());
    let remembering = Remembering {
        mode: Remembers::ReadWrite,
        digest: "",
        recall: &recall,
    };
    let mut insist = |ask: &Ask| match (ask, on) {
        (Ask::Diagnosis(_), Some(cause)) => {
            let causes = vec![cause.clone()];
            Reply::Answered(Box::new(Answer::Diagnosis(DiagnosisAnswer { causes })))
        }
        _ => Reply::Silent(Silence {
            kind: SilenceKind::Refused,
            why: "it has nothing else to say".into(),
        }),
    };
    let scenario = loaded(scenario);
    let advise = on.map(|_| &mut insist as &mut dyn FnMut(&Ask) -> Reply);
    play_advised(&scenario, seed, Mode::Sentinel, Some(remembering), advise)
}

/// What a live run leaves: nobody tells the truth.
fn left(scenario: &str, seed: u64, run: &Recording) -> Vec<Record> {
    let facts = Facts {
        truth: None,
        onset: None,
        events_blake3: format!("{scenario} {seed}"),
        ..facts_of(&loaded(scenario), seed, run)
    };
    practice(&run.events, &facts, &run.decisions).records
}

/// Diagnoses that led with more than nothing, in order.
fn leaders(run: &Recording) -> Vec<&Hypothesis> {
    run.events.iter().filter_map(leader).collect()
}

fn leader(stamped: &Stamped) -> Option<&Hypothesis> {
    match &stamped.event {
        RunEvent::Diagnosed { hypotheses, .. } => hypotheses.first(),
        _ => None,
    }
}

/// The surest right leader of a run, if a right one ever led.
fn found(scenario: &str, seed: u64, run: &Recording) -> Option<Hypothesis> {
    let facts = facts_of(&loaded(scenario), seed, run);
    let truth = facts.truth?;
    let story = Story::tell(&run.events);
    let right = leaders(run)
        .into_iter()
        .filter(|one| measure::is_right(one, &story, &truth));
    right
        .max_by(|a, b| a.confidence.total_cmp(&b.confidence))
        .cloned()
}

fn roles(run: &Recording) -> Vec<(Target, Role)> {
    let cue = run.events.iter().find_map(|stamped| match &stamped.event {
        RunEvent::Remembered { cue, .. } => Some(cue.roles.clone()),
        _ => None,
    });
    cue.unwrap_or_default()
}

fn place(roles: &[(Target, Role)], target: Target) -> Role {
    let known = roles.iter().find(|(of, _)| *of == target);
    match (known, target) {
        (Some((_, role)), _) => *role,
        (None, Target::Node(_)) => Role::Node,
        (None, _) => Role::Other,
    }
}

/// The cause of a run as it is remembered, and as a model would name it.
fn blamed(run: &Recording, cause: &Hypothesis) -> (Blame, ProposedCause) {
    let story = Story::tell(&run.events);
    let blame = Blame {
        fault: cause.fault.clone(),
        role: place(&roles(run), cause.target),
    };
    let insisted = ProposedCause {
        fault: cause.fault.to_string(),
        object: story.names.target(cause.target).to_string(),
        why: "it is this, whatever the evidence".into(),
    };
    (blame, insisted)
}

/// Holds that nothing that is forbidden ranks above zero, and that only what leads for the second time goes on
/// parole. How many diagnoses were held back, and in how many the ban was in force.
fn holds(run: &Recording, ban: &Blame) -> (usize, usize) {
    let roles = roles(run);
    let (mut forbidden, mut withheld, mut in_force): (Vec<Forbidden>, _, _) = (Vec::new(), 0, 0);
    for (at, stamped) in run.events.iter().enumerate() {
        match &stamped.event {
            RunEvent::Remembered { recalled, .. } => {
                forbidden.clone_from(&recalled.forbidden);
                forbidden.retain(|one| one.standing == Standing::Forbidden);
            }
            RunEvent::Diagnosed { hypotheses, .. } => {
                parole(&mut forbidden, run.events.get(at + 1));
                in_force += usize::from(forbidden.iter().any(|one| one.cause == *ban));
                for one in hypotheses {
                    let own = Blame {
                        fault: one.fault.clone(),
                        role: place(&roles, one.target),
                    };
                    if forbidden.iter().any(|ban| ban.cause == own) {
                        withheld += usize::from(own == *ban);
                        assert_eq!(one.confidence, 0.0, "{own:?} at {}", stamped.t);
                    }
                }
            }
            RunEvent::Planned { plans } => {
                for (fault, target) in plans.iter().filter_map(|plan| plan.answers.as_ref()) {
                    let own = Blame {
                        fault: fault.clone(),
                        role: place(&roles, *target),
                    };
                    let is_forbidden = forbidden.iter().any(|ban| ban.cause == own);
                    assert!(!is_forbidden, "a plan answers {own:?} at {}", stamped.t);
                }
            }
            _ => {}
        }
    }
    (withheld, in_force)
}

/// Takes out what a diagnosis puts on parole: what led in an incident before, and would lead now.
fn parole(forbidden: &mut Vec<Forbidden>, told: Option<&Stamped>) {
    let Some(RunEvent::Withheld { hypotheses }) = told.map(|stamped| &stamped.event) else {
        return;
    };
    let on_parole = |cause: &Blame| {
        let mut own = hypotheses.iter().filter(|one| one.cause == *cause);
        own.any(|one| one.standing == Standing::Paroled)
    };
    let surest = |cause: &Blame| {
        let own = hypotheses.iter().filter(|one| one.cause == *cause);
        own.map(|one| one.would_be).fold(0.0, f64::max)
    };
    forbidden.retain(|ban| {
        let paroled = on_parole(&ban.cause);
        if paroled {
            assert!(ban.would_have_led + 1 >= TWICE, "{ban:?} led only once");
            assert!(surest(&ban.cause) >= LED, "{ban:?} is not sure enough");
        }
        !paroled
    });
}

/// The truth of a scenario is refuted by force; then incidents follow, on the same seed or on others, in each of
/// which a model insists on it.
fn banned_and_back(scenario: &str, seeds: [u64; 3]) {
    let memory = Memory::transient().expect("it opens");
    let first = insisted(scenario, 1, &memory, None);
    let Some(truth) = found(scenario, 1, &first) else {
        println!("{scenario}: never found on seed 1, nothing to forbid");
        return;
    };
    let (ban, cause) = blamed(&first, &truth);
    let opened = left(scenario, 1, &first);
    let record = opened.into_iter().next().expect("an incident");
    let refuted = Record {
        cause: None,
        known_by: KnownBy::Nothing,
        claims: vec![Claim {
            cause: ban.clone(),
            finding: Finding::Refuted,
        }],
        ..record
    };
    memory.keep(&refuted).expect("it is kept");
    let (mut back, mut sure) = (false, 0);
    for (later, seed) in (1..=3).zip(seeds) {
        let run = insisted(scenario, seed, &memory, Some(&cause));
        let (withheld, in_force) = holds(&run, &ban);
        let led = found(scenario, seed, &run).filter(|one| one.confidence > 0.0);
        println!(
            "{scenario} seed {seed}: the ban held in {in_force} diagnoses, withheld in {withheld}, would be {:.2}, leads at {:.2}",
            would_be(&run, &ban),
            led.as_ref().map_or(0.0, |one| one.confidence)
        );
        back |= led.is_some();
        sure += usize::from(would_be(&run, &ban) >= LED);
        for record in left(scenario, 100 * seed + later, &run) {
            memory.keep(&record).expect("it is kept");
        }
    }
    if !back {
        unless_it_was_never_sure(scenario, sure, &ban);
    }
}

/// The greatest confidence that a banned cause would have had.
fn would_be(run: &Recording, ban: &Blame) -> f64 {
    let withheld = run
        .events
        .iter()
        .filter_map(|stamped| match &stamped.event {
            RunEvent::Withheld { hypotheses } => Some(hypotheses),
            _ => None,
        });
    let own = withheld.flatten().filter(|one| one.cause == *ban);
    own.map(|one| one.would_be).fold(0.0, f64::max)
}

/// Parole asks for 0.6 in two incidents: where the engine is not so sure in two of the three, nothing but the truth
/// or a person lifts a ban by the third.
fn unless_it_was_never_sure(scenario: &str, sure: usize, ban: &Blame) {
    assert!(
        sure < TWICE as usize,
        "{scenario}: {ban:?} is not back, though {sure} of three incidents would be sure of it"
    );
    println!("{scenario}: not back, and would be sure of it in {sure} of three incidents");
}

#[test]
fn what_is_forbidden_ranks_nowhere_though_a_model_insists_and_the_truth_is_back_within_three() {
    for scenario in scenarios() {
        banned_and_back(scenario, [1, 1, 1]);
    }
}

#[test]
fn the_same_over_incidents_of_other_seeds() {
    for scenario in scenarios() {
        banned_and_back(scenario, [2, 3, 4]);
    }
}

/// How a hundred false episodes lie.
#[derive(Debug, Clone, Copy)]
enum Lie {
    /// All of them the same: the engine's own second guess.
    Consistent,
    /// Each another fault at another place.
    Random,
}

/// Episodes of another memory that look like an incident, and say that something else was the cause.
fn false_ones(like: &Record, truth: &Blame, rival: &Blame, lie: Lie) -> Vec<Record> {
    let faults: Vec<_> = aegis_faults::all().map(|fault| fault.id).collect();
    let roles = [
        Role::Entry,
        Role::Middle,
        Role::Leaf,
        Role::Store,
        Role::Cache,
    ];
    let one = |n: usize| {
        let blamed = match lie {
            Lie::Consistent => rival.clone(),
            Lie::Random => Blame {
                fault: faults[(n * 37 + 11) % faults.len()].into(),
                role: roles[n % roles.len()],
            },
        };
        let deeds = vec![Deed {
            kind: "restart_rollout".into(),
            role: blamed.role,
        }];
        let lie = Record {
            source: "elsewhere".into(),
            seed: n as u64,
            family: format!("family-{}", n % 40).into(),
            log: format!("{n:064}").into(),
            cause: Some(blamed.clone()),
            known_by: KnownBy::Truth,
            claims: vec![Claim {
                cause: truth.clone(),
                finding: Finding::Refuted,
            }],
            ending: Ending::Mended,
            lost: 900.0,
            lessons: vec![Lesson {
                cause: blamed,
                deeds: deeds.clone(),
                mended: true,
                gain: None,
                weight: 1.0,
            }],
            deeds,
            ..like.clone()
        };
        lie.sealed().expect("it has JSON")
    };
    (0..100).map(one).collect()
}

/// Incidents in which the truth led without a memory and did not with one that a hundred episodes lied to.
fn kept_away(scenario: &str, lie: Lie, incidents: u64) -> u64 {
    let memory = Memory::transient().expect("it opens");
    let honest = Memory::transient().expect("it opens");
    let first = insisted(scenario, 1, &honest, None);
    let Some(truth) = found(scenario, 1, &first) else {
        return 0;
    };
    let (truth, _) = blamed(&first, &truth);
    let like = left(scenario, 1, &first)
        .into_iter()
        .next()
        .expect("an incident");
    let rival = first
        .events
        .iter()
        .find_map(|stamped| match &stamped.event {
            RunEvent::Diagnosed { hypotheses, .. } => {
                let places = roles(&first);
                let mut others = hypotheses.iter().map(|one| Blame {
                    fault: one.fault.clone(),
                    role: place(&places, one.target),
                });
                others.find(|one| {
                    *one != truth && !["unknown", "no_fault"].contains(&one.fault.as_str())
                })
            }
            _ => None,
        });
    let rival = rival.unwrap_or(Blame {
        fault: "cpu_hog".into(),
        role: Role::Middle,
    });
    for one in false_ones(&like, &truth, &rival, lie) {
        memory.keep_foreign(&one, Log::Checked).expect("it is kept");
    }
    let mut kept = 0;
    for seed in 1..=incidents {
        let run = insisted(scenario, seed, &memory, None);
        let without = found(
            scenario,
            seed,
            &play(&loaded(scenario), seed, Mode::Sentinel),
        );
        let with = found(scenario, seed, &run);
        kept += u64::from(without.is_some() && with.is_none());
        for record in left(scenario, 100 + seed, &run) {
            memory.keep(&record).expect("it is kept");
        }
    }
    println!("{scenario}, {lie:?}: kept away in {kept} of {incidents} incidents");
    kept
}

#[test]
fn a_hundred_false_episodes_of_one_source_keep_the_truth_away_for_three_incidents_at_most() {
    let of = if is_soak() {
        &SCENARIOS[..]
    } else {
        &SCENARIOS[1..2]
    };
    for scenario in of {
        for lie in [Lie::Consistent, Lie::Random] {
            let kept = kept_away(scenario, lie, count(4, 12));
            assert!(kept <= 3, "{scenario}, {lie:?}: {kept} incidents");
        }
    }
}
