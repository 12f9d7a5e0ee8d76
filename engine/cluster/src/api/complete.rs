//! What the API server writes into a document before anybody reads it: a Secret's text becomes data, a
//! claim's two names for its source say the same, a DaemonSet counts its templates, an Ingress has a class.
//!
//! Source: pkg/apis/core/v1/conversion.go `Convert_v1_Secret_To_core_Secret`;
//! pkg/registry/core/persistentvolumeclaim `NormalizeDataSources`; pkg/registry/apps/daemonset/strategy.go.

use super::{admission, create, mirror};
use crate::cluster::Cluster;
use aegis_model::Doc;
use aegis_model::kubernetes::{Kind, ObjectRef};
use aegis_model::objects::Header;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use serde_json::Value;
use smol_str::SmolStr;

/// Annotation of a DaemonSet: how many templates it has had.
pub(super) const TEMPLATE_GENERATION: &str = "deprecated.daemonset.template.generation";

/// Completes a document that comes.
pub(super) fn arrived(object: &ObjectRef, document: &mut Value) {
    match object.kind.as_str() {
        "LimitRange" => admission::complete(document),
        "Pod" => mirror::complete(document),
        "Secret" => secret(document),
        "PersistentVolumeClaim" => data_source(document),
        "DaemonSet" => count_first_template(document),
        "HorizontalPodAutoscaler" => drop_tolerance(document),
        _ => {}
    }
    drop_restart_rules(&object.kind, document);
}

/// Where a kind has the spec of its pods.
const POD_SPECS: [(&str, &str); 8] = [
    ("CronJob", "/spec/jobTemplate/spec/template/spec"),
    ("DaemonSet", "/spec/template/spec"),
    ("Deployment", "/spec/template/spec"),
    ("Job", "/spec/template/spec"),
    ("Pod", "/spec"),
    ("ReplicaSet", "/spec/template/spec"),
    ("ReplicationController", "/spec/template/spec"),
    ("StatefulSet", "/spec/template/spec"),
];

/// Restart rules of single containers are behind `ContainerRestartRules`, which is off in 1.34: they are dropped, but
/// for the `Always` of an init container. Source: pkg/api/pod/util.go `dropContainerRestartRules`.
fn drop_restart_rules(kind: &Kind, document: &mut Value) {
    let place = POD_SPECS.iter().find(|(name, _)| *name == kind.as_str());
    let Some(spec) = place.and_then(|(_, at)| document.pointer_mut(at)) else {
        return;
    };
    for list in CONTAINERS {
        let containers = spec.get_mut(list).and_then(Value::as_array_mut);
        let undue = containers.into_iter().flatten();
        for container in undue.filter(|container| is_undue(list, container)) {
            let is_sidecar = list == "initContainers" && container["restartPolicy"] == "Always";
            let Some(fields) = container.as_object_mut() else {
                continue;
            };
            fields.remove("restartPolicyRules");
            if !is_sidecar {
                fields.remove("restartPolicy");
            }
        }
    }
}

const CONTAINERS: [&str; 2] = ["containers", "initContainers"];

/// Whether any container has restart rules that are dropped.
fn has_restart_rules(kind: &Kind, document: &Value) -> bool {
    let place = POD_SPECS.iter().find(|(name, _)| *name == kind.as_str());
    place.is_some_and(|(_, at)| {
        let lists = CONTAINERS.map(|list| {
            (
                list,
                document.pointer(at).and_then(|spec| spec[list].as_array()),
            )
        });
        let mut rows = lists
            .into_iter()
            .flat_map(|(list, rows)| rows.into_iter().flatten().map(move |row| (list, row)));
        rows.any(|(list, row)| is_undue(list, row))
    })
}

fn is_undue(list: &str, container: &Value) -> bool {
    let policy = &container["restartPolicy"];
    let kept = policy.is_null() || (list == "initContainers" && policy == "Always");
    !kept || !container["restartPolicyRules"].is_null()
}

/// A tolerance of its own is behind `HPAConfigurableTolerance`, which is off in 1.34: the field is dropped.
/// Source: pkg/registry/autoscaling/horizontalpodautoscaler/strategy.go `dropDisabledFields`.
fn drop_tolerance(document: &mut Value) {
    for side in ["/spec/behavior/scaleUp", "/spec/behavior/scaleDown"] {
        let rules = document.pointer_mut(side);
        if let Some(rules) = rules.and_then(Value::as_object_mut) {
            rules.remove("tolerance");
        }
    }
}

/// Annotation of a Secret: the account for which it holds a token.
const ACCOUNT: &str = "kubernetes.io/service-account.name";

/// The account whose token a Secret is asked with. Every namespace has the account `default`.
pub(super) fn account_of_token(document: &Value) -> Option<&str> {
    let account = document["metadata"]["annotations"][ACCOUNT].as_str()?;
    (document["type"] == "kubernetes.io/service-account-token").then_some(account)
}

/// The tokens controller fills a Secret that an account's token is asked with; the token itself is opaque here.
/// Source: pkg/controller/serviceaccount/tokens_controller.go.
pub(super) fn token<P>(cluster: &Cluster<P>, object: &ObjectRef, document: &mut Value) {
    let Some(account) = account_of_token(document).map(SmolStr::from) else {
        return;
    };
    let known = ObjectRef::new(Kind::ServiceAccount, &object.namespace, &account);
    if account != "default" && super::find(cluster, &known).is_none() {
        return;
    }
    let opaque = alloc::format!("{}/{account}/{}", object.namespace, object.name);
    for (key, text) in [
        ("ca.crt", ""),
        ("namespace", &*object.namespace),
        ("token", &opaque),
    ] {
        if document["data"][key].is_null() {
            document["data"][key] = encode(text.as_bytes()).into();
        }
    }
}

