//! What refuses new pods while the old ones serve: quotas, limits, webhooks, Pod Security.

use super::words::{LISTED, by_change, field, rises, undo};
use crate::betrayal::{Betrayal, Turn};
use crate::fault::TargetKind::Workload;
use crate::fault::{Act, Candidacy, Expressed, Fault, Harms, On, Section, Show};
use crate::step::{Place, Step};
use aegis_model::SymptomKind as Seen;

/// New pods are refused.
const REFUSED: Fault = Fault {
    section: Section::Scheduling,
    targets: &[Workload],
    signs: &[rises(Seen::Unschedulable, On::Subject)],
    betrayed_by_change: &[
        Betrayal::Created("ResourceQuota"),
        field(&["ResourceQuota"], "spec", Turn::Any),
    ],
    harms: Harms::NextPod,
    remedies: &[undo(Act::RevertChange)],
    delay: 5,
    frequency: by_change(0.06),
    ..LISTED
};

/// A webhook stands in the way.
const HOOK: Fault = Fault {
    expressed: Expressed::State,
    betrayed_by_change: &[
        Betrayal::Created("ValidatingWebhookConfiguration"),
        Betrayal::Created("MutatingWebhookConfiguration"),
    ],
    frequency: by_change(0.04),
    ..REFUSED
};

/// A program that answers webhooks, its Service and the Secret of its certificate.
const GATEKEEPER: Step = Step::Apply(
    r#"{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "$name-gatekeeper", "namespace": "$ns"}, "spec": {"selector": {"matchLabels": {"gatekeeper": "$name"}}, "template": {"metadata": {"labels": {"gatekeeper": "$name"}}, "spec": {"containers": [{"name": "server", "image": "example/policy-server:1.0", "ports": [{"containerPort": 8443}], "volumeMounts": [{"name": "tls", "mountPath": "/tls"}]}], "volumes": [{"name": "tls", "secret": {"secretName": "$name-gatekeeper-tls"}}]}}}}"#,
);
const GATEKEEPER_SERVICE: Step = Step::Apply(
    r#"{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "$name-gatekeeper", "namespace": "$ns"}, "spec": {"selector": {"gatekeeper": "$name"}, "ports": [{"port": 443, "targetPort": 8443}]}}"#,
);
const GATEKEEPER_SECRET: Step = Step::Apply(
    r#"{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "$name-gatekeeper-tls", "namespace": "$ns"}, "type": "kubernetes.io/tls", "data": {"ca.crt": "Q0EgT05F", "tls.crt": "U0VSVkVSIE9ORQ==", "tls.key": "S0VZIE9ORQ=="}}"#,
);

