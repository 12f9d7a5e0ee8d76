//! Names under which images are published: Docker Hub's official library, which is closed, further
//! repositories that many use, the newest versions, and names of hosts that resolve nowhere.

use super::Image;

/// Docker Hub's official images, those that are no longer kept among them: they can still be pulled.
/// Source: github.com/docker-library/official-images, `library/`.
const OFFICIAL: &str = " adminer adoptopenjdk aerospike almalinux alpine alt amazoncorretto amazonlinux \
    api-firewall arangodb archlinux azul backdrop bash bonita buildpack-deps busybox caddy cassandra centos \
    chronograf cirros clearlinux clefos clickhouse clojure composer consul convertigo convertigo-mbaas couchbase \
    couchdb crate crux dart debian docker docker-dev drupal eclipse-mosquitto eclipse-temurin eggdrop \
    elasticsearch elixir emqx erlang euleros express-gateway fedora flink fluentd friendica fsharp gazebo gcc \
    geonetwork ghost golang gradle groovy haproxy haskell haxe hello-seattle hello-world hitch hola-mundo httpd \
    hylang ibm-semeru-runtimes ibmjava influxdb iojs irssi java jenkins jetty jobber joomla jruby julia kaazing-gateway \
    kapacitor kibana known kong krakend lightstreamer liquibase logstash mageia mariadb matomo maven mediawiki \
    memcached mongo mongo-express monica mono mysql nats nats-streaming neo4j neurodebian nextcloud nginx node \
    notary nuodb nuxeo odoo open-liberty openjdk openwhisk-base opensuse oraclelinux orientdb owncloud percona \
    perl photon php php-zendserver phpmyadmin piwik plone plugsy postfixadmin postgres pypy python r-base rabbitmq rails \
    rakudo-star rapidoid redis redmine registry rethinkdb rocket.chat rockylinux ros ruby rust sapmachine satosa \
    scratch sentry silverpeas sl solr sonarqube sourcemage spark spiped storm swarm swift swipl teamspeak telegraf \
    thrift tomcat tomee traefik ubuntu ubuntu-debootstrap ubuntu-upstart unit varnish vault websphere-liberty \
    wordpress xwiki yourls zipkin znc zookeeper ";

/// Whether a name without a folder is one of Docker Hub's official images.
#[must_use]
pub fn is_official(name: &str) -> bool {
    official().any(|one| one == name)
}

fn official() -> impl Iterator<Item = &'static str> {
    OFFICIAL.split_ascii_whitespace()
}

/// Repositories of others that many pull. Source: their pages on Docker Hub.
const POPULAR: &str = " grafana/grafana grafana/loki grafana/promtail grafana/tempo grafana/k6 prom/prometheus \
    prom/alertmanager prom/node-exporter prom/pushgateway prom/blackbox-exporter bitnami/redis bitnami/postgresql \
    bitnami/mysql bitnami/mariadb bitnami/mongodb bitnami/nginx bitnami/kafka bitnami/zookeeper bitnami/rabbitmq \
    bitnami/kubectl bitnami/wordpress bitnami/tomcat bitnami/apache bitnami/elasticsearch jenkins/jenkins \
    hashicorp/vault hashicorp/consul hashicorp/terraform hashicorp/http-echo curlimages/curl minio/minio \
    minio/mc nginxinc/nginx-unprivileged nginxdemos/hello traefik/whoami portainer/portainer-ce sonatype/nexus3 \
    phpmyadmin/phpmyadmin dpage/pgadmin4 confluentinc/cp-kafka confluentinc/cp-zookeeper apache/kafka \
    apache/airflow apache/spark fluent/fluent-bit fluent/fluentd jaegertracing/all-in-one openzipkin/zipkin \
    otel/opentelemetry-collector envoyproxy/envoy istio/pilot istio/proxyv2 calico/node kennethreitz/httpbin \
    stefanprodan/podinfo gitea/gitea gitlab/gitlab-ce metabase/metabase n8nio/n8n keycloak/keycloak \
    postgis/postgis pgvector/pgvector timescale/timescaledb valkey/valkey oliver006/redis_exporter ";

