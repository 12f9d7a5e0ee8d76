//! The rules of policies, asked for one connection.

use super::address::{contains, node_address, pod_address};
use super::{Address, Endpoint, Protocol, namespace_labels};
use aegis_model::kubernetes::{
    IntOrString, IpBlock, NetworkPolicySpec, PodSpec, PolicyPeer, PolicyPort,
};
use aegis_model::objects::{NetworkPolicy, Pod};
use aegis_model::{Objects, PodId, PolicyId};

/// One connection, with the objects that decide on it.
pub(super) struct Flow<'a> {
    pub objects: &'a Objects,
    pub from: Endpoint,
    pub to: Endpoint,
    pub port: u16,
    pub protocol: Protocol,
}

/// The peers and ports of a rule, of either direction.
type Rule<'a> = (&'a [PolicyPeer], &'a [PolicyPort]);

impl Flow<'_> {
    /// The policy that keeps the source from sending, if one does.
    pub fn refused_at_source(&self) -> Option<PolicyId> {
        let Endpoint::Pod(source) = self.from else {
            return None;
        };
        let isolating = |policy: &NetworkPolicy| {
            has_egress(&policy.spec) && selects(self.objects, policy, source)
        };
        self.refused(isolating, self.to, |spec| {
            spec.egress
                .iter()
                .map(|rule| (rule.peers.as_slice(), rule.ports.as_slice()))
                .collect()
        })
    }

    /// The policy that keeps the target from receiving, if one does.
    pub fn refused_at_target(&self) -> Option<PolicyId> {
        let Endpoint::Pod(target) = self.to else {
            return None;
        };
        let isolating = |policy: &NetworkPolicy| {
            has_ingress(&policy.spec) && selects(self.objects, policy, target)
        };
        self.refused(isolating, self.from, |spec| {
            spec.ingress
                .iter()
                .map(|rule| (rule.peers.as_slice(), rule.ports.as_slice()))
                .collect()
        })
    }

    /// The policy that isolates, unless one of all of them lets `peer` through: the first that
    /// allows nothing, as a default deny does, else the first.
    fn refused(
        &self,
        isolating: impl Fn(&NetworkPolicy) -> bool,
        peer: Endpoint,
        rules: impl for<'r> Fn(&'r NetworkPolicySpec) -> alloc::vec::Vec<Rule<'r>>,
    ) -> Option<PolicyId> {
        let (mut first, mut closed) = (None, None);
        for (index, policy) in self.objects.policies.enumerate() {
            if !policy.header.exists() || !isolating(policy) {
                continue;
            }
            let namespace = &policy.header.reference.namespace;
            let allows = |(peers, ports): Rule<'_>| {
                self.is_peer(namespace, peers, peer) && self.is_port(ports)
            };
            let rules = rules(&policy.spec);
            if rules.is_empty() {
                closed = closed.or(Some(PolicyId::from(index)));
            }
            if rules.into_iter().any(allows) {
                return None;
            }
            first = first.or(Some(PolicyId::from(index)));
        }
        closed.or(first)
    }

    /// Whether `peer` is among `peers`; no peers are everyone.
    fn is_peer(&self, namespace: &str, peers: &[PolicyPeer], peer: Endpoint) -> bool {
        peers.is_empty()
            || peers
                .iter()
                .any(|wanted| self.matches_peer(namespace, wanted, peer))
    }

    fn matches_peer(&self, namespace: &str, wanted: &PolicyPeer, peer: Endpoint) -> bool {
        if let Some(block) = &wanted.ip_block {
            return self
                .address_of(peer)
                .is_some_and(|address| in_block(block, address));
        }
        let Endpoint::Pod(id) = peer else {
            return false;
        };
        let Some(pod) = self.objects.pods.get(id.index()) else {
            return false;
        };
        !on_host_network(self.objects, pod) && self.selects_peer(namespace, wanted, pod)
    }

    fn address_of(&self, end: Endpoint) -> Option<Address> {
        match end {
            Endpoint::Pod(id) => {
                let pod = self.objects.pods.get(id.index())?;
                if on_host_network(self.objects, pod) {
                    return pod.node.map(|node| node_address(node.index()));
                }
                Some(pod_address(pod.number))
            }
            Endpoint::External(address) => Some(address),
        }
    }

    fn selects_peer(&self, namespace: &str, wanted: &PolicyPeer, pod: &Pod) -> bool {
        let namespace_fits = match &wanted.namespace_selector {
            Some(selector) => selector.matches(&namespace_labels(self.objects, &pod.namespace)),
            None => wanted.pod_selector.is_some() && pod.namespace == namespace,
        };
        let pod_fits = wanted
            .pod_selector
            .as_ref()
            .is_none_or(|selector| selector.matches(&pod.labels));
        namespace_fits && pod_fits
    }

    /// Whether the flow's port is among `ports`; no ports are all.
    fn is_port(&self, ports: &[PolicyPort]) -> bool {
        ports.is_empty() || ports.iter().any(|wanted| self.matches_port(wanted))
    }

    fn matches_port(&self, wanted: &PolicyPort) -> bool {
        if Protocol::from_field(wanted.protocol.as_deref()) != self.protocol {
            return false;
        }
        match &wanted.port {
            None => true,
            Some(IntOrString::Int(first)) => {
                let last = wanted.end_port.map_or(*first, i64::from);
                (*first..=last).contains(&i64::from(self.port))
            }
            Some(IntOrString::Text(name)) => self.names_port(name),
        }
    }

    /// Whether the target calls the flow's port by `name`.
    fn names_port(&self, name: &str) -> bool {
        let Endpoint::Pod(id) = self.to else {
            return false;
        };
        let Some(spec) = pod_spec(self.objects, id) else {
            return false;
        };
        let mut ports = spec.containers.iter().flat_map(|c| &c.ports);
        ports.any(|port| {
            port.container_port == self.port
                && port.name.as_deref() == Some(name)
                && Protocol::from_field(port.protocol.as_deref()) == self.protocol
        })
    }
}

