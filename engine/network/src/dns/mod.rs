//! Names: what a pod's look-up of a host's name finds, and which queries it takes.
//!
//! One resolver for all that asks: the edges of traffic, `aegis reach`, and what scripts wait for. A name goes
//! through the pod's hosts file, then through the search list of its resolv.conf ([`Config`]) as `ndots` says,
//! each query to the first name server: the cluster's ([`zone`]), or one that knows nothing of the cluster.
//! What lies outside of the cluster is taken to be there where its name can be one of a public or private zone.
//! Not simulated: how long look-ups take, and caches of clients.
//! Sources: kubernetes.io, DNS for Services and Pods; pkg/kubelet/network/dns/dns.go; resolv.conf(5); the
//! kubernetes plugin of CoreDNS.

mod config;
mod server;
mod zone;

pub use config::{Config, Cut};
pub use server::{Asked, asked, service};

use crate::reach::{Address, node_address, pod_address, service_address};
use aegis_model::kubernetes::{Kind, ObjectRef};
use aegis_model::objects::Service;
use aegis_model::{Objects, PodId, ServiceId};
use alloc::vec::Vec;
use serde_json::Value;
use smol_str::SmolStr;

/// The cluster's domain, as kubeadm sets it.
pub const DOMAIN: &str = "cluster.local";
/// Aliases that are followed from one to the next.
const MOST_ALIASES: u32 = 8;

/// What a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Named {
    /// A Service: its address, or the addresses of its pods where it is headless.
    Service(ServiceId),
    /// A pod.
    Pod(PodId),
    /// An address in the cluster that nobody has.
    Nobody(Address),
    /// Something outside of the cluster, or the control plane; taken to be there.
    Outside,
    /// The asking pod itself.
    Itself,
}

/// Why a look-up finds nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// Every query was answered with NXDOMAIN.
    NotFound,
    /// No name server answered.
    Unanswered,
}

/// A look-up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookUp {
    /// The names that were asked for, in order, without closing dots; none where the hosts file knew it.
    pub queries: Vec<SmolStr>,
    /// What the last of them found.
    pub found: Result<Named, Failure>,
}

impl LookUp {
    const fn at_once(found: Named) -> Self {
        Self {
            queries: Vec::new(),
            found: Ok(found),
        }
    }
}

/// Looks a name up as a process in a pod does. Whether the name server answers is [`asked`]'s to say.
#[must_use]
pub fn look_up(objects: &Objects, pod: PodId, name: &str) -> LookUp {
    if let Some(found) = in_hosts_file(objects, pod, name) {
        return LookUp::at_once(found);
    }
    let config = Config::of_pod(objects, pod);
    let knows = config.knows_the_cluster();
    let mut queries = Vec::new();
    for candidate in config.candidates(name) {
        queries.push(candidate.name.clone());
        let found = match zone::inside(&candidate.name) {
            Some(inside) if knows => zone::answer(objects, &inside, MOST_ALIASES),
            Some(_) => None,
            None => outside(objects, &candidate),
        };
        if let Some(named) = found {
            let found = Ok(named);
            return LookUp { queries, found };
        }
    }
    let found = Err(Failure::NotFound);
    LookUp { queries, found }
}

/// Whether nothing that a pod says bends its look-ups.
#[must_use]
pub fn is_usual(objects: &Objects, pod: PodId) -> bool {
    let row = &objects.pods[pod.index()];
    let template = &objects.templates[row.template.index()];
    let written = &template.doc["spec"];
    let spec = &template.spec.spec;
    let policy = spec.dns_policy.as_deref().unwrap_or_default();
    matches!(policy, "" | "ClusterFirst")
        && !spec.host_network
        && written["dnsConfig"].is_null()
        && written["hostAliases"].is_null()
}

/// Whether a name that a usual pod looks up plainly is that of a Service with an address, so that no look is needed.
#[must_use]
pub fn is_plain(objects: &Objects, pod: PodId, name: &str, to: ServiceId) -> bool {
    let service = &objects.services[to.index()];
    let own_address = service.spec.cluster_ip.as_deref() != Some("None");
    let reference = &service.header.reference;
    let namespace = reference.namespace.as_str();
    let fits = match name.strip_prefix(reference.name.as_str()) {
        Some("") => objects.pods[pod.index()].namespace == namespace,
        Some(rest) => {
            let rest = rest.strip_prefix('.').unwrap_or_default();
            let rest = rest.strip_prefix(namespace);
            rest.is_some_and(|rest| matches!(rest, "" | ".svc" | ".svc.cluster.local"))
        }
        None => false,
    };
    fits && own_address && service.spec.kind != "ExternalName" && is_usual(objects, pod)
}

/// The full name of a Service.
#[must_use]
pub fn full_name(service: &ObjectRef) -> SmolStr {
    let ObjectRef {
        name, namespace, ..
    } = service;
    smol_str::format_smolstr!("{name}.{namespace}.svc.{DOMAIN}")
}