pub const ROWS: &[Fault] = &[
    Fault {
        id: "quota_cpu_exceeded",
        summary: "A namespace's quota of CPU is used up: no further pod is let in.",
        steps: &[Step::Apply(
            r#"{"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "compute", "namespace": "$ns"}, "spec": {"hard": {"requests.cpu": "10m"}}}"#,
        )],
        shows: &[Show::Event("FailedCreate", "exceeded quota")],
        source: "I insufficient-quota #102; O NamespaceCPUQuotaExceeded",
        ..REFUSED
    },
    Fault {
        id: "quota_memory_exceeded",
        summary: "A namespace's quota of memory is used up: no further pod is let in.",
        steps: &[Step::Apply(
            r#"{"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "memory", "namespace": "$ns"}, "spec": {"hard": {"requests.memory": "16Mi"}}}"#,
        )],
        shows: &[Show::Event("FailedCreate", "exceeded quota")],
        source: "S namespace_memory_limit; O NamespaceMemoryQuotaExceeded",
        ..REFUSED
    },
    Fault {
        id: "quota_pods_exceeded",
        summary: "A namespace may have no more pods than it has.",
        steps: &[Step::Apply(
            r#"{"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "pods", "namespace": "$ns"}, "spec": {"hard": {"pods": "1"}}}"#,
        )],
        shows: &[Show::Event("FailedCreate", "exceeded quota")],
        source: "I insufficient-quota #52; O NamespacePodQuotaExceeded",
        ..REFUSED
    },
    Fault {
        id: "quota_services_exceeded",
        summary: "A namespace may have no more Services: a release that brings one is refused.",
        steps: &[
            Step::Apply(
                r#"{"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "services", "namespace": "$ns"}, "spec": {"hard": {"services": "1"}}}"#,
            ),
            Step::Apply(
                r#"{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "$name-admin", "namespace": "$ns"}, "spec": {"selector": $labels, "ports": [{"port": 9000}]}}"#,
            ),
        ],
        signs: &[],
        harms: Harms::Nobody,
        source: "O NamespaceServiceQuotaExceeded",
        ..REFUSED
    },
    Fault {
        id: "quota_storage_exceeded",
        summary: "A namespace's quota of storage is used up: claims of new replicas are refused.",
        steps: &[
            Step::Apply(
                r#"{"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "storage", "namespace": "$ns"}, "spec": {"hard": {"requests.storage": "1Gi"}}}"#,
            ),
            Step::Apply(
                r#"{"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "$name-archive", "namespace": "$ns"}, "spec": {"serviceName": "$name-archive", "selector": {"matchLabels": {"archive": "$name"}}, "template": {"metadata": {"labels": {"archive": "$name"}}, "spec": {"containers": [{"name": "archive", "image": "registry.k8s.io/pause:3.10", "resources": {"requests": {"cpu": "1m", "memory": "1Mi"}, "limits": {"cpu": "1m", "memory": "1Mi"}}}]}}, "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "5Gi"}}}}]}}"#,
            ),
        ],
        signs: &[],
        shows: &[Show::Event("FailedCreate", "exceeded quota")],
        harms: Harms::Nobody,
        source: "O NamespaceStorageQuotaExceeded",
        ..REFUSED
    },
    Fault {
        id: "limit_range_too_low",
        summary: "A LimitRange allows containers less memory than they ask for.",
        steps: &[Step::Apply(
            r#"{"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "small", "namespace": "$ns"}, "spec": {"limits": [{"type": "Container", "max": {"memory": "16Mi"}, "default": {"memory": "16Mi"}, "defaultRequest": {"memory": "16Mi"}}]}}"#,
        )],
        betrayed_by_change: &[
            Betrayal::Created("LimitRange"),
            field(&["LimitRange"], "spec", Turn::Any),
        ],
        shows: &[Show::Event("FailedCreate", "forbidden")],
        source: "S namespace_memory_limit; Kubernetes, LimitRange",
        ..REFUSED
    },
    Fault {
        id: "pod_security_restricted",
        summary: "A namespace enforces the restricted Pod Security Standard, and its pods do not meet it.",
        stage: &[Step::Apply(
            r#"{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "$ns", "labels": {"team": "shop"}}}"#,
        )],
        steps: &[Step::Patch(
            Place::Named("Namespace", "$ns"),
            r#"{"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}}"#,
        )],
        betrayed_by_change: &[field(&["Namespace"], "metadata.labels", Turn::Any)],
        shows: &[Show::Event("FailedCreate", "violates PodSecurity")],
        source: "S psa_restricted_blocks_recreation",
        ..REFUSED
    },
    Fault {
        id: "webhook_backend_missing",
        summary: "A webhook whose failure refuses requests has no program behind it.",
        steps: &[Step::Apply(
            r#"{"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration", "metadata": {"name": "policy"}, "webhooks": [{"name": "policy.example.com", "admissionReviewVersions": ["v1"], "sideEffects": "None", "failurePolicy": "Fail", "clientConfig": {"service": {"name": "policy-server", "namespace": "$ns", "path": "/validate"}}, "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}]}]}"#,
        )],
        shows: &[Show::Event("FailedCreate", "failed calling webhook")],
        source: "S admission_webhook_outage",
        ..HOOK
    },
    Fault {
        id: "webhook_certificate_wrong",
        summary: "The API server does not trust the certificate of a webhook.",
        stage: &[GATEKEEPER_SECRET, GATEKEEPER, GATEKEEPER_SERVICE],
        steps: &[Step::Apply(
            r#"{"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration", "metadata": {"name": "policy"}, "webhooks": [{"name": "policy.example.com", "admissionReviewVersions": ["v1"], "sideEffects": "None", "failurePolicy": "Fail", "clientConfig": {"caBundle": "Q0EgVFdP", "service": {"name": "$name-gatekeeper", "namespace": "$ns", "path": "/validate"}}, "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}]}]}"#,
        )],
        shows: &[Show::Event("FailedCreate", "x509")],
        source: "S admission_webhook_tls_mismatch",
        ..HOOK
    },
    Fault {
        id: "admission_webhook_fails",
        summary: "A webhook refuses every new pod.",
        stage: &[GATEKEEPER_SECRET, GATEKEEPER, GATEKEEPER_SERVICE],
        steps: &[Step::Apply(
            r#"{"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration", "metadata": {"name": "policy", "annotations": {"aegis.dev/deny": "images must be signed"}}, "webhooks": [{"name": "policy.example.com", "admissionReviewVersions": ["v1"], "sideEffects": "None", "failurePolicy": "Fail", "clientConfig": {"caBundle": "Q0EgT05F", "service": {"name": "$name-gatekeeper", "namespace": "$ns", "path": "/validate"}}, "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}]}]}"#,
        )],
        shows: &[Show::Event("FailedCreate", "denied the request")],
        source: "S admission_webhook_*; Kubernetes, dynamic admission control",
        ..HOOK
    },
    Fault {
        id: "webhooks_slow_together",
        summary: "Webhooks that are each slow take together longer than a request may.",
        stage: &[GATEKEEPER_SECRET, GATEKEEPER, GATEKEEPER_SERVICE],
        steps: &[Step::Apply(
            r#"{"apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingWebhookConfiguration", "metadata": {"name": "policies"}, "webhooks": [{"name": "a.example.com", "admissionReviewVersions": ["v1"], "sideEffects": "None", "failurePolicy": "Ignore", "timeoutSeconds": 10, "clientConfig": {"caBundle": "Q0EgT05F", "service": {"name": "$name-gatekeeper", "namespace": "$ns"}}, "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}]}, {"name": "b.example.com", "admissionReviewVersions": ["v1"], "sideEffects": "None", "failurePolicy": "Ignore", "timeoutSeconds": 10, "clientConfig": {"caBundle": "Q0EgT05F", "service": {"name": "$name-gatekeeper", "namespace": "$ns"}}, "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}]}, {"name": "c.example.com", "admissionReviewVersions": ["v1"], "sideEffects": "None", "failurePolicy": "Ignore", "timeoutSeconds": 10, "clientConfig": {"caBundle": "Q0EgT05F", "service": {"name": "$name-gatekeeper", "namespace": "$ns"}}, "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}]}, {"name": "d.example.com", "admissionReviewVersions": ["v1"], "sideEffects": "None", "failurePolicy": "Fail", "timeoutSeconds": 10, "clientConfig": {"caBundle": "Q0EgT05F", "service": {"name": "$name-gatekeeper", "namespace": "$ns"}}, "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}]}]}"#,
        )],
        shows: &[Show::Event("FailedCreate", "context deadline exceeded")],
        frequency: by_change(0.02),
        source: "S cumulative_admission_webhook_timeout",
        ..HOOK
    },
    Fault {
        id: "webhook_writes_memory_limit",
        summary: "A webhook writes a memory limit into new pods that they cannot live with; their Deployment is right.",
        stage: &[GATEKEEPER_SECRET, GATEKEEPER, GATEKEEPER_SERVICE],
        steps: &[Step::Apply(
            r#"{"apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingWebhookConfiguration", "metadata": {"name": "rightsizer", "annotations": {"aegis.dev/patch": "{\"spec\": {\"containers\": [{\"name\": \"*\", \"resources\": {\"limits\": {\"memory\": \"6Mi\"}, \"requests\": {\"memory\": \"6Mi\"}}}]}}"}}, "webhooks": [{"name": "rightsizer.example.com", "admissionReviewVersions": ["v1"], "sideEffects": "None", "failurePolicy": "Fail", "clientConfig": {"caBundle": "Q0EgT05F", "service": {"name": "$name-gatekeeper", "namespace": "$ns"}}, "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}]}]}"#,
        )],
        signs: &[
            rises(Seen::OomKilled, On::Subject),
            rises(Seen::Restarts, On::Subject),
        ],
        shows: &[Show::Ended("OOMKilled")],
        remedies: &[undo(Act::RevertChange)],
        frequency: by_change(0.02),
        source: "S mutating_webhook_resource_limits",
        ..HOOK
    },
    Fault {
        id: "disruption_budget_blocks",
        summary: "A PodDisruptionBudget allows no disruption: no node can be drained.",
        steps: &[Step::Apply(
            r#"{"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "$name", "namespace": "$ns"}, "spec": {"maxUnavailable": 0, "selector": {"matchLabels": $labels}}}"#,
        )],
        betrayed_by_change: &[Betrayal::Created("PodDisruptionBudget")],
        signs: &[],
        shows: &[Show::Condition("DisruptionAllowed", "False")],
        harms: Harms::Nobody,
        source: "Kubernetes, PodDisruptionBudget; k8sgpt PDB analyzer",
        ..REFUSED
    },
    Fault {
        id: "finalizer_stuck",
        candidacy: Candidacy::InDumps,
        section: Section::Workload,
        summary: "An object is to go, and a finalizer that nobody takes away keeps it.",
        stage: &[Step::Apply(
            r#"{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "$name-lease", "namespace": "$ns", "finalizers": ["example.com/cleanup"]}, "data": {"owner": "$name"}}"#,
        )],
        steps: &[Step::Delete(Place::Named("ConfigMap", "$name-lease"))],
        betrayed_by_change: &[Betrayal::Deleted("ConfigMap")],
        signs: &[],
        shows: &[Show::Terminating("ConfigMap")],
        harms: Harms::Nobody,
        remedies: &[undo(Act::ClearFinalizers)],
        source: "S finalizer_deadlock_controller",
        ..REFUSED
    },
    Fault {
        id: "cron_job_sidecar_stays",
        section: Section::Workload,
        summary: "The pods of a CronJob hold a sidecar that never ends: its Jobs pile up.",
        steps: &[Step::Apply(
            r#"{"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "$name-report", "namespace": "$ns"}, "spec": {"schedule": "* * * * *", "jobTemplate": {"spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "report", "image": "busybox:1.36", "command": ["sh", "-c", "sleep 5"]}, {"name": "proxy", "image": "busybox:1.36", "command": ["sh", "-c", "sleep infinity"]}]}}}}}}"#,
        )],
        betrayed_by_change: &[
            Betrayal::Created("CronJob"),
            field(&["CronJob"], "containers", Turn::Any),
        ],
        signs: &[],
        shows: &[Show::ActiveJobs(2)],
        harms: Harms::Nobody,
        source: "S cronjob_sidecar_blocks_completion",
        ..REFUSED
    },
    Fault {
        id: "cron_job_broken",
        section: Section::Workload,
        summary: "A CronJob no longer runs: it is suspended.",
        stage: &[Step::Apply(
            r#"{"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "$name-backup", "namespace": "$ns"}, "spec": {"schedule": "* * * * *", "jobTemplate": {"spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "backup", "image": "busybox:1.36", "command": ["sh", "-c", "sleep 5"]}]}}}}}}"#,
        )],
        steps: &[Step::Patch(
            Place::Named("CronJob", "$name-backup"),
            r#"{"spec": {"suspend": true}}"#,
        )],
        betrayed_by_change: &[field(&["CronJob"], "spec.suspend", Turn::Any)],
        signs: &[],
        harms: Harms::Nobody,
        source: "k8sgpt CronJob analyzer",
        ..REFUSED
    },
    Fault {
        id: "job_failed",
        section: Section::Workload,
        summary: "A Job gives up: its pods fail more often than it allows.",
        steps: &[Step::Apply(
            r#"{"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "$name-migrate", "namespace": "$ns"}, "spec": {"backoffLimit": 1, "template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "migrate", "image": "busybox:1.36", "command": ["sh", "-c", "echo no such table; exit 1"]}]}}}}"#,
        )],
        betrayed_by_change: &[Betrayal::Created("Job")],
        signs: &[],
        shows: &[Show::Condition("Failed", "True")],
        harms: Harms::Nobody,
        source: "k8sgpt Job analyzer",
        ..REFUSED
    },
];
