//! Creation: a document becomes a row of its kind.

use super::document::{self, read};
use super::error::ApiError;
use super::{
    Actor, admission, bare, complete, dependents, find, given, keep_record, namespaces, owned,
    pods, services, storage, templates, validate,
};
use crate::cluster::Cluster;
use crate::draws::{Draws, Purpose};
use crate::workings::{BareTemplate, Pin, Slot, WorkloadControl};
use aegis_model::kubernetes::{
    HorizontalPodAutoscalerSpec, Kind, Metadata, ObjectRef, OwnerReference, PodTemplateSpec,
    ReplicaSetSpec,
};
use aegis_model::objects::{
    Autoscaler, BatchStatus, DisruptionBudget, Header, NetworkPolicy, Node, Plain, ReplicaSet,
    Workload, WorkloadSpec, WorkloadStatus,
};
use aegis_model::{
    AutoscalerId, Behaviour, BudgetId, Bytes, Doc, NodeId, ObjectChange, PlainId, PolicyId,
    ReplicaSetId, TemplateId, Tick, WorkloadId,
};
use alloc::sync::Arc;
use alloc::vec::Vec;
use serde_json::{Map, Value};
use smol_str::format_smolstr;

/// Annotation with the number of a Deployment's revision.
pub const REVISION: &str = "deployment.kubernetes.io/revision";

/// Finalizer of pods that their Job has not counted yet.
const JOB_TRACKING: &str = "batch.kubernetes.io/job-tracking";

/// Seconds until a new autoscaler is looked at: it enters the queue with the delay of a sync period.
/// Source: pkg/controller/podautoscaler/horizontal.go `enqueueHPA`.
const AUTOSCALER_SYNC: u32 = 15;

/// A document on its way in.
pub(super) struct Arrival {
    pub(super) reference: ObjectRef,
    pub(super) metadata: Metadata,
    /// Without status.
    pub(super) document: Doc,
    /// `status:`, as given.
    pub(super) status: Value,
}

/// Creates an object from its document. A status that is given is believed; a pod with
/// `spec.nodeName` is bound there; owners are found by uid, or by kind and name.
///
/// # Errors
/// Where the API server would refuse it; then nothing has changed.
pub fn create<P>(
    cluster: &mut Cluster<P>,
    document: Doc,
    actor: Actor<'_>,
) -> Result<Slot, ApiError> {
    let mut arrival = receive(cluster, document)?;
    if arrival.reference.kind.as_str() == "Eviction" {
        // It is what a client writes to a pod's subresource, and no resource of its own.
        return Err(ApiError::Shape(
            "no matches for kind \"Eviction\" in version \"policy/v1\"",
        ));
    }
    if find(cluster, &arrival.reference).is_some() {
        return Err(ApiError::AlreadyExists(arrival.reference));
    }
    namespaces::let_in(cluster, &arrival.reference, actor)?;
    admit(cluster, &arrival, actor)?;
    let slot = place(cluster, &mut arrival)?;
    dependents::arrived(cluster, slot, &arrival);
    let index = &mut cluster.workings.index;
    index.insert_uid(&arrival.metadata.uid, slot);
    keep_record(cluster, actor, &arrival.reference, || {
        ObjectChange::Create {
            document: arrival.document.clone(),
        }
    });
    Ok(slot)
}

/// What refuses an object that is no pod: webhooks, limits on claims, quotas. What was there at the start
/// was there before the webhooks.
fn admit<P>(cluster: &mut Cluster<P>, arrival: &Arrival, actor: Actor<'_>) -> Result<(), ApiError> {
    let object = &arrival.reference;
    if object.kind == Kind::Pod {
        return Ok(());
    }
    if actor != Actor::Unrecorded {
        admission::user_write(
            cluster,
            object,
            &arrival.document,
            "CREATE",
            admission::User::of(actor),
        )?;
    }
    let limited = match object.kind {
        Kind::PersistentVolumeClaim => admission::claim_refusal(cluster, object, &arrival.document),
        Kind::PriorityClass => admission::second_default(cluster, object, &arrival.document),
        _ => None,
    };
    let lived = arrival.document["metadata"]["uid"].is_string();
    let reason = limited.or_else(|| admission::object_refusal(cluster, object, &arrival.document));
    match reason.filter(|_| !lived) {
        Some(reason) => Err(ApiError::Forbidden {
            kind: object.kind.clone(),
            name: object.name.clone(),
            reason,
        }),
        None => Ok(()),
    }
}

