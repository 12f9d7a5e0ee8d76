//! Repairs by a command: where one is done for a candidate, and whether it can be typed there.

use crate::diagnose::Candidate;
use aegis_model::procedure::{Procedure, Site, Software};
use aegis_model::{Action, Objects, Target, WorkloadId};

/// The repair at the place that a candidate names; `None` where it means nothing there, or no command is known for
/// what runs there.
#[must_use]
pub fn actions(
    objects: &Objects,
    candidate: &Candidate,
    workload: Option<WorkloadId>,
    procedure: Procedure,
) -> Option<Vec<Action>> {
    let on = place(candidate, workload, procedure)?;
    procedure.command(software(objects, on))?;
    Some(vec![Action::Exec { on, procedure }])
}

fn place(
    candidate: &Candidate,
    workload: Option<WorkloadId>,
    procedure: Procedure,
) -> Option<Target> {
    let node = matches!(candidate.target, Target::Node(_)).then_some(candidate.target);
    match procedure.facts().site {
        Site::Container => workload.map(Target::Workload),
        Site::Node | Site::Machine => node,
        Site::Interface => node.or(workload.map(Target::Workload)),
        Site::Service => matches!(candidate.target, Target::Service(_)).then_some(candidate.target),
        Site::Cluster => Some(Target::Cluster),
    }
}

/// What the first container of a workload runs.
fn software(objects: &Objects, on: Target) -> Option<Software> {
    let Target::Workload(id) = on else {
        return None;
    };
    let spec = &objects.workloads.get(id.index())?.spec;
    Software::of(spec.template().spec.containers.first()?)
}
