//! What a second, a round of the scheduler and a fork cost as a cluster grows: with what happens in
//! it, and with what merely exists.
//!
//! Prints a table; the fastest of some samples each. Memory of a pod is that of the whole cluster,
//! its API objects, Events and indexes, by the pod.

use aegis_benches::large::{Large, Pending, Size};
use aegis_benches::process;

/// Services that are asked for something where only part of a cluster is busy.
const BUSY: usize = 10;
/// Pods that a round of the scheduler places.
const PLACED: usize = 100;

const SIZES: [Size; 5] = [
    Size {
        pods: 1_000,
        nodes: 100,
        services: 60,
    },
    Size {
        pods: 5_000,
        nodes: 300,
        services: 300,
    },
    Size {
        pods: 20_000,
        nodes: 1_000,
        services: 300,
    },
    Size {
        pods: 50_000,
        nodes: 2_500,
        services: 300,
    },
    Size {
        pods: 100_000,
        nodes: 5_000,
        services: 300,
    },
];

fn main() {
    let asked_to_list = |argument: String| argument == "--list" || argument == "--test";
    if std::env::args().any(asked_to_list) {
        return;
    }
    print();
}

/// The table.
pub fn print() {
    println!(
        "   pods  nodes | second, all busy | {BUSY} services busy |      idle |      fork | {PLACED} pods placed |  equal | memory of a pod"
    );
    for size in SIZES {
        row(size);
    }
}

fn row(size: Size) {
    let before = process::memory();
    let mut large = Large::settled(size);
    let memory = process::memory().saturating_sub(before) / size.pods as u64;
    let busy = fastest(200, || large.second());
    let fork = fastest(1000, || drop(large.cluster.fork()));
    large.calm(BUSY);
    let partly = fastest(200, || large.second());
    large.idle();
    let idle = fastest(1000, || large.second());
    let different = placing(&Pending::different(size.nodes, PLACED));
    let equal = placing(&Pending::equal(size.nodes, PLACED));
    println!(
        "{:7} {:6} | {busy:13.1} µs | {partly:13.1} µs | {idle:6.2} µs | {fork:6.2} µs | {different:10.1} µs | {equal:3.1} µs | {memory:7} B",
        size.pods, size.nodes
    );
}

/// Microseconds of a round of the scheduler.
fn placing(waiting: &Pending) -> f64 {
    let clones = (0..20).map(|_| {
        let mut one = waiting.clone();
        fastest(1, || one.schedule())
    });
    clones.fold(f64::INFINITY, f64::min)
}

/// Microseconds of the fastest of so many calls, in groups that the clock can tell apart.
fn fastest(calls: usize, mut call: impl FnMut()) -> f64 {
    let mut best = u64::MAX;
    let mut left = calls;
    while left > 0 {
        let group = left.min(10);
        let started = std::time::Instant::now();
        for _ in 0..group {
            call();
        }
        let took = started.elapsed().as_nanos() as u64 / group as u64;
        best = best.min(took);
        left -= group;
    }
    best as f64 / 1e3
}