/// Reads name and metadata, fills in what the API server would, and sets the status apart.
fn receive<P>(cluster: &Cluster<P>, document: Doc) -> Result<Arrival, ApiError> {
    let mut value = Arc::unwrap_or_clone(document::without_nulls(document));
    generate_name(cluster, &mut value);
    let (reference, _) = document::identify(&value)?;
    let status = value
        .as_object_mut()
        .and_then(|fields| fields.remove("status"))
        .unwrap_or_else(|| Value::Object(Map::new()));
    if !reference.namespace.is_empty() {
        value["metadata"]["namespace"] = reference.namespace.as_str().into();
    }
    complete::arrived(&reference, &mut value);
    complete::classed(cluster, &reference, &mut value);
    complete::token(cluster, &reference, &mut value);
    let (_, metadata) = document::identify(&value)?;
    Ok(Arrival {
        reference,
        metadata,
        document: Arc::new(value),
        status,
    })
}

fn generate_name<P>(cluster: &Cluster<P>, value: &mut Value) {
    let metadata = &value["metadata"];
    let Some(base) = metadata["generateName"].as_str() else {
        return;
    };
    if metadata["name"].is_string() {
        return;
    }
    let key = cluster.workings.index.next_number();
    let bits = Draws::new(0).bits(Purpose::Name, u64::from(key), cluster.clock);
    let name = format_smolstr!("{base}{}", templates::suffix(bits));
    value["metadata"]["name"] = name.as_str().into();
}

fn place<P>(cluster: &mut Cluster<P>, arrival: &mut Arrival) -> Result<Slot, ApiError> {
    match arrival.reference.kind {
        Kind::PersistentVolume => return storage::create_volume(cluster, arrival),
        Kind::PersistentVolumeClaim => return storage::create_claim(cluster, arrival),
        Kind::StorageClass => return storage::create_class(cluster, arrival),
        _ => {}
    }
    let (object, document) = (&arrival.reference, &*arrival.document);
    match object.kind {
        Kind::Node => node(cluster, arrival),
        Kind::Deployment | Kind::StatefulSet | Kind::DaemonSet | Kind::CronJob => {
            let spec = workload_spec(object, document)?;
            Ok(Slot::Workload(workload(cluster, arrival, Arc::new(spec))?))
        }
        Kind::ReplicaSet => replica_set(cluster, arrival),
        Kind::Job => job(cluster, arrival),
        Kind::Pod => pod(cluster, arrival),
        Kind::Service => services::create(cluster, arrival),
        Kind::HorizontalPodAutoscaler => autoscaler(cluster, arrival),
        Kind::NetworkPolicy => policy(cluster, arrival),
        Kind::PodDisruptionBudget => budget(cluster, arrival),
        ref kind if kind.as_str() == REPLICATION_CONTROLLER => {
            let spec = workload_spec(object, document)?;
            Ok(Slot::Workload(workload(cluster, arrival, Arc::new(spec))?))
        }
        _ => Ok(plain(cluster, arrival)),
    }
}

/// What came before ReplicaSets, and does the same; its selector is a mapping of labels.
const REPLICATION_CONTROLLER: &str = "ReplicationController";

fn replication_controller(
    object: &ObjectRef,
    document: &Value,
) -> Result<ReplicaSetSpec, ApiError> {
    let mut spec = document["spec"].clone();
    let labels = match spec["selector"].is_object() {
        true => spec["selector"].clone(),
        false => spec["template"]["metadata"]["labels"].clone(),
    };
    spec["selector"] = serde_json::json!({"matchLabels": labels});
    document::read_value(object, &spec, "spec")
}

pub(super) fn header<P>(cluster: &mut Cluster<P>, arrival: &Arrival) -> Header {
    Header {
        reference: arrival.reference.clone(),
        labels: Arc::new(arrival.metadata.labels.clone()),
        annotations: Arc::new(arrival.metadata.annotations.clone()),
        number: cluster.workings.index.number(),
        generation: 1,
        created: cluster.clock,
        deletion: None,
        removed: None,
        doc: arrival.document.clone(),
    }
}

