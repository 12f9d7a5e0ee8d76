//! The same seed gives the same bytes: twice, on one thread and on two, and again from the tape
//! alone, with no scenario and no world in reach.

use aegis_model::Mode;
use aegis_scenario::bundled::Bundled;
use aegis_testkit::pair::differing;
use aegis_testkit::play::{Recording, bytes, of, play, replay, smoke, with_threads};
use aegis_testkit::soak;

fn played(bundled: &Bundled, seed: u64, threads: usize) -> Recording {
    let loaded = of(bundled);
    with_threads(threads, || play(&loaded, seed, Mode::Sentinel))
}

/// The first line in which two logs differ, from 1, shortened.
fn first_difference(one: &[u8], other: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy;
    let (one, other) = (text(one), text(other));
    let (mut left, mut right) = (one.lines(), other.lines());
    for number in 1.. {
        match (left.next(), right.next()) {
            (None, None) => return None,
            (a, b) if a == b => {}
            (a, b) => {
                return Some(differing(
                    number,
                    a.unwrap_or("(end)"),
                    b.unwrap_or("(end)"),
                ));
            }
        }
    }
    None
}

/// One line per way in which a scenario is not played again as it was.
fn wrong(bundled: &Bundled, seed: u64) -> Vec<String> {
    let name = bundled.name();
    let first = played(bundled, seed, 1);
    let second = played(bundled, seed, 2);
    let log = first.bytes();
    let mut wrong = Vec::new();
    let mut compare = |what: &str, other: &[u8]| {
        let difference = first_difference(&log, other);
        wrong.extend(difference.map(|line| format!("{name} --seed {seed}, {what}: {line}")));
    };
    compare("again, on two threads", &second.bytes());
    match replay(&second) {
        Ok(events) => compare("blind replay", &bytes(&events)),
        Err(why) => wrong.push(format!("{name} --seed {seed}, blind replay: {why}")),
    }
    println!(
        "{name} seed {seed}: {} events, {} bytes",
        first.events.len(),
        log.len()
    );
    wrong
}

#[test]
fn every_smoke_run_is_the_same_again_on_two_threads_and_from_its_tape_alone() {
    let seeds = 1..=soak::count(1, 5);
    let wrong: Vec<String> = seeds
        .flat_map(|seed| smoke().flat_map(move |bundled| wrong(bundled, seed)))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_noop_is_the_same_again() {
    for bundled in smoke().take(2) {
        let loaded = of(bundled);
        let once = play(&loaded, 3, Mode::Noop).bytes();
        assert_eq!(
            first_difference(&once, &play(&loaded, 3, Mode::Noop).bytes()),
            None
        );
    }
}

#[test]
fn another_seed_gives_another_log() {
    let bundled = smoke().next().expect("a scenario");
    let loaded = of(bundled);
    let one = play(&loaded, 1, Mode::Noop).bytes();
    assert!(first_difference(&one, &play(&loaded, 2, Mode::Noop).bytes()).is_some());
}
