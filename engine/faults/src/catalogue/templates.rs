//! Variables, probes, names and rollouts that are set wrong: more of what a template may say.

use super::words::{LISTED, TEMPLATED, by_change, falls, field, rises, undo};
use crate::betrayal::{Betrayal, Turn};
use crate::change;
use crate::fault::TargetKind::{Service, Workload};
use crate::fault::{Act, Candidacy, Fault, Harms, Needs, On, Section, Show};
use crate::mistakes;
use crate::step::{Place, Step};
use aegis_model::SymptomKind as Seen;

/// A setting of a workload's calls.
const CALLS: Fault = Fault {
    section: Section::Workload,
    targets: &[Workload],
    signs: &[
        rises(Seen::Errors, On::Subject),
        rises(Seen::Errors, On::Callers),
    ],
    remedies: &[undo(Act::RevertChange), undo(Act::RollBack)],
    delay: 30,
    frequency: by_change(0.1),
    ..LISTED
};

/// A readiness probe that new pods do not pass.
const READINESS: Fault = Fault {
    signs: &[rises(Seen::NotReady, On::Subject)],
    betrayed_by_change: &[field(TEMPLATED, "containers[].readinessProbe", Turn::Any)],
    shows: &[Show::Event("Unhealthy", "Readiness probe")],
    harms: Harms::NextPod,
    candidacy: Candidacy::InDumps,
    source: "S readiness_probe_misconfiguration; O ReadinessProbe*",
    ..CALLS
};

/// A liveness probe for which the kubelet kills.
const LIVENESS: Fault = Fault {
    signs: &[
        rises(Seen::Restarts, On::Subject),
        rises(Seen::NotReady, On::Subject),
    ],
    betrayed_by_change: &[field(TEMPLATED, "containers[].livenessProbe", Turn::Any)],
    shows: &[Show::Event("Killing", "liveness probe")],
    harms: Harms::NextPod,
    candidacy: Candidacy::InDumps,
    source: "S liveness_probe_misconfiguration, liveness_probe_too_aggressive; O LivenessProbe*",
    ..CALLS
};

const AUTOSCALER: &str = r#"{"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "$name", "namespace": "$ns"}, "spec": {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "$kind", "name": "$name"}, "minReplicas": 1, "maxReplicas": 6, "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}}}]}}"#;

