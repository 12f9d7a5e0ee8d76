//! NetworkPolicies, PodDisruptionBudgets, PriorityClasses.

use super::IntOrString;
use super::meta::Labels;
use super::selector::LabelSelector;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

/// `spec:` of a NetworkPolicy.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NetworkPolicySpec {
    /// Pods of the namespace that it isolates; empty is all.
    pub pod_selector: LabelSelector,
    /// `Ingress`, `Egress`; by default Ingress, and Egress if there are egress rules.
    pub policy_types: Vec<SmolStr>,
    /// What may come in.
    pub ingress: Vec<IngressRule>,
    /// What may go out.
    pub egress: Vec<EgressRule>,
}

/// One `ingress:` rule; empty allows all.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct IngressRule {
    /// From whom; empty is everyone.
    #[serde(rename = "from")]
    pub peers: Vec<PolicyPeer>,
    /// To which ports; empty is all.
    pub ports: Vec<PolicyPort>,
}

/// One `egress:` rule; empty allows all.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EgressRule {
    /// To whom; empty is everyone.
    #[serde(rename = "to")]
    pub peers: Vec<PolicyPeer>,
    /// To which ports; empty is all.
    pub ports: Vec<PolicyPort>,
}

/// One peer; pod and namespace selectors together must both hold.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PolicyPeer {
    /// Pods.
    pub pod_selector: Option<LabelSelector>,
    /// Namespaces; absent with a pod selector is the policy's own.
    pub namespace_selector: Option<LabelSelector>,
    /// Addresses.
    pub ip_block: Option<IpBlock>,
}

/// Addresses by prefix.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct IpBlock {
    /// Prefix.
    pub cidr: SmolStr,
    /// Prefixes within it that do not count.
    pub except: Vec<SmolStr>,
}

/// One port of a rule.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PolicyPort {
    /// `TCP` by default.
    pub protocol: Option<SmolStr>,
    /// Number or name; absent is all.
    pub port: Option<IntOrString>,
    /// Last port of a range.
    pub end_port: Option<u16>,
}

/// `spec:` of a PodDisruptionBudget.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PodDisruptionBudgetSpec {
    /// Pods that it protects: none without one, all of its namespace with an empty one.
    pub selector: Option<LabelSelector>,
    /// Fewest that must be healthy.
    pub min_available: Option<IntOrString>,
    /// Most that may be missing.
    pub max_unavailable: Option<IntOrString>,
    /// `IfHealthyBudget` (default) or `AlwaysAllow`.
    pub unhealthy_pod_eviction_policy: Option<SmolStr>,
}

impl PodDisruptionBudgetSpec {
    /// Whether it protects pods with these labels.
    #[must_use]
    pub fn selects(&self, labels: &Labels) -> bool {
        let selector = self.selector.as_ref();
        selector.is_some_and(|selector| selector.matches(labels))
    }
}

/// A PriorityClass (its fields stand at the top of the document).
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PriorityClassSpec {
    /// Priority.
    pub value: i32,
    /// Whether pods without a class get this one.
    pub global_default: bool,
    /// `PreemptLowerPriority` (default) or `Never`.
    pub preemption_policy: Option<SmolStr>,
}
