//! What is wrong, before anybody asks why.

use crate::doc::{has, items, text};
use crate::estate::Estate;
use aegis_model::bundle::{AttemptOutcome, Condition, Origin};
use std::collections::{BTreeMap, BTreeSet};

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Symptom {
    /// A workload has fewer ready pods than it should, or its containers are restarted.
    Down(usize),
    /// A Service that should have endpoints has none.
    NoEndpoints(String),
    /// A Service cannot be connected to.
    Unreachable(String),
    /// A workload complains of another, by name.
    Complains {
        /// Who.
        from: usize,
        /// Of which workload.
        of: usize,
    },
    /// A workload complains of a Service that there is not.
    Misses {
        /// Who.
        from: usize,
        /// Its name.
        service: String,
    },
    /// An alert fires on a workload.
    Alerts(usize),
    /// A node does not report.
    NodeDown(String),
    /// Nothing can be reached from a node.
    CutOff(String),
}

/// What is wrong, and who calls whom.
#[derive(Debug, Default)]
pub struct Picture {
    /// The symptoms.
    pub symptoms: BTreeSet<Symptom>,
    /// Workloads by those that call them.
    pub callers: BTreeMap<usize, BTreeSet<usize>>,
}

/// Conditions of a log line that complain of somebody else.
const OF_OTHERS: &[Condition] = &[
    Condition::ConnectionRefused,
    Condition::TimedOut,
    Condition::NameNotFound,
    Condition::ConnectionReset,
    Condition::NoBackend,
    Condition::NoInstance,
];

/// Looks at all that is there.
#[must_use]
pub fn look(estate: &Estate<'_>) -> Picture {
    let mut picture = Picture {
        symptoms: BTreeSet::new(),
        callers: callers(estate),
    };
    workloads(estate, &mut picture.symptoms);
    services(estate, &mut picture.symptoms);
    attempts(estate, &mut picture.symptoms);
    complaints(estate, &mut picture.symptoms);
    alerts(estate, &mut picture.symptoms);
    nodes(estate, &mut picture.symptoms);
    picture
}

impl Picture {
    /// Those that call a workload, through any number of hops, with their distance.
    #[must_use]
    pub fn upstream(&self, of: usize) -> BTreeMap<usize, u32> {
        let mut found = BTreeMap::new();
        let mut next = vec![(of, 0)];
        while let Some((at, hops)) = next.pop() {
            for caller in self.callers.get(&at).into_iter().flatten() {
                let better = found.get(caller).is_none_or(|known| *known > hops + 1);
                if better && *caller != of {
                    found.insert(*caller, hops + 1);
                    next.push((*caller, hops + 1));
                }
            }
        }
        found
    }

    /// Those that a workload calls itself.
    #[must_use]
    pub fn callees(&self, of: usize) -> Vec<usize> {
        let all = self.callers.iter();
        all.filter(|(_, callers)| callers.contains(&of))
            .map(|(callee, _)| *callee)
            .collect()
    }
}

fn callers(estate: &Estate<'_>) -> BTreeMap<usize, BTreeSet<usize>> {
    let mut callers: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    for call in &estate.bundle.calls {
        if let (Some(from), Some(to)) = (estate.meant_by(&call.from), estate.meant_by(&call.to)) {
            callers.entry(to).or_default().insert(from);
        }
    }
    for (at, keeper) in estate.workloads.iter().enumerate() {
        for address in crate::settings::addresses(estate, at) {
            let named = estate.find("Service", keeper.object.namespace, &address.host);
            for to in named
                .map(|service| estate.behind(&service))
                .unwrap_or_default()
            {
                callers.entry(to).or_default().insert(at);
            }
        }
    }
    callers
}

/// Restarts of a container that runs now, from which it is a symptom: fewer happen at any start.
pub const RESTARTS: i64 = 2;

fn workloads(estate: &Estate<'_>, found: &mut BTreeSet<Symptom>) {
    for (at, keeper) in estate.workloads.iter().enumerate() {
        if !estate.is_home(keeper.object.namespace) {
            continue;
        }
        if keeper.is_batch() {
            if fails(estate, at) {
                found.insert(Symptom::Down(at));
            }
            continue;
        }
        let here = estate.pods_of(at);
        let ready = here.clone().filter(|pod| pod.is_ready()).count();
        let wanted = keeper.desired.unwrap_or(0);
        let counted = match estate.knows_pods() {
            true => i64::try_from(ready).unwrap_or(i64::MAX),
            false => by_status(keeper.object.doc).unwrap_or(wanted),
        };
        let fewer = counted < wanted;
        let broken = here.clone().any(|pod| !pod.is_ready() && !pod.is_leaving());
        let restarts = here.clone().any(crate::estate::Pod::restarts_again);
        if fewer || broken || restarts {
            found.insert(Symptom::Down(at));
        }
    }
}

