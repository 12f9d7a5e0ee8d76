//! What a remedy means for the objects at hand.

use crate::case::Case;
use crate::diagnose::{Candidate, Cause};
use crate::seen::SeenChange;
use aegis_faults::{Act, Aim, Breadth, Remedy};
use aegis_model::kubernetes::Container;
use aegis_model::objects::{ConditionStatus, WorkloadSpec};
use aegis_model::overlay::ProbeKind;
use aegis_model::{
    Action, AutoscalerId, Bytes, FieldPath, Millicores, NodeId, ObjectChange, Objects, PodId,
    PolicyId, Procedure, Quantity, ServiceId, Target, WorkloadId,
};
use serde_json::Value;

/// What is tried for a change that no row of the catalogue names.
pub const FOR_UNNAMED: [Remedy; 2] = [
    Remedy {
        aim: Aim::Undo,
        act: Act::RevertChange,
    },
    Remedy {
        aim: Aim::Undo,
        act: Act::RollBack,
    },
];

/// Factor by which a limit or a number of replicas is raised.
const MORE: u64 = 2;
/// Most replicas that are asked for at once.
const MOST_REPLICAS: u32 = 20;
/// CPU use, as a share of its limit, above which a workload is scaled along with an entry.
const BUSY: f64 = 0.5;
/// Use that a scaled workload should come down to, as a share of its limit.
const COMFORTABLE: f64 = 0.5;

/// The actions of a remedy; `None` where it means nothing here.
#[must_use]
pub fn actions(
    case: &Case,
    objects: &Objects,
    candidate: &Candidate,
    act: Act,
) -> Option<Vec<Action>> {
    let workload = own_workload(case, objects, candidate);
    match act {
        Act::RollBack => roll_back(objects, workload?),
        Act::RevertChange => revert(case, objects, candidate),
        Act::RestartRollout => {
            can_roll(objects, workload?).map(|id| vec![Action::RestartRollout(id)])
        }
        Act::DeletePods => stranded(objects, candidate).or_else(|| delete_pods(objects, workload?)),
        Act::RaiseMemoryLimit => raise_memory(objects, workload?),
        Act::RaiseCpuLimit => raise_cpu(objects, workload?),
        Act::LowerRequests => lower_requests(objects, workload?),
        Act::ScaleOut => scale_out(case, objects, candidate, workload?),
        Act::RestoreReplicas => restore_replicas(case, objects, workload?),
        Act::RaiseAutoscalerMax => raise_autoscaler(objects, workload?),
        Act::Uncordon => node(candidate)
            .filter(|id| is_cordoned(objects, *id))
            .map(|id| vec![Action::Uncordon(id)]),
        Act::Cordon => node(candidate).map(|id| vec![Action::Cordon(id)]),
        Act::Drain => node(candidate).map(|id| vec![Action::Drain(id)]),
        Act::DeletePolicy => policies(case, objects, candidate),
        Act::PatchProbe => patch_probe(case, objects, workload?),
        Act::PatchService => patch_service(case, objects, candidate),
        Act::SetImage => set_image(case, objects, workload?),
        Act::SetEnv => set_env(case, objects, workload?),
        Act::ShedTraffic => shed(case, candidate),
        Act::LimitConcurrency => Some(vec![Action::LimitConcurrency {
            workload: workload?,
            workers: Some(64),
            queue: Some(64),
        }]),
        Act::SetRetries => set_retries(case, workload?),
        Act::PatchPolicy => super::policy::opened(case, objects, candidate),
        // Nothing of what the engine may do reaches it.
        Act::Repair | Act::ClearFinalizers => None,
        Act::Exec(Procedure::AddNode) => super::nodes::with_nodes(objects, candidate.target, &[]),
        Act::Exec(procedure) => super::repair::actions(objects, candidate, workload, procedure),
    }
}

/// The workload that a candidate is about: itself, or the one behind its Service.
fn own_workload(case: &Case, objects: &Objects, candidate: &Candidate) -> Option<WorkloadId> {
    match candidate.target {
        Target::Workload(id) => Some(id),
        other => case.topology.concerned(objects, other).first().copied(),
    }
}

fn node(candidate: &Candidate) -> Option<NodeId> {
    match candidate.target {
        Target::Node(id) => Some(id),
        _ => None,
    }
}

fn is_cordoned(objects: &Objects, node: NodeId) -> bool {
    objects
        .nodes
        .get(node.index())
        .is_some_and(|row| row.spec.unschedulable)
}

/// Workloads that are brought back to a node at most.
const MOST_BACK: usize = 8;

