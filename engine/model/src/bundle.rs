//! A support bundle: what an operator collected of a cluster, read and typed, with nothing judged.
//!
//! Objects stay documents: those of a bundle may be partial, and what is missing from one must not
//! keep the others from being read. What could not be read stands in [`Bundle::unread`].

use alloc::string::String;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Seconds since 1970-01-01T00:00:00Z.
pub type Moment = i64;

/// Everything that was collected.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Bundle {
    /// The namespace of the application, where the bundle names one.
    pub namespace: Option<String>,
    /// When it was collected.
    pub collected_at: Option<Moment>,
    /// The complaint, in words of whoever made it. Shown, never obeyed.
    pub complaint: String,
    /// Objects as the API server shows them, possibly partial.
    pub objects: Vec<Value>,
    /// Events.
    pub events: Vec<ClusterEvent>,
    /// What containers and services wrote.
    pub logs: Vec<Log>,
    /// Alerts that fired.
    pub alerts: Vec<Alert>,
    /// Metrics over time.
    pub series: Vec<MetricSeries>,
    /// The services of nodes, as their service manager shows them.
    pub daemons: Vec<Daemon>,
    /// Attempts to connect to Services.
    pub attempts: Vec<Attempt>,
    /// Who calls whom.
    pub calls: Vec<KnownCall>,
    /// What could not be read.
    pub unread: Vec<Unread>,
    /// Where it stems from.
    pub origin: Origin,
    /// Documents that were not taken as they are; of manifests alone.
    pub refused: Vec<Refusal>,
    /// What was taken for granted because nobody can know it from manifests.
    pub assumed: Vec<String>,
}

/// Where a bundle stems from.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// A cluster that somebody looked at: what is not in it may still be there.
    #[default]
    Collected,
    /// Manifests that were played: what is not in it is not there.
    Settled,
}

/// An event of the API.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct ClusterEvent {
    /// Kind of the object that it is about.
    pub kind: String,
    /// Its namespace; empty for a cluster-scoped object.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The one word.
    pub reason: String,
    /// The sentence.
    pub message: String,
    /// Whether its type is `Warning`.
    pub warning: bool,
    /// How often, at least 1.
    pub count: u64,
    /// When last.
    pub last: Option<Moment>,
}

/// The log of a container, or of a service where nobody knows the container.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Log {
    /// The pod, or the service.
    pub of: String,
    /// The container; empty where unknown.
    pub container: String,
    /// Which run of the container.
    pub run: LogRun,
    /// Lines read.
    pub lines: u64,
    /// When the last dated line was written.
    pub last: Option<Moment>,
    /// What complains in it, by template, most frequent first.
    pub complaints: Vec<Complaint>,
}

/// Which run of a container wrote a log.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum LogRun {
    /// The one that runs, or ran last.
    #[default]
    Current,
    /// The one before.
    Previous,
    /// Samples of errors, of whatever run.
    Samples,
}

/// Lines that say the same but for their variable parts, and tell of something wrong.
#[derive(Debug, Clone, PartialEq)]
pub struct Complaint {
    /// The line with its variable parts as `<*>`.
    pub template: String,
    /// One of the lines, cut to a readable length.
    pub sample: String,
    /// How many lines.
    pub count: u64,
    /// When the last was written, where the line says so.
    pub last: Option<Moment>,
    /// What it tells of.
    pub condition: Condition,
    /// What it names as the other side: a host, `host:port`, a path; empty if nothing.
    pub target: String,
}

/// What a line of a log tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// The other side's port is closed.
    ConnectionRefused,
    /// An attempt passed its deadline.
    TimedOut,
    /// A name does not resolve.
    NameNotFound,
    /// The other side closed the connection.
    ConnectionReset,
    /// The other side answers that it has no healthy backend.
    NoBackend,
    /// The other side refuses the credentials.
    AccessDenied,
    /// The other side has no connection slot left.
    TooManyConnections,
    /// The other side refuses writes.
    ReadOnly,
    /// TLS could not be agreed upon.
    Tls,
    /// An account has used up what it may.
    QuotaExceeded,
    /// Memory is used up.
    OutOfMemory,
    /// The program is none for this processor.
    ExecFormat,
    /// The operating system forbids a file or socket.
    PermissionDenied,
    /// The port that it wants is taken.
    AddressInUse,
    /// The disk is full.
    DiskFull,
    /// A file, variable or argument that it needs is missing.
    MissingConfiguration,
    /// A request was answered with 404.
    NotFound,
    /// A request was answered with 5xx.
    ServerError,
    /// A connection to a database could not be made, for a reason given elsewhere.
    DatabaseLink,
    /// A registry of services knows no instance.
    NoInstance,
    /// Something else that is marked as an error.
    Other,
}

/// An alert.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Alert {
    /// Its rule.
    pub name: String,
    /// The service, pod or workload that its labels name; empty if none.
    pub service: String,
    /// The node that its labels name; empty if none.
    pub node: String,
    /// The path or URL that its labels name; empty if none.
    pub path: String,
    /// Its summary and description.
    pub text: String,
}

/// A metric of one subject over time.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct MetricSeries {
    /// The column or metric with its labels, as it was given.
    pub name: String,
    /// Whom it is of, where that is known: a service, pod or node.
    pub subject: String,
    /// What is measured: the name without its subject.
    pub measure: String,
    /// Samples in order; not a number where missing.
    pub samples: Vec<f64>,
}

/// A service of a node.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Daemon {
    /// The node.
    pub node: String,
    /// The service: `kubelet`, `containerd`.
    pub name: String,
    /// What its manager says of it: `active (running)`.
    pub state: String,
    /// Whether it runs.
    pub running: bool,
    /// The last line of its log.
    pub last_line: String,
}

/// An attempt to connect to a Service.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// From where: a pod, `node/NAME`.
    pub from: String,
    /// To which Service.
    pub service: String,
    /// On which port.
    pub port: u64,
    /// How it went.
    pub outcome: AttemptOutcome,
    /// What was printed.
    pub said: String,
}

/// How an attempt to connect went.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum AttemptOutcome {
    /// It connected.
    Connected,
    /// It did not.
    Failed,
    /// Nobody can tell from what was printed.
    #[default]
    Unclear,
}

/// Somebody calls somebody.
#[derive(Debug, Default, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct KnownCall {
    /// The caller.
    pub from: String,
    /// The callee.
    pub to: String,
}

/// Something that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unread {
    /// The file, or the object within it.
    pub file: String,
    /// Why.
    pub why: String,
}

/// What kubectl or the API server says of a document instead of taking it as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// `Kind/namespace/name` of the object; `file:line` where it has none.
    pub object: String,
    /// The field; empty where it is about the whole.
    pub field: String,
    /// The sentence.
    pub message: String,
    /// What comes of it.
    pub kind: RefusalKind,
}

/// Why a document is not taken as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusalKind {
    /// It cannot be read as a document.
    Unreadable,
    /// No such kind in its API version, or no longer.
    UnknownKind,
    /// A field that the kind does not have: kubectl's validation refuses it.
    UnknownField,
    /// Something stands twice, and one of the two is lost.
    Repeated,
    /// The API server's validation refuses a value.
    Invalid,
    /// Admission refuses the object.
    Forbidden,
}
