//! Rules between one pod and one node that no other pod has a part in:
//! selectors, node affinity, taints.
//!
//! Pure; the DaemonSet controller and the node lifecycle ask them too.
//! Sources: pkg/scheduler/framework/plugins/{nodeaffinity,tainttoleration,nodeunschedulable}.

use aegis_model::kubernetes::{
    Labels, NodeSelector, NodeSelectorTerm, NodeSpec, Operator, PodSpec, Requirement, Taint,
    Toleration,
};

/// Taint of a cordoned node.
pub const UNSCHEDULABLE: &str = "node.kubernetes.io/unschedulable";
/// Taint of a node whose `Ready` is False.
pub const NOT_READY: &str = "node.kubernetes.io/not-ready";
/// Taint of a node whose `Ready` is Unknown.
pub const UNREACHABLE: &str = "node.kubernetes.io/unreachable";
/// Taint of a node that is short of memory.
pub const MEMORY_PRESSURE: &str = "node.kubernetes.io/memory-pressure";

/// A node as these rules see it.
#[derive(Debug, Clone, Copy)]
pub struct NodeView<'a> {
    /// `metadata.name`, for `matchFields`.
    pub name: &'a str,
    /// Labels.
    pub labels: &'a Labels,
    /// Spec.
    pub spec: &'a NodeSpec,
}

/// Whether a toleration covers a taint.
#[must_use]
pub fn tolerates(toleration: &Toleration, taint: &Taint) -> bool {
    let effect = toleration.effect.is_empty() || toleration.effect == taint.effect;
    let key = toleration.key.is_empty() || toleration.key == taint.key;
    let value = match toleration.operator.as_str() {
        "Exists" => true,
        _ => !toleration.key.is_empty() && toleration.value == taint.value,
    };
    effect && key && value
}

/// The first taint that keeps a pod off a node: `NoSchedule` or `NoExecute`, and not tolerated.
#[must_use]
pub fn untolerated<'a>(taints: &'a [Taint], tolerations: &[Toleration]) -> Option<&'a Taint> {
    taints
        .iter()
        .filter(|taint| matches!(taint.effect.as_str(), "NoSchedule" | "NoExecute"))
        .find(|taint| !tolerations.iter().any(|t| tolerates(t, taint)))
}

/// How many `PreferNoSchedule` taints a pod does not tolerate.
#[must_use]
pub fn unwelcome(taints: &[Taint], tolerations: &[Toleration]) -> u32 {
    let count = taints
        .iter()
        .filter(|taint| taint.effect == "PreferNoSchedule")
        .filter(|taint| !tolerations.iter().any(|t| tolerates(t, taint)))
        .count();
    count as u32
}

/// Whether a cordoned node is closed to a pod with these tolerations.
#[must_use]
pub fn is_cordoned_off(node: NodeView<'_>, tolerations: &[Toleration]) -> bool {
    let taint = Taint {
        key: UNSCHEDULABLE.into(),
        effect: "NoSchedule".into(),
        ..Taint::default()
    };
    node.spec.unschedulable && !tolerations.iter().any(|t| tolerates(t, &taint))
}

/// Whether a pod asks for labels of nodes at all.
#[must_use]
pub fn is_choosy(spec: &PodSpec) -> bool {
    !spec.node_selector.is_empty() || spec.affinity.node_affinity.required.is_some()
}

/// Whether a node has what `nodeSelector` and required node affinity ask for.
#[must_use]
pub fn matches_node(spec: &PodSpec, node: NodeView<'_>) -> bool {
    let selected = spec
        .node_selector
        .iter()
        .all(|(key, value)| node.labels.get(key) == Some(value));
    let required = spec.affinity.node_affinity.required.as_ref();
    selected && required.is_none_or(|selector| matches_selector(selector, node))
}

/// Whether a node meets any term of a selector.
#[must_use]
pub fn matches_selector(selector: &NodeSelector, node: NodeView<'_>) -> bool {
    let mut terms = selector.node_selector_terms.iter();
    terms.any(|term| matches_term(term, node))
}

/// Whether the pod is narrowed to other nodes by name: each term of its required node affinity
/// names nodes, and none names this one. Such nodes are not looked at (nodeaffinity `PreFilter`).
#[must_use]
pub fn names_others(spec: &PodSpec, name: &str) -> bool {
    let Some(required) = &spec.affinity.node_affinity.required else {
        return false;
    };
    let terms = &required.node_selector_terms;
    let by_name =
        |field: &&Requirement| field.key == "metadata.name" && field.operator == Operator::In;
    let narrowed = |term: &NodeSelectorTerm| term.match_fields.iter().any(|f| by_name(&f));
    let named = |term: &NodeSelectorTerm| {
        let mut fields = term.match_fields.iter().filter(by_name);
        fields.all(|field| field.values.iter().any(|value| value == name))
    };
    !terms.is_empty() && terms.iter().all(narrowed) && !terms.iter().any(named)
}

