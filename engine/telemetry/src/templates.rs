//! Log lines that software prints when something is wrong, as templates.
//!
//! Variable parts stand as `<*>`. The wording follows what the named runtimes and servers
//! print; a workload of unknown make speaks as [`Speaker::Any`].

/// What a log line tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogCondition {
    /// The callee's port is closed: no process listens, or no endpoint is ready.
    ConnectionRefused,
    /// An attempt passed its deadline.
    Timeout,
    /// Packets are dropped on the way: a NetworkPolicy, a dead node.
    Unreachable,
    /// The name of a Service does not resolve.
    NameNotFound,
    /// The peer closed the connection in the middle.
    ConnectionReset,
    /// The callee turns work away: its workers and queue are full.
    Overloaded,
    /// The component answers with an error of its own.
    InternalError,
    /// Memory cannot be had any more, from within.
    OutOfMemory,
    /// A slot of a pool is waited for too long.
    PoolExhausted,
    /// The disk is full.
    DiskFull,
    /// A certificate or clock does not fit.
    NotYetValid,
    /// The component stops because it was told to.
    Terminating,
    /// The component is up.
    Started,
}

/// Whose voice it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Speaker {
    /// Software of unknown make.
    Any,
    /// A gRPC client or server.
    Grpc,
    /// Go's HTTP and net packages.
    Go,
    /// A JVM.
    Java,
    /// Node.js.
    Node,
    /// CPython.
    Python,
    /// nginx.
    Nginx,
    /// Redis.
    Redis,
    /// MySQL and MariaDB.
    Mysql,
    /// MongoDB's drivers and server.
    Mongo,
}

/// One template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogTemplate {
    /// What it tells of.
    pub condition: LogCondition,
    /// Who prints it.
    pub speaker: Speaker,
    /// The line, variables as `<*>`.
    pub text: &'static str,
}

const fn row(condition: LogCondition, speaker: Speaker, text: &'static str) -> LogTemplate {
    LogTemplate {
        condition,
        speaker,
        text,
    }
}

use LogCondition as C;
use Speaker as S;