pub(super) fn register<P>(cluster: &mut Cluster<P>, arrival: &Arrival, slot: Slot) -> Slot {
    cluster.workings.index.insert(&arrival.reference, slot);
    slot
}

fn node<P>(cluster: &mut Cluster<P>, arrival: &Arrival) -> Result<Slot, ApiError> {
    let object = &arrival.reference;
    let row = Node {
        spec: Arc::new(read(object, &arrival.document, "spec")?),
        capacity: Arc::new(document::read_value(object, &arrival.status, "status")?),
        conditions: given::node_conditions(&arrival.status, cluster.clock),
        header: header(cluster, arrival),
    };
    let id = NodeId::from(cluster.objects.nodes.push(row));
    cluster.workings.index.admit_node();
    cluster.workings.control.nodes_changed = true;
    note_images(cluster, id, &arrival.status);
    Ok(register(cluster, arrival, Slot::Node(id)))
}

/// Images that a node's status lists are on its disk, with their sizes.
fn note_images<P>(cluster: &mut Cluster<P>, node: NodeId, status: &Value) {
    for image in status["images"].as_array().into_iter().flatten() {
        let size = Bytes(image["sizeBytes"].as_u64().unwrap_or(0));
        let names = image["names"].as_array().into_iter().flatten();
        for name in names.filter_map(Value::as_str) {
            let short = name.strip_prefix("docker.io/").unwrap_or(name);
            let short = short.strip_prefix("library/").unwrap_or(short);
            for known in [name, short] {
                let kubelet = &mut cluster.workings.kubelet;
                let (number, _) = kubelet.images.learn(&known.into(), size);
                kubelet.hold(node, number);
            }
        }
    }
}

/// The typed spec of a workload's document, as far as the API server takes it.
///
/// # Errors
/// [`ApiError::Invalid`].
pub fn workload_spec(object: &ObjectRef, document: &Value) -> Result<WorkloadSpec, ApiError> {
    let mut spec = match object.kind {
        Kind::Deployment => WorkloadSpec::Deployment(read(object, document, "spec")?),
        Kind::StatefulSet => WorkloadSpec::StatefulSet(read(object, document, "spec")?),
        Kind::DaemonSet => WorkloadSpec::DaemonSet(read(object, document, "spec")?),
        Kind::ReplicaSet => WorkloadSpec::ReplicaSet(read(object, document, "spec")?),
        Kind::Job => WorkloadSpec::Job(read(object, document, "spec")?),
        ref kind if kind.as_str() == REPLICATION_CONTROLLER => {
            WorkloadSpec::ReplicaSet(replication_controller(object, document)?)
        }
        Kind::CronJob => WorkloadSpec::CronJob(read(object, document, "spec")?),
        _ => WorkloadSpec::Pod(bare_template(object, document)?),
    };
    if document["apiVersion"]
        .as_str()
        .is_some_and(|v| v.starts_with("extensions/"))
    {
        default_selector(&mut spec);
    }
    validate::workload(object, &spec)?;
    Ok(spec)
}

/// What a bare pod's document says as a template: nothing that names the one pod.
fn bare_template(object: &ObjectRef, document: &Value) -> Result<PodTemplateSpec, ApiError> {
    let mut template: PodTemplateSpec = document::read_value(object, document, "")?;
    template.metadata = Metadata {
        labels: template.metadata.labels,
        annotations: template.metadata.annotations,
        ..Metadata::default()
    };
    Ok(template)
}

/// `extensions/v1beta1` let the selector be that of the template's labels.
fn default_selector(spec: &mut WorkloadSpec) {
    let labels = spec.template().metadata.labels.clone();
    let selector = match spec {
        WorkloadSpec::Deployment(spec) => &mut spec.selector,
        WorkloadSpec::DaemonSet(spec) => &mut spec.selector,
        WorkloadSpec::ReplicaSet(spec) => &mut spec.selector,
        WorkloadSpec::StatefulSet(_)
        | WorkloadSpec::Job(_)
        | WorkloadSpec::CronJob(_)
        | WorkloadSpec::Pod(_) => return,
    };
    if selector.match_labels.is_empty() && selector.match_expressions.is_empty() {
        selector.match_labels = labels;
    }
}

