//! What a twin foresees of a future in which nothing new happens, beside what came.
//!
//! The twin is made as Sentinel makes it: learnt from the observed past, corrected by its own
//! errors there, forked into draws of what it does not know. The world goes on alone.

use crate::pilot::ready;
use aegis_model::observation::RequestStats;
use aegis_model::{Hypothesis, LatencyTarget, Objective, Observation, Subject, Target, Tick};
use aegis_reason::case::{Case, Past, View, wait};
use aegis_reason::diagnose::Diagnosis;
use aegis_reason::shadow::{Tournament, predict, quantile};
use aegis_reason::{Calibration, History, Topology, play};
use aegis_report::objectives;
use aegis_runner::run::outside::SCRAPE;
use aegis_scenario::load::Loaded;
use aegis_world::World;
use rayon::prelude::*;
use std::sync::Arc;

/// What losses are judged by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Promise {
    /// The scenario's objectives: a healthy cluster loses next to nothing.
    Stated,
    /// The 99th percentile is promised where the 95th was: losses are always felt.
    Tight,
}

/// A band and what came, over one future.
#[derive(Debug, Clone)]
pub struct Foresight {
    /// 80 % band of the mean loss.
    pub band80: (f64, f64),
    /// 95 % band of it.
    pub band95: (f64, f64),
    /// Mean loss that came.
    pub came: f64,
    /// 80 % band of each bin with the loss that came in it.
    pub bins: Vec<((f64, f64), f64)>,
    /// Mean distance between the twin and its healthy past, in log units.
    pub error: f64,
}

/// Foresees the time from `at` seconds after time 0 on; `None` where no case can be opened.
/// The scenario's chaos should be empty: a twin cannot know of it.
#[must_use]
pub fn foresee(loaded: &Loaded, seed: u64, at: u32, promise: Promise) -> Option<Foresight> {
    let mut ready = ready(loaded, seed);
    let mut history = History::default();
    ready
        .seen
        .iter()
        .for_each(|seen| history.push(Arc::clone(seen)));
    for _ in 0..at / SCRAPE {
        ready.world.advance(SCRAPE);
        history.push(Arc::new(ready.world.observe()));
    }
    let mut promised = ready.context.objectives.clone();
    if promise == Promise::Tight {
        promised
            .iter_mut()
            .for_each(|objective| tighten(objective, &history));
    }
    let case = Arc::new(open(&history, &promised)?);
    let diagnosis = nothing_wrong(case.now);
    let plans = [wait()];
    let tournament = Tournament::new(&case, &diagnosis, &plans, 0)?;
    let mut trials = tournament.trials(&diagnosis, &plans, &tournament.draws);
    trials.truncate(tournament.draws.len());
    let outcomes: Vec<_> = trials.par_iter().map(play).collect();
    let prediction = predict(&outcomes, &outcomes);
    let came = come(&mut ready.world, &promised, tournament.horizon);
    let mut means: Vec<f64> = outcomes.iter().map(|outcome| mean(&outcome.loss)).collect();
    means.sort_by(f64::total_cmp);
    Some(Foresight {
        band80: (quantile(&means, 0.1), quantile(&means, 0.9)),
        band95: (quantile(&means, 0.025), quantile(&means, 0.975)),
        came: mean(&came),
        bins: prediction.band80.into_iter().zip(came).collect(),
        error: case.twin_error(),
    })
}

/// A case with no symptom, as Sentinel opens one: learnt, then corrected.
fn open(history: &History, objectives: &[Objective]) -> Option<Case> {
    let now = history.latest()?.at;
    let learnt = Arc::new(Calibration::learn(history, now)?);
    let entries: Vec<_> = objectives
        .iter()
        .map(|objective| objective.service)
        .collect();
    let topology = Topology::new(
        &history.latest()?.objects,
        &learnt.behaviours,
        &entries,
        None,
    );
    let past = Past {
        healthy_until: now,
        since: now,
        onset: None,
        view: View::Onset,
    };
    let put = |calibration: &Arc<Calibration>| {
        Case::open(history, &topology, calibration, objectives, &[], past)
    };
    let first = put(&learnt)?;
    put(&Arc::new(first.refined(now)))
}

fn nothing_wrong(now: Tick) -> Diagnosis {
    let none = Hypothesis {
        fault: "no_fault".into(),
        target: Target::Cluster,
        field: None,
        change: None,
        actor: None,
        subject: Subject::Cluster,
        onset: now,
        parameters: Vec::new(),
        prior: 1.0,
        evidence: Some(0.0),
        confidence: 0.99,
        supporting: Vec::new(),
        against: Vec::new(),
        class: 1,
        refuted: false,
    };
    Diagnosis {
        hypotheses: vec![none],
        rolled: vec![None],
    }
}

/// Promises the 99th percentile where the 95th was seen.
fn tighten(objective: &mut Objective, history: &History) {
    let mut stats = RequestStats::default();
    let seen = history
        .all()
        .iter()
        .flat_map(|seen: &Arc<Observation>| &seen.samples.entries);
    for entry in seen.filter(|entry| entry.service == objective.service) {
        stats.add(&entry.requests);
    }
    objective.latency = Some(LatencyTarget {
        share: 0.99,
        below: objectives::quantile(&stats, 0.95),
    });
}

/// Loss of each bin in the world itself, exactly.
fn come(world: &mut World, objectives: &[Objective], horizon: u32) -> Vec<f64> {
    let second = |_| {
        world.advance(1);
        world.badness(objectives)
    };
    let bad: Vec<f64> = (0..horizon).map(second).collect();
    aegis_sim::loss::bins(&bad)
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}
