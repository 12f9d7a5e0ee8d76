//! Pods that find no place, and pods that others push out.

use super::words::{
    LISTED, MIB, TEMPLATED, assumed, by_change, field, outgrow, part, rises, size, undo,
};
use crate::betrayal::{Betrayal, Turn};
use crate::change;
use crate::fault::TargetKind::Workload;
use crate::fault::{Act, Candidacy, Fault, Harms, Lasting, On, Section, Show, Spread};
use crate::mistakes;
use crate::parameter::Unit;
use crate::step::{Place, Step};
use aegis_model::Mechanism;
use aegis_model::SymptomKind as Seen;

/// New pods stay Pending.
const PENDING: Fault = Fault {
    section: Section::Scheduling,
    targets: &[Workload],
    signs: &[rises(Seen::Unschedulable, On::Subject)],
    harms: Harms::NextPod,
    remedies: &[undo(Act::RevertChange), undo(Act::RollBack)],
    delay: 5,
    frequency: by_change(0.1),
    ..LISTED
};

const PINNED: Step = Step::Patch(
    Place::PodSpec,
    r#"{"nodeSelector": {"kubernetes.io/hostname": "$node"}}"#,
);

pub const ROWS: &[Fault] = &[
    Fault {
        id: "node_affinity_wrong",
        summary: "Pods require a label of nodes that none has.",
        steps: &[Step::Patch(
            Place::PodSpec,
            r#"{"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [{"matchExpressions": [{"key": "node-pool", "operator": "In", "values": ["batch"]}]}]}}}}"#,
        )],
        betrayed_by_change: &[field(TEMPLATED, "spec.affinity", Turn::Any)],
        shows: &[Show::Event("FailedScheduling", "affinity")],
        candidacy: Candidacy::InDumps,
        source: "O AffinityMismatch",
        ..PENDING
    },
    Fault {
        id: "taint_not_tolerated",
        summary: "The nodes on which pods may run carry a taint that they do not tolerate.",
        stage: &[PINNED],
        steps: &[Step::Patch(
            Place::Named("Node", "$node"),
            r#"{"spec": {"taints": [{"key": "dedicated", "value": "batch", "effect": "NoSchedule"}]}}"#,
        )],
        betrayed_by_change: &[field(&["Node"], "spec.taints", Turn::Any)],
        shows: &[Show::Event("FailedScheduling", "taint")],
        source: "S taint_no_toleration; O TaintTolerationMismatch",
        ..PENDING
    },
    Fault {
        id: "toleration_effect_wrong",
        section: Section::ControlPlane,
        summary: "An operator writes a toleration with an effect that does not exist.",
        stage: &[
            PINNED,
            Step::Patch(
                Place::PodSpec,
                r#"{"tolerations": [{"key": "dedicated", "operator": "Exists", "effect": "NoSchedule"}]}"#,
            ),
            Step::Patch(
                Place::Named("Node", "$node"),
                r#"{"spec": {"taints": [{"key": "dedicated", "value": "database", "effect": "NoSchedule"}]}}"#,
            ),
        ],
        steps: &[Step::Patch(
            Place::PodSpec,
            r#"{"tolerations": [{"key": "dedicated", "operator": "Exists", "effect": "NoExecute"}]}"#,
        )],
        betrayed_by_change: &[field(TEMPLATED, "spec.tolerations", Turn::Any)],
        shows: &[Show::Event("FailedScheduling", "taint")],
        candidacy: Candidacy::InDumps,
        frequency: by_change(0.02),
        source: "S operator_misoperation invalid_affinity_toleration; A the same",
        ..PENDING
    },
    Fault {
        id: "node_cordoned",
        summary: "The node to which pods are pinned is cordoned.",
        stage: &[PINNED],
        steps: &[Step::Patch(
            Place::Named("Node", "$node"),
            r#"{"spec": {"unschedulable": true}}"#,
        )],
        betrayed_by_change: &[field(&["Node"], "spec.unschedulable", Turn::Any)],
        shows: &[Show::Event("FailedScheduling", "unschedulable")],
        candidacy: Candidacy::InDumps,
        remedies: &[undo(Act::RevertChange), undo(Act::Uncordon)],
        source: "I cordoned-worker #39; O NodeCordonMismatch",
        ..PENDING
    },
    Fault {
        id: "anti_affinity_unsatisfiable",
        summary: "Pods may not share a node, and there are fewer nodes than pods.",
        steps: &[Step::Make(mistakes::lonely_pods)],
        betrayed_by_change: &[field(TEMPLATED, "spec.affinity", Turn::Any)],
        shows: &[Show::Event("FailedScheduling", "anti-affinity")],
        candidacy: Candidacy::InDumps,
        source: "S pod_anti_affinity_deadlock; I #44; O",
        ..PENDING
    },
    Fault {
        id: "topology_spread_unsatisfiable",
        summary: "Pods are to spread over a label that nodes do not have.",
        steps: &[Step::Patch(
            Place::PodSpec,
            r#"{"topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "example.com/rack", "whenUnsatisfiable": "DoNotSchedule", "labelSelector": {"matchLabels": $labels}}]}"#,
        )],
        betrayed_by_change: &[field(
            TEMPLATED,
            "spec.topologySpreadConstraints",
            Turn::Any,
        )],
        shows: &[Show::Event("FailedScheduling", "topology spread")],
        frequency: by_change(0.03),
        source: "Kubernetes, Pod Topology Spread Constraints; k8sgpt Pod analyzer",
        ..PENDING
    },
    Fault {
        id: "cpu_request_too_high",
        summary: "A container requests more CPU than any node has.",
        steps: &[Step::Make(change::huge_request)],
        betrayed_by_change: &[field(TEMPLATED, "resources.requests.cpu", Turn::Rises)],
        shows: &[Show::Event("FailedScheduling", "Insufficient cpu")],
        candidacy: Candidacy::InDumps,
        source: "S resource_request; O CPUCapacityMismatch",
        ..PENDING
    },
    Fault {
        id: "memory_request_too_high",
        summary: "A container requests more memory than any node has.",
        steps: &[Step::Patch(
            Place::Container,
            r#"{"resources": {"requests": {"memory": "512Gi"}, "limits": {"memory": "512Gi"}}}"#,
        )],
        betrayed_by_change: &[field(TEMPLATED, "resources.requests.memory", Turn::Rises)],
        shows: &[Show::Event("FailedScheduling", "Insufficient memory")],
        candidacy: Candidacy::InDumps,
        source: "S resource_request; I insufficient-resources #46; O MemoryCapacityMismatch",
        ..PENDING
    },
    Fault {
        id: "memory_limit_tiny",
        summary: "A container's memory limit is ten mebibytes: it is killed as it starts.",
        steps: &[Step::Patch(
            Place::Container,
            r#"{"resources": {"requests": {"memory": "10Mi"}, "limits": {"memory": "10Mi"}}}"#,
        )],
        betrayed_by_change: &[field(TEMPLATED, "resources.limits.memory", Turn::Falls)],
        signs: &[
            rises(Seen::OomKilled, On::Subject),
            rises(Seen::Restarts, On::Subject),
        ],
        shows: &[Show::Ended("OOMKilled")],
        candidacy: Candidacy::InDumps,
        remedies: &[
            undo(Act::RevertChange),
            undo(Act::RollBack),
            outgrow(Act::RaiseMemoryLimit),
        ],
        source: "S resource_request (limit 10Mi); O OOMKilled",
        ..PENDING
    },
    Fault {
        id: "operator_replicas_absurd",
        candidacy: Candidacy::InDumps,
        section: Section::ControlPlane,
        summary: "An operator asks for far more replicas than the cluster has room for.",
        steps: &[Step::Patch(Place::Itself, r#"{"spec": {"replicas": 400}}"#)],
        betrayed_by_change: &[field(
            &["Deployment", "StatefulSet", "ReplicaSet"],
            "spec.replicas",
            Turn::Rises,
        )],
        shows: &[Show::Event("FailedScheduling", "")],
        remedies: &[undo(Act::RevertChange), undo(Act::RestoreReplicas)],
        frequency: by_change(0.02),
        source: "S operator_misoperation overload_replicas (100 000); A the same",
        ..PENDING
    },
    Fault {
        id: "priority_preemption",
        summary: "A tenant's pods get a higher priority by default and push others out.",
        steps: &[
            Step::Apply(
                r#"{"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": "tenant-default"}, "value": 1000000, "globalDefault": true}"#,
            ),
            Step::Make(mistakes::greedy_tenant),
        ],
        betrayed_by_change: &[Betrayal::Created("PriorityClass")],
        signs: &[
            rises(Seen::Unschedulable, On::Subject),
            rises(Seen::NotReady, On::Subject),
            rises(Seen::Errors, On::Entry),
        ],
        shows: &[Show::Event("Preempted", "")],
        harms: Harms::Users,
        spreads: Spread::ToNeighbours,
        remedies: &[undo(Act::RevertChange)],
        frequency: by_change(0.03),
        source: "S priority_preemption_cascade; I #42",
        ..PENDING
    },
    Fault {
        id: "unlimited_memory_stress",
        summary: "A container without limits eats its node's memory, and the kubelet evicts.",
        parameters: &[size(
            "growth",
            Unit::BytesPerSecond,
            4.0 * MIB,
            512.0 * MIB,
            256.0 * MIB,
        )],
        parts: &[part(|s| Mechanism::MemoryGrowth(s[0]), Lasting::Change)],
        steps: &[Step::Patch(Place::Container, r#"{"resources": null}"#)],
        betrayed_by_change: &[field(TEMPLATED, "containers[].resources", Turn::Gone)],
        signs: &[
            rises(Seen::Memory, On::Subject),
            rises(Seen::NotReady, On::Subject),
        ],
        shows: &[Show::Ended("OOMKilled")],
        harms: Harms::Users,
        spreads: Spread::ToNeighbours,
        frequency: assumed(0.1),
        delay: 60,
        source: "I unassigned-limits #41",
        ..PENDING
    },
];
