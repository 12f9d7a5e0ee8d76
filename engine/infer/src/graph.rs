//! The call graph, as far as manifests tell: by address, by name, by known image.

use super::address::{self, Address, Form};
use super::directory::Directory;
use super::images::{Image, Known, KnownCall};
use super::places::{Place, places};
use super::shared::{Shared, is_store};
use aegis_model::kubernetes::{ObjectRef, PodTemplateSpec};
use aegis_model::objects::Workload;
use aegis_model::{ServiceId, WorkloadId};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use smol_str::SmolStr;

/// Why an edge is believed to be there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// A setting of the container names the Service.
    Address {
        /// Which setting: `env CART_ADDR of container server`.
        place: String,
        /// The address as written.
        text: String,
    },
    /// The Service is named after the caller: `cart` and `cart-db`.
    Name,
    /// The caller and the store behind the Service read the same Secret, of this name.
    Secret(SmolStr),
    /// The caller's image is known to call it; the source of that.
    Image(&'static str),
}

impl Why {
    /// The host as the caller's manifest writes it.
    #[must_use]
    pub fn host(&self) -> Option<&str> {
        match self {
            Self::Address { text, .. } => text.split(':').next(),
            _ => None,
        }
    }
}

/// An edge that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Edge {
    /// Called Service; `None` where no Service has the address.
    pub to: Option<ServiceId>,
    /// Port of the Service; 0 is its first.
    pub port: u16,
    /// Why.
    pub why: Why,
    /// What the caller's image is known to do there.
    pub known: Option<&'static KnownCall>,
    /// The ConfigMap that names it, where the caller gets the whole of that.
    pub map: Option<SmolStr>,
}

impl Edge {
    /// An edge to the first port of a Service.
    const fn to(to: ServiceId, why: Why) -> Self {
        Self {
            to: Some(to),
            port: 0,
            why,
            known: None,
            map: None,
        }
    }
}

/// What edges are inferred from.
#[derive(Clone, Copy)]
pub struct Evidence<'a> {
    /// The objects by name.
    pub directory: &'a Directory<'a>,
    /// What several workloads read.
    pub shared: &'a Shared,
}

/// All edges of a workload, addresses first; edges to itself are left out.
#[must_use]
pub fn edges(
    evidence: Evidence<'_>,
    id: WorkloadId,
    workload: &Workload,
    image: Option<Known>,
) -> Vec<Edge> {
    let directory = evidence.directory;
    let ObjectRef {
        namespace, name, ..
    } = &workload.header.reference;
    let mut addressed = addressed(directory, workload.spec.template(), namespace);
    leave_lists_out(evidence, id, namespace, &mut addressed);
    let named = by_name(directory, name, namespace).into_iter();
    let known = image
        .into_iter()
        .flat_map(|image| known(directory, namespace, image));
    let candidates = addressed
        .into_iter()
        .chain(named.filter(|edge| !is_of_another(directory, image, edge)))
        .chain(by_secret(evidence, id))
        .chain(known);
    let mut edges = Vec::new();
    for edge in candidates {
        if !is_own(directory, id, &edge) {
            admit(&mut edges, edge);
        }
    }
    edges
}

/// Whether an edge leads to the workload that it comes from.
fn is_own(directory: &Directory<'_>, id: WorkloadId, edge: &Edge) -> bool {
    edge.to.is_some_and(|to| directory.behind(to).contains(&id))
}

/// Whether other images of the caller's application are known to call a Service, and its own is not.
fn is_of_another(directory: &Directory<'_>, image: Option<Known>, edge: &Edge) -> bool {
    let (Some(known), Some(to)) = (image, edge.to) else {
        return false;
    };
    let name = &directory.objects.services[to.index()].header.reference.name;
    let calls = |image: &Image| image.calls.iter().any(|call| call.service == name);
    !calls(known.image) && known.application.images.iter().any(calls)
}

/// So many servers beside its reader make a ConfigMap a list of all Services.
const LIST: usize = 5;

/// Leaves out what only a list of Services tells. A ConfigMap that names its reader among other
/// servers says who is there and not who calls: where it is long, of nobody in it; where others
/// read it too, of no server. Stores in a short one are what its readers use in common.
fn leave_lists_out(
    evidence: Evidence<'_>,
    id: WorkloadId,
    namespace: &SmolStr,
    edges: &mut Vec<Edge>,
) {
    let directory = evidence.directory;
    let own = edges.iter().filter(|edge| is_own(directory, id, edge));
    let naming: Vec<SmolStr> = own.filter_map(|edge| edge.map.clone()).collect();
    for map in naming {
        let of_map = |edge: &Edge| edge.map.as_ref() == Some(&map);
        let servers = edges.iter().filter(|edge| {
            of_map(edge) && !is_own(directory, id, edge) && !leads_to_store(directory, edge)
        });
        if servers.count() >= LIST {
            edges.retain(|edge| !of_map(edge));
        } else if evidence.shared.readers(namespace, &map) > 1 {
            edges.retain(|edge| !of_map(edge) || leads_to_store(directory, edge));
        }
    }
}