/// Actions that give a node back, then a restart of what ran there before the onset: nothing moves a pod that runs, so
/// what was moved off stays crowded where it went. `None` for other actions, and where nothing went.
#[must_use]
pub fn moved_back(case: &Case, objects: &Objects, own: &[Action]) -> Option<Vec<Action>> {
    let node = own.iter().find_map(|action| match action {
        Action::Uncordon(node) => Some(*node),
        Action::Exec { .. } => action.emptied(),
        _ => None,
    })?;
    let then = before(case)?;
    let ran = |id: &PodId| {
        then.pods
            .get(id.index())
            .is_some_and(|pod| pod.node == Some(node))
    };
    let workloads = then.workloads.enumerate();
    let mut gone: Vec<WorkloadId> = workloads
        .filter(|(_, row)| row.pods.iter().any(ran))
        .map(|(index, _)| WorkloadId::from(index))
        .filter(|id| scales(objects, *id))
        .collect();
    let importance = |id: &WorkloadId| {
        let share = case.topology.importance.get(id.index());
        share.copied().unwrap_or(0.0)
    };
    gone.sort_by(|a, b| importance(b).total_cmp(&importance(a)));
    gone.truncate(MOST_BACK);
    let restarts = gone.iter().copied().map(Action::RestartRollout);
    (!gone.is_empty()).then(|| own.iter().cloned().chain(restarts).collect())
}

/// Whether a workload's pods go wherever there is room: not those of a DaemonSet.
fn scales(objects: &Objects, workload: WorkloadId) -> bool {
    let row = objects.workloads.get(workload.index());
    row.is_some_and(|row| {
        let spec = &*row.spec;
        row.header.exists()
            && matches!(
                spec,
                WorkloadSpec::Deployment(_) | WorkloadSpec::StatefulSet(_)
            )
    })
}

/// Bare pods have no rollouts.
fn can_roll(objects: &Objects, workload: WorkloadId) -> Option<WorkloadId> {
    let spec = &objects.workloads.get(workload.index())?.spec;
    (!matches!(**spec, WorkloadSpec::Pod(_))).then_some(workload)
}

/// Back to the newest earlier revision that is another release: a restart or new limits made
/// revisions too, and going back to those mends nothing.
fn roll_back(objects: &Objects, workload: WorkloadId) -> Option<Vec<Action>> {
    let row = objects
        .workloads
        .get(can_roll(objects, workload)?.index())?;
    let present = &objects.templates.get(row.template.index())?.spec;
    let sets = objects
        .replica_sets
        .iter()
        .filter(|set| set.owner == workload && set.header.exists());
    let mut earlier: Vec<_> = sets.filter(|set| set.template != row.template).collect();
    earlier.sort_by_key(|set| core::cmp::Reverse(set.revision));
    let other = |set: &&&aegis_model::objects::ReplicaSet| {
        !objects.templates[set.template.index()]
            .spec
            .is_same_release(present)
    };
    let found = earlier.iter().find(other);
    if earlier.is_empty() {
        return (row.revision > 1).then(|| {
            vec![Action::RollBack {
                workload,
                revision: None,
            }]
        });
    }
    let set = found.or(earlier.first())?;
    let is_previous = earlier
        .first()
        .is_some_and(|first| first.revision == set.revision);
    Some(vec![Action::RollBack {
        workload,
        revision: (!is_previous).then_some(set.revision),
    }])
}

fn revert(case: &Case, objects: &Objects, candidate: &Candidate) -> Option<Vec<Action>> {
    let Cause::Change(position) = candidate.cause else {
        return None;
    };
    let change = case.changes.get(position)?;
    if let Some(record) = change.record {
        return Some(vec![Action::RevertChange(record)]);
    }
    by_hand(objects, &change.change)
}

/// Changes that are taken back together at most.
const MOST_TOGETHER: usize = 8;

/// Taking back all that was written together with a change that is to be blamed, the newest first; `None` where nothing
/// else was. What went along with it may stand on its own: pods keep the priority of a class that is gone.
#[must_use]
pub fn revert_all(case: &Case, candidate: &Candidate) -> Option<Vec<Action>> {
    let Cause::Change(position) = candidate.cause else {
        return None;
    };
    let blamed = case.changes.get(position)?;
    let together = |other: &&SeenChange| other.record.is_some() && other.is_with(blamed);
    let mut records: Vec<u32> = { case.changes.iter().filter(together) }
        .filter_map(|change| change.record)
        .collect();
    records.sort_unstable_by_key(|record| core::cmp::Reverse(*record));
    let several = blamed.record.is_some() && (2..=MOST_TOGETHER).contains(&records.len());
    several.then(|| records.into_iter().map(Action::RevertChange).collect())
}

