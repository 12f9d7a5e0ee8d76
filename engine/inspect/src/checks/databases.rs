//! Databases that refuse: writes, connections. Their clients say so, or their own probes.

use super::Case;
use crate::candidate::{
    Candidate, Weight,
    Weight::{Fits, Hints, Said},
};
use crate::doc::{items, number, text};
use aegis_model::bundle::{Complaint, Condition};
use std::collections::BTreeSet;

/// Words of images, and ports, by which a store is known.
const IMAGES: &[&str] = &[
    "mysql",
    "mariadb",
    "percona",
    "postgres",
    "mongo",
    "redis",
    "valkey",
    "cockroach",
];
const PORTS: &[i64] = &[3306, 5432, 27017, 6379, 26257];

const REFUSALS: &[(Condition, &str, &str)] = &[
    (Condition::ReadOnly, "database_read_only", "read_only"),
    (
        Condition::TooManyConnections,
        "database_connections_exhausted",
        "max_connections",
    ),
];

pub(super) fn find(case: &Case<'_>) -> Vec<Candidate> {
    let refusals = REFUSALS.iter();
    refusals
        .flat_map(|(condition, cause, field)| refused(case, *condition, cause, field))
        .collect()
}

/// Workloads that keep data, in the application's namespace.
pub(super) fn stores(case: &Case<'_>) -> Vec<usize> {
    let estate = &case.estate;
    let keeps = |at: &usize| {
        let keeper = &estate.workloads[*at];
        items(keeper.pod_spec, "/containers").any(|container| {
            let image = text(container, "/image");
            let name = image.rsplit('/').next().unwrap_or(image);
            IMAGES.iter().any(|word| name.contains(word))
                || items(container, "/ports").any(|port| {
                    number(port, "/containerPort").is_some_and(|port| PORTS.contains(&port))
                })
        })
    };
    let here = |at: &usize| estate.is_home(estate.workloads[*at].object.namespace);
    (0..estate.workloads.len())
        .filter(here)
        .filter(keeps)
        .collect()
}

fn refused(case: &Case<'_>, condition: Condition, cause: &str, field: &str) -> Vec<Candidate> {
    let estate = &case.estate;
    let mut clients: BTreeSet<usize> = BTreeSet::new();
    let mut said: Option<(&str, &Complaint)> = None;
    let mut targets: BTreeSet<usize> = BTreeSet::new();
    for log in &estate.bundle.logs {
        let Some(complaint) = log.complaints.iter().find(|one| one.condition == condition) else {
            continue;
        };
        let Some(at) = estate.meant_by(&log.of) else {
            continue;
        };
        if let crate::settings::Resolved::Workloads(behind) =
            crate::settings::resolve(estate, &complaint.target)
        {
            targets.extend(behind);
        }
        clients.insert(at);
        said.get_or_insert((&log.of, complaint));
    }
    let stores = stores(case);
    let probed: BTreeSet<usize> = stores
        .iter()
        .copied()
        .filter(|at| probe_says(case, *at, condition))
        .collect();
    clients.retain(|at| !stores.contains(at));
    if said.is_none() && probed.is_empty() {
        return Vec::new();
    }
    let likely = |at: &usize| -> Option<Candidate> {
        let mut candidate = Candidate::at_workload(cause, estate, *at)?.field(field);
        if let Some((of, complaint)) = said {
            candidate = candidate.seen(Said, "log", format!("logs/{of}"), complaint.sample.clone());
        }
        if probed.contains(at) {
            candidate = candidate.seen(
                Said,
                "event",
                estate.workloads[*at].object.reference(),
                "its own probe is refused in the same words",
            );
        }
        if targets.contains(at) {
            candidate = candidate.seen(Fits, "log", "logs", "the client names it");
        }
        Some(weigh_use(case, candidate, *at, &clients).hurting(clients.iter().copied()))
    };
    stores.iter().filter_map(likely).collect()
}

fn probe_says(case: &Case<'_>, at: usize, condition: Condition) -> bool {
    let words = match condition {
        Condition::TooManyConnections => "Too many connections",
        _ => "read-only",
    };
    let warnings = case.estate.warnings_of(at);
    warnings.iter().any(|event| event.message.contains(words))
}

/// A store that the settings of somebody else name, and those of no client that complains, is his.
fn weigh_use(
    case: &Case<'_>,
    candidate: Candidate,
    at: usize,
    clients: &BTreeSet<usize>,
) -> Candidate {
    let estate = &case.estate;
    let users: Vec<usize> = (0..estate.workloads.len())
        .filter(|user| *user != at)
        .filter(|user| {
            crate::settings::addresses(estate, *user).iter().any(|address| {
                matches!(crate::settings::resolve(estate, &address.host), crate::settings::Resolved::Workloads(behind) if behind.contains(&at))
            })
        })
        .collect();
    let named = users.iter().any(|user| clients.contains(user));
    let reference = estate.workloads[at].object.reference();
    let candidate = match bears_name_of(case, at, clients) {
        Some(other) => {
            let words = format!("by its name it is the store of {other}, which does not complain");
            candidate.seen(Weight::Doubts, "object", reference.clone(), words)
        }
        None => candidate,
    };
    let (weight, words): (Weight, &str) = match (named, users.is_empty()) {
        (true, _) => (Fits, "the settings of a client that complains name it"),
        (false, true) => (Hints, "no other workload's settings name it"),
        (false, false) => (Weight::Doubts, "the settings of another workload name it"),
    };
    candidate.seen(weight, "object", reference, words)
}

/// Letters of a workload's name from which a store may be called after it.
const NAME: usize = 4;

/// A workload after which a store is called, and which does not complain of it.
fn bears_name_of<'a>(case: &'a Case<'_>, at: usize, clients: &BTreeSet<usize>) -> Option<&'a str> {
    let estate = &case.estate;
    let store = &estate.workloads[at].object;
    let others =
        (0..estate.workloads.len()).filter(|other| *other != at && !clients.contains(other));
    let mut names = others.map(|other| &estate.workloads[other].object);
    let found = names.find(|other| {
        let (name, kept) = (other.name, other.namespace == store.namespace);
        kept && name.len() >= NAME && store.name.len() > name.len() && store.name.starts_with(name)
    });
    found.map(|other| other.name)
}
