//! Fixes as changes of objects: what a person would do about a cause, where that is plain.

use aegis_model::inspection::CauseFound;
use serde_json::{Value, json};

/// The objects with a finding's fix; nothing where it is no plain change of objects.
pub fn mended(objects: &[Value], finding: &CauseFound) -> Option<Vec<Value>> {
    let mut objects = objects.to_vec();
    let at = position(&objects, &finding.object)?;
    let field = finding.field.as_deref().unwrap_or_default();
    match finding.fault.as_str() {
        "replicas_zero" => objects[at]["spec"]["replicas"] = json!(1),
        "service_selector_wrong" | "service_without_pods" => selector(&mut objects, at)?,
        "service_target_port_wrong" => target_port(&mut objects, at)?,
        "service_traffic_policy_local" => {
            objects[at]["spec"]["internalTrafficPolicy"] = json!("Cluster");
        }
        "network_policy_block"
        | "network_policy_blocks_dns"
        | "disruption_budget_blocks"
        | "webhook_backend_missing" => drop(objects.remove(at)),
        "node_selector_wrong" => remove(pod_spec(&mut objects[at]), "nodeSelector")?,
        "node_affinity_wrong" | "anti_affinity_unsatisfiable" | "pod_affinity_unsatisfiable" => {
            remove(pod_spec(&mut objects[at]), "affinity")?;
        }
        "topology_spread_unsatisfiable" => {
            remove(pod_spec(&mut objects[at]), "topologySpreadConstraints")?;
        }
        "dns_settings_wrong" => {
            let spec = pod_spec(&mut objects[at]);
            spec["dnsPolicy"] = json!("ClusterFirst");
            let _ = remove(spec, "dnsConfig");
        }
        "cpu_request_too_high" => requests(&mut objects[at], "cpu", "100m"),
        "memory_request_too_high" => requests(&mut objects[at], "memory", "128Mi"),
        "memory_limit_too_low" => limits(&mut objects[at]),
        "security_context_forbidden" => unrestrained(&mut objects[at]),
        "liveness_probe_wrong_port"
        | "liveness_probe_wrong_protocol"
        | "liveness_probe_wrong_timing"
        | "liveness_probe_fails" => {
            without_probe(&mut objects[at], &["livenessProbe", "startupProbe"]);
        }
        "readiness_probe_wrong_port"
        | "readiness_probe_wrong_protocol"
        | "readiness_probe_wrong_timing"
        | "readiness_probe_fails" => without_probe(&mut objects[at], &["readinessProbe"]),
        "secret_missing" => missing(&mut objects, at, finding, "Secret")?,
        "configuration_missing" => missing(&mut objects, at, finding, "ConfigMap")?,
        "service_account_missing" => missing(&mut objects, at, finding, "ServiceAccount")?,
        "claim_class_wrong" => claim(&mut objects, finding)?,
        "filesystem_read_only" => writable(&mut objects[at], field)?,
        "host_path_missing" => made_paths(&mut objects[at])?,
        "quota_wants_resources" => resources(&mut objects[at], finding)?,
        "taint_not_tolerated" => {
            pod_spec(&mut objects[at])["tolerations"] = json!([{"operator": "Exists"}]);
        }
        "node_cordoned" => uncordon(&mut objects),
        _ => return None,
    }
    Some(objects)
}

fn position(objects: &[Value], reference: &str) -> Option<usize> {
    objects.iter().position(|object| {
        let word = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
        let (kind, name) = (word("/kind"), word("/metadata/name"));
        let namespace = word("/metadata/namespace");
        let (Some(kind), Some(name)) = (kind, name) else {
            return false;
        };
        match namespace {
            Some(namespace) => reference == format!("{kind}/{namespace}/{name}"),
            None => {
                reference == format!("{kind}/{name}")
                    || reference == format!("{kind}/default/{name}")
            }
        }
    })
}

/// The spec of an object's pods.
fn pod_spec(object: &mut Value) -> &mut Value {
    match object["kind"].as_str() {
        Some("Pod") => &mut object["spec"],
        Some("CronJob") => &mut object["spec"]["jobTemplate"]["spec"]["template"]["spec"],
        _ => &mut object["spec"]["template"]["spec"],
    }
}

fn containers(object: &mut Value) -> impl Iterator<Item = &mut Value> {
    let list = pod_spec(object)["containers"].as_array_mut();
    list.into_iter().flatten()
}

fn remove(from: &mut Value, field: &str) -> Option<()> {
    from.as_object_mut()?.remove(field).map(drop)
}

fn requests(object: &mut Value, resource: &str, amount: &str) {
    for container in containers(object) {
        container["resources"]["requests"][resource] = json!(amount);
    }
}

fn limits(object: &mut Value) {
    for container in containers(object) {
        let _ = remove(&mut container["resources"]["limits"], "memory");
    }
}

fn unrestrained(object: &mut Value) {
    let _ = remove(pod_spec(object), "securityContext");
    for container in containers(object) {
        let _ = remove(container, "securityContext");
    }
}

fn without_probe(object: &mut Value, probes: &[&str]) {
    for container in containers(object) {
        for probe in probes {
            let _ = remove(container, probe);
        }
    }
}