/// The published repository of Docker Hub of which a reference's is a slip: the same folder, and a name
/// with a letter changed, added, left out or said again. Nothing where it is published itself.
#[must_use]
pub fn nearest(image: &Image<'_>) -> Option<&'static str> {
    let name = image.repository;
    if !image.registry.is_empty() || name.is_empty() {
        return None;
    }
    let Some((folder, own)) = name.split_once('/') else {
        return official()
            .find(|known| *known != name && is_stammer(name, known))
            .filter(|_| !is_official(name));
    };
    let mut popular = POPULAR.split_ascii_whitespace();
    if popular.clone().any(|known| known == name) {
        return None;
    }
    popular.find(|known| {
        let Some((of, known)) = known.split_once('/') else {
            return false;
        };
        let same_name = own == known && of.len() > 4 && is_slip(folder, of);
        same_name || of == folder && known.len() > 4 && is_slip(own, known)
    })
}

/// Whether one word is another with one letter more, less or other, with two that are swapped, or with
/// letters said twice.
fn is_slip(word: &str, known: &str) -> bool {
    let (a, b): (Vec<char>, Vec<char>) = (word.chars().collect(), known.chars().collect());
    let same = a
        .iter()
        .zip(&b)
        .take_while(|(one, other)| one == other)
        .count();
    let (rest, others) = (&a[same..], &b[same..]);
    let changed = match (rest, others) {
        ([one, two, rest @ ..], [three, four, others @ ..])
            if one == four && two == three && rest == others =>
        {
            true
        }
        ([_, rest @ ..], others) if rest == others => true,
        (rest, [_, others @ ..]) if rest == others => true,
        ([_, rest @ ..], [_, others @ ..]) => rest == others,
        _ => false,
    };
    word != known && (changed || is_stammer(word, known))
}

/// Whether a name is another with letters said twice or more: `nginxxx`.
fn is_stammer(name: &str, known: &str) -> bool {
    let once = |word: &str| {
        let mut letters: Vec<char> = word.chars().collect();
        letters.dedup();
        letters
    };
    name != known && known.len() > 3 && once(name) == once(known)
}

/// The newest major versions of official images, with room for those to come. Sources: their tags.
const NEWEST: &[(&str, u32)] = &[
    ("alpine", 3),
    ("busybox", 1),
    ("caddy", 3),
    ("cassandra", 7),
    ("couchdb", 5),
    ("elasticsearch", 11),
    ("ghost", 8),
    ("golang", 1),
    ("haproxy", 4),
    ("httpd", 2),
    ("influxdb", 4),
    ("kibana", 11),
    ("mariadb", 14),
    ("memcached", 2),
    ("mongo", 10),
    ("mysql", 11),
    ("nats", 4),
    ("nginx", 1),
    ("node", 28),
    ("perl", 6),
    ("php", 9),
    ("postgres", 20),
    ("python", 3),
    ("rabbitmq", 6),
    ("redis", 10),
    ("ruby", 5),
    ("rust", 1),
    ("tomcat", 13),
    ("traefik", 5),
    ("ubuntu", 27),
    ("wordpress", 8),
    ("zookeeper", 4),
];

/// The newest major version of an official image.
#[must_use]
pub fn newest_major(name: &str) -> Option<u32> {
    let found = NEWEST.iter().find(|(known, _)| *known == name);
    found.map(|(_, newest)| *newest)
}

/// Endings of names that resolve nowhere, as nobody can have them. Sources: RFC 2606, RFC 6761.
const RESERVED: &[&str] = &[
    "invalid",
    "test",
    "example",
    "example.com",
    "example.net",
    "example.org",
];

/// Whether a host can have no address on the Internet: its ending is kept for examples and tests.
#[must_use]
pub fn is_reserved(host: &str) -> bool {
    let name = host.split(':').next().unwrap_or(host);
    RESERVED.iter().any(|ending| {
        name.strip_suffix(ending)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    })
}

#[cfg(test)]
mod tests {
    use super::{Image, is_official, is_reserved, nearest};

    #[test]
    fn slips_are_near_and_what_is_published_is_not() {
        for (image, near) in [
            ("nginxxx", Some("nginx")),
            ("node", None),
            ("grafana/grafanna", Some("grafana/grafana")),
            ("prom/promethues:v2", Some("prom/prometheus")),
            ("bitnmai/redis", Some("bitnami/redis")),
            ("grafana/grafana:10", None),
            ("grafana/mimir", None),
            ("acme/redis", None),
            ("ghcr.io/grafana/grafanna", None),
        ] {
            assert_eq!(nearest(&Image::of(image)), near, "{image}");
        }
        assert!(is_official("hello-world") && !is_official("sample-image"));
    }

    #[test]
    fn names_for_examples_are_nobodys() {
        assert!(is_reserved("registry.acme.test") && is_reserved("registry.example.com:5000"));
        assert!(!is_reserved("ghcr.io") && !is_reserved("notexample.com"));
    }
}