/// Taking a change back that the record does not have.
fn by_hand(objects: &Objects, change: &ObjectChange) -> Option<Vec<Action>> {
    let target = crate::resolve(objects, &aegis_faults::betrayal::object(change)?);
    let (ObjectChange::Update { fields, .. }, Target::Service(service)) = (change, target) else {
        return match (change, target) {
            (ObjectChange::Create { .. }, Target::Policy(policy)) => {
                Some(vec![Action::DeletePolicy(policy)])
            }
            _ => None,
        };
    };
    let back = |field: &aegis_model::FieldChange| Action::PatchService {
        service,
        field: field.path.clone(),
        value: field.before.clone(),
    };
    Some(fields.iter().map(back).collect())
}

fn delete_pods(objects: &Objects, workload: WorkloadId) -> Option<Vec<Action>> {
    let pods = &objects.workloads.get(workload.index())?.pods;
    let hurt = |id: &&PodId| {
        objects
            .pods
            .get(id.index())
            .is_some_and(|pod| pod.is_active() && !pod.is_ready())
    };
    let actions: Vec<Action> = pods
        .iter()
        .filter(hurt)
        .take(5)
        .map(|id| Action::DeletePod(*id))
        .collect();
    (!actions.is_empty()).then_some(actions)
}

/// Pods of lost nodes that are deleted at most.
const MOST_STRANDED: usize = 16;

/// Deletes what a lost node took along, so that it is made anew before its tolerations of 300 s run out; `None` where the
/// candidate is no node, or the node answers.
fn stranded(objects: &Objects, candidate: &Candidate) -> Option<Vec<Action>> {
    let own = node(candidate)?;
    let zone = candidate
        .fault
        .is_some_and(|fault| fault.breadth == Breadth::Zone);
    let nodes = if zone {
        objects.zone_of(own)
    } else {
        vec![own]
    };
    let is_lost = |id: &NodeId| {
        let row = objects.nodes.get(id.index());
        row.is_some_and(|row| row.condition("Ready") != ConditionStatus::True)
    };
    let lost: Vec<NodeId> = nodes.into_iter().filter(is_lost).collect();
    let pods = objects.pods.enumerate().filter(|(_, pod)| {
        let row = &objects.workloads[pod.workload.index()];
        let there = pod.node.is_some_and(|node| lost.contains(&node));
        there && pod.is_active() && matches!(*row.spec, WorkloadSpec::Deployment(_))
    });
    let deletes = pods.map(|(index, _)| Action::DeletePod(PodId::from(index)));
    let actions: Vec<Action> = deletes.take(MOST_STRANDED).collect();
    (!actions.is_empty()).then_some(actions)
}

fn main_container(objects: &Objects, workload: WorkloadId) -> Option<&Container> {
    objects
        .workloads
        .get(can_roll(objects, workload)?.index())?
        .spec
        .template()
        .spec
        .containers
        .first()
}

fn raise_memory(objects: &Objects, workload: WorkloadId) -> Option<Vec<Action>> {
    let container = main_container(objects, workload)?;
    let limit = container.resources.limits.memory()?;
    let request = container
        .resources
        .request("memory")
        .map_or(limit, Quantity::bytes);
    let raised = (Bytes(limit.0 * MORE), Bytes(request.0 * MORE));
    Some(vec![Action::SetResources {
        workload,
        container: container.name.clone(),
        cpu: None,
        memory: Some(raised),
    }])
}

fn raise_cpu(objects: &Objects, workload: WorkloadId) -> Option<Vec<Action>> {
    let container = main_container(objects, workload)?;
    let limit = container.resources.limits.cpu()?;
    let request = container
        .resources
        .request("cpu")
        .map_or(limit, Quantity::millicores);
    let raised = (Millicores(limit.0 * MORE), Millicores(request.0 * MORE));
    Some(vec![Action::SetResources {
        workload,
        container: container.name.clone(),
        cpu: Some(raised),
        memory: None,
    }])
}

/// Requests at what was used, so that a pod fits again.
fn lower_requests(objects: &Objects, workload: WorkloadId) -> Option<Vec<Action>> {
    let container = main_container(objects, workload)?;
    let cpu = container.resources.request("cpu")?.millicores();
    let limit = container.resources.limits.cpu().unwrap_or(cpu);
    let lowered = (limit, Millicores((cpu.0 / 2).max(1)));
    Some(vec![Action::SetResources {
        workload,
        container: container.name.clone(),
        cpu: Some(lowered),
        memory: None,
    }])
}

