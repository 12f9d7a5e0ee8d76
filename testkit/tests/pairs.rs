//! No oracle: two worlds that show the same get the same decisions, whatever is hidden in them.
//!
//! Kinds F (future), H (dormant fault), P (true parameters), S (seed), N (names), L (truth and
//! results lying about), as reasoning.md lists them. A few of each here, 200 in the soak. Then the
//! leaks that are planted on purpose: each must be caught by the pairs of its kind.

use aegis_model::Mode;
use aegis_testkit::generate::{Naming, shape};
use aegis_testkit::leak::{Leak, RESULTS};
use aegis_testkit::pair::{Kind, Met, Pair, Side, alone, chooses, pair};
use aegis_testkit::play::{bytes, play, read};
use aegis_testkit::rename::same_until_seen;
use aegis_testkit::soak;
use rayon::prelude::*;
use std::path::Path;
use std::process::Command;

/// Pairs of each kind.
fn pairs() -> u64 {
    soak::count(6, 200)
}

/// What came of the pairs of a kind, as a line.
fn share(name: &str, met: &[Met]) -> String {
    let part = |count: usize| 100.0 * count as f64 / met.len().max(1) as f64;
    let chosen = part(met.iter().filter(|one| one.chosen).count());
    let hidden = part(met.iter().filter(|one| one.hidden).count());
    let events = met.iter().map(|one| one.events).sum::<usize>() / met.len().max(1);
    format!(
        "| {name:10} | {:5} | {chosen:3.0} % | {hidden:3.0} % | {events:6} |",
        met.len()
    )
}

fn heading() {
    println!(
        "| kind       | pairs | plan chosen before they part | hidden state differs | equal events |"
    );
    println!("|------------|-------|------|------|--------|");
}

/// Lets all pairs of a kind meet.
fn meet(kind: Kind) -> Vec<Met> {
    let all: Vec<Result<Met, String>> = (1..=pairs())
        .into_par_iter()
        .map(|number| pair(kind, number).meet(None))
        .collect();
    let wrong: Vec<&String> = all.iter().filter_map(|met| met.as_ref().err()).collect();
    assert!(
        wrong.is_empty(),
        "{} of {}: {wrong:#?}",
        wrong.len(),
        all.len()
    );
    all.into_iter().flatten().collect()
}

/// Worlds that show the same get the same decisions; enough of them decide something, and enough
/// (where anything is hidden) differ in what is hidden.
fn decide_the_same(kind: Kind) {
    let met = meet(kind);
    heading();
    println!("{}", share(&format!("{kind:?}"), &met));
    let count = |of: fn(&Met) -> bool| met.iter().filter(|met| of(met)).count();
    let (chosen, hidden) = (count(|met| met.chosen), count(|met| met.hidden));
    assert!(
        2 * chosen >= met.len(),
        "too few choose a plan before they part"
    );
    if kind == Kind::Labels {
        assert_eq!(hidden, 0, "labels never show");
    } else {
        assert!(
            10 * hidden >= 3 * met.len(),
            "too few differ in what is hidden"
        );
    }
}

#[test]
fn another_future_changes_no_decision_before_it_shows() {
    decide_the_same(Kind::Future);
}

#[test]
fn a_dormant_fault_changes_no_decision_before_it_shows() {
    decide_the_same(Kind::Dormant);
}

#[test]
fn other_true_parameters_change_no_decision_on_the_same_tape() {
    decide_the_same(Kind::Parameters);
}

#[test]
fn another_seed_changes_no_decision_on_the_same_tape() {
    decide_the_same(Kind::Seed);
}

#[test]
fn other_labels_truth_and_remedy_change_no_byte() {
    decide_the_same(Kind::Labels);
}

#[test]
fn with_nothing_bent_the_pilot_tells_what_the_runner_tells() {
    for number in [1, 2] {
        let pair = pair(Kind::Future, number);
        let side = &pair.sides[0];
        let runner = play(&side.loaded, side.seed, Mode::Sentinel);
        let pilot = alone(side, None).expect("it ends");
        assert!(runner.bytes() == bytes(&pilot.events), "{}", side.text);
        assert!(runner.inputs == pilot.inputs, "{}", side.text);
    }
}

/// The same world with other names: decisions are the same, renamed.
fn renamed(number: u64) -> Result<Met, String> {
    let shape = shape(number);
    let names = [
        Naming::new(&shape, number),
        Naming::new(&shape, number + 1_000_000),
    ];
    let side = |names: &Naming| {
        let text = shape.text(names, &shape.plain(names, shape.onset + 240));
        let loaded = read("generated.yaml", &text);
        play(&loaded, number, Mode::Sentinel)
    };
    let [one, other] = [side(&names[0]), side(&names[1])];
    let events = same_until_seen(&one.events, &other.events, (&names[0], &names[1]))
        .map_err(|why| format!("names {number}: {why}"))?;
    Ok(Met {
        chosen: one.events[..events].iter().any(chooses),
        hidden: false,
        events,
    })
}

