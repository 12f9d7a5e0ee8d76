//! Whether a NetworkPolicy lets a connection through.
//!
//! A pod is isolated in a direction as soon as one policy of its namespace
//! selects it for that direction; then the union of the rules of those policies
//! is what may pass, and both ends must allow. Replies always pass, as does a
//! pod's traffic to itself and to and from its own node. Pods in their node's
//! network are neither isolated nor selected as peers: they have its address. The kubelet's probes come from the node and are not
//! asked here. Rules: kubernetes.io, Network Policies; kubernetes.md.
//!
//! [`reach`] answers from the objects alone; [`ReachCache`] remembers answers
//! per pair of classes of pods (namespace, labels, template).

mod address;
mod cache;
mod policy;

pub use address::{Address, node_address, pod_address, service_address};
pub use cache::{Changed, ReachCache};

use aegis_model::kubernetes::Labels;
use aegis_model::{Objects, PodId, PolicyId};
use alloc::sync::Arc;

/// One end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Endpoint {
    /// A pod.
    Pod(PodId),
    /// An address that is no pod's.
    External(Address),
}

/// Transport protocol of a port.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "each variant is the protocol of that name")]
pub enum Protocol {
    #[default]
    Tcp,
    Udp,
    Sctp,
}

impl Protocol {
    /// As Kubernetes spells it; whatever is neither `UDP` nor `SCTP` is `TCP`, the default.
    #[must_use]
    pub fn from_field(field: Option<&str>) -> Self {
        match field {
            Some("UDP") => Self::Udp,
            Some("SCTP") => Self::Sctp,
            _ => Self::Tcp,
        }
    }
}

/// Direction of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Direction {
    /// Into the pod.
    Ingress,
    /// Out of the pod.
    Egress,
}

/// Whether a connection passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It passes.
    Allowed,
    /// The pod at one end is isolated and no rule lets it through. Of the policies that
    /// isolate it, the first (in order of ids) without any rule is named, else the first.
    DeniedBy(PolicyId, Direction),
}

/// Whether `from` may open a connection to `port` of `to`. The target's own
/// port is meant (a Service's `targetPort`), after the proxy's translation.
#[must_use]
pub fn reach(
    objects: &Objects,
    from: Endpoint,
    to: Endpoint,
    port: u16,
    protocol: Protocol,
) -> Verdict {
    if from == to || policy::share_a_node(objects, from, to) {
        return Verdict::Allowed;
    }
    let flow = policy::Flow {
        objects,
        from,
        to,
        port,
        protocol,
    };
    if let Some(policy) = flow.refused_at_source() {
        return Verdict::DeniedBy(policy, Direction::Egress);
    }
    match flow.refused_at_target() {
        Some(policy) => Verdict::DeniedBy(policy, Direction::Ingress),
        None => Verdict::Allowed,
    }
}

/// Labels of a namespace: those of its object, and the name that the API server adds.
pub fn namespace_labels(objects: &Objects, namespace: &str) -> Arc<Labels> {
    use aegis_model::kubernetes::Kind;
    let found = objects.plain.iter().find(|plain| {
        let header = &plain.header;
        header.exists()
            && header.reference.kind == Kind::Namespace
            && header.reference.name == namespace
    });
    let mut labels = found.map_or_else(Arc::default, |plain| plain.header.labels.clone());
    if !labels.contains_key("kubernetes.io/metadata.name") {
        Arc::make_mut(&mut labels).insert("kubernetes.io/metadata.name".into(), namespace.into());
    }
    labels
}
