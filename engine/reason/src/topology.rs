//! Who calls whom, who is an entry, and what each workload is in the call graph.

use aegis_model::{Behaviour, Objects, PodId, Role, ServiceId, Target, WorkloadId};
use std::collections::BTreeSet;

/// The call graph between workloads, as an operator can infer it.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Topology {
    /// Workloads that each workload calls, by id.
    pub callees: Vec<Vec<WorkloadId>>,
    /// Workloads that call each workload.
    pub callers: Vec<Vec<WorkloadId>>,
    /// Workloads behind each Service, whether ready or not.
    pub behind: Vec<Vec<WorkloadId>>,
    /// Workloads behind an entry.
    pub entries: Vec<WorkloadId>,
    /// Share of the entries' requests that pass each workload, 0..=1.
    pub importance: Vec<f64>,
    /// Part of each workload.
    pub roles: Vec<Role>,
}

/// Workloads whose template's labels a Service selects.
fn selected(objects: &Objects, service: ServiceId) -> Vec<WorkloadId> {
    let row = &objects.services[service.index()];
    if row.spec.selector.is_empty() {
        return Vec::new();
    }
    let behind = |(_, workload): &(usize, &aegis_model::objects::Workload)| {
        let labels = &workload.spec.template().metadata.labels;
        workload.header.exists()
            && workload.header.reference.namespace == row.header.reference.namespace
            && row
                .spec
                .selector
                .iter()
                .all(|(key, value)| labels.get(key) == Some(value))
    };
    objects
        .workloads
        .enumerate()
        .filter(behind)
        .map(|(index, _)| WorkloadId::from(index))
        .collect()
}

impl Topology {
    /// The graph of `behaviours` over `objects`, with users at `entries`. The
    /// workloads of a Service whose selector was broken stay known by `before`,
    /// the graph as it was last seen whole.
    #[must_use]
    pub fn new(
        objects: &Objects,
        behaviours: &[Option<Behaviour>],
        entries: &[ServiceId],
        before: Option<&Self>,
    ) -> Self {
        let count = objects.workloads.len();
        let remembered = |service: usize| {
            before
                .and_then(|graph| graph.behind.get(service))
                .cloned()
                .unwrap_or_default()
        };
        let behind: Vec<Vec<WorkloadId>> = (0..objects.services.len())
            .map(|index| {
                let now = selected(objects, ServiceId::from(index));
                if now.is_empty() {
                    remembered(index)
                } else {
                    now
                }
            })
            .collect();
        let callees = callees(count, behaviours, &behind);
        let mut callers = vec![Vec::new(); count];
        for (from, called) in callees.iter().enumerate() {
            for to in called {
                callers[to.index()].push(WorkloadId::from(from));
            }
        }
        let entries: Vec<WorkloadId> = entries
            .iter()
            .filter_map(|entry| behind.get(entry.index()))
            .flatten()
            .copied()
            .collect();
        let importance = importance(behaviours, &behind, &entries, count);
        let roles = roles(objects, &callees, &entries);
        Self {
            callees,
            callers,
            behind,
            entries,
            importance,
            roles,
        }
    }

    /// Workloads within `hops` of `from`, against calls and along them, with their distance.
    #[must_use]
    pub fn around(
        &self,
        from: WorkloadId,
        hops: u32,
        direction: Direction,
    ) -> Vec<(WorkloadId, u32)> {
        let next = match direction {
            Direction::Callers => &self.callers,
            Direction::Callees => &self.callees,
        };
        let mut seen = vec![(from, 0)];
        let mut position = 0;
        while let Some(&(at, distance)) = seen.get(position) {
            position += 1;
            if distance == hops {
                continue;
            }
            for &to in next.get(at.index()).into_iter().flatten() {
                if seen.iter().all(|(known, _)| *known != to) {
                    seen.push((to, distance + 1));
                }
            }
        }
        seen
    }

    /// Workloads within `hops` in either direction of any of `from`, in order of id.
    #[must_use]
    pub fn near(&self, from: &[WorkloadId], hops: u32) -> BTreeSet<WorkloadId> {
        let both = |workload: &WorkloadId| {
            let up = self.around(*workload, hops, Direction::Callers);
            up.into_iter()
                .chain(self.around(*workload, hops, Direction::Callees))
                .map(|(near, _)| near)
        };
        from.iter().flat_map(both).collect()
    }

