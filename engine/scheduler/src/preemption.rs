//! Making room: which pods of lower priority go, and where.
//! Source: pkg/scheduler/framework/{preemption,plugins/defaultpreemption}.

use super::message::{Preemption, Refusal};
use super::placement::Search;
use aegis_cluster::api;
use aegis_cluster::cluster::Cluster;
use aegis_cluster::journal::Journal;
use aegis_cluster::workings::{Demand, NodeSums};
use aegis_model::kubernetes::LabelSelector;
use aegis_model::objects::Severity;
use aegis_model::{NodeId, PodId, Tick};
use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::cmp::Reverse;

/// A node, and who would go.
struct Candidate {
    row: usize,
    victims: Vec<PodId>,
    violations: usize,
}

/// Tries to make room for a pod that fits nowhere.
pub(super) fn make_room<P>(
    cluster: &mut Cluster<P>,
    journal: &mut Journal,
    search: &mut Search,
    id: PodId,
    refusals: &[Refusal],
) -> Preemption {
    if api::pods::preemption_policy(cluster, id).as_deref() == Some("Never") {
        return Preemption::Never;
    }
    if is_waiting_for_room(cluster, id) {
        return Preemption::UnderWay;
    }
    let helpful: Vec<usize> = (0..refusals.len())
        .filter(|row| refusals[*row].is_resolvable())
        .collect();
    let not_helpful = refusals.len() - helpful.len();
    let (candidates, still) = candidates(cluster, search, id, &helpful);
    let best = candidates
        .into_iter()
        .min_by_key(|candidate| rank(cluster, candidate));
    let Some(chosen) = best else {
        return Preemption::InVain {
            no_victims: helpful.len() - still.len(),
            still,
            not_helpful,
        };
    };
    evict(cluster, journal, search, id, &chosen);
    Preemption::Succeeded
}

/// Whether pods are still leaving the node where room was made before.
fn is_waiting_for_room<P>(cluster: &Cluster<P>, id: PodId) -> bool {
    let pod = &cluster.objects.pods[id.index()];
    pod.nominated.is_some_and(|node| {
        let on_node = cluster.workings.index.pods_on(node).iter();
        on_node
            .map(|id| &cluster.objects.pods[id.index()])
            .any(|other| other.deletion.is_some() && other.priority < pod.priority)
    })
}

/// Nodes that are looked at until there are this many candidates: a tenth, at least 100.
fn enough(nodes: usize) -> usize {
    (nodes / 10).max(100)
}

/// Candidates, and what the nodes that have victims but are none refuse the pod for.
fn candidates<P>(
    cluster: &Cluster<P>,
    search: &mut Search,
    id: PodId,
    rows: &[usize],
) -> (Vec<Candidate>, Vec<Refusal>) {
    let wanted = enough(search.board.rows.len());
    let (mut found, mut still) = (Vec::new(), Vec::new());
    for row in rows {
        match candidate(cluster, search, id, *row) {
            Ok(candidate) => found.push(candidate),
            Err(refusal) => still.extend(refusal),
        }
        if found.len() >= wanted {
            break;
        }
    }
    (found, still)
}

