//! What keeps pods from a node.

use super::{Cause, step};

/// The rows.
pub const ROWS: &[Cause] = &[
    Cause {
        id: "node_selector_wrong",
        mechanism: "The pod asks for node labels that no node has.",
        prior: 0.3,
        fix: &[
            step(
                "kubectl -n {ns} rollout undo {kind}/{name}",
                "kubectl -n {ns} rollout undo {kind}/{name}",
            ),
            step(
                "kubectl label node NODE {value}",
                "kubectl label node NODE {value_key}-",
            ),
        ],
        check: ("kubectl get nodes --show-labels", "no node with {value}"),
        source: "S assign_non_existent_node; I #33; O NodeSelectorMismatch",
    },
    Cause {
        id: "node_affinity_wrong",
        mechanism: "The pod's required node affinity matches no node.",
        prior: 0.2,
        fix: &[step(
            "kubectl -n {ns} rollout undo {kind}/{name}",
            "kubectl -n {ns} rollout undo {kind}/{name}",
        )],
        check: (
            "kubectl get nodes --show-labels",
            "no node that matches {value}",
        ),
        source: "O NodeAffinityMismatch",
    },
    Cause {
        id: "taint_not_tolerated",
        mechanism: "Every node that the pod may use has a taint that it does not tolerate.",
        prior: 0.25,
        fix: &[step(
            "kubectl taint node {value_node} {value_key}-",
            "kubectl taint node {value_node} {value}",
        )],
        check: (
            "kubectl get nodes -o custom-columns=NAME:.metadata.name,TAINTS:.spec.taints",
            "{value} on the nodes that match",
        ),
        source: "S taint_no_toleration; O TaintTolerationMismatch",
    },
    Cause {
        id: "node_cordoned",
        mechanism: "Every node that the pod may use is cordoned.",
        prior: 0.2,
        fix: &[step(
            "kubectl uncordon {value_node}",
            "kubectl cordon {value_node}",
        )],
        check: ("kubectl get nodes", "SchedulingDisabled on {value}"),
        source: "I cordoned-worker #39; O NodeCordonMismatch",
    },
    Cause {
        id: "anti_affinity_unsatisfiable",
        mechanism: "The pod's required anti-affinity leaves no node: a pod that it must avoid runs on each.",
        prior: 0.15,
        fix: &[step(
            "kubectl -n {ns} rollout undo {kind}/{name}",
            "kubectl -n {ns} rollout undo {kind}/{name}",
        )],
        check: (
            "kubectl -n {ns} get pods -o wide --show-labels",
            "on every node a pod that matches {value}",
        ),
        source: "S pod_anti_affinity_deadlock; I #44; O PodAntiAffinityConflict",
    },
    Cause {
        id: "cpu_request_too_high",
        mechanism: "The pod asks for more CPU than any node has left.",
        prior: 0.2,
        fix: &[
            step(
                "kubectl -n {ns} rollout undo {kind}/{name}",
                "kubectl -n {ns} rollout undo {kind}/{name}",
            ),
            step(
                "kubectl -n {ns} set resources {kind}/{name} --requests=cpu=100m",
                "kubectl -n {ns} rollout undo {kind}/{name}",
            ),
        ],
        check: (
            "kubectl describe nodes",
            "less than {value} of CPU left on each",
        ),
        source: "S resource_request; I #46; O CPUCapacityMismatch",
    },
    Cause {
        id: "memory_request_too_high",
        mechanism: "The pod asks for more memory than any node has left.",
        prior: 0.2,
        fix: &[
            step(
                "kubectl -n {ns} rollout undo {kind}/{name}",
                "kubectl -n {ns} rollout undo {kind}/{name}",
            ),
            step(
                "kubectl -n {ns} set resources {kind}/{name} --requests=memory=128Mi",
                "kubectl -n {ns} rollout undo {kind}/{name}",
            ),
        ],
        check: (
            "kubectl describe nodes",
            "less than {value} of memory left on each",
        ),
        source: "S resource_request; I #46; O MemoryCapacityMismatch",
    },
    Cause {
        id: "host_port_conflict",
        mechanism: "The pod wants a port of the host that is taken on every node.",
        prior: 0.08,
        fix: &[step(
            "kubectl -n {ns} rollout undo {kind}/{name}",
            "kubectl -n {ns} rollout undo {kind}/{name}",
        )],
        check: (
            "kubectl -n {ns} get pods -A -o wide",
            "a pod with the same hostPort on each node",
        ),
        source: "S service_port_conflict",
    },
    Cause {
        id: "topology_spread_unsatisfiable",
        mechanism: "The pod's topology spread constraint leaves no node.",
        prior: 0.06,
        fix: &[step(
            "kubectl -n {ns} rollout undo {kind}/{name}",
            "kubectl -n {ns} rollout undo {kind}/{name}",
        )],
        check: (
            "kubectl -n {ns} get pods -o wide",
            "a skew above the allowed one",
        ),
        source: "Kubernetes, PodTopologySpread",
    },
    Cause {
        id: "priority_preemption",
        mechanism: "Pods are evicted for others of higher priority.",
        prior: 0.05,
        fix: &[step(
            "kubectl -n {ns} get events --field-selector reason=Preempted",
            "",
        )],
        check: (
            "kubectl get priorityclasses",
            "a high or default class that was not meant",
        ),
        source: "S priority_preemption_cascade; I #42",
    },
];
