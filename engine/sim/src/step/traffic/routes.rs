//! Where the attempts of an edge go: endpoints, ports, policies, connections.

use super::names;
use aegis_cluster::Cluster;
use aegis_cluster::dns::{self, Asked};
use aegis_cluster::reach::{Address, Endpoint, Protocol, Verdict};
use aegis_cluster::workings::{Connections, Site};
use aegis_model::behaviour::Balance;
use aegis_model::kubernetes::{IntOrString, ServicePort};
use aegis_model::objects::Service;
use aegis_model::{Call, PodId, ServiceId, WorkloadId};
use aegis_solver::{ClassId, Dead, Route};
use alloc::sync::Arc;
use alloc::vec::Vec;

/// Where attempts go.
#[derive(Debug, Default, Clone)]
pub struct Found {
    /// To classes of replicas.
    pub routes: Vec<Route>,
    /// To nobody.
    pub dead: Dead,
}

/// The share of pods that run on a node; 0 of none.
pub fn on_node<P>(
    cluster: &Cluster<P>,
    pods: impl Iterator<Item = PodId>,
    node: aegis_model::NodeId,
) -> f64 {
    let (mut here, mut all) = (0.0, 0.0);
    for pod in pods {
        let row = &cluster.objects.pods[pod.index()];
        all += 1.0;
        here += f64::from(u8::from(row.node == Some(node)));
    }
    if all > 0.0 { here / all } else { 0.0 }
}

/// What became of one endpoint's share.
enum Reached {
    Class(ClassId),
    Refused,
    Dropped,
}

/// Brings what is remembered of policies and of DNS up to date.
pub fn refresh<P: Clone>(cluster: &mut Cluster<P>) {
    cluster.workings.traffic.dns = dns::service(&cluster.objects);
    let Cluster {
        objects, workings, ..
    } = cluster;
    workings.traffic.reach.refresh(objects);
}

/// The Service that has a Service's name now: itself, or what was made under its name since it was deleted.
fn living<P>(cluster: &Cluster<P>, service: ServiceId) -> ServiceId {
    let header = &cluster.objects.services[service.index()].header;
    if header.exists() {
        return service;
    }
    let mut rows = cluster.objects.services.enumerate();
    let again =
        rows.find(|(_, row)| row.header.exists() && row.header.reference == header.reference);
    again.map_or(service, |(index, _)| index.into())
}

/// Where users' requests go. Their policy of staying on a node matters to balancers alone.
pub fn from_outside<P: Clone>(cluster: &mut Cluster<P>, to: ServiceId, port: u16) -> Found {
    let to = living(cluster, to);
    let Some(shares) = even(cluster, to) else {
        return unresolved();
    };
    spread(
        cluster,
        Endpoint::External(Address::INTERNET),
        to,
        port,
        &shares,
    )
}

/// Where a call of a class goes.
pub fn of_call<P: Clone>(cluster: &mut Cluster<P>, site: &Site, call: &Call) -> Found {
    let Some(to) = call.to.map(|to| living(cluster, to)) else {
        return unresolved();
    };
    let Some(&caller) = site.pods.first() else {
        return unresolved();
    };
    let to = match names::meant(cluster, caller, call, to) {
        names::Found::Service(found) => found,
        names::Found::Nothing => return unresolved(),
        names::Found::Gone => return dropped(),
    };
    let Some(shares) = shares(cluster, site, to) else {
        return unresolved();
    };
    let asked = names::asked(cluster, caller);
    let shares = match (sticks(cluster, call, to), asked) {
        (Sticks::No, Asked::Silent) => return unresolved(),
        (Sticks::No, Asked::Answers) => shares,
        (Sticks::Yes, Asked::Answers) => connected(cluster, site.workload, to, &shares),
        (Sticks::Yes, Asked::Silent) => open(cluster, site.workload, to, &shares),
    };
    if shares.is_empty() && asked == Asked::Silent {
        return unresolved();
    }
    let mut found = spread(cluster, Endpoint::Pod(caller), to, call.port, &shares);
    let served: f64 = shares.iter().map(|(_, share)| share).sum();
    let left = 1.0 - served;
    if shares.is_empty() || left < ROUNDING {
        return found;
    }
    match asked {
        // On nodes without an endpoint of a Service that stays on its node, the proxy drops.
        Asked::Answers => found.dead.dropped += left,
        Asked::Silent => found.dead.unresolved += left,
    }
    found
}