#[test]
fn other_names_of_objects_change_no_decision() {
    let all: Vec<Result<Met, String>> = (1..=pairs()).into_par_iter().map(renamed).collect();
    let wrong: Vec<&String> = all.iter().filter_map(|met| met.as_ref().err()).collect();
    assert!(
        wrong.is_empty(),
        "{} of {}: {wrong:#?}",
        wrong.len(),
        all.len()
    );
    let met: Vec<Met> = all.into_iter().flatten().collect();
    heading();
    println!("{}", share("Names", &met));
    let chosen = met.iter().filter(|one| one.chosen).count();
    assert!(2 * chosen >= met.len(), "too few choose a plan");
}

/// Set in the process that runs where truth lies about: the leak to plant, or nothing.
const CHILD: &str = "AEGIS_TESTKIT_CHILD";

/// What a child prints before its log's hash.
const MARK: &str = "log of ";

/// Runs where the parent has put it, and prints what it told.
#[test]
fn child() {
    let Ok(leak) = std::env::var(CHILD) else {
        return;
    };
    let leak = (leak == "leak").then_some(Leak::ResultsRead);
    let last = if leak.is_some() { 1 } else { pairs() };
    for number in 1..=last {
        let flown = alone(&pair(Kind::Labels, number).sides[0], leak).expect("it ends");
        let hash = blake3::hash(&bytes(&flown.events)).to_hex();
        let chosen = flown.events.iter().any(chooses);
        println!("{MARK}{number}: {hash} {chosen}");
    }
}

/// The lines of a child that runs in this folder.
fn logs_in(folder: &Path, leak: &str) -> Vec<String> {
    let exe = std::env::current_exe().expect("this test");
    let output = Command::new(exe)
        .args(["--exact", "child", "--nocapture", "--test-threads", "1"])
        .current_dir(folder)
        .env(CHILD, leak)
        .env("AEGIS_DATA_DIR", folder)
        .output()
        .expect("it runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{text}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    text.lines()
        .filter_map(|line| line.split_once(MARK).map(|(_, log)| log.to_owned()))
        .collect()
}

/// The truth of every pair, and logs and summaries of other runs, where a run might look.
fn litter(folder: &Path) {
    let side = |number| pair(Kind::Labels, number).sides.into_iter().next();
    let sides: Vec<Side> = (1..=2).filter_map(side).collect();
    let write = |name: &str, text: &[u8]| {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("written");
    };
    for (number, side) in sides.iter().enumerate() {
        let run = play(&side.loaded, side.seed, Mode::Noop);
        let truth = format!("{:?}", run.world.clone().reveal());
        write(RESULTS, truth.as_bytes());
        write(&format!("runs/{number}/events.ndjson"), &run.bytes());
        write(&format!("runs/{number}/summary.json"), truth.as_bytes());
        write(&format!("scenarios/{number}.yaml"), side.text.as_bytes());
    }
    write("aegis.toml", b"[run]\nseed = 99\n");
}

#[test]
fn truth_and_results_of_other_runs_lying_about_change_nothing() {
    let (clean, littered) = (
        tempfile::tempdir().expect("a folder"),
        tempfile::tempdir().expect("a folder"),
    );
    litter(littered.path());
    let one = logs_in(clean.path(), "");
    let other = logs_in(littered.path(), "");
    assert_eq!(one.len() as u64, pairs());
    assert_eq!(one, other);
    let chosen = one.iter().filter(|line| line.ends_with("true")).count();
    println!(
        "truth lying about: {} pairs, a plan chosen in {chosen}",
        one.len()
    );
    assert!(2 * chosen >= one.len(), "too few choose a plan");
    let leaking = (
        logs_in(clean.path(), "leak"),
        logs_in(littered.path(), "leak"),
    );
    assert_ne!(leaking.0, leaking.1, "results that are read are caught");
}

/// Planted leaks with the kind of pair that must catch them.
const LEAKS: [(Leak, Kind); 8] = [
    (Leak::FutureInTwin, Kind::Future),
    (Leak::ScheduleLength, Kind::Future),
    (Leak::TimerQueue, Kind::Future),
    (Leak::FaultInLog, Kind::Dormant),
    (Leak::TruthInTwin, Kind::Parameters),
    (Leak::CostInAnnotation, Kind::Parameters),
    (Leak::SeedInTwin, Kind::Seed),
    (Leak::NameInContext, Kind::Labels),
];

/// Number of the first pair that catches a leak, and what it says.
fn caught(leak: Leak, kind: Kind) -> Option<(u64, String)> {
    let meet = |number| {
        let pair: Pair = pair(kind, number);
        pair.meet(Some(leak)).err().map(|why| (number, why))
    };
    (1..=pairs()).find_map(meet)
}

#[test]
fn every_planted_leak_is_caught() {
    let found: Vec<_> = LEAKS
        .par_iter()
        .map(|(leak, kind)| (leak, kind, caught(*leak, *kind)))
        .collect();
    for (leak, kind, caught) in &found {
        let by = caught.as_ref().map_or_else(
            || "by none".into(),
            |(number, why)| {
                format!(
                    "by pair {number}: {}",
                    why.lines().next().unwrap_or_default()
                )
            },
        );
        println!("{leak:?}, pairs of kind {kind:?}: caught {by}");
    }
    assert!(found.iter().all(|(.., caught)| caught.is_some()));
}
