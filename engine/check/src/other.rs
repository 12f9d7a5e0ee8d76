//! Kinds and fields that the typed checks do not read: looked at in the document itself.
//!
//! Source: pkg/apis/core/validation and its like of other groups.

use super::findings::Findings;
use super::{batch, expressions, item, names, rules, storage, values};
use aegis_model::FieldPath;
use aegis_model::kubernetes::{Kind, Metadata};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeSet;

/// Checks what an object of a kind served as `version` says beside what types read.
pub fn check(object: &Value, version: &str, kind: &str, findings: &mut Findings) {
    let at = FieldPath::default().key("spec");
    let spec = &object["spec"];
    match (version, kind) {
        ("batch/v1", "Job") => named(object, kind, findings, |f| {
            batch::job(spec, &at, f);
            batch::own_selector(spec, &at, f);
        }),
        ("batch/v1", "CronJob") => {
            named(object, kind, findings, |f| batch::cron_job(spec, &at, f));
        }
        ("v1", "PersistentVolumeClaim") => {
            named(object, kind, findings, |f| storage::claim(spec, &at, f));
        }
        ("v1", "PersistentVolume") => {
            named(object, kind, findings, |f| storage::volume(spec, &at, f));
        }
        ("v1", "ConfigMap" | "Secret") => storage::data(object, findings),
        ("v1", "ResourceQuota") => named(object, kind, findings, |f| rules::quota(spec, &at, f)),
        ("v1", "LimitRange") => named(object, kind, findings, |f| rules::limits(spec, &at, f)),
        ("scheduling.k8s.io/v1", "PriorityClass") => {
            named(object, kind, findings, |f| rules::priority_class(object, f));
        }
        (
            "admissionregistration.k8s.io/v1",
            "MutatingWebhookConfiguration" | "ValidatingWebhookConfiguration",
        ) => named(object, kind, findings, |f| rules::webhooks(object, f)),
        ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding" | "RoleBinding") => {
            rules::binding(object, findings);
        }
        ("networking.k8s.io/v1", "Ingress") => {
            named(object, kind, findings, |f| ingress(spec, &at, f));
        }
        ("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy") => {
            expressions::policy(spec, &at, findings);
        }
        ("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicyBinding") => {
            let actions = || values::items(spec, &at, "validationActions");
            let has = |wanted: &str| actions().any(|(action, _)| action == wanted);
            if has("Deny") && has("Warn") {
                let detail = "must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)";
                findings.invalid(&at.key("validationActions"), "[Deny Warn]", detail);
            }
        }
        ("v1", "Pod") => mirror(object, findings),
        ("v1", "Service") => node_ports(spec, &at, findings),
        ("v1", "Namespace") => security_levels(object, findings),
        _ => {}
    }
    if let Some((spec, at)) = pod_spec(object, version, kind) {
        if version == "apps/v1" && !spec["activeDeadlineSeconds"].is_null() {
            let detail = "activeDeadlineSeconds in ReplicaSet is not Supported";
            findings.forbidden(&at.key("activeDeadlineSeconds"), detail);
        }
        pod(spec, &at, findings);
    }
}

/// What a node shows of a pod of its own names the node.
/// Source: pkg/apis/core/validation/validation.go `ValidatePodSpecificAnnotations`.
fn mirror(object: &Value, findings: &mut Findings) {
    const MIRROR: &str = "kubernetes.io/config.mirror";
    let Some(value) = object["metadata"]["annotations"][MIRROR].as_str() else {
        return;
    };
    if object["spec"]["nodeName"]
        .as_str()
        .is_none_or(str::is_empty)
    {
        let at = FieldPath::default()
            .key("metadata")
            .key("annotations")
            .key(MIRROR);
        findings.invalid(
            &at,
            value,
            "must set spec.nodeName if mirror pod annotation is set",
        );
    }
}

/// The object's own rules behind those on its name and labels.
fn named(object: &Value, kind: &str, findings: &mut Findings, rules: impl FnOnce(&mut Findings)) {
    let at = FieldPath::default().key("metadata");
    if !aegis_kube::versions::is_simulated(object["apiVersion"].as_str().unwrap_or_default(), kind)
        && let Ok(meta) = Metadata::deserialize(&object["metadata"])
    {
        names::metadata(&meta, &Kind::from(kind), &at, findings);
    }
    rules(findings);
}