/// Whether every term of a pod's required node affinity names nodes, and none of them one that all its fields
/// name: no node can be meant (nodeaffinity `PreFilter`, `errReasonConflict`).
#[must_use]
pub fn names_conflict(spec: &PodSpec) -> bool {
    let Some(required) = &spec.affinity.node_affinity.required else {
        return false;
    };
    let named = |term: &NodeSelectorTerm| {
        let mut fields = term.match_fields.iter();
        let mut fields = fields
            .by_ref()
            .filter(|field| field.key == "metadata.name" && field.operator == Operator::In);
        let first = fields.next()?;
        let mut common = first.values.clone();
        for field in fields {
            common.retain(|name| field.values.contains(name));
        }
        Some(common.is_empty())
    };
    let terms = &required.node_selector_terms;
    !terms.is_empty() && terms.iter().all(|term| named(term) == Some(true))
}

/// Sum of the weights of preferred node affinities that a node meets.
#[must_use]
pub fn node_preference(spec: &PodSpec, node: NodeView<'_>) -> u32 {
    spec.affinity
        .node_affinity
        .preferred
        .iter()
        .filter(|wish| matches_term(&wish.preference, node))
        .map(|wish| wish.weight)
        .sum()
}

/// All parts must hold; a term without parts matches nothing.
fn matches_term(term: &NodeSelectorTerm, node: NodeView<'_>) -> bool {
    let empty = term.match_expressions.is_empty() && term.match_fields.is_empty();
    !empty
        && term
            .match_expressions
            .iter()
            .all(|e| e.matches(node.labels))
        && term
            .match_fields
            .iter()
            .all(|e| matches_field(e, node.name))
}

/// `metadata.name` is the only field.
fn matches_field(field: &Requirement, name: &str) -> bool {
    let listed = field.values.iter().any(|value| value == name);
    match field.operator {
        Operator::In => listed,
        Operator::NotIn => !listed,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn taint(key: &str, value: &str, effect: &str) -> Taint {
        Taint {
            key: key.into(),
            value: value.into(),
            effect: effect.into(),
        }
    }

    #[test]
    fn a_toleration_covers_by_key_value_and_effect() {
        let dedicated = taint("dedicated", "db", "NoSchedule");
        for (toleration, expected) in [
            (
                json!({"key": "dedicated", "value": "db", "effect": "NoSchedule"}),
                true,
            ),
            (json!({"key": "dedicated", "value": "db"}), true),
            (json!({"key": "dedicated", "value": "web"}), false),
            (json!({"key": "dedicated", "operator": "Exists"}), true),
            (
                json!({"key": "dedicated", "operator": "Exists", "effect": "NoExecute"}),
                false,
            ),
            (json!({"operator": "Exists"}), true),
            (json!({"key": "other", "operator": "Exists"}), false),
        ] {
            let toleration: Toleration = serde_json::from_value(toleration).unwrap();
            assert_eq!(
                tolerates(&toleration, &dedicated),
                expected,
                "{toleration:?}"
            );
        }
    }

    #[test]
    fn affinity_is_any_term_of_all_expressions() {
        let labels: Labels = [("disk".into(), "ssd".into()), ("cores".into(), "8".into())].into();
        let node = NodeView {
            name: "a",
            labels: &labels,
            spec: &NodeSpec::default(),
        };
        for (terms, expected) in [
            (
                json!([{"matchExpressions": [{"key": "disk", "operator": "In", "values": ["ssd"]}]}]),
                true,
            ),
            (
                json!([{"matchExpressions": [{"key": "disk", "operator": "NotIn", "values": ["ssd"]}]}]),
                false,
            ),
            (
                json!([{"matchExpressions": [{"key": "cores", "operator": "Gt", "values": ["4"]}]}]),
                true,
            ),
            (
                json!([{"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["b"]}]}, {"matchExpressions": [{"key": "disk", "operator": "Exists"}]}]),
                true,
            ),
            (json!([{}]), false),
        ] {
            let spec: PodSpec = serde_json::from_value(json!({"affinity": {"nodeAffinity": {
                "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}}}))
            .unwrap();
            assert_eq!(matches_node(&spec, node), expected, "{spec:?}");
        }
    }
}
