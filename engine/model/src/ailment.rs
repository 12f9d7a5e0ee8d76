//! States of components that their clients feel, as data: what each says, and who says it.
//!
//! Seven small models of state (credential, cache, database, broker, feature flag, names, admission
//! chain) and what nodes and kernels do to the processes on them. What a state does to requests is the
//! simulator's (`aegis-sim`, `ailments`); the admission chain is simulated whole by the API server.

use serde::{Deserialize, Serialize};

/// A state of a component. Its size, beside it, is in the unit that each variant names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ailment {
    /// Credential: who comes with it is refused, as connections are made anew.
    CredentialRefused,
    /// Credential: who comes without TLS is refused.
    TlsRequired,
    /// Database: it listens elsewhere.
    NotListening,
    /// Cache: it takes no more writes; share of requests that write.
    CacheFull,
    /// Cache: it holds next to nothing; seconds that a miss takes. It warms up to a third of them.
    CacheCold,
    /// Database: it takes no writes; share of requests that write.
    ReadOnly,
    /// Database: its slots leak away; seconds until none is left.
    SlotsTaken,
    /// Database: a table is locked; seconds that who reads it waits.
    TableLocked,
    /// Broker: a record that nobody can read holds up what is behind it.
    PoisonRecord,
    /// Broker: its consumers fall behind.
    ConsumerLags,
    /// Feature flag: it takes a branch that fails; share of requests.
    FlagOn,
    /// A query is wrong; share of requests that send it.
    QueryWrong,
    /// File descriptors leak away; seconds until none is left.
    FilesUsedUp,
    /// Names: the cluster's DNS says that it does not exist.
    NameUnknown,
    /// Answers cannot be read; share of them.
    BodyTampered,
    /// The rules of a node's proxy are old; share of calls that go nowhere.
    ProxyStale,
    /// A node's connection table fills; seconds until it is full.
    ConnectionsTracked,
    /// Ports for outgoing connections are used up; share of calls that get none.
    PortsUsedUp,
    /// A policy of the mesh denies the callers.
    MeshDenies,
    /// A certificate is over; share of clients that look.
    CertificateExpired,
    /// A clock is off; share of connections that check a certificate.
    ClockOff,
    /// System calls fail; share of requests that meet one.
    SystemCallFails,
    /// Part of a disk cannot be read; share of requests that want it.
    SectorUnreadable,
    /// A method throws; share of requests that call it.
    MethodThrows,
    /// A file system is full; share of requests that write to it.
    NoSpaceLeft,
    /// Files belong to somebody else.
    PermissionDenied,
}

/// Who writes a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writer {
    /// The component: with each request that it fails.
    Itself,
    /// Whoever calls it: with each attempt that fails.
    Callers,
    /// The component, now and then, whether anybody asks or not.
    Unasked,
}

impl Ailment {
    /// Whether its size is the time, s, after which something is used up: until then little shows.
    #[must_use]
    pub const fn ripens(self) -> bool {
        matches!(
            self,
            Self::SlotsTaken | Self::FilesUsedUp | Self::ConnectionsTracked
        )
    }

    /// Who tells of it in a log, and the template of the line.
    #[must_use]
    pub const fn line(self) -> (Writer, &'static str) {
        use Writer::{Callers, Itself, Unasked};
        match self {
            Self::CredentialRefused => (Callers, "authentication failed for user <*>"),
            Self::TlsRequired => (Callers, "TLS handshake failed: server requires TLS"),
            Self::NotListening => (Callers, "dial tcp <*>: connect: connection refused"),
            Self::CacheFull => (Callers, "OOM command not allowed when used memory > <*>"),
            Self::CacheCold => (Unasked, "cache miss ratio <*> above target"),
            Self::ReadOnly => (Callers, "cannot execute <*> in a read-only transaction"),
            Self::SlotsTaken => (Callers, "FATAL: sorry, too many connections already"),
            Self::TableLocked => (Unasked, "canceling statement due to lock timeout <*>"),
            Self::PoisonRecord => (Unasked, "cannot deserialize record at offset <*>"),
            Self::ConsumerLags => (Unasked, "consumer lag of partition <*> is <*>"),
            Self::FlagOn => (Itself, "request failed under feature flag <*>"),
            _ => self.line_of_node(),
        }
    }

    /// The same for what nodes, kernels and networks do.
    const fn line_of_node(self) -> (Writer, &'static str) {
        use Writer::{Callers, Itself, Unasked};
        match self {
            Self::QueryWrong => (Itself, "SQL error: unknown column <*>"),
            Self::FilesUsedUp => (Itself, "accept: too many open files"),
            Self::NameUnknown => (Callers, "dial tcp: lookup <*>: no such host"),
            Self::BodyTampered => (Callers, "cannot decode the answer of <*>"),
            Self::ProxyStale => (Itself, "dial tcp <*>: connect: connection refused"),
            Self::ConnectionsTracked => (Itself, "dial tcp <*>: i/o timeout"),
            Self::PortsUsedUp => (Itself, "connect: cannot assign requested address"),
            Self::MeshDenies => (Callers, "RBAC: access denied"),
            Self::CertificateExpired | Self::ClockOff => {
                (Itself, "x509: certificate has expired or is not yet valid")
            }
            Self::SystemCallFails | Self::SectorUnreadable => (Itself, "<*>: input/output error"),
            Self::MethodThrows => (Itself, "unhandled exception in <*>"),
            Self::NoSpaceLeft => (Itself, "write <*>: No space left on device"),
            _ => (Unasked, "open <*>: permission denied"),
        }
    }
}