pub const ROWS: &[Fault] = &[
    Fault {
        id: "env_var_missing",
        summary: "The variable that tells a service where another one is was removed.",
        steps: &[Step::Make(mistakes::no_variable)],
        betrayed_by_change: &[field(TEMPLATED, "containers[].env", Turn::Any)],
        candidacy: Candidacy::InDumps,
        source: "S missing_env_variable",
        ..CALLS
    },
    Fault {
        id: "env_var_shadowed",
        summary: "A variable is defined twice, and the last one, which is wrong, wins.",
        steps: &[Step::Make(mistakes::shadowed_variable)],
        betrayed_by_change: &[field(TEMPLATED, "containers[].env", Turn::Any)],
        candidacy: Candidacy::InDumps,
        frequency: by_change(0.05),
        source: "S env_variable_shadowing",
        ..CALLS
    },
    Fault {
        id: "dns_settings_wrong",
        section: Section::Workload,
        summary: "A workload asks a name server that does not know the cluster.",
        steps: &[Step::Patch(
            Place::PodSpec,
            r#"{"dnsPolicy": "None", "dnsConfig": {"nameservers": ["8.8.8.8"]}}"#,
        )],
        betrayed_by_change: &[
            field(TEMPLATED, "spec.dnsPolicy", Turn::Any),
            field(TEMPLATED, "spec.dnsConfig", Turn::Any),
        ],
        expressed: crate::fault::Expressed::State,
        frequency: by_change(0.05),
        source: "S wrong_dns_policy; I failing-name-resolution #43",
        ..CALLS
    },
    Fault {
        id: "host_alias_stale",
        summary: "hostAliases give the name of a Service to an address that is gone.",
        steps: &[Step::Patch(
            Place::PodSpec,
            r#"{"hostAliases": [{"ip": "10.96.255.250", "hostnames": ["$callee"]}]}"#,
        )],
        betrayed_by_change: &[field(TEMPLATED, "spec.hostAliases", Turn::Any)],
        expressed: crate::fault::Expressed::State,
        frequency: by_change(0.02),
        source: "S stale_hostaliases",
        ..CALLS
    },
    Fault {
        id: "liveness_probe_wrong_port",
        summary: "A liveness probe asks at a port where nobody listens.",
        steps: &[Step::Make(change::wrong_liveness)],
        ..LIVENESS
    },
    Fault {
        id: "liveness_probe_wrong_protocol",
        summary: "A liveness probe speaks a protocol that the container does not.",
        steps: &[Step::Patch(
            Place::Container,
            r#"{"livenessProbe": {"httpGet": {"path": "/not-served", "port": 9}, "grpc": null, "tcpSocket": null, "exec": null, "periodSeconds": 5}}"#,
        )],
        ..LIVENESS
    },
    Fault {
        id: "liveness_probe_wrong_timing",
        summary: "A liveness probe has no patience: containers are killed before they are up.",
        steps: &[Step::Make(mistakes::hasty_liveness)],
        ..LIVENESS
    },
    Fault {
        id: "readiness_probe_wrong_port",
        summary: "A readiness probe asks at a port where nobody listens.",
        steps: &[Step::Make(change::wrong_readiness)],
        ..READINESS
    },
    Fault {
        id: "readiness_probe_wrong_protocol",
        summary: "A readiness probe speaks a protocol that the container does not.",
        steps: &[Step::Patch(
            Place::Container,
            r#"{"readinessProbe": {"httpGet": {"path": "/not-served", "port": 9}, "grpc": null, "tcpSocket": null, "exec": null, "periodSeconds": 5}}"#,
        )],
        ..READINESS
    },
    Fault {
        id: "readiness_probe_wrong_timing",
        summary: "A readiness probe begins so late that new pods get no traffic for an hour.",
        steps: &[Step::Make(mistakes::late_readiness)],
        shows: &[Show::Condition("Ready", "False")],
        ..READINESS
    },
    Fault {
        id: "rolling_update_unsafe",
        summary: "A rollout may take all pods away at once, and the new ones never start.",
        steps: &[
            Step::Patch(
                Place::Itself,
                r#"{"spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "100%", "maxSurge": 0}}}}"#,
            ),
            Step::Patch(
                Place::PodSpec,
                r#"{"initContainers": [{"name": "wait-for-ledger", "image": "busybox:1.36", "command": ["sh", "-c", "until nslookup ledger-db; do sleep 2; done"]}]}"#,
            ),
        ],
        betrayed_by_change: &[field(&["Deployment"], "spec.strategy", Turn::Any)],
        signs: &[
            rises(Seen::NotReady, On::Subject),
            rises(Seen::NoEndpoints, On::Services),
            rises(Seen::Errors, On::Callers),
        ],
        shows: &[Show::Waiting("PodInitializing")],
        remedies: &[undo(Act::RevertChange)],
        frequency: by_change(0.05),
        source: "S rolling_update_misconfigured",
        ..CALLS
    },
    Fault {
        id: "autoscaler_broken",
        summary: "An autoscaler has no metric to go by: its pods request no CPU.",
        stage: &[Step::Apply(AUTOSCALER)],
        steps: &[Step::Patch(Place::Container, r#"{"resources": null}"#)],
        betrayed_by_change: &[field(TEMPLATED, "containers[].resources", Turn::Any)],
        signs: &[],
        shows: &[
            Show::Condition("ScalingActive", "False"),
            Show::Event("FailedGetResourceMetric", "missing request for cpu"),
        ],
        harms: Harms::Nobody,
        candidacy: Candidacy::InDumps,
        source: "S hpa_missing_effective_cpu_request; I misconfigured-hpa #38",
        ..CALLS
    },
    Fault {
        id: "autoscaler_target_too_low",
        summary: "An autoscaler aims at a use so low that it stays at its most replicas.",
        stage: &[Step::Apply(AUTOSCALER)],
        steps: &[Step::Patch(
            Place::Named("HorizontalPodAutoscaler", "$name"),
            r#"{"spec": {"metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 1}}}]}}"#,
        )],
        betrayed_by_change: &[field(
            &["HorizontalPodAutoscaler"],
            "spec.metrics",
            Turn::Any,
        )],
        signs: &[],
        shows: &[Show::Condition("ScalingLimited", "True")],
        harms: Harms::Nobody,
        remedies: &[undo(Act::RevertChange)],
        frequency: by_change(0.03),
        source: "S hpa_*; I misconfigured-hpa #38 (KubeHpaMaxedOut)",
        ..CALLS
    },
    Fault {
        id: "service_protocol_wrong",
        summary: "A Service carries UDP where its callers speak TCP.",
        targets: &[Service],
        steps: &[Step::Make(mistakes::wrong_protocol)],
        betrayed_by_change: &[field(&["Service"], "spec.ports", Turn::Any)],
        signs: &[
            falls(Seen::Rate, On::Subject),
            rises(Seen::Errors, On::Callers),
        ],
        candidacy: Candidacy::InDumps,
        remedies: &[undo(Act::RevertChange)],
        frequency: by_change(0.02),
        source: "O ServiceProtocolMismatch",
        ..CALLS
    },
    Fault {
        id: "service_selector_too_broad",
        summary: "Pods of something else carry the labels that a Service selects: a share of calls goes astray.",
        targets: &[Service],
        steps: &[Step::Make(mistakes::foreign_pods)],
        betrayed_by_change: &[Betrayal::Created("Deployment")],
        signs: &[rises(Seen::Errors, On::Callers)],
        remedies: &[undo(Act::RevertChange)],
        frequency: by_change(0.03),
        source: "S service_wrong_pod_selection",
        ..CALLS
    },
    Fault {
        id: "memory_limit_squeezed_again",
        summary: "A nightly job lowers a memory limit, whoever has raised it since.",
        needs: Needs::Served,
        steps: &[
            Step::Apply(
                r#"{"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "$name-rightsizer", "namespace": "$ns"}, "spec": {"schedule": "*/2 * * * *", "jobTemplate": {"spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "rightsizer", "image": "bitnami/kubectl:1.34", "command": ["sh", "-c", "sleep 3"]}]}}}}}}"#,
            ),
            Step::Again {
                actor: "cronjob:$name-rightsizer",
                every: 120,
                through: "CronJob/$name-rightsizer",
                step: &Step::Make(mistakes::squeezed_memory),
            },
        ],
        betrayed_by_change: &[field(TEMPLATED, "resources.limits.memory", Turn::Falls)],
        signs: &[
            rises(Seen::OomKilled, On::Subject),
            rises(Seen::Restarts, On::Subject),
        ],
        shows: &[Show::Ended("OOMKilled")],
        harms: Harms::NextPod,
        candidacy: Candidacy::InDumps,
        remedies: &[undo(Act::RevertChange)],
        frequency: by_change(0.03),
        source: "S nightly_rebalance_oom",
        ..CALLS
    },
];
