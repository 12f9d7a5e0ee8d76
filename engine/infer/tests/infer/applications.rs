//! Online Boutique and Sock Shop: their call graphs as a person would draw them.

use crate::build::application;
use aegis_infer::{Inferred, Why, infer};
use aegis_model::Objects;

/// One line per workload: `caller -> callee ratio how, …`.
fn drawn(objects: &Objects, inferred: &Inferred) -> String {
    let lines = inferred.workloads.iter().map(|prior| {
        let name = &objects.workloads[prior.workload.index()]
            .header
            .reference
            .name;
        let calls: Vec<String> = prior
            .calls
            .iter()
            .map(|call| {
                let to = call.to.map_or("(nobody)", |to| {
                    &objects.services[to.index()].header.reference.name
                });
                let why = match &call.why {
                    Why::Address { .. } => "address",
                    Why::Name => "name",
                    Why::Secret(_) => "secret",
                    Why::Image(_) => "image",
                };
                format!("{to}:{} {:.2} {why}", call.port, call.ratio.median)
            })
            .collect();
        let kind = if prior.generator {
            "generator".into()
        } else {
            format!("{:?}", prior.runtime)
        };
        format!("{name} ({kind}) -> {}", calls.join(", "))
    });
    lines.collect::<Vec<String>>().join("\n")
}

fn entries(objects: &Objects, inferred: &Inferred) -> Vec<String> {
    let name = |id: aegis_model::ServiceId| {
        objects.services[id.index()]
            .header
            .reference
            .name
            .to_string()
    };
    let entries = inferred.entries.iter();
    entries
        .map(|e| {
            let aliases: Vec<String> = e.aliases.iter().map(|id| name(*id)).collect();
            format!("{} {:?} [{}]", name(e.service), e.door, aliases.join(", "))
        })
        .collect()
}

const BOUTIQUE: &str = "\
frontend (Go) -> productcatalogservice:3550 4.60 address, currencyservice:7000 2.80 address, cartservice:7070 0.90 address, recommendationservice:8080 0.70 address, shippingservice:50051 0.20 address, checkoutservice:5050 0.04 address, adservice:9555 0.60 address, (nobody):80 0.00 address
adservice (Jvm) -> 
currencyservice (Node) -> 
cartservice (DotNet) -> redis-cart:6379 1.10 address
redis-cart (Redis) -> 
loadgenerator (generator) -> 
recommendationservice (Python) -> productcatalogservice:3550 1.00 address
checkoutservice (Go) -> productcatalogservice:3550 1.50 address, shippingservice:50051 2.00 address, paymentservice:50051 1.00 address, emailservice:5000 1.00 address, currencyservice:7000 2.50 address, cartservice:7070 2.00 address
emailservice (Python) -> 
paymentservice (Node) -> 
shippingservice (Go) -> 
productcatalogservice (Go) -> ";

const SOCKS: &str = "\
carts (Jvm) -> carts-db:0 1.50 name
carts-db (Mongo) -> 
catalogue (Go) -> catalogue-db:0 1.00 name
catalogue-db (MySql) -> 
front-end (Node) -> catalogue:0 0.50 image, carts:0 0.45 image, user:0 0.45 image, orders:0 0.11 image, session-db:0 1.00 image
orders (Jvm) -> orders-db:0 1.00 name, user:0 3.00 image, carts:0 1.00 image, payment:0 1.00 image, shipping:0 1.00 image
orders-db (Mongo) -> 
payment (Go) -> 
queue-master (Jvm) -> rabbitmq:0 1.00 image
rabbitmq (RabbitMq) -> 
session-db (Redis) -> 
shipping (Jvm) -> (nobody):0 0.00 address, rabbitmq:0 1.00 image
user (Go) -> user-db:27017 1.00 address
user-db (Mongo) -> ";

#[test]
fn online_boutique_s_call_graph_is_read_from_its_environment() {
    let objects = application("online-boutique");
    let inferred = infer(&objects);
    assert_eq!(drawn(&objects, &inferred), BOUTIQUE);
    assert_eq!(
        entries(&objects, &inferred),
        ["frontend-external LoadBalancer [frontend]"]
    );
}

