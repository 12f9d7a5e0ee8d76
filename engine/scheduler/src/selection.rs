//! Which pods a rule over other pods counts, and how many there are per row.

use super::board::{Board, Topology};
use aegis_cluster::cluster::Cluster;
use aegis_cluster::reach::namespace_labels;
use aegis_model::kubernetes::{LabelSelector, Operator, PodAffinityTerm, Requirement};
use aegis_model::objects::Pod;
use aegis_model::{Objects, PodId, TemplateId, WorkloadId};
use alloc::vec::Vec;
use smol_str::SmolStr;

/// Pods that a rule counts.
#[derive(Debug, Clone)]
pub(super) enum Selection {
    /// Of one revision: what a ReplicaSet's selector selects.
    Revision(WorkloadId, TemplateId),
    /// Of one workload: what a StatefulSet's selector selects.
    Workload(WorkloadId),
    /// By labels; all selectors must match. No selector matches nothing.
    Labels {
        namespaces: Namespaces,
        selectors: Vec<LabelSelector>,
    },
}

/// Namespaces that a rule looks into.
#[derive(Debug, Clone)]
pub(super) enum Namespaces {
    These(Vec<SmolStr>),
    /// These, and those with labels.
    Matching(Vec<SmolStr>, LabelSelector),
}

/// Whether pods that are about to go count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Terminating {
    /// Spread leaves them out.
    LeftOut,
    /// Affinity sees them while they are there.
    Counted,
}

impl Namespaces {
    fn contain(&self, objects: &Objects, namespace: &SmolStr) -> bool {
        match self {
            Self::These(names) => names.contains(namespace),
            Self::Matching(names, selector) => {
                names.contains(namespace) || selector.matches(&namespace_labels(objects, namespace))
            }
        }
    }
}

/// The selector with `matchLabelKeys` and `mismatchLabelKeys`, which the API server writes into it
/// (pkg/registry/core/pod/strategy.go).
fn with_own_labels(selector: &LabelSelector, term: &PodAffinityTerm, pod: &Pod) -> LabelSelector {
    let mut selector = selector.clone();
    let same = term.match_label_keys.iter().map(|key| (key, Operator::In));
    let other = term.mismatch_label_keys.iter();
    for (key, operator) in same.chain(other.map(|key| (key, Operator::NotIn))) {
        if let Some(value) = pod.labels.get(key) {
            selector.match_expressions.push(Requirement {
                key: key.clone(),
                operator,
                values: alloc::vec![value.clone()],
            });
        }
    }
    selector
}

impl Selection {
    /// What an affinity term of a pod selects.
    pub fn of_term(term: &PodAffinityTerm, pod: &Pod) -> Self {
        let own = || alloc::vec![pod.namespace.clone()];
        let namespaces = match (&term.namespace_selector, term.namespaces.is_empty()) {
            (Some(selector), _) => Namespaces::Matching(term.namespaces.clone(), selector.clone()),
            (None, true) => Namespaces::These(own()),
            (None, false) => Namespaces::These(term.namespaces.clone()),
        };
        Self::Labels {
            namespaces,
            selectors: term
                .label_selector
                .iter()
                .map(|selector| with_own_labels(selector, term, pod))
                .collect(),
        }
    }

    /// Whether a pod is selected.
    pub fn matches(&self, objects: &Objects, pod: &Pod) -> bool {
        match self {
            Self::Revision(workload, template) => {
                pod.workload == *workload && pod.template == *template
            }
            Self::Workload(workload) => pod.workload == *workload,
            Self::Labels {
                namespaces,
                selectors,
            } => {
                !selectors.is_empty()
                    && selectors.iter().all(|s| s.matches(&pod.labels))
                    && namespaces.contain(objects, &pod.namespace)
            }
        }
    }

    /// Pods that may be selected: those of the workload where there is one.
    fn candidates<'a>(&self, objects: &'a Objects) -> CandidateIds<'a> {
        match self {
            Self::Revision(workload, _) | Self::Workload(workload) => {
                CandidateIds::Of(objects.workloads[workload.index()].pods.iter())
            }
            Self::Labels { .. } => CandidateIds::All(0..objects.pods.len()),
        }
    }

    /// Bound pods that are selected and not in `without`, with their rows.
    pub fn placed<P>(
        &self,
        cluster: &Cluster<P>,
        board: &Board,
        terminating: Terminating,
        without: &[PodId],
    ) -> Vec<usize> {
        let objects = &cluster.objects;
        let mut rows = Vec::new();
        for id in self.candidates(objects) {
            let Some(node) = cluster.workings.scheduler.node_of(id) else {
                continue;
            };
            let pod = &objects.pods[id.index()];
            let counts = terminating == Terminating::Counted || pod.deletion.is_none();
            if counts && !without.contains(&id) && self.matches(objects, pod) {
                rows.extend(board.row_of(node));
            }
        }
        rows
    }
}

enum CandidateIds<'a> {
    Of(core::slice::Iter<'a, PodId>),
    All(core::ops::Range<usize>),
}

impl Iterator for CandidateIds<'_> {
    type Item = PodId;

    fn next(&mut self) -> Option<PodId> {
        match self {
            Self::Of(ids) => ids.next().copied(),
            Self::All(range) => range.next().map(PodId::from),
        }
    }
}

/// Pods per domain.
pub(super) fn per_domain(topology: &Topology, rows: &[usize]) -> Vec<u32> {
    let mut counts = alloc::vec![0; topology.count];
    for row in rows {
        if let Some(domain) = topology.of(*row) {
            counts[domain] += 1;
        }
    }
    counts
}
