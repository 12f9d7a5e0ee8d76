//! Whether one pod reaches another: the words of `aegis reach` and of `expect`, and their answer.
//!
//! Names become pods here; whether policies let the connection pass is
//! [`aegis_sim::reach::reach`]'s to say, as it is for traffic. Of a Service every
//! ready endpoint is asked, as any of them may get the connection.

use crate::names;
use aegis_kube::spelling::nearest;
use aegis_model::kubernetes::{ContainerPort, IntOrString, Kind, ObjectRef, ServicePort};
use aegis_model::objects::{Pod, Service};
use aegis_model::{Objects, PodId};
use aegis_sim::by_hand;
use aegis_sim::dns::{self, Named};
pub use aegis_sim::reach::Direction;
use aegis_sim::reach::{Address, Endpoint, Protocol, Verdict, node_address, pod_address, reach};
use serde::Deserialize;
use smol_str::SmolStr;
use std::collections::BTreeSet;
use std::fmt;

/// What is asked.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// Who opens the connection: `ns/pod`, `ns/workload`, or an address.
    pub from: String,
    /// To whom: the same, `svc/ns/name`, or `dns/name` as the source looks it up.
    pub to: String,
    /// The port, by number or by the name that the target gives it. A Service's own port is meant.
    pub port: IntOrString,
    /// `TCP` where nothing is said.
    #[serde(default)]
    pub protocol: Transport,
}

/// Transport protocols, as Kubernetes spells them.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[allow(missing_docs, reason = "each variant is the protocol of that name")]
pub enum Transport {
    #[default]
    Tcp,
    Udp,
    Sctp,
}

impl Transport {
    /// As Kubernetes spells it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tcp => "TCP",
            Self::Udp => "UDP",
            Self::Sctp => "SCTP",
        }
    }
}

/// What becomes of the connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Policies let it pass.
    Allowed,
    /// A policy isolates the pod at one end, and no rule lets it pass.
    Denied {
        /// The policy.
        policy: ObjectRef,
        /// Into the target, or out of the source.
        direction: Direction,
        /// The pod that it isolates.
        pod: ObjectRef,
    },
    /// The Service leads to no pod: why, in words.
    Refused(String),
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Allowed => f.write_str("allowed"),
            Self::Denied { policy, .. } => write!(
                f,
                "denied by NetworkPolicy {}/{}",
                policy.namespace, policy.name
            ),
            Self::Refused(why) => write!(f, "refused: {why}"),
        }
    }
}

/// A question that cannot be answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Unanswerable {
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub help: String,
}

impl Unanswerable {
    fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            help: help.into(),
        }
    }
}

/// Answers from the objects as they are now.
///
/// # Errors
/// Where an end or a port is not there.
pub fn answer(objects: &Objects, question: &Question) -> Result<Answer, Unanswerable> {
    let from = match end(objects, &question.from)? {
        End::At(from) => from,
        End::Service(service) => {
            let message = format!("{} opens no connections", service.header.reference);
            return Err(Unanswerable::new(message, "name a pod or a workload"));
        }
    };
    if let Some(name) = question.to.strip_prefix(BY_NAME) {
        return by_name(objects, from, name, question);
    }
    match end(objects, &question.to)? {
        End::At(to) => {
            let port = port_of(objects, to, question)?;
            Ok(between(objects, from, to, port, question.protocol))
        }
        End::Service(service) => through(objects, from, service, question),
    }
}

/// The names for which the source asks, in order, where the target is to be looked up; none where it is not, or where
/// the hosts file knows it.
#[must_use]
pub fn queries(objects: &Objects, question: &Question) -> Vec<String> {
    let name = question.to.strip_prefix(BY_NAME);
    let from = end(objects, &question.from);
    let (Some(name), Ok(End::At(Endpoint::Pod(pod)))) = (name, from) else {
        return Vec::new();
    };
    let look = dns::look_up(objects, pod, name);
    look.queries.iter().map(ToString::to_string).collect()
}

/// Before a name that the source is to look up.
const BY_NAME: &str = "dns/";

