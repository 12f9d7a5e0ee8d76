//! What common clients, servers and runtimes print when something is wrong, as data.
//!
//! A row is a piece of a line, in lower case, and what it tells of. Of all rows that a line holds,
//! the first in the table counts: the rows stand from the telling to the vague.

use aegis_model::bundle::Condition;
use aho_corasick::{AhoCorasick, MatchKind};
use std::sync::LazyLock;

use Condition as C;

/// The rows.
pub const LEXICON: &[(&str, Condition)] = &[
    ("too many connections", C::TooManyConnections),
    ("max number of clients reached", C::TooManyConnections),
    (
        "remaining connection slots are reserved",
        C::TooManyConnections,
    ),
    ("sorry, too many clients already", C::TooManyConnections),
    ("--read-only option", C::ReadOnly),
    ("--super-read-only option", C::ReadOnly),
    ("can't write against a read only replica", C::ReadOnly),
    ("in a read-only transaction", C::ReadOnly),
    ("notwritableprimary", C::ReadOnly),
    ("access denied for user", C::AccessDenied),
    ("authentication failed", C::AccessDenied),
    ("authenticationfailed", C::AccessDenied),
    ("noauth authentication required", C::AccessDenied),
    ("wrongpass", C::AccessDenied),
    ("access_refused", C::AccessDenied),
    ("invalid username-password pair", C::AccessDenied),
    ("exec format error", C::ExecFormat),
    ("outofmemoryerror", C::OutOfMemory),
    ("heap out of memory", C::OutOfMemory),
    ("runtime: out of memory", C::OutOfMemory),
    ("oom command not allowed", C::OutOfMemory),
    ("cannot allocate memory", C::OutOfMemory),
    ("no space left on device", C::DiskFull),
    ("address already in use", C::AddressInUse),
    ("eaddrinuse", C::AddressInUse),
    ("was already in use", C::AddressInUse),
    ("bind() to", C::AddressInUse),
    ("read-only file system", C::PermissionDenied),
    ("permission denied", C::PermissionDenied),
    ("operation not permitted", C::PermissionDenied),
    ("eacces", C::PermissionDenied),
    ("x509:", C::Tls),
    ("certificate has expired", C::Tls),
    ("tls handshake", C::Tls),
    ("sslhandshakeexception", C::Tls),
    ("certificate verify failed", C::Tls),
    ("exceeded quota", C::QuotaExceeded),
    ("quota exceeded", C::QuotaExceeded),
    ("no such host", C::NameNotFound),
    ("unknownhostexception", C::NameNotFound),
    ("unknown host", C::NameNotFound),
    ("enotfound", C::NameNotFound),
    ("name or service not known", C::NameNotFound),
    ("failure in name resolution", C::NameNotFound),
    ("could not resolve host", C::NameNotFound),
    ("could not be resolved", C::NameNotFound),
    ("host not found", C::NameNotFound),
    ("nxdomain", C::NameNotFound),
    ("eai_again", C::NameNotFound),
    ("connection refused", C::ConnectionRefused),
    ("econnrefused", C::ConnectionRefused),
    ("unabletoconnect", C::ConnectionRefused),
    ("actively refused", C::ConnectionRefused),
    ("no route to host", C::TimedOut),
    ("i/o timeout", C::TimedOut),
    ("connecttimeout", C::TimedOut),
    ("etimedout", C::TimedOut),
    ("timed out", C::TimedOut),
    ("deadline exceeded", C::TimedOut),
    ("deadlineexceeded", C::TimedOut),
    ("no healthy upstream", C::NoBackend),
    ("upstream connect error", C::NoBackend),
    ("connection reset", C::ConnectionReset),
    ("econnreset", C::ConnectionReset),
    ("broken pipe", C::ConnectionReset),
    ("prematurely closed", C::ConnectionReset),
    ("service instance cannot be null", C::NoInstance),
    ("no instances available for", C::NoInstance),
    ("no servers available for service", C::NoInstance),
    ("client not connected, current status", C::NoInstance),
    ("communications link failure", C::DatabaseLink),
    ("could not open jdbc connection", C::DatabaseLink),
    ("unable to open jdbc connection", C::DatabaseLink),
    ("no such file or directory", C::MissingConfiguration),
    ("environment variable not set", C::MissingConfiguration),
    ("missing required", C::MissingConfiguration),
    ("\" 404 ", C::NotFound),
    ("404 not found", C::NotFound),
    ("404 client error", C::NotFound),
    ("\" 500 ", C::ServerError),
    ("\" 502 ", C::ServerError),
    ("\" 503 ", C::ServerError),
    ("\" 504 ", C::ServerError),
    ("internal server error", C::ServerError),
    ("service unavailable", C::ServerError),
    ("bad gateway", C::ServerError),
    ("gateway timeout", C::ServerError),
    ("panic:", C::Other),
    ("fatal", C::Other),
    (" error ", C::Other),
    ("level=error", C::Other),
    ("\"severity\":\"error\"", C::Other),
    ("exception", C::Other),
];

static MACHINE: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .match_kind(MatchKind::Standard)
        .build(LEXICON.iter().map(|(piece, _)| piece))
        .ok()
});

/// What a line tells of; nothing if no row is in it.
#[must_use]
pub fn condition(line: &str) -> Option<Condition> {
    let machine = MACHINE.as_ref()?;
    let row = machine
        .find_overlapping_iter(line)
        .map(|found| found.pattern().as_usize())
        .min()?;
    LEXICON.get(row).map(|(_, condition)| *condition)
}

