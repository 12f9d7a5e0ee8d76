//! What a container is made of, and what that says of how it serves.
//!
//! Figures are rounded experience, not measurements of a given application:
//! they are medians of priors, and each is refined by calibration.

use aegis_model::Role;

/// Language runtime or well-known server in a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Runtime {
    /// Go.
    Go,
    /// Java, Kotlin, Scala.
    Jvm,
    /// Node.js: one thread.
    Node,
    /// Python: one thread at a time.
    Python,
    /// .NET.
    DotNet,
    /// PHP with a pool of processes.
    Php,
    /// Ruby: one thread at a time.
    Ruby,
    /// Envoy, nginx, haproxy, traefik.
    Proxy,
    /// Redis, Valkey, Dragonfly: one thread.
    Redis,
    /// Memcached.
    Memcached,
    /// MongoDB.
    Mongo,
    /// MySQL, MariaDB.
    MySql,
    /// PostgreSQL.
    Postgres,
    /// RabbitMQ, NATS.
    RabbitMq,
    /// Kafka.
    Kafka,
    /// `pause`, `sleep`: does nothing.
    Pause,
    /// Nothing is known.
    Unknown,
}

/// What a runtime implies, as medians.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Traits {
    /// CPU per request, ms.
    pub cpu_ms: f64,
    /// Time per request that is neither CPU nor a callee, ms.
    pub latency_ms: f64,
    /// Seconds from the container's start to its first answer.
    pub startup: f64,
    /// Requests that can be on the CPU at once.
    pub slots: u32,
    /// Working set at rest, MiB, where no request says more.
    pub memory_mib: f64,
    /// Working set per request in flight, KiB.
    pub per_request_kib: f64,
    /// Factor on CPU per request while cold.
    pub cold_factor: f64,
    /// Seconds over which it warms up.
    pub warmup: f64,
}

const fn row(
    cpu_ms: f64,
    latency_ms: f64,
    startup: f64,
    slots: u32,
    memory: (f64, f64),
    cold: (f64, f64),
) -> Traits {
    Traits {
        cpu_ms,
        latency_ms,
        startup,
        slots,
        memory_mib: memory.0,
        per_request_kib: memory.1,
        cold_factor: cold.0,
        warmup: cold.1,
    }
}

impl Runtime {
    /// What it implies: CPU ms, latency ms, start s, slots, (MiB at rest, KiB per request), (cold factor, warm-up s).
    #[must_use]
    pub const fn traits(self) -> Traits {
        match self {
            Self::Go => row(0.6, 1.0, 1.5, 4, (25.0, 64.0), (1.1, 3.0)),
            Self::Jvm => row(0.9, 2.0, 28.0, 4, (260.0, 192.0), (3.0, 60.0)),
            Self::Node => row(0.9, 1.5, 4.0, 1, (70.0, 96.0), (1.4, 10.0)),
            Self::Python => row(1.2, 2.0, 4.0, 1, (60.0, 128.0), (1.2, 5.0)),
            Self::DotNet => row(0.8, 1.5, 4.0, 4, (80.0, 96.0), (2.0, 20.0)),
            Self::Php => row(1.5, 2.0, 2.0, 4, (60.0, 256.0), (1.3, 5.0)),
            Self::Ruby => row(1.5, 2.0, 8.0, 1, (120.0, 192.0), (1.5, 20.0)),
            Self::Proxy => row(0.1, 0.3, 1.0, 4, (20.0, 32.0), (1.0, 0.0)),
            Self::Redis => row(0.05, 0.2, 1.0, 1, (12.0, 16.0), (1.0, 0.0)),
            Self::Memcached => row(0.03, 0.2, 1.0, 4, (15.0, 8.0), (1.0, 0.0)),
            Self::Mongo => row(0.3, 1.0, 6.0, 4, (180.0, 64.0), (1.5, 30.0)),
            Self::MySql => row(0.4, 1.5, 15.0, 4, (350.0, 128.0), (1.5, 30.0)),
            Self::Postgres => row(0.4, 1.5, 5.0, 4, (120.0, 256.0), (1.5, 30.0)),
            Self::RabbitMq => row(0.15, 0.8, 12.0, 4, (130.0, 32.0), (1.2, 10.0)),
            Self::Kafka => row(0.1, 2.0, 20.0, 4, (600.0, 32.0), (1.3, 30.0)),
            Self::Pause => row(0.01, 0.1, 0.0, 1, (1.0, 1.0), (1.0, 0.0)),
            Self::Unknown => row(0.8, 1.5, 4.0, 4, (50.0, 96.0), (1.2, 5.0)),
        }
    }

    /// Its place in a call graph, where the runtime alone says so.
    #[must_use]
    pub const fn role(self) -> Option<Role> {
        match self {
            Self::Redis | Self::Memcached => Some(Role::Cache),
            Self::Mongo | Self::MySql | Self::Postgres => Some(Role::Store),
            Self::RabbitMq | Self::Kafka => Some(Role::Queue),
            _ => None,
        }
    }
}
