//! Databases, caches, queues. Sources: the images' pages on Docker Hub, "Environment Variables" among
//! them, their Dockerfiles, and the documentation of what the servers ask of a machine.

use super::{Entry, Http, Known, User, row};

const MYSQL: &[&[&str]] = &[&[
    "MYSQL_ROOT_PASSWORD",
    "MYSQL_ALLOW_EMPTY_PASSWORD",
    "MYSQL_RANDOM_ROOT_PASSWORD",
]];
const POSTGRES: &[&[&str]] = &[&["POSTGRES_PASSWORD", "POSTGRES_HOST_AUTH_METHOD"]];
const OF_BITNAMI: &str = "ALLOW_EMPTY_PASSWORD";

/// The rows.
pub const ROWS: &[Known] = &[
    row(&["redis"])
        .ports(&[6379])
        .http(Http::Never)
        .user(User::Root),
    row(&["valkey/valkey"])
        .ports(&[6379])
        .http(Http::Never)
        .user(User::Root),
    row(&["bitnami/redis", "bitnami/valkey"])
        .ports(&[6379])
        .http(Http::Never)
        .user(User::Number)
        .needs(&[&[
            "REDIS_PASSWORD",
            "VALKEY_PASSWORD",
            "REDIS_ACLFILE",
            OF_BITNAMI,
        ]]),
    row(&["memcached"])
        .ports(&[11211])
        .http(Http::Never)
        .user(User::Named("memcache")),
    row(&["postgres"])
        .ports(&[5432])
        .http(Http::Never)
        .user(User::Root)
        .needs(POSTGRES)
        .writes(&["/var/run/postgresql"]),
    row(&[
        "postgis/postgis",
        "pgvector/pgvector",
        "timescale/timescaledb",
    ])
    .ports(&[5432])
    .http(Http::Never)
    .needs(POSTGRES),
    row(&["bitnami/postgresql"])
        .ports(&[5432])
        .http(Http::Never)
        .user(User::Number)
        .needs(&[&[
            "POSTGRESQL_PASSWORD",
            "POSTGRES_PASSWORD",
            "POSTGRESQL_POSTGRES_PASSWORD",
            "POSTGRES_POSTGRES_PASSWORD",
            OF_BITNAMI,
        ]]),
    row(&["mysql"])
        .ports(&[3306, 33060])
        .http(Http::Never)
        .user(User::Root)
        .needs(MYSQL)
        .writes(&["/var/run/mysqld"])
        .starves_at(150),
    row(&["percona", "mysql/mysql-server"])
        .ports(&[3306, 33060])
        .http(Http::Never)
        .needs(MYSQL)
        .starves_at(150),
    row(&["bitnami/mysql"])
        .ports(&[3306])
        .http(Http::Never)
        .user(User::Number)
        .needs(&[&["MYSQL_ROOT_PASSWORD", OF_BITNAMI]]),
    row(&["mariadb"])
        .ports(&[3306])
        .http(Http::Never)
        .user(User::Root)
        .needs(&[&[
            "MARIADB_ROOT_PASSWORD",
            "MARIADB_ROOT_PASSWORD_HASH",
            "MARIADB_ALLOW_EMPTY_ROOT_PASSWORD",
            "MARIADB_RANDOM_ROOT_PASSWORD",
            "MYSQL_ROOT_PASSWORD",
            "MYSQL_ALLOW_EMPTY_PASSWORD",
            "MYSQL_RANDOM_ROOT_PASSWORD",
        ]])
        .writes(&["/run/mysqld", "/var/run/mysqld"])
        .starves_at(50),
    row(&["bitnami/mariadb"])
        .ports(&[3306])
        .http(Http::Never)
        .user(User::Number)
        .needs(&[&["MARIADB_ROOT_PASSWORD", OF_BITNAMI]]),
    // It answers HTTP, to say that it does not speak it.
    row(&["mongo"])
        .ports(&[27017])
        .user(User::Root)
        .starves_at(50),
    row(&["bitnami/mongodb"]).ports(&[27017]).user(User::Number),
    row(&["couchdb"])
        .ports(&[5984, 4369, 9100])
        .user(User::Root)
        .needs(&[&["COUCHDB_USER"], &["COUCHDB_PASSWORD"]]),
    row(&["influxdb"]).ports(&[8086]),
    row(&["cassandra"])
        .ports(&[9042, 7000, 7001, 7199, 9160])
        .http(Http::Never)
        .user(User::Root)
        .starves_at(500),
    row(&["neo4j"]).ports(&[7474, 7473, 7687]).starves_at(400),
    // Its configuration listens on all addresses, which makes the bootstrap checks binding.
    row(&[
        "elasticsearch",
        "docker.elastic.co/elasticsearch/elasticsearch",
    ])
    .ports(&[9200, 9300])
    .user(User::Number)
    .needs(&[&[
        "discovery.type",
        "discovery.seed_hosts",
        "discovery.seed_providers",
        "cluster.initial_master_nodes",
        "discovery.zen.ping.unicast.hosts",
        "ES_SETTING_DISCOVERY_TYPE",
        "ES_SETTING_DISCOVERY_SEED__HOSTS",
    ]])
    .starves_at(400),
    row(&["mcr.microsoft.com/mssql/server"])
        .ports(&[1433])
        .http(Http::Never)
        .needs(&[&["ACCEPT_EULA"], &["MSSQL_SA_PASSWORD", "SA_PASSWORD"]])
        // It refuses to start on a machine with less than 2000 megabytes.
        .starves_at(1900),
    row(&["rabbitmq"])
        .tagged(&["management"])
        .ports(&[5672, 15672, 15671, 15691, 15692, 25672, 4369, 5671])
        .user(User::Root),
    row(&["rabbitmq"])
        .ports(&[5672, 15691, 15692, 25672, 4369, 5671])
        .http(Http::Never)
        .user(User::Root),
    row(&["nats"]).ports(&[4222, 6222, 8222]).user(User::Root),
    row(&["zookeeper"])
        .ports(&[2181, 2888, 3888, 8080])
        .user(User::Root),
    row(&["confluentinc/cp-zookeeper"])
        .needs(&[&["ZOOKEEPER_CLIENT_PORT", "ZOOKEEPER_SECURE_CLIENT_PORT"]])
        .user(User::Named("appuser")),
    row(&["confluentinc/cp-kafka"])
        .needs(&[
            &["KAFKA_ADVERTISED_LISTENERS"],
            &["KAFKA_ZOOKEEPER_CONNECT", "KAFKA_PROCESS_ROLES"],
        ])
        .user(User::Named("appuser")),
    row(&["consul", "hashicorp/consul"])
        .ports(&[8500, 8300, 8301, 8302, 8600])
        .user(User::Root),
    row(&["vault", "hashicorp/vault"])
        .ports(&[8200])
        .user(User::Root),
    row(&["solr"]).ports(&[8983]).starves_at(200),
    row(&["docker"])
        .tagged(&["dind"])
        .entry(Entry::Serves)
        .ports(&[2375, 2376]),
];
