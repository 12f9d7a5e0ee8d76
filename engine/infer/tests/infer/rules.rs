//! Each rule of inference by itself.

use crate::build::{objects, service};
use aegis_infer::{CallPrior, Directory, Inferred, Runtime, infer, rewire};
use aegis_model::Objects;
use aegis_model::behaviour::{Balance, Cancels};

/// What `caller` calls, in a cluster of it and a Service `cart` on port 80.
fn calls(container: &str, more: &str) -> Vec<CallPrior> {
    let manifest =
        service("web", "example/web:1", container) + &service("cart", "example/cart:1", "") + more;
    infer(&objects(&manifest)).workloads[0].calls.clone()
}

fn finds(container: &str) -> Option<u16> {
    let calls = calls(container, CONFIG);
    assert!(calls.len() <= 1, "{calls:?}");
    calls
        .first()
        .filter(|call| call.to.is_some())
        .map(|call| call.port)
}

const CONFIG: &str = "
apiVersion: v1
kind: ConfigMap
metadata: {name: app, namespace: shop}
data:
  cart: cart.shop:80
  app.json: |
    {
      \"CartAddress\": \"cart:80\",
      \"log\": \"info\"
    }
";

#[test]
fn an_address_is_found_wherever_a_setting_can_stand() {
    let env = |value: &str| format!("          env: [{{name: CART_ADDR, value: \"{value}\"}}]");
    let named = |name: &str| format!("          env: [{{name: {name}, value: cart}}]");
    let cases = [
        (env("cart:80"), Some(80)),
        (env("http://cart/x?y=1"), Some(0)),
        (env("http://user:secret@cart:80/"), Some(80)),
        (env("tcp(cart:80)/db"), Some(80)),
        (env("cart.shop.svc.cluster.local:80"), Some(80)),
        (env("cart.shop.svc.cluster.local"), Some(0)),
        (env("dns:///cart.shop:80"), Some(80)),
        (
            env("other:1,cart:80").replace("other:1,", "10.0.0.1:1,"),
            Some(80),
        ),
        (named("CART_HOST"), Some(0)),
        (named("CART_HOSTNAME"), Some(0)),
        (
            "          env: [{name: NEXT, value: cart}, {name: CART_URL, value: \"http://$(NEXT):80/$(GONE)\"}]".into(),
            Some(80),
        ),
        (
            "          env: [{name: NEXT, value: cart}]\n          args: [\"--to=http://$(NEXT):80\"]".into(),
            Some(80),
        ),
        (named("APP_NAME"), None),
        (named("SERVICE_NAME"), None),
        ("          args: [--cart-addr=cart:80]".into(), Some(80)),
        ("          args: [--backend-host, cart]".into(), Some(0)),
        (
            "          command: [sh, -c, \"serve --to cart:80\"]".into(),
            Some(80),
        ),
        (
            "          env: [{name: X, valueFrom: {configMapKeyRef: {name: app, key: cart}}}]"
                .into(),
            Some(80),
        ),
        (
            "          envFrom: [{configMapRef: {name: app}}]".into(),
            Some(80),
        ),
        (env("localhost:80"), None),
        (env("127.0.0.1:80"), None),
        (env("cart is fine"), None),
    ];
    for (container, expected) in cases {
        assert_eq!(finds(&container), expected, "{container}");
    }
}

#[test]
fn a_mounted_config_map_counts() {
    let manifest = service(
        "web",
        "example/web:1",
        "      volumes: [{name: c, configMap: {name: app}}]",
    ) + &service("cart", "example/cart:1", "")
        + CONFIG;
    let inferred = infer(&objects(&manifest));
    assert_eq!(inferred.workloads[0].calls.len(), 1);
}

#[test]
fn the_last_of_equal_variables_wins() {
    let manifest = service(
        "web",
        "example/web:1",
        "          env: [{name: A_ADDR, value: \"cart:80\"}, {name: A_ADDR, value: \"user:80\"}]",
    ) + &service("cart", "example/cart:1", "")
        + &service("user", "example/user:1", "");
    let objects = objects(&manifest);
    let calls = &infer(&objects).workloads[0].calls;
    assert_eq!(names(&objects, calls), ["user"]);
}

