//! Words of `services`: how a workload serves requests.

use super::{Shape, Words, all, later, optional, required};

pub(super) static SERVICE: Words = all(&[
    required(
        "name",
        Shape::Text,
        "The workload that serves, or its Service.",
    ),
    optional(
        "cpuPerRequest",
        Shape::Length,
        "CPU of one request, in core time.",
    ),
    optional(
        "latency",
        Shape::Length,
        "Time of one request that is neither CPU nor a call.",
    ),
    optional("cpuIdle", Shape::Quantity, "CPU used with no request."),
    optional(
        "cv2",
        Shape::Number(0.0, 16.0),
        "Squared coefficient of variation of the service time.",
    ),
    optional("memory", Shape::Words(&MEMORY), "Working set."),
    optional(
        "workers",
        Shape::Whole(1, 1_000_000),
        "Requests worked on at once, per pod.",
    ),
    optional(
        "queue",
        Shape::Whole(0, 10_000_000),
        "Requests that may wait, per pod.",
    ),
    optional(
        "cpuSlots",
        Shape::Whole(1, 1024),
        "Requests that use the CPU at once, per pod: 1 for a single-threaded runtime.",
    ),
    optional(
        "startup",
        Shape::Length,
        "From the start of the container to its first answer.",
    ),
    optional(
        "coldFactor",
        Shape::Number(1.0, 100.0),
        "Factor on CPU per request while cold.",
    ),
    optional("warmup", Shape::Length, "How long it stays cold."),
    optional(
        "errorShare",
        Shape::Share,
        "Share of requests that it answers with an error of its own.",
    ),
    optional(
        "calls",
        Shape::List(&Shape::Words(&CALL)),
        "All calls that one request makes.",
    ),
    later("slots", "Connection slots."),
    later("cache", "Working set and time to live of a cache."),
    later("disk", "Growth of a volume."),
    later("rules", "Behaviour bound to a configuration value."),
]);

static MEMORY: Words = all(&[
    optional("base", Shape::Quantity, "With no request in flight."),
    optional("perRequest", Shape::Quantity, "Per request in flight."),
]);

static CALL: Words = all(&[
    required("to", Shape::Text, "The Service that is called."),
    optional(
        "port",
        Shape::Whole(1, 65_535),
        "Its port; default its first.",
    ),
    optional(
        "ratio",
        Shape::Number(0.0, 1000.0),
        "Calls per request; default 1.",
    ),
    optional(
        "mode",
        Shape::OneOf(&["sequence", "parallel"]),
        "One after the other, or at once; default sequence.",
    ),
    optional(
        "timeout",
        Shape::Length,
        "Time-out of an attempt; default 30s.",
    ),
    optional(
        "retries",
        Shape::Whole(0, 100),
        "Retries after the first attempt; default 0.",
    ),
    optional("backoff", Shape::Length, "Mean time between attempts."),
    optional(
        "retryBudget",
        Shape::Share,
        "Retries as a share of first attempts, at most.",
    ),
    optional(
        "breaker",
        Shape::Share,
        "Failure share above which calls are shed.",
    ),
    optional(
        "cancels",
        Shape::Flag,
        "Whether a time-out stops the work at the callee.",
    ),
    optional(
        "balance",
        Shape::OneOf(&["request", "connection"]),
        "How calls are spread over endpoints.",
    ),
    optional("roundTrip", Shape::Length, "Network round trip."),
    optional(
        "optional",
        Shape::Flag,
        "Whether the request goes on when the call fails.",
    ),
    optional("async", Shape::Flag, "Whether nobody waits for the call."),
    later("onMiss", "A call that is made on a cache miss."),
    later("pool", "A pool of connections per caller pod."),
    later("connection", "A new connection per request."),
]);
