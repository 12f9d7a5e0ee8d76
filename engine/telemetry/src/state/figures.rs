//! The families that are one figure of an object, kind by kind.
//! Source: kube-state-metrics, docs/metrics, a page a kind.

use super::table::Figure::{Flag, Info, Number, NumberOr, Time};
use super::table::{Row, Table};
use crate::sheet::Sheet;
use serde_json::Value;

const CREATED: &str = "/metadata/creationTimestamp";
const DELETED: &str = "/metadata/deletionTimestamp";
const GENERATION: &str = "/metadata/generation";
const OBSERVED: &str = "/status/observedGeneration";

/// Adds the samples of an object of a kind.
pub(super) fn of(kind: &str, object: &Value, sheet: &mut Sheet) {
    if let Some(table) = TABLES.iter().find(|table| table.kind == kind) {
        table.add(object, sheet);
    }
}

const TABLES: &[Table] = &[
    Table {
        kind: "Namespace",
        label: "namespace",
        rows: NAMESPACE,
    },
    Table {
        kind: "Node",
        label: "node",
        rows: NODE,
    },
    Table {
        kind: "Deployment",
        label: "deployment",
        rows: DEPLOYMENT,
    },
    Table {
        kind: "ReplicaSet",
        label: "replicaset",
        rows: REPLICA_SET,
    },
    Table {
        kind: "StatefulSet",
        label: "statefulset",
        rows: STATEFUL_SET,
    },
    Table {
        kind: "DaemonSet",
        label: "daemonset",
        rows: DAEMON_SET,
    },
    Table {
        kind: "Job",
        label: "job_name",
        rows: JOB,
    },
    Table {
        kind: "CronJob",
        label: "cronjob",
        rows: CRON_JOB,
    },
    Table {
        kind: "HorizontalPodAutoscaler",
        label: "horizontalpodautoscaler",
        rows: AUTOSCALER,
    },
    Table {
        kind: "PodDisruptionBudget",
        label: "poddisruptionbudget",
        rows: BUDGET,
    },
    Table {
        kind: "NetworkPolicy",
        label: "networkpolicy",
        rows: NETWORK_POLICY,
    },
    Table {
        kind: "Service",
        label: "service",
        rows: SERVICE,
    },
    Table {
        kind: "Endpoints",
        label: "endpoint",
        rows: ENDPOINTS,
    },
    Table {
        kind: "Ingress",
        label: "ingress",
        rows: INGRESS,
    },
    Table {
        kind: "ConfigMap",
        label: "configmap",
        rows: CONFIG_MAP,
    },
    Table {
        kind: "Secret",
        label: "secret",
        rows: SECRET,
    },
    Table {
        kind: "PersistentVolumeClaim",
        label: "persistentvolumeclaim",
        rows: CLAIM,
    },
    Table {
        kind: "ResourceQuota",
        label: "resourcequota",
        rows: QUOTA,
    },
    Table {
        kind: "LimitRange",
        label: "limitrange",
        rows: LIMIT_RANGE,
    },
];

const NAMESPACE: &[Row] = &[(
    "kube_namespace_created",
    "Unix creation timestamp.",
    Time(CREATED),
)];

const NODE: &[Row] = &[
    (
        "kube_node_created",
        "Unix creation timestamp.",
        Time(CREATED),
    ),
    (
        "kube_node_deletion_timestamp",
        "Unix deletion timestamp.",
        Time(DELETED),
    ),
    (
        "kube_node_spec_unschedulable",
        "Whether a node can schedule new pods.",
        Flag("/spec/unschedulable"),
    ),
];

