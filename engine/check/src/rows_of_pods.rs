//! Rules of single fields of pods and their containers. Source: pkg/apis/core/validation.

use super::table::Row;
use super::table::Rule::{
    Absolute, AtLeast, AtMost, Between, Key, Name, Needs, NeedsOne, Never, NotBoth, NotNegative,
    NotUpwards, OneOf, Positive, Relative, Unique,
};

const PROBE_HANDLERS: &[&str] = &["exec", "httpGet", "tcpSocket", "sleep"];
const ENV_SOURCES: &[&str] = &[
    "configMapKeyRef",
    "fieldRef",
    "fileKeyRef",
    "resourceFieldRef",
    "secretKeyRef",
];

/// Rules of containers of any list.
pub const CONTAINER: &[Row] = &[
    ("ports[].containerPort", Between(1, 65535)),
    ("ports[].hostPort", Between(0, 65535)),
    (
        "env[].valueFrom",
        NeedsOne(
            ENV_SOURCES,
            "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`",
        ),
    ),
    (
        "env[].valueFrom",
        NotBoth(
            ENV_SOURCES,
            "may not have more than one field specified at a time",
        ),
    ),
    ("env[].valueFrom.configMapKeyRef", Needs("key", "")),
    ("env[].valueFrom.secretKeyRef", Needs("key", "")),
    ("env[].valueFrom.fieldRef", Needs("fieldPath", "")),
    ("env[].valueFrom.resourceFieldRef", Needs("resource", "")),
    (
        "envFrom[]",
        NeedsOne(
            &["configMapRef", "secretRef"],
            "must specify one of: `configMapRef` or `secretRef`",
        ),
    ),
    (
        "envFrom[]",
        NotBoth(
            &["configMapRef", "secretRef"],
            "may not have more than one field specified at a time",
        ),
    ),
    (
        "lifecycle.preStop",
        NeedsOne(PROBE_HANDLERS, "must specify a handler type"),
    ),
    (
        "lifecycle.postStart",
        NeedsOne(PROBE_HANDLERS, "must specify a handler type"),
    ),
    (
        "lifecycle.preStop",
        NotBoth(PROBE_HANDLERS, "may not specify more than 1 handler type"),
    ),
    (
        "lifecycle.postStart",
        NotBoth(PROBE_HANDLERS, "may not specify more than 1 handler type"),
    ),
    ("lifecycle.preStop.exec", Needs("command", "")),
    ("lifecycle.postStart.exec", Needs("command", "")),
    (
        "lifecycle.preStop.httpGet.scheme",
        OneOf(&["HTTP", "HTTPS"]),
    ),
    (
        "lifecycle.postStart.httpGet.scheme",
        OneOf(&["HTTP", "HTTPS"]),
    ),
    ("lifecycle.preStop.sleep.seconds", AtLeast(0)),
    ("livenessProbe.terminationGracePeriodSeconds", Positive),
    ("startupProbe.terminationGracePeriodSeconds", Positive),
    (
        "readinessProbe.terminationGracePeriodSeconds",
        Never("must not be set for readinessProbes"),
    ),
    ("livenessProbe.httpGet.scheme", OneOf(&["HTTP", "HTTPS"])),
    ("readinessProbe.httpGet.scheme", OneOf(&["HTTP", "HTTPS"])),
    ("startupProbe.httpGet.scheme", OneOf(&["HTTP", "HTTPS"])),
    (
        "volumeMounts[].mountPropagation",
        OneOf(&["Bidirectional", "HostToContainer", "None"]),
    ),
    ("volumeMounts[].subPath", Relative),
    ("volumeMounts[].subPath", NotUpwards),
    ("volumeMounts[].subPathExpr", Relative),
    (
        "volumeMounts[]",
        NotBoth(
            &["subPath", "subPathExpr"],
            "subPathExpr and subPath are mutually exclusive",
        ),
    ),
    (
        "terminationMessagePolicy",
        OneOf(&["FallbackToLogsOnError", "File"]),
    ),
    ("resizePolicy[].resourceName", OneOf(&["cpu", "memory"])),
    (
        "resizePolicy[].restartPolicy",
        OneOf(&["NotRequired", "RestartContainer"]),
    ),
    ("securityContext.procMount", OneOf(&["Default", "Unmasked"])),
    ("securityContext.runAsUser", Between(0, 2_147_483_647)),
    ("securityContext.runAsGroup", Between(0, 2_147_483_647)),
    ("securityContext.seccompProfile", Needs("type", "")),
    (
        "securityContext.seccompProfile.type",
        OneOf(&["Localhost", "RuntimeDefault", "Unconfined"]),
    ),
];

/// Ways in which a volume may be used.
pub const MODES: &[&str] = &[
    "ReadOnlyMany",
    "ReadWriteMany",
    "ReadWriteOnce",
    "ReadWriteOncePod",
];