/// The template part of a workload's document; of a bare pod, its labels, annotations and spec.
pub fn template_of(kind: &Kind, document: &Value) -> Doc {
    let path = match kind {
        Kind::CronJob => "/spec/jobTemplate/spec/template",
        _ => "/spec/template",
    };
    if *kind != Kind::Pod {
        let template = document.pointer(path).cloned();
        return Arc::new(template.unwrap_or_default());
    }
    let metadata = template_metadata(document);
    Arc::new(serde_json::json!({"metadata": metadata, "spec": document["spec"]}))
}

/// What a bare pod's template has of its metadata.
pub(super) fn template_metadata(document: &Value) -> Value {
    let fields = ["labels", "annotations"].into_iter();
    let given = fields.filter_map(|key| Some((key.into(), document["metadata"].get(key)?.clone())));
    Value::Object(given.collect())
}

pub(super) fn workload<P>(
    cluster: &mut Cluster<P>,
    arrival: &Arrival,
    spec: Arc<WorkloadSpec>,
) -> Result<WorkloadId, ApiError> {
    let id = workload_row(cluster, arrival, spec);
    let object = &arrival.reference;
    let document = template_of(&object.kind, &arrival.document);
    let hash = given::revision_hash(object, &arrival.status);
    let template = templates::intern(cluster, id, object, &document, hash)?;
    cluster.objects.workloads[id.index()].template = template;
    if matches!(object.kind, Kind::StatefulSet | Kind::DaemonSet) {
        cluster.objects.workloads[id.index()].history = Arc::new(Vec::from([(template, 1)]));
        cluster.workings.control.workloads[id.index()].current = Some(template);
    }
    register(cluster, arrival, Slot::Workload(id));
    Ok(id)
}

/// The row of a new workload, without a template.
fn workload_row<P>(
    cluster: &mut Cluster<P>,
    arrival: &Arrival,
    spec: Arc<WorkloadSpec>,
) -> WorkloadId {
    let revision = revision_of(&arrival.metadata);
    let behaviour = behaviour_before(cluster, &arrival.reference);
    let row = Workload {
        header: header(cluster, arrival),
        spec,
        template: TemplateId(0),
        revision,
        pods: Arc::default(),
        history: Arc::default(),
        next_ordinal: 0,
        status: given::batch(&arrival.reference.kind, &arrival.status, cluster.clock),
    };
    let id = WorkloadId::from(cluster.objects.workloads.push(row));
    cluster.workings.behaviours.push(behaviour);
    let control = &mut cluster.workings.control;
    control.workloads.push(WorkloadControl::default());
    control.enqueue(id);
    id
}

/// The workload of a bare pod. One that is like another has its template, and is not read again.
pub(super) fn bare_pod<P>(
    cluster: &mut Cluster<P>,
    arrival: &Arrival,
    known: Option<BareTemplate>,
) -> Result<WorkloadId, ApiError> {
    let Some(known) = known else {
        let spec = Arc::new(workload_spec(&arrival.reference, &arrival.document)?);
        let id = workload(cluster, arrival, spec)?;
        bare::remember(cluster, id, arrival);
        return Ok(id);
    };
    let id = workload_row(cluster, arrival, known.spec);
    cluster.objects.workloads[id.index()].template = known.template;
    let control = &mut cluster.workings.control.workloads[id.index()];
    control.templates.push(known.template);
    register(cluster, arrival, Slot::Workload(id));
    Ok(id)
}

/// How the newest workload of that name behaved, which is gone: what is made anew from its document is the same
/// program.
fn behaviour_before<P>(cluster: &Cluster<P>, object: &ObjectRef) -> Option<Arc<Behaviour>> {
    if cluster.clock == Tick(0) {
        // Nothing can be gone yet, and all the manifests arrive now.
        return None;
    }
    let known = cluster.workings.index.gone(&cluster.objects, object)?;
    let behaviour = cluster.workings.behaviours.get(known.index());
    behaviour.cloned().flatten()
}

