//! Words of `remedy`: the actions of a plan, by the names of things.

use super::{Shape, Words, all, optional, required};

/// One step: exactly one action.
pub(super) static STEP: Words = Words {
    words: &[
        optional(
            "at",
            Shape::Length,
            "When it is taken; default two minutes after the first cause.",
        ),
        optional("scale", Shape::Words(&SCALE), "kubectl scale."),
        optional("restartRollout", Shape::Object, "kubectl rollout restart."),
        optional("rollBack", Shape::Object, "kubectl rollout undo."),
        optional("pauseRollout", Shape::Object, "kubectl rollout pause."),
        optional("resumeRollout", Shape::Object, "kubectl rollout resume."),
        optional(
            "setResources",
            Shape::Words(&RESOURCES),
            "kubectl set resources.",
        ),
        optional("setImage", Shape::Words(&IMAGE), "kubectl set image."),
        optional("setEnv", Shape::Words(&ENV), "kubectl set env."),
        optional(
            "patchAutoscaler",
            Shape::Words(&AUTOSCALER),
            "kubectl patch hpa.",
        ),
        optional("cordon", Shape::Object, "kubectl cordon."),
        optional("uncordon", Shape::Object, "kubectl uncordon."),
        optional("drain", Shape::Object, "kubectl drain."),
        optional(
            "deletePolicy",
            Shape::Object,
            "kubectl delete networkpolicy.",
        ),
        optional(
            "patchProbe",
            Shape::Words(&PROBE),
            "kubectl patch: a probe of a container.",
        ),
        optional(
            "patchService",
            Shape::Words(&SERVICE),
            "kubectl patch service: one field.",
        ),
        optional(
            "limitConcurrency",
            Shape::Words(&CONCURRENCY),
            "Bounds the requests in each pod.",
        ),
        optional(
            "setRetries",
            Shape::Words(&RETRIES),
            "Changes how callers try.",
        ),
        optional(
            "shedTraffic",
            Shape::Words(&SHED),
            "Turns requests away at the entry.",
        ),
        optional("wait", Shape::Length, "Waits."),
    ],
    exactly_one: &[
        "scale",
        "restartRollout",
        "rollBack",
        "pauseRollout",
        "resumeRollout",
        "setResources",
        "setImage",
        "setEnv",
        "patchAutoscaler",
        "cordon",
        "uncordon",
        "drain",
        "deletePolicy",
        "patchProbe",
        "patchService",
        "limitConcurrency",
        "setRetries",
        "shedTraffic",
        "wait",
    ],
};

static SCALE: Words = all(&[
    required("workload", Shape::Object, "The workload."),
    required("replicas", Shape::Whole(0, 10_000), "Wanted pods."),
]);

static RESOURCES: Words = all(&[
    required("workload", Shape::Object, "The workload."),
    required("container", Shape::Text, "The container."),
    optional(
        "cpu",
        Shape::Quantity,
        "New limit of CPU; the request stays, at most at the limit.",
    ),
    optional(
        "memory",
        Shape::Quantity,
        "New limit of memory; the request stays, at most at the limit.",
    ),
]);

static IMAGE: Words = all(&[
    required("workload", Shape::Object, "The workload."),
    required("container", Shape::Text, "The container."),
    required("image", Shape::Text, "The image."),
]);

static ENV: Words = all(&[
    required("workload", Shape::Object, "The workload."),
    required("container", Shape::Text, "The container."),
    required("name", Shape::Text, "The variable."),
    optional("value", Shape::Text, "Its value; without it it is removed."),
]);

static AUTOSCALER: Words = all(&[
    required("autoscaler", Shape::Object, "The autoscaler."),
    optional("min", Shape::Whole(0, 10_000), "Fewest pods."),
    optional("max", Shape::Whole(1, 10_000), "Most pods."),
]);

static PROBE: Words = all(&[
    required("workload", Shape::Object, "The workload."),
    required("container", Shape::Text, "The container."),
    required(
        "probe",
        Shape::OneOf(&["startup", "liveness", "readiness"]),
        "Which probe.",
    ),
    optional(
        "value",
        Shape::Any,
        "The whole new probe; without it it is removed.",
    ),
]);

static SERVICE: Words = all(&[
    required("service", Shape::Object, "The Service."),
    required("field", Shape::Text, "The field, as spec.selector.app."),
    optional("value", Shape::Any, "Its value; without it it is removed."),
]);

static CONCURRENCY: Words = all(&[
    required("workload", Shape::Object, "The workload."),
    optional("workers", Shape::Whole(1, 1_000_000), "Workers per pod."),
    optional("queue", Shape::Whole(0, 10_000_000), "Queue per pod."),
]);

static RETRIES: Words = all(&[
    required("workload", Shape::Object, "The caller."),
    required("service", Shape::Object, "The called Service."),
    optional("retries", Shape::Whole(0, 100), "Retries."),
    optional("timeout", Shape::Length, "Time-out of an attempt."),
]);

static SHED: Words = all(&[
    required("service", Shape::Object, "The entry."),
    required("share", Shape::Share, "Share of requests."),
]);