const DEPLOYMENT: &[Row] = &[
    (
        "kube_deployment_created",
        "Unix creation timestamp.",
        Time(CREATED),
    ),
    (
        "kube_deployment_deletion_timestamp",
        "Unix deletion timestamp.",
        Time(DELETED),
    ),
    (
        "kube_deployment_status_replicas",
        "The number of replicas per deployment.",
        NumberOr("/status/replicas", 0.0),
    ),
    (
        "kube_deployment_status_replicas_ready",
        "The number of ready replicas per deployment.",
        NumberOr("/status/readyReplicas", 0.0),
    ),
    (
        "kube_deployment_status_replicas_available",
        "The number of available replicas per deployment.",
        NumberOr("/status/availableReplicas", 0.0),
    ),
    (
        "kube_deployment_status_replicas_unavailable",
        "The number of unavailable replicas per deployment.",
        NumberOr("/status/unavailableReplicas", 0.0),
    ),
    (
        "kube_deployment_status_replicas_updated",
        "The number of updated replicas per deployment.",
        NumberOr("/status/updatedReplicas", 0.0),
    ),
    (
        "kube_deployment_status_observed_generation",
        "The generation observed by the deployment controller.",
        NumberOr(OBSERVED, 0.0),
    ),
    (
        "kube_deployment_spec_replicas",
        "Number of desired pods for a deployment.",
        NumberOr("/spec/replicas", 1.0),
    ),
    (
        "kube_deployment_spec_paused",
        "Whether the deployment is paused and will not be processed by the deployment controller.",
        Flag("/spec/paused"),
    ),
    (
        "kube_deployment_metadata_generation",
        "Sequence number representing a specific generation of the desired state.",
        Number(GENERATION),
    ),
];

const REPLICA_SET: &[Row] = &[
    (
        "kube_replicaset_created",
        "Unix creation timestamp.",
        Time(CREATED),
    ),
    (
        "kube_replicaset_status_replicas",
        "The number of replicas per ReplicaSet.",
        NumberOr("/status/replicas", 0.0),
    ),
    (
        "kube_replicaset_status_fully_labeled_replicas",
        "The number of fully labeled replicas per ReplicaSet.",
        NumberOr("/status/fullyLabeledReplicas", 0.0),
    ),
    (
        "kube_replicaset_status_ready_replicas",
        "The number of ready replicas per ReplicaSet.",
        NumberOr("/status/readyReplicas", 0.0),
    ),
    (
        "kube_replicaset_status_observed_generation",
        "The generation observed by the ReplicaSet controller.",
        NumberOr(OBSERVED, 0.0),
    ),
    (
        "kube_replicaset_spec_replicas",
        "Number of desired pods for a ReplicaSet.",
        NumberOr("/spec/replicas", 1.0),
    ),
    (
        "kube_replicaset_metadata_generation",
        "Sequence number representing a specific generation of the desired state.",
        Number(GENERATION),
    ),
];

const STATEFUL_SET: &[Row] = &[
    (
        "kube_statefulset_created",
        "Unix creation timestamp.",
        Time(CREATED),
    ),
    (
        "kube_statefulset_status_replicas",
        "The number of replicas per StatefulSet.",
        NumberOr("/status/replicas", 0.0),
    ),
    (
        "kube_statefulset_status_replicas_current",
        "The number of current replicas per StatefulSet.",
        NumberOr("/status/currentReplicas", 0.0),
    ),
    (
        "kube_statefulset_status_replicas_ready",
        "The number of ready replicas per StatefulSet.",
        NumberOr("/status/readyReplicas", 0.0),
    ),
    (
        "kube_statefulset_status_replicas_available",
        "The number of available replicas per StatefulSet.",
        NumberOr("/status/availableReplicas", 0.0),
    ),
    (
        "kube_statefulset_status_replicas_updated",
        "The number of updated replicas per StatefulSet.",
        NumberOr("/status/updatedReplicas", 0.0),
    ),
    (
        "kube_statefulset_status_observed_generation",
        "The generation observed by the StatefulSet controller.",
        NumberOr(OBSERVED, 0.0),
    ),
    (
        "kube_statefulset_replicas",
        "Number of desired pods for a StatefulSet.",
        NumberOr("/spec/replicas", 1.0),
    ),
    (
        "kube_statefulset_ordinals_start",
        "Start ordinal of the StatefulSet.",
        Number("/spec/ordinals/start"),
    ),
    (
        "kube_statefulset_metadata_generation",
        "Sequence number representing a specific generation of the desired state.",
        Number(GENERATION),
    ),
];

