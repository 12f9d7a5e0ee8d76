//! What a class costs in a tick. Not run by default: it reads a clock, and needs a release build.
//!
//! `cargo test --release -p aegis-sim --test solver cost -- --ignored --nocapture`
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a measurement"
)]

use crate::rig::{Rig, calls, insists, pod};
use aegis_sim::solver::{Class, ClassId, Network, Route};
use std::time::Instant;

const CLASSES: u32 = 300;

/// Layers of classes, each of which calls `edges` in the next one.
fn layered(edges: u32) -> Rig {
    let mut builder = Network::builder();
    let class = Class {
        replicas: 3,
        workers: 64,
        queue: 128,
        latency: 0.004,
        ..pod(2, 0.002)
    };
    for id in 0..CLASSES {
        builder.class(class);
        for nth in 0..edges {
            let callee = (id + 20 + nth * 7).min(CLASSES - 1);
            if callee > id {
                builder.call(
                    ClassId(id),
                    insists(0.15, 2),
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
fn cost(edges: u32, rate: f64) -> f64 {
    let mut rig = layered(edges);
    rig.inputs.rates.iter_mut().for_each(|entry| *entry = rate);
    let ticks = 2_000;
    let mut best = f64::MAX;
    for _ in 0..7 {
        let start = Instant::now();
        for _ in 0..ticks {
            aegis_sim::solver::step(&rig.network, &rig.inputs, &mut rig.state, &mut rig.flows);
        }
        best = best.min(start.elapsed().as_nanos() as f64);
    }
    best / f64::from(ticks) / f64::from(CLASSES)
}

#[test]
#[ignore = "a measurement, for a release build"]
fn cost_of_a_class() {
    for rate in [1.0, 40.0, 400.0] {
        let (two, six) = (cost(2, rate), cost(6, rate));
        println!(
            "rate {rate}: {two:.0} ns a class with two edges, {:.0} ns per further edge",
            (six - two) / 4.0
        );
    }
}
