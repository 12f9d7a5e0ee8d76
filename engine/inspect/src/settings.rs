//! Addresses that workloads are given, and whom an address means.

use crate::doc::{items, text, texts};
use crate::estate::Estate;
use serde_json::Value;

/// `host:port` in a variable of a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// The container.
    pub container: String,
    /// The variable.
    pub variable: String,
    /// The host, without the cluster's domain.
    pub host: String,
    /// The port; `None` where the value names a host alone.
    pub port: Option<u64>,
}

/// A variable of a container with its value, wherever the value stands. Those of Secrets have none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting<'a> {
    /// The variable.
    pub name: String,
    /// Its value.
    pub value: &'a str,
    /// Where the value stands.
    pub place: Stands<'a>,
}

/// Where the value of a variable stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stands<'a> {
    /// With the variable itself.
    There,
    /// In a ConfigMap of its namespace: name and key.
    ConfigMap(&'a str, &'a str),
}

/// The variables of a container whose values are known, in the order in which they are set.
#[must_use]
pub fn settings<'a>(
    estate: &Estate<'a>,
    namespace: &'a str,
    container: &'a Value,
) -> Vec<Setting<'a>> {
    let mut found = Vec::new();
    for from in items(container, "/envFrom") {
        let (map, prefix) = (text(from, "/configMapRef/name"), text(from, "/prefix"));
        let Some(map) = estate.find("ConfigMap", namespace, map) else {
            continue;
        };
        found.extend(texts(map.doc, "/data").map(|(key, value)| Setting {
            name: format!("{prefix}{key}"),
            value,
            place: Stands::ConfigMap(map.name, key),
        }));
    }
    for variable in items(container, "/env") {
        let name = text(variable, "/name").to_owned();
        let source = "/valueFrom/configMapKeyRef";
        let (map, key) = (
            text(variable, &format!("{source}/name")),
            text(variable, &format!("{source}/key")),
        );
        let held = estate.find("ConfigMap", namespace, map);
        let held = held.and_then(|map| texts(map.doc, "/data").find(|(one, _)| *one == key));
        let (value, place) = match held {
            Some((key, value)) => (value, Stands::ConfigMap(map, key)),
            None => (text(variable, "/value"), Stands::There),
        };
        found.push(Setting { name, value, place });
    }
    found
}

/// All addresses in the variables of a workload's containers.
#[must_use]
pub fn addresses(estate: &Estate<'_>, at: usize) -> Vec<Address> {
    let keeper = &estate.workloads[at];
    let namespace = keeper.object.namespace;
    let mut found = Vec::new();
    for container in items(keeper.pod_spec, "/containers") {
        for variable in items(container, "/env") {
            let value = text(variable, "/value");
            for (host, port) in hosts(value) {
                found.push(Address {
                    container: text(container, "/name").to_owned(),
                    variable: text(variable, "/name").to_owned(),
                    host: local(&host, namespace),
                    port,
                });
            }
        }
    }
    found
}

/// The hosts that a value names: `a:1`, `http://a:1/x`, `a:1,b:2`, `jdbc:mysql://a:1/db`, `a`.
fn hosts(value: &str) -> Vec<(String, Option<u64>)> {
    let pieces = value.split([',', ';', ' ']);
    pieces.filter_map(host).collect()
}

fn host(piece: &str) -> Option<(String, Option<u64>)> {
    let after_scheme = piece.rsplit_once("://").map_or(piece, |(_, rest)| rest);
    let end = after_scheme.find(['/', '?']).unwrap_or(after_scheme.len());
    let authority = after_scheme[..end].rsplit('@').next()?;
    let (name, port) = match authority.rsplit_once(':') {
        Some((name, port)) => (name, Some(port.parse().ok()?)),
        None => (authority, None),
    };
    let named = name.bytes().any(|byte| byte.is_ascii_lowercase())
        && name.bytes().all(|byte| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(&byte)
        });
    named.then(|| (name.to_owned(), port))
}

/// A host's name without the namespace and the cluster's domain, where it is of this namespace.
fn local(host: &str, namespace: &str) -> String {
    let short = host
        .trim_end_matches('.')
        .trim_end_matches(".cluster.local")
        .trim_end_matches(".svc");
    let own = format!(".{namespace}");
    short.strip_suffix(own.as_str()).unwrap_or(short).to_owned()
}

/// Whom an address means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolved {
    /// Workloads behind a Service.
    Workloads(Vec<usize>),
    /// A plain name that no Service has.
    Nobody(String),
    /// Something outside, or unknown.
    Elsewhere,
}

/// Whom `host`, `host:port` or `ip:port` means in the application's namespace.
#[must_use]
pub fn resolve(estate: &Estate<'_>, address: &str) -> Resolved {
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
    let home = estate.bundle.namespace.as_deref().unwrap_or("");
    let name = local(host, home);
    if host.parse::<core::net::Ipv4Addr>().is_ok() {
        return by_ip(estate, host);
    }
    let service = estate
        .of_kind("Service")
        .find(|service| service.name == name && estate.is_home(service.namespace));
    if let Some(service) = service {
        return Resolved::Workloads(estate.behind(&service));
    }
    if name.contains('.')
        || !estate
            .of_kind("Service")
            .any(|one| estate.is_home(one.namespace))
    {
        return Resolved::Elsewhere;
    }
    Resolved::Nobody(name)
}

fn by_ip(estate: &Estate<'_>, ip: &str) -> Resolved {
    let service = estate
        .of_kind("Service")
        .find(|service| text(service.doc, "/spec/clusterIP") == ip);
    if let Some(service) = service {
        return Resolved::Workloads(estate.behind(&service));
    }
    let pod = estate
        .pods
        .iter()
        .find(|pod| text(pod.object.doc, "/status/podIP") == ip);
    match pod.and_then(|pod| pod.workload) {
        Some(at) => Resolved::Workloads(vec![at]),
        None => Resolved::Elsewhere,
    }
}

/// Names of Secrets that a workload's containers take variables from.
#[must_use]
pub fn secrets(pod_spec: &Value) -> Vec<&str> {
    let mut found = Vec::new();
    for container in items(pod_spec, "/containers") {
        let whole = items(container, "/envFrom").map(|from| text(from, "/secretRef/name"));
        let single = items(container, "/env").map(|one| text(one, "/valueFrom/secretKeyRef/name"));
        found.extend(whole.chain(single).filter(|name| !name.is_empty()));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{hosts, local};

    #[test]
    fn hosts_are_found_in_values() {
        let one = |value: &str| hosts(value).first().cloned();
        assert_eq!(one("cart:7070"), Some(("cart".to_owned(), Some(7070))));
        assert_eq!(
            one("jdbc:mysql://db.shop.svc:3306/x?a=b"),
            Some(("db.shop.svc".to_owned(), Some(3306)))
        );
        assert_eq!(hosts("a:1,b:2").len(), 2);
        assert_eq!(one("TRUE"), None);
        assert_eq!(local("db.shop.svc.cluster.local", "shop"), "db");
        assert_eq!(local("db.other.svc", "shop"), "db.other");
    }
}
