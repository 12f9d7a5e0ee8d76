//! Applications whose images name nobody in their manifests: the graph that comes out is the one
//! that their documentation draws, or that their code says.

use crate::build::{objects, service};
use aegis_infer::{Inferred, infer};
use aegis_model::Objects;
use aegis_model::behaviour::Need;
use std::collections::BTreeSet;

/// A Deployment with a Service of its name each: its name, image and further lines of its container.
fn manifest(rows: &[(&str, &str, &str)]) -> String {
    rows.iter()
        .map(|(name, image, container)| service(name, image, container))
        .collect()
}

/// The same where only names and images differ.
fn plain(front: &str, rows: &[&str]) -> String {
    let of = |row: &&str| {
        let (name, image) = row.split_once('=').unwrap_or((row, row));
        service(name, &format!("{front}{image}:1.0"), "")
    };
    rows.iter().map(of).collect()
}

fn workload(objects: &Objects, id: aegis_model::WorkloadId) -> &str {
    &objects.workloads[id.index()].header.reference.name
}

fn name(objects: &Objects, id: aegis_model::ServiceId) -> &str {
    &objects.services[id.index()].header.reference.name
}

/// `caller -> callee` for every call.
fn edges(objects: &Objects, inferred: &Inferred) -> BTreeSet<String> {
    let of = |prior: &aegis_infer::WorkloadPrior| -> Vec<String> {
        let caller = workload(objects, prior.workload);
        let callees = prior.calls.iter().map(|call| call.to);
        callees
            .map(|to| {
                format!(
                    "{caller} -> {}",
                    to.map_or("(nobody)", |to| name(objects, to))
                )
            })
            .collect()
    };
    inferred.workloads.iter().flat_map(of).collect()
}

/// The edges of a drawing: `a -> b c` on a line.
fn drawing(text: &str) -> BTreeSet<String> {
    let lines = text.lines().filter_map(|line| line.split_once(" -> "));
    lines
        .flat_map(|(caller, callees)| {
            let caller = caller.trim();
            callees
                .split_whitespace()
                .map(move |callee| format!("{caller} -> {callee}"))
        })
        .collect()
}

/// Holds the graph of a manifest against a drawing, and its entries.
fn check(manifest: &str, drawn: &str, entries: &[&str]) -> (Objects, Inferred) {
    let objects = objects(manifest);
    let inferred = infer(&objects);
    let (found, drawn) = (edges(&objects, &inferred), drawing(drawn));
    let missing: Vec<&String> = drawn.difference(&found).collect();
    let further: Vec<&String> = found.difference(&drawn).collect();
    assert!(
        missing.is_empty() && further.is_empty(),
        "missing {missing:#?}, further {further:#?}"
    );
    let doors: Vec<&str> = inferred
        .entries
        .iter()
        .map(|e| name(&objects, e.service))
        .collect();
    assert_eq!(doors, entries);
    (objects, inferred)
}

/// A Deployment of pods that the Service `app` selects.
fn version(app: &str, version: &str, image: &str) -> String {
    let whole = service(&format!("{app}-{version}"), image, "");
    let deployment = whole
        .split("\n---")
        .next()
        .expect("a Deployment")
        .to_owned();
    deployment.replace(
        &format!("{{app: {app}-{version}}}"),
        &format!("{{app: {app}, version: {version}}}"),
    ) + "\n---\n"
}

fn door(app: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Service\nmetadata: {{name: {app}, namespace: shop}}\nspec: {{selector: {{app: {app}}}, ports: [{{port: 9080}}]}}\n---\n"
    )
}

fn bookinfo() -> String {
    let image = |name: &str| format!("docker.io/istio/examples-bookinfo-{name}:1.20.3");
    let versions = [
        ("productpage", "v1"),
        ("details", "v1"),
        ("reviews", "v1"),
        ("reviews", "v2"),
        ("reviews", "v3"),
        ("ratings", "v1"),
    ];
    let pods = versions.map(|(app, of)| version(app, of, &image(&format!("{app}-{of}"))));
    let doors = ["productpage", "details", "reviews", "ratings"].map(door);
    pods.concat() + &doors.concat()
}

