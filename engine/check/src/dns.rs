//! `dnsConfig` and `hostAliases` of pods.
//!
//! Source: pkg/apis/core/validation/validation.go `validatePodDNSConfig`. How many name servers and domains there may
//! be stands in the table of pods.

use super::findings::Findings;
use super::{item, names, values};
use aegis_model::FieldPath;
use core::net::IpAddr;
use serde_json::Value;

/// `MaxDNSSearchListChars`.
const MOST_LETTERS: usize = 2048;
/// The longest name of a domain.
const LONGEST_NAME: usize = 253;
const NO_NAME: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?(\\._?[a-z0-9]([-_a-z0-9]*[a-z0-9])?)*')";

const NO_ADDRESS: &str = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";

/// Names that a pod has in its hosts file. Source: `ValidateHostAliases`.
pub fn hosts(spec: &Value, path: &FieldPath, findings: &mut Findings) {
    for (entry, at) in values::items(spec, path, "hostAliases") {
        let address = entry["ip"].as_str().unwrap_or_default();
        if !address.is_empty() && address.parse::<IpAddr>().is_err() {
            findings.invalid(&at.key("ip"), address, NO_ADDRESS);
        }
        for name in entry["hostnames"].as_array().into_iter().flatten() {
            names::subdomain(
                name.as_str().unwrap_or_default(),
                &at.key("hostnames"),
                findings,
            );
        }
    }
}

/// Checks how a pod asks for names.
pub fn config(spec: &Value, path: &FieldPath, findings: &mut Findings) {
    let at = path.key("dnsConfig");
    let config = &spec["dnsConfig"];
    let servers = config["nameservers"].as_array().map_or(0, Vec::len);
    match (spec["dnsPolicy"] == "None", config.is_null(), servers) {
        (true, true, _) => {
            findings.required(&at, "must provide `dnsConfig` when `dnsPolicy` is None");
            return;
        }
        (true, false, 0) => {
            let detail = "must provide at least one DNS nameserver when `dnsPolicy` is None";
            findings.required(&at.key("nameservers"), detail);
            return;
        }
        _ => {}
    }
    for (server, at) in values::items(config, &at, "nameservers") {
        let text = server.as_str().unwrap_or_default();
        if text.parse::<IpAddr>().is_err() {
            findings.invalid(&at, text, NO_ADDRESS);
        }
    }
    searches(&config["searches"], &at.key("searches"), findings);
    for (option, at) in values::items(config, &at, "options") {
        if option["name"].as_str().is_none_or(str::is_empty) {
            findings.required(&at, "must not be empty");
        }
    }
}

fn searches(list: &Value, path: &FieldPath, findings: &mut Findings) {
    let texts = list.as_array().into_iter().flatten();
    let texts: Vec<&str> = texts.filter_map(Value::as_str).collect();
    if texts.join(" ").len() > MOST_LETTERS {
        let detail =
            "must not have more than 2048 characters (including spaces) in the search list";
        findings.invalid(path, list.clone(), detail);
    }
    for (index, text) in texts.iter().enumerate() {
        let name = text.strip_suffix('.').unwrap_or(text);
        if *text == "." || is_domain(name) {
            continue;
        }
        findings.invalid(&item(path, index), *text, NO_NAME);
    }
}

/// A domain, in which labels may have underscores.
fn is_domain(name: &str) -> bool {
    let letter = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let label = |label: &str| {
        let bytes = label.strip_prefix('_').unwrap_or(label).as_bytes();
        let inner = |byte: &u8| letter(byte) || matches!(byte, b'-' | b'_');
        bytes.first().is_some_and(letter)
            && bytes.last().is_some_and(letter)
            && bytes.iter().all(inner)
    };
    name.len() <= LONGEST_NAME && name.split('.').all(label)
}
