//! Objects that do nothing, or the wrong thing.

use super::{Cause, step};

/// The rows.
pub const ROWS: &[Cause] = &[
    Cause {
        id: "autoscaler_broken",
        mechanism: "The autoscaler has no target or no metrics, so it does not scale.",
        prior: 0.05,
        fix: &[step("kubectl -n {ns} describe hpa {name}", "")],
        check: (
            "kubectl -n {ns} describe hpa {name}",
            "FailedGetResourceMetric or FailedGetScale",
        ),
        source: "S hpa_missing_effective_cpu_request; I #38",
    },
    Cause {
        id: "autoscaler_max_too_low",
        mechanism: "The autoscaler may not add the replicas that the load needs.",
        prior: 0.05,
        fix: &[step(
            "kubectl -n {ns} patch hpa {name} -p '{\"spec\":{\"maxReplicas\":10}}'",
            "kubectl -n {ns} rollout undo {kind}/{name}",
        )],
        check: (
            "kubectl -n {ns} get hpa {name}",
            "replicas at maxReplicas, utilisation above target",
        ),
        source: "I #38",
    },
    Cause {
        id: "disruption_budget_blocks",
        mechanism: "A PodDisruptionBudget allows no disruption: nodes cannot be drained.",
        prior: 0.04,
        fix: &[step("kubectl -n {ns} describe pdb {name}", "")],
        check: ("kubectl -n {ns} get pdb {name}", "ALLOWED DISRUPTIONS 0"),
        source: "Kubernetes, PodDisruptionBudget",
    },
    Cause {
        id: "webhook_backend_missing",
        mechanism: "A webhook's Service does not exist or has no endpoint, and its failure refuses requests.",
        prior: 0.06,
        fix: &[step("kubectl get {value_kind} {name} -o yaml", "")],
        check: (
            "kubectl get {value_kind} {name} -o yaml",
            "a Service without endpoints",
        ),
        source: "S admission_webhook_outage",
    },
    Cause {
        id: "cron_job_broken",
        mechanism: "The CronJob does not run: it is suspended, or its schedule cannot be read.",
        prior: 0.04,
        fix: &[step(
            "kubectl -n {ns} patch cronjob {name} -p '{\"spec\":{\"suspend\":false}}'",
            "kubectl -n {ns} patch cronjob {name} -p '{\"spec\":{\"suspend\":true}}'",
        )],
        check: ("kubectl -n {ns} describe cronjob {name}", "no recent run"),
        source: "k8sgpt CronJob analyzer",
    },
    Cause {
        id: "job_failed",
        mechanism: "The Job gave up: its pods failed more often than it allows.",
        prior: 0.06,
        fix: &[step("kubectl -n {ns} logs job/{name}", "")],
        check: (
            "kubectl -n {ns} describe job {name}",
            "BackoffLimitExceeded",
        ),
        source: "k8sgpt Job analyzer",
    },
    Cause {
        id: "finalizer_stuck",
        mechanism: "The object is to be deleted, and a finalizer that nobody removes keeps it.",
        prior: 0.05,
        fix: &[step("kubectl -n {ns} get {kind}/{name} -o yaml", "")],
        check: (
            "kubectl -n {ns} get {kind}/{name} -o yaml",
            "deletionTimestamp and finalizers",
        ),
        source: "S finalizer_deadlock_controller",
    },
    Cause {
        id: "misconfiguration",
        mechanism: "A field is set so that it cannot work.",
        prior: 0.05,
        fix: &[step("kubectl -n {ns} get {kind}/{name} -o yaml", "")],
        check: ("kubectl -n {ns} get {kind}/{name} -o yaml", "{value}"),
        source: "whatever no row names",
    },
];
