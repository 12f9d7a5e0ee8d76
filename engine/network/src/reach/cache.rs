//! Answers of [`super::reach`], remembered per pair of classes of pods.
//!
//! Pods of one namespace, label set and template are one class: no rule can
//! tell them apart, but for `ipBlock`; where a policy has one, each pod is its
//! own class. Pods in their node's network are not remembered: nodes count there. The answers hold while policies and namespaces are the same
//! documents and pods keep their labels; [`ReachCache::refresh`] compares them
//! and forgets all when one differs.

use super::{Direction, Endpoint, Protocol, Verdict, policy, reach};
use aegis_model::kubernetes::{Kind, Labels, NetworkPolicySpec};
use aegis_model::objects::Header;
use aegis_model::{Objects, PodId, TemplateId};
use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;
use smol_str::SmolStr;

/// What no rule can tell apart. The last part is the pod itself where addresses count.
type Class = (SmolStr, Arc<Labels>, TemplateId, Option<PodId>);

/// A remembered question.
type Question = (Side, Side, u16, Protocol);

/// An end of a connection, by class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Side {
    Class(u32),
    Other(Endpoint),
}

/// Remembered answers; a fork shares them until one learns more.
#[derive(Debug, Default, Clone)]
pub struct ReachCache {
    policies: Vec<(Arc<NetworkPolicySpec>, SmolStr)>,
    namespaces: Vec<(SmolStr, Arc<Labels>)>,
    inner: Arc<Remembered>,
}

#[derive(Debug, Default, Clone)]
struct Remembered {
    classes: BTreeMap<Class, u32>,
    verdicts: BTreeMap<Question, Verdict>,
    by_address: bool,
}

impl ReachCache {
    /// Forgets what no longer holds; call it once per tick in which objects may
    /// have changed. Returns whether policies or namespaces changed, so that
    /// whoever keeps derived answers forgets them too.
    pub fn refresh(&mut self, objects: &Objects) -> Changed {
        if same_policies(&self.policies, objects) && same_namespaces(&self.namespaces, objects) {
            return Changed::No;
        }
        self.policies = live(objects.policies.iter().map(|p| (&p.header, &p.spec)));
        self.namespaces = namespaces(objects).collect();
        let by_address = self.policies.iter().any(|(spec, _)| has_block(spec));
        self.inner = Arc::new(Remembered {
            by_address,
            ..Remembered::default()
        });
        Changed::Yes
    }

    /// As [`reach`], remembered. Needs a [`ReachCache::refresh`] since the last change.
    pub fn reach(
        &mut self,
        objects: &Objects,
        from: Endpoint,
        to: Endpoint,
        port: u16,
        protocol: Protocol,
    ) -> Verdict {
        if self.policies.is_empty() || from == to {
            return Verdict::Allowed;
        }
        if policy::is_node(objects, from) || policy::is_node(objects, to) {
            return reach(objects, from, to, port, protocol);
        }
        let question = (
            self.side(objects, from),
            self.side(objects, to),
            port,
            protocol,
        );
        if let Some(verdict) = self.inner.verdicts.get(&question) {
            return *verdict;
        }
        let verdict = reach(objects, from, to, port, protocol);
        Arc::make_mut(&mut self.inner)
            .verdicts
            .insert(question, verdict);
        verdict
    }

    fn side(&mut self, objects: &Objects, end: Endpoint) -> Side {
        let Endpoint::Pod(id) = end else {
            return Side::Other(end);
        };
        let Some(pod) = objects.pods.get(id.index()) else {
            return Side::Other(end);
        };
        let alone = self.inner.by_address.then_some(id);
        let class = (
            pod.namespace.clone(),
            pod.labels.clone(),
            pod.template,
            alone,
        );
        if let Some(number) = self.inner.classes.get(&class) {
            return Side::Class(*number);
        }
        let number = self.inner.classes.len() as u32;
        Arc::make_mut(&mut self.inner).classes.insert(class, number);
        Side::Class(number)
    }
}

/// Whether something is not what it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "yes and no")]
pub enum Changed {
    Yes,
    No,
}

fn live<'a>(
    rows: impl Iterator<Item = (&'a Header, &'a Arc<NetworkPolicySpec>)>,
) -> Vec<(Arc<NetworkPolicySpec>, SmolStr)> {
    rows.filter(|(header, _)| header.exists())
        .map(|(header, spec)| (spec.clone(), header.reference.namespace.clone()))
        .collect()
}

fn same_policies(known: &[(Arc<NetworkPolicySpec>, SmolStr)], objects: &Objects) -> bool {
    let mut now = objects.policies.iter().filter(|p| p.header.exists());
    let same = known.iter().all(|(spec, namespace)| {
        now.next().is_some_and(|policy| {
            Arc::ptr_eq(spec, &policy.spec) && policy.header.reference.namespace == *namespace
        })
    });
    same && now.next().is_none()
}

fn namespaces(objects: &Objects) -> impl Iterator<Item = (SmolStr, Arc<Labels>)> + '_ {
    objects
        .plain
        .iter()
        .map(|plain| &plain.header)
        .filter(|header| header.exists() && header.reference.kind == Kind::Namespace)
        .map(|header| (header.reference.name.clone(), header.labels.clone()))
}

fn same_namespaces(known: &[(SmolStr, Arc<Labels>)], objects: &Objects) -> bool {
    known.iter().cloned().eq(namespaces(objects))
}

fn has_block(spec: &NetworkPolicySpec) -> bool {
    let ingress = spec.ingress.iter().flat_map(|rule| &rule.peers);
    let egress = spec.egress.iter().flat_map(|rule| &rule.peers);
    ingress.chain(egress).any(|peer| peer.ip_block.is_some())
}

/// The direction as `kubectl describe` spells it.
impl core::fmt::Display for Direction {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Ingress => "Ingress",
            Self::Egress => "Egress",
        })
    }
}
