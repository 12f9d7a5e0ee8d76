//! Files that ConfigMaps hold and containers mount: JSON that is none, settings that redis and Prometheus do
//! not have, hosts of nginx that no Service is called, folders of nginx without its main file.

use super::Case;
use super::names::Named;
use crate::candidate::{
    Candidate,
    Weight::{Documented, Fits, Proven},
};
use crate::containers::{Container, of_workload};
use crate::doc::{text, texts};
use crate::estate::{Estate, Object};
use serde_json::Value;

pub(super) fn find(case: &Case<'_>) -> Vec<Candidate> {
    let estate = &case.estate;
    let all = 0..estate.workloads.len();
    all.filter_map(|at| {
        of_workload(estate, at).find_map(|one| {
            let files = shown(estate, &one);
            let judged = files.iter().find_map(|file| wrong(estate, &one, file));
            judged.or_else(|| without_main_file(estate, &one))
        })
    })
    .collect()
}

/// A file of a ConfigMap as a container sees it.
struct File<'a> {
    map: Object<'a>,
    key: &'a str,
    content: &'a str,
    path: String,
}

fn shown<'a>(estate: &Estate<'a>, one: &Container<'a>) -> Vec<File<'a>> {
    let namespace = estate.workloads[one.at].object.namespace;
    let mut files = Vec::new();
    for mount in one.mounts() {
        let map = one
            .volume(mount)
            .map_or("", |volume| text(volume, "/configMap/name"));
        let Some(map) = estate.find("ConfigMap", namespace, map) else {
            continue;
        };
        let (path, wanted) = (
            text(mount, "/mountPath").trim_end_matches('/'),
            text(mount, "/subPath"),
        );
        for (key, content) in texts(map.doc, "/data") {
            if wanted.is_empty() || wanted == key {
                let path = match wanted {
                    "" => format!("{path}/{key}"),
                    _ => path.to_owned(),
                };
                files.push(File {
                    map,
                    key,
                    content,
                    path,
                });
            }
        }
    }
    files
}

fn wrong(estate: &Estate<'_>, one: &Container<'_>, file: &File<'_>) -> Option<Candidate> {
    let repository = one.image().repository;
    let words = match repository {
        "nginx" if file.path.starts_with("/etc/nginx") => {
            misdirected(estate, one, file.content).or_else(|| unended(file.content))
        }
        "prom/prometheus" if file.key.ends_with(".yml") || file.key.ends_with(".yaml") => {
            unknown_key(file.content)
        }
        _ => None,
    };
    let words = words.or_else(|| no_json(file))?;
    let keeper = &estate.workloads[one.at];
    let weight = if repository == "nginx" {
        Documented
    } else {
        Proven
    };
    let found = Candidate::at_workload("misconfiguration", estate, one.at)?
        .field(format!("{}: data.{}", file.map.reference(), file.key))
        .value("container", one.name())
        .seen(weight, "object", file.map.reference(), words)
        .seen(
            Fits,
            "object",
            keeper.object.reference(),
            format!("container {} reads it at {}", one.name(), file.path),
        );
    Some(found.by_itself())
}

/// A `.json` that is none; templates are left alone.
fn no_json(file: &File<'_>) -> Option<String> {
    let judged =
        file.key.ends_with(".json") && !file.content.contains("{{") && !file.content.contains("${");
    // Comments are taken by some readers.
    let plain = judged && !file.content.contains("//") && !file.content.trim().is_empty();
    let error = serde_json::from_str::<Value>(file.content)
        .err()
        .filter(|_| plain)?;
    Some(format!("{} is no JSON: {error}", file.key))
}

/// Keys of Prometheus' configuration. Source: prometheus.io, "Configuration".
const OF_PROMETHEUS: &[&str] = &[
    "global",
    "runtime",
    "rule_files",
    "scrape_config_files",
    "scrape_configs",
    "alerting",
    "remote_write",
    "remote_read",
    "storage",
    "tracing",
    "otlp",
    "scrape_interval",
    "scrape_timeout",
    "scrape_protocols",
    "evaluation_interval",
    "rule_query_offset",
    "external_labels",
    "query_log_file",
    "scrape_failure_log_file",
    "body_size_limit",
    "sample_limit",
    "label_limit",
    "label_name_length_limit",
    "label_value_length_limit",
    "target_limit",
    "keep_dropped_targets",
    "metric_name_validation_scheme",
    "metric_name_escaping_scheme",
    "convert_classic_histograms_to_nhcb",
    "always_scrape_classic_histograms",
    "native_histogram_bucket_limit",
];