fn names(objects: &Objects, calls: &[CallPrior]) -> Vec<String> {
    let to = calls.iter().filter_map(|call| call.to);
    to.map(|to| {
        objects.services[to.index()]
            .header
            .reference
            .name
            .to_string()
    })
    .collect()
}

#[test]
fn companions_are_called_by_name() {
    let manifest = service("user-service", "example/user:1", "")
        + &service("user-db", "postgres:16", "")
        + &service("user-cache", "redis:7", "")
        + &service("cart-db", "postgres:16", "");
    let objects = objects(&manifest);
    let inferred = infer(&objects);
    assert_eq!(
        names(&objects, &inferred.workloads[0].calls),
        ["user-db", "user-cache"]
    );
    assert_eq!(inferred.workloads[1].runtime, Runtime::Postgres);
}

#[test]
fn a_dead_address_is_kept_with_ratio_nought() {
    let calls = calls("          env: [{name: GONE_ADDR, value: \"gone:80\"}]", "");
    assert_eq!(calls.len(), 1);
    assert_eq!((calls[0].to, calls[0].ratio.median), (None, 0.0));
}

#[test]
fn a_load_generator_calls_nobody_and_makes_no_entry_internal() {
    let manifest = service(
        "web",
        "example/web:1",
        "          env: [{name: CART_ADDR, value: \"cart:80\"}]",
    ) + &service("cart", "example/cart:1", "")
        + &service(
            "traffic",
            "locustio/locust:2",
            "          env: [{name: TARGET, value: \"http://web\"}]",
        );
    let objects = objects(&manifest);
    let inferred = infer(&objects);
    assert!(inferred.workloads[2].generator);
    assert!(inferred.workloads[2].calls.is_empty());
    assert_eq!(entry_names(&objects, &inferred), ["web"]);
}

fn entry_names(objects: &Objects, inferred: &Inferred) -> Vec<String> {
    let name = |id: aegis_model::ServiceId| {
        objects.services[id.index()]
            .header
            .reference
            .name
            .to_string()
    };
    inferred
        .entries
        .iter()
        .map(|entry| name(entry.service))
        .collect()
}

#[test]
fn an_ingress_makes_an_entry_of_what_others_call_too() {
    let ingress = "
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: in, namespace: shop}
spec: {rules: [{http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: cart, port: {number: 80}}}}]}}]}
";
    let manifest = service(
        "web",
        "example/web:1",
        "          env: [{name: CART_ADDR, value: \"cart:80\"}]",
    ) + &service("cart", "example/cart:1", "")
        + ingress;
    let objects = objects(&manifest);
    assert_eq!(entry_names(&objects, &infer(&objects)), ["web", "cart"]);
}

#[test]
fn a_service_by_itself_is_an_entry_and_a_database_is_not() {
    let manifest = service("api", "example/api:1", "") + &service("pg", "postgres:16", "");
    let objects = objects(&manifest);
    assert_eq!(entry_names(&objects, &infer(&objects)), ["api"]);
}

#[test]
fn what_only_sleeps_is_no_entry() {
    let asleep = "          command: [/bin/sleep, infinity]";
    let objects = objects(&service("box", "example/curl:8", asleep));
    assert_eq!(
        entry_names(&objects, &infer(&objects)),
        Vec::<String>::new()
    );
}

#[test]
fn a_service_without_ports_is_no_entry() {
    let queue_reader = service(
        "worker",
        "example/worker:1",
        "          env: [{name: API_ADDR, value: \"api:80\"}]",
    );
    let manifest = queue_reader.replace("ports: [{port: 80}]", "ports: []")
        + &service("api", "example/api:1", "");
    assert_ne!(manifest.matches("ports: []").count(), 0, "{manifest}");
    let objects = objects(&manifest);
    assert_eq!(
        entry_names(&objects, &infer(&objects)),
        Vec::<String>::new()
    );
}

