//! Pod templates: interned per workload, named by a hash, with what admission adds.

use super::complete;
use super::document::read_value;
use super::error::ApiError;
use crate::cluster::Cluster;
use crate::workings::fnv1a;
use aegis_model::kubernetes::{Kind, Labels, ObjectRef, PodSpec, PodTemplateSpec, Qos, Toleration};
use aegis_model::objects::{Header, Template};
use aegis_model::{Doc, TemplateId, WorkloadId};
use alloc::string::ToString;
use alloc::sync::Arc;
use serde_json::Value;
use smol_str::{SmolStr, format_smolstr};

/// Label that Deployments give their ReplicaSets and pods.
pub const POD_TEMPLATE_HASH: &str = "pod-template-hash";
/// Label that StatefulSets and DaemonSets give their pods.
pub const CONTROLLER_REVISION_HASH: &str = "controller-revision-hash";

/// Label of a DaemonSet's pods with the number of their template.
const TEMPLATE_GENERATION: &str = "pod-template-generation";

/// Kubernetes' alphabet for generated names: no vowels, nothing that looks like another letter.
/// Source: k8s.io/apimachinery/pkg/util/rand.
const ALPHABET: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";

/// The digits of a number, each as a letter of the alphabet; what Kubernetes calls safe encoding.
#[must_use]
pub fn encode(number: u32) -> SmolStr {
    let digits = number.to_string();
    digits
        .bytes()
        .map(|digit| ALPHABET[usize::from(digit) % ALPHABET.len()] as char)
        .collect()
}

/// Five letters of the alphabet, drawn from `bits`.
#[must_use]
pub fn suffix(mut bits: u64) -> SmolStr {
    let letters = (0..5).map(|_| {
        let letter = ALPHABET[(bits % ALPHABET.len() as u64) as usize];
        bits /= ALPHABET.len() as u64;
        letter as char
    });
    letters.collect()
}

/// The hash of a template's content.
#[must_use]
pub fn hash(document: &Value) -> SmolStr {
    encode(fnv1a(&[&document.to_string()]))
}

/// The same template without the label that a Deployment's ReplicaSet adds.
#[must_use]
pub fn without_hash(document: &Value) -> Value {
    let mut plain = document.clone();
    if let Some(labels) = plain
        .pointer_mut("/metadata/labels")
        .and_then(Value::as_object_mut)
    {
        labels.remove(POD_TEMPLATE_HASH);
    }
    plain
}

/// The template of that content in the workload's history, made where it is new.
/// A new one gets `hash`, or a hash of its content.
///
/// # Errors
/// [`ApiError::Invalid`] where it is malformed.
pub fn intern<P>(
    cluster: &mut Cluster<P>,
    workload: WorkloadId,
    object: &ObjectRef,
    document: &Doc,
    given: Option<SmolStr>,
) -> Result<TemplateId, ApiError> {
    let known = &cluster.workings.control.workloads[workload.index()].templates;
    let templates = &cluster.objects.templates;
    let same = |id: &&TemplateId| {
        let other = &templates[id.index()];
        (Arc::ptr_eq(&other.doc, document) || other.doc == *document)
            && given.as_ref().is_none_or(|hash| other.hash == *hash)
    };
    if let Some(id) = known.iter().rev().find(same) {
        return Ok(*id);
    }
    let mut spec: PodTemplateSpec = read_value(object, document, "spec.template")?;
    let kind = &cluster.objects.workloads[workload.index()]
        .header
        .reference
        .kind;
    admit(&mut spec.spec, kind);
    add_overhead(cluster, &mut spec.spec);
    let hash = given.unwrap_or_else(|| hash(document));
    Ok(push(cluster, workload, spec, document.clone(), hash))
}

/// What the RuntimeClass of a pod costs (plugin/pkg/admission/runtimeclass).
fn add_overhead<P>(cluster: &Cluster<P>, spec: &mut PodSpec) {
    let Some(name) = &spec.runtime_class_name else {
        return;
    };
    let class = ObjectRef::new(Kind::Other("RuntimeClass".into()), "", name);
    let slot = super::find(cluster, &class);
    let header = slot.and_then(|slot| crate::workings::header(&cluster.objects, slot));
    let fixed = header.map(|header| header.doc["overhead"]["podFixed"].clone());
    if let Some(Ok(overhead)) = fixed.map(serde_json::from_value) {
        spec.overhead = overhead;
    }
}

fn push<P>(
    cluster: &mut Cluster<P>,
    workload: WorkloadId,
    spec: PodTemplateSpec,
    doc: Doc,
    hash: SmolStr,
) -> TemplateId {
    let mut labels = spec.metadata.labels.clone();
    match cluster.objects.workloads[workload.index()]
        .header
        .reference
        .kind
    {
        Kind::Deployment => drop(labels.insert(POD_TEMPLATE_HASH.into(), hash.clone())),
        Kind::DaemonSet => {
            labels.insert(CONTROLLER_REVISION_HASH.into(), hash.clone());
            let row = &cluster.objects.workloads[workload.index()].header;
            let known = &cluster.workings.control.workloads[workload.index()].templates;
            // The row has its new document only when the template is there.
            let count = complete::generation(&row.doc) + u64::from(!known.is_empty());
            labels.insert(TEMPLATE_GENERATION.into(), format_smolstr!("{count}"));
        }
        Kind::StatefulSet => {
            let set = &cluster.objects.workloads[workload.index()]
                .header
                .reference
                .name;
            let revision = format_smolstr!("{set}-{hash}");
            labels.insert(CONTROLLER_REVISION_HASH.into(), revision);
        }
        Kind::Job => add_job_labels(
            &mut labels,
            &cluster.objects.workloads[workload.index()].header,
        ),
        _ => {}
    }
    cluster.workings.control.pod_labels.push(Arc::new(labels));
    let id = TemplateId::from(cluster.objects.templates.push(Template {
        spec: Arc::new(spec),
        doc,
        hash,
        admitted_from: None,
    }));
    cluster.workings.control.workloads[workload.index()]
        .templates
        .push(id);
    id
}

