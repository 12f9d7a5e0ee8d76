//! Pods.

use super::{Context, batch, defaults, ident, meta, token};
use aegis_model::NodeId;
use aegis_model::kubernetes::{Container, Kind, Qos};
use aegis_model::objects::{
    ConditionStatus, ContainerState, ContainerStatus, Header, Pod, PodCondition, Template,
    Termination, Workload, WorkloadSpec,
};
use serde_json::{Value, json};
use smol_str::SmolStr;

/// Label and annotation with the index for which an Indexed Job made a pod.
const COMPLETION_INDEX: &str = "batch.kubernetes.io/job-completion-index";
/// Finalizer of pods that their Job has not counted yet.
const JOB_TRACKING: &str = "batch.kubernetes.io/job-tracking";
/// Annotation of a pod that its node runs from a file of its own.
const MIRROR: &str = "kubernetes.io/config.mirror";

/// A Pod as `kubectl get pod -o yaml` shows it.
pub fn print(cx: &Context<'_>, pod: &Pod) -> Value {
    let workload = cx.objects.workloads.get(pod.workload.index());
    let template = cx.objects.templates.get(pod.template.index());
    let spec = spec(cx, pod, workload, template);
    let mut status = status(cx, pod, template);
    mounted(&spec, &mut status);
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata(cx, pod, workload, template),
        "spec": spec,
        "status": status,
    })
}

/// What is mounted in containers that the runtime made (pkg/kubelet/kubelet_pods.go,
/// `convertToAPIContainerStatuses`, with RecursiveReadOnlyMounts).
fn mounted(spec: &Value, status: &mut Value) {
    let lists = [
        ("initContainers", "initContainerStatuses"),
        ("containers", "containerStatuses"),
    ];
    for (declared, reported) in lists {
        let declared = spec[declared].as_array().into_iter().flatten();
        for (container, row) in declared.zip(defaults::items_mut(status, reported)) {
            let mounts = container["volumeMounts"].as_array().into_iter().flatten();
            let mounts: Vec<Value> = mounts.map(mount_status).collect();
            if !mounts.is_empty() && row["containerID"] != "" {
                row["volumeMounts"] = mounts.into();
            }
        }
    }
}

fn mount_status(mount: &Value) -> Value {
    let mut out = json!({"name": mount["name"], "mountPath": mount["mountPath"]});
    if mount["readOnly"] == true {
        out["readOnly"] = true.into();
        out["recursiveReadOnly"] = match mount["recursiveReadOnly"].as_str() {
            Some("Enabled" | "IfPossible") => "Enabled".into(),
            _ => "Disabled".into(),
        };
    }
    out
}

/// The object that controls a pod.
fn controller<'a>(
    cx: &Context<'a>,
    pod: &Pod,
    workload: Option<&'a Workload>,
) -> Option<&'a Header> {
    if let Some(id) = pod.replica_set {
        return cx
            .objects
            .replica_sets
            .get(id.index())
            .map(|set| &set.header);
    }
    let workload = workload?;
    let bare = matches!(*workload.spec, WorkloadSpec::Pod(_));
    (!bare).then_some(&workload.header)
}

fn metadata(
    cx: &Context<'_>,
    pod: &Pod,
    workload: Option<&Workload>,
    template: Option<&Template>,
) -> Value {
    let owner = controller(cx, pod, workload);
    let given = match (owner, workload, template) {
        (None, Some(bare), _) => &*bare.header.doc,
        (_, _, Some(template)) => &*template.doc,
        _ => &Value::Null,
    };
    let mut meta = meta::part(given, "metadata");
    meta["name"] = pod.name.as_str().into();
    meta["namespace"] = pod.namespace.as_str().into();
    if !pod.labels.is_empty() {
        meta["labels"] = meta::labels_value(&pod.labels);
    }
    if let (Some(written), Some(fields)) = (&pod.finalizers, meta.as_object_mut()) {
        fields.remove("finalizers");
        if !written.is_empty() {
            fields.insert("finalizers".into(), json!(**written));
        }
    }
    meta["creationTimestamp"] = cx.epoch.rfc3339(pod.created).into();
    meta["generation"] = (pod.edits + 1).into();
    meta["resourceVersion"] = (u64::from(pod.number) * 1000 + 1).to_string().into();
    meta["uid"] = ident::uid(pod.number).into();
    if let Some(owner) = owner {
        if !is_released(pod, workload) {
            meta["ownerReferences"] = meta::owner(owner);
        }
        meta["generateName"] = format!("{}-", owner.reference.name).into();
    }
    if let Some(job) = workload.filter(|row| matches!(*row.spec, WorkloadSpec::Job(_))) {
        job_metadata(&mut meta, pod, job);
    }
    if let Some(deletion) = pod.deletion {
        meta["deletionTimestamp"] = cx.epoch.rfc3339(deletion.deadline).into();
        meta["deletionGracePeriodSeconds"] = deletion.deadline.elapsed(deletion.asked).into();
    }
    meta
}