/// Who must go from a row: all of lower priority, but for those that fit back in,
/// those whose budget would be violated first, then the more important.
///
/// # Errors
/// What the row refuses the pod for with all of them gone; `None` where there are none.
fn candidate<P>(
    cluster: &Cluster<P>,
    search: &mut Search,
    id: PodId,
    row: usize,
) -> Result<Candidate, Option<Refusal>> {
    let node = search.board.rows[row].node;
    let mut lower = lower_pods(cluster, id, node);
    if lower.is_empty() {
        return Err(None);
    }
    // Room that was made for others of at least its priority is not this pod's
    // (`RunFilterPluginsWithNominatedPods`).
    let mut sums = search.with_nominated(cluster, id, row);
    for pod in &lower {
        sums.subtract(&demand_of(cluster, *pod));
    }
    if let Some(refusal) = search.refuses_without(cluster, id, row, &sums, &lower) {
        return Err(Some(refusal));
    }
    lower.sort_by_key(|pod| importance(cluster, *pod));
    let (violating, others) = split_by_budget(cluster, &lower);
    let mut victims = lower;
    let mut violations = 0;
    for pod in &violating {
        let kept = reprieve(cluster, search, id, row, &mut sums, &mut victims, *pod);
        violations += usize::from(kept == Reprieve::Refused);
    }
    for pod in &others {
        reprieve(cluster, search, id, row, &mut sums, &mut victims, *pod);
    }
    Ok(Candidate {
        row,
        victims,
        violations,
    })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reprieve {
    Granted,
    Refused,
}

/// Leaves `pod` where it is if the incoming one fits beside it.
fn reprieve<P>(
    cluster: &Cluster<P>,
    search: &mut Search,
    id: PodId,
    row: usize,
    sums: &mut NodeSums,
    victims: &mut Vec<PodId>,
    pod: PodId,
) -> Reprieve {
    let demand = demand_of(cluster, pod);
    sums.add(&demand);
    victims.retain(|victim| *victim != pod);
    let refusal = search.refuses_without(cluster, id, row, sums, victims);
    if refusal.is_none() {
        return Reprieve::Granted;
    }
    sums.subtract(&demand);
    victims.push(pod);
    Reprieve::Refused
}

fn lower_pods<P>(cluster: &Cluster<P>, id: PodId, node: NodeId) -> Vec<PodId> {
    let priority = cluster.objects.pods[id.index()].priority;
    let on_node = cluster.workings.index.pods_on(node).iter().copied();
    on_node
        .filter(|pod| cluster.workings.scheduler.node_of(*pod) == Some(node))
        .filter(|pod| cluster.objects.pods[pod.index()].priority < priority)
        .collect()
}

fn demand_of<P>(cluster: &Cluster<P>, pod: PodId) -> Demand {
    let template = cluster.objects.pods[pod.index()].template;
    Demand::of(&cluster.objects.templates[template.index()].spec.spec)
}

/// More important first: higher priority, then longer running.
fn importance<P>(cluster: &Cluster<P>, pod: PodId) -> (Reverse<i32>, Tick, PodId) {
    let row = &cluster.objects.pods[pod.index()];
    (Reverse(row.priority), start_of(cluster, pod), pod)
}

fn start_of<P>(cluster: &Cluster<P>, pod: PodId) -> Tick {
    let row = &cluster.objects.pods[pod.index()];
    row.started.unwrap_or(cluster.clock)
}

/// Pods whose eviction a budget would not allow, and the others; each uses up its budgets' allowance.
fn split_by_budget<P>(cluster: &Cluster<P>, pods: &[PodId]) -> (Vec<PodId>, Vec<PodId>) {
    let mut allowed: Vec<i64> = cluster
        .objects
        .budgets
        .iter()
        .map(|budget| i64::from(budget.allowed))
        .collect();
    pods.iter().copied().partition(|pod| {
        let row = &cluster.objects.pods[pod.index()];
        let mut violates = false;
        for (budget, left) in cluster.objects.budgets.iter().zip(&mut allowed) {
            let meant = budget.header.exists()
                && budget.header.reference.namespace == row.namespace
                && budget.spec.selector != Some(LabelSelector::default())
                && budget.spec.selects(&row.labels);
            if meant {
                *left -= 1;
                violates |= *left < 0;
            }
        }
        violates
    })
}

/// Order of candidates, best first: fewest violations, lowest highest priority, lowest
/// sum of priorities, fewest victims, latest start of the most important.
fn rank<P>(cluster: &Cluster<P>, candidate: &Candidate) -> (usize, i32, i64, usize, Reverse<Tick>) {
    let priority = |pod: &PodId| cluster.objects.pods[pod.index()].priority;
    let highest = candidate
        .victims
        .iter()
        .map(priority)
        .max()
        .unwrap_or(i32::MIN);
    let sum = candidate
        .victims
        .iter()
        .map(|pod| i64::from(priority(pod)) + (1 << 31))
        .sum();
    let start = candidate
        .victims
        .iter()
        .filter(|pod| priority(pod) == highest)
        .map(|pod| start_of(cluster, *pod))
        .min();
    (
        candidate.violations,
        highest,
        sum,
        candidate.victims.len(),
        Reverse(start.unwrap_or_default()),
    )
}

fn evict<P>(
    cluster: &mut Cluster<P>,
    journal: &mut Journal,
    search: &Search,
    id: PodId,
    chosen: &Candidate,
) {
    let node = search.board.rows[chosen.row].node;
    let node_name = cluster.objects.nodes[node.index()]
        .header
        .reference
        .name
        .clone();
    let uid = api::uid_of(cluster.objects.pods[id.index()].number);
    let message = format!("Preempted by pod {uid} on node {node_name}");
    for victim in &chosen.victims {
        let object = api::events::pod_ref(&cluster.objects.pods[victim.index()]);
        let source = api::events::Source::of(super::COMPONENT);
        let normal = Severity::Normal;
        api::events::record(
            cluster,
            journal,
            normal,
            "Preempted",
            &message,
            &object,
            source,
        );
        api::pods::set_disruption_target(
            cluster,
            *victim,
            "PreemptionByScheduler",
            "default-scheduler: preempting to accommodate a higher priority pod",
        );
        let grace = api::pods::grace_of(cluster, *victim);
        api::pods::begin_deletion(cluster, *victim, grace);
    }
    nominate(cluster, id, node);
}

/// Keeps the room for the pod; less important pods lose their claim on the node.
fn nominate<P>(cluster: &mut Cluster<P>, id: PodId, node: NodeId) {
    let priority = cluster.objects.pods[id.index()].priority;
    let objects = &mut cluster.objects;
    let nominated = Arc::make_mut(&mut cluster.workings.scheduler.nominated);
    let lower: Vec<PodId> = nominated
        .iter()
        .filter(|(other, at)| **at == node && objects.pods[other.index()].priority < priority)
        .map(|(other, _)| *other)
        .collect();
    for other in lower {
        nominated.remove(&other);
        objects.pods[other.index()].nominated = None;
    }
    nominated.insert(id, node);
    objects.pods[id.index()].nominated = Some(node);
}
