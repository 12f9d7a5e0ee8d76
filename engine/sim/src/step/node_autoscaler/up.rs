//! Growing: which group gets how many nodes for the pods that wait.

use super::{counted, due, group_mut, join, say, size, status};
use aegis_cluster::api::events::pod_ref;
use aegis_cluster::{Cluster, Draws, Journal};
use aegis_model::objects::ConditionStatus;
use aegis_model::{NodeId, PodId, Tick};
use aegis_scheduler::Rehearsal;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// Whether a group was told to grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "yes and no")]
pub(super) enum Grown {
    Yes,
    No,
}

/// What growing one group would do.
struct Choice {
    group: usize,
    nodes: u32,
    helped: Vec<PodId>,
    /// Share of the new nodes' CPU and memory that nobody would ask for, added up: 0..=2.
    waste: f64,
}

/// Why a group helps a pod or does not.
type Reasons = BTreeMap<PodId, BTreeMap<String, u32>>;

/// Looks for pods that wait and lets the best group grow for them.
pub(super) fn look<P: Clone>(
    cluster: &mut Cluster<P>,
    draws: Draws,
    journal: &mut Journal,
) -> Grown {
    let waiting = unplaced(cluster, draws);
    if waiting.is_empty() {
        return Grown::No;
    }
    let mut reasons = Reasons::new();
    let groups = 0..cluster.workings.node_autoscaler.groups.len();
    let choices: Vec<Choice> = groups
        .filter_map(|group| choice(cluster, draws, group, &waiting, &mut reasons))
        .collect();
    // The least waste; of equals the first (expander `least-waste`).
    let best = choices.into_iter().reduce(|best, other| {
        if other.waste < best.waste {
            other
        } else {
            best
        }
    });
    match best {
        Some(choice) => {
            grow(cluster, journal, &choice);
            Grown::Yes
        }
        None => {
            tell_why_not(cluster, journal, &waiting, &reasons);
            Grown::No
        }
    }
}

/// Pods that the scheduler gave up on and that no node takes, not even one that is coming.
fn unplaced<P: Clone>(cluster: &Cluster<P>, draws: Draws) -> Vec<PodId> {
    let unbound = cluster.workings.index.unbound().iter().copied();
    let mut waiting: Vec<PodId> = unbound.filter(|pod| is_given_up(cluster, *pod)).collect();
    if waiting.is_empty() {
        return waiting;
    }
    let mut fork = cluster.fork();
    let groups = cluster.workings.node_autoscaler.groups.clone();
    for (index, group) in groups.iter().enumerate() {
        let coming = group
            .coming
            .iter()
            .filter(|_| group.backed_off <= cluster.clock);
        for _ in coming {
            join(&mut fork, index);
        }
    }
    let mut trial = Rehearsal::of(&mut fork);
    waiting.retain(|pod| trial.place(&mut fork, draws, *pod).is_none());
    waiting
}

/// Priority below which a pod is not worth a node (`--expendable-pods-priority-cutoff`).
const CUT_OFF: i32 = -10;

/// Whether the pod's last attempt ended with `Unschedulable` and no room is being made for it.
fn is_given_up<P>(cluster: &Cluster<P>, pod: PodId) -> bool {
    let row = &cluster.objects.pods[pod.index()];
    let scheduled = &row.conditions.scheduled;
    row.deletion.is_none()
        && row.nominated.is_none()
        && row.priority >= CUT_OFF
        && scheduled.status == ConditionStatus::False
        && scheduled.reason == "Unschedulable"
        && cluster.workings.control.daemon_node(pod).is_none()
}

/// What a group could do, if it may grow and helps anybody.
fn choice<P: Clone>(
    cluster: &Cluster<P>,
    draws: Draws,
    group: usize,
    waiting: &[PodId],
    reasons: &mut Reasons,
) -> Option<Choice> {
    let row = &cluster.workings.node_autoscaler.groups[group];
    let room = row.max.saturating_sub(size(cluster, row));
    let skipped = if row.backed_off > cluster.clock {
        Some("in backoff after failed scale-up")
    } else if room == 0 {
        Some("max node group size reached")
    } else {
        None
    };
    let helped = match skipped {
        Some(why) => {
            for pod in waiting {
                count(reasons, *pod, why.into());
            }
            Vec::new()
        }
        None => fitting(cluster, group, waiting, reasons),
    };
    if helped.is_empty() {
        return None;
    }
    packed(cluster, draws, group, &helped, room)
}