#[test]
fn protocols_decide_connections_and_cancellation() {
    let grpc = "          readinessProbe: {grpc: {port: 80}}";
    let env = "          env: [{name: A_ADDR, value: \"rpc:80\"}, {name: B_ADDR, value: \"web:80\"}, {name: C_ADDR, value: \"pg:80\"}]";
    let manifest = service("front", "example/front:1", env)
        + &service("rpc", "example/rpc:1", grpc)
        + &service("web", "example/web:1", "")
        + &service("pg", "postgres:16", "");
    let calls = infer(&objects(&manifest)).workloads[0].calls.clone();
    let found: Vec<(Balance, Cancels)> = calls.iter().map(|c| (c.balance, c.cancels)).collect();
    assert_eq!(
        found,
        [
            (Balance::Connection, Cancels::Yes),
            (Balance::Request, Cancels::No),
            (Balance::Connection, Cancels::No)
        ]
    );
}

#[test]
fn memory_at_rest_stays_below_the_limit_in_every_draw() {
    use aegis_cluster::{Draws, Purpose};
    let tight = "          resources: {requests: {memory: 100Mi}, limits: {memory: 100Mi}}";
    let inferred = infer(&objects(&service("web", "example/web:1", tight)));
    for root in 0..500 {
        let base = inferred.sample(Draws::new(root), Purpose::Hidden)[0]
            .as_ref()
            .map(|b| b.memory_base.0);
        assert!(base.is_some_and(|bytes| bytes <= 80 << 20), "{base:?}");
    }
}

#[test]
fn a_changed_address_moves_the_call_and_keeps_its_cost() {
    let manifest = service(
        "web",
        "example/web:1",
        "          env: [{name: CART_ADDR, value: \"cart:80\"}]",
    ) + &service("cart", "example/cart:1", "")
        + &service("user", "example/user:1", "");
    let objects = objects(&manifest);
    let before = objects.workloads[0].spec.template().clone();
    let behaviour = infer(&objects).median()[0].clone().expect("web serves");
    let to = |value: Option<&str>| {
        let mut after = before.clone();
        match value {
            Some(text) => after.spec.containers[0].env[0].value = Some(text.into()),
            None => after.spec.containers[0].env.clear(),
        }
        let call = rewire(&objects, "shop", &behaviour, &before, &after).calls[0].clone();
        (call.to.map(|id| id.0), call.port, call.ratio)
    };
    assert_eq!(to(Some("cart:80")), (Some(1), 80, 1.0));
    assert_eq!(to(Some("cart:9999")), (Some(1), 9999, 1.0));
    assert_eq!(to(Some("user:80")), (Some(2), 80, 1.0));
    assert_eq!(to(Some("cartt:80")), (None, 80, 1.0));
    assert_eq!(to(None), (None, 0, 1.0));
}

#[test]
fn a_pod_serves_some_requests_within_its_limit() {
    let cost = |limit: &str| {
        let container = format!("          resources: {{limits: {{cpu: {limit}}}}}");
        let objects = objects(&service("web", "example/web:1", &container));
        let inferred = infer(&objects);
        inferred.workloads[0].cpu_per_request.median
    };
    assert_eq!(
        cost("1"),
        cost("500m"),
        "a usual limit says nothing of cost"
    );
    assert!((cost("2m") - 0.00012).abs() < 1e-9, "{}", cost("2m"));
}