/// Whether a pod's controller let it go: its labels are no longer those that the selector wants.
/// Source: pkg/controller/controller_ref_manager.go `ReleasePod`.
fn is_released(pod: &Pod, workload: Option<&Workload>) -> bool {
    let selector = workload.and_then(|workload| workload.spec.selector());
    pod.deletion.is_none() && selector.is_some_and(|selector| !selector.matches(&pod.labels))
}

/// A Job's pods carry their index, and are held until they are over and counted.
fn job_metadata(meta: &mut Value, pod: &Pod, job: &Workload) {
    if let Some(index) = pod.labels.get(COMPLETION_INDEX) {
        meta["annotations"][COMPLETION_INDEX] = index.as_str().into();
        meta["generateName"] = format!("{}-{index}-", job.header.reference.name).into();
    }
    if !pod.phase.is_terminal() && pod.deletion.is_none() {
        meta["finalizers"] = json!([JOB_TRACKING]);
    }
}

/// Whether a node runs the pod from a file of its own: it has no account.
fn is_mirror(workload: Option<&Workload>) -> bool {
    workload.is_some_and(|row| row.header.annotations.contains_key(MIRROR))
}

fn spec(
    cx: &Context<'_>,
    pod: &Pod,
    workload: Option<&Workload>,
    template: Option<&Template>,
) -> Value {
    let mut spec = meta::part(
        template.map_or(&Value::Null, |template| &*template.doc),
        "spec",
    );
    if !is_mirror(workload) {
        defaults::default(&mut spec, "serviceAccountName", "default");
    }
    defaults::pod_spec(&mut spec);
    defaults::host_ports(&mut spec);
    defaults::default(&mut spec, "enableServiceLinks", true);
    defaults::default(
        &mut spec,
        "preemptionPolicy",
        preemption_policy(cx, template),
    );
    spec["priority"] = pod.priority.into();
    gates_and_overhead(&mut spec, pod, template);
    for list in ["containers", "initContainers"] {
        defaults::items_mut(&mut spec, list).for_each(defaults::requests);
    }
    defaults::pod_requests(&mut spec);
    tolerate(&mut spec, workload);
    if let Some(WorkloadSpec::StatefulSet(set)) = workload.map(|workload| &*workload.spec) {
        defaults::default(&mut spec, "hostname", pod.name.as_str());
        defaults::default(&mut spec, "subdomain", set.service_name.as_str());
    }
    if let Some(workload) = workload {
        let index = pod.labels.get(COMPLETION_INDEX);
        batch::adorn(&mut spec, workload, index.map(SmolStr::as_str));
        claims(&mut spec, &workload.header.doc, pod.name.as_str());
    }
    if !is_mirror(workload) {
        token::mount(cx, pod, &mut spec);
    }
    let named = |id: NodeId| cx.objects.nodes.get(id.index());
    let daemon = workload.is_some_and(|row| matches!(*row.spec, WorkloadSpec::DaemonSet(_)));
    if let Some(node) = pod.made_for.or(pod.node).and_then(named).filter(|_| daemon) {
        pin(&mut spec, &node.header.reference.name);
    }
    if let Some(node) = pod.node.and_then(named) {
        spec["nodeName"] = node.header.reference.name.as_str().into();
    }
    spec
}

