//! Probes that cannot succeed.

use super::{Cause, step};

/// The rows.
pub const ROWS: &[Cause] = &[
    Cause {
        id: "liveness_probe_wrong_port",
        mechanism: "The liveness probe asks a port on which nothing listens: the container is restarted again and again.",
        prior: 0.15,
        fix: &[step(
            "kubectl -n {ns} rollout undo {kind}/{name}",
            "kubectl -n {ns} rollout undo {kind}/{name}",
        )],
        check: (
            "kubectl -n {ns} describe pod {pod}",
            "Liveness probe failed on port {value}",
        ),
        source: "O LivenessProbeIncorrectPort; S liveness_probe_misconfiguration",
    },
    Cause {
        id: "liveness_probe_wrong_protocol",
        mechanism: "The liveness probe speaks a protocol that the port does not: the container is restarted again and again.",
        prior: 0.12,
        fix: &[step(
            "kubectl -n {ns} rollout undo {kind}/{name}",
            "kubectl -n {ns} rollout undo {kind}/{name}",
        )],
        check: (
            "kubectl -n {ns} describe pod {pod}",
            "Liveness probe failed with a malformed answer",
        ),
        source: "O LivenessProbeIncorrectProtocol",
    },
    Cause {
        id: "liveness_probe_wrong_timing",
        mechanism: "The liveness probe gives the container no time to start: it is restarted again and again.",
        prior: 0.12,
        fix: &[step(
            "kubectl -n {ns} rollout undo {kind}/{name}",
            "kubectl -n {ns} rollout undo {kind}/{name}",
        )],
        check: (
            "kubectl -n {ns} describe pod {pod}",
            "killed within seconds of its start",
        ),
        source: "O LivenessProbeIncorrectTiming; S liveness_probe_too_aggressive",
    },
    Cause {
        id: "readiness_probe_wrong_port",
        mechanism: "The readiness probe asks a port on which nothing listens: the pods get no traffic.",
        prior: 0.15,
        fix: &[step(
            "kubectl -n {ns} rollout undo {kind}/{name}",
            "kubectl -n {ns} rollout undo {kind}/{name}",
        )],
        check: (
            "kubectl -n {ns} describe pod {pod}",
            "Readiness probe failed on port {value}",
        ),
        source: "O ReadinessProbeIncorrectPort; S readiness_probe_misconfiguration; I #49",
    },
    Cause {
        id: "readiness_probe_wrong_protocol",
        mechanism: "The readiness probe speaks a protocol that the port does not: the pods get no traffic.",
        prior: 0.12,
        fix: &[step(
            "kubectl -n {ns} rollout undo {kind}/{name}",
            "kubectl -n {ns} rollout undo {kind}/{name}",
        )],
        check: (
            "kubectl -n {ns} describe pod {pod}",
            "Readiness probe failed with a malformed answer",
        ),
        source: "O ReadinessProbeIncorrectProtocol",
    },
    Cause {
        id: "readiness_probe_wrong_timing",
        mechanism: "The readiness probe waits too long or too briefly: the pods get no traffic.",
        prior: 0.06,
        fix: &[step(
            "kubectl -n {ns} rollout undo {kind}/{name}",
            "kubectl -n {ns} rollout undo {kind}/{name}",
        )],
        check: (
            "kubectl -n {ns} get {kind}/{name} -o yaml",
            "delays that the container cannot meet",
        ),
        source: "S readiness_probe_misconfiguration",
    },
    Cause {
        id: "readiness_probe_fails",
        mechanism: "The readiness probe fails: the pods get no traffic.",
        prior: 0.08,
        fix: &[step(
            "kubectl -n {ns} rollout undo {kind}/{name}",
            "kubectl -n {ns} rollout undo {kind}/{name}",
        )],
        check: (
            "kubectl -n {ns} describe pod {pod}",
            "Readiness probe failed",
        ),
        source: "I #49",
    },
];
