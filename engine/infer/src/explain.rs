//! The reasons for what was inferred, in words.

use super::entry::{Door, Entry};
use super::graph::Why;
use super::{CallPrior, CostBasis, Inferred, WorkloadPrior, reference};
use aegis_model::{Objects, ServiceId, Target};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// One inferred fact with its reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// Of what.
    pub subject: Target,
    /// What is believed.
    pub what: String,
    /// Why.
    pub why: String,
}

impl Inferred {
    /// Every inferred fact of note, by workload, then by entry. `objects` are those that were inferred from.
    #[must_use]
    pub fn explain(&self, objects: &Objects) -> Vec<Fact> {
        let of_workload = |prior: &WorkloadPrior| {
            let calls = prior
                .calls
                .iter()
                .map(|call| call_fact(objects, prior, call));
            [cost_fact(prior), memory_fact(prior)]
                .into_iter()
                .chain(calls)
                .collect::<Vec<Fact>>()
        };
        let entries = self.entries.iter().map(|entry| entry_fact(objects, entry));
        self.workloads
            .iter()
            .flat_map(of_workload)
            .chain(entries)
            .collect()
    }
}

fn service(objects: &Objects, id: ServiceId) -> &str {
    &objects.services[id.index()].header.reference.name
}

fn cost_fact(prior: &WorkloadPrior) -> Fact {
    let why = match prior.cost_basis {
        _ if prior.generator => "sends load only as `traffic` says".to_string(),
        CostBasis::Runtime => format!("usual for {:?}", prior.runtime),
        CostBasis::Request { cores, rate } => format!(
            "requests of {:.0}m in all, taken to be sized for {rate:.1} requests/s, and usual for {:?}",
            cores * 1000.0,
            prior.runtime
        ),
    };
    Fact {
        subject: Target::Workload(prior.workload),
        what: format!(
            "{:.2} ms CPU and {:.1} ms besides per request",
            prior.cpu_per_request.median * 1000.0,
            prior.latency.median * 1000.0
        ),
        why,
    }
}

fn memory_fact(prior: &WorkloadPrior) -> Fact {
    Fact {
        subject: Target::Workload(prior.workload),
        what: format!(
            "{:.0} MiB at rest, {:.0} KiB per request in flight, starts in {:.1} s",
            prior.memory_base.median / 1_048_576.0,
            prior.memory_per_request.median / 1024.0,
            prior.startup.median
        ),
        why: format!(
            "memory request and limit, and usual for {:?}",
            prior.runtime
        ),
    }
}

fn call_fact(objects: &Objects, prior: &WorkloadPrior, call: &CallPrior) -> Fact {
    let what = match call.to {
        Some(to) => format!(
            "calls {} {:.2} times per request",
            service(objects, to),
            call.ratio.median
        ),
        None => "names an address that no Service has; never called".to_string(),
    };
    let why = match (&call.why, call.to) {
        (Why::Address { place, text }, _) => format!("{place} is `{text}`"),
        (Why::Name, Some(to)) => {
            let own = &reference(objects, prior.workload).name;
            format!("{} is named after {own}", service(objects, to))
        }
        (Why::Name, None) => "by its name".to_string(),
        (Why::Secret(secret), _) => format!("both read Secret {secret}"),
        (Why::Image(source), _) => format!("known image: {source}"),
    };
    Fact {
        subject: Target::Workload(prior.workload),
        what,
        why,
    }
}

fn entry_fact(objects: &Objects, entry: &Entry) -> Fact {
    let why = match entry.door {
        Door::LoadBalancer => "Service of type LoadBalancer",
        Door::Ingress => "an Ingress or route sends to it",
        Door::NodePort => "Service of type NodePort",
        Door::Uncalled => "nobody in the cluster calls it, and it calls others",
        Door::CalledNodePort => {
            "Service of type NodePort, and nothing that nobody in the cluster calls is there"
        }
        Door::Alone => "nobody calls it, and nothing else could be an entry",
    };
    let aliases: Vec<&str> = entry
        .aliases
        .iter()
        .map(|id| service(objects, *id))
        .collect();
    let also = match aliases.is_empty() {
        true => String::new(),
        false => format!(", also as {}", aliases.join(", ")),
    };
    Fact {
        subject: Target::Service(entry.service),
        what: format!(
            "users reach it as {}{also}",
            service(objects, entry.service)
        ),
        why: why.to_string(),
    }
}
