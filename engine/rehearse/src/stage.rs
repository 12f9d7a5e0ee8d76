//! A cluster that is settled once, for many plays.

use crate::tally::Tally;
use aegis_kube::Diagnostic;
use aegis_model::{Objective, Observation, RunContext};
use aegis_runner::run::outside::SCRAPE;
use aegis_scenario::build::Tuning;
use aegis_scenario::load::Loaded;
use aegis_scenario::trial::Past;
use aegis_scenario::{build, goals};
use aegis_world::{Schedule, World};
use std::sync::Arc;

/// Why nothing can be rehearsed.
#[derive(Debug, thiserror::Error)]
pub enum StageError {
    /// Documents are refused.
    #[error("{} of the documents are refused", .0.len())]
    Refused(Vec<Diagnostic>),
    /// No user reaches it.
    #[error("no Service of it is one that users reach, so nothing can be lost")]
    NoEntry,
}

/// What a cluster is made from.
#[derive(Debug, Clone, Copy)]
pub struct Setting<'a> {
    /// The manifests.
    pub loaded: &'a Loaded,
    /// Root of all draws.
    pub seed: u64,
    /// What it is held against.
    pub basis: Basis<'a>,
    /// Calls that are made in another way than there.
    pub tunings: &'a [Tuning],
}

/// What a cluster is held against.
#[derive(Debug, Clone, Copy)]
pub enum Basis<'a> {
    /// Nothing: it is the first of its kind.
    Own,
    /// Another one: its workloads behave as they do there, its users are promised the same.
    As(&'a Loaded, &'a [Objective]),
}

/// A cluster at its time 0.
#[derive(Debug, Clone)]
pub struct Stage {
    /// The world; nothing is scheduled.
    pub world: World,
    /// Its observed past; empty where no engine is to work on it.
    pub seen: Vec<Arc<Observation>>,
    /// What users are promised.
    pub objectives: Vec<Objective>,
    /// Length of a play, s.
    pub length: u32,
}

/// Whether anybody will look at the cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Watched {
    /// An engine, which needs the past.
    ByEngine,
    /// Nobody.
    ByNobody,
}

impl Stage {
    /// Settles a cluster.
    ///
    /// # Errors
    /// Documents that are refused; a cluster that no user reaches.
    pub fn settle(setting: &Setting<'_>, watched: Watched) -> Result<Self, StageError> {
        let mut world = world(setting).map_err(StageError::Refused)?;
        let (mut past, mut seen) = (Past::default(), Vec::new());
        build::start(setting.loaded, &mut world, |world| {
            past.see(world);
            let due = world.time().rem_euclid(i64::from(SCRAPE)) == 0;
            if watched == Watched::ByEngine && due {
                seen.push(Arc::new(world.observe()));
            }
        });
        let spec = &setting.loaded.scenario.spec;
        let objectives = match setting.basis {
            Basis::As(_, objectives) => objectives.to_vec(),
            Basis::Own => goals::objectives(spec, world.objects(), &|entry| past.p99(entry)),
        };
        if objectives.is_empty() {
            return Err(StageError::NoEntry);
        }
        Ok(Self {
            world: world.with_schedule(Schedule::default()),
            seen,
            objectives,
            length: spec.duration.whole(),
        })
    }

    /// What an engine is told.
    #[must_use]
    pub fn context(&self) -> RunContext {
        RunContext {
            objectives: self.objectives.clone(),
            ..RunContext::default()
        }
    }

    /// A count of what is lost on it.
    #[must_use]
    pub fn tally(&self) -> Tally {
        Tally::new(&self.objectives)
    }
}

fn world(setting: &Setting<'_>) -> Result<World, Vec<Diagnostic>> {
    match setting.basis {
        Basis::Own => build::build(setting.loaded, setting.seed),
        Basis::As(like, _) => {
            build::build_like(setting.loaded, like, setting.seed, setting.tunings)
        }
    }
}
