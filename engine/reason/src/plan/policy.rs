//! Letting callers through a NetworkPolicy that keeps them out, and no one else.

use crate::case::Case;
use crate::diagnose::Candidate;
use crate::topology::Direction;
use aegis_model::kubernetes::{IngressRule, LabelSelector, NetworkPolicySpec, PolicyPeer};
use aegis_model::{Action, Objects, Target, WorkloadId};
use std::sync::Arc;

/// Label by which the API server names each namespace (since Kubernetes 1.22).
const NAME: &str = "kubernetes.io/metadata.name";

/// One ingress rule more: whoever calls what the policy isolates. `None` where the policy does not
/// isolate from ingress, or nobody calls.
#[must_use]
pub fn opened(case: &Case, objects: &Objects, candidate: &Candidate) -> Option<Vec<Action>> {
    let Target::Policy(policy) = candidate.target else {
        return None;
    };
    let row = objects
        .policies
        .get(policy.index())
        .filter(|row| row.header.exists())?;
    let types = &row.spec.policy_types;
    if !types.is_empty() && types.iter().all(|kind| kind != "Ingress") {
        return None;
    }
    let isolated = case.topology.concerned(objects, candidate.target);
    let mut callers: Vec<WorkloadId> = isolated
        .iter()
        .flat_map(|workload| case.topology.around(*workload, 1, Direction::Callers))
        .filter(|(_, hops)| *hops == 1)
        .map(|(workload, _)| workload)
        .collect();
    callers.sort_unstable();
    callers.dedup();
    let own = &row.header.reference.namespace;
    let peers: Vec<PolicyPeer> = callers
        .iter()
        .filter_map(|id| peer(objects, *id, own))
        .collect();
    if peers.is_empty() {
        return None;
    }
    let rule = IngressRule {
        peers,
        ports: Vec::new(),
    };
    let mut spec: NetworkPolicySpec = (*row.spec).clone();
    spec.ingress.push(rule);
    Some(vec![Action::PatchPolicy {
        policy,
        spec: Arc::new(spec),
    }])
}

/// A workload's pods as a peer of a policy in a namespace.
fn peer(objects: &Objects, workload: WorkloadId, own: &str) -> Option<PolicyPeer> {
    let row = objects.workloads.get(workload.index())?;
    let namespace = &row.header.reference.namespace;
    let elsewhere = (namespace != own).then(|| LabelSelector {
        match_labels: [(NAME.into(), namespace.clone())].into_iter().collect(),
        match_expressions: Vec::new(),
    });
    Some(PolicyPeer {
        pod_selector: Some(row.spec.selector()?.clone()),
        namespace_selector: elsewhere,
        ip_block: None,
    })
}
