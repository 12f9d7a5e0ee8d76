//! Names: whether a caller's look-ups are answered.
//!
//! Only where the manifests have the cluster's DNS, as kube-system/kube-dns or by its well-known
//! label; else look-ups always work. A look-up is one packet to UDP port 53 of the Service, tried
//! again at another pod: it is answered as long as one ready pod may be reached. Not simulated:
//! how long look-ups take, how `ndots` and the search path multiply them, names outside the cluster.
//! Source: kubernetes.io, DNS for Services and Pods; Debugging DNS Resolution.

use aegis_cluster::Cluster;
use aegis_cluster::reach::{Endpoint, Protocol, Verdict};
use aegis_model::kubernetes::{IntOrString, ServicePort};
use aegis_model::objects::Service;
use aegis_model::{PodId, ServiceId};
use alloc::vec::Vec;
use serde_json::Value;

/// Port of DNS.
const DNS: u16 = 53;

/// Whether names become addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "yes and no")]
pub enum Resolves {
    Yes,
    No,
}

/// The Service of the cluster's DNS, where the manifests have it.
pub fn service<P>(cluster: &Cluster<P>) -> Option<ServiceId> {
    let mut rows = cluster.objects.services.enumerate();
    let found = rows.find(|(_, row)| row.header.exists() && is_dns(row));
    found.map(|(index, _)| ServiceId::from(index))
}

fn is_dns(service: &Service) -> bool {
    let reference = &service.header.reference;
    let labelled = service
        .spec
        .selector
        .get("k8s-app")
        .is_some_and(|app| app == "kube-dns");
    reference.namespace == "kube-system" && (labelled || reference.name == "kube-dns")
}

/// Whether the pod's look-ups are answered.
pub fn resolves<P: Clone>(cluster: &mut Cluster<P>, caller: PodId) -> Resolves {
    let Some(service) = cluster.workings.traffic.dns else {
        return Resolves::Yes;
    };
    let Cluster {
        objects, workings, ..
    } = cluster;
    let row = &objects.services[service.index()];
    let ready: Vec<PodId> = (row.endpoints.iter())
        .filter(|endpoint| endpoint.ready)
        .map(|endpoint| endpoint.pod)
        .collect();
    let port = target(row);
    let answers = ready.into_iter().any(|pod| {
        let (from, to) = (Endpoint::Pod(caller), Endpoint::Pod(pod));
        let verdict = workings
            .traffic
            .reach
            .reach(objects, from, to, port, Protocol::Udp);
        verdict == Verdict::Allowed
    });
    if answers { Resolves::Yes } else { Resolves::No }
}

/// Whether a pod asks only name servers that do not know the cluster: `dnsPolicy: None` with addresses none of which
/// lies in a range that Services or pods have.
pub fn asks_elsewhere<P>(cluster: &Cluster<P>, caller: PodId) -> bool {
    let template = cluster.objects.pods[caller.index()].template;
    let row = &cluster.objects.templates[template.index()];
    if row.spec.spec.dns_policy.as_deref() != Some("None") {
        return false;
    }
    let servers = row.doc["spec"]["dnsConfig"]["nameservers"].as_array();
    let mut servers = servers.into_iter().flatten().filter_map(Value::as_str);
    servers.all(|address| !is_private(address))
}

/// Addresses that RFC 1918 and RFC 3927 keep for networks of one's own, and loopback.
fn is_private(address: &str) -> bool {
    let mut parts = address.split('.').map(str::parse::<u8>);
    match (parts.next(), parts.next()) {
        (Some(Ok(10 | 127)), _)
        | (Some(Ok(192)), Some(Ok(168)))
        | (Some(Ok(169)), Some(Ok(254))) => true,
        (Some(Ok(172)), Some(Ok(second))) => (16..32).contains(&second),
        _ => false,
    }
}

/// Whether `hostAliases` of a pod give a Service's name to an address that is not the Service's.
pub fn is_aliased<P>(cluster: &Cluster<P>, caller: PodId, to: ServiceId) -> bool {
    let template = cluster.objects.pods[caller.index()].template;
    let spec = &cluster.objects.templates[template.index()].doc["spec"];
    let aliases = spec["hostAliases"].as_array();
    let reference = &cluster.objects.services[to.index()].header.reference;
    let named = |alias: &&Value| {
        let names = alias["hostnames"].as_array().into_iter().flatten();
        let mut names = names.filter_map(Value::as_str);
        names.any(|name| name.split('.').next() == Some(reference.name.as_str()))
    };
    let own = cluster.objects.services[to.index()]
        .spec
        .cluster_ip
        .as_deref();
    let mut found = aliases.into_iter().flatten().filter(named);
    found.any(|alias| alias["ip"].as_str() != own)
}

/// The pods' port behind port 53; a name stands for 53, as in CoreDNS' own manifests.
fn target(service: &Service) -> u16 {
    let udp = |port: &&ServicePort| port.port == DNS && port.protocol.as_deref() == Some("UDP");
    match service
        .spec
        .ports
        .iter()
        .find(udp)
        .and_then(|port| port.target_port.as_ref())
    {
        Some(IntOrString::Int(number)) => u16::try_from(*number).unwrap_or(DNS),
        _ => DNS,
    }
}
