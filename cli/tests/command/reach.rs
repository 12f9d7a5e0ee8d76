//! `aegis reach`: whether policies let one pod reach another.

use crate::kit::Place;

/// A Deployment behind a Service, a client, and a policy that lets in what has a label.
const SHOP: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: c, image: pause, ports: [{name: http, containerPort: 8080}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}, ports: [{name: front, port: 80, targetPort: http}]}
---
apiVersion: v1
kind: Service
metadata: {name: empty, namespace: shop}
spec: {selector: {app: none}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Pod
metadata: {name: client, namespace: shop, labels: {app: client}}
spec: {containers: [{name: c, image: pause}]}
---
apiVersion: v1
kind: Pod
metadata: {name: client}
spec: {containers: [{name: c, image: pause}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: only-clients, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  ingress: [{from: [{podSelector: {matchLabels: {app: client}}}], ports: [{port: http}]}]
";

fn shop() -> Place {
    let place = Place::new();
    place.write("shop.yaml", SHOP);
    place
}

#[test]
fn the_answer_is_one_line_and_the_code_is_zero() {
    let place = shop();
    let asked = |line: &str| {
        let line = format!("reach shop.yaml --for 30s {line}");
        place.run(&line).ends(0).out.clone()
    };
    let denied = "denied by NetworkPolicy shop/only-clients\n";
    for (line, answer) in [
        ("--from shop/client --to shop/web --port 8080", "allowed\n"),
        ("--from shop/client --to shop/web --port http", "allowed\n"),
        ("--from shop/client --to shop/web- --port 8080", "allowed\n"),
        ("--from shop/client --to shop/web --port 80", denied),
        (
            "--from shop/client --to shop/web --port 8080 --protocol UDP",
            denied,
        ),
        ("--from default/client --to shop/web --port 8080", denied),
        ("--from client --to deployment/shop/web --port 8080", denied),
        ("--from 203.0.113.9 --to shop/web --port 8080", denied),
        ("--from shop/web --to 203.0.113.9 --port 443", "allowed\n"),
        (
            "--from shop/client --to svc/shop/web --port 80",
            "allowed\n",
        ),
        (
            "--from shop/client --to shop/svc/web --port front",
            "allowed\n",
        ),
        ("--from client --to svc/shop/web --port 80", denied),
        ("--from shop/client --to dns/web --port 80", "allowed\n"),
        ("--from client --to dns/web.shop --port 80", denied),
        (
            "--from client --to dns/web. --port 80",
            "refused: NXDOMAIN for web\n",
        ),
        (
            "--from client --to svc/shop/empty --port 80",
            "refused: Service shop/empty has no ready endpoints\n",
        ),
    ] {
        assert_eq!(asked(line), answer, "{line}");
    }
}

#[test]
fn json_names_the_policy_its_direction_and_its_pod() {
    let line = "reach shop.yaml --for 30s --from default/client --to shop/web --port 8080 -o json";
    let found = shop().run(line).ends(0).json();
    assert_eq!(found["schema"], "aegis.dev/reach/v1");
    assert_eq!(found["allowed"], false);
    assert_eq!(found["policy"], "shop/only-clients");
    assert_eq!(found["direction"], "Ingress");
    assert_eq!(found["answer"], "denied by NetworkPolicy shop/only-clients");
}

#[test]
fn names_are_listed_as_they_were_asked_for() {
    let asked = |name: &str| {
        let line =
            format!("reach shop.yaml --for 30s --from client --to dns/{name} --port 80 -o json");
        shop().run(&line).ends(0).json()["queries"].clone()
    };
    let inside = [
        "web.shop.default.svc.cluster.local",
        "web.shop.svc.cluster.local",
    ];
    assert_eq!(asked("web.shop"), serde_json::json!(inside));
    // With ndots 5 a name outside of the cluster goes through the whole list first.
    assert_eq!(asked("api.example.com").as_array().map(Vec::len), Some(4));
    assert_eq!(asked("api.example.com.").as_array().map(Vec::len), Some(1));
}

#[test]
fn what_is_not_there_is_said_with_what_is() {
    let place = shop();
    let refused = |line: &str, words: &[&str]| {
        let line = format!("reach shop.yaml --for 30s {line}");
        place.run(&line).ends(2).complains(words);
    };
    refused(
        "--from shop/clinet --to shop/web --port 80",
        &["no pod `shop/clinet`", "did you mean `shop/client`?"],
    );
    refused(
        "--from lab/x --to shop/web --port 80",
        &["namespace `lab` has no pods"],
    );
    refused(
        "--from shop/client --to shop/web --port htp",
        &["no port `htp`", "its ports: http"],
    );
    refused(
        "--from shop/client --to svc/shop/web --port 81",
        &["has no such port for TCP", "front 80/TCP"],
    );
    refused(
        "--from svc/shop/web --to shop/client --port 80",
        &["opens no connections"],
    );
    refused(
        "--from shop/client --to shop/web --port 70000",
        &["70000 is no port"],
    );
}