/// Shares that are missing by less than this were lost to rounding.
const ROUNDING: f64 = 1e-9;

/// Connections that are open to pods that still receive: they need no look-up.
fn open<P: Clone>(
    cluster: &Cluster<P>,
    from: WorkloadId,
    to: ServiceId,
    shares: &[(PodId, f64)],
) -> Vec<(PodId, f64)> {
    let mut edges = cluster.workings.traffic.connections.iter();
    let known = edges.find(|edge| (edge.from, edge.to) == (from, to));
    let open = known.map(|edge| edge.shares.as_slice()).unwrap_or_default();
    let receives = |pod: PodId| shares.iter().any(|(other, _)| *other == pod);
    open.iter()
        .copied()
        .filter(|(pod, _)| receives(*pod))
        .collect()
}

/// Whether a caller stays with the endpoint that it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sticks {
    Yes,
    No,
}

/// Long-lived connections stick, and so does `sessionAffinity: ClientIP`.
fn sticks<P: Clone>(cluster: &Cluster<P>, call: &Call, to: ServiceId) -> Sticks {
    let affinity = cluster.objects.services[to.index()]
        .spec
        .session_affinity
        .as_deref();
    match (call.balance, affinity) {
        (Balance::Connection, _) | (_, Some("ClientIP")) => Sticks::Yes,
        _ => Sticks::No,
    }
}

fn unresolved() -> Found {
    Found {
        routes: Vec::new(),
        dead: Dead {
            unresolved: 1.0,
            ..Dead::default()
        },
    }
}

/// Packets to an address that is gone are dropped.
fn dropped() -> Found {
    Found {
        dead: Dead {
            dropped: 1.0,
            ..Dead::default()
        },
        ..Found::default()
    }
}

/// Even shares over the endpoints that get traffic; `None` where the name does not resolve.
fn even<P: Clone>(cluster: &Cluster<P>, to: ServiceId) -> Option<Vec<(PodId, f64)>> {
    let service = &cluster.objects.services[to.index()];
    if !service.header.exists() {
        return None;
    }
    let pods = receiving(cluster, to);
    let part = 1.0 / pods.len().max(1) as f64;
    Some(pods.into_iter().map(|pod| (pod, part)).collect())
}

/// Endpoints that get traffic: the ready ones; where there is none, those that still serve while
/// they terminate (pkg/proxy/topology.go).
fn receiving<P: Clone>(cluster: &Cluster<P>, to: ServiceId) -> Vec<PodId> {
    let endpoints = &cluster.objects.services[to.index()].endpoints;
    let ready: Vec<PodId> = endpoints
        .iter()
        .filter(|endpoint| endpoint.ready)
        .map(|endpoint| endpoint.pod)
        .collect();
    if !ready.is_empty() {
        return ready;
    }
    let serving = |pod: PodId| cluster.objects.pods[pod.index()].is_ready();
    endpoints
        .iter()
        .map(|endpoint| endpoint.pod)
        .filter(|pod| serving(*pod))
        .collect()
}

/// Shares as the callers' own nodes hand them out: where a Service prefers near endpoints or
/// stays on its node, each caller has its own. They sum to less than 1 where a node has none.
fn shares<P: Clone>(cluster: &Cluster<P>, site: &Site, to: ServiceId) -> Option<Vec<(PodId, f64)>> {
    let Some(near) = near(&cluster.objects.services[to.index()]) else {
        return even(cluster, to);
    };
    let all = even(cluster, to)?;
    let mut shares: Vec<(PodId, f64)> = all.iter().map(|(pod, _)| (*pod, 0.0)).collect();
    let part = 1.0 / site.pods.len().max(1) as f64;
    for caller in &site.pods {
        let chosen = chosen(cluster, *caller, near, &all);
        let each = part / chosen.len().max(1) as f64;
        for (pod, share) in &mut shares {
            if chosen.contains(pod) {
                *share += each;
            }
        }
    }
    Some(shares)
}