/// More replicas of the workload, and of every busy one that it calls when load is the cause.
fn scale_out(
    case: &Case,
    objects: &Objects,
    candidate: &Candidate,
    workload: WorkloadId,
) -> Option<Vec<Action>> {
    if !matches!(candidate.cause, Cause::Load(_)) {
        let now = objects.workloads.get(workload.index())?.spec.replicas()?;
        return Some(vec![scaled(workload, (now.max(1) * 2).min(MOST_REPLICAS))]);
    }
    let growth = load_growth(case, candidate);
    let mut below: Vec<WorkloadId> = case.topology.near(&[workload], 8).into_iter().collect();
    below.sort_unstable();
    let wanted = |id: WorkloadId| Some(scaled(id, busy_replicas(case, objects, id, growth)?));
    let actions: Vec<Action> = below.into_iter().filter_map(wanted).collect();
    (!actions.is_empty()).then_some(actions)
}

fn scaled(workload: WorkloadId, replicas: u32) -> Action {
    Action::Scale { workload, replicas }
}

/// By how much the load has grown since it was healthy.
pub(super) fn load_growth(case: &Case, candidate: &Candidate) -> f64 {
    let Cause::Load(service) = candidate.cause else {
        return 1.0;
    };
    let before = case.load.mean(service, aegis_model::Tick(0), case.onset[0]);
    let now = case.load.mean(service, case.now, case.now.after(1));
    match (before, now) {
        (Some(before), Some(now)) if before > 0.0 => (now / before).max(1.0),
        _ => 1.0,
    }
}

/// Replicas that bring a workload's use down to a comfortable share of its limit under the grown
/// load, by the CPU that it used while healthy; `None` where it has enough.
fn busy_replicas(case: &Case, objects: &Objects, workload: WorkloadId, growth: f64) -> Option<u32> {
    let row = objects.workloads.get(workload.index())?;
    let now = row.spec.replicas()?;
    let limit = row
        .spec
        .template()
        .spec
        .containers
        .first()?
        .resources
        .limits
        .cpu()?
        .cores();
    let used = healthy_cpu(case, workload)? * growth;
    if used < BUSY * limit * f64::from(now) {
        return None;
    }
    let wanted = libm::ceil(used / (COMFORTABLE * limit)) as u32;
    (wanted > now).then(|| wanted.min(MOST_REPLICAS))
}

/// Mean CPU of a workload before the onset, cores.
fn healthy_cpu(case: &Case, workload: WorkloadId) -> Option<f64> {
    let healthy = case.history.between(aegis_model::Tick(0), case.onset[0]);
    let of = |seen: &std::sync::Arc<aegis_model::Observation>| -> f64 {
        let own = |pod: PodId| {
            seen.objects
                .pods
                .get(pod.index())
                .is_some_and(|row| row.workload == workload)
        };
        seen.samples
            .pods
            .iter()
            .filter(|sample| own(sample.pod))
            .map(|sample| sample.cpu)
            .sum()
    };
    let used: Vec<f64> = healthy.iter().map(of).collect();
    (!used.is_empty()).then(|| used.iter().sum::<f64>() / used.len() as f64)
}

/// The newest observation before the onset: how things were.
fn before(case: &Case) -> Option<&Objects> {
    case.history
        .at_or_before(case.onset[0])
        .map(|seen| &seen.objects)
}

fn restore_replicas(case: &Case, objects: &Objects, workload: WorkloadId) -> Option<Vec<Action>> {
    let then = before(case)?
        .workloads
        .get(workload.index())?
        .spec
        .replicas()?;
    let now = objects.workloads.get(workload.index())?.spec.replicas()?;
    (then > now).then(|| vec![scaled(workload, then)])
}

fn raise_autoscaler(objects: &Objects, workload: WorkloadId) -> Option<Vec<Action>> {
    let name = &objects.workloads.get(workload.index())?.header.reference;
    let position = objects.autoscalers.iter().position(|row| {
        row.header.exists()
            && row.header.reference.namespace == name.namespace
            && row.spec.scale_target_ref.name == name.name
    })?;
    let max = objects.autoscalers[position].spec.max_replicas * MORE as u32;
    Some(vec![Action::PatchAutoscaler {
        autoscaler: AutoscalerId::from(position),
        min: None,
        max: Some(max),
    }])
}