    /// Workloads that an object concerns: itself, those behind a Service, those on a node, those a policy selects.
    #[must_use]
    pub fn concerned(&self, objects: &Objects, target: Target) -> Vec<WorkloadId> {
        match target {
            Target::Workload(workload) => vec![workload],
            Target::Service(service) => self
                .behind
                .get(service.index())
                .cloned()
                .unwrap_or_default(),
            Target::Policy(policy) => isolated_by(objects, policy.index()),
            Target::Node(node) => {
                let here = |id: &PodId| objects.pods[id.index()].node == Some(node);
                let live = |(index, row): (usize, &aegis_model::objects::Workload)| {
                    row.pods.iter().any(here).then(|| WorkloadId::from(index))
                };
                objects.workloads.enumerate().filter_map(live).collect()
            }
            Target::Plain(_) | Target::Cluster => Vec::new(),
        }
    }
}

/// Which way along the calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Towards users.
    Callers,
    /// Away from users.
    Callees,
}

fn isolated_by(objects: &Objects, policy: usize) -> Vec<WorkloadId> {
    let row = &objects.policies[policy];
    let isolated = |(index, workload): (usize, &aegis_model::objects::Workload)| {
        let here = workload.header.reference.namespace == row.header.reference.namespace;
        let selected = row
            .spec
            .pod_selector
            .matches(&workload.spec.template().metadata.labels);
        (workload.header.exists() && here && selected).then(|| WorkloadId::from(index))
    };
    objects.workloads.enumerate().filter_map(isolated).collect()
}

fn callees(
    count: usize,
    behaviours: &[Option<Behaviour>],
    behind: &[Vec<WorkloadId>],
) -> Vec<Vec<WorkloadId>> {
    let called = |index: usize| {
        let calls = behaviours
            .get(index)
            .and_then(Option::as_ref)
            .map_or(&[][..], |b| &b.calls);
        let mut to: Vec<WorkloadId> = calls
            .iter()
            .filter_map(|call| behind.get(call.to?.index()))
            .flatten()
            .copied()
            .collect();
        to.sort_unstable();
        to.dedup();
        to
    };
    (0..count).map(called).collect()
}

/// Requests that reach each workload per request at the entries, cut at 1; cycles end after as many hops as workloads.
fn importance(
    behaviours: &[Option<Behaviour>],
    behind: &[Vec<WorkloadId>],
    entries: &[WorkloadId],
    count: usize,
) -> Vec<f64> {
    let mut reached = vec![0.0; count];
    let mut wave = vec![0.0; count];
    for entry in entries {
        wave[entry.index()] = 1.0 / entries.len() as f64;
    }
    for _ in 0..count.min(32) {
        let mut next = vec![0.0; count];
        for (from, share) in wave.iter().enumerate().filter(|(_, share)| **share > 0.0) {
            reached[from] += share;
            for call in behaviours
                .get(from)
                .and_then(Option::as_ref)
                .map_or(&[][..], |b| &b.calls)
            {
                let Some(to) = call.to.and_then(|to| behind.get(to.index())) else {
                    continue;
                };
                for workload in to {
                    next[workload.index()] += share * call.ratio / to.len() as f64;
                }
            }
        }
        wave = next;
    }
    reached.iter().map(|share| share.min(1.0)).collect()
}

fn roles(objects: &Objects, callees: &[Vec<WorkloadId>], entries: &[WorkloadId]) -> Vec<Role> {
    let role = |(index, workload): (usize, &aegis_model::objects::Workload)| {
        if entries.contains(&WorkloadId::from(index)) {
            return Role::Entry;
        }
        let images: Vec<&str> = workload
            .spec
            .template()
            .spec
            .containers
            .iter()
            .map(|c| c.image.as_str())
            .collect();
        kept(&images).unwrap_or(if callees[index].is_empty() {
            Role::Leaf
        } else {
            Role::Middle
        })
    };
    objects.workloads.enumerate().map(role).collect()
}

/// What well-known images keep.
fn kept(images: &[&str]) -> Option<Role> {
    const STORES: [&str; 6] = [
        "mongo",
        "mysql",
        "postgres",
        "mariadb",
        "cassandra",
        "elasticsearch",
    ];
    const CACHES: [&str; 3] = ["redis", "memcached", "valkey"];
    const QUEUES: [&str; 3] = ["rabbitmq", "kafka", "nats"];
    let any = |names: &[&str]| {
        images
            .iter()
            .any(|image| names.iter().any(|name| image.contains(name)))
    };
    match () {
        () if any(&CACHES) => Some(Role::Cache),
        () if any(&QUEUES) => Some(Role::Queue),
        () if any(&STORES) => Some(Role::Store),
        () => None,
    }
}