/// Levels of Pod Security that a namespace's labels name.
/// Source: k8s.io/pod-security-admission/api `PolicyToEvaluate`.
fn security_levels(object: &Value, findings: &mut Findings) {
    let at = FieldPath::default().key("metadata").key("labels");
    for mode in ["audit", "enforce", "warn"] {
        let key = format!("pod-security.kubernetes.io/{mode}");
        let Some(level) = object["metadata"]["labels"][&key].as_str() else {
            continue;
        };
        if !matches!(level, "privileged" | "baseline" | "restricted") {
            let detail = "must be one of privileged, baseline, restricted";
            findings.invalid(&at.key(&key), level, detail);
        }
    }
}

/// The pod's spec in an object, with its path.
fn pod_spec<'a>(object: &'a Value, version: &str, kind: &str) -> Option<(&'a Value, FieldPath)> {
    let keys: &[&str] = match (version, kind) {
        ("v1", "Pod") => &["spec"],
        ("apps/v1", _) | ("batch/v1", "Job") | ("v1", "ReplicationController") => {
            &["spec", "template", "spec"]
        }
        ("batch/v1", "CronJob") => &["spec", "jobTemplate", "spec", "template", "spec"],
        _ => return None,
    };
    let path = keys
        .iter()
        .fold(FieldPath::default(), |path, key| path.key(key));
    let spec = path.get(object).filter(|spec| spec.is_object())?;
    Some((spec, path))
}

fn pod(spec: &Value, path: &FieldPath, findings: &mut Findings) {
    super::resources::of_pod(spec, path, findings);
    super::downward::of_pod(spec, path, findings);
    super::table::pod(spec, path, findings);
    super::placing::affinity(&spec["affinity"], &path.key("affinity"), findings);
    security(spec, path, findings);
    let seconds = spec["activeDeadlineSeconds"].as_i64().unwrap_or(1);
    if !(1..=i64::from(i32::MAX)).contains(&seconds) {
        let detail = "must be between 1 and 2147483647, inclusive";
        findings.invalid(&path.key("activeDeadlineSeconds"), seconds, detail);
    }
    for key in ["hostname", "subdomain"] {
        if let Some(name) = spec[key].as_str().filter(|name| !name.is_empty()) {
            names::label(name, &path.key(key), findings);
        }
    }
    for (volume, at) in values::items(spec, path, "volumes") {
        let types = volume.as_object().map_or(0, serde_json::Map::len);
        if types > 2 {
            findings.forbidden(&at, "may not specify more than 1 volume type");
        }
    }
    host_ports(spec, path, findings);
    super::dns::config(spec, path, findings);
    super::dns::hosts(spec, path, findings);
}

/// What may not be said together of a container's rights.
fn security(spec: &Value, path: &FieldPath, findings: &mut Findings) {
    for list in ["initContainers", "containers"] {
        for (container, at) in values::items(spec, path, list) {
            let context = &container["securityContext"];
            let at = at.key("securityContext");
            if context["allowPrivilegeEscalation"] != false {
                continue;
            }
            if context["privileged"] == true {
                let detail =
                    "cannot set `allowPrivilegeEscalation` to false and `privileged` to true";
                findings.invalid(&at, context.clone(), detail);
            }
            let added = &context["capabilities"]["add"];
            let mut added = added.as_array().into_iter().flatten();
            if added.any(|one| one == "CAP_SYS_ADMIN") {
                let detail = "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN";
                findings.invalid(&at, context.clone(), detail);
            }
        }
    }
}

