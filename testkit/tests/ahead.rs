//! Acting before an objective is missed: a memory that was filled by incidents of other families, in which onsets that
//! looked like this became incidents and a rule says what mends them. Never on a sign that rarely meant anything,
//! never in the incidents that go without rules, never by what cannot be taken back.

use aegis_memory::Memory;
use aegis_model::recall::Arm;
use aegis_model::{Cue, Mode, PlanSource, Recalled, Remembers, RunEvent, Stamped, SymptomKind};
use aegis_report::objectives::{Course, courses};
use aegis_report::{Facts, Story};
use aegis_runner::practice::{Practice, keep, practice};
use aegis_runner::run::Remembering;
use aegis_scenario::load::Loaded;
use aegis_testkit::judge::facts_of;
use aegis_testkit::play::{Recording, bytes, play_remembering, read, replay};
use std::sync::LazyLock;

const OOM: &str = include_str!("../../scenarios/smoke/online-boutique-oom.yaml");
/// Seeds that no practice run had.
const SEEDS: [u64; 3] = [11, 12, 13];

/// The out-of-memory incident with a leak that takes minutes to be felt, in a family of its own.
fn slow(family: &str, leak: &str) -> Loaded {
    let text = OOM.replace("leak: 4Mi/s", &format!("leak: {leak}"));
    let text = text.replace("duration: 20m", "duration: 15m");
    let text = text.replace(
        "name: online-boutique-oom",
        &format!("name: slow-leak-{family}"),
    );
    read("scenarios/smoke/online-boutique-oom.yaml", &text)
}

fn measured() -> Loaded {
    slow("measured", "420Ki/s")
}

fn with(
    loaded: &Loaded,
    seed: u64,
    recall: &dyn Fn(&Cue) -> Result<Recalled, String>,
) -> Recording {
    let remembering = Remembering {
        mode: Remembers::ReadWrite,
        digest: "",
        recall,
    };
    play_remembering(loaded, seed, Mode::Sentinel, Some(remembering))
}

fn left(loaded: &Loaded, seed: u64, run: &Recording) -> Practice {
    let facts = facts_of(loaded, seed, run);
    let log = format!("{} {seed}", facts.scenario);
    let facts = Facts {
        events_blake3: log,
        ..facts
    };
    practice(&run.events, &facts, &[])
}

/// What was practised: three families of slow leaks, three worlds of each.
static PRACTISED: LazyLock<Vec<Practice>> = LazyLock::new(|| {
    let mut all = Vec::new();
    for (family, leak) in [
        ("slower", "400Ki/s"),
        ("as-slow", "450Ki/s"),
        ("faster", "500Ki/s"),
    ] {
        let scenario = slow(family, leak);
        for seed in 1..=3 {
            let run = with(&scenario, seed, &|_| Ok(Recalled::default()));
            all.push(left(&scenario, seed, &run));
        }
    }
    all
});

/// A memory of that practice. Every run here finds it so, and none adds to it.
struct Seasoned(Memory);

impl Seasoned {
    fn new() -> Self {
        let memory = Memory::transient().expect("it opens");
        for practice in PRACTISED.iter() {
            keep(&memory, practice).expect("it is kept");
        }
        Self(memory)
    }

    /// Which incidents go without rules is drawn; it is set here.
    fn recall(&self, cue: &Cue, arm: Arm) -> Result<Recalled, String> {
        let recalled = self.0.recall(cue).map_err(|why| why.to_string())?;
        Ok(Recalled { arm, ..recalled })
    }
}

fn first(run: &Recording, is: impl Fn(&RunEvent) -> bool) -> Option<&Stamped> {
    run.events.iter().find(|stamped| is(&stamped.event))
}

fn pages(event: &RunEvent) -> bool {
    matches!(event, RunEvent::SymptomSeen(seen) if seen.kind == SymptomKind::BurnRate && seen.severity >= 1.0)
}

fn paged(run: &Recording) -> i64 {
    first(run, pages).map_or(i64::MAX, |stamped| stamped.t)
}

fn applied(run: &Recording) -> Option<i64> {
    let applied = first(run, |event| matches!(event, RunEvent::ApplyStarted { .. }));
    applied.map(|stamped| stamped.t)
}

/// Minutes in which an objective was missed.
fn lost(run: &Recording) -> f64 {
    let story = Story::tell(&run.events);
    courses(&story).iter().map(Course::lost).sum::<f64>() / 60.0
}