/// Ready pods as a workload's own status counts them, where no pod was collected.
fn by_status(doc: &serde_json::Value) -> Option<i64> {
    let observed = crate::doc::number(doc, "/status/replicas").is_some()
        || crate::doc::number(doc, "/status/observedGeneration").is_some();
    observed.then(|| crate::doc::number(doc, "/status/readyReplicas").unwrap_or(0))
}

/// Whether a Job's pods fail, and none has done its work.
fn fails(estate: &Estate<'_>, at: usize) -> bool {
    let pods = estate.pods_of(at);
    let done = pods.clone().any(|pod| pod.phase == "Succeeded");
    let mut pods = pods;
    !done && pods.any(|pod| pod.phase == "Failed" || pod.restarts_again() || pod.is_held())
}

fn services(estate: &Estate<'_>, found: &mut BTreeSet<Symptom>) {
    // Of manifests everything is there: a Service that selects nobody is for nobody.
    let settled = estate.bundle.origin == Origin::Settled;
    for endpoints in estate.of_kind("Endpoints") {
        if !estate.is_home(endpoints.namespace) {
            continue;
        }
        let any = items(endpoints.doc, "/subsets")
            .any(|subset| items(subset, "/addresses").next().is_some());
        let service = estate.find("Service", endpoints.namespace, endpoints.name);
        let expected = service.is_some_and(|service| {
            !estate.behind(&service).is_empty()
                || estate
                    .workload_named(service.namespace, service.name)
                    .is_some()
                || settled && has(service.doc, "/spec/selector")
        });
        if !any && expected {
            found.insert(Symptom::NoEndpoints(endpoints.name.to_owned()));
        }
    }
}

/// Share of attempts that must have failed for the other end to be at fault.
const MOST: f64 = 0.6;

fn attempts(estate: &Estate<'_>, found: &mut BTreeSet<Symptom>) {
    let mut by_service: BTreeMap<&str, (u32, u32)> = BTreeMap::new();
    let mut by_origin: BTreeMap<&str, (u32, u32)> = BTreeMap::new();
    for attempt in &estate.bundle.attempts {
        let failed = match attempt.outcome {
            AttemptOutcome::Failed => 1,
            AttemptOutcome::Connected => 0,
            AttemptOutcome::Unclear => continue,
        };
        for (bad, all) in [
            by_service.entry(&attempt.service).or_default(),
            by_origin.entry(&attempt.from).or_default(),
        ] {
            *bad += failed;
            *all += 1;
        }
    }
    let most = |(bad, all): (u32, u32)| f64::from(bad) >= MOST * f64::from(all) && bad > 0;
    let cut_off: BTreeSet<&str> = by_origin
        .iter()
        .filter(|(_, counts)| most(**counts) && counts.1 > 2)
        .filter_map(|(from, _)| from.strip_prefix("node/"))
        .collect();
    let everybody = cut_off.len() > 1 && cut_off.len() == by_origin.len();
    for (service, counts) in by_service {
        if most(counts) {
            found.insert(Symptom::Unreachable(service.to_owned()));
        }
    }
    for node in cut_off.into_iter().filter(|_| !everybody) {
        found.insert(Symptom::CutOff(node.to_owned()));
    }
}

fn complaints(estate: &Estate<'_>, found: &mut BTreeSet<Symptom>) {
    for log in &estate.bundle.logs {
        let Some(from) = estate.meant_by(&log.of) else {
            continue;
        };
        for complaint in &log.complaints {
            if !OF_OTHERS.contains(&complaint.condition) || complaint.target.is_empty() {
                continue;
            }
            match crate::settings::resolve(estate, &complaint.target) {
                crate::settings::Resolved::Workloads(behind) => {
                    for of in behind.into_iter().filter(|of| *of != from) {
                        found.insert(Symptom::Complains { from, of });
                    }
                }
                crate::settings::Resolved::Nobody(service) => {
                    found.insert(Symptom::Misses { from, service });
                }
                crate::settings::Resolved::Elsewhere => {}
            }
        }
    }
}

fn alerts(estate: &Estate<'_>, found: &mut BTreeSet<Symptom>) {
    let firing = estate.bundle.alerts.iter();
    for at in firing.filter_map(|alert| estate.meant_by(&alert.service)) {
        found.insert(Symptom::Alerts(at));
    }
}

fn nodes(estate: &Estate<'_>, found: &mut BTreeSet<Symptom>) {
    for node in estate.of_kind("Node") {
        let ready = items(node.doc, "/status/conditions")
            .find(|condition| text(condition, "/type") == "Ready");
        if ready.is_some_and(|ready| text(ready, "/status") != "True") {
            found.insert(Symptom::NodeDown(node.name.to_owned()));
        }
    }
}
