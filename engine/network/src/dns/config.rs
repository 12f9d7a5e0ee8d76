//! A pod's resolv.conf, as the kubelet writes it.
//!
//! Source: pkg/kubelet/network/dns/dns.go `GetPodDNS`, `appendDNSConfig`, `formDNSConfigFitsLimits`; resolv.conf(5).

use super::{Candidate, DOMAIN, Origin, address_of};
use crate::reach::Address;
use aegis_model::{Objects, PodId};
use alloc::vec::Vec;
use core::fmt;
use serde_json::Value;
use smol_str::{SmolStr, format_smolstr};

/// Address of the cluster's DNS where no Service of the manifests is it: kubeadm's default.
const CLUSTER_DNS: Address = Address(0x0A60_000A);
/// The name server of nodes: the gateway of their network. It knows nothing of the cluster.
const OF_NODES: Address = Address(0xAC10_0001);
/// pkg/apis/core/validation: `MaxDNSNameservers`.
const MOST_SERVERS: usize = 3;
/// pkg/apis/core/validation: `MaxDNSSearchPaths`.
const MOST_SEARCHES: usize = 32;
/// pkg/apis/core/validation: `MaxDNSSearchListChars`.
const MOST_LETTERS: usize = 2048;
/// What the kubelet asks for where the cluster is asked first (`defaultDNSOptions`).
const CLUSTER_NDOTS: &str = "5";
/// resolv.conf(5): the default of `ndots`, and the most that counts.
const NDOTS: (usize, usize) = (1, 15);

/// The content of `/etc/resolv.conf` in a pod's containers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    servers: Vec<SmolStr>,
    searches: Vec<SmolStr>,
    options: Vec<(SmolStr, Option<SmolStr>)>,
    /// What the kubelet left out, as it was too much.
    pub cut: Vec<Cut>,
}

/// What was too much for a resolv.conf.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// Name servers beyond three.
    Servers,
    /// Domains beyond 32, or beyond 2048 letters.
    Searches,
}

/// Whose name servers a pod asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Policy {
    Cluster,
    Node,
    Own,
}

/// A pod in its node's network asks as the node does, unless it says otherwise.
fn policy(written: Option<&str>, host_network: bool) -> Policy {
    match (written, host_network) {
        (Some("None"), _) => Policy::Own,
        (Some("ClusterFirstWithHostNet"), _) => Policy::Cluster,
        (Some("Default"), _) | (_, true) => Policy::Node,
        _ => Policy::Cluster,
    }
}

impl Config {
    /// The configuration of a pod.
    #[must_use]
    pub fn of_pod(objects: &Objects, pod: PodId) -> Self {
        let row = &objects.pods[pod.index()];
        let template = &objects.templates[row.template.index()];
        let spec = &template.spec.spec;
        let mut config = match policy(spec.dns_policy.as_deref(), spec.host_network) {
            Policy::Cluster => Self::of_cluster(objects, &row.namespace),
            Policy::Node => Self::asking(OF_NODES),
            Policy::Own => Self::empty(),
        };
        config.add(&template.doc["spec"]["dnsConfig"]);
        config.fit();
        config
    }

    const fn empty() -> Self {
        Self {
            servers: Vec::new(),
            searches: Vec::new(),
            options: Vec::new(),
            cut: Vec::new(),
        }
    }

    fn asking(server: Address) -> Self {
        Self {
            servers: Vec::from([format_smolstr!("{server}")]),
            ..Self::empty()
        }
    }

    fn of_cluster(objects: &Objects, namespace: &str) -> Self {
        let own = super::service(objects).and_then(|id| address_of(&objects.services[id.index()]));
        Self {
            searches: Vec::from([
                format_smolstr!("{namespace}.svc.{DOMAIN}"),
                format_smolstr!("svc.{DOMAIN}"),
                DOMAIN.into(),
            ]),
            options: Vec::from([("ndots".into(), Some(CLUSTER_NDOTS.into()))]),
            ..Self::asking(own.unwrap_or(CLUSTER_DNS))
        }
    }

    /// Adds the pod's `dnsConfig`: what is there already is not said twice, options are replaced.
    fn add(&mut self, config: &Value) {
        add_new(&mut self.servers, &config["nameservers"]);
        add_new(&mut self.searches, &config["searches"]);
        for option in config["options"].as_array().into_iter().flatten() {
            let Some(name) = option["name"].as_str() else {
                continue;
            };
            let value = option["value"].as_str().map(SmolStr::from);
            match self.options.iter_mut().find(|(known, _)| known == name) {
                Some((_, known)) => *known = value,
                None => self.options.push((name.into(), value)),
            }
        }
    }

    /// Leaves out what is too much for a resolv.conf.
    fn fit(&mut self) {
        if self.servers.len() > MOST_SERVERS {
            self.servers.truncate(MOST_SERVERS);
            self.cut.push(Cut::Servers);
        }
        let before = self.searches.len();
        self.searches.truncate(MOST_SEARCHES);
        while self.search_line().len() > MOST_LETTERS {
            self.searches.pop();
        }
        if self.searches.len() < before {
            self.cut.push(Cut::Searches);
        }
    }

    fn search_line(&self) -> alloc::string::String {
        self.searches.join(" ")
    }

    /// What the kubelet says of what it left out.
    #[must_use]
    pub fn complaint(&self, cut: Cut) -> alloc::string::String {
        match cut {
            Cut::Servers => alloc::format!(
                "Nameserver limits were exceeded, some nameservers have been omitted, the applied nameserver line is: {}",
                self.servers.join(" ")
            ),
            Cut::Searches => alloc::format!(
                "Search Line limits were exceeded, some search paths have been omitted, the applied search line is: {}",
                self.search_line()
            ),
        }
    }