const TEMPLATES: &[LogTemplate] = &[
    row(
        C::ConnectionRefused,
        S::Any,
        "connect to <*> failed: connection refused",
    ),
    row(
        C::ConnectionRefused,
        S::Grpc,
        "rpc error: code = Unavailable desc = connection error: desc = \"transport: Error while dialing: dial tcp <*>: connect: connection refused\"",
    ),
    row(
        C::ConnectionRefused,
        S::Go,
        "dial tcp <*>: connect: connection refused",
    ),
    row(
        C::ConnectionRefused,
        S::Java,
        "java.net.ConnectException: Connection refused",
    ),
    row(
        C::ConnectionRefused,
        S::Node,
        "Error: connect ECONNREFUSED <*>",
    ),
    row(
        C::ConnectionRefused,
        S::Python,
        "ConnectionRefusedError: [Errno 111] Connection refused",
    ),
    row(
        C::ConnectionRefused,
        S::Nginx,
        "[error] <*> connect() failed (111: Connection refused) while connecting to upstream, client: <*>, upstream: <*>",
    ),
    row(C::Timeout, S::Any, "request to <*> timed out after <*>"),
    row(
        C::Timeout,
        S::Grpc,
        "rpc error: code = DeadlineExceeded desc = context deadline exceeded",
    ),
    row(
        C::Timeout,
        S::Go,
        "net/http: request canceled (Client.Timeout exceeded while awaiting headers)",
    ),
    row(
        C::Timeout,
        S::Java,
        "java.net.SocketTimeoutException: Read timed out",
    ),
    row(C::Timeout, S::Node, "Error: ETIMEDOUT"),
    row(C::Timeout, S::Python, "TimeoutError: timed out"),
    row(
        C::Timeout,
        S::Nginx,
        "[error] <*> upstream timed out (110: Connection timed out) while reading response header from upstream, client: <*>, upstream: <*>",
    ),
    row(
        C::Unreachable,
        S::Any,
        "connect to <*> failed: connection timed out",
    ),
    row(
        C::Unreachable,
        S::Grpc,
        "rpc error: code = Unavailable desc = connection error: desc = \"transport: Error while dialing: dial tcp <*>: i/o timeout\"",
    ),
    row(C::Unreachable, S::Go, "dial tcp <*>: i/o timeout"),
    row(
        C::Unreachable,
        S::Java,
        "java.net.SocketTimeoutException: connect timed out",
    ),
    row(
        C::Unreachable,
        S::Nginx,
        "[error] <*> upstream timed out (110: Connection timed out) while connecting to upstream, client: <*>, upstream: <*>",
    ),
    row(C::NameNotFound, S::Any, "could not resolve host: <*>"),
    row(
        C::NameNotFound,
        S::Grpc,
        "rpc error: code = Unavailable desc = name resolver error: produced zero addresses",
    ),
    row(
        C::NameNotFound,
        S::Go,
        "dial tcp: lookup <*> on <*>: no such host",
    ),
    row(
        C::NameNotFound,
        S::Java,
        "java.net.UnknownHostException: <*>",
    ),
    row(C::NameNotFound, S::Node, "Error: getaddrinfo ENOTFOUND <*>"),
    row(
        C::NameNotFound,
        S::Python,
        "socket.gaierror: [Errno -2] Name or service not known",
    ),
    row(
        C::NameNotFound,
        S::Nginx,
        "[error] <*> <*> could not be resolved (3: Host not found)",
    ),
    row(
        C::ConnectionReset,
        S::Any,
        "connection to <*> reset by peer",
    ),
    row(
        C::ConnectionReset,
        S::Grpc,
        "rpc error: code = Unavailable desc = error reading from server: EOF",
    ),
    row(
        C::ConnectionReset,
        S::Go,
        "read tcp <*>: read: connection reset by peer",
    ),
    row(
        C::ConnectionReset,
        S::Java,
        "java.net.SocketException: Connection reset",
    ),
    row(C::ConnectionReset, S::Node, "Error: read ECONNRESET"),
    row(
        C::ConnectionReset,
        S::Nginx,
        "[error] <*> upstream prematurely closed connection while reading response header from upstream, client: <*>, upstream: <*>",
    ),
    row(
        C::Overloaded,
        S::Any,
        "too many requests in progress: request rejected",
    ),
    row(
        C::Overloaded,
        S::Grpc,
        "rpc error: code = ResourceExhausted desc = <*>",
    ),
    row(
        C::Overloaded,
        S::Nginx,
        "[alert] <*> worker_connections are not enough",
    ),
    row(
        C::Overloaded,
        S::Redis,
        "Error accepting a client connection: max number of clients reached",
    ),
    row(
        C::Overloaded,
        S::Mysql,
        "ERROR 1040 (HY000): Too many connections",
    ),
    row(
        C::InternalError,
        S::Any,
        "request failed: internal server error",
    ),
    row(
        C::InternalError,
        S::Grpc,
        "rpc error: code = Internal desc = <*>",
    ),
    row(C::OutOfMemory, S::Any, "out of memory"),
    row(C::OutOfMemory, S::Go, "fatal error: runtime: out of memory"),
    row(
        C::OutOfMemory,
        S::Java,
        "java.lang.OutOfMemoryError: Java heap space",
    ),
    row(
        C::OutOfMemory,
        S::Node,
        "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory",
    ),
    row(C::OutOfMemory, S::Python, "MemoryError"),
    row(
        C::OutOfMemory,
        S::Redis,
        "OOM command not allowed when used memory > 'maxmemory'.",
    ),
    row(
        C::PoolExhausted,
        S::Any,
        "no free connection in the pool after <*>",
    ),
    row(
        C::PoolExhausted,
        S::Java,
        "java.sql.SQLTransientConnectionException: <*> - Connection is not available, request timed out after <*>ms.",
    ),
    row(C::DiskFull, S::Any, "write <*>: no space left on device"),
    row(
        C::DiskFull,
        S::Redis,
        "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk.",
    ),
    row(
        C::DiskFull,
        S::Mysql,
        "[ERROR] [MY-000035] [Server] Disk is full writing <*> (OS errno 28 - No space left on device).",
    ),
    row(
        C::NotYetValid,
        S::Any,
        "certificate has expired or is not yet valid",
    ),
    row(
        C::NotYetValid,
        S::Go,
        "tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time <*> is before <*>",
    ),
    row(C::Terminating, S::Any, "received SIGTERM, shutting down"),
    row(
        C::Terminating,
        S::Nginx,
        "[notice] <*> gracefully shutting down",
    ),
    row(
        C::Terminating,
        S::Redis,
        "Received SIGTERM scheduling shutdown...",
    ),
    row(C::Started, S::Any, "listening on <*>"),
    row(C::Started, S::Redis, "Ready to accept connections tcp"),
    row(C::Started, S::Mongo, "Waiting for connections"),
];

/// Every template, by condition.
#[must_use]
pub const fn templates() -> &'static [LogTemplate] {
    TEMPLATES
}

/// What a speaker prints of a condition; who has no words of its own speaks as any.
#[must_use]
pub fn template(condition: LogCondition, speaker: Speaker) -> &'static str {
    let find = |wanted: Speaker| {
        let mut rows = TEMPLATES.iter();
        rows.find(|row| row.condition == condition && row.speaker == wanted)
    };
    let found = find(speaker).or_else(|| find(Speaker::Any));
    debug_assert!(found.is_some(), "every condition has a line of `Any`");
    found.map_or("", |row| row.text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_condition_can_be_said_by_anyone() {
        for row in templates() {
            assert!(!template(row.condition, Speaker::Any).is_empty());
            assert_eq!(template(row.condition, row.speaker), row.text);
        }
        let fallback = template(LogCondition::Timeout, Speaker::Mongo);
        assert_eq!(fallback, template(LogCondition::Timeout, Speaker::Any));
    }

    #[test]
    fn no_two_conditions_share_a_line() {
        for (at, row) in templates().iter().enumerate() {
            let twin = templates()[at + 1..]
                .iter()
                .find(|other| other.text == row.text);
            assert_eq!(twin, None);
        }
    }

    #[test]
    fn rows_stand_together_by_condition() {
        assert!(templates().is_sorted_by_key(|row| (row.condition, row.speaker)));
    }
}
