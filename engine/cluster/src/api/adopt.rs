//! Workings for objects that were observed: what controllers and kubelets would
//! know if they started now and read the API server.
//!
//! Objects are taken as they are; what nobody can see (queues, memory, samples of
//! metrics) starts empty. Unlike a document that a user brings, an observed
//! status is not taken for a cause: a pod that is not ready may become so.

use super::{events, storage};
use crate::Workings;
use crate::workings::{Beliefs, JobControl, Slot, WorkloadControl};
use aegis_model::kubernetes::{Kind, ObjectRef};
use aegis_model::objects::{Workload, WorkloadSpec};
use aegis_model::{Objects, PodId, ReplicaSetId, ServiceId, TemplateId, Tick, WorkloadId};
use alloc::sync::Arc;
use alloc::vec::Vec;

/// The workings of a cluster whose objects were observed at `now`. Behaviour and load are the caller's.
#[must_use]
pub fn adopt(objects: &Objects, now: Tick) -> Workings {
    let mut workings = Workings::default();
    workings.kubelet.beliefs = Beliefs::Physics;
    workings.policies.stale = true;
    index(objects, &mut workings);
    volumes(objects, &mut workings);
    controllers(objects, &mut workings, now);
    for (position, row) in objects.pods.enumerate() {
        let pod = PodId::from(position);
        workings.pods.admit(pod);
        if row.exists() {
            let owner = &objects.workloads[row.workload.index()].spec;
            if matches!(**owner, WorkloadSpec::Pod(_)) {
                Arc::make_mut(&mut workings.control.orphans).insert(pod);
            }
            admit_pod(objects, &mut workings, pod, now);
        }
    }
    workings.index.topology_dirty = true;
    workings
}

fn index(objects: &Objects, workings: &mut Workings) {
    let mut rows: Vec<(u32, ObjectRef, Slot)> = Vec::new();
    let mut add = |header: &aegis_model::objects::Header, slot: Slot| {
        rows.push((header.number, header.reference.clone(), slot));
    };
    objects
        .nodes
        .enumerate()
        .for_each(|(i, row)| add(&row.header, Slot::Node(i.into())));
    objects
        .workloads
        .enumerate()
        .for_each(|(i, row)| add(&row.header, Slot::Workload(i.into())));
    objects
        .replica_sets
        .enumerate()
        .for_each(|(i, row)| add(&row.header, Slot::ReplicaSet(i.into())));
    objects
        .services
        .enumerate()
        .for_each(|(i, row)| add(&row.header, Slot::Service(i.into())));
    objects
        .autoscalers
        .enumerate()
        .for_each(|(i, row)| add(&row.header, Slot::Autoscaler(i.into())));
    objects
        .policies
        .enumerate()
        .for_each(|(i, row)| add(&row.header, Slot::Policy(i.into())));
    objects
        .budgets
        .enumerate()
        .for_each(|(i, row)| add(&row.header, Slot::Budget(i.into())));
    objects
        .volumes
        .enumerate()
        .for_each(|(i, row)| add(&row.header, Slot::Volume(i.into())));
    objects
        .claims
        .enumerate()
        .for_each(|(i, row)| add(&row.header, Slot::Claim(i.into())));
    objects
        .classes
        .enumerate()
        .for_each(|(i, row)| add(&row.header, Slot::Class(i.into())));
    objects
        .plain
        .enumerate()
        .for_each(|(i, row)| add(&row.header, Slot::Plain(i.into())));
    for (position, pod) in objects.pods.enumerate() {
        rows.push((pod.number, events::pod_ref(pod), Slot::Pod(position.into())));
    }
    rows.sort_by_key(|(number, ..)| *number);
    for (_, reference, slot) in &rows {
        workings.index.insert(reference, *slot);
    }
    workings
        .index
        .count_from(rows.last().map_or(0, |(number, ..)| number + 1));
    for event in objects.events.iter() {
        workings
            .index
            .events
            .push(events::hash_of(&event.object, &event.reason));
    }
    for _ in 0..objects.nodes.len() {
        workings.index.admit_node();
    }
    workings.index.default_priority = default_priority(objects);
}

/// What the volume controllers would know: who uses what, and whom to look at.
fn volumes(objects: &Objects, workings: &mut Workings) {
    if objects.claims.is_empty() && objects.volumes.is_empty() {
        return;
    }
    for (position, _) in objects.volumes.enumerate() {
        workings.storage.mark_volume(position.into());
    }
    for (position, _) in objects.claims.enumerate() {
        workings.storage.mark_claim(position.into());
    }
    let pods = objects.pods.enumerate();
    for (position, pod) in pods.filter(|(_, pod)| pod.exists() && pod.node.is_some()) {
        for (_, name) in storage::claim_names(objects, pod) {
            let claim = ObjectRef::new(Kind::PersistentVolumeClaim, &pod.namespace, &name);
            if let Some(Slot::Claim(claim)) = workings.index.find(objects, &claim) {
                workings.storage.use_claim(claim, position.into());
            }
        }
    }
}

