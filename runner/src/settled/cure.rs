//! Fixes as changes of objects: what a person would do about a cause, where that is plain.

use aegis_images::{Image, is_official};
use aegis_model::Quantity;
use aegis_model::inspection::CauseFound;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What fills the places of a finding's texts.
type Values = BTreeMap<&'static str, String>;

/// The objects with a finding's fix; nothing where it is no plain change of objects.
pub fn mended(objects: &[Value], finding: &CauseFound, values: &Values) -> Option<Vec<Value>> {
    let mut objects = objects.to_vec();
    let at = position(&objects, &finding.object)?;
    let field = finding.field.as_deref().unwrap_or_default();
    match finding.fault.as_str() {
        "replicas_zero" | "volume_attached_elsewhere" => objects[at]["spec"]["replicas"] = json!(1),
        "service_selector_wrong" | "service_without_pods" => selector(&mut objects, at)?,
        "service_target_port_wrong" => target_port(&mut objects, at, values)?,
        "image_missing" => image(&mut objects[at], field, values)?,
        "variable_missing" => variable(&mut objects[at], field, values)?,
        "env_var_wrong" => address(&mut objects[at], field, values)?,
        "cron_job_broken" | "rollout_stuck" | "misconfiguration" => woken(&mut objects[at], field)?,
        "image_pull_secret_missing" => pull_secret(&mut objects, at, values)?,
        "capability_missing" => powers(&mut objects[at], field, values)?,
        "volume_permission_denied" => as_its_own_user(&mut objects[at], field)?,
        "ephemeral_storage_exceeded" => roomier(&mut objects[at])?,
        "stateful_set_service_missing" => governing(&mut objects, at, values)?,
        "finalizer_stuck" => remove(&mut objects[at]["metadata"], "finalizers")?,
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
        "liveness_probe_wrong_port" | "readiness_probe_wrong_port"
            if values.contains_key("value_right") =>
        {
            probe_port(&mut objects[at], field, values)?;
        }
        "liveness_probe_wrong_timing" => patient(&mut objects[at], field)?,
        "cpu_overload" => unthrottled(&mut objects[at]),
        "cpu_request_too_high" => requests(&mut objects[at], "cpu", "100m"),
        "memory_request_too_high" => requests(&mut objects[at], "memory", "128Mi"),
        "memory_limit_too_low" => limits(&mut objects[at], field)?,
        "security_context_forbidden" => unrestrained(&mut objects[at]),
        "liveness_probe_wrong_port" | "liveness_probe_wrong_protocol" | "liveness_probe_fails" => {
            without_probe(&mut objects[at], &["livenessProbe", "startupProbe"]);
        }
        "readiness_probe_wrong_port"
        | "readiness_probe_wrong_protocol"
        | "readiness_probe_wrong_timing"
        | "readiness_probe_fails" => without_probe(&mut objects[at], &["readinessProbe"]),
        "secret_missing" => missing(&mut objects, at, values, "Secret")?,
        "configuration_missing" => missing(&mut objects, at, values, "ConfigMap")?,
        "service_account_missing" => missing(&mut objects, at, values, "ServiceAccount")?,
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

/// Four times the limit of the container at fault, or of all: enough to see whether it was the limit.
fn limits(object: &mut Value, field: &str) -> Option<()> {
    let name = container_of(field).map(str::to_owned);
    let mut raised = None;
    for container in containers(object) {
        if name
            .as_ref()
            .is_some_and(|name| container["name"] != name.as_str())
        {
            continue;
        }
        let limit = container
            .pointer("/resources/limits/memory")
            .and_then(Value::as_str);
        let Some(limit) = limit.and_then(|text| text.parse::<Quantity>().ok()) else {
            continue;
        };
        let mebi = (limit.milli / 1000 * 4) >> 20;
        container["resources"]["limits"]["memory"] = json!(format!("{}Mi", mebi.max(512)));
        raised = Some(());
    }
    raised
}

/// The name of the container in a field: `…containers[name=web].image`.
fn container_of(field: &str) -> Option<&str> {
    let (_, rest) = field.split_once("ontainers[name=")?;
    rest.split(']').next().filter(|name| !name.is_empty())
}

/// The container at fault, in whichever list it stands.
fn container<'a>(object: &'a mut Value, field: &str) -> Option<&'a mut Value> {
    let name = container_of(field)?.to_owned();
    let list = match field.contains("initContainers[") {
        true => "initContainers",
        false => "containers",
    };
    let mut all = pod_spec(object)[list].as_array_mut()?.iter_mut();
    all.find(|one| one["name"] == name.as_str())
}