#[test]
fn bookinfo_s_page_shows_details_and_reviews_of_which_two_show_stars() {
    let drawn = "
        productpage-v1 -> details reviews
        reviews-v2 -> ratings
        reviews-v3 -> ratings";
    let (_, inferred) = check(&bookinfo(), drawn, &["productpage"]);
    let calls = inferred.workloads.iter().flat_map(|prior| &prior.calls);
    assert!(calls.clone().all(|call| call.need == Need::Optional));
    let patience: Vec<f64> = calls.map(|call| call.timeout.median).collect();
    assert_eq!(patience, [3.0, 3.0, 10.0, 2.5]);
}

#[test]
fn robot_shop_is_read_from_its_images() {
    let rows = [
        "web",
        "catalogue",
        "user",
        "cart",
        "shipping",
        "ratings",
        "payment",
        "dispatch",
        "mongodb",
        "mysql=mysql-db",
    ];
    let stores = plain("", &["redis", "rabbitmq"]);
    let drawn = "
        web -> catalogue user cart shipping payment ratings
        catalogue -> mongodb
        user -> mongodb redis
        cart -> redis catalogue
        shipping -> mysql cart
        ratings -> mysql catalogue
        payment -> cart user rabbitmq
        dispatch -> rabbitmq";
    check(&(plain("robotshop/rs-", &rows) + &stores), drawn, &["web"]);
}

/// DeathStarBench: one image, told apart by its command.
fn commanded(image: &str, rows: &[(&str, &str)]) -> String {
    rows.iter()
        .map(|(name, command)| service(name, image, &format!("          command: [{command}]")))
        .collect()
}

#[test]
fn hotel_reservation_s_services_are_told_by_their_commands() {
    let names = [
        "frontend",
        "search",
        "geo",
        "rate",
        "profile",
        "reservation",
        "recommendation",
        "user",
    ];
    let rows = names.map(|name| (name, name));
    let stores = [
        "consul",
        "memcached-rate=memcached",
        "memcached-profile=memcached",
        "memcached-reserve=memcached",
        "mongodb-geo=mongo",
        "mongodb-rate=mongo",
        "mongodb-profile=mongo",
        "mongodb-reservation=mongo",
        "mongodb-recommendation=mongo",
        "mongodb-user=mongo",
    ];
    let drawn = "
        frontend -> search profile reservation recommendation user consul
        search -> geo rate consul
        geo -> mongodb-geo consul
        rate -> memcached-rate mongodb-rate consul
        profile -> memcached-profile mongodb-profile consul
        reservation -> memcached-reserve mongodb-reservation consul
        recommendation -> mongodb-recommendation consul
        user -> mongodb-user consul";
    let manifest =
        commanded("deathstarbench/hotel-reservation:latest", &rows) + &plain("", &stores);
    let (objects, inferred) = check(&manifest, drawn, &["frontend"]);
    let shop = inferred.workloads[0].calls.iter().map(|call| {
        let to = name(&objects, call.to.expect("a Service"));
        (to, call.ratio.median)
    });
    assert!(
        shop.clone().any(|call| call == ("search", 0.6)),
        "{:?}",
        shop.collect::<Vec<_>>()
    );
    let elsewhere = manifest.replace("command: [search]", "command: [./search]");
    check(&elsewhere, drawn, &["frontend"]);
}

/// A list of all Services, as DeathStarBench's charts give it to each of them.
fn list(names: &[&str]) -> String {
    let rows: Vec<String> = names
        .iter()
        .map(|name| format!("      \"{name}\": {{ \"addr\": \"{name}\", \"port\": 9090 }}"))
        .collect();
    format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: all, namespace: shop}}\ndata:\n  service-config.json: |\n    {{\n{}\n    }}\n---\n",
        rows.join(",\n")
    )
}

const FRIENDS: [(&str, &str); 11] = [
    ("compose-post-service", "ComposePostService"),
    ("home-timeline-service", "HomeTimelineService"),
    ("user-timeline-service", "UserTimelineService"),
    ("post-storage-service", "PostStorageService"),
    ("social-graph-service", "SocialGraphService"),
    ("user-service", "UserService"),
    ("text-service", "TextService"),
    ("url-shorten-service", "UrlShortenService"),
    ("user-mention-service", "UserMentionService"),
    ("media-service", "MediaService"),
    ("unique-id-service", "UniqueIdService"),
];