fn default_priority(objects: &Objects) -> i32 {
    let classes = objects
        .plain
        .iter()
        .filter(|row| row.header.exists() && row.header.reference.kind == Kind::PriorityClass);
    let global = classes.filter(|row| row.header.doc["globalDefault"] == true);
    global
        .filter_map(|row| row.header.doc["value"].as_i64())
        .next()
        .map_or(0, |value| i32::try_from(value).unwrap_or(0))
}

fn controllers(objects: &Objects, workings: &mut Workings, now: Tick) {
    let control = &mut workings.control;
    for (position, row) in objects.workloads.enumerate() {
        let workload = WorkloadId::from(position);
        workings.behaviours.push(None);
        control.workloads.push(known_of(objects, workload));
        workings
            .kubelet
            .first_templates
            .push(first_template(objects, workload));
        if row.header.exists() {
            control.enqueue(workload);
        }
    }
    for position in 0..objects.templates.len() {
        control
            .pod_labels
            .push(labels_of(objects, TemplateId::from(position)));
    }
    control.dirty_services = Arc::new((0..objects.services.len()).map(ServiceId::from).collect());
    control.dirty_budgets = Arc::new((0..objects.budgets.len()).map(Into::into).collect());
    for _ in 0..objects.autoscalers.len() {
        control.admit_autoscaler(now);
    }
    control.nodes_changed = true;
}

/// Labels that pods of a template carry, as one of its pods shows them; else those of the template.
fn labels_of(objects: &Objects, template: TemplateId) -> Arc<aegis_model::kubernetes::Labels> {
    let pod = objects.pods.iter().find(|pod| pod.template == template);
    pod.map_or_else(
        || {
            Arc::new(
                objects.templates[template.index()]
                    .spec
                    .metadata
                    .labels
                    .clone(),
            )
        },
        |pod| Arc::clone(&pod.labels),
    )
}

fn known_of(objects: &Objects, workload: WorkloadId) -> WorkloadControl {
    let row = &objects.workloads[workload.index()];
    let owned = objects
        .replica_sets
        .enumerate()
        .filter(|(_, set)| set.owner == workload);
    let (mut replica_sets, mut templates) = (Vec::new(), Vec::new());
    for (position, set) in owned {
        templates.push(set.template);
        if set.header.exists() {
            replica_sets.push(ReplicaSetId::from(position));
        }
    }
    templates.extend(
        row.pods
            .iter()
            .map(|pod| objects.revision(objects.pods[pod.index()].template)),
    );
    templates.push(row.template);
    templates.extend(row.history.iter().map(|(template, _)| *template));
    templates.sort_unstable();
    templates.dedup();
    let ordered = matches!(
        *row.spec,
        WorkloadSpec::StatefulSet(_) | WorkloadSpec::DaemonSet(_)
    );
    WorkloadControl {
        replica_sets,
        current: ordered.then_some(row.template),
        templates,
        job: job_of(objects, row),
        jobs: jobs_of(objects, row),
    }
}

/// Pods of a Job that are over are in its status already.
fn job_of(objects: &Objects, row: &Workload) -> JobControl {
    let is_job = matches!(*row.spec, WorkloadSpec::Job(_));
    let pods = row.pods.iter().copied().filter(|_| is_job);
    let over = pods.filter(|pod| objects.pods[pod.index()].phase.is_terminal());
    JobControl {
        settled: over.collect(),
        ..JobControl::default()
    }
}

/// Jobs that name the CronJob as their owner.
fn jobs_of(objects: &Objects, cron: &Workload) -> Vec<WorkloadId> {
    if !matches!(*cron.spec, WorkloadSpec::CronJob(_)) {
        return Vec::new();
    }
    let reference = &cron.header.reference;
    let is_owned = |job: &Workload| {
        let owner = &job.header.doc["metadata"]["ownerReferences"][0];
        job.header.exists()
            && job.header.reference.namespace == reference.namespace
            && owner["kind"] == "CronJob"
            && owner["name"] == reference.name.as_str()
    };
    let jobs = objects.workloads.enumerate();
    jobs.filter(|(_, job)| is_owned(job))
        .map(|(position, _)| position.into())
        .collect()
}

/// The first revision that is known of a workload.
fn first_template(objects: &Objects, workload: WorkloadId) -> Option<TemplateId> {
    known_of(objects, workload).templates.first().copied()
}

fn admit_pod(objects: &Objects, workings: &mut Workings, pod: PodId, now: Tick) {
    workings.control.mark_pod(pod);
    match objects.pods[pod.index()].node {
        Some(node) => {
            workings.index.bind(pod, node);
            workings.scheduler.charge(objects, pod, node);
            workings.pods.set_due(pod, now);
        }
        None => workings.index.await_binding(pod),
    }
}