#[test]
fn sock_shop_s_call_graph_is_read_from_names_and_images() {
    let objects = application("sock-shop");
    let inferred = infer(&objects);
    assert_eq!(drawn(&objects, &inferred), SOCKS);
    assert_eq!(entries(&objects, &inferred), ["front-end NodePort []"]);
}

/// Use of its CPU limit by each workload at `rate` requests per second to the entry.
fn use_of_limits(name: &str, rate: f64) -> Vec<(String, f64)> {
    let objects = application(name);
    let inferred = infer(&objects);
    let entry = inferred.entries.first().expect("an entry").workloads[0];
    let mut rates = vec![0.0; objects.workloads.len()];
    let mut wave = vec![0.0; objects.workloads.len()];
    wave[entry.index()] = rate;
    for _ in 0..8 {
        let mut next = vec![0.0; wave.len()];
        for prior in &inferred.workloads {
            rates[prior.workload.index()] += wave[prior.workload.index()];
            for call in &prior.calls {
                let Some(to) = call.to else { continue };
                let selector = &objects.services[to.index()].spec.selector;
                let callee = objects.workloads.iter().position(|w| {
                    let labels = &w.spec.template().metadata.labels;
                    selector.iter().all(|(k, v)| labels.get(k) == Some(v))
                });
                next[callee.expect("a callee")] += wave[prior.workload.index()] * call.ratio.median;
            }
        }
        wave = next;
    }
    let of = |prior: &aegis_infer::WorkloadPrior| {
        let row = &objects.workloads[prior.workload.index()];
        let limit = row.spec.template().spec.containers[0]
            .resources
            .limits
            .cpu()?;
        let used = rates[prior.workload.index()] * prior.cpu_per_request.median;
        Some((row.header.reference.name.to_string(), used / limit.cores()))
    };
    inferred.workloads.iter().filter_map(of).collect()
}

#[test]
fn one_replica_of_each_serves_a_hundred_requests_a_second_within_its_limit() {
    for (name, rate) in [("online-boutique", 100.0), ("sock-shop", 60.0)] {
        let table = use_of_limits(name, rate);
        let busiest = table.iter().map(|(_, share)| *share).fold(0.0, f64::max);
        assert!(busiest < 0.6, "{name}: {table:?}");
        assert!(busiest > 0.15, "{name}: {table:?}");
    }
}

#[test]
fn every_fact_has_its_reason() {
    let objects = application("online-boutique");
    let facts = infer(&objects).explain(&objects);
    let text: Vec<String> = facts
        .iter()
        .map(|fact| format!("{}: {}", fact.what, fact.why))
        .collect();
    let has = |part: &str| text.iter().any(|line| line.contains(part));
    assert!(
        has("env CART_SERVICE_ADDR of container server is `cartservice:7070`"),
        "{text:#?}"
    );
    assert!(has("env SHOPPING_ASSISTANT_SERVICE_ADDR"), "{text:#?}");
    assert!(facts.iter().all(|fact| !fact.why.is_empty()));
}

#[test]
fn draws_scatter_around_medians_and_repeat() {
    use aegis_cluster::{Draws, Purpose};
    let objects = application("online-boutique");
    let inferred = infer(&objects);
    let median = inferred.median();
    let costs = |root: u64| -> Vec<f64> {
        let sample = inferred.sample(Draws::new(root), Purpose::Hidden);
        let pairs = sample.iter().flatten().zip(median.iter().flatten());
        pairs
            .map(|(s, m)| libm::log(s.cpu_per_request / m.cpu_per_request))
            .collect()
    };
    assert_eq!(costs(7), costs(7));
    let all: Vec<f64> = (0..200).flat_map(costs).collect();
    let mean = all.iter().sum::<f64>() / all.len() as f64;
    let variance = all.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / all.len() as f64;
    assert!(mean.abs() < 0.03, "mean {mean}");
    assert!(
        (libm::sqrt(variance) - 0.35).abs() < 0.02,
        "spread {variance}"
    );
}
