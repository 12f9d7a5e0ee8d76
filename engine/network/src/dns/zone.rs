//! What the cluster's DNS says of a name below the cluster's domain.
//!
//! Source: the DNS specification of Kubernetes (kubernetes/dns, docs/specification.md); plugin/kubernetes of CoreDNS,
//! with kubeadm's settings (`pods insecure`).

use super::{DOMAIN, Named, at, outside};
use crate::by_hand;
use crate::reach::Address;
use aegis_model::kubernetes::Kind;
use aegis_model::objects::{Pod, Service, WorkloadSpec};
use aegis_model::{Objects, PodId, ServiceId};
use smol_str::SmolStr;

/// The API server's own Service, of every cluster.
const API_SERVER: (&str, &str) = ("default", "kubernetes");

/// A name in the cluster's zone, by its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Inside<'a> {
    /// `service.namespace.svc`
    Service {
        namespace: &'a str,
        service: &'a str,
    },
    /// `host.service.namespace.svc`
    Endpoint {
        namespace: &'a str,
        service: &'a str,
        host: &'a str,
    },
    /// `10-244-0-7.namespace.pod`
    Pod { dashed: &'a str },
    /// Anything else: nobody has it.
    Nobody,
}

/// A name's parts, where it lies below the cluster's domain.
pub(super) fn inside(name: &str) -> Option<Inside<'_>> {
    let rest = name.strip_suffix(DOMAIN)?;
    let Some(rest) = rest.strip_suffix('.') else {
        return rest.is_empty().then_some(Inside::Nobody);
    };
    let mut labels = rest.rsplit('.');
    let (kind, namespace) = (labels.next(), labels.next());
    let (first, second, third) = (labels.next(), labels.next(), labels.next());
    Some(match (kind, namespace, first, second, third) {
        (Some("svc"), Some(namespace), Some(service), None, None) => {
            Inside::Service { namespace, service }
        }
        (Some("svc"), Some(namespace), Some(service), Some(host), None) => Inside::Endpoint {
            namespace,
            service,
            host,
        },
        (Some("pod"), Some(_), Some(dashed), None, None) => Inside::Pod { dashed },
        _ => Inside::Nobody,
    })
}

/// What the name stands for; `None` is NXDOMAIN.
pub(super) fn answer(objects: &Objects, inside: &Inside<'_>, aliases: u32) -> Option<Named> {
    match *inside {
        Inside::Service { namespace, service } => {
            let Some((id, row)) = find(objects, namespace, service) else {
                return ((namespace, service) == API_SERVER).then_some(Named::Outside);
            };
            match row.spec.kind.as_str() {
                "ExternalName" => alias(objects, row, aliases),
                // A headless Service has the addresses of its endpoints, and no name without any.
                _ if is_headless(row) => has_ready(objects, row).then_some(Named::Service(id)),
                _ => Some(Named::Service(id)),
            }
        }
        Inside::Endpoint {
            namespace,
            service,
            host,
        } => {
            let (_, row) = find(objects, namespace, service)?;
            let mut ready = row.endpoints.iter().filter(|endpoint| endpoint.ready);
            let found = ready.find(|endpoint| is_called(objects, row, endpoint.pod, host));
            found.map(|endpoint| Named::Pod(endpoint.pod))
        }
        Inside::Pod { dashed } => {
            let address: Address = dashed.replace('-', ".").parse().ok()?;
            Some(at(objects, PodId(u32::MAX), address))
        }
        Inside::Nobody => None,
    }
}

fn find<'a>(objects: &'a Objects, namespace: &str, name: &str) -> Option<(ServiceId, &'a Service)> {
    let mut rows = objects.services.enumerate();
    let found = rows.find(|(_, row)| {
        let reference = &row.header.reference;
        row.header.exists() && reference.name == name && reference.namespace == namespace
    });
    found.map(|(index, row)| (index.into(), row))
}

fn is_headless(service: &Service) -> bool {
    service.spec.cluster_ip.as_deref() == Some("None")
}

fn has_ready(objects: &Objects, service: &Service) -> bool {
    let mut pods = service.endpoints.iter();
    pods.any(|endpoint| endpoint.ready) || by_hand::has_ready(objects, service)
}

/// Follows the CNAME of an ExternalName Service.
fn alias(objects: &Objects, service: &Service, aliases: u32) -> Option<Named> {
    let name = service.spec.external_name.as_deref()?;
    let name = name.trim_end_matches('.');
    match inside(name) {
        Some(_) if aliases == 0 => None,
        Some(inside) => answer(objects, &inside, aliases - 1),
        None => outside(
            objects,
            &super::Candidate {
                name: name.into(),
                origin: super::Origin::Written,
            },
        ),
    }
}

/// Whether a pod has that name below the Service: its hostname where its subdomain is the Service, else its
/// address with dashes.
fn is_called(objects: &Objects, service: &Service, pod: PodId, host: &str) -> bool {
    let row = &objects.pods[pod.index()];
    match hostname(objects, service, row) {
        Some(name) => name == host,
        None => {
            let address = crate::reach::pod_address(row.number);
            alloc::format!("{address}").replace('.', "-") == host
        }
    }
}

/// The name that a pod has below a Service.
fn hostname(objects: &Objects, service: &Service, pod: &Pod) -> Option<SmolStr> {
    let governed = service.header.reference.name.as_str();
    let owner = &objects.workloads[pod.workload.index()];
    if owner.header.reference.kind == Kind::StatefulSet {
        let WorkloadSpec::StatefulSet(set) = &*owner.spec else {
            return None;
        };
        return (set.service_name == governed).then(|| pod.name.clone());
    }
    let spec = &objects.templates[pod.template.index()].doc["spec"];
    let named = spec["subdomain"].as_str() == Some(governed);
    let hostname = spec["hostname"].as_str().filter(|name| !name.is_empty());
    hostname.filter(|_| named).map(SmolStr::from)
}