/// A DaemonSet pins each pod to its node by an affinity, in place of what the template says of nodes
/// (pkg/controller/daemon/util `ReplaceDaemonSetPodNodeNameNodeAffinity`).
fn pin(spec: &mut Value, node: &str) {
    let term =
        json!({"matchFields": [{"key": "metadata.name", "operator": "In", "values": [node]}]});
    spec["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"] =
        json!({"nodeSelectorTerms": [term]});
}

/// What the PriorityClass of a pod says of preemption.
fn preemption_policy(cx: &Context<'_>, template: Option<&Template>) -> String {
    let named = template.and_then(|template| template.spec.spec.priority_class_name.as_ref());
    let mut classes = cx
        .objects
        .plain
        .iter()
        .filter(|row| row.header.exists() && row.header.reference.kind == Kind::PriorityClass);
    let class = named.and_then(|name| classes.find(|row| row.header.reference.name == *name));
    let policy = class.and_then(|row| row.header.doc["preemptionPolicy"].as_str());
    policy.unwrap_or("PreemptLowerPriority").to_owned()
}

/// Gates that are left, and the overhead of the RuntimeClass.
fn gates_and_overhead(spec: &mut Value, pod: &Pod, template: Option<&Template>) {
    if let (Some(left), Some(fields)) = (&pod.gates, spec.as_object_mut()) {
        fields.remove("schedulingGates");
        if !left.is_empty() {
            let left = left.iter().map(|name| json!({"name": name.as_str()}));
            fields.insert("schedulingGates".into(), left.collect());
        }
    }
    let overhead = template.map(|template| &template.spec.spec.overhead);
    if let Some(overhead) = overhead.filter(|list| !list.0.is_empty()) {
        spec["overhead"] = json!(overhead);
    }
}

/// The claims that a StatefulSet makes for a pod are volumes of it, before those of the template;
/// one of the same name gives way (pkg/controller/statefulset/stateful_set_utils.go, `updateStorage`).
fn claims(spec: &mut Value, owner: &Value, pod: &str) {
    let templates = owner["spec"]["volumeClaimTemplates"].as_array();
    let names: Vec<&str> = templates
        .into_iter()
        .flatten()
        .filter_map(|template| template["metadata"]["name"].as_str())
        .collect();
    if names.is_empty() {
        return;
    }
    let made = names.iter().map(|name| {
        json!({"name": name, "persistentVolumeClaim": {"claimName": format!("{name}-{pod}")}})
    });
    let others = spec["volumes"].as_array().into_iter().flatten();
    let others = others.filter(|volume| names.iter().all(|name| volume["name"] != *name));
    spec["volumes"] = made.chain(others.cloned()).collect();
}

/// What admission (DefaultTolerationSeconds) and the DaemonSet controller add.
fn tolerate(spec: &mut Value, workload: Option<&Workload>) {
    let daemon = matches!(workload.map(|w| &*w.spec), Some(WorkloadSpec::DaemonSet(_)));
    defaults::default(spec, "tolerations", json!([]));
    let host_network = spec["hostNetwork"] == true;
    let Some(list) = spec["tolerations"].as_array_mut() else {
        return;
    };
    for key in ["not-ready", "unreachable"] {
        let mut entry = toleration(key, "NoExecute");
        if !daemon {
            entry["tolerationSeconds"] = 300.into();
        }
        add_toleration(list, entry);
    }
    if !daemon {
        return;
    }
    for key in [
        "disk-pressure",
        "memory-pressure",
        "pid-pressure",
        "unschedulable",
    ] {
        add_toleration(list, toleration(key, "NoSchedule"));
    }
    if host_network {
        add_toleration(list, toleration("network-unavailable", "NoSchedule"));
    }
}

fn toleration(key: &str, effect: &str) -> Value {
    json!({"key": format!("node.kubernetes.io/{key}"), "operator": "Exists", "effect": effect})
}

/// Adds a toleration unless one for the same taint is there, or one for everything.
fn add_toleration(list: &mut Vec<Value>, entry: Value) {
    let covers = |other: &Value| {
        let effect = other["effect"].is_null() || other["effect"] == entry["effect"];
        let all = other["key"].is_null() && other["operator"] == "Exists";
        effect && (all || other["key"] == entry["key"])
    };
    if !list.iter().any(covers) {
        list.push(entry);
    }
}

