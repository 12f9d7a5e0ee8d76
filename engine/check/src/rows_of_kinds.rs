//! Rules of single fields of kinds. Source: pkg/apis/*/validation, by group.

use super::rows_of_pods::MODES;
use super::table::Row;
use super::table::Rule::{
    Absolute, AtLeast, AtMost, Between, Name, Needs, NeedsOne, Never, NotBoth, NotNegative, OneOf,
    Positive, PositiveAmount, Unique,
};

/// Rules of kinds, by the version that serves them.
pub const KINDS: &[(&str, &str, &[Row])] = &[
    (
        "apps/v1",
        "Deployment",
        &[
            ("spec.replicas", AtLeast(0)),
            ("spec.minReadySeconds", AtLeast(0)),
            ("spec.revisionHistoryLimit", AtLeast(0)),
            ("spec.progressDeadlineSeconds", AtLeast(0)),
        ],
    ),
    (
        "apps/v1",
        "ReplicaSet",
        &[
            ("spec.replicas", AtLeast(0)),
            ("spec.minReadySeconds", AtLeast(0)),
        ],
    ),
    (
        "apps/v1",
        "DaemonSet",
        &[
            ("spec.minReadySeconds", AtLeast(0)),
            ("spec.revisionHistoryLimit", AtLeast(0)),
        ],
    ),
    (
        "apps/v1",
        "StatefulSet",
        &[
            ("spec.replicas", AtLeast(0)),
            ("spec.minReadySeconds", AtLeast(0)),
            ("spec.revisionHistoryLimit", AtLeast(0)),
            ("spec.ordinals.start", AtLeast(0)),
            ("spec.updateStrategy.rollingUpdate.partition", AtLeast(0)),
            (
                "spec.persistentVolumeClaimRetentionPolicy.whenDeleted",
                OneOf(&["Delete", "Retain"]),
            ),
            (
                "spec.persistentVolumeClaimRetentionPolicy.whenScaled",
                OneOf(&["Delete", "Retain"]),
            ),
            (
                "spec.volumeClaimTemplates[].spec",
                Needs("accessModes", "at least 1 access mode is required"),
            ),
            (
                "spec.volumeClaimTemplates[].spec.accessModes[]",
                OneOf(MODES),
            ),
            (
                "spec.volumeClaimTemplates[].spec.resources.requests",
                Needs("storage", ""),
            ),
        ],
    ),
    ("batch/v1", "Job", JOB),
    (
        "batch/v1",
        "CronJob",
        &[
            ("spec.successfulJobsHistoryLimit", AtLeast(0)),
            ("spec.failedJobsHistoryLimit", AtLeast(0)),
            ("spec.startingDeadlineSeconds", AtLeast(0)),
        ],
    ),
    (
        "autoscaling/v2",
        "HorizontalPodAutoscaler",
        &[
            ("spec.minReplicas", AtLeast(0)),
            ("spec.maxReplicas", Positive),
            (
                "spec.metrics[].resource.target.averageValue",
                PositiveAmount,
            ),
            (
                "spec.metrics[].resource.target",
                Needs("type", "must specify a metric target type"),
            ),
            (
                "spec.metrics[].resource.target.type",
                OneOf(&["AverageValue", "Utilization", "Value"]),
            ),
            (
                "spec.metrics[].containerResource",
                Needs("container", "must specify a container"),
            ),
            (
                "spec.metrics[].containerResource.target.averageValue",
                PositiveAmount,
            ),
            (
                "spec.metrics[].pods.metric",
                Needs("name", "must specify a metric name"),
            ),
            ("spec.metrics[].pods.target.averageValue", PositiveAmount),
            (
                "spec.metrics[].pods.target",
                Needs(
                    "averageValue",
                    "must specify a positive target averageValue",
                ),
            ),
            (
                "spec.metrics[].object.metric",
                Needs("name", "must specify a metric name"),
            ),
            ("spec.metrics[].object.describedObject", Needs("kind", "")),
            ("spec.metrics[].object.describedObject", Needs("name", "")),
            (
                "spec.metrics[].object.target",
                NeedsOne(
                    &["averageValue", "value"],
                    "must set either a target value or averageValue",
                ),
            ),
            ("spec.metrics[].object.target.value", PositiveAmount),
            ("spec.metrics[].object.target.averageValue", PositiveAmount),
            (
                "spec.metrics[].external.metric",
                Needs("name", "must specify a metric name"),
            ),
            (
                "spec.metrics[].external.target",
                NeedsOne(
                    &["averageValue", "value"],
                    "must set either a target value for metric or a per-pod target",
                ),
            ),
            (
                "spec.metrics[].external.target",
                NotBoth(
                    &["averageValue", "value"],
                    "may not set both a target value for metric and a per-pod target",
                ),
            ),
            ("spec.metrics[].external.target.value", PositiveAmount),
            (
                "spec.metrics[].external.target.averageValue",
                PositiveAmount,
            ),
            (
                "spec.behavior.scaleUp.policies[].type",
                OneOf(&["Percent", "Pods"]),
            ),
            (
                "spec.behavior.scaleDown.policies[].type",
                OneOf(&["Percent", "Pods"]),
            ),
            (
                "spec.behavior.scaleUp.policies[]",
                Needs("value", "must be greater than zero"),
            ),
            (
                "spec.behavior.scaleDown.policies[]",
                Needs("value", "must be greater than zero"),
            ),
        ],
    ),
    (
        "policy/v1",
        "PodDisruptionBudget",
        &[(
            "spec.unhealthyPodEvictionPolicy",
            OneOf(&["AlwaysAllow", "IfHealthyBudget"]),
        )],
    ),
    (
        "storage.k8s.io/v1",
        "StorageClass",
        &[
            ("", Needs("provisioner", "")),
            ("reclaimPolicy", OneOf(&["Delete", "Retain"])),
            (
                "volumeBindingMode",
                OneOf(&["Immediate", "WaitForFirstConsumer"]),
            ),
        ],
    ),
    (
        "v1",
        "PersistentVolumeClaim",
        &[
            ("spec.storageClassName", Name),
            ("spec.volumeAttributesClassName", Name),
        ],
    ),
    (
        "v1",
        "PersistentVolume",
        &[
            ("spec.storageClassName", Name),
            ("spec.local", Needs("path", "")),
            ("spec.hostPath", Needs("path", "")),
            ("spec.nfs", Needs("server", "")),
            ("spec.nfs", Needs("path", "")),
            ("spec.nfs.path", Absolute),
            ("spec.csi", Needs("driver", "")),
            ("spec.csi", Needs("volumeHandle", "")),
            (
                "spec.nodeAffinity",
                Needs("required", "must specify required node constraints"),
            ),
            (
                "spec.nodeAffinity.required",
                Needs(
                    "nodeSelectorTerms",
                    "must have at least one node selector term",
                ),
            ),
        ],
    ),
    (
        "v1",
        "LimitRange",
        &[("spec.limits[].maxLimitRequestRatio{}", PositiveAmount)],
    ),
    (
        "v1",
        "Service",
        &[
            ("spec.ports[].port", Between(1, 65535)),
            (
                "spec.ipFamilyPolicy",
                OneOf(&["PreferDualStack", "RequireDualStack", "SingleStack"]),
            ),
            (
                "spec.sessionAffinityConfig.clientIP.timeoutSeconds",
                Between(1, 86400),
            ),
        ],
    ),
    (
        "networking.k8s.io/v1",
        "NetworkPolicy",
        &[
            (
                "spec.policyTypes",
                AtMost(2, "may not specify more than two policyTypes"),
            ),
            ("spec.ingress[].ports[].port", Between(1, 65535)),
            ("spec.egress[].ports[].port", Between(1, 65535)),
        ],
    ),
    (
        "rbac.authorization.k8s.io/v1",
        "Role",
        &[
            (
                "rules[]",
                Needs("verbs", "verbs must contain at least one value"),
            ),
            (
                "rules[]",
                Needs(
                    "apiGroups",
                    "resource rules must supply at least one api group",
                ),
            ),
            (
                "rules[]",
                Needs(
                    "resources",
                    "resource rules must supply at least one resource",
                ),
            ),
            (
                "rules[].nonResourceURLs",
                Never("namespaced rules cannot apply to non-resource URLs"),
            ),
        ],
    ),
    (
        "rbac.authorization.k8s.io/v1",
        "ClusterRole",
        &[(
            "rules[]",
            Needs("verbs", "verbs must contain at least one value"),
        )],
    ),
    (
        "admissionregistration.k8s.io/v1",
        "ValidatingAdmissionPolicy",
        VALIDATING_POLICY,
    ),
    (
        "admissionregistration.k8s.io/v1",
        "ValidatingAdmissionPolicyBinding",
        &[
            ("spec", Needs("policyName", "")),
            ("spec", Needs("validationActions", "")),
            (
                "spec.validationActions[]",
                OneOf(&["Audit", "Deny", "Warn"]),
            ),
            (
                "spec.paramRef",
                NeedsOne(
                    &["name", "selector"],
                    "one of name or selector must be specified",
                ),
            ),
            (
                "spec.paramRef",
                NotBoth(
                    &["name", "selector"],
                    "name and selector are mutually exclusive",
                ),
            ),
            ("spec.paramRef", Needs("parameterNotFoundAction", "")),
            (
                "spec.paramRef.parameterNotFoundAction",
                OneOf(&["Allow", "Deny"]),
            ),
        ],
    ),
    (
        "admissionregistration.k8s.io/v1",
        "ValidatingWebhookConfiguration",
        WEBHOOKS,
    ),
    (
        "admissionregistration.k8s.io/v1",
        "MutatingWebhookConfiguration",
        WEBHOOKS,
    ),
    (
        "apiextensions.k8s.io/v1",
        "CustomResourceDefinition",
        &[
            ("spec", Needs("group", "")),
            (
                "spec",
                Needs(
                    "versions",
                    "must have exactly one version marked as storage version",
                ),
            ),
            ("spec.scope", OneOf(&["Cluster", "Namespaced"])),
            ("spec.names", Needs("plural", "")),
            ("spec.names", Needs("kind", "")),
            ("spec.versions", Unique("name")),
            ("spec.versions[]", Needs("schema", "schemas are required")),
        ],
    ),
    (
        "node.k8s.io/v1",
        "RuntimeClass",
        &[
            ("", Needs("handler", "")),
            ("overhead.podFixed{}", NotNegative),
        ],
    ),
    (
        "discovery.k8s.io/v1",
        "EndpointSlice",
        &[
            ("", Needs("addressType", "")),
            ("addressType", OneOf(&["FQDN", "IPv4", "IPv6"])),
            (
                "endpoints[]",
                Needs("addresses", "must contain at least 1 address"),
            ),
            ("endpoints", AtMost(1000, "must have at most 1000 items")),
        ],
    ),
    ("resource.k8s.io/v1", "ResourceClaim", CLAIM_OF_DEVICES),
    (
        "resource.k8s.io/v1",
        "ResourceClaimTemplate",
        &[
            ("spec.spec.devices.requests[]", Needs("name", "")),
            ("spec.spec.devices.requests", Unique("name")),
            (
                "spec.spec.devices.requests[].exactly",
                Needs("deviceClassName", ""),
            ),
            (
                "spec.spec.devices.requests[]",
                NeedsOne(
                    &["exactly", "firstAvailable"],
                    "exactly one of `exactly` or `firstAvailable` is required",
                ),
            ),
        ],
    ),
    (
        "resource.k8s.io/v1",
        "ResourceSlice",
        &[
            ("spec", Needs("driver", "")),
            ("spec.pool", Needs("name", "")),
            ("spec.pool.resourceSliceCount", Positive),
            ("spec.devices", Unique("name")),
            (
                "spec",
                NeedsOne(
                    &[
                        "allNodes",
                        "nodeName",
                        "nodeSelector",
                        "perDeviceNodeSelection",
                    ],
                    "exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required",
                ),
            ),
        ],
    ),
];

