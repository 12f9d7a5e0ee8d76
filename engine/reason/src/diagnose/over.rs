//! What the record says must be over: its repair was done where it would sit, or all pods that it could be in are gone.
//! Where users still suffer, it is not what they suffer from.

use super::posterior::{Diagnosis, silenced};
use crate::case::Case;
use aegis_faults::{Fault, Lasting};
use aegis_model::objects::ConditionStatus;
use aegis_model::procedure::{SideEffect, Way};
use aegis_model::{Hypothesis, ObjectChange, Objects, Target, Tick, WorkloadId};

/// Seconds from the end of a repair until what it ends no longer shows.
const FADES: u32 = 30;

/// Whether a hidden fault at an object cannot act any more, by what was done since the onset.
#[must_use]
pub fn is_over(case: &Case, fault: &Fault, target: Target) -> bool {
    is_repaired(case, fault, target) || is_made_anew(case, fault, target)
}

/// A diagnosis that was made to judge a hypothesis, for what is to be done next: without it where it cannot act any more.
#[must_use]
pub fn beyond(case: &Case, diagnosis: &Diagnosis, tried: &Hypothesis) -> Diagnosis {
    let fault = aegis_faults::by_id(&tried.fault).filter(|_| tried.change.is_none());
    let over = fault.is_some_and(|fault| is_over(case, fault, tried.target));
    let same = |one: &Hypothesis| one.fault == tried.fault && one.target == tried.target;
    silenced(diagnosis, |one| {
        (over && same(one)).then_some("what was done would have ended it")
    })
}

/// Whether the command that ends it was run there, long enough ago, and not taken back since; where that brought another
/// node, whether that one does not answer either.
fn is_repaired(case: &Case, fault: &Fault, target: Target) -> bool {
    let (Some(repair), Some(latest)) = (fault.repair(), case.history.latest()) else {
        return false;
    };
    let objects = &latest.objects;
    let there =
        |on: Target| on == target || on == Target::Cluster || is_successor(objects, on, target);
    let changes = &objects.changes;
    let newest = (0..changes.len())
        .rev()
        .filter_map(|index| changes.get(index));
    let mut own = newest.filter_map(|record| match *record.change {
        ObjectChange::Exec {
            on, procedure, way, ..
        } if procedure == repair && there(on) => Some((record.at, way)),
        _ => None,
    });
    let ends = |at: Tick| at.after(repair.facts().takes + FADES);
    let done =
        |(at, way): (Tick, Way)| way == Way::Done && at > case.onset[1] && ends(at) <= latest.at;
    let again = repair.facts().hurts != SideEffect::EmptiesNode || is_silent(objects, target);
    again && own.next().is_some_and(done)
}

/// Whether a node came in the place of another, under its name.
fn is_successor(objects: &Objects, old: Target, new: Target) -> bool {
    let name = |target: Target| match target {
        Target::Node(_) => objects.reference(target),
        _ => None,
    };
    name(old).is_some() && name(old) == name(new)
}

/// Whether the node that now has the name is there and does not answer.
fn is_silent(objects: &Objects, node: Target) -> bool {
    let name = objects.reference(node);
    objects.nodes.iter().any(|row| {
        let own = row.header.exists() && Some(&row.header.reference) == name.as_ref();
        own && row.condition("Ready") != ConditionStatus::True
    })
}

/// Whether it ends with the pods that it is in, and every pod of the workload came after the onset.
fn is_made_anew(case: &Case, fault: &Fault, target: Target) -> bool {
    let Target::Workload(workload) = target else {
        return false;
    };
    let in_pods = fault.parts.iter().all(|part| part.lasting == Lasting::Pod);
    !fault.parts.is_empty() && in_pods && all_came_since(case, workload)
}

fn all_came_since(case: &Case, workload: WorkloadId) -> bool {
    let Some(latest) = case.history.latest() else {
        return false;
    };
    let objects = &latest.objects;
    let Some(row) = objects.workloads.get(workload.index()) else {
        return false;
    };
    let pods = row.pods.iter().map(|id| &objects.pods[id.index()]);
    let mut pods = pods.filter(|pod| pod.is_active()).peekable();
    pods.peek().is_some() && pods.all(|pod| pod.created > case.onset[0])
}
