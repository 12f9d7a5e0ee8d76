//! Flags that servers of well-known images do not take: they end at once, and say so.
//!
//! Only what the programs' own documentation settles is judged, by its whole table of flags: of other
//! programs nothing is said.

use alloc::format;
use alloc::string::String;
use smol_str::SmolStr;

/// What a program says of a flag that it does not take, and its status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refused {
    pub words: String,
    pub status: i32,
}

/// How the official image of a server takes its arguments.
struct Server {
    family: &'static str,
    program: &'static str,
    takes: Takes,
}

/// Which flags a program takes.
enum Takes {
    /// `--name value …`, of directives of its configuration.
    Directives(&'static str),
    /// Single letters.
    Letters(&'static str),
    /// `-c name=value`, `--name=value`: a long flag needs its value; single letters.
    Settings(&'static str),
}

/// Sources: redis.conf of 7.4 and its `server.c`; nginx, `src/core/nginx.c`; PostgreSQL 17,
/// "postgres" in its reference.
const SERVERS: [Server; 3] = [
    Server {
        family: "redis",
        program: "redis-server",
        takes: Takes::Directives(REDIS),
    },
    Server {
        family: "nginx",
        program: "nginx",
        takes: Takes::Letters("?hvVtTqspecg"),
    },
    Server {
        family: "postgres",
        program: "postgres",
        takes: Takes::Settings("BcCdDeEFfhijkKlNnOPprsStTVvW"),
    },
];

/// First words of Redis' directives, and its flags that are none.
const REDIS: &str = " version help test-memory check-system sentinel acl acl-pubsub-default aclfile \
    acllog-max-len active active-defrag-cycle-max active-defrag-cycle-min active-defrag-ignore-bytes \
    active-defrag-max-scan-fields active-defrag-threshold-lower active-defrag-threshold-upper active-expire-effort \
    activedefrag activerehashing always-show-logo aof aof-load-truncated aof-rewrite-incremental-fsync \
    aof-timestamp-enabled aof-use-rdb-preamble aof_rewrite_cpulist appenddirname appendfilename appendfsync \
    appendonly auto-aof-rewrite-min-size auto-aof-rewrite-percentage availability-zone bgsave_cpulist bind \
    bind-source-addr bio_cpulist busy-reply-threshold client-output-buffer-limit client-query-buffer-limit \
    cluster cluster-allow-pubsubshard-when-down cluster-allow-reads-when-down cluster-allow-replica-migration \
    cluster-announce-bus-port cluster-announce-hostname cluster-announce-human-nodename cluster-announce-ip \
    cluster-announce-port cluster-announce-tls-port cluster-config-file cluster-enabled \
    cluster-link-sendbuf-limit cluster-migration-barrier cluster-node-timeout cluster-port \
    cluster-preferred-endpoint-type cluster-replica-no-failover cluster-replica-validity-factor \
    cluster-require-full-coverage cluster-slave-no-failover cluster-slave-validity-factor \
    cluster-slot-stats-enabled gopher-enabled key-load-delay key-memory-histograms lazyexpire-nested-arbitrary-keys \
    loadmodule-ex repl-rdb-channel tls-auth-clients-user use-exit-on-panic crash-log-enabled crash-memcheck-enabled daemonize \
    databases dbfilename dir disable-thp disk dynamic-hz enable-debug-command enable-module-command \
    enable-protected-configs hash hash-max-listpack-entries hash-max-listpack-value hash-max-ziplist-entries \
    hash-max-ziplist-value hide-user-data-from-log hll-sparse-max-bytes hz ignore-warnings include io-threads \
    io-threads-do-reads jemalloc-bg-thread latency-monitor-threshold latency-tracking \
    latency-tracking-info-percentiles lazyfree-lazy-eviction lazyfree-lazy-expire lazyfree-lazy-server-del \
    lazyfree-lazy-user-del lazyfree-lazy-user-flush lfu-decay-time lfu-log-factor list-compress-depth \
    list-max-listpack-size list-max-ziplist-size loadmodule locale-collate logfile loglevel lua-time-limit \
    masterauth masteruser max-new-connections-per-cycle max-new-tls-connections-per-cycle maxclients maxmemory \
    maxmemory-clients maxmemory-eviction-tenacity maxmemory-policy maxmemory-samples min-replicas-max-lag \
    min-replicas-to-write min-slaves-max-lag min-slaves-to-write no-appendfsync-on-rewrite \
    notify-keyspace-events oom-score-adj oom-score-adj-values pidfile port proc-title-template \
    propagation-error-behavior protected-mode proto-max-bulk-len rdb-del-sync-files rdb-key-save-delay \
    rdb-save-incremental-fsync rdbchecksum rdbcompression rename-command repl-backlog-size repl-backlog-ttl \
    repl-disable-tcp-nodelay repl-diskless-load repl-diskless-sync repl-diskless-sync-delay \
    repl-diskless-sync-max-replicas repl-ping-replica-period repl-ping-slave-period repl-timeout \
    replica-announce-ip replica-announce-port replica-announced replica-full-sync-buffer-limit \
    replica-ignore-disk-write-errors replica-ignore-maxmemory replica-lazy-flush replica-priority \
    replica-read-only replica-serve-stale-data replicaof requirepass rmdump sanitize-dump-payload save \
    server_cpulist set-max-intset-entries set-max-listpack-entries set-max-listpack-value set-proc-title \
    shutdown-on-sigint shutdown-on-sigterm shutdown-timeout slave-announce-ip slave-announce-port \
    slave-ignore-maxmemory slave-lazy-flush slave-priority slave-read-only slave-serve-stale-data slaveof \
    slowlog-log-slower-than slowlog-max-len socket-mark-id stop-writes-on-bgsave-error \
    stream-node-max-bytes stream-node-max-entries supervised syslog-enabled syslog-facility syslog-ident \
    tcp-backlog tcp-keepalive timeout tls-allowlisted-cas tls-auth-clients tls-ca-cert-dir tls-ca-cert-file \
    tls-cert-file tls-ciphers tls-ciphersuites tls-client-cert-file tls-client-key-file \
    tls-client-key-file-pass tls-cluster tls-dh-params-file tls-key-file tls-key-file-pass tls-port \
    tls-prefer-server-ciphers tls-protocols tls-replication tls-session-cache-size \
    tls-session-cache-timeout tls-session-caching tracking-table-max-keys unixsocket unixsocketperm user \
    watchdog-period zset-max-listpack-entries zset-max-listpack-value zset-max-ziplist-entries \
    zset-max-ziplist-value ";

/// Beginnings of directives of the modules that come with Redis 8.
const OF_MODULES: [&str; 4] = ["bf-", "cf-", "search-", "ts-"];

/// What the server of an image says of the first of its arguments that it does not take.
pub(super) fn refused(words: &[SmolStr], family: &str) -> Option<Refused> {
    let first = words.first()?;
    let server = SERVERS.iter().find(|server| {
        let by_entrypoint = server.family == family && first.starts_with('-');
        // nginx' entrypoint runs its arguments as they are.
        by_entrypoint && server.program != "nginx"
            || super::commands::basename(first) == server.program
    });
    let args = match first.starts_with('-') {
        true => words,
        false => &words[1..],
    };
    server?.refuses(args)
}

impl Server {
    fn refuses(&self, args: &[SmolStr]) -> Option<Refused> {
        match self.takes {
            Takes::Directives(known) => unknown_directive(args, known),
            Takes::Letters(known) => {
                let long = args.iter().any(|arg| arg.starts_with("--"));
                let letter = long
                    .then_some('-')
                    .or_else(|| unknown_letter(args, known))?;
                Some(Refused {
                    words: format!("{}: invalid option: \"{letter}\"", self.program),
                    status: 1,
                })
            }
            Takes::Settings(known) => valueless(args).or_else(|| {
                let letter = unknown_letter(args, known)?;
                Some(Refused {
                    words: format!("{}: invalid option -- '{letter}'", self.program),
                    status: 1,
                })
            }),
        }
    }
}

fn unknown_directive(args: &[SmolStr], known: &str) -> Option<Refused> {
    let is_known = |name: &str| {
        let name = name.to_ascii_lowercase();
        let of_module = name.contains('.') || OF_MODULES.iter().any(|one| name.starts_with(one));
        of_module || known.split_ascii_whitespace().any(|one| one == name)
    };
    let names = args.iter().filter_map(|arg| arg.strip_prefix("--"));
    let name = { names }
        .map(|name| name.split([' ', '=']).next().unwrap_or(name))
        .find(|name| !name.is_empty() && !name.contains('$') && !is_known(name))?;
    Some(Refused {
        words: format!(
            "*** FATAL CONFIG FILE ERROR ***\nReading the configuration file\n>>> '{name}'\n\
             Bad directive or wrong number of arguments"
        ),
        status: 1,
    })
}

/// The first letter of a cluster of single-letter flags that a program does not know.
fn unknown_letter(args: &[SmolStr], known: &str) -> Option<char> {
    let flags = args.iter().filter_map(|arg| arg.strip_prefix('-'));
    let letters = flags.filter_map(|flag| flag.chars().next());
    { letters }.find(|letter| letter.is_ascii_alphabetic() && !known.contains(*letter))
}

/// A long setting without its value.
fn valueless(args: &[SmolStr]) -> Option<Refused> {
    let flag = args
        .iter()
        .filter(|arg| {
            !matches!(
                arg.as_str(),
                "--version" | "--help" | "--single" | "--boot" | "--check"
            )
        })
        .find(|arg| arg.starts_with("--") && arg.len() > 2 && !arg.contains(['=', '$']))?;
    Some(Refused {
        words: format!("FATAL:  {flag} requires a value"),
        status: 1,
    })
}

#[cfg(test)]
mod tests {
    use super::refused;
    use alloc::vec::Vec;
    use smol_str::SmolStr;

    #[test]
    fn servers_refuse_flags_that_they_do_not_have() {
        for (family, line, ends) in [
            ("redis", "--totally-invalid-flag", true),
            (
                "redis",
                "--maxmemory 100mb --save 60 1 --appendonly yes",
                false,
            ),
            ("redis", "redis-server --apendonly yes", true),
            ("redis", "redis-server /etc/redis.conf", false),
            ("redis", "redis-server -v", false),
            ("redis", "--active-defrag-ignore-bytes 100mb", false),
            ("redis", "--search-timeout 500", false),
            ("redis", "redis-cli --bigkeys", false),
            ("nginx", "nginx -g x", false),
            ("nginx", "nginx -z", true),
            ("nginx", "nginx --no-daemon", true),
            ("nginx", "nginx -c /etc/nginx/nginx.conf -T", false),
            ("postgres", "-c max_connections=200", false),
            ("postgres", "--max_connections", true),
            ("postgres", "postgres -h 0.0.0.0 -p 5433", false),
            ("mysql", "--invalid-option", false),
            ("mysql", "--skip-name-resolve", false),
            ("app", "--ignore-invalid --port 80", false),
            ("app", "serve --nonexistent-flag", false),
        ] {
            let words: Vec<SmolStr> = line.split(' ').map(SmolStr::from).collect();
            assert_eq!(refused(&words, family).is_some(), ends, "{family} {line}");
        }
    }
}
