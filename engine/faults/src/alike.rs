//! Names that one state deserves: rows that nothing which is observed tells apart.
//!
//! A diagnosis is right where it says the object and what is the matter with it. The catalogue has rows that
//! differ in how a state came about and not in the state: packets of a pod that are late are the same whether
//! somebody delays them or the pod answers late by itself, as long as all that is seen is how long it takes.

use crate::betrayal::Betrayal;
use crate::fault::{Breadth, Candidacy, Fault, Lasting, Part, TargetKind};
use aegis_model::Mechanism;
use std::mem::discriminant;

/// Rows whose names are right as well where this one is at fault, at the same object:
///
/// - of what is laid unseen, rows that lay the same mechanisms, where one of their sizes is this one's;
/// - of what comes by a change and is looked for in dumps alone, rows that the same field betrays and that
///   show themselves by the same sign first.
pub fn alike(fault: &Fault) -> impl Iterator<Item = &'static Fault> {
    crate::all().filter(move |other| {
        other.id != fault.id && (is_laid_alike(fault, other) || is_changed_alike(fault, other))
    })
}

/// Ids that are right where this fault is there; its own first.
#[must_use]
pub fn names(fault: &Fault) -> Vec<&'static str> {
    names_over(fault, fault.breadth)
}

/// Ids that are right where this fault took in so much; its own first. Of a zone with one node, those of that node are
/// right as well.
#[must_use]
pub fn names_over(fault: &Fault, breadth: Breadth) -> Vec<&'static str> {
    let fault = Fault { breadth, ..*fault };
    let others = alike(&fault).map(|other| other.id);
    std::iter::once(fault.id).chain(others).collect()
}

/// Whether another row, at some size, lays what this one does, on the same kind of object.
#[must_use]
pub fn is_laid_alike(fault: &Fault, other: &Fault) -> bool {
    let unseen = |row: &Fault| row.steps.is_empty() && !row.parts.is_empty();
    let shared = |kind: &TargetKind| other.acts_on(*kind);
    unseen(fault)
        && unseen(other)
        && fault.breadth == other.breadth
        && fault.targets.iter().any(shared)
        && fault.parts.len() == other.parts.len()
        && fault.parts.iter().all(|part| {
            let covers = |own: &Part| covers(other, own, fault, part);
            other.parts.iter().any(covers)
        })
}

/// Whether a part of a row takes in a part of another at its default size.
fn covers(other: &Fault, own: &Part, fault: &Fault, part: &Part) -> bool {
    let passes = |part: &Part| matches!(part.lasting, Lasting::Parameter(_));
    let sizes = |of: fn(&crate::Parameter) -> f64| -> Vec<f64> {
        other.parameters.iter().map(of).collect()
    };
    let least = (own.mechanism)(&sizes(|parameter| parameter.low));
    let most = (own.mechanism)(&sizes(|parameter| parameter.high));
    let here = (part.mechanism)(&fault.defaults());
    is_one_kind(&least, &here)
        && passes(own) == passes(part)
        && (size(&least)..=size(&most)).contains(&size(&here))
}

/// Whether two mechanisms are one at two sizes.
#[must_use]
pub fn is_one_kind(a: &Mechanism, b: &Mechanism) -> bool {
    discriminant(a) == discriminant(b) && kind(a) == kind(b)
}

/// What a mechanism is, beside its size; of a component's state, what is said of it and by whom.
fn kind(mechanism: &Mechanism) -> Option<String> {
    match mechanism {
        Mechanism::Ailing(ailment, _) => Some(format!("{:?}", ailment.line())),
        Mechanism::ProbeFails(probe) => Some(format!("{probe:?}")),
        Mechanism::ControllerStops(part) => Some(format!("{part:?}")),
        _ => None,
    }
}

/// How large a mechanism is, in its own unit; 0 for one without a size.
const fn size(mechanism: &Mechanism) -> f64 {
    match mechanism {
        Mechanism::EdgeError(size)
        | Mechanism::EdgeDelay(size)
        | Mechanism::PacketLoss(size)
        | Mechanism::CpuFactor(size)
        | Mechanism::CpuBurn(size)
        | Mechanism::CapacityFactor(size)
        | Mechanism::MemoryGrowth(size)
        | Mechanism::MemoryStep(size)
        | Mechanism::LoadFactor(size)
        | Mechanism::ClockSkew(size)
        | Mechanism::DiskFill(size)
        | Mechanism::EvictionThreshold(size) => *size,
        _ => 0.0,
    }
}

/// Whether the same field of the same kind of object betrays both, and both show the same first.
fn is_changed_alike(fault: &Fault, other: &Fault) -> bool {
    fault.candidacy == Candidacy::InDumps
        && other.candidacy != Candidacy::InDumps
        && !fault.steps.is_empty()
        && shows_alike(fault, other)
        && fault.betrayed_by_change.iter().any(|one| {
            let overlaps = |of: &Betrayal| overlaps(one, of);
            other.betrayed_by_change.iter().any(overlaps)
        })
}

/// Whether both show themselves by the same first, or say nothing of it.
fn shows_alike(fault: &Fault, other: &Fault) -> bool {
    let first = |row: &Fault| row.signs.first().map(|sign| sign.kind);
    first(fault) == first(other)
}

/// Whether some change is betrayed by both patterns.
fn overlaps(a: &Betrayal, b: &Betrayal) -> bool {
    match (a, b) {
        (Betrayal::Created(a), Betrayal::Created(b))
        | (Betrayal::Deleted(a), Betrayal::Deleted(b)) => a == b,
        (
            Betrayal::Field { kinds, path, .. },
            Betrayal::Field {
                kinds: others,
                path: other,
                ..
            },
        ) => {
            let kind = kinds.is_empty()
                || others.is_empty()
                || kinds.iter().any(|kind| others.contains(kind));
            kind && (path.contains(other) || other.contains(path))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn others(id: &str) -> Vec<&'static str> {
        let fault = crate::by_id(id).expect("a row");
        names(fault).split_off(1)
    }

    #[test]
    fn what_is_laid_alike_has_one_more_name_and_what_differs_in_size_only_one_way() {
        assert_eq!(
            others("slow_dependency"),
            ["pod_network_delay", "disk_slow"]
        );
        assert!(others("dead_dependency").contains(&"dependency_errors"));
        assert!(!others("dependency_errors").contains(&"dead_dependency"));
        assert!(others("database_read_only").is_empty());
    }

    #[test]
    fn of_a_zone_with_one_node_what_befalls_a_node_is_right_as_well() {
        let outage = crate::by_id("zone_outage").expect("a row");
        assert_eq!(names(outage), ["zone_outage"]);
        let alone = names_over(outage, Breadth::Target);
        assert!(alone.contains(&"node_crash"), "{alone:?}");
    }

    #[test]
    fn a_row_of_dumps_is_called_by_the_row_that_speaks_of_its_change() {
        assert_eq!(others("release_fails_requests"), ["bad_release"]);
        assert!(others("liveness_probe_wrong_port").contains(&"liveness_probe_misconfigured"));
        assert!(others("bad_release").is_empty());
    }
}
