//! What the API server fills in.
//!
//! Source: pkg/apis/core/v1/defaults.go and pkg/apis/apps/v1/defaults.go of Kubernetes 1.34.

use aegis_model::Amount;
use serde_json::{Map, Value, json};

/// Sets a field that is not there.
pub fn default(value: &mut Value, key: &str, content: impl Into<Value>) {
    if value.is_null() {
        *value = Value::Object(Map::new());
    }
    if let Some(fields) = value.as_object_mut() {
        fields.entry(key).or_insert_with(|| content.into());
    }
}

/// The items of a list field; none where there is no list.
pub fn items_mut<'a>(value: &'a mut Value, key: &str) -> impl Iterator<Item = &'a mut Value> {
    let list = value.get_mut(key).and_then(Value::as_array_mut);
    list.into_iter().flatten()
}

/// `spec:` of a pod or of a template.
pub fn pod_spec(spec: &mut Value) {
    default(spec, "dnsPolicy", "ClusterFirst");
    default(spec, "restartPolicy", "Always");
    default(spec, "schedulerName", "default-scheduler");
    default(spec, "securityContext", json!({}));
    default(spec, "terminationGracePeriodSeconds", 30);
    if let Some(account) = spec.get("serviceAccountName").cloned() {
        default(spec, "serviceAccount", account);
    }
    for list in ["containers", "initContainers"] {
        items_mut(spec, list).for_each(container);
    }
    items_mut(spec, "volumes").for_each(volume);
}

fn container(container: &mut Value) {
    let policy = pull_policy(container["image"].as_str().unwrap_or_default());
    default(container, "imagePullPolicy", policy);
    default(container, "resources", json!({}));
    default(container, "terminationMessagePath", "/dev/termination-log");
    default(container, "terminationMessagePolicy", "File");
    items_mut(container, "ports").for_each(|port| default(port, "protocol", "TCP"));
    for name in ["livenessProbe", "readinessProbe", "startupProbe"] {
        if let Some(found) = container.get_mut(name) {
            probe(found);
        }
    }
    items_mut(container, "env").for_each(field_ref);
}

/// `Always` for the tag `latest` or none, else `IfNotPresent`.
pub fn pull_policy(image: &str) -> &'static str {
    let last = image.rsplit('/').next().unwrap_or(image);
    if last.contains('@') {
        return "IfNotPresent";
    }
    match last.split_once(':') {
        None | Some((_, "latest")) => "Always",
        Some(_) => "IfNotPresent",
    }
}

fn probe(probe: &mut Value) {
    default(probe, "failureThreshold", 3);
    default(probe, "periodSeconds", 10);
    default(probe, "successThreshold", 1);
    default(probe, "timeoutSeconds", 1);
    if let Some(get) = probe.get_mut("httpGet") {
        default(get, "path", "/");
        default(get, "scheme", "HTTP");
    }
    if let Some(grpc) = probe.get_mut("grpc") {
        default(grpc, "service", "");
    }
}

fn field_ref(variable: &mut Value) {
    let source = variable.get_mut("valueFrom");
    if let Some(field) = source.and_then(|source| source.get_mut("fieldRef")) {
        default(field, "apiVersion", "v1");
    }
}

fn volume(volume: &mut Value) {
    for kind in ["configMap", "secret", "projected", "downwardAPI"] {
        if let Some(source) = volume.get_mut(kind) {
            default(source, "defaultMode", 420);
        }
    }
    if let Some(path) = volume.get_mut("hostPath") {
        default(path, "type", "");
    }
}

/// What is filled in on a Pod in its node's network: the ports of the node that it takes.
pub fn host_ports(spec: &mut Value) {
    if spec["hostNetwork"] != true {
        return;
    }
    for list in ["containers", "initContainers"] {
        for container in items_mut(spec, list) {
            for port in items_mut(container, "ports") {
                let number = port["containerPort"].clone();
                default(port, "hostPort", number);
            }
        }
    }
}

/// What is filled in on a Pod and not on a template: requests from limits (an explicit 0 stays 0).
pub fn requests(container: &mut Value) {
    let Some(limits) = container["resources"]["limits"].as_object().cloned() else {
        return;
    };
    let resources = &mut container["resources"];
    for (name, amount) in limits {
        if resources["requests"][&name].is_null() {
            resources["requests"][&name] = amount;
        }
    }
}

/// Requests of the whole pod where it has limits: what its containers request together, else the limit
/// (pkg/apis/core/v1/defaults.go `defaultPodRequests`).
pub fn pod_requests(spec: &mut Value) {
    let Some(limits) = spec["resources"]["limits"].as_object().cloned() else {
        return;
    };
    for (name, limit) in limits {
        if spec["resources"]["requests"][&name].is_null() {
            let sum = requested(spec, &name).map(|sum| Value::from(sum.to_string()));
            spec["resources"]["requests"][&name] = sum.unwrap_or(limit);
        }
    }
}