/// A name and tag that are published: the repository that was meant, its newest tag.
fn image(object: &mut Value, field: &str, values: &Values) -> Option<()> {
    let container = container(object, field)?;
    if field.ends_with("imagePullPolicy") {
        container["imagePullPolicy"] = json!("IfNotPresent");
        return Some(());
    }
    let own = container["image"].as_str()?.to_owned();
    let read = Image::of(&own);
    let right = match values.get("value_right") {
        Some(right) => format!(
            "{right}:{}",
            if read.tag.is_empty() {
                "latest"
            } else {
                read.tag
            }
        ),
        None if read.is_of_library() && is_official(read.repository) => {
            let plain = read
                .tag
                .strip_prefix('v')
                .filter(|rest| rest.starts_with(|one: char| one.is_ascii_digit()));
            format!("{}:{}", read.repository, plain.unwrap_or("latest"))
        }
        None => return None,
    };
    container["image"] = json!(right);
    Some(())
}

/// The variable that is missing, with a value to be filled in.
fn variable(object: &mut Value, field: &str, values: &Values) -> Option<()> {
    let name = values.get("value")?;
    let value = match name.as_str() {
        "ACCEPT_EULA" => "Y",
        "discovery.type" => "single-node",
        _ => "CHANGE-ME",
    };
    let container = container(object, field)?;
    let one = json!({"name": name, "value": value});
    match container["env"].as_array_mut() {
        Some(all) => all.push(one),
        None => container["env"] = json!([one]),
    }
    Some(())
}

/// The variable, or the key of a ConfigMap, with the address that is there.
fn address(object: &mut Value, field: &str, values: &Values) -> Option<()> {
    let (_, value) = values
        .get("value")?
        .split_once('=')
        .filter(|(_, value)| !value.contains([' ', '…']))?;
    let put = |old: &str| -> Option<String> {
        // The host alone is changed: what stands around it stays.
        let host = values.get("value_host").map_or(old, String::as_str);
        old.contains(host).then(|| old.replacen(host, value, 1))
    };
    if let Some(key) = field.strip_prefix("data.") {
        let old = object["data"][key].as_str()?.to_owned();
        object["data"][key] = json!(put(&old)?);
        return Some(());
    }
    let name = field
        .split("env[name=")
        .nth(1)?
        .split(']')
        .next()?
        .to_owned();
    let container = container(object, field)?;
    let mut all = container["env"].as_array_mut()?.iter_mut();
    let one = all.find(|one| one["name"] == name.as_str())?;
    let old = one["value"].as_str()?.to_owned();
    one["value"] = json!(put(&old)?);
    Some(())
}

/// What is suspended, paused or gated goes on; what may not run may.
fn woken(object: &mut Value, field: &str) -> Option<()> {
    match field {
        "spec.suspend" => object["spec"]["suspend"] = json!(false),
        "spec.paused" => object["spec"]["paused"] = json!(false),
        "spec.parallelism" => object["spec"]["parallelism"] = json!(1),
        "spec.minReadySeconds" => object["spec"]["minReadySeconds"] = json!(10),
        "spec.startingDeadlineSeconds" => object["spec"]["startingDeadlineSeconds"] = json!(300),
        "spec.template.spec.schedulingGates" | "spec.schedulingGates" => {
            remove(pod_spec(object), "schedulingGates")?;
        }
        "spec.template.spec.activeDeadlineSeconds" | "spec.activeDeadlineSeconds" => {
            remove(pod_spec(object), "activeDeadlineSeconds")?;
        }
        _ => return None,
    }
    Some(())
}

