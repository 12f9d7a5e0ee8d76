//! The smoke suite: Sentinel beside the no-op, on every bundled scenario and several seeds.
//!
//! `AEGIS_SOAK=1 cargo nextest run -p aegis-testkit --release --no-capture smoke` plays five seeds.

use aegis_model::{Ending, Mode};
use aegis_scenario::load::Loaded;
use aegis_testkit::judge::{Judged, judge};
use aegis_testkit::play::{of, play, smoke};
use aegis_testkit::soak;
use rayon::prelude::*;

/// Of the twelve faulty scenarios, at least so many end mended on each seed.
const MENDED: usize = 10;

struct Row {
    name: &'static str,
    seed: u64,
    is_faulty: bool,
    judged: Judged,
}

fn is_faulty(loaded: &Loaded) -> bool {
    let truth = &loaded.scenario.spec.truth;
    let stated_empty = truth.as_ref().is_some_and(|truth| truth.causes.is_empty());
    !stated_empty
}

/// Every scenario with one seed.
fn rows(seed: u64) -> Vec<Row> {
    let all: Vec<_> = smoke().collect();
    all.par_iter()
        .map(|bundled| {
            let loaded = of(bundled);
            let run = play(&loaded, seed, Mode::Sentinel);
            let control = play(&loaded, seed, Mode::Noop);
            Row {
                name: bundled.name(),
                seed,
                is_faulty: is_faulty(&loaded),
                judged: judge(&loaded, seed, &run, &control),
            }
        })
        .collect()
}

fn seconds(time: Option<i64>) -> String {
    time.map_or_else(|| "-".into(), |time| format!("{time} s"))
}

fn line(row: &Row) -> String {
    let Judged {
        summary,
        control_lost,
        wall,
        ..
    } = &row.judged;
    let right = summary
        .truth
        .as_ref()
        .and_then(|truth| truth.diagnosis_right);
    let right = right.map_or("-", |right| if right { "yes" } else { "NO" });
    format!(
        "| {:26} | {:4} | {:10} | {:6.2} | {:6.2} | {:6} | {:6} | {:4} | {:5.2} s | {:5} | {}",
        row.name,
        row.seed,
        format!("{:?}", summary.outcome).to_lowercase(),
        control_lost,
        summary.slo_minutes_lost,
        seconds(summary.ttd_s),
        seconds(summary.ttm_s),
        if summary.harm == Some(true) {
            "YES"
        } else {
            "no"
        },
        wall,
        right,
        diagnosis(row),
    )
}

/// The last diagnosis; where it is not right, the truth beside it.
fn diagnosis(row: &Row) -> String {
    let summary = &row.judged.summary;
    let Some(found) = &summary.diagnosis else {
        return "-".into();
    };
    let said = format!("{} {} {:.2}", found.fault, found.object, found.confidence);
    let causes = summary.truth.iter().flat_map(|truth| &truth.truth.causes);
    let truth: Vec<String> = causes
        .map(|cause| format!("{} {}", cause.fault, cause.object))
        .collect();
    match summary
        .truth
        .as_ref()
        .and_then(|truth| truth.diagnosis_right)
    {
        Some(false) => format!("{said} (truth: {})", truth.join(" or ")),
        _ => said,
    }
}

fn print(rows: &[Row]) {
    println!(
        "| scenario                   | seed | outcome    |  no-op | lost   | ttd    | ttm    | harm | wall    | right | diagnosis"
    );
    println!(
        "|----------------------------|------|------------|--------|--------|--------|--------|------|---------|-------|----------"
    );
    rows.iter().for_each(|row| println!("{}", line(row)));
}

/// What an issue's "done when" asks of one seed; a line per breach.
fn breaches(rows: &[Row]) -> Vec<String> {
    let mut breaches = Vec::new();
    for row in rows {
        let summary = &row.judged.summary;
        if summary.harm != Some(false) {
            breaches.push(format!("harm: {}", line(row)));
        }
        if row.is_faulty && row.judged.saved() <= 0.0 {
            breaches.push(format!("nothing saved: {}", line(row)));
        }
        if !row.is_faulty && (!summary.commands.is_empty() || summary.objectives_met != Some(true))
        {
            breaches.push(format!("a control was not left alone: {}", line(row)));
        }
    }
    let mended = rows
        .iter()
        .filter(|row| row.is_faulty && row.judged.summary.outcome == Ending::Mended)
        .count();
    if mended < MENDED {
        breaches.push(format!("mended {mended}, fewer than {MENDED}"));
    }
    breaches
}

#[test]
fn the_smoke_suite_has_twelve_faults_and_two_controls() {
    let faulty = smoke().filter(|bundled| is_faulty(&of(bundled))).count();
    assert_eq!((faulty, smoke().count() - faulty), (12, 2));
}

#[test]
fn sentinel_mends_what_the_noop_loses_and_leaves_controls_alone() {
    let all: Vec<Vec<Row>> = (1..=soak::count(1, 5)).map(rows).collect();
    all.iter().for_each(|rows| print(rows));
    let breaches: Vec<String> = all.iter().flat_map(|rows| breaches(rows)).collect();
    assert!(breaches.is_empty(), "{}", breaches.join("\n"));
}