const CLAIM_OF_DEVICES: &[Row] = &[
    ("spec.devices.requests[]", Needs("name", "")),
    ("spec.devices.requests", Unique("name")),
    (
        "spec.devices.requests[].exactly",
        Needs("deviceClassName", ""),
    ),
    (
        "spec.devices.requests[].exactly.allocationMode",
        OneOf(&["All", "ExactCount"]),
    ),
    (
        "spec.devices.requests[]",
        NeedsOne(
            &["exactly", "firstAvailable"],
            "exactly one of `exactly` or `firstAvailable` is required",
        ),
    ),
];

const VALIDATING_POLICY: &[Row] = &[
    ("spec", Needs("matchConstraints", "")),
    (
        "spec",
        NeedsOne(
            &["auditAnnotations", "validations"],
            "validations or auditAnnotations must contain at least one item",
        ),
    ),
    ("spec.failurePolicy", OneOf(&["Fail", "Ignore"])),
    ("spec.matchConstraints", Needs("resourceRules", "")),
    (
        "spec.matchConstraints.matchPolicy",
        OneOf(&["Equivalent", "Exact"]),
    ),
    (
        "spec.matchConstraints.resourceRules[]",
        Needs("apiGroups", ""),
    ),
    (
        "spec.matchConstraints.resourceRules[]",
        Needs("apiVersions", ""),
    ),
    (
        "spec.matchConstraints.resourceRules[]",
        Needs("resources", ""),
    ),
    (
        "spec.matchConstraints.resourceRules[]",
        Needs("operations", ""),
    ),
    (
        "spec.matchConstraints.resourceRules[].operations[]",
        OneOf(&["*", "CONNECT", "CREATE", "DELETE", "UPDATE"]),
    ),
    ("spec.matchConditions", Unique("name")),
    ("spec.matchConditions[]", Needs("name", "")),
    ("spec.matchConditions[]", Needs("expression", "")),
    ("spec.variables", Unique("name")),
    ("spec.variables[]", Needs("name", "")),
    ("spec.variables[]", Needs("expression", "")),
    (
        "spec.validations[]",
        Needs("expression", "expression is not specified"),
    ),
    (
        "spec.validations[].reason",
        OneOf(&[
            "Forbidden",
            "Invalid",
            "RequestEntityTooLarge",
            "Unauthorized",
        ]),
    ),
    ("spec.paramKind", Needs("apiVersion", "")),
    ("spec.paramKind", Needs("kind", "")),
];

