//! Detectors: from a window of observations to symptoms.
//!
//! Objectives are watched by multi-window, multi-burn-rate alerts (Site
//! Reliability Workbook, chapter 5), with windows scaled to the objective's own
//! window Ω: fast Ω/10 and Ω/60 page, slow Ω/2 and Ω/12 open a ticket. All other
//! series are compared with their healthy level.

use crate::baseline::{self, Baseline};
use crate::genome::Genome;
use crate::history::History;
use crate::series::{Measure, SeriesKey, slower};
use aegis_model::observation::RequestStats;
use aegis_model::{Objective, Observation, Symptom, SymptomKind, Target, Tick};
use std::sync::Arc;

/// Failed requests that make a burn rate worth trusting.
const ENOUGH_FAILED: f64 = 20.0;
/// Requests that make a burn rate worth trusting.
const ENOUGH: f64 = 100.0;

/// Requests at an objective's entry over observations.
fn requests(objective: &Objective, observations: &[Arc<Observation>]) -> RequestStats {
    let mut sum = RequestStats::default();
    for observation in observations {
        for entry in observation
            .samples
            .entries
            .iter()
            .filter(|entry| entry.service == objective.service)
        {
            sum.add(&entry.requests);
        }
    }
    sum
}

/// Shares of requests that were bad, with their budgets: errors, then slow ones.
#[must_use]
pub fn bad_shares(objective: &Objective, stats: &RequestStats) -> Vec<(f64, f64)> {
    if stats.total <= 0.0 {
        return Vec::new();
    }
    let mut shares = vec![(
        stats.error_share(),
        (1.0 - objective.availability).max(1e-6),
    )];
    if let Some(target) = objective.latency {
        shares.push((
            slower(stats, target.below) / stats.total,
            (1.0 - target.share).max(1e-6),
        ));
    }
    shares
}

/// Largest burn rate over a window of `seconds`, and whether there is enough data to say so.
fn burn(objective: &Objective, history: &History, seconds: u32, now: Tick) -> Option<f64> {
    let interval = history.latest()?.samples.interval.max(1.0) as u32;
    let window = history.between(Tick(now.0.saturating_sub(seconds.max(2 * interval))), now);
    let stats = requests(objective, window);
    let failed = bad_shares(objective, &stats)
        .iter()
        .map(|(share, _)| share * stats.total)
        .fold(0.0, f64::max);
    if failed < ENOUGH_FAILED && stats.total < ENOUGH {
        return None;
    }
    bad_shares(objective, &stats)
        .iter()
        .map(|(share, budget)| share / budget)
        .reduce(f64::max)
}

/// The alert of one objective: 1 pages, 0.5 opens a ticket.
fn alert(
    objective: &Objective,
    history: &History,
    genome: &Genome,
    now: Tick,
) -> Option<(f64, f64)> {
    let omega = objective.window;
    let both = |long: u32, short: u32, rate: f64| {
        let (long, short) = (
            burn(objective, history, long, now)?,
            burn(objective, history, short, now)?,
        );
        (long >= rate && short >= rate).then_some(long)
    };
    let fast = both(omega / 10, omega / 60, genome.fast_burn).map(|rate| (1.0, rate));
    fast.or_else(|| both(omega / 2, omega / 12, genome.slow_burn).map(|rate| (0.5, rate)))
}

/// Symptoms of the objectives.
fn burn_symptoms(
    objectives: &[Objective],
    history: &History,
    genome: &Genome,
    now: Tick,
) -> Vec<Symptom> {
    let symptom = |objective: &Objective| {
        let (severity, rate) = alert(objective, history, genome, now)?;
        Some(Symptom {
            kind: SymptomKind::BurnRate,
            subject: Target::Service(objective.service),
            severity,
            since: now,
            evidence: format!("burns its error budget {rate:.1}× as fast as allowed"),
        })
    };
    objectives.iter().filter_map(symptom).collect()
}

