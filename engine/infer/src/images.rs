//! Public images that many clusters run: what is in them, and whom they call.
//!
//! Each row has its source. Ratios are calls per request of the caller under the
//! load generator that ships with the application. An edge is made only where a
//! Service of that name exists; addresses in the manifests come first.

use super::runtime::Runtime;
use aegis_model::behaviour::Need;

/// What an image is known to do.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Image {
    /// End of the image's repository path, without registry and tag.
    pub path: &'static str,
    /// What it is made of.
    pub runtime: Runtime,
    /// Whom it calls.
    pub calls: &'static [KnownCall],
    /// Where this is written.
    pub source: &'static str,
}

/// One call of a known image.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct KnownCall {
    /// Name of the Service.
    pub service: &'static str,
    /// Calls per request of the caller.
    pub ratio: f64,
    /// Whether the caller fails with it.
    pub need: Need,
    /// Time-out in the caller's code, s; 0 where it sets none.
    pub timeout: f64,
}

const fn call(service: &'static str, ratio: f64) -> KnownCall {
    KnownCall {
        service,
        ratio,
        need: Need::Required,
        timeout: 0.0,
    }
}

const fn optional(service: &'static str, ratio: f64, timeout: f64) -> KnownCall {
    KnownCall {
        service,
        ratio,
        need: Need::Optional,
        timeout,
    }
}

const fn made_of(path: &'static str, runtime: Runtime) -> Image {
    Image {
        path,
        runtime,
        calls: &[],
        source: "image's own page on Docker Hub",
    }
}

const fn app(
    path: &'static str,
    runtime: Runtime,
    calls: &'static [KnownCall],
    source: &'static str,
) -> Image {
    Image {
        path,
        runtime,
        calls,
        source,
    }
}

// Of 28 requests that 19 tasks of the load generator make, 3 are the home page, 13 product pages,
// 6 carts, 3 additions to the cart, 1 an order, 2 changes of currency; calls per page from the handlers.
const BOUTIQUE: &str =
    "GoogleCloudPlatform/microservices-demo: src/loadgenerator/locustfile.py, src/*/ handlers";
// A round is home, login, category, catalogue, detail, delete and add to the cart, basket, order.
const SOCKS: &str = "microservices-demo/{load-test,front-end/api,orders,shipping,queue-master}";

// A vote is a page and a post; the post writes to the queue. The result page asks its database once a
// second for all that look on; the worker carries each vote from one to the other.
const VOTES: &str =
    "dockersamples/example-voting-app: vote/app.py, result/server.js, worker/Program.cs";
// A visit is the page, its scripts and one read; one in three leaves an entry.
const GUESTS: &str = "kubernetes/examples: guestbook/php-redis/{guestbook.php,controllers.js}";

const VOTE: [KnownCall; 1] = [KnownCall {
    service: "redis",
    ratio: 0.5,
    need: Need::Required,
    timeout: 5.0,
}];
const RESULT: [KnownCall; 1] = [call("db", 1.0)];
const WORKER: [KnownCall; 2] = [call("redis", 1.0), call("db", 1.0)];
/// The stores under the names that they have had.
const GUESTBOOK: [KnownCall; 5] = [
    call("redis-replica", 0.3),
    call("redis-slave", 0.3),
    call("redis-follower", 0.3),
    call("redis-master", 0.1),
    call("redis-leader", 0.1),
];