/// Rules of a pod's spec beside its containers.
pub const POD: &[Row] = &[
    ("restartPolicy", OneOf(&["Always", "Never", "OnFailure"])),
    (
        "preemptionPolicy",
        OneOf(&["Never", "PreemptLowerPriority"]),
    ),
    ("serviceAccountName", Name),
    ("nodeName", Name),
    ("priorityClassName", Name),
    ("runtimeClassName", Name),
    ("os.name", OneOf(&["linux", "windows"])),
    ("securityContext.runAsUser", Between(0, 2_147_483_647)),
    ("securityContext.runAsGroup", Between(0, 2_147_483_647)),
    ("securityContext.fsGroup", Between(0, 2_147_483_647)),
    (
        "securityContext.fsGroupChangePolicy",
        OneOf(&["Always", "OnRootMismatch"]),
    ),
    (
        "securityContext.seccompProfile.type",
        OneOf(&["Localhost", "RuntimeDefault", "Unconfined"]),
    ),
    (
        "securityContext.supplementalGroups[]",
        Between(0, 2_147_483_647),
    ),
    (
        "dnsConfig.nameservers",
        AtMost(3, "must not have more than 3 nameservers"),
    ),
    (
        "dnsConfig.searches",
        AtMost(32, "must not have more than 32 search paths"),
    ),
    ("readinessGates[].conditionType", Key),
    ("hostAliases[]", Needs("ip", "")),
    ("overhead{}", NotNegative),
    (
        "affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution",
        Needs(
            "nodeSelectorTerms",
            "must have at least one node selector term",
        ),
    ),
    (
        "affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[]",
        Needs("preference", ""),
    ),
    (
        "affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[].weight",
        Between(1, 100),
    ),
    (
        "topologySpreadConstraints[].nodeAffinityPolicy",
        OneOf(&["Honor", "Ignore"]),
    ),
    (
        "topologySpreadConstraints[].nodeTaintsPolicy",
        OneOf(&["Honor", "Ignore"]),
    ),
    ("topologySpreadConstraints[].maxSkew", Positive),
    ("volumes[].hostPath", Needs("path", "")),
    ("volumes[].hostPath.path", NotUpwards),
    (
        "volumes[].hostPath.type",
        OneOf(&[
            "BlockDevice",
            "CharDevice",
            "Directory",
            "DirectoryOrCreate",
            "File",
            "FileOrCreate",
            "Socket",
        ]),
    ),
    ("volumes[].emptyDir.sizeLimit", NotNegative),
    ("volumes[].secret", Needs("secretName", "")),
    ("volumes[].secret.defaultMode", Between(0, 0o777)),
    ("volumes[].secret.items[]", Needs("key", "")),
    ("volumes[].secret.items[]", Needs("path", "")),
    ("volumes[].secret.items[].path", Relative),
    ("volumes[].secret.items[].path", NotUpwards),
    ("volumes[].configMap", Needs("name", "")),
    ("volumes[].configMap.defaultMode", Between(0, 0o777)),
    ("volumes[].configMap.items[]", Needs("key", "")),
    ("volumes[].configMap.items[]", Needs("path", "")),
    ("volumes[].configMap.items[].path", Relative),
    ("volumes[].configMap.items[].path", NotUpwards),
    ("volumes[].persistentVolumeClaim", Needs("claimName", "")),
    ("volumes[].nfs", Needs("server", "")),
    ("volumes[].nfs", Needs("path", "")),
    ("volumes[].nfs.path", Absolute),
    ("volumes[].csi", Needs("driver", "")),
    ("volumes[].ephemeral", Needs("volumeClaimTemplate", "")),
    (
        "volumes[].ephemeral.volumeClaimTemplate.spec",
        Needs("accessModes", "at least 1 access mode is required"),
    ),
    (
        "volumes[].ephemeral.volumeClaimTemplate.spec.accessModes[]",
        OneOf(MODES),
    ),
    ("volumes[].downwardAPI.items[]", Needs("path", "")),
    ("volumes[].projected.sources[].secret", Needs("name", "")),
    ("volumes[].projected.sources[].configMap", Needs("name", "")),
    (
        "volumes[].projected.sources[].serviceAccountToken",
        Needs("path", ""),
    ),
    (
        "volumes[].projected.sources[].serviceAccountToken.expirationSeconds",
        AtLeast(600),
    ),
    ("resourceClaims", Unique("name")),
    ("resourceClaims[]", Needs("name", "")),
    (
        "resourceClaims[]",
        NeedsOne(
            &["resourceClaimName", "resourceClaimTemplateName"],
            "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`",
        ),
    ),
    (
        "resourceClaims[]",
        NotBoth(
            &["resourceClaimName", "resourceClaimTemplateName"],
            "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified",
        ),
    ),
    ("imagePullSecrets[]", Needs("name", "")),
];
