//! Volumes, claims on them, and what is kept as data.
//!
//! Source: pkg/apis/core/validation.

use super::findings::Findings;
use super::values;
use aegis_model::{Amount, FieldPath};
use serde_json::Value;

const MODES: [&str; 4] = [
    "ReadOnlyMany",
    "ReadWriteMany",
    "ReadWriteOnce",
    "ReadWriteOncePod",
];
const CONFIG_KEY: &str = "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";

fn modes(spec: &Value, path: &FieldPath, missing: &str, findings: &mut Findings) {
    let given = values::items(spec, path, "accessModes");
    for (mode, at) in given {
        findings.one_of(&at, mode.as_str().unwrap_or_default(), &MODES);
    }
    if spec["accessModes"].as_array().is_none_or(Vec::is_empty) {
        findings.required(&path.key("accessModes"), missing);
    }
    let kinds = ["Block", "Filesystem"];
    values::one_of(spec, path, "volumeMode", &kinds, findings);
}

/// A PersistentVolumeClaim's spec at `path`.
pub fn claim(spec: &Value, path: &FieldPath, findings: &mut Findings) {
    modes(spec, path, "at least 1 access mode is required", findings);
    let given = spec["accessModes"].as_array();
    let alone = |modes: &Vec<Value>| modes.len() > 1 && modes.contains(&"ReadWriteOncePod".into());
    if given.is_some_and(alone) {
        let detail = "may not use ReadWriteOncePod with other access modes";
        findings.forbidden(&path.key("accessModes"), detail);
    }
    let at = path.key("resources");
    let asked = values::amounts(&spec["resources"], &at, "requests", findings);
    match asked.iter().find(|(name, ..)| name == "storage") {
        Some((_, amount, at)) if *amount <= Amount::default() => {
            findings.invalid(at, amount.to_string(), "must be greater than zero");
        }
        Some(_) => {}
        None if spec["resources"]["requests"]["storage"].is_null() => {
            findings.required(&at.key("storage"), "");
        }
        None => {}
    }
}

/// A PersistentVolume's spec at `path`.
pub fn volume(spec: &Value, path: &FieldPath, findings: &mut Findings) {
    modes(spec, path, "", findings);
    let size = values::amounts(spec, path, "capacity", findings);
    if spec["capacity"]
        .as_object()
        .is_none_or(serde_json::Map::is_empty)
    {
        findings.required(&path.key("capacity"), "");
    }
    for (_, amount, at) in size
        .iter()
        .filter(|(_, amount, _)| *amount <= Amount::default())
    {
        findings.invalid(at, amount.to_string(), "must be greater than zero");
    }
    let policies = ["Delete", "Recycle", "Retain"];
    values::one_of(
        spec,
        path,
        "persistentVolumeReclaimPolicy",
        &policies,
        findings,
    );
    let plain = [
        "accessModes",
        "capacity",
        "claimRef",
        "mountOptions",
        "nodeAffinity",
        "persistentVolumeReclaimPolicy",
        "storageClassName",
        "volumeAttributesClassName",
        "volumeMode",
    ];
    let fields = spec.as_object().into_iter().flatten();
    let sources: Vec<&String> = fields
        .map(|(key, _)| key)
        .filter(|key| !plain.contains(&key.as_str()))
        .collect();
    match sources.as_slice() {
        [] => findings.required(path, "must specify a volume type"),
        [_] => {}
        [_, more @ ..] => {
            for key in more {
                let detail = "may not specify more than 1 volume type";
                findings.forbidden(&path.key(key), detail);
            }
        }
    }
    if spec["local"].is_object() && spec["nodeAffinity"].is_null() {
        let detail = "Local volume requires node affinity";
        findings.required(&path.key("nodeAffinity"), detail);
    }
    let root = spec["hostPath"]["path"] == "/";
    if root && spec["persistentVolumeReclaimPolicy"] == "Recycle" {
        let detail = "may not be 'recycle' for a hostPath mount of '/'";
        findings.forbidden(&path.key("persistentVolumeReclaimPolicy"), detail);
    }
    let required = path.key("nodeAffinity").key("required");
    let terms = values::items(
        &spec["nodeAffinity"]["required"],
        &required,
        "nodeSelectorTerms",
    );
    for (term, at) in terms {
        super::placing::node_term(term, &at, findings);
    }
}