/// To what a name stands for, looked up as a process in the source does.
fn by_name(
    objects: &Objects,
    from: Endpoint,
    name: &str,
    question: &Question,
) -> Result<Answer, Unanswerable> {
    let Endpoint::Pod(pod) = from else {
        let message = format!(
            "{} is no pod: it asks no name server of the cluster",
            question.from
        );
        return Err(Unanswerable::new(
            message,
            "name a pod or a workload as the source",
        ));
    };
    let look = dns::look_up(objects, pod, name);
    let asked = dns::asked(
        objects,
        dns::service(objects),
        pod,
        |from, to, port, protocol| reach(objects, from, to, port, protocol),
    );
    let refused = |why: String| Ok(Answer::Refused(why));
    if !look.queries.is_empty() && asked == dns::Asked::Silent {
        return refused(format!("no name server answers {name}"));
    }
    let to = match look.found {
        Err(_) => return refused(format!("NXDOMAIN for {}", look.queries.join(", "))),
        Ok(Named::Service(id)) => {
            return through(objects, from, &objects.services[id.index()], question);
        }
        Ok(Named::Nobody(address)) => return refused(format!("nobody has {address}")),
        Ok(Named::Itself) => from,
        Ok(Named::Pod(pod)) => Endpoint::Pod(pod),
        Ok(Named::Outside) => Endpoint::External(Address::INTERNET),
    };
    let port = port_of(objects, to, question)?;
    Ok(between(objects, from, to, port, question.protocol))
}

/// One end, found.
enum End<'a> {
    At(Endpoint),
    Service(&'a Service),
}

fn end<'a>(objects: &'a Objects, text: &str) -> Result<End<'a>, Unanswerable> {
    if let Ok(address) = text.parse::<Address>() {
        return Ok(End::At(at_address(objects, address)));
    }
    let (namespace, name) = text.split_once('/').unwrap_or(("default", text));
    if let Some(pod) = pod_named(objects, namespace, name)? {
        return Ok(End::At(Endpoint::Pod(pod)));
    }
    let stated = of_kind(text).and_then(|wanted| by_kind(objects, &wanted));
    match stated {
        Some(found) => Ok(found),
        None => Err(unknown(objects, text, namespace, name)),
    }
}

/// `svc/name`, `kind/namespace/name`, and `namespace/kind/name`.
fn of_kind(text: &str) -> Option<ObjectRef> {
    let parts: Vec<&str> = text.split('/').collect();
    match parts.as_slice() {
        [namespace, kind, name] if is_kind(kind) && !is_kind(namespace) => {
            Some(ObjectRef::new(names::kind(kind), namespace, name))
        }
        _ => names::object(text),
    }
}

fn is_kind(text: &str) -> bool {
    !matches!(names::kind(text), Kind::Other(_))
}

fn by_kind<'a>(objects: &'a Objects, wanted: &ObjectRef) -> Option<End<'a>> {
    if wanted.kind == Kind::Service {
        let mut services = objects.services.iter().filter(|row| row.header.exists());
        return services
            .find(|row| row.header.reference == *wanted)
            .map(End::Service);
    }
    let mut pods = living(objects).filter(|(_, pod)| pod.namespace == wanted.namespace);
    let found = pods.find(|(_, pod)| match wanted.kind {
        Kind::Pod => pod.name == wanted.name,
        _ => objects.workloads[pod.workload.index()].header.reference == *wanted,
    });
    found.map(|(id, _)| End::At(Endpoint::Pod(id)))
}

fn living(objects: &Objects) -> impl Iterator<Item = (PodId, &Pod)> {
    let rows = objects.pods.enumerate();
    rows.filter(|(_, pod)| pod.exists())
        .map(|(index, pod)| (PodId::from(index), pod))
}

/// The pod, or node, of an address; else whoever has it outside the cluster.
fn at_address(objects: &Objects, address: Address) -> Endpoint {
    let own = living(objects).find(|(_, pod)| pod_address(pod.number) == address);
    let by_node = || {
        let shared = |pod: &Pod| {
            let template = &objects.templates[pod.template.index()];
            let there = pod.node.map(|node| node_address(node.index()));
            template.spec.spec.host_network && there == Some(address)
        };
        living(objects).find(|(_, pod)| shared(pod))
    };
    let found = own.or_else(by_node);
    found.map_or(Endpoint::External(address), |(id, _)| Endpoint::Pod(id))
}