/// The symptom that a series out of its healthy level is; entries are judged by their objective alone.
const fn kind(measure: Measure) -> Option<SymptomKind> {
    match measure {
        // A new pod is no trouble by itself.
        Measure::EntryErrors | Measure::EntrySlow | Measure::Created => None,
        // What a call lacks stands at who is called or who calls.
        Measure::CallRate(_) | Measure::CallErrors(_) | Measure::CallLatency(_) => None,
        Measure::EntryRate | Measure::Rate => Some(SymptomKind::Rate),
        Measure::Errors => Some(SymptomKind::Errors),
        Measure::Latency => Some(SymptomKind::Latency),
        Measure::Cpu => Some(SymptomKind::Cpu),
        Measure::Memory => Some(SymptomKind::Memory),
        Measure::Restarts => Some(SymptomKind::Restarts),
        Measure::OomKilled => Some(SymptomKind::OomKilled),
        Measure::NotReady => Some(SymptomKind::NotReady),
        Measure::Unschedulable => Some(SymptomKind::Unschedulable),
        Measure::CannotStart => Some(SymptomKind::CannotStart),
        Measure::NoEndpoints => Some(SymptomKind::NoEndpoints),
        Measure::NodeNotReady => Some(SymptomKind::NodeNotReady),
    }
}

/// Severity of a deviation: 0.3 at the threshold, towards 1 far beyond it.
fn severity(deviation: f64, threshold: f64) -> f64 {
    (0.3 * deviation / threshold).min(0.9)
}

fn level_symptom(key: SeriesKey, deviation: f64, genome: &Genome, now: Tick) -> Option<Symptom> {
    let beyond = match key.measure {
        // Less traffic, CPU, memory or time than usual is a symptom for rates alone.
        Measure::Rate | Measure::EntryRate => deviation.abs(),
        _ => deviation,
    };
    if beyond < genome.deviation {
        return None;
    }
    Some(Symptom {
        kind: kind(key.measure)?,
        subject: key.subject,
        severity: severity(beyond, genome.deviation),
        since: now,
        evidence: if key.measure.is_condition() {
            "seen, and never while healthy".into()
        } else {
            format!("{deviation:+.1} standard deviations from its healthy level")
        },
    })
}

/// Subjects of the baseline without any sample in the newest bin, though they had them while healthy.
fn missing(baseline: &Baseline, row: &[Option<f64>], now: Tick) -> Vec<Symptom> {
    let gone = |(index, key): (usize, &SeriesKey)| {
        let lost = key.measure == Measure::Rate
            && baseline.levels[index].is_some()
            && row[index].is_none();
        lost.then(|| Symptom {
            kind: SymptomKind::TelemetryMissing,
            subject: key.subject,
            severity: 0.3,
            since: now,
            evidence: "no metrics in the last scrape".into(),
        })
    };
    baseline
        .set
        .keys
        .iter()
        .enumerate()
        .filter_map(gone)
        .collect()
}

/// All symptoms at the newest observation; a symptom that was there before keeps its `since`.
#[must_use]
pub fn detect(
    history: &History,
    objectives: &[Objective],
    baseline: &Baseline,
    genome: &Genome,
    before: &[Symptom],
) -> Vec<Symptom> {
    let Some(now) = history.latest().map(|latest| latest.at) else {
        return Vec::new();
    };
    let mut symptoms = burn_symptoms(objectives, history, genome, now);
    let recent = history.between(Tick(now.0.saturating_sub(46)), now);
    if let Some(row) = baseline::bins(&baseline.set, recent).last() {
        let deviations = baseline.deviations(row);
        let keyed = baseline.set.keys.iter().zip(&deviations);
        symptoms.extend(keyed.filter_map(|(key, z)| level_symptom(*key, (*z)?, genome, now)));
        symptoms.extend(missing(baseline, row, now));
    }
    for symptom in &mut symptoms {
        let known = before
            .iter()
            .find(|old| old.kind == symptom.kind && old.subject == symptom.subject);
        symptom.since = known.map_or(now, |old| old.since);
    }
    symptoms
}

/// Whether an objective burns fast enough to page.
#[must_use]
pub fn pages(symptoms: &[Symptom]) -> bool {
    symptoms
        .iter()
        .any(|symptom| symptom.kind == SymptomKind::BurnRate && symptom.severity >= 1.0)
}

/// Seconds for which an objective that burns slowly is left to itself.
const SLOW: u32 = 60;

/// Whether an objective calls for an incident: it pages, or has burned so slowly that nobody is paged, for so long that it
/// will not stop by itself.
#[must_use]
pub fn alerts(symptoms: &[Symptom], now: Tick) -> bool {
    let burns_on = |symptom: &Symptom| {
        symptom.kind == SymptomKind::BurnRate && now.elapsed(symptom.since) >= SLOW
    };
    pages(symptoms) || symptoms.iter().any(burns_on)
}