fn count(reasons: &mut Reasons, pod: PodId, why: String) {
    *reasons.entry(pod).or_default().entry(why).or_default() += 1;
}

/// Pods that an empty node of the group would take.
fn fitting<P: Clone>(
    cluster: &Cluster<P>,
    group: usize,
    waiting: &[PodId],
    reasons: &mut Reasons,
) -> Vec<PodId> {
    let mut fork = cluster.fork();
    let Some(node) = join(&mut fork, group) else {
        return Vec::new();
    };
    let mut trial = Rehearsal::of(&mut fork);
    trial.charge_daemons(&mut fork, node);
    let mut helped = Vec::new();
    for pod in waiting {
        let objections = trial.objections(&mut fork, node, *pod);
        if objections.is_empty() {
            helped.push(*pod);
        }
        for why in objections {
            count(reasons, *pod, why);
        }
    }
    helped
}

/// Packs the pods onto new nodes of the group, the next one when none has room.
fn packed<P: Clone>(
    cluster: &Cluster<P>,
    draws: Draws,
    group: usize,
    pods: &[PodId],
    room: u32,
) -> Option<Choice> {
    let mut fork = cluster.fork();
    let mut nodes: Vec<NodeId> = Vec::new();
    let mut helped = Vec::new();
    let mut trial = Rehearsal::of(&mut fork);
    for pod in pods {
        if trial.place(&mut fork, draws, *pod).is_some() {
            helped.push(*pod);
            continue;
        }
        if nodes.len() as u32 >= room {
            continue;
        }
        nodes.push(join(&mut fork, group)?);
        trial = Rehearsal::of(&mut fork);
        for node in &nodes {
            trial.charge_daemons(&mut fork, *node);
        }
        if trial.place(&mut fork, draws, *pod).is_some() {
            helped.push(*pod);
        }
    }
    let waste =
        nodes.iter().map(|node| waste(&fork, *node)).sum::<f64>() / nodes.len().max(1) as f64;
    (!nodes.is_empty() && !helped.is_empty()).then_some(Choice {
        group,
        nodes: nodes.len() as u32,
        helped,
        waste,
    })
}

/// Shares of a node's CPU and memory that nobody asks for, added up.
fn waste<P>(cluster: &Cluster<P>, node: NodeId) -> f64 {
    let shares = super::down::shares(cluster, node);
    shares.iter().map(|share| (1.0 - share).max(0.0)).sum()
}

fn grow<P>(cluster: &mut Cluster<P>, journal: &mut Journal, choice: &Choice) {
    let now: Tick = cluster.clock;
    let row = &cluster.workings.node_autoscaler.groups[choice.group];
    let (name, max, before) = (row.name.clone(), row.max, size(cluster, row));
    let after = before + choice.nodes;
    let group = group_mut(cluster, choice.group);
    let due = due(group, now);
    group.coming.extend((0..choice.nodes).map(|_| due));
    let message =
        format!("Scale-up: setting group {name} size to {after} instead of {before} (max: {max})");
    say(cluster, journal, "ScaledUpGroup", &message, &status());
    let message = format!("pod triggered scale-up: [{{{name} {before}->{after} (max: {max})}}]");
    for pod in &choice.helped {
        let about = pod_ref(&cluster.objects.pods[pod.index()]);
        say(cluster, journal, "TriggeredScaleUp", &message, &about);
    }
}

fn tell_why_not<P>(
    cluster: &mut Cluster<P>,
    journal: &mut Journal,
    waiting: &[PodId],
    reasons: &Reasons,
) {
    for pod in waiting {
        let Some(why) = reasons.get(pod) else {
            continue;
        };
        let message = format!("pod didn't trigger scale-up: {}", counted(why));
        let about = pod_ref(&cluster.objects.pods[pod.index()]);
        say(cluster, journal, "NotTriggerScaleUp", &message, &about);
    }
}