/// What the containers of a pod request of a resource, its sidecars among them; not less than any step of
/// its initialisation. `None` where none says anything.
fn requested(spec: &Value, name: &str) -> Option<Amount> {
    let of = |list: &str| spec[list].as_array().cloned().unwrap_or_default();
    let amount = |container: &Value| -> Option<Amount> {
        container["resources"]["requests"][name]
            .as_str()?
            .parse()
            .ok()
    };
    let (sidecars, steps): (Vec<Value>, Vec<Value>) = of("initContainers")
        .into_iter()
        .partition(|container| container["restartPolicy"] == "Always");
    let running = of("containers").into_iter().chain(sidecars);
    let sum = running
        .filter_map(|container| amount(&container))
        .reduce(Amount::plus);
    sum.into_iter().chain(steps.iter().filter_map(amount)).max()
}

/// A configuration of webhooks (pkg/apis/admissionregistration/v1/defaults.go).
pub fn webhooks(object: &mut Value) {
    let mutating = object["kind"] == "MutatingWebhookConfiguration";
    for hook in items_mut(object, "webhooks") {
        default(hook, "failurePolicy", "Fail");
        default(hook, "matchPolicy", "Equivalent");
        default(hook, "namespaceSelector", json!({}));
        default(hook, "objectSelector", json!({}));
        default(hook, "timeoutSeconds", 10);
        if mutating {
            default(hook, "reinvocationPolicy", "Never");
        }
        if hook["clientConfig"]["service"].is_object() {
            default(&mut hook["clientConfig"]["service"], "port", 443);
        }
        items_mut(hook, "rules").for_each(|rule| default(rule, "scope", "*"));
    }
}

/// `spec:` of a Deployment.
pub fn deployment(spec: &mut Value) {
    default(spec, "replicas", 1);
    default(spec, "progressDeadlineSeconds", 600);
    default(spec, "revisionHistoryLimit", 10);
    default(spec, "strategy", json!({}));
    let strategy = &mut spec["strategy"];
    default(strategy, "type", "RollingUpdate");
    if strategy["type"] == "RollingUpdate" {
        default(strategy, "rollingUpdate", json!({}));
        default(&mut strategy["rollingUpdate"], "maxSurge", "25%");
        default(&mut strategy["rollingUpdate"], "maxUnavailable", "25%");
    }
}

/// `spec:` of a StatefulSet.
pub fn stateful_set(spec: &mut Value) {
    default(spec, "replicas", 1);
    default(spec, "podManagementPolicy", "OrderedReady");
    default(spec, "revisionHistoryLimit", 10);
    default(
        spec,
        "persistentVolumeClaimRetentionPolicy",
        json!({"whenDeleted": "Retain", "whenScaled": "Retain"}),
    );
    default(spec, "serviceName", "");
    update_strategy(spec, &json!({"partition": 0}));
    items_mut(spec, "volumeClaimTemplates").for_each(claim);
}

fn claim(claim: &mut Value) {
    default(claim, "apiVersion", "v1");
    default(claim, "kind", "PersistentVolumeClaim");
    if let Some(spec) = claim.get_mut("spec") {
        default(spec, "volumeMode", "Filesystem");
    }
    default(claim, "status", json!({"phase": "Pending"}));
}

/// `spec:` of a DaemonSet.
pub fn daemon_set(spec: &mut Value) {
    default(spec, "revisionHistoryLimit", 10);
    update_strategy(spec, &json!({"maxSurge": 0, "maxUnavailable": 1}));
}

fn update_strategy(spec: &mut Value, bounds: &Value) {
    default(spec, "updateStrategy", json!({}));
    let strategy = &mut spec["updateStrategy"];
    default(strategy, "type", "RollingUpdate");
    if strategy["type"] != "RollingUpdate" {
        return;
    }
    default(strategy, "rollingUpdate", json!({}));
    for (key, value) in bounds.as_object().into_iter().flatten() {
        default(&mut strategy["rollingUpdate"], key, value.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::pull_policy;

    #[test]
    fn images_without_a_fixed_tag_are_always_pulled() {
        let cases = [
            ("redis", "Always"),
            ("redis:latest", "Always"),
            ("redis:7", "IfNotPresent"),
            ("registry:5000/redis", "Always"),
            ("registry:5000/redis:7", "IfNotPresent"),
            ("redis@sha256:00", "IfNotPresent"),
        ];
        for (image, policy) in cases {
            assert_eq!(pull_policy(image), policy, "{image}");
        }
    }
}
