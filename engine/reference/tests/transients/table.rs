//! The table of errors, and what each must stay below.

use crate::fluid;
use aegis_reference::{Series, Transient, run, transients};

/// Runs that are averaged.
const RUNS: u64 = 12;

/// Seconds at the start that are not compared: the reference starts with nothing in it.
const SETTLING: usize = 20;

/// Means of some runs of the reference.
fn reference(transient: &Transient) -> Series {
    let runs: Vec<_> = (0..RUNS).map(|seed| run(transient, seed)).collect();
    let mean = |pick: &dyn Fn(&Series) -> &Vec<f64>| {
        let of =
            |second: usize| runs.iter().map(|run| pick(run)[second]).sum::<f64>() / RUNS as f64;
        (0..transient.seconds as usize)
            .map(of)
            .collect::<Vec<f64>>()
    };
    Series {
        good: mean(&|run| &run.good),
        failed: mean(&|run| &run.failed),
        time: mean(&|run| &run.time),
        in_flight: (0..transient.services.len())
            .map(|s| mean(&|run| &run.in_flight[s]))
            .collect(),
    }
}

/// Difference of two series as a share of the largest value of the second: in the
/// mean over all seconds, and at worst over 10 s.
fn apart(is: &[f64], should: &[f64]) -> (f64, f64) {
    let peak = should.iter().copied().fold(1e-9, f64::max);
    let differences: Vec<f64> = is.iter().zip(should).map(|(a, b)| (a - b) / peak).collect();
    let differences = &differences[SETTLING..];
    let mean = differences.iter().map(|d| d.abs()).sum::<f64>() / differences.len() as f64;
    let window = |window: &[f64]| (window.iter().sum::<f64>() / window.len() as f64).abs();
    (
        mean,
        differences.windows(10).map(window).fold(0.0, f64::max),
    )
}

/// Mean time of a call in each second, smoothed over 5 s, where there were calls.
fn times(series: &Series) -> Vec<f64> {
    let ended = |second: usize| series.good[second] + series.failed[second];
    (0..series.good.len())
        .map(|second| {
            let span = second.saturating_sub(2)..(second + 3).min(series.good.len());
            let count: f64 = span.clone().map(ended).sum();
            series.time[span].iter().sum::<f64>() / count.max(1e-9)
        })
        .collect()
}

#[test]
fn twelve_transients() {
    println!(
        "| transient | answers/s, mean | worst 10 s | in flight, mean | worst 10 s | time, mean | worst 10 s |"
    );
    println!("|---|---|---|---|---|---|---|");
    for transient in transients::all() {
        let (is, should) = (fluid::run(&transient), reference(&transient));
        let good = apart(&is.good, &should.good);
        let flight = apart(
            &is.in_flight[transient.watch],
            &should.in_flight[transient.watch],
        );
        let time = apart(&times(&is), &times(&should));
        println!(
            "| {} | {:.3} | {:.3} | {:.3} | {:.3} | {:.3} | {:.3} |",
            transient.name, good.0, good.1, flight.0, flight.1, time.0, time.1
        );
        if std::env::var_os("SERIES").is_some() {
            for second in (0..transient.seconds as usize).step_by(5) {
                let (w, a, b) = (transient.watch, times(&is), times(&should));
                println!(
                    "{second} good {:.1} {:.1} failed {:.1} {:.1} flight {:.1} {:.1} time {:.3} {:.3}",
                    is.good[second],
                    should.good[second],
                    is.failed[second],
                    should.failed[second],
                    is.in_flight[w][second],
                    should.in_flight[w][second],
                    a[second],
                    b[second]
                );
            }
        }
    }
}