/// A key at the top, or in `global`, that Prometheus does not have: it refuses the whole file.
fn unknown_key(content: &str) -> Option<String> {
    let mut in_global = false;
    for line in content.lines() {
        let depth = line.len() - line.trim_start().len();
        let Some((key, _)) = line.trim().split_once(':') else {
            continue;
        };
        if depth == 0 && !line.starts_with(['#', '-', ' ']) {
            in_global = key == "global";
        }
        let judged = depth == 0 || in_global && depth == 2;
        let plain = key
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        if judged && plain && !key.is_empty() && !OF_PROMETHEUS.contains(&key) {
            return Some(format!("field {key} not found in type config.plain"));
        }
    }
    None
}

/// A host to which nginx is to send requests and that no Service is called: it looks names up at its start,
/// and ends. Where the name holds a variable it does not.
fn misdirected(estate: &Estate<'_>, one: &Container<'_>, content: &str) -> Option<String> {
    let groups: Vec<&str> = content
        .split("upstream ")
        .skip(1)
        .filter_map(|rest| rest.split_whitespace().next())
        .map(|name| name.trim_end_matches('{'))
        .collect();
    let statements = content.split([';', '{', '}', '\n']).map(str::trim);
    let hosts = statements.filter_map(|statement| {
        let (word, value) = statement.split_once(char::is_whitespace)?;
        let value = value.split_whitespace().next()?;
        let authority = match word {
            "proxy_pass" | "grpc_pass" => value.split_once("://")?.1,
            "fastcgi_pass" | "uwsgi_pass" => value,
            "server" => value,
            _ => return None,
        };
        let host = authority.split(['/', ':']).next()?;
        let is_host = host
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte))
            && host.bytes().any(|byte| byte.is_ascii_alphabetic());
        (is_host && host != "unix" && !groups.contains(&host)).then_some(host)
    });
    let namespace = estate.workloads[one.at].object.namespace;
    // Where no Service of others is in the input, those who answer are somewhere else.
    let own = estate.services_of(one.at);
    let others = estate.of_kind("Service").any(|service| {
        service.namespace == namespace
            && service.name != "kubernetes"
            && !own.iter().any(|one| one.name == service.name)
    });
    let gone = { hosts }.find(|host| Named::of(estate, host, namespace) == Named::Nothing)?;
    others
        .then(|| format!("[emerg] host not found in upstream \"{gone}\": no Service is called so"))
}

/// A line of nginx that neither ends nor opens a block, before one that begins with a directive.
fn unended(content: &str) -> Option<String> {
    let lines: Vec<&str> = content
        .lines()
        .map(|line| line.split(" #").next().unwrap_or(line).trim())
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect();
    let simple = [
        "listen",
        "root",
        "server_name",
        "index",
        "return",
        "worker_processes",
        "worker_connections",
        "proxy_pass",
        "keepalive_timeout",
        "client_max_body_size",
    ];
    lines.windows(2).find_map(|pair| {
        let first = pair[0].split_whitespace().next()?;
        let next = pair[1].split_whitespace().next()?;
        let open = simple.contains(&first) && !pair[0].contains([';', '{', '"', '\'']);
        let begins = simple.contains(&next)
            || matches!(next, "location" | "server" | "}")
            || next == "add_header";
        (open && begins)
            .then(|| format!("[emerg] directive \"{first}\" is not terminated by \";\""))
    })
}

/// A ConfigMap over all of nginx' folder that does not hold its main file.
fn without_main_file(estate: &Estate<'_>, one: &Container<'_>) -> Option<Candidate> {
    let mount = one.mount_at("/etc/nginx/nginx.conf")?;
    let whole = text(mount, "/mountPath").trim_end_matches('/') == "/etc/nginx"
        && text(mount, "/subPath").is_empty();
    let volume = one
        .volume(mount)
        .filter(|_| whole && one.image().repository == "nginx")?;
    let keeper = &estate.workloads[one.at];
    let map = estate.find(
        "ConfigMap",
        keeper.object.namespace,
        text(volume, "/configMap/name"),
    )?;
    let listed = crate::doc::items(volume, "/configMap/items")
        .any(|item| text(item, "/path") == "nginx.conf");
    if listed || texts(map.doc, "/data").any(|(key, _)| key == "nginx.conf") {
        return None;
    }
    let words = "open() \"/etc/nginx/nginx.conf\" failed: the volume hides the image's own files, and has no such one";
    let name = text(mount, "/name");
    let field = format!("volumeMounts[name={name}].mountPath");
    Candidate::documented(estate, one, ("misconfiguration", &field), words)
}

#[cfg(test)]
mod tests {
    use super::{unended, unknown_key};

    #[test]
    fn keys_that_prometheus_does_not_have_are_told() {
        assert!(unknown_key("global:\n  scrape_intervall: 15s\n").is_some());
        assert!(
            unknown_key("global:\n  scrape_interval: 15s\nscrape_configs:\n- job_name: a\n")
                .is_none()
        );
    }

    #[test]
    fn directives_that_do_not_end_are_told() {
        assert!(unended("server {\n  listen 80\n  root /x;\n}").is_some());
        assert!(unended("server {\n  listen 80;\n  server_name a\n    b;\n}").is_none());
    }
}