/// Whether a store, cache or queue is behind an edge's Service.
fn leads_to_store(directory: &Directory<'_>, edge: &Edge) -> bool {
    let mut behind = edge.to.into_iter().flat_map(|to| directory.behind(to));
    behind.any(|id| is_store(directory.objects.workloads[id.index()].spec.template()))
}

/// Adds an edge, or what it knows to the one that is there.
fn admit(edges: &mut Vec<Edge>, edge: Edge) {
    let same = edges.iter_mut().find(|other| match (&other.to, &edge.to) {
        (Some(a), Some(b)) => a == b,
        (None, None) => other.why == edge.why,
        _ => false,
    });
    match same {
        Some(other) => other.known = other.known.or(edge.known),
        None => edges.push(edge),
    }
}

/// Edges to the Services that the settings of a template's containers name, in order.
#[must_use]
pub fn addressed(
    directory: &Directory<'_>,
    template: &PodTemplateSpec,
    namespace: &str,
) -> Vec<Edge> {
    places(directory, template, namespace)
        .iter()
        .flat_map(|place| edges_of_setting(directory, place, namespace))
        .collect()
}

fn edges_of_setting(directory: &Directory<'_>, place: &Place, namespace: &str) -> Vec<Edge> {
    let promised = address::promises_address(&place.setting.key);
    address::addresses(&place.setting.value)
        .into_iter()
        .filter_map(|address| edge_to(directory, address, promised, namespace, place))
        .collect()
}

/// The edge that an address makes: to a Service, or to nobody where it can only be an address of this cluster.
fn edge_to(
    directory: &Directory<'_>,
    address: Address<'_>,
    promised: bool,
    namespace: &str,
    place: &Place,
) -> Option<Edge> {
    let to = address
        .services(namespace)
        .find_map(|(name, space)| directory.service(space, name));
    let key = &place.setting.key;
    let sure = match address.form {
        Form::Url | Form::Qualified => true,
        Form::Port => to.is_some() || promised,
        Form::Whole => to.is_some() && (promised || address::is_named_after(key, address.host)),
        Form::Named => to.is_some(),
        Form::Word => false,
    };
    (sure && (to.is_some() || address.is_internal())).then(|| Edge {
        to,
        port: address.port,
        why: Why::Address {
            place: place.text.clone(),
            text: written(address),
        },
        known: None,
        map: place.map.clone(),
    })
}

fn written(address: Address<'_>) -> String {
    match address.port {
        0 => address.host.into(),
        port => format!("{}:{port}", address.host),
    }
}

/// Ends of a store's or cache's name.
const COMPANIONS: [&str; 16] = [
    "db",
    "database",
    "cache",
    "redis",
    "valkey",
    "memcached",
    "mongo",
    "mongodb",
    "mysql",
    "mariadb",
    "postgres",
    "postgresql",
    "pg",
    "rabbitmq",
    "queue",
    "store",
];

/// Ends of a workload's name that its companions do not carry.
const TITLES: [&str; 6] = ["-service", "service", "-svc", "-api", "-server", "-app"];

/// Edges to Services that are named after the caller: `x` or `x-service` calls `x-db`, `x-cache`.
fn by_name(directory: &Directory<'_>, name: &str, namespace: &str) -> Vec<Edge> {
    let short = TITLES.iter().find_map(|title| name.strip_suffix(title));
    let mut found = Vec::new();
    for base in [Some(name), short].into_iter().flatten() {
        for companion in COMPANIONS {
            let to = directory.service(namespace, &format!("{base}-{companion}"));
            found.extend(to.map(|to| Edge::to(to, Why::Name)));
        }
    }
    found
}

/// Edges to the stores with which the caller shares a Secret.
fn by_secret(evidence: Evidence<'_>, id: WorkloadId) -> Vec<Edge> {
    let stores = evidence.shared.stores(id).iter();
    stores
        .filter_map(|(secret, store)| {
            let to = evidence.directory.in_front_of(*store).first()?;
            Some(Edge::to(*to, Why::Secret(secret.clone())))
        })
        .collect()
}

/// Edges that the caller's image is known to have.
fn known(directory: &Directory<'_>, namespace: &str, image: Known) -> Vec<Edge> {
    let calls = image.image.calls.iter();
    calls
        .filter_map(|call| {
            let to = directory.service_like(namespace, call.service)?;
            Some(Edge {
                known: Some(call),
                ..Edge::to(to, Why::Image(image.application.source))
            })
        })
        .collect()
}