fn revision_of(metadata: &Metadata) -> u32 {
    let annotation = metadata.annotations.get(REVISION);
    annotation.and_then(|text| text.parse().ok()).unwrap_or(1)
}

/// The row that the document's controller has.
fn owner<P>(cluster: &Cluster<P>, arrival: &Arrival) -> Option<Slot> {
    let owners = &arrival.metadata.owner_references;
    let controller: &OwnerReference = owners
        .iter()
        .find(|owner| owner.controller)
        .or_else(|| owners.first())?;
    let index = &cluster.workings.index;
    index.by_uid(&controller.uid).or_else(|| {
        let kind = Kind::from(controller.kind.as_str());
        let reference = ObjectRef::new(kind, &arrival.reference.namespace, &controller.name);
        find(cluster, &reference)
    })
}

fn replica_set<P>(cluster: &mut Cluster<P>, arrival: &Arrival) -> Result<Slot, ApiError> {
    let object = &arrival.reference;
    let spec = workload_spec(object, &arrival.document)?;
    let owner = match owner(cluster, arrival) {
        Some(Slot::Workload(id)) => Some(id),
        _ => None,
    };
    let is_deployment = |id: &WorkloadId| {
        cluster.objects.workloads[id.index()].header.reference.kind == Kind::Deployment
    };
    match (owner.filter(is_deployment), spec) {
        (Some(owner), WorkloadSpec::ReplicaSet(spec)) => {
            owned_replica_set(cluster, arrival, owner, &spec)
        }
        (_, spec) => {
            let id = workload(cluster, arrival, Arc::new(spec))?;
            let owners = &arrival.metadata.owner_references;
            if !owners.iter().any(|owner| owner.controller) {
                offer_set(cluster, id);
            }
            Ok(Slot::Workload(id))
        }
    }
}

/// Offers a ReplicaSet that nothing controls to the Deployments of its namespace.
pub(super) fn offer_set<P>(cluster: &mut Cluster<P>, set: WorkloadId) {
    let namespace = &cluster.objects.workloads[set.index()]
        .header
        .reference
        .namespace;
    let is_near = |id: &WorkloadId| {
        let there = &cluster.objects.workloads[id.index()].header.reference;
        there.kind == Kind::Deployment && there.namespace == *namespace
    };
    let near = cluster.workings.index.selecting().iter().copied();
    let near: Vec<WorkloadId> = near.filter(is_near).collect();
    let control = &mut cluster.workings.control;
    Arc::make_mut(&mut control.loose_sets).insert(set);
    near.into_iter().for_each(|id| control.enqueue(id));
}

/// A Job, of its own or of a CronJob.
fn job<P>(cluster: &mut Cluster<P>, arrival: &Arrival) -> Result<Slot, ApiError> {
    let spec = workload_spec(&arrival.reference, &arrival.document)?;
    let owner = owner(cluster, arrival);
    let id = workload(cluster, arrival, Arc::new(spec))?;
    if let Some(Slot::Workload(owner)) = owner
        && cluster.objects.workloads[owner.index()]
            .header
            .reference
            .kind
            == Kind::CronJob
    {
        let control = &mut cluster.workings.control;
        control.workloads[owner.index()].jobs.push(id);
        control.enqueue(owner);
        inherit(cluster, owner, id);
    }
    Ok(Slot::Workload(id))
}

/// The Jobs of a CronJob are the same program, and use what is pinned for it.
fn inherit<P>(cluster: &mut Cluster<P>, from: WorkloadId, to: WorkloadId) {
    let behaviour = cluster.workings.behaviours.get(from.index()).cloned();
    cluster.workings.behaviours[to.index()] = behaviour.flatten();
    let pins = cluster.workings.pins.iter().copied();
    let pins: Vec<Pin> = pins.filter(|pin| pin.workload == from).collect();
    for pin in pins {
        Arc::make_mut(&mut cluster.workings.pins).push(Pin {
            workload: to,
            ..pin
        });
    }
}

