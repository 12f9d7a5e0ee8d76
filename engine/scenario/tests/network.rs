//! What the network does to requests: names, Services that stay near, policies.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test says what it expects where it stands"
)]

use aegis_scenario::build::{build, start};
use aegis_scenario::load;

/// `frontend` on node-1 calls `backend` on node-2, which is looked up at CoreDNS.
fn shop(service: &str, chaos: &str) -> String {
    format!(
        "\
apiVersion: aegis.dev/v1
kind: Scenario
metadata: {{name: shop}}
spec:
  duration: 10m
  start: applied
  physics: {{gap: none}}
  cluster: {{nodes: [{{count: 2, cpu: \"4\", memory: 8Gi, zones: [a, b]}}]}}
  services:
    - {{name: frontend, cpuPerRequest: 1ms, calls: [{{to: backend, ratio: 1, timeout: 2s}}]}}
    - {{name: backend, cpuPerRequest: 1ms}}
  traffic: [{{to: frontend, rps: {{constant: 20}}}}]
  truth: {{causes: []}}
  chaos: [{chaos}]
---
{frontend}
---
{backend}
---
{dns}
---
apiVersion: v1
kind: Service
metadata: {{name: frontend}}
spec: {{selector: {{app: frontend}}, ports: [{{port: 80}}]}}
---
apiVersion: v1
kind: Service
metadata: {{name: backend}}
spec: {{{service}selector: {{app: backend}}, ports: [{{port: 80}}]}}
---
apiVersion: v1
kind: Service
metadata: {{name: kube-dns, namespace: kube-system}}
spec: {{selector: {{k8s-app: kube-dns}}, ports: [{{name: dns, port: 53, protocol: UDP, targetPort: 53}}]}}
",
        frontend = deployment("frontend", "default", "app: frontend", "node-1"),
        backend = deployment("backend", "default", "app: backend", "node-2"),
        dns = deployment("coredns", "kube-system", "k8s-app: kube-dns", "node-2"),
    )
}

fn deployment(name: &str, namespace: &str, label: &str, node: &str) -> String {
    format!(
        "\
apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}, namespace: {namespace}}}
spec:
  selector: {{matchLabels: {{{label}}}}}
  template:
    metadata: {{labels: {{{label}}}}}
    spec: {{nodeSelector: {{kubernetes.io/hostname: {node}}}, containers: [{{name: c, image: \"example/{name}:1\"}}]}}"
    )
}

/// Share of the requests of the last second that failed, two minutes after what happens at 3m.
fn failed(service: &str, chaos: &str) -> f64 {
    let loaded = load("shop.yaml", &shop(service, chaos), &|_| None).expect("it is right");
    let mut world = build(&loaded, 1).expect("it is taken");
    start(&loaded, &mut world, |_| {});
    world.advance(300);
    world.entries()[0].last.failed
}

/// A policy that lets `frontend` out to `backend`, and to what else is said.
fn egress(more: &str) -> String {
    format!(
        "{{at: 3m, apply: {{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {{name: out}}, \
         spec: {{podSelector: {{matchLabels: {{app: frontend}}}}, policyTypes: [Egress], \
         egress: [{{to: [{{podSelector: {{matchLabels: {{app: backend}}}}}}]}}{more}]}}}}}}"
    )
}

#[test]
fn requests_fail_where_names_or_endpoints_do() {
    let dns = ", {ports: [{port: 53, protocol: UDP}]}";
    let scaled =
        "{at: 3m, patch: {object: deployment/kube-system/coredns, merge: {spec: {replicas: 0}}}}";
    for (what, service, chaos, expected) in [
        ("all is well", "", String::new(), 0.0),
        ("a policy forgets DNS", "", egress(""), 1.0),
        ("a policy lets DNS through", "", egress(dns), 0.0),
        ("DNS has no pods", "", scaled.to_owned(), 1.0),
        (
            "it stays on its node",
            "internalTrafficPolicy: Local, ",
            String::new(),
            1.0,
        ),
        (
            "near is preferred",
            "trafficDistribution: PreferClose, ",
            String::new(),
            0.0,
        ),
        (
            "clients stick",
            "sessionAffinity: ClientIP, ",
            String::new(),
            0.0,
        ),
        (
            "who is connected needs no name",
            "sessionAffinity: ClientIP, ",
            egress(""),
            0.0,
        ),
    ] {
        let found = failed(service, &chaos);
        assert!((found - expected).abs() < 0.05, "{what}: {found}");
    }
}

/// An Ingress in front of `frontend`, at which users arrive.
fn by_ingress(backend: &str) -> String {
    let ingress = format!(
        "---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {{name: shop}}
spec: {{rules: [{{http: {{paths: [{{path: /, pathType: Prefix, backend: {{service: {{name: {backend}, port: {{number: 80}}}}}}}}]}}}}]}}
"
    );
    shop("", "").replace("to: frontend, rps", "to: ingress/shop, rps") + &ingress
}

#[test]
fn an_ingress_is_an_entry_to_its_services() {
    let loaded = load("shop.yaml", &by_ingress("frontend"), &|_| None).expect("it is right");
    assert_eq!(loaded.scenario.spec.traffic[0].to, "default/frontend");
    let refused = load("shop.yaml", &by_ingress("frontent"), &|_| None).unwrap_err();
    let said = &refused[0].message;
    assert!(said.contains("leads to a Service `frontent`"), "{said}");
}