#[test]
fn thousands_of_services_are_looked_up_by_their_rarest_label() {
    let one = |n: u32| {
        format!(
            "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: w{n}}}\nspec:\n  template:\n    metadata: {{labels: {{app: w{n}, part-of: shop}}}}\n    spec: {{containers: [{{name: a, image: shop}}]}}\n---\napiVersion: v1\nkind: Service\nmetadata: {{name: w{n}}}\nspec: {{selector: {{part-of: shop, app: w{n}}}, ports: [{{port: 80}}]}}\n"
        )
    };
    let text: String = (0..3000).map(one).collect();
    let objects = objects(&text);
    let directory = Directory::new(&objects);
    for id in [0_usize, 1500, 2999] {
        assert_eq!(directory.behind(id.into()), [id.into()]);
        assert_eq!(directory.in_front_of(id.into()), [id.into()]);
    }
    assert_eq!(infer(&objects).entries.len(), 3000);
}

#[test]
fn variables_that_multiply_each_other_stay_within_bounds() {
    let chain: String = (1..40)
        .map(|n| {
            format!(
                ", {{name: A{n}, value: \"{}\"}}",
                format!("$(A{}) ", n - 1).repeat(10)
            )
        })
        .collect();
    let env = format!("          env: [{{name: A0, value: \"cart:80 \"}}{chain}]");
    assert_eq!(finds(&env), Some(80));
}

#[test]
fn files_of_proxies_and_connection_strings_name_hosts() {
    let file = |text: &str| {
        let lines = text.replace('\n', "\n    ");
        format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: file, namespace: shop}}\ndata:\n  file.conf: |\n    first: line\n    {lines}\n"
        )
    };
    let cases = [
        ("upstream carts { server cart:80; }", Some(80)),
        ("  server cart max_fails=3;", Some(0)),
        ("proxy_pass http://cart/?x=1;", Some(0)),
        ("proxy_pass http://cart:80/a: b;", Some(80)),
        ("server s1 cart:80 check", Some(80)),
        (
            "- socket_address: { address: cart, port_value: 80 }",
            Some(0),
        ),
        ("  address: cart", Some(0)),
        ("export CART_URL=http://cart", Some(0)),
        ("spring.datasource.url=jdbc:mysql://cart:80/x?a=b", Some(80)),
        (
            "ConnectionString: \"Server=cart;Database=x;User Id=sa\"",
            Some(0),
        ),
        ("dsn=host=cart user=x", Some(0)),
        ("uri: mongodb://u:p@cart/x", Some(0)),
        ("nodes: 10.0.0.1:80,cart:80", Some(80)),
        ("# proxy_pass http://cart;", None),
        ("; server cart:80", None),
        ("sed -E 's/;$//cart/g'", None),
        ("server_name cart;", None),
        ("title: the cart is full", None),
    ];
    let mount = "      volumes: [{name: c, configMap: {name: file}}]";
    for (line, expected) in cases {
        let found = calls(mount, &file(line));
        assert_eq!(found.first().map(|call| call.port), expected, "{line}");
    }
}

#[test]
fn a_pod_of_a_stateful_set_is_reached_by_the_service_that_names_it() {
    let env = |value: &str| format!("          env: [{{name: DB, value: \"{value}\"}}]");
    for value in [
        "cart-0.cart:80",
        "cart-0.cart.shop:80",
        "http://cart-1.cart.shop.svc.cluster.local:80",
    ] {
        assert_eq!(finds(&env(value)), Some(80), "{value}");
    }
    let apart = [
        "http://kubernetes.default.svc",
        "shop.svc.cluster.local",
        "https://example.com",
    ];
    for value in apart {
        assert_eq!(calls(&env(value), ""), [], "{value}");
    }
}

#[test]
fn a_variable_that_is_called_as_its_host_is_an_address() {
    let named = |key: &str| format!("          env: [{{name: {key}, value: cart}}]");
    assert_eq!(finds(&named("CART")), Some(0));
    assert_eq!(finds(&named("TITLE")), None);
}

/// A store with a Secret, and one that reads a key of it.
fn sharing(secret: &str, key: &str) -> Vec<String> {
    let password = |secret: &str, key: &str| {
        format!(
            "          env: [{{name: P, valueFrom: {{secretKeyRef: {{name: {secret}, key: {key}}}}}}}]"
        )
    };
    let manifest = service("web", "example/web:1", &password(secret, key))
        + &service("accounts", "postgres:16", &password("pg", "password"))
        + &service("orders", "postgres:16", &password("pg2", "password"))
        + &service("stock", "postgres:16", &password("pg2", "password"));
    let objects = objects(&manifest);
    names(&objects, &infer(&objects).workloads[0].calls)
}