const FRIENDS_DRAWN: &str = "
    nginx-thrift -> home-timeline-service user-timeline-service compose-post-service user-service social-graph-service
    compose-post-service -> text-service user-service media-service unique-id-service post-storage-service user-timeline-service home-timeline-service
    home-timeline-service -> home-timeline-redis post-storage-service social-graph-service
    user-timeline-service -> user-timeline-redis user-timeline-mongodb post-storage-service
    post-storage-service -> post-storage-memcached post-storage-mongodb
    social-graph-service -> social-graph-redis social-graph-mongodb user-service
    user-service -> user-memcached user-mongodb social-graph-service
    text-service -> url-shorten-service user-mention-service
    url-shorten-service -> url-shorten-memcached url-shorten-mongodb
    user-mention-service -> user-memcached user-mongodb
    media-frontend -> media-memcached media-mongodb";

#[test]
fn social_network_s_list_of_all_services_makes_nobody_call_all() {
    let web = [
        "nginx-thrift=yg397/openresty-thrift",
        "media-frontend=yg397/media-frontend",
        "home-timeline-redis=redis",
        "user-timeline-redis=redis",
        "social-graph-redis=redis",
        "user-timeline-mongodb=mongo",
        "post-storage-mongodb=mongo",
        "social-graph-mongodb=mongo",
        "user-mongodb=mongo",
        "url-shorten-mongodb=mongo",
        "media-mongodb=mongo",
        "post-storage-memcached=memcached",
        "user-memcached=memcached",
        "url-shorten-memcached=memcached",
        "media-memcached=memcached",
    ];
    let mount = "      volumes: [{name: c, configMap: {name: all}}]";
    let services = FRIENDS.map(|(name, command)| {
        let container = format!("          command: [{command}]\n{mount}");
        service(
            name,
            "deathstarbench/social-network-microservices:latest",
            &container,
        )
    });
    let all = list(&FRIENDS.map(|(name, _)| name));
    let manifest = services.concat() + &plain("", &web) + &all;
    check(
        &manifest,
        FRIENDS_DRAWN,
        &["nginx-thrift", "media-frontend"],
    );
}

#[test]
fn teastore_s_services_find_each_other_by_the_registry_and_users_open_its_web_page() {
    let env = "          env: [{name: REGISTRY_HOST, value: teastore-registry}]";
    let rows = [
        "registry",
        "persistence",
        "auth",
        "image",
        "recommender",
        "webui",
        "db",
    ];
    let image = |name: &str| format!("descartesresearch/teastore-{name}");
    let manifest: String = rows
        .iter()
        .map(|name| {
            let container = if matches!(*name, "registry" | "db") {
                ""
            } else {
                env
            };
            service(&format!("teastore-{name}"), &image(name), container)
        })
        .collect();
    let drawn = "
        teastore-webui -> teastore-auth teastore-persistence teastore-image teastore-recommender teastore-registry
        teastore-auth -> teastore-persistence teastore-registry
        teastore-image -> teastore-persistence teastore-registry
        teastore-recommender -> teastore-persistence teastore-registry
        teastore-persistence -> teastore-db teastore-registry";
    check(&manifest, drawn, &["teastore-webui"]);
    let opened = manifest.replace("ports: [{port: 80}]", "type: NodePort, ports: [{port: 80}]");
    check(&opened, drawn, &["teastore-webui"]);
}

#[test]
fn petclinic_s_gateway_passes_on_to_services_with_their_own_databases() {
    let rows = [
        "api-gateway",
        "customers-service",
        "visits-service",
        "vets-service",
        "config-server",
        "discovery-server",
        "admin-server",
    ];
    let stores = [
        "customers-db-mysql=mysql",
        "visits-db-mysql=mysql",
        "vets-db-mysql=mysql",
    ];
    let manifest = plain("springcommunity/spring-petclinic-", &rows) + &plain("", &stores);
    let drawn = "
        api-gateway -> customers-service visits-service vets-service discovery-server config-server
        customers-service -> customers-db-mysql discovery-server config-server
        visits-service -> visits-db-mysql discovery-server config-server
        vets-service -> vets-db-mysql discovery-server config-server
        discovery-server -> config-server
        admin-server -> discovery-server config-server";
    check(&manifest, drawn, &["api-gateway", "admin-server"]);
}

const TRAINS: [&str; 24] = [
    "ui-dashboard",
    "gateway-service",
    "auth-service",
    "verification-code-service",
    "user-service",
    "travel-service",
    "basic-service",
    "station-service",
    "train-service",
    "route-service",
    "price-service",
    "seat-service",
    "config-service",
    "order-service",
    "order-other-service",
    "preserve-service",
    "security-service",
    "contacts-service",
    "assurance-service",
    "food-service",
    "consign-service",
    "consign-price-service",
    "inside-payment-service",
    "payment-service",
];