/// Holds that before anything was missed nothing but what rules ask for was drafted.
fn only_rules_before_the_incident(run: &Recording) {
    for stamped in &run.events {
        match &stamped.event {
            event if pages(event) => return,
            RunEvent::IncidentOpened { .. } => return,
            RunEvent::Planned { plans } => {
                let ruled = |plan: &aegis_model::Plan| plan.source == PlanSource::Rule;
                let ruled = plans.iter().all(|plan| plan.is_wait() || ruled(plan));
                assert!(ruled, "{plans:?}");
            }
            _ => {}
        }
    }
}

#[test]
fn what_forebodes_an_incident_is_acted_upon_before_the_page_and_users_lose_less() {
    let (scenario, memory) = (measured(), Seasoned::new());
    let (mut with_memory, mut without) = (0.0, 0.0);
    for seed in SEEDS {
        let run = with(&scenario, seed, &|cue| memory.recall(cue, Arm::Used));
        let plain = with(&scenario, seed, &|_| Ok(Recalled::default()));
        let (began, page) = (applied(&run), paged(&plain));
        println!(
            "seed {seed}: page at {page} without, acted at {began:?}, {:.2} minutes lost and {:.2} without",
            lost(&run),
            lost(&plain)
        );
        let began = began.expect("something is done");
        assert!(
            began < page,
            "seed {seed}: before the page of the same world"
        );
        assert!(began < paged(&run), "seed {seed}: before any page");
        only_rules_before_the_incident(&run);
        assert!(lost(&run) <= lost(&plain), "seed {seed}: no harm is done");
        with_memory += lost(&run);
        without += lost(&plain);
        let onsets = left(&scenario, seed, &run).onsets;
        assert!(onsets.iter().any(|onset| onset.acted), "{onsets:?}");
        assert_eq!(bytes(&replay(&run).expect("it repeats")), run.bytes());
    }
    assert!(
        with_memory < 0.5 * without,
        "{with_memory:.2} minutes, {without:.2} without"
    );
}

#[test]
fn what_rarely_became_an_incident_and_what_is_held_out_is_left_alone() {
    let (scenario, memory) = (measured(), Seasoned::new());
    let rarely = |cue: &Cue| {
        let mut recalled = memory.recall(cue, Arm::Used)?;
        if let Some(precursor) = &mut recalled.precursor {
            (precursor.followed, precursor.bound) = (0.1 * precursor.seen, 0.05);
        }
        Ok(recalled)
    };
    let held_out = |cue: &Cue| memory.recall(cue, Arm::HeldOut);
    is_left_alone(&scenario, &rarely);
    is_left_alone(&scenario, &held_out);
}

fn is_left_alone(scenario: &Loaded, recall: &dyn Fn(&Cue) -> Result<Recalled, String>) {
    let run = with(scenario, SEEDS[0], recall);
    let forewarned = first(&run, |event| matches!(event, RunEvent::Forewarned { .. }));
    assert!(forewarned.is_none(), "{forewarned:?}");
    let began = applied(&run).expect("something is done");
    assert!(began >= paged(&run), "only once it is missed");
    let onsets = left(scenario, SEEDS[0], &run).onsets;
    assert!(onsets.iter().all(|onset| !onset.acted));
}

#[test]
fn what_is_like_it_and_comes_to_nothing_may_be_acted_upon_and_costs_users_nothing() {
    // The service holds more memory from some moment on, and then no more: nobody is hurt by it. It is taken for what
    // it looks like at first, so what is done must be what a rule asks for, and harmless.
    let text = OOM.replace("duration: 20m", "duration: 15m");
    let fault = text.lines().find(|line| line.contains("fault: oom_storm"));
    let fault = fault.expect("there is one").to_owned();
    let harmless = "    - {at: 3m, fault: memory_stress, target: deployment/cartservice, parameters: {bytes: 30Mi}}";
    let text = text.replace(&fault, harmless);
    let scenario = read("scenarios/smoke/online-boutique-oom.yaml", &text);
    let memory = Seasoned::new();
    for seed in SEEDS {
        let run = with(&scenario, seed, &|cue| memory.recall(cue, Arm::Used));
        println!("seed {seed}: acted at {:?}", applied(&run));
        only_rules_before_the_incident(&run);
        assert_eq!(lost(&run), 0.0, "seed {seed}");
    }
}