/// Policies that came since the onset and shut the workload off; the candidate's own where it is one.
fn policies(case: &Case, objects: &Objects, candidate: &Candidate) -> Option<Vec<Action>> {
    if let Target::Policy(id) = candidate.target {
        return Some(vec![Action::DeletePolicy(id)]);
    }
    let workload = own_workload(case, objects, candidate)?;
    let known = before(case).map_or(0, |objects| objects.policies.len());
    let shuts = |id: &PolicyId| {
        objects.policies[id.index()].header.exists()
            && case
                .topology
                .concerned(objects, Target::Policy(*id))
                .contains(&workload)
    };
    let new = (known..objects.policies.len())
        .map(PolicyId::from)
        .filter(shuts);
    let actions: Vec<Action> = new.map(Action::DeletePolicy).collect();
    (!actions.is_empty()).then_some(actions)
}

/// How the container was before, as its document had it.
fn container_before<'a>(case: &'a Case, workload: WorkloadId, name: &str) -> Option<&'a Value> {
    let path: FieldPath = "spec.template.spec.containers".parse().ok()?;
    path.item("name", name)
        .get(&before(case)?.workloads.get(workload.index())?.header.doc)
}

fn patch_probe(case: &Case, objects: &Objects, workload: WorkloadId) -> Option<Vec<Action>> {
    let container = main_container(objects, workload)?;
    let then = container_before(case, workload, &container.name)?;
    let path: FieldPath = "spec.template.spec.containers".parse().ok()?;
    let now = path
        .item("name", &container.name)
        .get(&objects.workloads[workload.index()].header.doc)?;
    let probes = [
        (ProbeKind::Readiness, "readinessProbe"),
        (ProbeKind::Liveness, "livenessProbe"),
        (ProbeKind::Startup, "startupProbe"),
    ];
    let changed = probes
        .into_iter()
        .filter(|(_, key)| then.get(key) != now.get(key));
    let actions: Vec<Action> = changed
        .map(|(probe, key)| Action::PatchProbe {
            workload,
            container: container.name.clone(),
            probe,
            value: then.get(key).cloned(),
        })
        .collect();
    (!actions.is_empty()).then_some(actions)
}

fn patch_service(case: &Case, objects: &Objects, candidate: &Candidate) -> Option<Vec<Action>> {
    let Target::Service(service) = candidate.target else {
        return None;
    };
    let (then, now) = (
        &before(case)?.services.get(service.index())?.header,
        &objects.services[service.index()].header,
    );
    let field = |text: &str| -> Option<Action> {
        let path: FieldPath = text.parse().ok()?;
        let (old, new) = (path.get(&then.doc).cloned(), path.get(&now.doc).cloned());
        (old != new).then_some(Action::PatchService {
            service,
            field: path,
            value: old,
        })
    };
    let actions: Vec<Action> = ["spec.selector", "spec.ports"]
        .into_iter()
        .filter_map(field)
        .collect();
    (!actions.is_empty()).then_some(actions)
}

fn set_image(case: &Case, objects: &Objects, workload: WorkloadId) -> Option<Vec<Action>> {
    let container = main_container(objects, workload)?;
    let image = container_before(case, workload, &container.name)?
        .get("image")?
        .as_str()?;
    (image != container.image).then(|| {
        vec![Action::SetImage {
            workload,
            container: container.name.clone(),
            image: image.into(),
        }]
    })
}

fn set_env(case: &Case, objects: &Objects, workload: WorkloadId) -> Option<Vec<Action>> {
    let container = main_container(objects, workload)?;
    let then: Container =
        serde_json::from_value(container_before(case, workload, &container.name)?.clone()).ok()?;
    let wrong = then
        .env
        .iter()
        .filter(|variable| !container.env.contains(variable));
    let actions: Vec<Action> = wrong
        .map(|variable| Action::SetEnv {
            workload,
            container: container.name.clone(),
            name: variable.name.clone(),
            value: variable.value.clone(),
        })
        .collect();
    (!actions.is_empty()).then_some(actions)
}

/// Turns away what is above the load of before.
fn shed(case: &Case, candidate: &Candidate) -> Option<Vec<Action>> {
    let Cause::Load(service) = candidate.cause else {
        return None;
    };
    let share = super::surge::surplus(load_growth(case, candidate))?;
    Some(vec![Action::ShedTraffic { service, share }])
}

/// Callers of the workload try once.
fn set_retries(case: &Case, workload: WorkloadId) -> Option<Vec<Action>> {
    let service = case
        .topology
        .behind
        .iter()
        .position(|behind| behind.contains(&workload))?;
    let callers = case.topology.callers.get(workload.index())?;
    let once = |caller: &WorkloadId| Action::SetRetries {
        workload: *caller,
        service: ServiceId::from(service),
        retries: Some(0),
        timeout: None,
    };
    let actions: Vec<Action> = callers.iter().map(once).collect();
    (!actions.is_empty()).then_some(actions)
}
