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
