//! Fields that are set wrong.

use super::words::{ROW, TEMPLATED, by_change, contain, falls, field, outgrow, rises, undo};
use crate::betrayal::{Betrayal, Turn};
use crate::change;
use crate::fault::TargetKind::{Plain, Workload};
use crate::fault::{Act, Fault, Harms, On, Section, Spread};
use crate::step::Step;
use aegis_model::SymptomKind as Seen;

pub const ROWS: &[Fault] = &[
    Fault {
        id: "readiness_probe_misconfigured",
        harms: Harms::NextPod,
        section: Section::Workload,
        summary: "A readiness probe cannot succeed: pods never get traffic.",
        targets: &[Workload],
        parameters: &[],
        parts: &[],
        steps: &[Step::Make(change::wrong_readiness)],
        betrayed_by_change: &[field(TEMPLATED, "containers[].readinessProbe", Turn::Any)],
        signs: &[
            rises(Seen::NotReady, On::Subject),
            rises(Seen::NoEndpoints, On::Services),
            rises(Seen::Errors, On::Callers),
        ],
        spreads: Spread::ToCallers,
        remedies: &[
            undo(Act::RollBack),
            undo(Act::RevertChange),
            undo(Act::PatchProbe),
        ],
        delay: 30,
        frequency: by_change(0.3),
        source: "S readiness_probe_misconfiguration; I #49; O",
        ..ROW
    },
    Fault {
        id: "liveness_probe_misconfigured",
        section: Section::Workload,
        summary: "A liveness probe cannot succeed: containers are restarted again and again.",
        targets: &[Workload],
        parameters: &[],
        parts: &[],
        steps: &[Step::Make(change::wrong_liveness)],
        betrayed_by_change: &[
            field(TEMPLATED, "containers[].livenessProbe", Turn::Any),
            field(TEMPLATED, "containers[].startupProbe", Turn::Any),
        ],
        signs: &[
            rises(Seen::Restarts, On::Subject),
            rises(Seen::NotReady, On::Subject),
            rises(Seen::Errors, On::Callers),
        ],
        spreads: Spread::ToCallers,
        remedies: &[
            undo(Act::RollBack),
            undo(Act::RevertChange),
            undo(Act::PatchProbe),
        ],
        delay: 30,
        frequency: by_change(0.3),
        source: "S liveness_probe_misconfiguration, liveness_probe_too_aggressive; O",
        ..ROW
    },
    Fault {
        id: "replicas_zero",
        section: Section::Workload,
        summary: "A workload is scaled to nothing.",
        targets: &[Workload],
        parameters: &[],
        parts: &[],
        steps: &[Step::Make(change::no_replicas)],
        betrayed_by_change: &[field(
            &["Deployment", "StatefulSet", "ReplicaSet"],
            "spec.replicas",
            Turn::ToZero,
        )],
        signs: &[
            rises(Seen::NoEndpoints, On::Services),
            falls(Seen::Rate, On::Subject),
            rises(Seen::Errors, On::Callers),
        ],
        spreads: Spread::ToCallers,
        remedies: &[undo(Act::RestoreReplicas), undo(Act::RevertChange)],
        delay: 5,
        frequency: by_change(0.2),
        source: "S scale_pod; A scale_pod; I scaled-to-zero #58",
        ..ROW
    },
    Fault {
        id: "replicas_too_few",
        section: Section::Workload,
        summary: "A workload has fewer replicas than its load needs.",
        targets: &[Workload],
        parameters: &[],
        parts: &[],
        steps: &[],
        betrayed_by_change: &[field(
            &["Deployment", "StatefulSet", "ReplicaSet"],
            "spec.replicas",
            Turn::FallsFrom(1),
        )],
        signs: &[
            rises(Seen::Cpu, On::Subject),
            rises(Seen::Latency, On::Subject),
            rises(Seen::Latency, On::Callers),
        ],
        spreads: Spread::ToCallers,
        remedies: &[
            undo(Act::RestoreReplicas),
            undo(Act::RevertChange),
            outgrow(Act::ScaleOut),
        ],
        delay: 30,
        frequency: by_change(0.3),
        source: "S scale_pod; I misconfigured-hpa #38",
        ..ROW
    },
    Fault {
        id: "autoscaler_max_too_low",
        section: Section::Workload,
        summary: "An autoscaler may not add the replicas that the load needs.",
        targets: &[Workload],
        parameters: &[],
        parts: &[],
        steps: &[Step::Make(change::low_autoscaler_max)],
        betrayed_by_change: &[field(&["HorizontalPodAutoscaler"], "spec", Turn::Any)],
        signs: &[
            rises(Seen::Cpu, On::Subject),
            rises(Seen::Latency, On::Subject),
        ],
        spreads: Spread::ToCallers,
        remedies: &[undo(Act::RevertChange), outgrow(Act::RaiseAutoscalerMax)],
        delay: 60,
        frequency: by_change(0.1),
        source: "S hpa_missing_effective_cpu_request; I misconfigured-hpa",
        ..ROW
    },
    Fault {
        id: "env_var_wrong",
        section: Section::Workload,
        summary: "A variable sends a service's calls to the wrong address.",
        targets: &[Workload],
        parameters: &[],
        parts: &[],
        steps: &[Step::Make(change::wrong_variable)],
        betrayed_by_change: &[
            field(TEMPLATED, "containers[].env", Turn::Any),
            field(TEMPLATED, "containers[].args", Turn::Any),
            field(&["ConfigMap"], "data", Turn::Any),
        ],
        signs: &[
            rises(Seen::Errors, On::Subject),
            falls(Seen::Rate, On::Callees),
            rises(Seen::Errors, On::Callers),
        ],
        spreads: Spread::ToCallers,
        remedies: &[
            undo(Act::RollBack),
            undo(Act::SetEnv),
            undo(Act::RevertChange),
        ],
        delay: 30,
        frequency: by_change(0.4),
        source: "S incorrect_port_assignment, missing_env_variable; I modified-env #16, #24; O ServiceEnvVarAddressMismatch",
        ..ROW
    },
    Fault {
        id: "resource_request_too_high",
        harms: Harms::NextPod,
        section: Section::Scheduling,
        summary: "A container requests more than any node has.",
        targets: &[Workload],
        parameters: &[],
        parts: &[],
        steps: &[Step::Make(change::huge_request)],
        betrayed_by_change: &[
            field(TEMPLATED, "resources.requests.cpu", Turn::Rises),
            field(TEMPLATED, "resources.requests.memory", Turn::Rises),
        ],
        signs: &[
            rises(Seen::Unschedulable, On::Subject),
            rises(Seen::NotReady, On::Subject),
            rises(Seen::Errors, On::Callers),
        ],
        spreads: Spread::ToCallers,
        remedies: &[
            undo(Act::RollBack),
            undo(Act::RevertChange),
            undo(Act::LowerRequests),
        ],
        delay: 5,
        frequency: by_change(0.2),
        source: "S resource_request; I #46; O CPUCapacityMismatch, MemoryCapacityMismatch",
        ..ROW
    },
    Fault {
        id: "node_selector_wrong",
        harms: Harms::NextPod,
        section: Section::Scheduling,
        summary: "Pods may run only on nodes that are not there.",
        targets: &[Workload],
        parameters: &[],
        parts: &[],
        steps: &[Step::Make(change::wrong_node_selector)],
        betrayed_by_change: &[
            field(TEMPLATED, "spec.nodeSelector", Turn::Any),
            field(TEMPLATED, "spec.affinity", Turn::Any),
            field(TEMPLATED, "spec.tolerations", Turn::Any),
        ],
        signs: &[
            rises(Seen::Unschedulable, On::Subject),
            rises(Seen::NotReady, On::Subject),
        ],
        spreads: Spread::ToCallers,
        remedies: &[undo(Act::RollBack), undo(Act::RevertChange)],
        delay: 5,
        frequency: by_change(0.2),
        source: "S assign_non_existent_node; A the same; I #33; O NodeSelectorMismatch",
        ..ROW
    },
    Fault {
        id: "configuration_missing",
        harms: Harms::NextPod,
        section: Section::Workload,
        summary: "A ConfigMap or Secret that pods need is gone: new ones do not start.",
        targets: &[Plain],
        parameters: &[],
        parts: &[],
        steps: &[Step::Make(change::no_plain)],
        betrayed_by_change: &[Betrayal::Deleted("ConfigMap"), Betrayal::Deleted("Secret")],
        signs: &[
            rises(Seen::CannotStart, On::Subject),
            rises(Seen::NotReady, On::Subject),
        ],
        spreads: Spread::ToCallers,
        remedies: &[undo(Act::RevertChange), contain(Act::RollBack)],
        delay: 5,
        frequency: by_change(0.1),
        source: "S missing_configmap; O MissingSecretBinding",
        ..ROW
    },
];