/// Keys of a ConfigMap or Secret.
pub fn data(object: &Value, findings: &mut Findings) {
    let root = FieldPath::default();
    for part in ["data", "binaryData", "stringData"] {
        for (key, _) in object[part].as_object().into_iter().flatten() {
            let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
            let at = root.key(part).key(key);
            if key.is_empty() || !key.chars().all(allowed) {
                findings.invalid(&at, key.as_str(), CONFIG_KEY);
            } else if key.len() > 253 {
                findings.invalid(&at, key.as_str(), "must be no more than 253 characters");
            }
        }
    }
    for (key, _) in object["binaryData"].as_object().into_iter().flatten() {
        if !object["data"][key].is_null() {
            let at = root.key("binaryData").key(key);
            let detail = format!("duplicate of key {key:?} in data");
            findings.invalid(&at, key.as_str(), &detail);
        }
    }
    if object["kind"] == "Secret" {
        encoded(object, findings);
        secret(object, findings);
    }
}

/// Values under `data` are base64. Source: Go's encoding/base64, `StdEncoding`.
fn encoded(object: &Value, findings: &mut Findings) {
    let root = FieldPath::default().key("data");
    for (key, value) in object["data"].as_object().into_iter().flatten() {
        if let Some(at) = value.as_str().and_then(illegal_at) {
            let words = format!("illegal base64 data at input byte {at}");
            findings.invalid(&root.key(key), "<secret contents redacted>", &words);
        }
    }
}

/// The first byte that cannot be where it stands in base64; line ends are passed over.
fn illegal_at(text: &str) -> Option<usize> {
    let read = |byte: &u8| !matches!(byte, b'\r' | b'\n');
    let bytes = text.bytes().enumerate().filter(|(_, byte)| read(byte));
    let bytes: Vec<(usize, u8)> = bytes.collect();
    let padded = bytes.iter().position(|(_, byte)| *byte == b'=');
    let digits = padded.unwrap_or(bytes.len());
    let is_digit = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    if let Some((at, _)) = bytes[..digits].iter().find(|(_, byte)| !is_digit(*byte)) {
        return Some(*at);
    }
    let missing = (4 - digits % 4) % 4;
    let padding = &bytes[digits..];
    let whole = padding.len() == missing && missing < 3 && padding.iter().all(|one| one.1 == b'=');
    let place = padding.get(missing).or_else(|| padding.first());
    (!whole).then(|| place.map_or(text.len() - digits % 4, |(at, _)| *at))
}

/// What Secrets of some types must hold. A Secret whose values were left out is not judged by them.
fn secret(object: &Value, findings: &mut Findings) {
    let wanted: &[&str] = match object["type"].as_str().unwrap_or_default() {
        "kubernetes.io/tls" => &["tls.crt", "tls.key"],
        "kubernetes.io/dockerconfigjson" => &[".dockerconfigjson"],
        "kubernetes.io/dockercfg" => &[".dockercfg"],
        "kubernetes.io/ssh-auth" => &["ssh-privatekey"],
        _ => return,
    };
    let root = FieldPath::default();
    let has = |key: &str| {
        ["data", "stringData"]
            .iter()
            .any(|part| !object[*part][key].is_null())
    };
    let given = ["data", "stringData"]
        .iter()
        .any(|part| object[*part].is_object());
    for key in wanted.iter().filter(|key| given && !has(key)) {
        findings.required(&root.key("data").key(key), "");
    }
    let text = object["stringData"][".dockerconfigjson"].as_str();
    if text.is_some_and(|text| serde_json::from_str::<Value>(text).is_err()) {
        let at = root.key("data").key(".dockerconfigjson");
        findings.invalid(&at, "<secret contents redacted>", "is not JSON");
    }
}

#[cfg(test)]
mod tests {
    use super::illegal_at;

    #[test]
    fn what_is_no_base64_is_told_by_its_first_wrong_byte() {
        for (text, at) in [
            ("", None),
            ("aHVudGVyMg==", None),
            ("YWRtaW4=", None),
            ("YWRt\nYWRt\n", None),
            ("admin", Some(4)),
            ("plain text", Some(5)),
            ("YWRtaW4", Some(4)),
            ("YWRtaW4==", Some(8)),
        ] {
            assert_eq!(illegal_at(text), at, "{text}");
        }
    }
}
