//! Acting before an objective is missed: where onsets that looked like this became incidents before, and a rule
//! says what mends them. Never by what cannot be taken back, never without a rule.

use aegis_model::recall::{Arm, Precursor, Rule, Stage};
use aegis_model::{Cue, Mode, Recalled, Remembers, RunEvent, Stamped};
use aegis_report::Facts;
use aegis_runner::practice::{Practice, practice};
use aegis_runner::run::Remembering;
use aegis_scenario::load::Loaded;
use aegis_testkit::judge::facts_of;
use aegis_testkit::play::{Recording, bytes, play_remembering, read, replay};

const OOM: &str = include_str!("../../scenarios/smoke/online-boutique-oom.yaml");

/// The out-of-memory incident with a leak that takes minutes to be felt.
fn slow() -> Loaded {
    let text = OOM.replace("leak: 4Mi/s", "leak: 400Ki/s");
    let text = text.replace("duration: 20m", "duration: 15m");
    read("scenarios/smoke/online-boutique-oom.yaml", &text)
}

fn with(seed: u64, recall: &dyn Fn(&Cue) -> Result<Recalled, String>) -> Recording {
    let remembering = Remembering {
        mode: Remembers::ReadWrite,
        digest: "",
        recall,
    };
    play_remembering(&slow(), seed, Mode::Sentinel, Some(remembering))
}

fn left(run: &Recording, seed: u64) -> Practice {
    let facts = Facts {
        events_blake3: format!("{seed:064}"),
        ..facts_of(&slow(), seed, run)
    };
    practice(&run.events, &facts, &run.decisions)
}

fn first(run: &Recording, is: impl Fn(&RunEvent) -> bool) -> Option<&Stamped> {
    run.events.iter().find(|stamped| is(&stamped.event))
}

fn pages(event: &RunEvent) -> bool {
    let burns = aegis_model::SymptomKind::BurnRate;
    matches!(event, RunEvent::SymptomSeen(seen) if seen.kind == burns && seen.severity >= 1.0)
}

/// What a memory would give that has seen the like many times: onsets that became incidents, and what mended them.
fn seasoned(bound: f64, arm: Arm) -> impl Fn(&Cue) -> Result<Recalled, String> {
    let plain = with(1, &|_| Ok(Recalled::default()));
    let record = left(&plain, 1).records.swap_remove(0);
    let rule = Rule {
        id: "rule".into(),
        cause: record.cause.clone().expect("a practice run knows it"),
        deeds: record.deeds.clone(),
        uses: 12.0,
        successes: 12.0,
        bound: 0.8,
        score: 1.0,
        why: "mended 12 of 12".into(),
    };
    move |cue: &Cue| {
        let precursor = Precursor {
            seen: 20.0,
            followed: 20.0 * bound,
            bound,
            why: "onsets like this became incidents".into(),
        };
        Ok(Recalled {
            rules: vec![rule.clone()],
            precursor: (cue.stage == Stage::Onset && grows(cue)).then_some(precursor),
            arm,
            ..Recalled::default()
        })
    }
}

/// Whether memory is off: an onset as it was before those incidents.
fn grows(cue: &Cue) -> bool {
    let memory = aegis_model::SymptomKind::Memory;
    cue.signature.0.iter().any(|part| part.kind == memory)
}

#[test]
fn what_forebodes_an_incident_is_looked_into_before_it_and_answered_by_a_rule_alone() {
    let run = with(1, &seasoned(0.9, Arm::Used));
    let forewarned = first(&run, |event| matches!(event, RunEvent::Forewarned { .. }));
    let forewarned = forewarned.expect("it is forewarned");
    let page = first(&run, pages).map_or(i64::MAX, |stamped| stamped.t);
    assert!(forewarned.t < page, "before the page");
    let applied = first(&run, |event| matches!(event, RunEvent::ApplyStarted { .. }));
    println!(
        "forewarned at {}, page at {page}, applied at {:?}",
        forewarned.t,
        applied.map(|stamped| stamped.t)
    );
    let mut ahead = true;
    for stamped in &run.events {
        match &stamped.event {
            event if pages(event) => ahead = false,
            RunEvent::IncidentOpened { .. } => ahead = false,
            RunEvent::Planned { plans } if ahead => {
                let ruled = plans
                    .iter()
                    .all(|plan| plan.is_wait() || plan.source == aegis_model::PlanSource::Rule);
                assert!(ruled, "{plans:?}");
            }
            _ => {}
        }
    }
    assert_eq!(bytes(&replay(&run).expect("it repeats")), run.bytes());
    let onsets = left(&run, 1).onsets;
    let acted = applied.is_some_and(|stamped| stamped.t < page);
    assert_eq!(onsets.iter().any(|onset| onset.acted), acted);
}

#[test]
fn what_rarely_becomes_one_and_what_is_held_out_is_left_alone() {
    for (bound, arm) in [(0.05, Arm::Used), (0.9, Arm::HeldOut)] {
        let run = with(1, &seasoned(bound, arm));
        let forewarned = first(&run, |event| matches!(event, RunEvent::Forewarned { .. }));
        assert!(forewarned.is_none(), "{bound} {arm:?}");
        let page = first(&run, pages).expect("it pages").t;
        let applied = first(&run, |event| matches!(event, RunEvent::ApplyStarted { .. }));
        assert!(applied.expect("something is done").t >= page);
        assert!(left(&run, 1).onsets.iter().all(|onset| !onset.acted));
    }
}
