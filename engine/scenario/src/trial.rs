//! The tests of a scenario: unperturbed it meets its objectives, with nobody
//! acting it misses them, with the recorded remedy it meets them again.
//!
//! Judged by what users got, exactly, second by second; no observation, no noise.

use crate::amount::Length;
use crate::build::{build, start};
use crate::expect::{Miss, check_connection, check_expectations};
use crate::format::Expectation;
use crate::load::Loaded;
use crate::{goals, plan, truth};
use aegis_kube::Diagnostic;
use aegis_model::{LatencyTarget, Objective, ServiceId};
use aegis_sim::conduct::Conductor;
use aegis_sim::solver::tail::Fitted;
use aegis_world::World;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// One way to play a scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Play {
    /// Without its causes; the harmless changes stay.
    Unperturbed,
    /// As it is, with nobody acting.
    Noop,
    /// As it is, with the recorded remedy.
    Remedy,
}

/// How a play went.
#[derive(Debug, Clone, PartialEq)]
pub struct Score {
    /// Which play.
    pub play: Play,
    /// The objectives that held.
    pub objectives: Vec<Objective>,
    /// Whether each was met over the last window.
    pub met: Vec<bool>,
    /// Share of requests that failed in the last window, per objective, 0..=1.
    pub failed: Vec<f64>,
    /// Share that was too slow in it, per objective, 0..=1.
    pub slow: Vec<f64>,
    /// How the remedy ended, in words; empty without one.
    pub remedy: String,
    /// What was to happen and could not.
    pub skipped: Vec<String>,
}

impl Score {
    /// Whether all objectives were met.
    #[must_use]
    pub fn is_met(&self) -> bool {
        self.met.iter().all(|met| *met)
    }
}

/// Which plays a scenario has: a control has no remedy and nothing to miss.
#[must_use]
pub fn plays(loaded: &Loaded) -> Vec<(Play, Wanted)> {
    let spec = &loaded.scenario.spec;
    if spec.traffic.is_empty() {
        return Vec::new();
    }
    let faulty = spec.chaos.iter().any(|entry| truth::is_cause(spec, entry));
    if !faulty {
        return vec![(Play::Noop, Wanted::Met)];
    }
    let mut plays = vec![
        (Play::Unperturbed, Wanted::Met),
        (Play::Noop, Wanted::Missed),
    ];
    if !spec.remedy.is_empty() {
        plays.push((Play::Remedy, Wanted::Met));
    }
    plays
}

/// What a play must come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// All objectives are met.
    Met,
    /// Some objective is missed.
    Missed,
}

/// Plays a scenario to its end.
///
/// # Errors
/// Every document that the API server refuses, at its place.
pub fn play(loaded: &Loaded, seed: u64, play: Play) -> Result<Score, Vec<Diagnostic>> {
    let mut loaded = loaded.clone();
    if play == Play::Unperturbed {
        let spec = loaded.scenario.spec.clone();
        loaded
            .scenario
            .spec
            .chaos
            .retain(|entry| !truth::is_cause(&spec, entry));
    }
    let mut world = build(&loaded, seed)?;
    let mut past = Past::default();
    start(&loaded, &mut world, |world| past.see(world));
    let objectives = goals::objectives(&loaded.scenario.spec, world.objects(), &|entry| {
        past.p99(entry)
    });
    let mut meters: Vec<Meter> = objectives.iter().map(Meter::new).collect();
    let mut remedy = Remedy::new(&loaded, play);
    for second in 0..loaded.scenario.spec.duration.whole() {
        remedy.step(&mut world, second);
        world.advance(1);
        for meter in &mut meters {
            meter.see(&world);
        }
    }
    Ok(Score {
        play,
        met: meters.iter().map(Meter::is_met).collect(),
        failed: meters
            .iter()
            .map(|meter| meter.share(|second| second.failed))
            .collect(),
        slow: meters
            .iter()
            .map(|meter| meter.share(|second| second.slow))
            .collect(),
        objectives,
        remedy: remedy.in_words(),
        skipped: world.reveal().skipped,
    })
}

/// The recorded remedy, from the time at which it is taken.
struct Remedy<'a> {
    loaded: &'a Loaded,
    at: Option<u32>,
    under_way: Result<Option<Conductor>, String>,
}

impl<'a> Remedy<'a> {
    fn new(loaded: &'a Loaded, play: Play) -> Self {
        let at = (play == Play::Remedy).then(|| plan::taken_at(&loaded.scenario.spec).whole());
        Self {
            loaded,
            at,
            under_way: Ok(None),
        }
    }