/// How near an endpoint is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Near {
    /// On the caller's node, or nowhere.
    OwnNode,
    /// In the caller's zone, if there is one.
    Zone,
    /// On the caller's node, else in its zone, else anywhere.
    NodeThenZone,
}

/// What a Service says of where its traffic goes.
fn near(service: &Service) -> Option<Near> {
    if service.spec.internal_traffic_policy.as_deref() == Some("Local") {
        return Some(Near::OwnNode);
    }
    match service.header.doc["spec"]["trafficDistribution"].as_str()? {
        "PreferClose" | "PreferSameZone" => Some(Near::Zone),
        "PreferSameNode" => Some(Near::NodeThenZone),
        _ => None,
    }
}

/// The endpoints that a caller's node chooses among.
fn chosen<P: Clone>(
    cluster: &Cluster<P>,
    caller: PodId,
    near: Near,
    all: &[(PodId, f64)],
) -> Vec<PodId> {
    let node = |pod: PodId| cluster.objects.pods[pod.index()].node;
    let zone = |pod: PodId| {
        let node = cluster.objects.nodes.get(node(pod)?.index())?;
        node.header.labels.get("topology.kubernetes.io/zone")
    };
    let pods = || all.iter().map(|(pod, _)| *pod);
    let on_node = || pods().filter(|pod| node(*pod) == node(caller)).collect();
    let in_zone = || {
        let found = pods().filter(|pod| zone(*pod).is_some() && zone(*pod) == zone(caller));
        found.collect::<Vec<PodId>>()
    };
    let steps: Vec<Vec<PodId>> = match near {
        Near::OwnNode => return on_node(),
        Near::Zone => Vec::from([in_zone()]),
        Near::NodeThenZone => Vec::from([on_node(), in_zone()]),
    };
    let found = steps.into_iter().find(|pods| !pods.is_empty());
    found.unwrap_or_else(|| pods().collect())
}

/// Shares of long-lived connections: those to pods that left are made anew, evenly;
/// a new pod gets none of the others.
fn connected<P: Clone>(
    cluster: &mut Cluster<P>,
    from: WorkloadId,
    to: ServiceId,
    even: &[(PodId, f64)],
) -> Vec<(PodId, f64)> {
    let known = cluster
        .workings
        .traffic
        .connections
        .iter()
        .position(|edge| (edge.from, edge.to) == (from, to));
    let old = known
        .map(|index| {
            cluster.workings.traffic.connections[index]
                .shares
                .as_slice()
        })
        .unwrap_or_default();
    let kept = |pod: PodId| {
        old.iter()
            .find(|(other, _)| *other == pod)
            .map_or(0.0, |(_, share)| *share)
    };
    let left = 1.0 - even.iter().map(|(pod, _)| kept(*pod)).sum::<f64>();
    let shares: Vec<(PodId, f64)> = even
        .iter()
        .map(|(pod, part)| (*pod, kept(*pod) + left.max(0.0) * part))
        .collect();
    if shares.as_slice() != old {
        let all = Arc::make_mut(&mut cluster.workings.traffic.connections);
        match known {
            Some(index) => all[index].shares.clone_from(&shares),
            None => all.push(Connections {
                from,
                to,
                shares: shares.clone(),
            }),
        }
    }
    shares
}