/// What a line names as the other side: a host, `host:port`, a path, a port.
#[must_use]
pub fn target(line: &str, condition: Condition) -> String {
    let found = match condition {
        C::NameNotFound => NAMED_AFTER
            .iter()
            .find_map(|words| named_after(line, words)),
        C::NotFound | C::ServerError => requested(line),
        C::AddressInUse => named_after(line, "port ").or_else(|| address(line)),
        C::NoInstance => named_after(line, "available for ").or_else(|| address(line)),
        _ => address(line),
    };
    found.unwrap_or_default()
}

/// Words after which a name that does not resolve stands.
const NAMED_AFTER: &[&str] = &[
    "lookup ",
    "UnknownHostException: ",
    "ENOTFOUND ",
    "EAI_AGAIN ",
    "resolve host: ",
    "host not found in upstream \"",
    "Unknown host ",
];

fn named_after(line: &str, words: &str) -> Option<String> {
    let at = line.find(words).or_else(|| {
        let lower = line.to_ascii_lowercase();
        lower.find(&words.to_ascii_lowercase())
    })?;
    let rest = line.get(at + words.len()..)?;
    let end = rest
        .find(|letter: char| !(letter.is_ascii_alphanumeric() || "._-".contains(letter)))
        .unwrap_or(rest.len());
    let name = rest[..end].trim_end_matches('.');
    (!name.is_empty()).then(|| name.to_owned())
}

/// The path of a request in an access log: `"GET /path?query HTTP/1.1"`.
fn requested(line: &str) -> Option<String> {
    const METHODS: &[&str] = &["GET /", "POST /", "PUT /", "DELETE /", "PATCH /", "HEAD /"];
    let at = METHODS.iter().find_map(|method| {
        let at = line.find(method)?;
        Some(at + method.len() - 1)
    });
    let at = at.or_else(|| line.find("\"path\":\"/").map(|at| at + 8))?;
    let rest = line.get(at..)?;
    let end = rest.find(|letter: char| " ?\"\\,}'".contains(letter))?;
    Some(rest[..end].to_owned())
}

/// The first `host:port` whose host is a name or an IPv4 address.
fn address(line: &str) -> Option<String> {
    line.match_indices(':').find_map(|(at, _)| {
        let before = line.get(..at)?;
        let start = before
            .rfind(|letter: char| !(letter.is_ascii_alphanumeric() || "._-".contains(letter)))
            .map_or(0, |found| found + 1);
        let host = before.get(start..)?;
        let after = line.get(at + 1..)?;
        let digits = after.bytes().take_while(u8::is_ascii_digit).count();
        let port = after.get(..digits)?;
        let ends = after.as_bytes().get(digits).copied();
        let clean = !ends.is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'.');
        (is_host(host) && (2..=5).contains(&digits) && clean).then(|| format!("{host}:{port}"))
    })
}

fn is_host(text: &str) -> bool {
    const SOURCES: &[&str] = &[".java", ".go", ".py", ".js", ".ts", ".cs", ".rb", ".jar"];
    let named = text.bytes().any(|byte| byte.is_ascii_alphabetic())
        && text
            .bytes()
            .next()
            .is_some_and(|byte| byte.is_ascii_alphanumeric())
        && !SOURCES.iter().any(|suffix| text.ends_with(suffix))
        && !text.contains('_')
        && !is_clock(text);
    let numbered =
        text.split('.').count() == 4 && text.split('.').all(|part| part.parse::<u8>().is_ok());
    named || numbered
}

/// `2025-01-01T10` before `:20`.
fn is_clock(text: &str) -> bool {
    text.len() >= 11 && text.as_bytes()[4] == b'-' && text.contains('T')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, wanted: Condition, named: &str) {
        let found = condition(line);
        assert_eq!(found, Some(wanted), "{line}");
        assert_eq!(target(line, wanted), named, "{line}");
    }

    #[test]
    fn lines_of_common_clients_are_understood() {
        check(
            "dial tcp 10.8.0.4:7001: connect: connection refused",
            C::ConnectionRefused,
            "10.8.0.4:7001",
        );
        check(
            "dial tcp: lookup billing on 10.0.0.10:53: no such host",
            C::NameNotFound,
            "billing",
        );
        check(
            "java.net.UnknownHostException: orders-db",
            C::NameNotFound,
            "orders-db",
        );
        check(
            "Access denied for user 'shop'@'10.0.3.7' (using password: YES)",
            C::AccessDenied,
            "",
        );
        check(
            "Web server failed to start. Port 9191 was already in use.",
            C::AddressInUse,
            "9191",
        );
        check(
            "10.1.1.1 - - [x] \"POST /api/v2/basket/add?x=1 HTTP/1.1\" 404 12",
            C::NotFound,
            "/api/v2/basket/add",
        );
        check(
            "UnableToConnect on cache:6379/Interactive, last: NONE",
            C::ConnectionRefused,
            "cache:6379",
        );
    }

    #[test]
    fn the_telling_row_wins_over_the_vague_one() {
        check(
            "2025-01-01T10:20:30Z ERROR 1 --- java.sql.SQLException: Too many connections",
            C::TooManyConnections,
            "",
        );
        assert_eq!(condition("all is well"), None);
    }
}