    fn step(&mut self, world: &mut World, second: u32) {
        if self.at == Some(second) {
            let plan = plan::plan(&self.loaded.scenario.spec.remedy, world.objects());
            self.under_way = plan.map(|plan| Some(Conductor::new(Arc::new(plan))));
        }
        if let Ok(Some(conductor)) = &mut self.under_way {
            world.conduct(conductor);
        }
    }

    fn in_words(&self) -> String {
        match &self.under_way {
            Ok(Some(conductor)) => format!("{:?}", conductor.conduct()),
            Ok(None) => String::new(),
            Err(object) => format!("no object `{object}`"),
        }
    }
}

/// What users of an entry got in one second.
#[derive(Debug, Clone, Copy)]
struct Second {
    requests: f64,
    failed: f64,
    slow: f64,
}

/// The seconds of the last window of an objective.
struct Meter {
    objective: Objective,
    seconds: Vec<Second>,
}

impl Meter {
    fn new(objective: &Objective) -> Self {
        Self {
            objective: objective.clone(),
            seconds: Vec::new(),
        }
    }

    fn see(&mut self, world: &World) {
        let Some(entry) = world
            .entries()
            .iter()
            .find(|entry| entry.service == self.objective.service)
        else {
            return;
        };
        let last = entry.last;
        let late = |target: LatencyTarget| {
            Fitted {
                mean: last.time,
                cv2: last.cv2,
            }
            .exceeds(target.below)
        };
        let slow = self.objective.latency.map_or(0.0, late) * (1.0 - last.failed);
        self.seconds.push(Second {
            requests: last.requests,
            failed: last.failed,
            slow,
        });
    }

    fn window(&self) -> &[Second] {
        &self.seconds[self
            .seconds
            .len()
            .saturating_sub(self.objective.window as usize)..]
    }

    /// Mean over the requests of the last window.
    fn share(&self, of: fn(&Second) -> f64) -> f64 {
        let requests: f64 = self.window().iter().map(|second| second.requests).sum();
        let sum: f64 = self
            .window()
            .iter()
            .map(|second| second.requests * of(second))
            .sum();
        sum / requests.max(1e-9)
    }

    fn is_met(&self) -> bool {
        let failed = self.share(|second| second.failed);
        let slow = self.share(|second| second.slow);
        let answered = (1.0 - failed).max(1e-9);
        let fast = self
            .objective
            .latency
            .is_none_or(|target| slow / answered <= 1.0 - target.share + 1e-12);
        !self.window().is_empty() && failed <= 1.0 - self.objective.availability + 1e-12 && fast
    }
}

/// The settled past of each entry, for default objectives.
#[derive(Debug, Default)]
pub struct Past {
    /// Sum of requests, of requests × time, and of requests × second moment, by entry.
    sums: BTreeMap<ServiceId, [f64; 3]>,
}

impl Past {
    /// Takes the last second in.
    pub fn see(&mut self, world: &World) {
        for entry in world.entries() {
            let last = entry.last;
            let square = last.time * last.time * (1.0 + last.cv2);
            let sums = self.sums.entry(entry.service).or_default();
            for (sum, more) in sums.iter_mut().zip([1.0, last.time, square]) {
                *sum += last.requests * more;
            }
        }
    }

    /// The 99th percentile of an entry, s; `None` where it got no request.
    #[must_use]
    pub fn p99(&self, entry: ServiceId) -> Option<f64> {
        let [requests, time, square] = *self.sums.get(&entry)?;
        if requests <= 0.0 {
            return None;
        }
        let (mean, second) = (time / requests, square / requests);
        Some(Fitted::of(mean, (second - mean * mean).max(0.0)).quantile(0.99))
    }
}

/// Plays a scenario that expects things of its objects; `print` makes the `v1 List` of a world.
///
/// # Errors
/// Every document that the API server refuses, at its place.
pub fn expectations(
    loaded: &Loaded,
    seed: u64,
    print: &dyn Fn(&World) -> Value,
) -> Result<Vec<Miss>, Vec<Diagnostic>> {
    let mut world = build(loaded, seed)?;
    start(loaded, &mut world, |_| {});
    let mut expects: Vec<&Expectation> = loaded.scenario.spec.expect.iter().collect();
    expects.sort_by(|a, b| a.at.0.total_cmp(&b.at.0));
    let mut misses = Vec::new();
    for expected in expects {
        let Length(at) = expected.at;
        let ahead = (at - world.time() as f64).max(0.0);
        world.advance(Length(ahead).whole());
        match &expected.reach {
            Some(asked) => misses.extend(check_connection(world.objects(), expected, asked)),
            None => misses.extend(check_expectations(
                &print(&world),
                std::slice::from_ref(expected),
            )),
        }
    }
    Ok(misses)
}