#[test]
fn a_purchase_at_train_ticket_takes_the_steps_of_its_code() {
    let manifest: String = TRAINS
        .iter()
        .map(|name| {
            service(
                &format!("ts-{name}"),
                &format!("codewisdom/ts-{name}:1.0.0"),
                "",
            )
        })
        .collect();
    let drawn = "
        ts-ui-dashboard -> ts-gateway-service
        ts-gateway-service -> ts-auth-service ts-verification-code-service ts-user-service ts-travel-service ts-basic-service ts-station-service ts-train-service ts-route-service ts-price-service ts-config-service ts-order-service ts-order-other-service ts-preserve-service ts-security-service ts-contacts-service ts-assurance-service ts-food-service ts-consign-service ts-consign-price-service ts-inside-payment-service ts-payment-service
        ts-auth-service -> ts-verification-code-service
        ts-user-service -> ts-auth-service
        ts-travel-service -> ts-basic-service ts-train-service ts-route-service ts-seat-service ts-order-service
        ts-basic-service -> ts-station-service ts-train-service ts-route-service ts-price-service
        ts-seat-service -> ts-order-service ts-order-other-service ts-config-service
        ts-order-service -> ts-station-service
        ts-order-other-service -> ts-station-service
        ts-preserve-service -> ts-security-service ts-contacts-service ts-travel-service ts-basic-service ts-station-service ts-seat-service ts-order-service ts-user-service ts-assurance-service ts-food-service ts-consign-service
        ts-security-service -> ts-order-service ts-order-other-service
        ts-food-service -> ts-travel-service
        ts-consign-service -> ts-consign-price-service
        ts-inside-payment-service -> ts-order-service ts-order-other-service ts-payment-service";
    check(&manifest, drawn, &["ts-ui-dashboard"]);
    let traced = manifest.replace(":1.0.0", "-with-jaeger:0.2.0");
    check(&traced, drawn, &["ts-ui-dashboard"]);
    let opened = manifest.replace("ports: [{port: 80}]", "type: NodePort, ports: [{port: 80}]");
    check(&opened, drawn, &["ts-ui-dashboard"]);
}

