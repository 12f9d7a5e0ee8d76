//! A small sample of the suite of faults: it counts what it says, and repeats.

use aegis_eval::faults::{APPLICATIONS, Suite, run, tally};
use aegis_rehearse::pairs::Faults;

fn suite(faults: &[&str], seeds: u64, controls: usize) -> Suite {
    Suite {
        applications: APPLICATIONS.map(str::to_owned).into(),
        faults: Faults::Only(faults.iter().map(|id| (*id).to_owned()).collect()),
        seeds: (1..=seeds).collect(),
        controls,
    }
}

#[test]
fn a_sample_of_the_suite_is_counted_and_repeats() {
    let small = suite(&["dead_dependency", "service_selector_wrong"], 1, 1);
    let outcomes = run(&small, &|_| {}).expect("a suite");
    assert_eq!(
        outcomes.len(),
        6,
        "two faults and a control on two applications"
    );
    let scores = tally(&outcomes);
    assert_eq!(scores.felt + scores.unfelt, 4);
    assert_eq!(scores.left_alone.of, 2);
    assert_eq!(scores.named.top1.of, scores.felt);
    assert!(scores.named.top3.hits >= scores.named.top1.hits);
    assert!(scores.named.top1.hits > 0, "{scores:#?}");
    let json = |outcomes: &[_]| serde_json::to_string(&tally(outcomes)).expect("JSON");
    let again = run(&small, &|_| {}).expect("a suite");
    assert_eq!(json(&outcomes), json(&again));
}

/// The full counts; `just soak` runs it, hours of CPU.
#[test]
#[ignore = "long; for soaks"]
fn the_catalogue_on_five_seeds() {
    let all = Suite {
        applications: APPLICATIONS.map(str::to_owned).into(),
        faults: Faults::All,
        seeds: (1..=5).collect(),
        controls: 50,
    };
    let scores = tally(&run(&all, &|_| {}).expect("a suite"));
    println!("{}", aegis_eval::faults::text(&scores));
    assert_eq!(scores.left_alone.of, 500);
    assert!(scores.left_alone.share() >= 0.99, "controls are left alone");
}