/// A revision of a Deployment that was there before the cluster was.
fn owned_replica_set<P>(
    cluster: &mut Cluster<P>,
    arrival: &Arrival,
    owner: WorkloadId,
    spec: &ReplicaSetSpec,
) -> Result<Slot, ApiError> {
    let object = &arrival.reference;
    let document = template_of(&object.kind, &arrival.document);
    let document = Arc::new(templates::without_hash(&document));
    let hash = arrival
        .metadata
        .labels
        .get(templates::POD_TEMPLATE_HASH)
        .cloned();
    let template = templates::intern(cluster, owner, object, &document, hash)?;
    let mut header = header(cluster, arrival);
    drop_replicas(&mut header.doc);
    let row = ReplicaSet {
        header,
        owner,
        template,
        revision: revision_of(&arrival.metadata),
        replicas: spec.replicas.unwrap_or(1),
        status: WorkloadStatus::default(),
    };
    let wanted = cluster.objects.workloads[owner.index()].template;
    if cluster.objects.templates[wanted.index()].doc == document {
        cluster.objects.workloads[owner.index()].template = template;
    }
    let id = insert_replica_set(cluster, row);
    Ok(Slot::ReplicaSet(id))
}

/// `spec.replicas` of an owned ReplicaSet lives in its row alone.
pub fn drop_replicas(document: &mut Doc) {
    if let Some(spec) = Arc::make_mut(document)
        .get_mut("spec")
        .and_then(Value::as_object_mut)
    {
        spec.remove("replicas");
    }
}

/// Registers a ReplicaSet of a Deployment.
pub fn insert_replica_set<P>(cluster: &mut Cluster<P>, row: ReplicaSet) -> ReplicaSetId {
    let (reference, owner) = (row.header.reference.clone(), row.owner);
    let id = ReplicaSetId::from(cluster.objects.replica_sets.push(row));
    cluster
        .workings
        .index
        .insert(&reference, Slot::ReplicaSet(id));
    let control = &mut cluster.workings.control;
    control.workloads[owner.index()].replica_sets.push(id);
    control.enqueue(owner);
    id
}

fn pod<P>(cluster: &mut Cluster<P>, arrival: &Arrival) -> Result<Slot, ApiError> {
    let believed = given::pod(&arrival.reference, &arrival.status)?;
    let name = arrival.reference.name.clone();
    let (workload, set, template) = match owner(cluster, arrival) {
        Some(Slot::ReplicaSet(set)) => {
            workload_spec(&arrival.reference, &arrival.document)?;
            let row = &cluster.objects.replica_sets[set.index()];
            let (owner, base) = (row.owner, row.template);
            let template = owned::template(cluster, owner, base, arrival)?;
            (owner, Some(set), template)
        }
        Some(Slot::Workload(id)) => {
            workload_spec(&arrival.reference, &arrival.document)?;
            (id, None, owned::of_revision(cluster, id, arrival)?)
        }
        _ => {
            let known = bare::alike(cluster, arrival);
            let id = bare_pod(cluster, arrival, known)?;
            (id, None, cluster.objects.workloads[id.index()].template)
        }
    };
    let node_name = arrival.document["spec"]["nodeName"].as_str();
    let is_bare = cluster.objects.workloads[workload.index()]
        .header
        .reference
        .kind
        == Kind::Pod;
    let new = pods::NewPod {
        workload,
        replica_set: set,
        template,
        ordinal: ordinal_of(cluster, workload, &name),
        name: name.clone(),
    };
    let id = if has_lived(arrival) {
        pods::place(cluster, new)
    } else {
        let admitted = pods::admit(cluster, new, name);
        admitted.inspect_err(|_| forget_bare(cluster, workload))?
    };
    let labels = &mut cluster.objects.pods[id.index()].labels;
    if **labels != arrival.metadata.labels {
        *labels = Arc::new(arrival.metadata.labels.clone());
    }
    let owners = &arrival.metadata.owner_references;
    if is_bare && !owners.iter().any(|owner| owner.controller) {
        offer(cluster, id);
    }
    bind_to(cluster, id, node_name);
    given::meant_for(cluster, id, &arrival.document);
    given::believe(cluster, id, &believed);
    settle(cluster, id, &arrival.metadata);
    if arrival.document["metadata"]["deletionTimestamp"].is_string() {
        let grace = pods::grace_of(cluster, id);
        pods::begin_deletion(cluster, id, grace);
    }
    Ok(Slot::Pod(id))
}

