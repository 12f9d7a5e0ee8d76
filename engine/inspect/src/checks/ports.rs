//! Containers of a pod that listen on the same port: they share one network, and the second to start ends.

use super::Case;
use super::served::listening;
use crate::candidate::{
    Candidate,
    Weight::{Fits, Proven},
};
use crate::containers::{Container, of_workload};
use crate::doc::{items, number, text};
use crate::estate::Estate;
use std::collections::BTreeMap;

pub(super) fn find(case: &Case<'_>) -> Vec<Candidate> {
    let estate = &case.estate;
    let all = 0..estate.workloads.len();
    all.filter_map(|at| shared(estate, at)).collect()
}

/// How it is known on which ports a container listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Known {
    /// By its image, which is as it comes, or by its command.
    ByImage,
    /// It declares them.
    Declared,
}

fn ports_of(estate: &Estate<'_>, one: &Container<'_>) -> Vec<(i64, Known)> {
    if let Some(found) = listening(estate, one) {
        return found
            .ports
            .iter()
            .map(|port| (*port, Known::ByImage))
            .collect();
    }
    let tcp = items(one.doc, "/ports").filter(|one| matches!(text(one, "/protocol"), "" | "TCP"));
    tcp.filter_map(|one| Some((number(one, "/containerPort")?, Known::Declared)))
        .collect()
}

fn shared(estate: &Estate<'_>, at: usize) -> Option<Candidate> {
    let keeper = &estate.workloads[at];
    let mut taken: BTreeMap<i64, (&str, Known)> = BTreeMap::new();
    for one in of_workload(estate, at).filter(|one| one.list == "containers") {
        let name = one.name();
        for (port, known) in ports_of(estate, &one) {
            let Some((first, how)) = taken.insert(port, (name, known)) else {
                continue;
            };
            if first == name {
                continue;
            }
            let words = format!("{first} and {name} both listen on {port}, in one network");
            let both = known == Known::ByImage && how == Known::ByImage;
            let found = Candidate::at_workload("port_taken_in_pod", estate, at)?
                .field(format!("spec.template.spec.containers[name={name}].ports"))
                .value("value", port.to_string())
                .seen(
                    // What a container declares is for people to read: it may listen elsewhere.
                    if both { Proven } else { Fits },
                    "object",
                    keeper.object.reference(),
                    words,
                );
            return Some(found.by_itself());
        }
    }
    None
}