    /// The name server that is asked: the first one, as its NXDOMAIN is final.
    #[must_use]
    pub fn server(&self) -> Option<&str> {
        self.servers.first().map(SmolStr::as_str)
    }

    /// Whether the name server that is asked knows the cluster's names: one in a range that Services or pods
    /// have somewhere (RFC 1918 but for the nodes' own), or a cache on the node (RFC 3927).
    #[must_use]
    pub fn knows_the_cluster(&self) -> bool {
        let Some(server) = self.server() else {
            return false;
        };
        match server.parse::<Address>() {
            Ok(OF_NODES) | Err(_) => false,
            Ok(address) => is_private(address),
        }
    }

    /// The dots that make a name be asked for as it is first.
    fn ndots(&self) -> usize {
        let (default, most) = NDOTS;
        let said = self.options.iter().find(|(name, _)| name == "ndots");
        let value = said.and_then(|(_, value)| value.as_ref()?.parse().ok());
        value.unwrap_or(default).min(most)
    }

    /// The names that are asked for, in order, until one is found.
    #[must_use]
    pub fn candidates(&self, name: &str) -> Vec<Candidate> {
        let written = |name: &str| Candidate {
            name: name.into(),
            origin: Origin::Written,
        };
        if let Some(absolute) = name.strip_suffix('.') {
            return Vec::from([written(absolute)]);
        }
        let searched = self.searches.iter().map(|domain| Candidate {
            name: format_smolstr!("{name}.{}", domain.trim_end_matches('.')),
            origin: Origin::Searched,
        });
        let dots = name.bytes().filter(|letter| *letter == b'.').count();
        match dots >= self.ndots() {
            true => core::iter::once(written(name)).chain(searched).collect(),
            false => searched.chain([written(name)]).collect(),
        }
    }
}

fn add_new(list: &mut Vec<SmolStr>, more: &Value) {
    for text in more
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
    {
        if !list.iter().any(|known| known == text) {
            list.push(text.into());
        }
    }
}

/// Addresses that RFC 1918 and RFC 3927 keep for networks of one's own, and loopback.
const fn is_private(address: Address) -> bool {
    let [first, second, ..] = address.0.to_be_bytes();
    match (first, second) {
        (10 | 127, _) | (192, 168) | (169, 254) => true,
        (172, second) => second >= 16 && second < 32,
        _ => false,
    }
}

/// As the container runtime writes the file. Source: containerd, pkg/cri `parseDNSOptions`.
impl fmt::Display for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.searches.is_empty() {
            writeln!(f, "search {}", self.search_line())?;
        }
        for server in &self.servers {
            writeln!(f, "nameserver {server}")?;
        }
        if self.options.is_empty() {
            return Ok(());
        }
        f.write_str("options")?;
        for (name, value) in &self.options {
            match value {
                Some(value) => write!(f, " {name}:{value}")?,
                None => write!(f, " {name}")?,
            }
        }
        writeln!(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    fn config(searches: &[&str], ndots: &str) -> Config {
        Config {
            servers: Vec::from(["10.96.0.10".into()]),
            searches: searches.iter().map(|text| SmolStr::from(*text)).collect(),
            options: Vec::from([("ndots".into(), Some(ndots.into()))]),
            cut: Vec::new(),
        }
    }

    #[test]
    fn dots_say_whether_the_list_comes_first() {
        let config = config(&["a.svc.cluster.local", "svc.cluster.local"], "2");
        for (name, asked) in [
            ("web", "web.a.svc.cluster.local web.svc.cluster.local web"),
            (
                "web.b",
                "web.b.a.svc.cluster.local web.b.svc.cluster.local web.b",
            ),
            (
                "api.x.com",
                "api.x.com api.x.com.a.svc.cluster.local api.x.com.svc.cluster.local",
            ),
            ("web.b.", "web.b"),
        ] {
            let names: Vec<SmolStr> = (config.candidates(name).into_iter())
                .map(|candidate| candidate.name)
                .collect();
            assert_eq!(names.join(" "), asked, "{name}");
        }
    }

    #[test]
    fn a_file_is_written_as_the_runtime_writes_it() {
        let mut config = config(&["a.svc.cluster.local"], "5");
        config.add(&serde_json::json!({
            "nameservers": ["10.96.0.10", "192.0.2.1"],
            "searches": ["my.dns.search.suffix"],
            "options": [{"name": "ndots", "value": "2"}, {"name": "edns0"}],
        }));
        let written = "search a.svc.cluster.local my.dns.search.suffix\nnameserver 10.96.0.10\n\
            nameserver 192.0.2.1\noptions ndots:2 edns0\n";
        assert_eq!(config.to_string(), written);
    }

    #[test]
    fn what_is_too_much_is_left_out() {
        let mut config = Config::empty();
        let servers: Vec<alloc::string::String> =
            (1..=4).map(|n| alloc::format!("10.0.0.{n}")).collect();
        let long = "x".repeat(1500);
        config.add(&serde_json::json!({"nameservers": servers, "searches": ["a.b", long.clone(), alloc::format!("y{long}")]}));
        config.fit();
        assert_eq!(config.cut, [Cut::Servers, Cut::Searches]);
        assert_eq!((config.servers.len(), config.searches.len()), (3, 2));
        let said = config.complaint(Cut::Servers);
        assert!(
            said.ends_with("the applied nameserver line is: 10.0.0.1 10.0.0.2 10.0.0.3"),
            "{said}"
        );
    }
}