const DAEMON_SET: &[Row] = &[
    (
        "kube_daemonset_created",
        "Unix creation timestamp.",
        Time(CREATED),
    ),
    (
        "kube_daemonset_status_current_number_scheduled",
        "The number of nodes running at least one daemon pod and that are supposed to.",
        NumberOr("/status/currentNumberScheduled", 0.0),
    ),
    (
        "kube_daemonset_status_desired_number_scheduled",
        "The number of nodes that should be running the daemon pod.",
        NumberOr("/status/desiredNumberScheduled", 0.0),
    ),
    (
        "kube_daemonset_status_number_available",
        "The number of nodes that should be running the daemon pod and have one or more of the daemon pod running and available.",
        NumberOr("/status/numberAvailable", 0.0),
    ),
    (
        "kube_daemonset_status_number_misscheduled",
        "The number of nodes running a daemon pod that are not supposed to.",
        NumberOr("/status/numberMisscheduled", 0.0),
    ),
    (
        "kube_daemonset_status_number_ready",
        "The number of nodes that should be running the daemon pod and have one or more of the daemon pod running and ready.",
        NumberOr("/status/numberReady", 0.0),
    ),
    (
        "kube_daemonset_status_number_unavailable",
        "The number of nodes that should be running the daemon pod and have none of the daemon pod running and available.",
        NumberOr("/status/numberUnavailable", 0.0),
    ),
    (
        "kube_daemonset_status_observed_generation",
        "The most recent generation observed by the daemon set controller.",
        NumberOr(OBSERVED, 0.0),
    ),
    (
        "kube_daemonset_status_updated_number_scheduled",
        "The number of nodes that run the updated daemon pod.",
        NumberOr("/status/updatedNumberScheduled", 0.0),
    ),
    (
        "kube_daemonset_metadata_generation",
        "Sequence number representing a specific generation of the desired state.",
        Number(GENERATION),
    ),
];

const JOB: &[Row] = &[
    ("kube_job_info", "Information about job.", Info),
    (
        "kube_job_created",
        "Unix creation timestamp.",
        Time(CREATED),
    ),
    (
        "kube_job_spec_parallelism",
        "The maximum desired number of pods the job should run at any given time.",
        Number("/spec/parallelism"),
    ),
    (
        "kube_job_spec_completions",
        "The desired number of successfully finished pods the job should be run with.",
        Number("/spec/completions"),
    ),
    (
        "kube_job_spec_active_deadline_seconds",
        "The duration in seconds relative to the startTime that the job may be active before the system tries to terminate it.",
        Number("/spec/activeDeadlineSeconds"),
    ),
    (
        "kube_job_status_active",
        "The number of actively running pods.",
        NumberOr("/status/active", 0.0),
    ),
    (
        "kube_job_status_succeeded",
        "The number of pods which reached Phase Succeeded.",
        NumberOr("/status/succeeded", 0.0),
    ),
    (
        "kube_job_status_start_time",
        "When the job was acknowledged by the Job Controller.",
        Time("/status/startTime"),
    ),
    (
        "kube_job_status_completion_time",
        "When the job was completed.",
        Time("/status/completionTime"),
    ),
    (
        "kube_job_status_suspended",
        "Whether the job is suspended.",
        Flag("/spec/suspend"),
    ),
];

const CRON_JOB: &[Row] = &[
    (
        "kube_cronjob_created",
        "Unix creation timestamp.",
        Time(CREATED),
    ),
    (
        "kube_cronjob_status_last_schedule_time",
        "The last time the job was successfully scheduled.",
        Time("/status/lastScheduleTime"),
    ),
    (
        "kube_cronjob_status_last_successful_time",
        "The last time the job was completed successfully.",
        Time("/status/lastSuccessfulTime"),
    ),
    (
        "kube_cronjob_spec_suspend",
        "Whether subsequent executions are suspended.",
        Flag("/spec/suspend"),
    ),
    (
        "kube_cronjob_spec_starting_deadline_seconds",
        "Deadline in seconds for starting the job if it misses scheduled time for any reason.",
        Number("/spec/startingDeadlineSeconds"),
    ),
    (
        "kube_cronjob_metadata_resource_version",
        "Resource version representing a specific version of the CronJob.",
        Number("/metadata/resourceVersion"),
    ),
    (
        "kube_cronjob_spec_successful_job_history_limit",
        "How many completed jobs should be preserved.",
        Number("/spec/successfulJobsHistoryLimit"),
    ),
    (
        "kube_cronjob_spec_failed_job_history_limit",
        "How many failed jobs should be preserved.",
        Number("/spec/failedJobsHistoryLimit"),
    ),
];