const WEBHOOKS: &[Row] = &[
    (
        "webhooks[]",
        Needs("admissionReviewVersions", "must specify one of v1, v1beta1"),
    ),
    ("webhooks[].matchPolicy", OneOf(&["Equivalent", "Exact"])),
    (
        "webhooks[].reinvocationPolicy",
        OneOf(&["IfNeeded", "Never"]),
    ),
    ("webhooks", Unique("name")),
    (
        "webhooks[].clientConfig.service",
        Needs("name", "service name is required"),
    ),
    (
        "webhooks[].clientConfig.service",
        Needs("namespace", "service namespace is required"),
    ),
    ("webhooks[].rules[]", Needs("apiGroups", "")),
    ("webhooks[].rules[]", Needs("apiVersions", "")),
    ("webhooks[].rules[]", Needs("resources", "")),
    ("webhooks[].rules[]", Needs("operations", "")),
    (
        "webhooks[].rules[].operations[]",
        OneOf(&["*", "CONNECT", "CREATE", "DELETE", "UPDATE"]),
    ),
    (
        "webhooks[].rules[].scope",
        OneOf(&["*", "Cluster", "Namespaced"]),
    ),
];

/// Rules of Jobs, and of what CronJobs make.
pub const JOB: &[Row] = &[
    (
        "spec.podReplacementPolicy",
        OneOf(&["Failed", "TerminatingOrFailed"]),
    ),
    (
        "spec.podFailurePolicy.rules[]",
        NeedsOne(
            &["onExitCodes", "onPodConditions"],
            "specifying one of OnExitCodes and OnPodConditions is required",
        ),
    ),
    (
        "spec.podFailurePolicy.rules[]",
        NotBoth(
            &["onExitCodes", "onPodConditions"],
            "specifying both OnExitCodes and OnPodConditions is not supported",
        ),
    ),
    ("spec.podFailurePolicy.rules[]", Needs("action", "")),
    (
        "spec.podFailurePolicy.rules[].onExitCodes",
        Needs("values", "at least one value is required"),
    ),
    (
        "spec.podFailurePolicy.rules[].onExitCodes",
        Needs("operator", ""),
    ),
    (
        "spec.podFailurePolicy.rules",
        AtMost(20, "must have at most 20 items"),
    ),
    (
        "spec.successPolicy",
        Needs(
            "rules",
            "at least one rules must be specified when the successPolicy is specified",
        ),
    ),
    (
        "spec.successPolicy.rules[]",
        NeedsOne(
            &["succeededCount", "succeededIndexes"],
            "at least one of succeededCount or succeededIndexes must be specified",
        ),
    ),
    ("spec.successPolicy.rules[].succeededCount", Positive),
];
