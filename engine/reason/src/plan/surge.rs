//! More load than a cluster has room for: what is above the load of before is turned away while room is made, and let in
//! again once it is there. Pods that come into an overload are lost to it one by one.

use super::recipes::load_growth;
use crate::case::Case;
use crate::diagnose::{Candidate, Cause};
use aegis_model::{Action, Objects, WorkloadId};

/// Growth of the load from which some is turned away.
pub const GROWN: f64 = 1.2;

/// The share of requests to turn away so that a tenth more than before is left; `None` where the load has not grown so
/// far.
#[must_use]
pub fn surplus(growth: f64) -> Option<f64> {
    (growth > GROWN).then(|| (1.0 - 1.1 / growth).clamp(0.05, 0.95))
}

/// The same actions behind a gate, with what takes longest to serve made last; `None` where load is not the cause, or has
/// not grown so far.
#[must_use]
pub fn behind_gate(
    case: &Case,
    objects: &Objects,
    candidate: &Candidate,
    mut own: Vec<Action>,
) -> Option<Vec<Action>> {
    let Cause::Load(service) = candidate.cause else {
        return None;
    };
    let share = surplus(load_growth(case, candidate))?;
    own.sort_by_key(|action| match action {
        Action::Scale { workload, .. } => 1 + serves_after(objects, *workload),
        _ => 0,
    });
    let shut = Action::ShedTraffic { service, share };
    let open = Action::ShedTraffic {
        service,
        share: 0.0,
    };
    let mut actions = vec![shut];
    actions.append(&mut own);
    actions.push(open);
    Some(actions)
}

/// Seconds before which no pod of a workload is asked whether it is ready.
fn serves_after(objects: &Objects, workload: WorkloadId) -> u32 {
    let Some(row) = objects.workloads.get(workload.index()) else {
        return 0;
    };
    let containers = row.spec.template().spec.containers.iter();
    let probes = containers.filter_map(|container| container.readiness_probe.as_ref());
    let delays = probes.map(|probe| probe.initial_delay_seconds);
    delays.max().unwrap_or(0)
}
