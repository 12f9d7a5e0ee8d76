//! Servers and runtimes that anybody runs; they call nobody of their own accord.

use super::{Application, Image, Told, image};
use crate::runtime::Runtime;

const fn made_of(name: &'static str, runtime: Runtime) -> Image {
    image(name, runtime, &[])
}

pub const APPLICATIONS: &[Application] = &[Application {
    told: &[Told::ByPath(&[""])],
    source: "image's own page on Docker Hub",
    images: &[
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
    ],
}];