fn status(cx: &Context<'_>, pod: &Pod, template: Option<&Template>) -> Value {
    let mut out = json!({"phase": pod.phase.as_str(), "observedGeneration": pod.edits + 1});
    if let Some(template) = template {
        out["qosClass"] = Qos::of(&template.spec.spec).as_str().into();
    }
    let conditions = conditions(cx, pod);
    if !conditions.is_empty() {
        out["conditions"] = conditions.into();
    }
    if let Some(reason) = &pod.reason {
        out["reason"] = reason.as_str().into();
    }
    if let Some(message) = &pod.message {
        out["message"] = (**message).into();
    }
    let nominated = pod
        .nominated
        .and_then(|id| cx.objects.nodes.get(id.index()));
    if let Some(node) = nominated {
        out["nominatedNodeName"] = node.header.reference.name.as_str().into();
    }
    if let Some(started) = pod.started {
        out["startTime"] = cx.epoch.rfc3339(started).into();
    }
    if pod.node.is_some() {
        addresses(pod, template, &mut out);
        containers(cx, pod, template, &mut out);
    }
    out
}

fn addresses(pod: &Pod, template: Option<&Template>, out: &mut Value) {
    let Some(node) = pod.node else { return };
    let host = ident::node_ip(node.index());
    let shared = template.is_some_and(|template| template.spec.spec.host_network);
    if pod.started.is_some() {
        out["hostIP"] = host.as_str().into();
        out["hostIPs"] = json!([{"ip": host}]);
    }
    // A pod that is over keeps the address that it had.
    let had = pod.phase.is_terminal() && pod.containers.iter().any(has_run);
    if had || pod.conditions.sandbox.status == ConditionStatus::True {
        let own = if shared {
            host
        } else {
            ident::pod_ip(pod.number)
        };
        out["podIP"] = own.as_str().into();
        out["podIPs"] = json!([{"ip": own}]);
    }
}

/// Whether a container ever ran.
fn has_run(row: &ContainerStatus) -> bool {
    row.last.is_some() || !matches!(row.state, ContainerState::Waiting { .. })
}

fn conditions(cx: &Context<'_>, pod: &Pod) -> Vec<Value> {
    let (all, generation) = (&pod.conditions, pod.edits + 1);
    let mut out: Vec<Value> = Vec::new();
    if let Some(disruption) = &all.disruption {
        out.push(condition(cx, generation, "DisruptionTarget", disruption));
    }
    let refused = pod.containers.is_empty();
    if pod.node.is_some() && !refused {
        out.push(condition(
            cx,
            generation,
            "PodReadyToStartContainers",
            &all.sandbox,
        ));
        out.push(condition(cx, generation, "Initialized", &all.initialized));
        out.push(condition(cx, generation, "Ready", &all.ready));
        out.push(condition(
            cx,
            generation,
            "ContainersReady",
            &all.containers_ready,
        ));
    }
    for (kind, row) in &all.others {
        out.push(condition(cx, generation, kind, row));
    }
    // A pod that no scheduler has looked at has none.
    if pod.node.is_some() || !all.scheduled.reason.is_empty() {
        out.push(condition(cx, generation, "PodScheduled", &all.scheduled));
    }
    out
}

fn condition(cx: &Context<'_>, generation: u32, kind: &str, row: &PodCondition) -> Value {
    let mut out = json!({
        "type": kind,
        "status": row.status.as_str(),
        "observedGeneration": generation,
        "lastTransitionTime": cx.epoch.rfc3339(row.since),
    });
    if !row.reason.is_empty() {
        out["reason"] = row.reason.as_str().into();
    }
    if let Some(message) = &row.message {
        out["message"] = (**message).into();
    }
    out
}

fn containers(cx: &Context<'_>, pod: &Pod, template: Option<&Template>, out: &mut Value) {
    let Some(template) = template else { return };
    let spec = &template.spec.spec;
    let declared = spec.init_containers.iter().chain(&spec.containers);
    let printed: Vec<Value> = declared
        .zip(&pod.containers)
        .enumerate()
        .map(|(index, (container, row))| {
            let mut printed = container_status(cx, pod, index, container, row);
            if has_run(row) {
                granted(resources_of(&template.doc, &container.name), &mut printed);
            }
            printed
        })
        .collect();
    let (init, main) = printed.split_at(spec.init_containers.len().min(printed.len()));
    if !init.is_empty() {
        out["initContainerStatuses"] = init.into();
    }
    if !main.is_empty() {
        out["containerStatuses"] = main.into();
    }
}