/// The Secret that a pull asks for, to be filled in.
fn pull_secret(objects: &mut Vec<Value>, at: usize, values: &Values) -> Option<()> {
    let name = values.get("value_secret")?;
    let mut made = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": name},
        "type": "kubernetes.io/dockerconfigjson",
        "stringData": {".dockerconfigjson": "{\"auths\":{\"SERVER\":{\"username\":\"USER\",\"password\":\"PASSWORD\"}}}"}
    });
    if let Some(namespace) = objects[at]["metadata"]["namespace"].as_str() {
        made["metadata"]["namespace"] = json!(namespace);
    }
    objects.push(made);
    Some(())
}

/// The capabilities, or the privilege, that the program needs.
fn powers(object: &mut Value, field: &str, values: &Values) -> Option<()> {
    let container = container(object, field)?;
    if field.ends_with("privileged") {
        container["securityContext"]["privileged"] = json!(true);
        return Some(());
    }
    let added: Vec<&str> = values.get("value")?.split(", ").collect();
    container["securityContext"]["capabilities"]["add"] = json!(added);
    Some(())
}

/// The user that the image brings.
fn as_its_own_user(object: &mut Value, field: &str) -> Option<()> {
    if !field.ends_with("runAsUser") {
        return None;
    }
    let _ = remove(&mut pod_spec(object)["securityContext"], "runAsUser");
    let container = container(object, field)?;
    let _ = remove(&mut container["securityContext"], "runAsUser");
    Some(())
}

/// Room for what is written.
fn roomier(object: &mut Value) -> Option<()> {
    let mut done = None;
    for container in containers(object) {
        if container
            .pointer("/resources/limits/ephemeral-storage")
            .is_some()
        {
            container["resources"]["limits"]["ephemeral-storage"] = json!("2Gi");
            done = Some(());
        }
    }
    for volume in pod_spec(object)["volumes"]
        .as_array_mut()
        .into_iter()
        .flatten()
    {
        if volume.pointer("/emptyDir/sizeLimit").is_some() {
            volume["emptyDir"]["sizeLimit"] = json!("2Gi");
            done = Some(());
        }
    }
    done
}

fn unthrottled(object: &mut Value) {
    for container in containers(object) {
        let _ = remove(&mut container["resources"]["limits"], "cpu");
    }
}

/// The governing Service of a StatefulSet.
fn governing(objects: &mut Vec<Value>, at: usize, values: &Values) -> Option<()> {
    let set = &objects[at];
    let mut made = json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": values.get("value")?},
        "spec": {"clusterIP": "None", "selector": set["spec"]["selector"]["matchLabels"]}
    });
    if let Some(namespace) = set["metadata"]["namespace"].as_str() {
        made["metadata"]["namespace"] = json!(namespace);
    }
    objects.push(made);
    Some(())
}

/// The probe at fault.
fn probe<'a>(object: &'a mut Value, field: &str) -> Option<&'a mut Value> {
    let name = field.rsplit('.').next()?.to_owned();
    container(object, field)?.get_mut(name.as_str())
}

/// The port on which the program listens.
fn probe_port(object: &mut Value, field: &str, values: &Values) -> Option<()> {
    let right: i64 = values.get("value_right")?.parse().ok()?;
    let probe = probe(object, field)?;
    let handler = ["httpGet", "tcpSocket", "grpc"]
        .into_iter()
        .find(|one| probe.get(*one).is_some())?;
    probe[handler]["port"] = json!(right);
    Some(())
}

/// A minute more before the first question.
fn patient(object: &mut Value, field: &str) -> Option<()> {
    let probe = probe(object, field)?;
    let now = probe["initialDelaySeconds"].as_i64().unwrap_or(0);
    probe["initialDelaySeconds"] = json!(now + 60);
    Some(())
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
fn target_port(objects: &mut [Value], at: usize, values: &Values) -> Option<()> {
    let right = values
        .get("value_right")
        .and_then(|port| port.parse::<i64>().ok());
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
    });
    let declared = right.map(|port| json!(port)).or(declared)?;
    for port in objects[at]["spec"]["ports"].as_array_mut()? {
        port["targetPort"] = declared.clone();
    }
    Some(())
}

/// The object that is missing, with every key that is asked of it.
fn missing(objects: &mut Vec<Value>, at: usize, values: &Values, kind: &str) -> Option<()> {
    let name = values.get("value")?.clone();
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