fn pod_spec(objects: &Objects, pod: PodId) -> Option<&PodSpec> {
    let template = objects.pods.get(pod.index())?.template;
    Some(&objects.templates.get(template.index())?.spec.spec)
}

/// Whether one end is the other's own node: its traffic always passes.
pub(super) fn share_a_node(objects: &Objects, from: Endpoint, to: Endpoint) -> bool {
    let (Endpoint::Pod(from), Endpoint::Pod(to)) = (from, to) else {
        return false;
    };
    let (Some(from), Some(to)) = (objects.pods.get(from.index()), objects.pods.get(to.index()))
    else {
        return false;
    };
    from.node.is_some()
        && from.node == to.node
        && (on_host_network(objects, from) || on_host_network(objects, to))
}

/// Whether the end is a pod in its node's network.
pub(super) fn is_node(objects: &Objects, end: Endpoint) -> bool {
    let Endpoint::Pod(id) = end else {
        return false;
    };
    let pod = objects.pods.get(id.index());
    pod.is_some_and(|pod| on_host_network(objects, pod))
}

fn on_host_network(objects: &Objects, pod: &Pod) -> bool {
    objects
        .templates
        .get(pod.template.index())
        .is_some_and(|template| template.spec.spec.host_network)
}

fn selects(objects: &Objects, policy: &NetworkPolicy, id: PodId) -> bool {
    objects.pods.get(id.index()).is_some_and(|pod| {
        pod.namespace == policy.header.reference.namespace
            && policy.spec.pod_selector.matches(&pod.labels)
            && !on_host_network(objects, pod)
    })
}

/// Whether the policy isolates its pods against what comes in.
fn has_ingress(spec: &NetworkPolicySpec) -> bool {
    spec.policy_types.is_empty() || spec.policy_types.iter().any(|kind| kind == "Ingress")
}

/// Whether the policy isolates its pods against what goes out.
fn has_egress(spec: &NetworkPolicySpec) -> bool {
    if spec.policy_types.is_empty() {
        return !spec.egress.is_empty();
    }
    spec.policy_types.iter().any(|kind| kind == "Egress")
}

fn in_block(block: &IpBlock, address: Address) -> bool {
    contains(&block.cidr, address) && !block.except.iter().any(|prefix| contains(prefix, address))
}