fn container_status(
    cx: &Context<'_>,
    pod: &Pod,
    index: usize,
    container: &Container,
    row: &ContainerStatus,
) -> Value {
    let id = |run: u32| {
        let number = ident::derived(pod.number, ident::Derived::Container, index);
        format!("containerd://{}", ident::digest(number ^ u64::from(run)))
    };
    let ran = has_run(row);
    let waiting = matches!(row.state, ContainerState::Waiting { .. });
    let image = container.image.as_str();
    let mut last = json!({});
    if let Some(before) = &row.last {
        last["terminated"] = termination(cx, before, &id(row.restarts.saturating_sub(1)));
    }
    let current = id(row.restarts.saturating_sub(u32::from(waiting && ran)));
    json!({
        "name": container.name.as_str(),
        "image": image,
        "imageID": if ran { image_id(image) } else { String::new() },
        "containerID": if ran { current.clone() } else { String::new() },
        "ready": row.ready,
        "started": row.started,
        "restartCount": row.restarts,
        "state": state(cx, &row.state, &current),
        "lastState": last,
    })
}

/// What the kubelet granted a container that ran, by its `resources`.
/// Source: pkg/kubelet/kubelet_pods.go `convertToAPIContainerStatuses`.
fn granted(declared: &Value, out: &mut Value) {
    let mut container = json!({"resources": declared});
    defaults::requests(&mut container);
    let said = |value: &Value| value.as_object().is_some_and(|map| !map.is_empty());
    out["resources"] = json!({});
    for key in ["limits", "requests"] {
        let list = &container["resources"][key];
        if said(list) {
            out["resources"][key] = list.clone();
        }
    }
    if said(&out["resources"]["requests"]) {
        out["allocatedResources"] = out["resources"]["requests"].clone();
    }
}

/// `resources:` of a container in its template's document.
fn resources_of<'a>(template: &'a Value, container: &str) -> &'a Value {
    let lists = ["initContainers", "containers"].into_iter();
    let all = lists.filter_map(|list| template["spec"][list].as_array());
    let found = all.flatten().find(|one| one["name"] == container);
    found.map_or(&Value::Null, |one| &one["resources"])
}

/// The image by digest; the digest is made up from the image's name.
fn image_id(image: &str) -> String {
    let name = image.split('@').next().unwrap_or(image);
    let slash = name.rfind('/').map_or(0, |at| at + 1);
    let colon = name[slash..].find(':').map_or(name.len(), |at| slash + at);
    format!(
        "{}@sha256:{}",
        &name[..colon],
        ident::digest(ident::number_of(image))
    )
}

fn state(cx: &Context<'_>, state: &ContainerState, id: &str) -> Value {
    match state {
        ContainerState::Waiting { reason, message } => {
            let mut waiting = json!({"reason": reason.as_str()});
            if let Some(message) = message {
                waiting["message"] = (**message).into();
            }
            json!({"waiting": waiting})
        }
        ContainerState::Running { since } => {
            json!({"running": {"startedAt": cx.epoch.rfc3339(*since)}})
        }
        ContainerState::Terminated(ended) => json!({"terminated": termination(cx, ended, id)}),
    }
}

fn termination(cx: &Context<'_>, row: &Termination, id: &str) -> Value {
    // What never started has no time of its start; runtimes give that of the epoch.
    let started = match row.reason.as_str() {
        "StartError" => "1970-01-01T00:00:00Z".into(),
        _ => cx.epoch.rfc3339(row.started),
    };
    let mut out = json!({
        "containerID": id,
        "exitCode": row.exit_code,
        "reason": row.reason.as_str(),
        "startedAt": started,
        "finishedAt": cx.epoch.rfc3339(row.finished),
    });
    if let Some(message) = &row.message {
        out["message"] = (**message).into();
    }
    out
}
