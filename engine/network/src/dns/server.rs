//! Name servers: whether one answers a pod.
//!
//! A look-up is one packet to UDP port 53, tried again at another pod of the Service: it is answered as long as one
//! ready pod may be reached. Where the manifests have no cluster DNS, it is taken to answer.
//! Source: kubernetes.io, Debugging DNS Resolution.

use super::Config;
use crate::reach::{Address, Endpoint, Protocol, Verdict};
use aegis_model::kubernetes::{IntOrString, ServicePort};
use aegis_model::objects::Service;
use aegis_model::{Objects, PodId, ServiceId};
use alloc::vec::Vec;

/// Port of DNS.
const DNS: u16 = 53;

/// Whether a name server answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "yes and no")]
pub enum Asked {
    Answers,
    Silent,
}

/// The Service of the cluster's DNS, where the manifests have it.
#[must_use]
pub fn service(objects: &Objects) -> Option<ServiceId> {
    let mut rows = objects.services.enumerate();
    let found = rows.find(|(_, row)| row.header.exists() && is_dns(row));
    found.map(|(index, _)| ServiceId::from(index))
}

fn is_dns(service: &Service) -> bool {
    let reference = &service.header.reference;
    let selector = &service.spec.selector;
    reference.namespace == "kube-system"
        && (reference.name == "kube-dns"
            || selector.get("k8s-app").is_some_and(|app| app == "kube-dns"))
}

/// Whether the name server of a pod answers it. `dns` is the cluster's ([`service`]); `reach` says whether a
/// connection passes.
pub fn asked(
    objects: &Objects,
    dns: Option<ServiceId>,
    pod: PodId,
    mut reach: impl FnMut(Endpoint, Endpoint, u16, Protocol) -> Verdict,
) -> Asked {
    if dns.is_none() && super::is_usual(objects, pod) {
        return Asked::Answers;
    }
    let from = Endpoint::Pod(pod);
    let config = Config::of_pod(objects, pod);
    let mut passes =
        |to: Endpoint, port: u16| reach(from, to, port, Protocol::Udp) == Verdict::Allowed;
    let answers = match (config.knows_the_cluster(), dns) {
        (true, None) => true,
        (true, Some(service)) => {
            let row = &objects.services[service.index()];
            let port = target(row);
            let ready: Vec<PodId> = (row.endpoints.iter())
                .filter(|endpoint| endpoint.ready)
                .map(|endpoint| endpoint.pod)
                .collect();
            ready
                .into_iter()
                .any(|pod| passes(Endpoint::Pod(pod), port))
        }
        (false, _) => {
            let server = config
                .server()
                .and_then(|text| text.parse::<Address>().ok());
            server.is_none_or(|address| passes(Endpoint::External(address), DNS))
        }
    };
    match answers {
        true => Asked::Answers,
        false => Asked::Silent,
    }
}

/// The pods' port behind port 53; a name stands for 53, as in CoreDNS' own manifests.
fn target(service: &Service) -> u16 {
    let udp = |port: &&ServicePort| port.port == DNS && port.protocol.as_deref() == Some("UDP");
    let port = service.spec.ports.iter().find(udp);
    match port.and_then(|port| port.target_port.as_ref()) {
        Some(IntOrString::Int(number)) => u16::try_from(*number).unwrap_or(DNS),
        _ => DNS,
    }
}