/// A pod by its name; else the first of a workload by the workload's name; else by the beginning
/// of its name, where the pods that have it are of one workload.
fn pod_named(
    objects: &Objects,
    namespace: &str,
    name: &str,
) -> Result<Option<PodId>, Unanswerable> {
    let there: Vec<(PodId, &Pod)> = living(objects)
        .filter(|(_, pod)| pod.namespace == namespace)
        .collect();
    if let Some((id, _)) = there.iter().find(|(_, pod)| pod.name == name) {
        return Ok(Some(*id));
    }
    let owner = |pod: &Pod| {
        let row = &objects.workloads[pod.workload.index()];
        row.header.reference.name == name
    };
    let begins = |pod: &Pod| !name.is_empty() && pod.name.starts_with(name);
    let owned: Vec<_> = there.iter().filter(|(_, pod)| owner(pod)).collect();
    let meant = if owned.is_empty() {
        there.iter().filter(|(_, pod)| begins(pod)).collect()
    } else {
        owned
    };
    let workloads: BTreeSet<_> = meant.iter().map(|(_, pod)| pod.workload).collect();
    if workloads.len() > 1 {
        let names: Vec<&str> = meant.iter().map(|(_, pod)| pod.name.as_str()).collect();
        let message = format!("`{namespace}/{name}` may be any of several pods");
        return Err(Unanswerable::new(message, listed(&names)));
    }
    Ok(meant.first().map(|(id, _)| *id))
}

