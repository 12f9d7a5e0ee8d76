//! Words that give away what a container is made of, and what it is for.

use crate::runtime::Runtime;

/// Words in an image's path or a container's command that give a runtime away.
pub const WORDS: &[(&str, Runtime)] = &[
    ("java", Runtime::Jvm),
    ("openjdk", Runtime::Jvm),
    ("jre", Runtime::Jvm),
    ("spring", Runtime::Jvm),
    ("node", Runtime::Node),
    ("npm", Runtime::Node),
    ("nodejs", Runtime::Node),
    ("python", Runtime::Python),
    ("python3", Runtime::Python),
    ("gunicorn", Runtime::Python),
    ("uvicorn", Runtime::Python),
    ("flask", Runtime::Python),
    ("django", Runtime::Python),
    ("dotnet", Runtime::DotNet),
    ("aspnet", Runtime::DotNet),
    ("php", Runtime::Php),
    ("rails", Runtime::Ruby),
    ("puma", Runtime::Ruby),
    ("redis", Runtime::Redis),
    ("valkey", Runtime::Redis),
    ("memcached", Runtime::Memcached),
    ("mongodb", Runtime::Mongo),
    ("mongo", Runtime::Mongo),
    ("mongod", Runtime::Mongo),
    ("mysql", Runtime::MySql),
    ("mysqld", Runtime::MySql),
    ("mariadb", Runtime::MySql),
    ("postgres", Runtime::Postgres),
    ("postgresql", Runtime::Postgres),
    ("rabbitmq", Runtime::RabbitMq),
    ("kafka", Runtime::Kafka),
    ("nginx", Runtime::Proxy),
    ("golang", Runtime::Go),
    ("sleep", Runtime::Pause),
];

/// Starts of environment variables that give a runtime away.
pub const VARIABLES: &[(&str, Runtime)] = &[
    ("JAVA_", Runtime::Jvm),
    ("JVM_", Runtime::Jvm),
    ("SPRING_", Runtime::Jvm),
    ("NODE_", Runtime::Node),
    ("PYTHON", Runtime::Python),
    ("FLASK_", Runtime::Python),
    ("DJANGO_", Runtime::Python),
    ("ASPNETCORE_", Runtime::DotNet),
    ("DOTNET_", Runtime::DotNet),
    ("PHP_", Runtime::Php),
    ("RAILS_", Runtime::Ruby),
    ("GOMAXPROCS", Runtime::Go),
    ("GOGC", Runtime::Go),
    ("GOMEMLIMIT", Runtime::Go),
];

/// Words in a workload's name or image that mark a load generator.
pub const GENERATORS: &[&str] = &[
    "loadgenerator",
    "loadgen",
    "loadtest",
    "loadtester",
    "locust",
    "k6",
    "jmeter",
    "wrk",
    "wrk2",
    "hey",
    "vegeta",
    "fortio",
    "gatling",
    "artillery",
];

/// Pairs of words, side by side, that mark one too.
pub const GENERATOR_PAIRS: &[(&str, &str)] = &[
    ("load", "test"),
    ("load", "generator"),
    ("load", "gen"),
    ("traffic", "generator"),
];

/// Words in an image's path that mark what watches the others: metrics, traces, logs, dashboards.
pub const MONITORS: &[&str] = &[
    "prometheus",
    "prom",
    "alertmanager",
    "grafana",
    "loki",
    "tempo",
    "jaeger",
    "jaegertracing",
    "zipkin",
    "openzipkin",
    "otel",
    "otelcol",
    "collector",
    "fluentd",
    "fluent",
    "filebeat",
    "kibana",
    "kiali",
    "skywalking",
    "pyroscope",
    "wavefront",
];