/// Offers a pod that nothing controls to the ReplicaSets of its namespace.
pub(super) fn offer<P>(cluster: &mut Cluster<P>, pod: aegis_model::PodId) {
    let row = &cluster.objects.pods[pod.index()];
    let selects = |id: &WorkloadId| {
        let other = &cluster.objects.workloads[id.index()];
        other.header.exists()
            && other.header.reference.namespace == row.namespace
            && other
                .spec
                .selector()
                .is_some_and(|s| s.matches(&row.labels))
    };
    let sets = cluster.workings.index.selecting().iter().copied();
    let due: Vec<WorkloadId> = sets.filter(selects).collect();
    let control = &mut cluster.workings.control;
    Arc::make_mut(&mut control.orphans).insert(pod);
    due.into_iter().for_each(|id| control.enqueue(id));
}

/// A pod of a Job that is over and that no finalizer holds is in the Job's status already.
fn settle<P>(cluster: &mut Cluster<P>, pod: aegis_model::PodId, metadata: &Metadata) {
    let row = &cluster.objects.pods[pod.index()];
    let owner = &cluster.objects.workloads[row.workload.index()];
    let BatchStatus::Job(status) = &owner.status.batch else {
        return;
    };
    let tracked = metadata.finalizers.iter().any(|f| f == JOB_TRACKING);
    if status.started.is_some() && row.phase.is_terminal() && !tracked {
        let control = &mut cluster.workings.control.workloads[row.workload.index()];
        control.job.settle(pod);
    }
}

/// Whether a document is that of a pod which has been in a cluster: nobody refuses it any more.
fn has_lived(arrival: &Arrival) -> bool {
    let document = &arrival.document;
    document["metadata"]["uid"].is_string()
        || document["metadata"]["creationTimestamp"].is_string()
        || document["spec"]["nodeName"].is_string()
        || arrival.status["phase"].is_string()
}

/// Takes back the row that was made for a bare pod which admission refused.
fn forget_bare<P>(cluster: &mut Cluster<P>, workload: WorkloadId) {
    let now = cluster.clock;
    let header = &mut cluster.objects.workloads[workload.index()].header;
    if header.reference.kind == Kind::Pod {
        header.removed = Some(now);
    }
}

pub(super) fn bind_to<P>(
    cluster: &mut Cluster<P>,
    pod: aegis_model::PodId,
    node_name: Option<&str>,
) {
    let Some(name) = node_name.filter(|name| !name.is_empty()) else {
        return;
    };
    let reference = ObjectRef::new(Kind::Node, "", name);
    if let Some(Slot::Node(node)) = find(cluster, &reference) {
        pods::bind(cluster, pod, node);
        let workload = cluster.objects.pods[pod.index()].workload;
        let kind = &cluster.objects.workloads[workload.index()]
            .header
            .reference
            .kind;
        if *kind == Kind::DaemonSet {
            Arc::make_mut(&mut cluster.workings.control.daemon_nodes).insert(pod, node);
            cluster.objects.pods[pod.index()].made_for = Some(node);
        }
        return;
    }
    // No scheduler looks at it: it waits for that node, or for the pod collector.
    cluster.workings.index.forget_unbound(pod);
    let now = cluster.clock;
    Arc::make_mut(&mut cluster.workings.lifecycle.strays).push((pod, now));
}

/// The pod's key: of a StatefulSet's pod the number at the end of its name.
fn ordinal_of<P>(cluster: &Cluster<P>, workload: WorkloadId, name: &str) -> u32 {
    let row = &cluster.objects.workloads[workload.index()];
    let numbered = name
        .rsplit_once('-')
        .and_then(|(_, number)| number.parse().ok());
    numbered
        .filter(|_| row.header.reference.kind == Kind::StatefulSet)
        .unwrap_or(row.next_ordinal)
}