/// What the hosts file of a pod says: itself, its `hostAliases`; an address stands for itself.
/// Source: pkg/kubelet/kubelet_pods.go `ensureHostsFile`.
fn in_hosts_file(objects: &Objects, pod: PodId, name: &str) -> Option<Named> {
    if let Ok(address) = name.parse::<Address>() {
        return Some(at(objects, pod, address));
    }
    let name = name.strip_suffix('.').unwrap_or(name);
    let row = &objects.pods[pod.index()];
    let spec = &objects.templates[row.template.index()].doc["spec"];
    let own = spec["hostname"].as_str().unwrap_or(&row.name);
    if matches!(name, "localhost" | "localhost.localdomain") || name == own {
        return Some(Named::Itself);
    }
    let mut aliases = spec["hostAliases"].as_array().into_iter().flatten();
    let named = |alias: &&Value| {
        let mut names = alias["hostnames"].as_array().into_iter().flatten();
        names.any(|other| other.as_str() == Some(name))
    };
    let address = aliases.find(named)?["ip"].as_str()?;
    let address = address.parse::<Address>().ok();
    Some(address.map_or(Named::Outside, |address| at(objects, pod, address)))
}

/// Who has an address.
fn at(objects: &Objects, from: PodId, address: Address) -> Named {
    /// 127.0.0.0/8.
    const LOOPBACK: u32 = 127;
    if address.0 >> 24 == LOOPBACK {
        return Named::Itself;
    }
    let mut services = objects.services.enumerate();
    let has = |row: &Service| row.header.exists() && address_of(row) == Some(address);
    if let Some((index, _)) = services.find(|(_, row)| has(row)) {
        return Named::Service(index.into());
    }
    let mut pods = objects.pods.enumerate();
    let is_its = |(_, row): &(usize, &aegis_model::objects::Pod)| {
        let shares = objects.templates[row.template.index()]
            .spec
            .spec
            .host_network;
        let own = match row.node {
            Some(node) if shares => node_address(node.index()),
            _ => pod_address(row.number),
        };
        row.exists() && own == address
    };
    match pods.find(is_its) {
        Some((index, _)) if PodId::from(index) == from => Named::Itself,
        Some((index, _)) => Named::Pod(index.into()),
        None if is_of_cluster(address) => Named::Nobody(address),
        None => Named::Outside,
    }
}

/// The address of a Service; a headless one and an alias have none.
#[must_use]
pub fn address_of(service: &Service) -> Option<Address> {
    match service.spec.cluster_ip.as_deref() {
        _ if service.spec.kind == "ExternalName" => None,
        Some("None") => None,
        Some(text) if !text.is_empty() => text.parse().ok(),
        _ => Some(service_address(service.header.number)),
    }
}

/// Whether an address lies where Services and pods have theirs: 10.96.0.0/12, and from 10.244.0.0 to the end of 10.0.0.0/8.
const fn is_of_cluster(address: Address) -> bool {
    matches!(address.0 >> 16, 0x0A60..=0x0A6F | 0x0AF4..=0x0AFF)
}

/// A name that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The name, without a closing dot.
    pub name: SmolStr,
    /// How it came about.
    pub origin: Origin,
}

/// How a name that is asked for came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// As it was written.
    Written,
    /// With a domain of the search list behind it.
    Searched,
}

/// Ends of names that belong to nobody: RFC 2606, RFC 6761, RFC 6762, and what names of clusters end in.
const NOBODYS: [&str; 7] = [
    "example",
    "invalid",
    "local",
    "localhost",
    "svc",
    "test",
    "cluster",
];
/// Ends of names that are in use, beside countries'. Sources: IANA's list of generic ones, of which those that
/// are met in configurations; below them, what private zones are called.
const IN_USE: [&str; 40] = [
    "aero", "ai", "app", "arpa", "biz", "blog", "cloud", "com", "company", "dev", "digital", "edu",
    "email", "global", "gov", "group", "health", "host", "info", "int", "link", "media", "mil",
    "net", "network", "online", "org", "page", "shop", "site", "software", "store", "systems",
    "tech", "tools", "world", "xyz", //
    "internal", "corp", "lan",
];

/// Whether a name outside of the cluster is there. A domain of a search list that is not the cluster's is taken to know nothing.
fn outside(objects: &Objects, candidate: &Candidate) -> Option<Named> {
    let labels: Vec<&str> = candidate.name.split('.').collect();
    let (Origin::Written, [.., end]) = (candidate.origin, labels.as_slice()) else {
        return None;
    };
    let of_country = end.len() == 2 && end.bytes().all(|letter| letter.is_ascii_alphabetic());
    let in_use = of_country || end.starts_with("xn--") || IN_USE.contains(end);
    let there = match labels.len() {
        0 | 1 => false,
        _ if NOBODYS.contains(end) => false,
        // `service.namespace` and `pod.service.namespace` rather than a domain.
        2 => in_use && !is_namespace(objects, end),
        3 => !is_namespace(objects, end),
        _ => true,
    };
    there.then_some(Named::Outside)
}

fn is_namespace(objects: &Objects, name: &str) -> bool {
    let mut plain = objects.plain.iter().map(|row| &row.header);
    let document = |header: &aegis_model::objects::Header| {
        header.exists() && header.reference.kind == Kind::Namespace && header.reference.name == name
    };
    let mut services = objects.services.iter().map(|row| &row.header);
    plain.any(document) || services.any(|row| row.exists() && row.reference.namespace == name)
}