/// An Ingress that names no class gets the default one (plugin/pkg/admission/network/defaultingressclass).
pub(super) fn classed<P>(cluster: &Cluster<P>, object: &ObjectRef, document: &mut Value) {
    let named = document["spec"]["ingressClassName"].is_string()
        || document["metadata"]["annotations"]["kubernetes.io/ingress.class"].is_string();
    if object.kind.as_str() != "Ingress" || named {
        return;
    }
    let rows = cluster.objects.plain.iter().map(|row| &row.header);
    let classes = rows.filter(|header| header.reference.kind.as_str() == "IngressClass");
    if let Some(name) = default_of(classes, &["ingressclass.kubernetes.io/is-default-class"]) {
        document["spec"]["ingressClassName"] = name.as_str().into();
    }
}

/// Of some classes the one that is marked as default, by any of the annotations: the newest of several, then
/// the first by name.
pub(super) fn default_of<'a>(
    classes: impl Iterator<Item = &'a Header>,
    marks: &[&str],
) -> Option<SmolStr> {
    let is_marked = |header: &&Header| {
        let mark = |key: &&str| {
            header
                .annotations
                .get(*key)
                .is_some_and(|value| value == "true")
        };
        header.exists() && marks.iter().any(mark)
    };
    let best = classes.filter(is_marked).min_by_key(|header| {
        let newest_first = core::cmp::Reverse(header.created);
        (newest_first, header.reference.name.clone())
    });
    best.map(|header| header.reference.name.clone())
}

/// Completes a document that becomes another.
pub(super) fn updated(object: &ObjectRef, before: &Value, mut document: Doc) -> Doc {
    match object.kind.as_str() {
        "HorizontalPodAutoscaler" if document["spec"]["behavior"].is_object() => {
            drop_tolerance(Arc::make_mut(&mut document));
        }
        "Secret" if !document["stringData"].is_null() => secret(Arc::make_mut(&mut document)),
        "DaemonSet" => {
            let template = |document: &Value| create::template_of(&Kind::DaemonSet, document);
            if template(before) != template(&document) {
                let count = generation(before) + 1;
                let annotations = &mut Arc::make_mut(&mut document)["metadata"]["annotations"];
                annotations[TEMPLATE_GENERATION] = alloc::format!("{count}").into();
            }
        }
        _ => {}
    }
    if has_restart_rules(&object.kind, &document) {
        drop_restart_rules(&object.kind, Arc::make_mut(&mut document));
    }
    document
}

/// How many templates a DaemonSet has had, by its annotation.
pub(super) fn generation(document: &Value) -> u64 {
    let text = document["metadata"]["annotations"][TEMPLATE_GENERATION].as_str();
    text.and_then(|text| text.parse().ok()).unwrap_or(1)
}

fn count_first_template(document: &mut Value) {
    let count = alloc::format!("{}", generation(document));
    document["metadata"]["annotations"][TEMPLATE_GENERATION] = count.into();
}

/// `stringData` can only be written: it is kept as `data`, in base64.
fn secret(document: &mut Value) {
    let Some(fields) = document.as_object_mut() else {
        return;
    };
    let Some(Value::Object(texts)) = fields.remove("stringData") else {
        return;
    };
    for (key, text) in texts {
        let text = text.as_str().unwrap_or_default();
        document["data"][key] = encode(text.as_bytes()).into();
    }
}

/// A source in the claim's own namespace stands under both names.
fn data_source(document: &mut Value) {
    let spec = &document["spec"];
    let (old, new) = (spec["dataSource"].clone(), spec["dataSourceRef"].clone());
    if old.is_object() && !new.is_object() {
        document["spec"]["dataSourceRef"] = old;
    } else if new.is_object() && !old.is_object() && new["namespace"].is_null() {
        document["spec"]["dataSource"] = new;
    }
}

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Base64 with padding (RFC 4648, section 4).
fn encode(bytes: &[u8]) -> String {
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let at = |place: usize| u32::from(chunk.get(place).copied().unwrap_or(0));
        let group = (at(0) << 16) | (at(1) << 8) | at(2);
        for place in 0..4 {
            out.push(match place <= chunk.len() {
                true => DIGITS[(group >> (18 - 6 * place) & 0x3f) as usize] as char,
                false => '=',
            });
        }
    }
    out
}

/// What base64 stands for; `None` where it is none, or no text.
#[must_use]
pub fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let (mut group, mut bits) = (0_u32, 0);
    for byte in text.bytes().filter(|byte| !byte.is_ascii_whitespace()) {
        if byte == b'=' {
            break;
        }
        let digit = DIGITS.iter().position(|known| *known == byte)?;
        group = (group << 6) | digit as u32;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push((group >> bits) as u8);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    // RFC 4648, section 10.
    #[test]
    fn base64_is_written_and_read() {
        for (text, wanted) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(encode(text.as_bytes()), wanted);
            assert_eq!(decode(wanted).as_deref(), Some(text));
        }
        assert_eq!(decode("no base64!"), None);
    }

    #[test]
    fn text_of_a_secret_wins_over_its_data() {
        let mut document = json!({"data": {"a": "eA==", "b": "eQ=="}, "stringData": {"a": "z"}});
        secret(&mut document);
        assert_eq!(document, json!({"data": {"a": "eg==", "b": "eQ=="}}));
    }
}
