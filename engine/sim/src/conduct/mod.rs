//! How a plan's steps run: preconditions, actions, waits, deadlines, undo.
//!
//! A world and a twin conduct a plan with the same code, so that what was
//! rehearsed is what is done.

mod changes;
mod waits;

pub use changes::{Refusal, TRAFFIC, changes_of};

use aegis_cluster::Cluster;
use aegis_cluster::api;
use aegis_cluster::api::Actor;
use aegis_model::{Action, Conduct, Plan, Tick};
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

/// Who AEGIS is in the record of changes.
pub const ACTOR: &str = "aegis";
const BY_AEGIS: Actor<'static> = Actor::Recorded(ACTOR);

/// A plan under way.
#[derive(Debug, Clone)]
pub struct Conductor {
    plan: Arc<Plan>,
    step: usize,
    started: Option<Tick>,
    conduct: Conduct,
    /// Entries of the record of changes that it made, by step.
    made: Vec<(u32, u32)>,
}

impl Conductor {
    /// At the first step.
    #[must_use]
    pub fn new(plan: Arc<Plan>) -> Self {
        let conduct = if plan.is_wait() {
            Conduct::Done
        } else {
            Conduct::Running
        };
        Self {
            plan,
            step: 0,
            started: None,
            conduct,
            made: Vec::new(),
        }
    }

    /// How it stands.
    #[must_use]
    pub fn conduct(&self) -> Conduct {
        self.conduct.clone()
    }

    /// Steps that were begun.
    #[must_use]
    pub fn begun(&self) -> usize {
        self.step + usize::from(self.started.is_some())
    }

    /// Entries of the record of changes that a step made, by position.
    pub fn made(&self, step: u32) -> impl Iterator<Item = u32> {
        self.made
            .iter()
            .filter(move |(of, _)| *of == step)
            .map(|(_, change)| *change)
    }

    /// Moves on as far as this second allows.
    pub fn step<P: Clone>(&mut self, cluster: &mut Cluster<P>) {
        while self.conduct == Conduct::Running {
            let Some(step) = self.plan.steps.get(self.step).cloned() else {
                self.conduct = Conduct::Done;
                return;
            };
            if self.started.is_none() {
                if let Some(why) = step
                    .preconditions
                    .iter()
                    .find_map(|needed| waits::unmet(cluster, *needed))
                {
                    self.conduct = Conduct::Refused {
                        step: self.step as u32,
                        why,
                    };
                    return;
                }
                if let Err(why) = self.act(cluster, &step.action) {
                    self.conduct = Conduct::Refused {
                        step: self.step as u32,
                        why,
                    };
                    return;
                }
                self.started = Some(cluster.clock);
            }
            if !self.waited(cluster, &step) {
                return;
            }
            self.step += 1;
            self.started = None;
        }
    }

    /// Whether the step's wait is over.
    fn waited<P: Clone>(&mut self, cluster: &Cluster<P>, step: &aegis_model::PlanStep) -> bool {
        let Some(since) = self.started else {
            return false;
        };
        let elapsed = cluster.clock.elapsed(since);
        let Some(wait) = step.wait else { return true };
        // What was written this second shows its effect in the next.
        if elapsed > 0 && waits::is_over(cluster, wait, elapsed) {
            return true;
        }
        if elapsed >= step.deadline {
            self.conduct = Conduct::TimedOut {
                step: self.step as u32,
            };
        }
        false
    }

    fn act<P: Clone>(&mut self, cluster: &mut Cluster<P>, action: &Action) -> Result<(), String> {
        let first = cluster.objects.changes.len();
        match action {
            Action::DeletePod(pod) => {
                let grace = api::pods::grace_of(cluster, *pod);
                api::pods::begin_deletion(cluster, *pod, grace);
            }
            Action::Drain(node) => {
                api::drain(cluster, *node, BY_AEGIS).map_err(|error| format!("{error}"))?;
            }
            Action::Uncordon(node) => {
                api::uncordon(cluster, *node, BY_AEGIS).map_err(|error| format!("{error}"))?;
            }
            _ => write(cluster, action)?,
        }
        let step = self.step as u32;
        self.made
            .extend((first..cluster.objects.changes.len()).map(|change| (step, change as u32)));
        Ok(())
    }

    /// Takes back what was done, newest first.
    ///
    /// # Errors
    /// The first change that the API server refuses to take back; those after it are taken back.
    pub fn undo<P: Clone>(&self, cluster: &mut Cluster<P>) -> Result<(), String> {
        // A node that was cordoned before is drained without a write that could be taken back.
        for step in &self.plan.steps[..self.begun().min(self.plan.steps.len())] {
            if let Action::Drain(node) = step.action {
                api::stop_drain(cluster, node);
            }
        }
        let mut first = Ok(());
        for (_, position) in self.made.iter().rev() {
            first = first.and(take_back(cluster, *position));
        }
        first
    }
}

/// Takes one entry of the record back.
fn take_back<P: Clone>(cluster: &mut Cluster<P>, position: u32) -> Result<(), String> {
    let record = cluster.objects.changes[position as usize].clone();
    let named = |error| format!("{}: {error}", record.object);
    let Some(inverse) = record.change.inverse(&record.object) else {
        return Ok(());
    };
    api::apply(cluster, &inverse, BY_AEGIS).map_err(named)?;
    crate::pool::follow(cluster, &inverse);
    Ok(())
}

fn write<P: Clone>(cluster: &mut Cluster<P>, action: &Action) -> Result<(), String> {
    for change in changes_of(cluster, action).map_err(|refusal| format!("{refusal}"))? {
        api::apply(cluster, &change, BY_AEGIS).map_err(|error| format!("{error}"))?;
        crate::pool::follow(cluster, &change);
    }
    Ok(())
}