const AUTOSCALER: &[Row] = &[
    (
        "kube_horizontalpodautoscaler_created",
        "Unix creation timestamp.",
        Time(CREATED),
    ),
    (
        "kube_horizontalpodautoscaler_metadata_generation",
        "The generation observed by the HorizontalPodAutoscaler controller.",
        Number(GENERATION),
    ),
    (
        "kube_horizontalpodautoscaler_spec_max_replicas",
        "Upper limit for the number of pods that can be set by the autoscaler.",
        Number("/spec/maxReplicas"),
    ),
    (
        "kube_horizontalpodautoscaler_spec_min_replicas",
        "Lower limit for the number of pods that can be set by the autoscaler.",
        NumberOr("/spec/minReplicas", 1.0),
    ),
    (
        "kube_horizontalpodautoscaler_status_current_replicas",
        "Current number of replicas of pods managed by this autoscaler.",
        NumberOr("/status/currentReplicas", 0.0),
    ),
    (
        "kube_horizontalpodautoscaler_status_desired_replicas",
        "Desired number of replicas of pods managed by this autoscaler.",
        NumberOr("/status/desiredReplicas", 0.0),
    ),
];

const BUDGET: &[Row] = &[
    (
        "kube_poddisruptionbudget_created",
        "Unix creation timestamp.",
        Time(CREATED),
    ),
    (
        "kube_poddisruptionbudget_status_current_healthy",
        "Current number of healthy pods.",
        NumberOr("/status/currentHealthy", 0.0),
    ),
    (
        "kube_poddisruptionbudget_status_desired_healthy",
        "Minimum desired number of healthy pods.",
        NumberOr("/status/desiredHealthy", 0.0),
    ),
    (
        "kube_poddisruptionbudget_status_pod_disruptions_allowed",
        "Number of pod disruptions that are currently allowed.",
        NumberOr("/status/disruptionsAllowed", 0.0),
    ),
    (
        "kube_poddisruptionbudget_status_expected_pods",
        "Total number of pods counted by this disruption budget.",
        NumberOr("/status/expectedPods", 0.0),
    ),
    (
        "kube_poddisruptionbudget_status_observed_generation",
        "Most recent generation observed when updating this PDB status.",
        NumberOr(OBSERVED, 0.0),
    ),
];

const NETWORK_POLICY: &[Row] = &[(
    "kube_networkpolicy_created",
    "Unix creation timestamp of network policy.",
    Time(CREATED),
)];

const SERVICE: &[Row] = &[(
    "kube_service_created",
    "Unix creation timestamp.",
    Time(CREATED),
)];

const ENDPOINTS: &[Row] = &[
    ("kube_endpoint_info", "Information about endpoint.", Info),
    (
        "kube_endpoint_created",
        "Unix creation timestamp.",
        Time(CREATED),
    ),
];

const INGRESS: &[Row] = &[(
    "kube_ingress_created",
    "Unix creation timestamp.",
    Time(CREATED),
)];

const CONFIG_MAP: &[Row] = &[
    ("kube_configmap_info", "Information about configmap.", Info),
    (
        "kube_configmap_created",
        "Unix creation timestamp.",
        Time(CREATED),
    ),
];

const SECRET: &[Row] = &[
    ("kube_secret_info", "Information about secret.", Info),
    (
        "kube_secret_created",
        "Unix creation timestamp.",
        Time(CREATED),
    ),
];

const CLAIM: &[Row] = &[
    (
        "kube_persistentvolumeclaim_created",
        "Unix creation timestamp.",
        Time(CREATED),
    ),
    (
        "kube_persistentvolumeclaim_deletion_timestamp",
        "Unix deletion timestamp.",
        Time(DELETED),
    ),
    (
        "kube_persistentvolumeclaim_resource_requests_storage_bytes",
        "The capacity of storage requested by the persistent volume claim.",
        Number("/spec/resources/requests/storage"),
    ),
];

const QUOTA: &[Row] = &[(
    "kube_resourcequota_created",
    "Unix creation timestamp.",
    Time(CREATED),
)];

const LIMIT_RANGE: &[Row] = &[(
    "kube_limitrange_created",
    "Unix creation timestamp.",
    Time(CREATED),
)];
