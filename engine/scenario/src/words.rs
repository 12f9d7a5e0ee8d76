//! Every word of a `Scenario`, once: its shape, whether it is needed, what it says.
//!
//! The check of a file, the JSON Schema for editors and the refusal of words that
//! are not simulated yet all read this table; none of them knows a word by itself.

mod chaos;
mod remedy;
mod services;

/// What may stand at a place of a document.
#[derive(Debug, Clone, Copy)]
pub enum Shape {
    /// Any text.
    Text,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// A whole number from the first to the second.
    Whole(u64, u64),
    /// A number from the first to the second.
    Number(f64, f64),
    /// A share: 0..=1, or a percentage.
    Share,
    /// A length of time.
    Length,
    /// A Kubernetes quantity.
    Quantity,
    /// `kind/name` or `kind/namespace/name`.
    Object,
    /// `true` or `false`.
    Flag,
    /// Whatever: read by someone else.
    Any,
    /// A list of these.
    List(&'static Shape),
    /// A mapping with these words.
    Words(&'static Words),
    /// The first of these that takes this kind of node: text, number, list or mapping.
    Either(&'static [Shape]),
}

/// The words of a mapping.
#[derive(Debug)]
pub struct Words {
    /// All of them.
    pub words: &'static [Word],
    /// Of these exactly one must stand; empty where there is no such rule.
    pub exactly_one: &'static [&'static str],
}

/// One word.
#[derive(Debug)]
pub struct Word {
    /// As it is written.
    pub name: &'static str,
    /// What it takes.
    pub shape: Shape,
    /// Whether it must, may or cannot yet stand.
    pub need: Need,
    /// In one line.
    pub about: &'static str,
}

/// Whether a word must stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// It must.
    Required,
    /// It may.
    Optional,
    /// It belongs to the format and is not simulated yet: it is refused.
    Later,
}

const fn required(name: &'static str, shape: Shape, about: &'static str) -> Word {
    Word {
        name,
        shape,
        need: Need::Required,
        about,
    }
}

const fn optional(name: &'static str, shape: Shape, about: &'static str) -> Word {
    Word {
        name,
        shape,
        need: Need::Optional,
        about,
    }
}

const fn later(name: &'static str, about: &'static str) -> Word {
    Word {
        name,
        shape: Shape::Any,
        need: Need::Later,
        about,
    }
}

const fn all(words: &'static [Word]) -> Words {
    Words {
        words,
        exactly_one: &[],
    }
}

/// The whole document.
pub static SCENARIO: Words = all(&[
    required(
        "apiVersion",
        Shape::OneOf(&["aegis.dev/v1"]),
        "Version of the format.",
    ),
    required("kind", Shape::OneOf(&["Scenario"]), "The kind."),
    required("metadata", Shape::Words(&METADATA), "Name and labels."),
    required("spec", Shape::Words(&SPEC), "What is played."),
]);

static METADATA: Words = all(&[
    required("name", Shape::Text, "Name of the scenario."),
    optional(
        "labels",
        Shape::Any,
        "Labels: suite, difficulty, and others, all texts.",
    ),
]);

static SPEC: Words = all(&[
    optional(
        "description",
        Shape::Text,
        "In a sentence, for people; the engine never sees it.",
    ),
    optional(
        "seed",
        Shape::Whole(0, u64::MAX),
        "Root of all draws; default 1.",
    ),
    optional(
        "duration",
        Shape::Length,
        "How long it is played; default 20m.",
    ),
    optional(
        "include",
        Shape::List(&Shape::Text),
        "Files of manifests, beside this one.",
    ),
    optional(
        "patches",
        Shape::List(&Shape::Words(&PATCH)),
        "Changes of what is included, before the start.",
    ),
    optional(
        "cluster",
        Shape::Words(&CLUSTER),
        "The nodes; else Node documents, else nodes that requests fill to 60 %.",
    ),
    optional(
        "services",
        Shape::List(&Shape::Words(&services::SERVICE)),
        "What inference would get wrong.",
    ),
    optional(
        "start",
        Shape::OneOf(&["settled", "applied"]),
        "Whether the cluster runs before time 0; default settled where there is traffic.",
    ),
    optional(
        "traffic",
        Shape::List(&Shape::Words(&TRAFFIC)),
        "What users send.",
    ),
    optional(
        "usage",
        Shape::List(&Shape::Words(&USAGE)),
        "Pins the use of each pod of a workload.",
    ),
    optional(
        "noise",
        Shape::Either(&[
            Shape::OneOf(&["none"]),
            Shape::Words(&NOISE),
            Shape::List(&Shape::Words(&NOISE)),
        ]),
        "Noise of what is observed; of a list, each entry over those before it.",
    ),
    optional("observe", Shape::Words(&OBSERVE), "How it is observed."),
    optional(
        "chaos",
        Shape::List(&Shape::Words(&chaos::ENTRY)),
        "What happens, and when.",
    ),
    optional(
        "objectives",
        Shape::Either(&[
            Shape::OneOf(&["default"]),
            Shape::List(&Shape::Words(&OBJECTIVE)),
        ]),
        "What users are promised; default: 99 %, p99 at most 3 times its baseline, 10m, at every entry.",
    ),
    optional(
        "truth",
        Shape::Words(&TRUTH),
        "What is wrong; derived from chaos where that is unambiguous.",
    ),
    optional(
        "physics",
        Shape::Words(&PHYSICS),
        "How the world differs from what is inferred.",
    ),
    optional(
        "remedy",
        Shape::List(&Shape::Words(&remedy::STEP)),
        "A recorded good plan, for `scenario test` alone.",
    ),
    optional(
        "expect",
        Shape::List(&Shape::Words(&EXPECT)),
        "What the objects must show.",
    ),
    optional(
        "telemetry",
        Shape::List(&Shape::Words(&TELEMETRY)),
        "Which data pass which component: while none of its pods is ready, they are missing.",
    ),
]);

static TELEMETRY: Words = all(&[
    required("through", Shape::Object, "The workload that they pass."),
    required(
        "carries",
        Shape::List(&Shape::OneOf(&["metrics", "logs", "spans"])),
        "What passes it.",
    ),
]);

static PATCH: Words = Words {
    words: &[
        required("object", Shape::Object, "What is changed."),
        optional("merge", Shape::Any, "A merge patch (RFC 7386)."),
        optional("json", Shape::List(&Shape::Any), "A JSON patch (RFC 6902)."),
    ],
    exactly_one: &["merge", "json"],
};

static CLUSTER: Words = all(&[required(
    "nodes",
    Shape::List(&Shape::Words(&NODES)),
    "Groups of equal nodes.",
)]);

static NODES: Words = all(&[
    optional("count", Shape::Whole(0, 10_000), "How many; default 1."),
    required("cpu", Shape::Quantity, "CPU of each."),
    required("memory", Shape::Quantity, "Memory of each."),
    optional("zones", Shape::List(&Shape::Text), "Zones, taken in turn."),
    optional(
        "name",
        Shape::Text,
        "What Events call the group; default group-1 and so on.",
    ),
    optional(
        "min",
        Shape::Whole(0, 10_000),
        "Fewest nodes that the cluster autoscaler leaves; with min or max the group is its to size.",
    ),
    optional(
        "max",
        Shape::Whole(1, 10_000),
        "Most nodes that the cluster autoscaler asks for; default count.",
    ),
    optional(
        "startup",
        Shape::Length,
        "Time from asking for a node until it is ready; default 60s.",
    ),
]);

static TRAFFIC: Words = all(&[
    required("to", Shape::Text, "The entry: a Service, or ingress/name."),
    required(
        "rps",
        Shape::Either(&[Shape::Number(0.0, 1e7), Shape::Words(&RATE)]),
        "Requests per second.",
    ),
    optional(
        "cv",
        Shape::Number(0.0, 2.0),
        "Coefficient of variation of a slow random factor; default 0.",
    ),
    later("class", "Classes of requests with their own paths."),
    later("clients", "How many client addresses."),
    later("retries", "Users who try again."),
]);

static RATE: Words = Words {
    words: &[
        optional(
            "constant",
            Shape::Number(0.0, 1e7),
            "The same all the time.",
        ),
        optional("diurnal", Shape::Words(&DIURNAL), "A sine wave."),
        optional("burst", Shape::Words(&BURST), "A higher rate for a while."),
        optional(
            "steps",
            Shape::List(&Shape::Words(&RATE_STEP)),
            "A rate from each time on.",
        ),
        optional(
            "trace",
            Shape::Text,
            "A CSV file: seconds, requests per second.",
        ),
    ],
    exactly_one: &["constant", "diurnal", "burst", "steps", "trace"],
};

static DIURNAL: Words = all(&[
    required("mean", Shape::Number(0.0, 1e7), "Mean rate."),
    required(
        "amplitude",
        Shape::Share,
        "Height of the wave as a share of the mean.",
    ),
    optional("period", Shape::Length, "Length of the wave; default 24h."),
    optional(
        "phase",
        Shape::Length,
        "How far into the wave time 0 is; default 0.",
    ),
]);

static BURST: Words = all(&[
    required("base", Shape::Number(0.0, 1e7), "Rate outside the burst."),
    required("peak", Shape::Number(0.0, 1e7), "Rate in the burst."),
    required("at", Shape::Length, "When it begins."),
    required("for", Shape::Length, "How long it is."),
    optional("every", Shape::Length, "After which time it comes again."),
]);

static RATE_STEP: Words = all(&[
    required("at", Shape::Length, "From when."),
    required("rps", Shape::Number(0.0, 1e7), "Requests per second."),
]);

static USAGE: Words = all(&[
    required("workload", Shape::Object, "The workload."),
    optional("cpu", Shape::Quantity, "CPU of each pod."),
    optional("memory", Shape::Quantity, "Memory of each pod."),
]);

static NOISE: Words = all(&[
    optional(
        "metrics",
        Shape::Number(0.0, 2.0),
        "Log-normal noise of metrics, coefficient of variation.",
    ),
    optional(
        "missing",
        Shape::Share,
        "Share of samples that are missing.",
    ),
    optional(
        "from",
        Shape::Length,
        "From when it holds; default from before time 0.",
    ),
    optional(
        "until",
        Shape::Length,
        "Until when it holds; default to the end.",
    ),
]);

static OBSERVE: Words = all(&[
    optional(
        "level",
        Shape::OneOf(&["prometheus"]),
        "What is collected; the level `rich` is not simulated yet.",
    ),
    optional(
        "scrape",
        Shape::Length,
        "Time between scrapes; default 15s.",
    ),
    optional("delay", Shape::Length, "Age of what is seen; default 0s."),
]);

static OBJECTIVE: Words = all(&[
    required("service", Shape::Text, "The entry."),
    required(
        "availability",
        Shape::Share,
        "Share of requests that must succeed.",
    ),
    optional(
        "latency",
        Shape::Words(&LATENCY),
        "A share of requests, and the time they must be faster than.",
    ),
    optional(
        "window",
        Shape::Length,
        "Window over which it is judged; default 10m.",
    ),
]);

static LATENCY: Words = Words {
    words: &[
        optional("p50", Shape::Length, "Half of the requests."),
        optional("p90", Shape::Length, "90 % of the requests."),
        optional("p95", Shape::Length, "95 % of the requests."),
        optional("p99", Shape::Length, "99 % of the requests."),
    ],
    exactly_one: &["p50", "p90", "p95", "p99"],
};

static TRUTH: Words = all(&[
    required(
        "causes",
        Shape::List(&Shape::Words(&CAUSE)),
        "What is wrong.",
    ),
    optional(
        "alsoRight",
        Shape::List(&Shape::Words(&CAUSE)),
        "What counts as right too.",
    ),
    optional(
        "usersAffected",
        Shape::Flag,
        "Whether users notice; default: when there is a cause.",
    ),
]);

static CAUSE: Words = all(&[
    required(
        "fault",
        Shape::Text,
        "An id of the catalogue, or misconfiguration.",
    ),
    required("object", Shape::Object, "The object at fault."),
    optional("field", Shape::Text, "The field, for a visible cause."),
]);

static PHYSICS: Words = all(&[required(
    "gap",
    Shape::OneOf(&["none", "medium", "large"]),
    "How far the truth is from what is inferred; default medium.",
)]);

static REACH: Words = all(&[
    required(
        "from",
        Shape::Text,
        "Who opens it: namespace/pod, namespace/workload or an address.",
    ),
    required(
        "to",
        Shape::Text,
        "To whom: the same, or svc/namespace/name.",
    ),
    required(
        "port",
        Shape::Either(&[Shape::Whole(1, 65_535), Shape::Text]),
        "The port, by number or name.",
    ),
    optional(
        "protocol",
        Shape::OneOf(&["TCP", "UDP", "SCTP"]),
        "Transport protocol; default TCP.",
    ),
]);

static EXPECT: Words = Words {
    words: &[
        required("at", Shape::Length, "When."),
        optional(
            "object",
            Shape::Object,
            "The object; * in its name is any run of characters, and all that have it are meant.",
        ),
        optional(
            "reach",
            Shape::Words(&REACH),
            "Instead of an object: a connection; what is expected is `allowed`, or `denied by NetworkPolicy ns/name`.",
        ),
        optional(
            "where",
            Shape::Any,
            "Fields that pick among them: path and pattern, as {.reason: Failed*}.",
        ),
        optional("path", Shape::Text, "The field, as .status.phase."),
        optional("equals", Shape::Any, "The value that it has."),
        optional(
            "matches",
            Shape::Text,
            "A pattern that its text has: * is any run of characters.",
        ),
        optional(
            "atLeast",
            Shape::Number(f64::MIN, f64::MAX),
            "The least that it is.",
        ),
        optional(
            "atMost",
            Shape::Number(f64::MIN, f64::MAX),
            "The most that it is.",
        ),
        optional(
            "count",
            Shape::Whole(0, 1_000_000),
            "How many such objects there are; takes no path.",
        ),
        optional("missing", Shape::Flag, "That none has the field: true."),
    ],
    exactly_one: &["equals", "matches", "atLeast", "atMost", "count", "missing"],
};