/// The rows; the first whose path ends an image's path is taken.
pub const IMAGES: &[Image] = &[
    app(
        "microservices-demo/frontend",
        Runtime::Go,
        &[
            call("productcatalogservice", 4.6),
            call("currencyservice", 2.8),
            call("cartservice", 0.9),
            optional("recommendationservice", 0.7, 0.0),
            call("shippingservice", 0.2),
            call("checkoutservice", 0.04),
            optional("adservice", 0.6, 0.1),
            optional("shoppingassistantservice", 0.0, 0.0),
        ],
        BOUTIQUE,
    ),
    app(
        "microservices-demo/checkoutservice",
        Runtime::Go,
        &[
            call("productcatalogservice", 1.5),
            call("shippingservice", 2.0),
            call("paymentservice", 1.0),
            optional("emailservice", 1.0, 0.0),
            call("currencyservice", 2.5),
            call("cartservice", 2.0),
        ],
        BOUTIQUE,
    ),
    app(
        "microservices-demo/recommendationservice",
        Runtime::Python,
        &[call("productcatalogservice", 1.0)],
        BOUTIQUE,
    ),
    app(
        "microservices-demo/cartservice",
        Runtime::DotNet,
        &[call("redis-cart", 1.1)],
        BOUTIQUE,
    ),
    app("microservices-demo/adservice", Runtime::Jvm, &[], BOUTIQUE),
    app(
        "microservices-demo/currencyservice",
        Runtime::Node,
        &[],
        BOUTIQUE,
    ),
    app(
        "microservices-demo/paymentservice",
        Runtime::Node,
        &[],
        BOUTIQUE,
    ),
    app(
        "microservices-demo/emailservice",
        Runtime::Python,
        &[],
        BOUTIQUE,
    ),
    app(
        "microservices-demo/productcatalogservice",
        Runtime::Go,
        &[],
        BOUTIQUE,
    ),
    app(
        "microservices-demo/shippingservice",
        Runtime::Go,
        &[],
        BOUTIQUE,
    ),
    app(
        "microservices-demo/shoppingassistantservice",
        Runtime::Python,
        &[],
        BOUTIQUE,
    ),
    app(
        "weaveworksdemos/front-end",
        Runtime::Node,
        &[
            call("catalogue", 0.5),
            call("carts", 0.45),
            call("user", 0.45),
            call("orders", 0.11),
            call("session-db", 1.0),
        ],
        SOCKS,
    ),
    app(
        "weaveworksdemos/orders",
        Runtime::Jvm,
        &[
            call("user", 3.0),
            call("carts", 1.0),
            call("payment", 1.0),
            call("shipping", 1.0),
            call("orders-db", 1.0),
        ],
        SOCKS,
    ),
    app(
        "weaveworksdemos/shipping",
        Runtime::Jvm,
        &[call("rabbitmq", 1.0)],
        SOCKS,
    ),
    app(
        "weaveworksdemos/queue-master",
        Runtime::Jvm,
        &[call("rabbitmq", 1.0)],
        SOCKS,
    ),
    app(
        "weaveworksdemos/carts",
        Runtime::Jvm,
        &[call("carts-db", 1.5)],
        SOCKS,
    ),
    app(
        "weaveworksdemos/catalogue",
        Runtime::Go,
        &[call("catalogue-db", 1.0)],
        SOCKS,
    ),
    app(
        "weaveworksdemos/user",
        Runtime::Go,
        &[call("user-db", 1.0)],
        SOCKS,
    ),
    app("weaveworksdemos/payment", Runtime::Go, &[], SOCKS),
    app("weaveworksdemos/catalogue-db", Runtime::MySql, &[], SOCKS),
    app("weaveworksdemos/user-db", Runtime::Mongo, &[], SOCKS),
    app("votingapp_vote", Runtime::Python, &VOTE, VOTES),
    app("examplevotingapp_vote", Runtime::Python, &VOTE, VOTES),
    app("votingapp_result", Runtime::Node, &RESULT, VOTES),
    app("examplevotingapp_result", Runtime::Node, &RESULT, VOTES),
    app("votingapp_worker", Runtime::DotNet, &WORKER, VOTES),
    app("examplevotingapp_worker", Runtime::DotNet, &WORKER, VOTES),
    app("gb-frontend", Runtime::Php, &GUESTBOOK, GUESTS),
    made_of("gb-redisslave", Runtime::Redis),
    made_of("gb-redis-follower", Runtime::Redis),
    made_of("redis", Runtime::Redis),
    made_of("redis-stack-server", Runtime::Redis),
    made_of("valkey", Runtime::Redis),
    made_of("dragonfly", Runtime::Redis),
    made_of("memcached", Runtime::Memcached),
    made_of("mongo", Runtime::Mongo),
    made_of("mongodb", Runtime::Mongo),
    made_of("mongodb-community-server", Runtime::Mongo),
    made_of("mysql", Runtime::MySql),
    made_of("mariadb", Runtime::MySql),
    made_of("postgres", Runtime::Postgres),
    made_of("postgresql", Runtime::Postgres),
    made_of("postgis", Runtime::Postgres),
    made_of("rabbitmq", Runtime::RabbitMq),
    made_of("nats", Runtime::RabbitMq),
    made_of("kafka", Runtime::Kafka),
    made_of("cp-kafka", Runtime::Kafka),
    made_of("elasticsearch", Runtime::Jvm),
    made_of("opensearch", Runtime::Jvm),
    made_of("zookeeper", Runtime::Jvm),
    made_of("tomcat", Runtime::Jvm),
    made_of("keycloak", Runtime::Jvm),
    made_of("nginx", Runtime::Proxy),
    made_of("nginx-unprivileged", Runtime::Proxy),
    made_of("httpd", Runtime::Proxy),
    made_of("haproxy", Runtime::Proxy),
    made_of("envoy", Runtime::Proxy),
    made_of("traefik", Runtime::Proxy),
    made_of("caddy", Runtime::Proxy),
    made_of("hpa-example", Runtime::Php),
    made_of("wordpress", Runtime::Php),
    made_of("prometheus", Runtime::Go),
    made_of("etcd", Runtime::Go),
    made_of("node", Runtime::Node),
    made_of("python", Runtime::Python),
    made_of("ruby", Runtime::Ruby),
    made_of("pause", Runtime::Pause),
];

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
