//! NetworkPolicies, as an operator would try them out with a client pod.

#![allow(
    clippy::needless_pass_by_value,
    clippy::unwrap_used,
    reason = "a test says what it expects where it stands"
)]

mod stage;

use aegis_model::PolicyId;
use aegis_sim::api::{self, Actor};
use aegis_sim::reach::{
    Address, Changed, Direction, Endpoint, Protocol, ReachCache, Verdict, pod_address, reach,
};
use serde_json::{Value, json};
use stage::{Stage, empty};

/// Pods `web` and `client` in `shop`, `other` in `lab`.
fn three() -> Stage {
    let mut stage = empty();
    for (namespace, team) in [("shop", "sales"), ("lab", "research")] {
        stage.apply(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace, "labels": {"team": team}}}));
    }
    for (namespace, name) in [("shop", "web"), ("shop", "client"), ("lab", "other")] {
        stage.apply(json!({"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": name, "namespace": namespace, "labels": {"app": name}},
            "spec": {"containers": [{"name": "main", "image": "nginx:1",
                "ports": [{"name": "http", "containerPort": 8080}, {"name": "dns", "containerPort": 53, "protocol": "UDP"}]}]}}));
    }
    stage
}

fn policy(stage: &mut Stage, name: &str, spec: Value) {
    stage.apply(
        json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": "shop"}, "spec": spec}),
    );
}

fn end(stage: &Stage, name: &str) -> Endpoint {
    let pods = stage.cluster.objects.pods.enumerate();
    let found = pods.into_iter().find(|(_, pod)| pod.name == name);
    found.map_or(Endpoint::External(Address::INTERNET), |(index, _)| {
        Endpoint::Pod(index.into())
    })
}

fn asked(stage: &Stage, from: &str, to: &str, port: u16, protocol: Protocol) -> Verdict {
    let (from, to) = (end(stage, from), end(stage, to));
    let objects = &stage.cluster.objects;
    let verdict = reach(objects, from, to, port, protocol);
    let mut cache = ReachCache::default();
    cache.refresh(objects);
    for _ in 0..2 {
        assert_eq!(
            cache.reach(objects, from, to, port, protocol),
            verdict,
            "the cache agrees"
        );
    }
    verdict
}

fn passes(stage: &Stage, from: &str, to: &str, port: u16) -> bool {
    asked(stage, from, to, port, Protocol::Tcp) == Verdict::Allowed
}

/// Who of `client`, `other` and the internet reaches `web` on 8080.
fn who(stage: &Stage) -> [bool; 3] {
    ["client", "other", "internet"].map(|from| passes(stage, from, "web", 8080))
}

#[test]
fn without_policies_all_reach_all() {
    let stage = three();
    assert_eq!(who(&stage), [true; 3]);
    assert!(passes(&stage, "web", "internet", 443));
}

/// A policy on `web` that lets one peer in.
fn from(peer: Value) -> Value {
    json!({"podSelector": {"matchLabels": {"app": "web"}}, "ingress": [{"from": [peer]}]})
}

fn of_team(team: &str) -> Value {
    json!({"matchLabels": {"team": team}})
}

/// Policies that select by pod or not at all: name, spec, who of `client`, `other` and the internet passes.
fn plain_rules() -> Vec<(&'static str, Value, [bool; 3])> {
    let web = json!({"matchLabels": {"app": "web"}});
    let db = json!({"matchLabels": {"app": "db"}});
    let written_out = json!({"podSelector": {}, "policyTypes": ["Ingress"]});
    let egress = json!({"podSelector": {}, "policyTypes": ["Egress"]});
    let all = json!({"podSelector": web, "ingress": [{}]});
    vec![
        ("default deny", json!({"podSelector": {}}), [false; 3]),
        ("deny written out", written_out, [false; 3]),
        ("allow all", all, [true; 3]),
        (
            "another pod is meant",
            json!({"podSelector": db}),
            [true; 3],
        ),
        (
            "egress isolates nobody inwards",
            egress,
            [false, true, true],
        ),
    ]
}

/// Policies that name peers.
fn peer_rules() -> Vec<(&'static str, Value, [bool; 3])> {
    let own = json!({"podSelector": {}});
    let other = json!({"podSelector": {"matchLabels": {"app": "other"}}});
    let any = json!({"namespaceSelector": {}});
    let lab = json!({"matchLabels": {"kubernetes.io/metadata.name": "lab"}});
    let client = json!({"matchLabels": {"app": "client"}});
    let both = json!({"namespaceSelector": of_team("research"), "podSelector": client});
    let block = |cidr: &str| json!({"ipBlock": {"cidr": cidr}});
    let outside = json!({"ipBlock": {"cidr": "0.0.0.0/0", "except": ["10.0.0.0/8"]}});
    let research = json!({"namespaceSelector": of_team("research")});
    vec![
        ("own namespace", from(own), [true, false, false]),
        ("a pod elsewhere", from(other), [false; 3]),
        ("all namespaces", from(any), [true, true, false]),
        ("by label", from(research), [false, true, false]),
        (
            "by name",
            from(json!({"namespaceSelector": lab})),
            [false, true, false],
        ),
        ("both must hold", from(both), [false; 3]),
        (
            "addresses",
            from(block("203.0.113.0/24")),
            [false, false, true],
        ),
        ("of pods", from(block("10.0.0.0/8")), [true, true, false]),
        ("but for some", from(outside), [false, false, true]),
    ]
}

#[test]
fn rules_of_ingress() {
    for (name, spec, expected) in plain_rules().into_iter().chain(peer_rules()) {
        let mut stage = three();
        policy(&mut stage, "p", spec);
        assert_eq!(who(&stage), expected, "{name}");
    }
}