/// Ports of the node: each once, and in the node's network those of the container.
fn host_ports(spec: &Value, path: &FieldPath, findings: &mut Findings) {
    let mut taken = BTreeSet::new();
    for (container, at) in values::items(spec, path, "containers") {
        for (port, at) in values::items(container, &at, "ports") {
            let Some(number) = port["hostPort"].as_u64().filter(|number| *number != 0) else {
                continue;
            };
            let protocol = port["protocol"].as_str().unwrap_or("TCP");
            let address = port["hostIP"].as_str().unwrap_or_default();
            let text = format!("{protocol}/{address}/{number}");
            let at = at.key("hostPort");
            if spec["hostNetwork"] == true && port["containerPort"] != number {
                let detail = "must match `containerPort` when `hostNetwork` is true";
                findings.invalid(&at, number, detail);
            }
            if !taken.insert(text.clone()) {
                findings.duplicate(&at, text);
            }
        }
    }
}

/// Node ports of a Service.
fn node_ports(spec: &Value, path: &FieldPath, findings: &mut Findings) {
    for (port, at) in values::items(spec, path, "ports") {
        let Some(number) = port["nodePort"].as_i64().filter(|number| *number != 0) else {
            continue;
        };
        let at = at.key("nodePort");
        if matches!(spec["type"].as_str(), None | Some("ClusterIP")) {
            findings.forbidden(&at, "may not be used when `type` is 'ClusterIP'");
        } else if !(30000..=32767).contains(&number) {
            let detail =
                "provided port is not in the valid range. The range of valid ports is 30000-32767";
            findings.invalid(&at, number, detail);
        }
    }
}

fn ingress(spec: &Value, path: &FieldPath, findings: &mut Findings) {
    if spec["rules"].is_null() && spec["defaultBackend"].is_null() {
        let detail = "either `defaultBackend` or `rules` must be specified";
        findings.invalid(path, Value::Null, detail);
    }
    for (rule, at) in values::items(spec, path, "rules") {
        let at = at.key("http");
        for (found, at) in values::items(&rule["http"], &at, "paths") {
            let types = ["Exact", "ImplementationSpecific", "Prefix"];
            values::one_of(found, &at, "pathType", &types, findings);
            if found["pathType"].is_null() {
                findings.required(&at.key("pathType"), "pathType must be specified");
            }
            let text = found["path"].as_str().unwrap_or("/");
            if found["pathType"] != "ImplementationSpecific" && !text.starts_with('/') {
                findings.invalid(&at.key("path"), text, "must be an absolute path");
            }
            backend(&found["backend"], &at.key("backend"), findings);
        }
    }
}

fn backend(backend: &Value, at: &FieldPath, findings: &mut Findings) {
    let service = &backend["service"];
    if service.is_null() && backend["resource"].is_null() {
        return findings.required(at, "either `service` or `resource` is required");
    }
    let at = at.key("service");
    if service.is_object() && service["name"].as_str().unwrap_or_default().is_empty() {
        findings.required(&at.key("name"), "");
    }
    if service.is_object() && service["port"].is_null() {
        findings.required(&at, "port name or number is required");
    }
}

/// The part of a network that an address names, as bits: `None` where it is none.
pub fn network(text: &str) -> Option<(u128, u32, bool)> {
    let (address, length) = text.split_once('/')?;
    let length: u32 = length.parse().ok()?;
    let (bits, width, four) = match address.parse().ok()? {
        core::net::IpAddr::V4(address) => (u128::from(address.to_bits()) << 96, 32, true),
        core::net::IpAddr::V6(address) => (address.to_bits(), 128, false),
    };
    (length <= width).then_some((bits, length, four))
}

/// Addresses that are left out of a block must lie within it, and not be all of it.
pub fn exceptions(
    cidr: &str,
    except: &[smol_str::SmolStr],
    at: &FieldPath,
    findings: &mut Findings,
) {
    let Some((whole, length, four)) = network(cidr) else {
        return;
    };
    for (index, text) in except.iter().enumerate() {
        let at = item(&at.key("except"), index);
        match network(text) {
            None => {
                let detail = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)";
                findings.invalid(&at, text.as_str(), detail);
            }
            Some((part, longer, same)) => {
                let mask = u128::MAX.checked_shl(128 - length).unwrap_or(0);
                let inside = same == four && longer > length && (part ^ whole) & mask == 0;
                if !inside {
                    let detail = "must be a strict subset of `cidr`";
                    findings.invalid(&at, text.as_str(), detail);
                }
            }
        }
    }
}