/// The typed spec of an autoscaler; `autoscaling/v1` says its CPU target in a field of its own.
///
/// # Errors
/// [`ApiError::Invalid`].
pub fn autoscaler_spec(
    object: &ObjectRef,
    document: &Value,
) -> Result<HorizontalPodAutoscalerSpec, ApiError> {
    let mut spec: HorizontalPodAutoscalerSpec = read(object, document, "spec")?;
    if spec.metrics.is_empty() {
        let target = document["spec"]["targetCPUUtilizationPercentage"].as_u64();
        let target = target.and_then(|percent| u32::try_from(percent).ok());
        spec.metrics = Vec::from([validate::cpu_metric(target.unwrap_or(80))]);
    }
    validate::autoscaler(object, &spec)?;
    Ok(spec)
}

fn autoscaler<P>(cluster: &mut Cluster<P>, arrival: &Arrival) -> Result<Slot, ApiError> {
    let spec = autoscaler_spec(&arrival.reference, &arrival.document)?;
    let count = |key: &str| {
        let number = arrival.status[key].as_u64();
        number.and_then(|n| u32::try_from(n).ok()).unwrap_or(0)
    };
    let row = Autoscaler {
        metrics: spec.metrics.iter().map(|_| None).collect(),
        spec: Arc::new(spec),
        current: count("currentReplicas"),
        desired: count("desiredReplicas"),
        last_scale: None,
        conditions: Vec::new(),
        header: header(cluster, arrival),
    };
    let id = AutoscalerId::from(cluster.objects.autoscalers.push(row));
    let next = cluster.clock.after(AUTOSCALER_SYNC);
    cluster.workings.control.admit_autoscaler(next);
    Ok(register(cluster, arrival, Slot::Autoscaler(id)))
}

fn policy<P>(cluster: &mut Cluster<P>, arrival: &Arrival) -> Result<Slot, ApiError> {
    let row = NetworkPolicy {
        spec: Arc::new(read(&arrival.reference, &arrival.document, "spec")?),
        header: header(cluster, arrival),
    };
    let id = PolicyId::from(cluster.objects.policies.push(row));
    cluster.workings.index.topology_dirty = true;
    Ok(register(cluster, arrival, Slot::Policy(id)))
}

fn budget<P>(cluster: &mut Cluster<P>, arrival: &Arrival) -> Result<Slot, ApiError> {
    let spec = read(&arrival.reference, &arrival.document, "spec")?;
    validate::budget(&arrival.reference, &spec)?;
    let row = DisruptionBudget {
        spec: Arc::new(spec),
        expected: 0,
        healthy: 0,
        desired: 0,
        allowed: 0,
        conditions: Vec::new(),
        header: header(cluster, arrival),
    };
    let id = BudgetId::from(cluster.objects.budgets.push(row));
    Arc::make_mut(&mut cluster.workings.control.dirty_budgets).insert(id);
    Ok(register(cluster, arrival, Slot::Budget(id)))
}

fn plain<P>(cluster: &mut Cluster<P>, arrival: &Arrival) -> Slot {
    cluster.workings.policies.stale |= admission::sets_rules(&arrival.reference.kind);
    let row = Plain {
        status: given_status(arrival),
        header: header(cluster, arrival),
    };
    note_default_priority(cluster, &arrival.reference, &arrival.document);
    let id = PlainId::from(cluster.objects.plain.push(row));
    let claims = arrival.reference.kind.as_str().starts_with("ResourceClaim");
    cluster.workings.scheduler.news.storage |= claims;
    register(cluster, arrival, Slot::Plain(id))
}

/// The status that a document brought; null where it brought none.
fn given_status(arrival: &Arrival) -> Doc {
    let given = arrival
        .status
        .as_object()
        .filter(|fields| !fields.is_empty());
    given.map_or_else(Doc::default, |_| Arc::new(arrival.status.clone()))
}

/// A PriorityClass with `globalDefault` sets the priority of pods that name no class.
pub fn note_default_priority<P>(cluster: &mut Cluster<P>, object: &ObjectRef, document: &Value) {
    if object.kind == Kind::PriorityClass && document["globalDefault"] == true {
        let value = document["value"].as_i64().unwrap_or(0);
        cluster.workings.index.default_priority = i32::try_from(value).unwrap_or(0);
    }
}