/// Names that a person can choose among.
fn listed(names: &[&str]) -> String {
    const SHOWN: usize = 8;
    let shown = names[..names.len().min(SHOWN)].join(", ");
    match names.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

fn unknown(objects: &Objects, text: &str, namespace: &str, name: &str) -> Unanswerable {
    let message = format!("no pod `{text}`");
    let pods = || living(objects).map(|(_, pod)| pod);
    if let Some(pod) = pods().find(|pod| pod.name == name) {
        let help = format!("did you mean `{}/{}`?", pod.namespace, pod.name);
        return Unanswerable::new(message, help);
    }
    let names: Vec<&str> = pods()
        .filter(|pod| pod.namespace == namespace)
        .map(|pod| pod.name.as_str())
        .collect();
    let help = match nearest(name, names.iter().copied()) {
        Some(near) => format!("did you mean `{namespace}/{near}`?"),
        None if names.is_empty() => format!("namespace `{namespace}` has no pods"),
        None => format!("pods of `{namespace}`: {}", listed(&names)),
    };
    Unanswerable::new(message, help)
}

/// The port's number at the target.
fn port_of(objects: &Objects, to: Endpoint, question: &Question) -> Result<u16, Unanswerable> {
    match &question.port {
        IntOrString::Int(number) => number_of(*number),
        IntOrString::Text(name) => {
            let ports = match to {
                Endpoint::Pod(pod) => ports_of(objects, pod),
                Endpoint::External(_) => Vec::new(),
            };
            let known: Vec<&str> = ports.iter().filter_map(|p| p.name.as_deref()).collect();
            named(&ports, name, question.protocol).ok_or_else(|| {
                let message = format!("{} has no port `{name}`", question.to);
                let help = match known.len() {
                    0 => "it names no ports: give a number".to_owned(),
                    _ => format!("its ports: {}", known.join(", ")),
                };
                Unanswerable::new(message, help)
            })
        }
    }
}

fn number_of(number: i64) -> Result<u16, Unanswerable> {
    let port = u16::try_from(number).ok().filter(|port| *port > 0);
    let refused = || Unanswerable::new(format!("{number} is no port"), "1 to 65535 is right");
    port.ok_or_else(refused)
}

fn ports_of(objects: &Objects, pod: PodId) -> Vec<&ContainerPort> {
    let template = objects.pods[pod.index()].template;
    let spec = &objects.templates[template.index()].spec.spec;
    let sidecars = spec.init_containers.iter();
    let containers = spec.containers.iter().chain(sidecars);
    containers.flat_map(|container| &container.ports).collect()
}

fn named(ports: &[&ContainerPort], name: &str, protocol: Transport) -> Option<u16> {
    let found = ports.iter().find(|port| {
        port.name.as_deref() == Some(name)
            && port.protocol.as_deref().unwrap_or("TCP") == protocol.as_str()
    });
    found.map(|port| port.container_port)
}

fn between(
    objects: &Objects,
    from: Endpoint,
    to: Endpoint,
    port: u16,
    transport: Transport,
) -> Answer {
    let protocol = Protocol::from_field(Some(transport.as_str()));
    match reach(objects, from, to, port, protocol) {
        Verdict::Allowed => Answer::Allowed,
        Verdict::DeniedBy(policy, direction) => Answer::Denied {
            policy: objects.policies[policy.index()].header.reference.clone(),
            direction,
            pod: match direction {
                Direction::Ingress => reference(objects, to),
                Direction::Egress => reference(objects, from),
            },
        },
    }
}

fn reference(objects: &Objects, end: Endpoint) -> ObjectRef {
    let (namespace, name) = match end {
        Endpoint::Pod(pod) => {
            let pod = &objects.pods[pod.index()];
            (pod.namespace.clone(), pod.name.clone())
        }
        Endpoint::External(address) => (SmolStr::default(), smol_str::format_smolstr!("{address}")),
    };
    ObjectRef::new(Kind::Pod, &namespace, &name)
}

/// Through a Service: to any of its ready endpoints; the first that is denied decides.
fn through(
    objects: &Objects,
    from: Endpoint,
    service: &Service,
    question: &Question,
) -> Result<Answer, Unanswerable> {
    let port = service_port(service, question)?;
    let name = &service.header.reference;
    let name = format!("Service {}/{}", name.namespace, name.name);
    let ready = service.endpoints.iter().filter(|endpoint| endpoint.ready);
    let mut asked = None;
    for target in by_hand::targets(objects, service, port) {
        let to = at_address(objects, target.address);
        let answer = between(objects, from, to, target.port, question.protocol);
        if answer != Answer::Allowed {
            return Ok(answer);
        }
        asked = Some(answer);
    }
    for endpoint in ready {
        let Some(target) = target_of(objects, endpoint.pod, port, question.protocol) else {
            continue;
        };
        let to = Endpoint::Pod(endpoint.pod);
        let answer = between(objects, from, to, target, question.protocol);
        if answer != Answer::Allowed {
            return Ok(answer);
        }
        asked = Some(answer);
    }
    Ok(asked.unwrap_or_else(|| Answer::Refused(format!("{name} has no ready endpoints"))))
}

fn service_port<'a>(
    service: &'a Service,
    question: &Question,
) -> Result<&'a ServicePort, Unanswerable> {
    let ports = &service.spec.ports;
    let meant = |port: &&ServicePort| {
        let of_protocol = port.protocol.as_deref().unwrap_or("TCP") == question.protocol.as_str();
        of_protocol
            && match &question.port {
                IntOrString::Int(number) => i64::from(port.port) == *number,
                IntOrString::Text(name) => port.name.as_deref() == Some(name),
            }
    };
    ports.iter().find(meant).ok_or_else(|| {
        let known: Vec<String> = ports.iter().map(written).collect();
        Unanswerable::new(
            format!(
                "{} has no such port for {}",
                service.header.reference,
                question.protocol.as_str()
            ),
            format!("its ports: {}", known.join(", ")),
        )
    })
}

fn written(port: &ServicePort) -> String {
    let protocol = port.protocol.as_deref().unwrap_or("TCP");
    match port.name.as_deref() {
        Some(name) => format!("{name} {}/{protocol}", port.port),
        None => format!("{}/{protocol}", port.port),
    }
}

/// The pod's port behind a Service's; `None` where the pod has none of that name.
fn target_of(
    objects: &Objects,
    pod: PodId,
    port: &ServicePort,
    protocol: Transport,
) -> Option<u16> {
    match &port.target_port {
        None | Some(IntOrString::Int(0)) => Some(port.port),
        Some(IntOrString::Int(number)) => u16::try_from(*number).ok(),
        Some(IntOrString::Text(name)) => named(&ports_of(objects, pod), name, protocol),
    }
}