fn uncordon(objects: &mut [Value]) {
    for node in objects.iter_mut().filter(|object| object["kind"] == "Node") {
        let _ = remove(&mut node["spec"], "unschedulable");
    }
}

/// The labels of the pods that a Service is for: those of the workload of its name, else of the only one.
fn selector(objects: &mut [Value], at: usize) -> Option<()> {
    let service = objects[at].clone();
    let mut others = objects.iter().filter(|object| {
        object["metadata"]["namespace"] == service["metadata"]["namespace"]
            && matches!(
                object["kind"].as_str(),
                Some("Deployment" | "StatefulSet" | "DaemonSet" | "Pod")
            )
    });
    let named = others
        .clone()
        .find(|object| object["metadata"]["name"] == service["metadata"]["name"]);
    let keeper = named.or_else(|| others.next())?;
    let labels = match keeper["kind"].as_str() {
        Some("Pod") => keeper["metadata"]["labels"].clone(),
        _ => keeper["spec"]["template"]["metadata"]["labels"].clone(),
    };
    objects[at]["spec"]["selector"] = labels;
    Some(())
}

/// The port that the pods behind a Service declare first.
fn target_port(objects: &mut [Value], at: usize) -> Option<()> {
    let selector = objects[at]["spec"]["selector"].as_object()?.clone();
    let declared = objects.iter_mut().find_map(|object| {
        let labels = match object["kind"].as_str()? {
            "Pod" => object["metadata"]["labels"].clone(),
            _ => object["spec"]["template"]["metadata"]["labels"].clone(),
        };
        let takes = selector
            .iter()
            .all(|(key, value)| labels.get(key) == Some(value));
        let mut all = containers(object);
        let port = takes.then(|| all.find_map(|one| one["ports"][0].get("containerPort").cloned()));
        port.flatten()
    })?;
    for port in objects[at]["spec"]["ports"].as_array_mut()? {
        port["targetPort"] = declared.clone();
    }
    Some(())
}

/// The object that is missing, with every key that is asked of it.
fn missing(objects: &mut Vec<Value>, at: usize, finding: &CauseFound, kind: &str) -> Option<()> {
    let command = finding.fix.undo.first().or(finding.fix.kubectl.first())?;
    let name = command.split_whitespace().last()?.to_owned();
    let namespace = objects[at]["metadata"]["namespace"].clone();
    let mut data = json!({"KEY": "VALUE"});
    let text = objects[at].to_string();
    for part in text.split("\"key\":\"").skip(1) {
        let key = part.split('"').next().unwrap_or_default();
        data[key] = json!("VALUE");
    }
    let mut made = json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": name}});
    if namespace.is_string() {
        made["metadata"]["namespace"] = namespace;
    }
    match kind {
        "Secret" => made["stringData"] = data,
        "ConfigMap" => made["data"] = data,
        _ => {}
    }
    objects.push(made);
    Some(())
}

/// Requests and limits as the command that is shown sets them: `--requests=cpu=100m,memory=128Mi`.
fn resources(object: &mut Value, finding: &CauseFound) -> Option<()> {
    let shown = finding.fix.kubectl.first()?;
    let mut set = 0;
    for list in ["requests", "limits"] {
        let flag = format!("--{list}=");
        let amounts = shown.split(' ').find_map(|word| word.strip_prefix(&flag));
        for (resource, amount) in amounts?.split(',').filter_map(|one| one.split_once('=')) {
            for container in containers(object) {
                container["resources"][list][resource] = json!(amount);
                set += 1;
            }
        }
    }
    (set > 0).then_some(())
}

/// The mount at fault, `…containers[name=a].volumeMounts[name=b].readOnly`, for writing. Where the fix that
/// is shown is an emptyDir, nothing is tried: which files the image has there is not known.
fn writable(object: &mut Value, field: &str) -> Option<()> {
    let place = field.strip_suffix("].readOnly")?;
    let (place, mount) = place.split_once("].volumeMounts[name=")?;
    let (_, container) = place.split_once("containers[name=")?;
    let mut all = containers(object);
    let found = all.find(|one| one["name"] == container)?;
    let mut mounts = found["volumeMounts"].as_array_mut()?.iter_mut();
    remove(mounts.find(|one| one["name"] == mount)?, "readOnly")
}

/// Paths of the node that the kubelet makes where they are not there.
fn made_paths(object: &mut Value) -> Option<()> {
    for volume in pod_spec(object)["volumes"].as_array_mut()? {
        let made = match volume["hostPath"]["type"].as_str() {
            Some("Directory") => "DirectoryOrCreate",
            Some("File") => "FileOrCreate",
            _ => continue,
        };
        volume["hostPath"]["type"] = json!(made);
    }
    Some(())
}

/// The claim at fault, or the one that a field names, with the cluster's own class.
fn claim(objects: &mut [Value], finding: &CauseFound) -> Option<()> {
    let by_field = finding
        .field
        .as_deref()
        .and_then(|field| field.split_once(": "));
    let reference = by_field.map_or(finding.object.as_str(), |(reference, _)| reference);
    let at = position(objects, reference)?;
    remove(&mut objects[at]["spec"], "storageClassName")
}
