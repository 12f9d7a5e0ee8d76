//! Planted leaks: ways in which what is hidden could reach the engine, made on purpose, so that
//! the pairs of worlds can be seen to catch them.
//!
//! Each is a wrapper around what the engine is given: its context, its observations, the twins
//! of its trials. None touches the engine.

use aegis_faults::{Laying, overlay};
use aegis_model::observation::LogCount;
use aegis_model::{
    Behaviour, Objects, Observation, Overlay, RunContext, Subject, Target, Tick, WorkloadId,
};
use aegis_reason::Trial;
use aegis_scenario::format::Act;
use aegis_scenario::load::Loaded;
use aegis_scenario::resolve::Named;
use aegis_scenario::{behave, faults};
use aegis_sim::infer::infer;
use smol_str::format_smolstr;
use std::sync::Arc;

/// One way to leak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leak {
    /// Faults that are to come are laid over every twin.
    FutureInTwin,
    /// The faults of the world are counted in a log line.
    FaultInLog,
    /// The world's seed is in the stream of every trial.
    SeedInTwin,
    /// Twins have the world's true parameters.
    TruthInTwin,
    /// The true cost of a request is in an annotation of its workload.
    CostInAnnotation,
    /// The length of the schedule is in a log line.
    ScheduleLength,
    /// What is still to happen adds to a node's CPU.
    TimerQueue,
    /// The scenario's name is in the engine's parameters, as it would be in a prompt.
    NameInContext,
    /// What other runs found lies in a file, and is read.
    ResultsRead,
}

/// What is hidden, as a leak can get at it.
pub struct Secret {
    seed: u64,
    title: String,
    origin: Tick,
    /// When entries of the schedule happen, seconds after time 0.
    entries: Vec<f64>,
    coming: Overlay,
    behaviours: Arc<Vec<Option<Arc<Behaviour>>>>,
}

impl Secret {
    /// What is hidden in a world of this scenario; `objects` as at time 0.
    #[must_use]
    pub fn of(loaded: &Loaded, seed: u64, objects: &Objects, origin: Tick) -> Self {
        let spec = &loaded.scenario.spec;
        let stated = behave::stated(objects, &infer(objects), spec);
        Self {
            seed,
            title: loaded.scenario.metadata.name.clone(),
            origin,
            entries: spec.chaos.iter().map(|entry| entry.at.0).collect(),
            coming: coming(loaded, objects, origin),
            behaviours: Arc::new(stated.into_iter().map(|one| one.map(Arc::new)).collect()),
        }
    }

    fn left(&self, now: Tick) -> usize {
        let now = now.since(self.origin) as f64;
        self.entries.iter().filter(|at| **at > now).count()
    }
}

/// The hidden parts of all faults of a scenario.
fn coming(loaded: &Loaded, objects: &Objects, origin: Tick) -> Overlay {
    let mut all = Overlay::none();
    for entry in &loaded.scenario.spec.chaos {
        let Act::Fault {
            fault,
            target,
            parameters,
        } = &entry.act
        else {
            continue;
        };
        let found = faults::find(fault);
        let target = target
            .as_deref()
            .and_then(|target| Named(objects).target(target));
        let (Some(fault), Some(subject)) = (found, target.and_then(subject)) else {
            continue;
        };
        let laying = Laying {
            subject,
            parameters: &faults::sizes(fault, parameters),
            from: origin.after(entry.at.whole()),
            until: Tick(u32::MAX),
            template: None,
            held: None,
        };
        all.0.extend(overlay(fault, &laying).0);
    }
    all
}

fn subject(target: Target) -> Option<Subject> {
    match target {
        Target::Workload(id) => Some(Subject::Workload(id)),
        Target::Service(id) => Some(Subject::Service(id)),
        Target::Node(id) => Some(Subject::Node(id)),
        _ => None,
    }
}

/// File that [`Leak::ResultsRead`] reads, in the current folder.
pub const RESULTS: &str = "truth.json";

impl Leak {
    /// Writes on what the engine is told.
    pub fn on_context(self, secret: &Secret, context: &mut RunContext) {
        match self {
            Self::NameInContext => {
                let sum = secret.title.bytes().map(f64::from).sum::<f64>();
                context.genome.push(("title".into(), sum));
            }
            Self::ResultsRead => {
                let found = std::fs::read(RESULTS).map_or(0, |bytes| bytes.len());
                context.genome.push(("found".into(), found as f64));
            }
            _ => {}
        }
    }

    /// Writes on an observation.
    pub fn on_observation(self, secret: &Secret, seen: &mut Observation) {
        match self {
            Self::FaultInLog => log(seen, "<*> mechanisms are laid", secret.coming.0.len()),
            Self::ScheduleLength => log(seen, "<*> entries are scheduled", secret.entries.len()),
            Self::TimerQueue => {
                let left = secret.left(seen.at) as f64;
                if let Some(node) = seen.samples.nodes.first_mut() {
                    node.cpu += 1e-6 * left;
                }
            }
            Self::CostInAnnotation => annotate(seen, &secret.behaviours),
            _ => {}
        }
    }

    /// Bends a trial.
    pub fn on_trial(self, secret: &Secret, trial: &mut Trial) {
        match self {
            Self::FutureInTwin => trial.overlay.0.extend(secret.coming.0.iter().cloned()),
            Self::SeedInTwin => trial.stream ^= secret.seed.wrapping_mul(0x9E37_79B9_7F4A_7C15),
            Self::TruthInTwin => trial.behaviours = Arc::clone(&secret.behaviours),
            _ => {}
        }
    }
}

fn log(seen: &mut Observation, template: &str, count: usize) {
    seen.logs.push(LogCount {
        workload: WorkloadId(0),
        template: template.into(),
        count: count as u32,
    });
}

fn annotate(seen: &mut Observation, behaviours: &[Option<Arc<Behaviour>>]) {
    for (index, behaviour) in behaviours.iter().enumerate() {
        let row = seen.objects.workloads.get_mut(index);
        if let (Some(row), Some(behaviour)) = (row, behaviour) {
            let cost = format_smolstr!("{}", behaviour.cpu_per_request);
            Arc::make_mut(&mut row.header.annotations).insert("cost".into(), cost);
        }
    }
}
