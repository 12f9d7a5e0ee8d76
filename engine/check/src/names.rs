//! Names and labels.
//!
//! Source: apimachinery `util/validation`.

use super::findings::Findings;
use aegis_model::FieldPath;
use aegis_model::kubernetes::{Kind, Labels, Metadata};

const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const LABEL_1035: &str = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
const VALUE: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
const QUALIFIED: &str = "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

/// Lower-case letters and digits, and '-' inside.
pub fn is_label(text: &str) -> bool {
    let inside = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    !text.is_empty() && text.bytes().all(inside) && !text.starts_with('-') && !text.ends_with('-')
}

/// A name of an object: an RFC 1123 subdomain of at most 253 characters.
pub fn subdomain(text: &str, path: &FieldPath, findings: &mut Findings) {
    if !is_subdomain(text) {
        findings.invalid(path, text, SUBDOMAIN);
    } else if text.len() > 253 {
        findings.invalid(path, text, "must be no more than 253 characters");
    }
}

fn is_subdomain(text: &str) -> bool {
    text.split('.').all(is_label)
}

fn is_qualified(text: &str) -> bool {
    let inside = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    text.bytes().all(inside) && edge(text.chars().next()) && edge(text.chars().last())
}

/// A name that must be an RFC 1123 label of at most 63 characters.
pub fn label(text: &str, path: &FieldPath, findings: &mut Findings) {
    if text.is_empty() {
        return findings.required(path, "");
    }
    if text.len() > 63 {
        findings.invalid(path, text, "must be no more than 63 characters");
    }
    if !is_label(text) {
        findings.invalid(path, text, LABEL);
    }
}

/// Name, labels and annotations of an object.
pub fn metadata(meta: &Metadata, kind: &Kind, path: &FieldPath, findings: &mut Findings) {
    let at = path.key("name");
    let name = meta.name.as_str();
    match kind {
        _ if name.is_empty() => {}
        Kind::Service => {
            let alphabetic = name.starts_with(|c: char| c.is_ascii_lowercase());
            if !is_label(name) || !alphabetic {
                findings.invalid(&at, name, LABEL_1035);
            }
        }
        Kind::Namespace => label(name, &at, findings),
        _ if !is_subdomain(name) => findings.invalid(&at, name, SUBDOMAIN),
        _ => {}
    }
    if name.len() > 253 {
        findings.invalid(&at, name, "must be no more than 253 characters");
    }
    if !meta.namespace.is_empty() {
        label(&meta.namespace, &path.key("namespace"), findings);
    }
    labels(&meta.labels, &path.key("labels"), findings);
    for key in meta.annotations.keys() {
        label_key(key, &path.key("annotations"), findings);
    }
}

/// Keys and values of labels.
pub fn labels(labels: &Labels, path: &FieldPath, findings: &mut Findings) {
    for (key, value) in labels {
        label_key(key, path, findings);
        if !value.is_empty() && !is_qualified(value) {
            findings.invalid(&path.key(key), value.as_str(), VALUE);
        }
        if value.len() > 63 {
            findings.invalid(
                &path.key(key),
                value.as_str(),
                "must be no more than 63 characters",
            );
        }
    }
}

/// A qualified name: `name`, or `prefix/name`.
pub fn label_key(key: &str, path: &FieldPath, findings: &mut Findings) {
    let (prefix, name) = key.rsplit_once('/').unwrap_or(("", key));
    if !prefix.is_empty() && !is_subdomain(&prefix.to_ascii_lowercase()) {
        findings.invalid(path, key, &format!("prefix part {SUBDOMAIN}"));
    }
    if !is_qualified(name) {
        findings.invalid(path, key, QUALIFIED);
    }
    if name.len() > 63 {
        findings.invalid(path, key, "name part must be no more than 63 characters");
    }
}