#[test]
fn who_reads_the_key_of_a_store_s_secret_calls_that_store() {
    assert_eq!(sharing("pg", "password"), ["accounts"]);
    assert_eq!(sharing("pg", "licence"), [""; 0]);
    assert_eq!(sharing("pg2", "password"), [""; 0], "two stores read it");
}

#[test]
fn what_is_called_by_others_is_no_entry_for_its_node_port() {
    let web = service(
        "web",
        "example/web:1",
        "          env: [{name: CART_ADDR, value: \"cart:80\"}]",
    );
    let all = web + &service("cart", "example/cart:1", "");
    let opened = all.replace("ports: [{port: 80}]", "type: NodePort, ports: [{port: 80}]");
    let objects = objects(&opened);
    assert_eq!(entry_names(&objects, &infer(&objects)), ["web"]);
}

#[test]
fn several_deployments_behind_a_service_are_one_entry_and_told_once() {
    let of = |version: &str| {
        let whole = service(&format!("page-{version}"), "example/page:1", "");
        let deployment = whole
            .split("\n---")
            .next()
            .expect("a Deployment")
            .to_owned();
        deployment.replace(&format!("{{app: page-{version}}}"), "{app: page}") + "\n---\n"
    };
    let door = "apiVersion: v1\nkind: Service\nmetadata: {name: page, namespace: shop}\nspec: {selector: {app: page}, ports: [{port: 80}]}\n";
    let objects = objects(&(of("v1") + &of("v2") + &of("v3") + door));
    let inferred = infer(&objects);
    assert_eq!(entry_names(&objects, &inferred), ["page"]);
    assert_eq!(inferred.entries[0].workloads.len(), 3);
    let facts = inferred.explain(&objects);
    let told = facts
        .iter()
        .filter(|fact| fact.what.contains("users reach it"));
    assert_eq!(told.count(), 1);
}

#[test]
fn addresses_in_a_circle_send_no_request_round_and_round() {
    let asks = |others: &[&str]| {
        let of = |name: &&str| format!("{{name: {name}_ADDR, value: \"{name}:80\"}}");
        let list: Vec<String> = others.iter().map(of).collect();
        format!("          env: [{}]", list.join(", "))
    };
    let manifest = service("page", "example/page:1", &asks(&["authors", "books"]))
        + &service("authors", "example/authors:1", &asks(&["books", "files"]))
        + &service("books", "example/books:1", &asks(&["authors"]))
        + &service("files", "example/files:1", "");
    let inferred = infer(&objects(&manifest));
    let ratios = |row: usize| -> Vec<f64> {
        let calls = inferred.workloads[row].calls.iter();
        calls.map(|call| call.ratio.median).collect()
    };
    assert_eq!(ratios(0), [1.0, 1.0]);
    assert_eq!(ratios(1), [0.3, 1.0]);
    assert_eq!(ratios(2), [0.3]);
}

#[test]
fn a_shared_config_map_that_names_its_reader_tells_of_stores_alone() {
    let map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: all, namespace: shop}\ndata: {WEB_URL: \"http://web\", JOBS_URL: \"http://jobs\", DB_HOST: pg}\n---\n";
    let from = "          envFrom: [{configMapRef: {name: all}}]";
    let of = |others: &str| {
        let manifest = service("web", "example/web:1", from)
            + &service("jobs", "example/jobs:1", others)
            + &service("pg", "postgres:16", "")
            + map;
        let objects = objects(&manifest);
        names(&objects, &infer(&objects).workloads[0].calls)
    };
    assert_eq!(of(from), ["pg"], "both read it");
    assert_eq!(of(""), ["pg", "jobs"], "it is web's own");
}
