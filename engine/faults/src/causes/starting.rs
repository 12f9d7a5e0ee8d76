//! What keeps a container from starting, or from staying up.

use super::{Cause, step};

/// The rows.
pub const ROWS: &[Cause] = &[
    Cause {
        id: "image_missing",
        mechanism: "The image does not exist under that name and tag.",
        prior: 0.4,
        fix: &[step(
            "kubectl -n {ns} rollout undo {kind}/{name}",
            "kubectl -n {ns} rollout undo {kind}/{name}",
        )],
        check: (
            "kubectl -n {ns} describe pod {pod}",
            "`not found` when {value} is pulled",
        ),
        source: "S incorrect_image; A misconfig_app; I #20; O IncorrectImageReference",
    },
    Cause {
        id: "image_pull_secret_missing",
        mechanism: "The registry asks for credentials and the pod has none that it accepts.",
        prior: 0.25,
        fix: &[
            step(
                "kubectl -n {ns} create secret docker-registry registry --docker-server=SERVER --docker-username=USER --docker-password=PASSWORD",
                "kubectl -n {ns} delete secret registry",
            ),
            step(
                "kubectl -n {ns} patch {kind}/{name} -p '{\"spec\":{\"template\":{\"spec\":{\"imagePullSecrets\":[{\"name\":\"registry\"}]}}}}'",
                "kubectl -n {ns} rollout undo {kind}/{name}",
            ),
        ],
        check: (
            "kubectl -n {ns} get {kind}/{name} -o jsonpath='{.spec.template.spec.imagePullSecrets}'",
            "no secret for the registry of {value}",
        ),
        source: "O MissingImagePullSecret",
    },
    Cause {
        id: "image_registry_unresolved",
        mechanism: "The registry's name does not resolve, or it cannot be reached, from the node.",
        prior: 0.15,
        fix: &[step(
            "kubectl -n {ns} rollout undo {kind}/{name}",
            "kubectl -n {ns} rollout undo {kind}/{name}",
        )],
        check: (
            "kubectl -n {ns} describe pod {pod}",
            "`no such host` for the registry of {value}",
        ),
        source: "O ImageRegistryDNSFailure",
    },
    Cause {
        id: "image_architecture_wrong",
        mechanism: "The image is not for the node's processor.",
        prior: 0.08,
        fix: &[step(
            "kubectl -n {ns} rollout undo {kind}/{name}",
            "kubectl -n {ns} rollout undo {kind}/{name}",
        )],
        check: (
            "kubectl get nodes -L kubernetes.io/arch",
            "an architecture that the image has not",
        ),
        source: "I unsupported-architecture #23",
    },
    Cause {
        id: "command_wrong",
        mechanism: "The container's command does not exist or exits at once.",
        prior: 0.15,
        fix: &[step(
            "kubectl -n {ns} rollout undo {kind}/{name}",
            "kubectl -n {ns} rollout undo {kind}/{name}",
        )],
        check: (
            "kubectl -n {ns} logs {pod} --previous",
            "the error with which it ends",
        ),
        source: "S wrong_bin_usage; A wrong_bin_usage; I invalid-command #105",
    },
    Cause {
        id: "crash_at_start",
        mechanism: "The container exits with an error each time it starts.",
        prior: 0.15,
        fix: &[step(
            "kubectl -n {ns} rollout undo {kind}/{name}",
            "kubectl -n {ns} rollout undo {kind}/{name}",
        )],
        check: (
            "kubectl -n {ns} logs {pod} --previous",
            "the error with which it ends",
        ),
        source: "A misconfig_app; I #56",
    },
    Cause {
        id: "init_container_stuck",
        mechanism: "An init container does not end, so the pod never starts.",
        prior: 0.1,
        fix: &[step(
            "kubectl -n {ns} rollout undo {kind}/{name}",
            "kubectl -n {ns} rollout undo {kind}/{name}",
        )],
        check: (
            "kubectl -n {ns} logs {pod} -c {container}",
            "what it waits for",
        ),
        source: "S init_container_dependency_hang; I #45, #59",
    },
    Cause {
        id: "init_container_fails",
        mechanism: "An init container ends with an error each time, so the pod never starts.",
        prior: 0.1,
        fix: &[step(
            "kubectl -n {ns} edit {kind}/{name}   # the command of init container {container}",
            "kubectl -n {ns} rollout undo {kind}/{name}",
        )],
        check: (
            "kubectl -n {ns} logs {pod} -c {container}",
            "the error with which it ends",
        ),
        source: "I #45, #59",
    },
    Cause {
        id: "filesystem_read_only",
        mechanism: "The container writes where it may only read: a mount for reading, or its root file system.",
        prior: 0.12,
        fix: &[step(
            "kubectl -n {ns} edit {kind}/{name}   # {value}",
            "kubectl -n {ns} rollout undo {kind}/{name}",
        )],
        check: (
            "kubectl -n {ns} logs {pod} --previous",
            "Read-only file system",
        ),
        source: "every troubleshooting course",
    },
    Cause {
        id: "capability_missing",
        mechanism: "The program needs a capability of the kernel that its container drops, and ends at its start.",
        prior: 0.06,
        fix: &[step(
            "kubectl -n {ns} edit {kind}/{name}   # capabilities.add: [{value}]",
            "kubectl -n {ns} rollout undo {kind}/{name}",
        )],
        check: (
            "kubectl -n {ns} logs {pod} --previous",
            "Operation not permitted",
        ),
        source: "every troubleshooting course",
    },
    Cause {
        id: "host_path_missing",
        mechanism: "The node has no such path of the type that the volume asks for, so the pod cannot be started.",
        prior: 0.08,
        fix: &[step(
            "kubectl -n {ns} edit {kind}/{name}   # hostPath.type {value}",
            "kubectl -n {ns} rollout undo {kind}/{name}",
        )],
        check: (
            "kubectl -n {ns} describe pod {pod}",
            "FailedMount: hostPath type check failed",
        ),
        source: "every troubleshooting course",
    },
    Cause {
        id: "secret_missing",
        mechanism: "A Secret that the container needs does not exist.",
        prior: 0.25,
        fix: &[step(
            "kubectl -n {ns} create secret generic {value} --from-literal=KEY=VALUE",
            "kubectl -n {ns} delete secret {value}",
        )],
        check: ("kubectl -n {ns} get secret {value}", "not found"),
        source: "O MissingSecretBinding; I corrupted-secret #63",
    },
    Cause {
        id: "configuration_missing",
        mechanism: "A ConfigMap that the container needs does not exist.",
        prior: 0.2,
        fix: &[step(
            "kubectl -n {ns} create configmap {value} --from-literal=KEY=VALUE",
            "kubectl -n {ns} delete configmap {value}",
        )],
        check: ("kubectl -n {ns} get configmap {value}", "not found"),
        source: "S missing_configmap",
    },
    Cause {
        id: "configuration_key_missing",
        mechanism: "A key that the container needs is not in its ConfigMap or Secret.",
        prior: 0.12,
        fix: &[step(
            "kubectl -n {ns} edit {value_kind} {value}",
            "kubectl -n {ns} edit {value_kind} {value}",
        )],
        check: (
            "kubectl -n {ns} describe {value_kind} {value}",
            "the key is not listed",
        ),
        source: "S configmap_drift",
    },
    Cause {
        id: "service_account_missing",
        mechanism: "The ServiceAccount of the pods does not exist, so none is created.",
        prior: 0.15,
        fix: &[step(
            "kubectl -n {ns} create serviceaccount {value}",
            "kubectl -n {ns} delete serviceaccount {value}",
        )],
        check: ("kubectl -n {ns} get serviceaccount {value}", "not found"),
        source: "O MissingServiceAccount; S rbac_misconfiguration",
    },
    Cause {
        id: "memory_limit_too_low",
        mechanism: "The container needs more memory than its limit and is killed.",
        prior: 0.35,
        fix: &[step(
            "kubectl -n {ns} set resources {kind}/{name} --limits=memory=256Mi --requests=memory=128Mi",
            "kubectl -n {ns} rollout undo {kind}/{name}",
        )],
        check: (
            "kubectl -n {ns} describe pod {pod}",
            "OOMKilled, limit {value}",
        ),
        source: "S resource_request; O OOMKilled; I #46",
    },
    Cause {
        id: "volume_permission_denied",
        mechanism: "The container may not read or write its volume.",
        prior: 0.1,
        fix: &[step(
            "kubectl -n {ns} patch {kind}/{name} -p '{\"spec\":{\"template\":{\"spec\":{\"securityContext\":{\"fsGroup\":1000}}}}}'",
            "kubectl -n {ns} rollout undo {kind}/{name}",
        )],
        check: (
            "kubectl -n {ns} logs {pod} --previous",
            "Permission denied on a mounted path",
        ),
        source: "O VolumeMountPermissionDenied",
    },
    Cause {
        id: "port_taken_in_pod",
        mechanism: "Another process of the pod listens on the port that the container wants.",
        prior: 0.12,
        fix: &[step(
            "kubectl -n {ns} rollout undo {kind}/{name}",
            "kubectl -n {ns} rollout undo {kind}/{name}",
        )],
        check: (
            "kubectl -n {ns} logs {pod} --previous",
            "address already in use: {value}",
        ),
        source: "S sidecar_port_conflict; O ServiceSidecarPortConflict",
    },
    Cause {
        id: "security_context_forbidden",
        mechanism: "The pod's security context breaks a rule of its namespace or of the kubelet.",
        prior: 0.08,
        fix: &[step(
            "kubectl -n {ns} rollout undo {kind}/{name}",
            "kubectl -n {ns} rollout undo {kind}/{name}",
        )],
        check: (
            "kubectl -n {ns} get events",
            "forbidden by PodSecurity, or runAsNonRoot",
        ),
        source: "S psa_restricted_blocks_recreation",
    },
    Cause {
        id: "admission_webhook_fails",
        mechanism: "An admission webhook refuses pods or cannot be reached.",
        prior: 0.08,
        fix: &[step(
            "kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations",
            "",
        )],
        check: ("kubectl -n {ns} get events", "failed calling webhook"),
        source: "S admission_webhook_outage, admission_webhook_tls_mismatch",
    },
];