#[test]
fn bank_of_anthos_s_list_of_addresses_is_read_by_who_is_not_in_it() {
    let maps = "
apiVersion: v1
kind: ConfigMap
metadata: {name: apis, namespace: shop}
data: {LEDGER_ADDR: \"ledgerwriter:80\", BALANCES_ADDR: \"balancereader:80\", HISTORY_ADDR: \"transactionhistory:80\", PEOPLE_ADDR: \"contacts:80\", USERS_ADDR: \"userservice:80\"}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: ledger, namespace: shop}
data: {SPRING_DATASOURCE_URL: \"jdbc:postgresql://ledger-db:80/postgresdb\"}
---
";
    let from = |maps: &str| format!("          envFrom: [{maps}]");
    let (apis, ledger) = (
        "{configMapRef: {name: apis}}",
        "{configMapRef: {name: ledger}}",
    );
    let accounts =
        "          env: [{name: ACCOUNTS_DB_URI, value: \"postgresql://u:p@accounts-db:80/x\"}]";
    let image = "gcr.io/bank-of-anthos-ci";
    let rows = [
        ("frontend", from(apis)),
        ("ledgerwriter", from(&format!("{apis}, {ledger}"))),
        ("balancereader", from(ledger)),
        ("transactionhistory", from(ledger)),
        ("ledger-db", from(ledger)),
        ("contacts", accounts.into()),
        ("userservice", accounts.into()),
        ("accounts-db", String::new()),
    ];
    let drawn = "
        frontend -> ledgerwriter balancereader transactionhistory contacts userservice
        ledgerwriter -> balancereader ledger-db
        balancereader -> ledger-db
        transactionhistory -> ledger-db
        contacts -> accounts-db
        userservice -> accounts-db";
    let of = |(name, container): &(&str, String)| {
        service(name, &format!("{image}/{name}:v1"), container)
    };
    let manifest: String = rows.iter().map(of).collect();
    let manifest = manifest + maps;
    check(&manifest, drawn, &["frontend"]);
    let elsewhere = manifest.replace("bank-of-anthos-ci/", "elsewhere/");
    let alone = drawn.replace(
        "ledgerwriter -> balancereader ledger-db",
        "ledgerwriter -> ledger-db",
    );
    check(&elsewhere, &alone, &["frontend"]);
}

#[test]
fn the_telemetry_demo_s_images_differ_by_tag_and_its_collector_is_beside() {
    let env = |pairs: &[(&str, &str)]| {
        let of = |(name, value): &(&str, &str)| format!("{{name: {name}, value: \"{value}\"}}");
        let list: Vec<String> = pairs.iter().map(of).collect();
        format!("          env: [{}]", list.join(", "))
    };
    let spans = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://otel-collector:80");
    let front = env(&[("AD_ADDR", "ad:80"), ("CART_ADDR", "cart:80"), spans]);
    let cart = env(&[
        ("VALKEY_ADDR", "valkey-cart:80"),
        ("FLAGD_HOST", "flagd"),
        spans,
    ]);
    let ad = env(&[("FLAGD_HOST", "flagd"), spans]);
    let manifest = manifest(&[
        (
            "frontend",
            "ghcr.io/open-telemetry/demo:2.0.0-frontend",
            &front,
        ),
        ("cart", "ghcr.io/open-telemetry/demo:2.0.0-cart", &cart),
        ("ad", "ghcr.io/open-telemetry/demo:2.0.0-ad", &ad),
        ("valkey-cart", "valkey/valkey:8", ""),
        ("flagd", "ghcr.io/open-feature/flagd:v0.11", ""),
        (
            "otel-collector",
            "otel/opentelemetry-collector-contrib:0.120.0",
            "",
        ),
        (
            "grafana",
            "grafana/grafana:11",
            &env(&[("PROMETHEUS_URL", "http://prometheus:80")]),
        ),
        ("prometheus", "quay.io/prometheus/prometheus:v3", ""),
    ]);
    let drawn = "
        frontend -> ad cart otel-collector
        cart -> valkey-cart flagd otel-collector
        ad -> flagd otel-collector
        grafana -> prometheus";
    let (objects, inferred) = check(&manifest, drawn, &["frontend"]);
    let needed = inferred.workloads[1]
        .calls
        .iter()
        .filter(|call| call.need == Need::Required);
    let needed: Vec<&str> = needed
        .filter_map(|call| Some(name(&objects, call.to?)))
        .collect();
    assert_eq!(needed, ["valkey-cart"]);
    assert!(
        inferred.workloads[6]
            .calls
            .iter()
            .all(|call| call.need == Need::Required)
    );
}

#[test]
fn the_retail_store_s_page_calls_what_only_its_image_tells() {
    let rows = ["ui", "catalog", "carts=cart", "checkout", "orders"];
    let stores = [
        "catalog-mysql=mysql",
        "checkout-redis=redis",
        "orders-postgresql=postgres",
    ];
    let front = "public.ecr.aws/aws-containers/retail-store-sample-";
    let drawn = "
        ui -> catalog carts checkout orders
        catalog -> catalog-mysql
        checkout -> checkout-redis orders
        orders -> orders-postgresql";
    check(&(plain(front, &rows) + &plain("", &stores)), drawn, &["ui"]);
}

#[test]
fn online_boutique_s_manifests_tell_its_graph_without_its_images() {
    let path = format!(
        "{}/../../scenarios/manifests/online-boutique.yaml",
        env!("CARGO_MANIFEST_DIR")
    );
    let text = std::fs::read_to_string(path).expect("a bundled manifest");
    let elsewhere = text.replace("microservices-demo/", "elsewhere/");
    assert_ne!(text, elsewhere);
    let (known, unknown) = (objects(&text), objects(&elsewhere));
    assert_eq!(
        edges(&known, &infer(&known)),
        edges(&unknown, &infer(&unknown))
    );
}

#[test]
fn no_row_calls_itself_or_anybody_twice() {
    for application in aegis_infer::APPLICATIONS.iter().copied().flatten() {
        for image in application.images {
            let callees: BTreeSet<&str> = image.calls.iter().map(|call| call.service).collect();
            assert_eq!(callees.len(), image.calls.len(), "{}", image.name);
            assert!(!callees.contains(image.name), "{}", image.name);
            assert!(
                image
                    .calls
                    .iter()
                    .all(|call| call.ratio >= 0.0 && call.timeout >= 0.0)
            );
        }
        assert!(!application.source.is_empty());
    }
}