#[test]
fn ports_by_number_name_range_and_protocol() {
    for (ports, port, protocol, expected) in [
        (json!([{"port": 8080}]), 8080, Protocol::Tcp, true),
        (json!([{"port": 8080}]), 8081, Protocol::Tcp, false),
        (json!([{"port": "http"}]), 8080, Protocol::Tcp, true),
        (json!([{"port": "admin"}]), 8080, Protocol::Tcp, false),
        (
            json!([{"port": 8000, "endPort": 9000}]),
            8080,
            Protocol::Tcp,
            true,
        ),
        (
            json!([{"port": 8081, "endPort": 9000}]),
            8080,
            Protocol::Tcp,
            false,
        ),
        (
            json!([{"protocol": "UDP", "port": 53}]),
            53,
            Protocol::Udp,
            true,
        ),
        (
            json!([{"protocol": "UDP", "port": "dns"}]),
            53,
            Protocol::Udp,
            true,
        ),
        (json!([{"port": 53}]), 53, Protocol::Udp, false),
        (json!([{"protocol": "UDP"}]), 8080, Protocol::Tcp, false),
        (
            json!([{"port": 1}, {"port": 8080}]),
            8080,
            Protocol::Tcp,
            true,
        ),
    ] {
        let mut stage = three();
        policy(
            &mut stage,
            "p",
            json!({"podSelector": {}, "ingress": [{"ports": ports}]}),
        );
        let verdict = asked(&stage, "client", "web", port, protocol);
        assert_eq!(
            verdict == Verdict::Allowed,
            expected,
            "{ports} {port} {protocol:?}"
        );
    }
}

#[test]
fn egress_is_asked_at_the_source() {
    let mut stage = three();
    policy(
        &mut stage,
        "out",
        json!({"podSelector": {"matchLabels": {"app": "client"}},
        "egress": [{"to": [{"podSelector": {"matchLabels": {"app": "web"}}}], "ports": [{"port": 8080}]}]}),
    );
    assert!(passes(&stage, "client", "web", 8080));
    assert!(!passes(&stage, "client", "web", 8081));
    assert!(!passes(&stage, "client", "internet", 8080));
    assert!(passes(&stage, "web", "internet", 8080), "not selected");
    let denied = asked(&stage, "client", "internet", 443, Protocol::Tcp);
    assert_eq!(denied, Verdict::DeniedBy(PolicyId(0), Direction::Egress));
    assert!(
        !passes(&stage, "other", "client", 8080),
        "types default to Ingress and, with rules, Egress"
    );
}

#[test]
fn policies_add_up_and_both_ends_must_agree() {
    let mut stage = three();
    policy(&mut stage, "deny", json!({"podSelector": {}}));
    let denied = asked(&stage, "client", "web", 8080, Protocol::Tcp);
    assert_eq!(denied, Verdict::DeniedBy(PolicyId(0), Direction::Ingress));
    policy(
        &mut stage,
        "allow",
        json!({"podSelector": {"matchLabels": {"app": "web"}},
        "ingress": [{"from": [{"podSelector": {"matchLabels": {"app": "client"}}}]}]}),
    );
    assert!(passes(&stage, "client", "web", 8080));
    policy(
        &mut stage,
        "mute",
        json!({"podSelector": {"matchLabels": {"app": "client"}}, "policyTypes": ["Egress"]}),
    );
    let denied = asked(&stage, "client", "web", 8080, Protocol::Tcp);
    assert_eq!(denied, Verdict::DeniedBy(PolicyId(2), Direction::Egress));
    assert!(
        passes(&stage, "client", "client", 8080),
        "to itself, always"
    );
}

#[test]
fn the_cache_forgets_what_no_longer_holds() {
    let mut stage = three();
    let (client, web) = (end(&stage, "client"), end(&stage, "web"));
    let mut cache = ReachCache::default();
    let mut ask = |stage: &Stage| {
        let objects = &stage.cluster.objects;
        let changed = cache.refresh(objects);
        (
            changed,
            cache.reach(objects, client, web, 8080, Protocol::Tcp) == Verdict::Allowed,
        )
    };
    assert_eq!(ask(&stage), (Changed::Yes, true));
    assert_eq!(ask(&stage), (Changed::No, true));
    policy(&mut stage, "deny", json!({"podSelector": {}}));
    assert_eq!(ask(&stage), (Changed::Yes, false));
    let object = "NetworkPolicy/shop/deny".parse().unwrap();
    api::delete(&mut stage.cluster, &object, Actor::Unrecorded).unwrap();
    assert_eq!(ask(&stage), (Changed::Yes, true));
}

#[test]
fn pods_on_their_nodes_network_are_neither_isolated_nor_selected() {
    let mut stage = three();
    stage.apply(json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "host", "namespace": "shop", "labels": {"app": "host"}},
        "spec": {"hostNetwork": true, "containers": [{"name": "main", "image": "nginx:1"}]}}));
    policy(
        &mut stage,
        "p",
        json!({"podSelector": {}, "ingress": [{"from": [{"podSelector": {}}]}]}),
    );
    assert!(passes(&stage, "other", "host", 80));
    assert!(!passes(&stage, "host", "web", 8080));
}

#[test]
fn addresses_are_those_that_are_printed() {
    let stage = three();
    let pod = stage.cluster.objects.pods.iter().next().unwrap();
    assert_eq!(
        pod_address(pod.number).to_string(),
        aegis_kube_address(pod.number)
    );
}

/// From 10.244.0.0 on, one beyond the number: as `status.podIP` is printed.
fn aegis_kube_address(number: u32) -> String {
    let host = number + 1;
    format!(
        "10.{}.{}.{}",
        244 + (host >> 16),
        (host >> 8) & 255,
        host & 255
    )
}
