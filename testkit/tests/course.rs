//! What trials have in common is played once, and each ends as it would by itself.

use aegis_model::Outcome;
use aegis_reason::Trial;
use aegis_reason::course::play_all;
use aegis_runner::run::outside::Live;
use aegis_testkit::pilot::{Between, fly, ready};
use aegis_testkit::play::loaded;
use rayon::prelude::*;
use std::sync::Mutex;

/// Every trial that a run asks for, in order.
fn asked(name: &str, seed: u64) -> Vec<Trial> {
    let ready = ready(&loaded(name), seed);
    let trials = Mutex::new(Vec::new());
    let note = |trial: &mut Trial| trials.lock().expect("one thread").push(trial.clone());
    let (yes, never) = (
        &mut |_: &_, _: &_| Some(aegis_model::Ruling::plain(true)),
        || false,
    );
    let mut live = Live::new(ready.world, ready.seen, ready.until, yes, &never);
    let mut between = Between {
        outside: &mut live,
        bend: &note,
        meddle: &mut |_| None,
    };
    fly(ready.context, ready.origin, &mut between).expect("it ends");
    trials.into_inner().expect("one thread")
}

fn ticks(outcomes: &[Outcome]) -> u64 {
    outcomes.iter().map(|outcome| outcome.service_ticks).sum()
}

/// Plays the trials of a run both ways; the share of the work that is left.
fn check(name: &str, seed: u64) -> f64 {
    let trials = asked(name, seed);
    let alone: Vec<Outcome> = trials.par_iter().map(aegis_reason::play).collect();
    let shared = play_all(&trials);
    assert_eq!(alone.len(), shared.len(), "{name} --seed {seed}");
    for (position, (alone, shared)) in alone.iter().zip(&shared).enumerate() {
        let same = Outcome {
            service_ticks: alone.service_ticks,
            ..shared.clone()
        };
        assert_eq!(alone, &same, "{name} --seed {seed}, trial {position}");
    }
    ticks(&shared) as f64 / ticks(&alone) as f64
}

#[test]
fn trials_that_share_their_past_end_as_each_would_alone() {
    // A leak among changes, a load that is held, a change that is left out.
    for (name, seed) in [
        ("online-boutique-oom", 7),
        ("online-boutique-burst", 2),
        ("sock-shop-netpol", 1),
    ] {
        let left = check(name, seed);
        println!("{name} --seed {seed}: {left:.2} of the work is left");
        assert!(
            left < 0.9,
            "{name} --seed {seed}: nothing is shared ({left:.2})"
        );
    }
}
