//! What a class costs in a tick. Not run by default: it reads a clock, and needs a release build.
//!
//! `cargo test --release -p aegis-solver --test solver cost -- --ignored --nocapture`
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a measurement"
)]

use crate::rig::{Rig, calls, insists, pod};
use aegis_solver::{Class, ClassId, Edge, Network, Route};
use std::time::Instant;

const CLASSES: u32 = 300;

/// Layers of classes, each of which calls `edges` in the next one.
fn layered(edges: u32, slots: u32) -> Rig {
    let mut builder = Network::builder();
    let class = Class {
        replicas: 3,
        workers: 64,
        queue: 128,
        latency: 0.004,
        ..pod(slots, 0.002)
    };
    for id in 0..CLASSES {
        builder.class(class);
        for nth in 0..edges {
            let callee = (id + 20 + nth * 7).min(CLASSES - 1);
            if callee > id {
                builder.call(
                    ClassId(id),
                    Edge {
                        ratio: 0.9 / f64::from(edges),
                        ..insists(0.15, 2)
                    },
                    &[Route::new(ClassId(callee), 1.0)],
                );
            }
        }
    }
    for id in 0..20 {
        builder.entry(calls(0.5), &[Route::new(ClassId(id), 1.0)]);
    }
    Rig::new(builder.build())
}

/// Nanoseconds per class and tick, the best of a few runs.
fn cost(edges: u32, slots: u32, rate: f64) -> f64 {
    let mut rig = layered(edges, slots);
    rig.inputs.rates.iter_mut().for_each(|entry| *entry = rate);
    let ticks = 2_000;
    let mut best = f64::MAX;
    for _ in 0..7 {
        let start = Instant::now();
        for _ in 0..ticks {
            aegis_solver::step(&rig.network, &rig.inputs, &mut rig.state, &mut rig.flows);
        }
        best = best.min(start.elapsed().as_nanos() as f64);
    }
    best / f64::from(ticks) / f64::from(CLASSES)
}

/// Nanoseconds of an exponential, to compare machines and moments by.
fn exponential() -> f64 {
    let mut best = f64::MAX;
    for _ in 0..20 {
        let start = Instant::now();
        let sum: f64 = (0..100_000).map(|n| libm::exp(-f64::from(n) * 1e-4)).sum();
        assert!(std::hint::black_box(sum) > 0.0);
        best = best.min(start.elapsed().as_nanos() as f64 / 1e5);
    }
    best
}

#[test]
#[ignore = "a measurement, for a release build"]
fn cost_of_a_class() {
    println!("one exponential: {:.1} ns", exponential());
    for slots in [1, 4] {
        for rate in [60.0, 400.0, 4000.0] {
            let (two, six) = (cost(2, slots, rate), cost(6, slots, rate));
            let further = (six - two) / 4.0;
            println!(
                "slots {slots} rate {rate}: {two:.0} ns a class with two edges, {further:.0} ns per further edge"
            );
        }
    }
}
