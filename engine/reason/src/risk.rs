//! Propagation risk of a plan, accumulated over its steps.
//!
//! r_i = chance_i × reach_i; knowledge decays over steps that were not checked;
//! R = 1 − Π (1 − r̃_i): 0 for a harmless plan, monotone in every step.

use crate::genome::Genome;
use crate::topology::{Direction, Topology};
use aegis_model::procedure::SideEffect;
use aegis_model::{Action, Objects, Plan, Target, WorkloadId};

/// Hops after which a step no longer reaches.
const HOPS: u32 = 4;

/// What an action does to the world, by kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Looks only.
    Read,
    /// Restarts pods.
    Restart,
    /// Changes how pods run.
    Reconfigure,
    /// Takes capacity away.
    RemoveCapacity,
    /// Changes who may talk to whom, or who is turned away.
    ChangePolicy,
    /// Does what nothing takes back.
    Irreversible,
}

/// The class of an action.
#[must_use]
pub fn class(action: &Action, objects: &Objects) -> Class {
    if crate::undo::one_way(action, objects).is_some() {
        return Class::Irreversible;
    }
    match action {
        Action::Observe { .. } | Action::Wait(_) | Action::Uncordon(_) => Class::Read,
        Action::RestartRollout(_) | Action::DeletePod(_) => Class::Restart,
        Action::Exec { procedure, .. } => match procedure.facts().hurts {
            SideEffect::None => Class::Reconfigure,
            SideEffect::RestartsServer => Class::Restart,
            SideEffect::EmptiesNode => Class::RemoveCapacity,
            // As more replicas.
            SideEffect::AddsNode => Class::Read,
        },
        Action::Cordon(_) | Action::Drain(_) => Class::RemoveCapacity,
        Action::PatchPolicy { .. } | Action::DeletePolicy(_) | Action::ShedTraffic { .. } => {
            Class::ChangePolicy
        }
        Action::Scale { workload, replicas } => {
            let now = objects
                .workloads
                .get(workload.index())
                .and_then(|row| row.spec.replicas())
                .unwrap_or(0);
            if *replicas < now {
                Class::RemoveCapacity
            } else {
                Class::Read
            }
        }
        _ => Class::Reconfigure,
    }
}

/// Chance that a step of the class does harm.
const fn chance(class: Class) -> f64 {
    match class {
        Class::Read => 0.0,
        Class::Restart => 0.02,
        Class::Reconfigure => 0.05,
        Class::RemoveCapacity | Class::ChangePolicy => 0.10,
        Class::Irreversible => 0.30,
    }
}

/// Whether taking back what an action wrote brings the cluster back: pods that were deleted or evicted do not
/// come back, nor do requests that were turned away.
#[must_use]
pub fn is_reversible(action: &Action) -> bool {
    match action {
        Action::DeletePod(_) | Action::Drain(_) | Action::ShedTraffic { .. } => false,
        Action::Exec { procedure, .. } => procedure.has_undo(),
        _ => true,
    }
}

/// What an action touches.
#[must_use]
pub fn target(action: &Action, objects: &Objects) -> Target {
    match action {
        Action::Scale { workload, .. }
        | Action::RollBack { workload, .. }
        | Action::SetResources { workload, .. }
        | Action::SetImage { workload, .. }
        | Action::SetEnv { workload, .. }
        | Action::PatchProbe { workload, .. }
        | Action::LimitConcurrency { workload, .. }
        | Action::SetRetries { workload, .. }
        | Action::RestartRollout(workload)
        | Action::PauseRollout(workload)
        | Action::ResumeRollout(workload) => Target::Workload(*workload),
        Action::DeletePod(pod) => Target::Workload(objects.pods[pod.index()].workload),
        Action::Cordon(node) | Action::Uncordon(node) | Action::Drain(node) => Target::Node(*node),
        Action::PatchPolicy { policy, .. } | Action::DeletePolicy(policy) => {
            Target::Policy(*policy)
        }
        Action::PatchService { service, .. } | Action::ShedTraffic { service, .. } => {
            Target::Service(*service)
        }
        Action::PatchAutoscaler { autoscaler, .. } => scaled(objects, autoscaler.index()),
        Action::RevertChange(change) => changed(objects, *change),
        Action::Observe { target, .. } => *target,
        Action::Exec { on, .. } => *on,
        Action::Wait(_) => Target::Cluster,
    }
}

fn scaled(objects: &Objects, autoscaler: usize) -> Target {
    let row = &objects.autoscalers[autoscaler];
    let wanted = &row.spec.scale_target_ref;
    let found = objects.workloads.iter().position(|workload| {
        let reference = &workload.header.reference;
        workload.header.exists()
            && reference.namespace == row.header.reference.namespace
            && reference.kind.as_str() == wanted.kind
            && reference.name == wanted.name
    });
    found.map_or(Target::Cluster, |index| {
        Target::Workload(WorkloadId::from(index))
    })
}

/// The object of an entry of the record of changes, by id.
#[must_use]
pub fn changed(objects: &Objects, change: u32) -> Target {
    objects
        .changes
        .get(change as usize)
        .map_or(Target::Cluster, |record| {
            crate::resolve(objects, &record.object)
        })
}

/// Share of users' requests that a step can touch, 0..=1.
#[must_use]
pub fn reach(topology: &Topology, objects: &Objects, target: Target, genome: &Genome) -> f64 {
    let total: f64 = topology.importance.iter().sum();
    if total <= 0.0 {
        return 0.0;
    }
    let mut weight = vec![0.0_f64; topology.importance.len()];
    for from in topology.concerned(objects, target) {
        for (direction, lambda) in [
            (Direction::Callers, genome.lambda_up),
            (Direction::Callees, genome.lambda_down),
        ] {
            for (workload, hops) in topology.around(from, HOPS, direction) {
                let decayed = libm::pow(lambda, f64::from(hops));
                // What was made since the call graph was drawn has no users in it.
                if let Some(weight) = weight.get_mut(workload.index()) {
                    *weight = weight.max(decayed);
                }
            }
        }
    }
    let touched: f64 = weight
        .iter()
        .zip(&topology.importance)
        .map(|(weight, importance)| weight * importance)
        .sum();
    touched / total
}

/// Accumulated risk of a plan, 0..=1.
#[must_use]
pub fn risk(plan: &Plan, topology: &Topology, objects: &Objects, genome: &Genome) -> f64 {
    let kappa = genome.knowledge_decay / (1.0 - genome.knowledge_decay);
    let mut unchecked = 0.0;
    let mut safe = 1.0;
    for step in &plan.steps {
        let own = chance(class(&step.action, objects))
            * reach(topology, objects, target(&step.action, objects), genome);
        safe *= libm::pow(1.0 - own, 1.0 + kappa * unchecked);
        unchecked = if step.wait.is_some() {
            0.0
        } else {
            unchecked + 1.0
        };
    }
    1.0 - safe
}