/// Sums the shares by what they reach.
fn spread<P: Clone>(
    cluster: &mut Cluster<P>,
    from: Endpoint,
    to: ServiceId,
    port: u16,
    shares: &[(PodId, f64)],
) -> Found {
    let mut found = Found::default();
    if shares.is_empty() {
        found.dead.refused = 1.0;
    }
    for &(pod, share) in shares.iter().filter(|(_, share)| *share > 0.0) {
        match reached(cluster, from, to, port, pod) {
            Reached::Refused => found.dead.refused += share,
            Reached::Dropped => found.dead.dropped += share,
            Reached::Class(class) => {
                match found.routes.iter_mut().find(|route| route.callee == class) {
                    Some(route) => route.share += share,
                    None => found.routes.push(Route::new(class, share)),
                }
            }
        }
    }
    found
}

fn reached<P: Clone>(
    cluster: &mut Cluster<P>,
    from: Endpoint,
    to: ServiceId,
    port: u16,
    pod: PodId,
) -> Reached {
    let Some(target) = target_port(cluster, to, port, pod) else {
        return Reached::Refused;
    };
    let Cluster {
        objects, workings, ..
    } = cluster;
    let verdict =
        workings
            .traffic
            .reach
            .reach(objects, from, Endpoint::Pod(pod), target, Protocol::Tcp);
    if verdict != Verdict::Allowed {
        return Reached::Dropped;
    }
    let (chunk, row) = workings.pods.at(pod);
    let class = chunk.class[row];
    if class == u32::MAX || !listens(cluster, pod, target) {
        Reached::Refused
    } else {
        Reached::Class(ClassId(class))
    }
}

/// Port of the pod that a port of the Service leads to.
fn target_port<P: Clone>(
    cluster: &Cluster<P>,
    to: ServiceId,
    port: u16,
    pod: PodId,
) -> Option<u16> {
    let ports = &cluster.objects.services[to.index()].spec.ports;
    let wanted: Option<&ServicePort> = ports.iter().find(|candidate| candidate.port == port);
    let service_port = if port == 0 { ports.first()? } else { wanted? };
    let target = match &service_port.target_port {
        None => Some(service_port.port),
        Some(IntOrString::Int(0)) => Some(service_port.port),
        Some(IntOrString::Int(number)) => u16::try_from(*number).ok(),
        Some(IntOrString::Text(name)) => named_port(cluster, pod, name),
    };
    target.filter(|target| carries(cluster, service_port, pod, *target))
}

/// Whether a port of a Service speaks the protocol of the container port that it leads to, where one is declared.
fn carries<P>(cluster: &Cluster<P>, port: &ServicePort, pod: PodId, target: u16) -> bool {
    let row = &cluster.objects.pods[pod.index()];
    let spec = &cluster.objects.templates[row.template.index()].spec.spec;
    let ports = spec
        .containers
        .iter()
        .flat_map(|container| &container.ports);
    let mut declared = ports
        .filter(|declared| declared.container_port == target)
        .map(|declared| declared.protocol.as_deref().unwrap_or("TCP"))
        .peekable();
    let spoken = port.protocol.as_deref().unwrap_or("TCP");
    declared.peek().is_none() || declared.any(|protocol| protocol == spoken)
}

fn named_port<P: Clone>(cluster: &Cluster<P>, pod: PodId, name: &str) -> Option<u16> {
    let row = &cluster.objects.pods[pod.index()];
    let containers = &cluster.objects.templates[row.template.index()]
        .spec
        .spec
        .containers;
    let mut ports = containers.iter().flat_map(|container| &container.ports);
    ports
        .find(|port| port.name.as_deref() == Some(name))
        .map(|port| port.container_port)
}

/// Whether a container listens there: on what it declares; on anything where none declares a port.
fn listens<P: Clone>(cluster: &Cluster<P>, pod: PodId, target: u16) -> bool {
    let row = &cluster.objects.pods[pod.index()];
    let containers = &cluster.objects.templates[row.template.index()]
        .spec
        .spec
        .containers;
    let mut declared = containers
        .iter()
        .flat_map(|container| &container.ports)
        .peekable();
    declared.peek().is_none() || declared.any(|port| port.container_port == target)
}