/// Labels by which a Job knows its pods, under their present names and their old ones.
/// Source: pkg/registry/batch/job/strategy.go `generateSelector`.
fn add_job_labels(labels: &mut Labels, job: &Header) {
    for prefix in ["batch.kubernetes.io/", ""] {
        let uid = format_smolstr!("{prefix}controller-uid");
        labels.insert(uid, super::uid(job));
        let name = format_smolstr!("{prefix}job-name");
        labels.insert(name, job.reference.name.clone());
    }
}

/// The template of a revision with what admission wrote into it for its pods. It is no revision of its own.
///
/// # Errors
/// [`ApiError::Invalid`] where it is malformed.
pub(super) fn admitted<P>(
    cluster: &mut Cluster<P>,
    workload: WorkloadId,
    base: TemplateId,
    document: &Doc,
) -> Result<TemplateId, ApiError> {
    let object = cluster.objects.workloads[workload.index()]
        .header
        .reference
        .clone();
    let mut spec: PodTemplateSpec = read_value(&object, document, "spec.template")?;
    admit(&mut spec.spec, &object.kind);
    let labels = cluster.workings.control.pod_labels[base.index()].clone();
    cluster.workings.control.pod_labels.push(labels);
    let hash = cluster.objects.templates[base.index()].hash.clone();
    Ok(TemplateId::from(cluster.objects.templates.push(Template {
        spec: Arc::new(spec),
        doc: document.clone(),
        hash,
        admitted_from: Some(base),
    })))
}

/// Tolerations that the API server or the DaemonSet controller adds: key, effect.
/// Source: plugin defaulttolerationseconds; pkg/controller/daemon/util `AddOrUpdateDaemonPodTolerations`.
const DAEMON_TOLERATIONS: [(&str, &str); 6] = [
    ("node.kubernetes.io/not-ready", "NoExecute"),
    ("node.kubernetes.io/unreachable", "NoExecute"),
    ("node.kubernetes.io/disk-pressure", "NoSchedule"),
    ("node.kubernetes.io/memory-pressure", "NoSchedule"),
    ("node.kubernetes.io/pid-pressure", "NoSchedule"),
    ("node.kubernetes.io/unschedulable", "NoSchedule"),
];
/// Seconds for which pods tolerate a node that is not ready or unreachable.
const TOLERATED_SECONDS: i64 = 300;

/// Adds the tolerations that pods of this kind of workload get, and the ports of the node that pods in
/// its network take (pkg/apis/core/v1/defaults.go `defaultHostNetworkPorts`).
fn admit(spec: &mut PodSpec, kind: &Kind) {
    if spec.host_network {
        take_ports(spec);
    }
    if *kind == Kind::DaemonSet {
        for (key, effect) in DAEMON_TOLERATIONS {
            tolerate(spec, exists(key, effect, None));
        }
        if spec.host_network {
            let key = "node.kubernetes.io/network-unavailable";
            tolerate(spec, exists(key, "NoSchedule", None));
        }
    }
    for (key, effect) in &DAEMON_TOLERATIONS[..2] {
        if !spec.tolerations.iter().any(|t| covers(t, key)) {
            spec.tolerations
                .push(exists(key, effect, Some(TOLERATED_SECONDS)));
        }
    }
    if Qos::of(spec) != Qos::BestEffort {
        let key = "node.kubernetes.io/memory-pressure";
        tolerate(spec, exists(key, "NoSchedule", None));
    }
}

fn take_ports(spec: &mut PodSpec) {
    let all = spec.init_containers.iter_mut().chain(&mut spec.containers);
    for port in all.flat_map(|container| &mut container.ports) {
        if port.host_port == 0 {
            port.host_port = port.container_port;
        }
    }
}

/// Adds what is not there word for word.
fn tolerate(spec: &mut PodSpec, toleration: Toleration) {
    if !spec.tolerations.contains(&toleration) {
        spec.tolerations.push(toleration);
    }
}

fn exists(key: &str, effect: &str, seconds: Option<i64>) -> Toleration {
    Toleration {
        key: key.into(),
        operator: "Exists".into(),
        value: SmolStr::default(),
        effect: effect.into(),
        toleration_seconds: seconds,
    }
}

fn covers(toleration: &Toleration, key: &str) -> bool {
    (toleration.key == key || toleration.key.is_empty())
        && (toleration.effect == "NoExecute" || toleration.effect.is_empty())
}

/// The template to which `kubectl rollout undo` would go: that of `to_revision`, or of the newest
/// revision below the present one. `None` where there is no such revision.
#[must_use]
pub fn previous_template<P>(
    cluster: &Cluster<P>,
    workload: WorkloadId,
    to_revision: Option<u32>,
) -> Option<Doc> {
    let row = cluster.objects.workloads.get(workload.index())?;
    let present = row.template;
    let control = cluster.workings.control.workloads.get(workload.index())?;
    let sets = control.replica_sets.iter().map(|id| {
        let set = &cluster.objects.replica_sets[id.index()];
        (set.template, set.revision)
    });
    let revisions = sets.chain(row.history.iter().copied());
    let chosen = match to_revision {
        Some(wanted) => revisions.filter(|(_, number)| *number == wanted).last(),
        None => revisions
            .filter(|(template, _)| *template != present)
            .max_by_key(|(_, number)| *number),
    };
    chosen.map(|(template, _)| cluster.objects.templates[template.index()].doc.clone())
}
