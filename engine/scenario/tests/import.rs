//! Plain manifests become a scenario by the rule, and what is inferred is explained.

use aegis_model::Quantity;
use aegis_scenario::{bundled, explain, import, load};

fn manifests(application: &str) -> Vec<aegis_kube::Document> {
    let path = format!("scenarios/manifests/{application}.yaml");
    aegis_kube::read(&path, &bundled::file(&path).expect("it is bundled")).expect("it is read")
}

/// The import of an application, read again.
fn imported(application: &str) -> load::Loaded {
    let text = import::import(application, manifests(application)).expect("it is imported");
    load("imported.yaml", &text, &|_| None).expect("what import writes, load reads")
}

fn sum(loaded: &load::Loaded, resource: &str) -> f64 {
    let amount = |node: &serde_json::Value| -> f64 {
        let text = node["status"]["capacity"][resource]
            .as_str()
            .expect("an amount");
        text.parse::<Quantity>().expect("a quantity").milli as f64 / 1000.0
    };
    loaded.nodes.iter().map(amount).sum()
}

#[test]
fn requests_fill_the_nodes_to_sixty_percent() {
    for (application, cores, mebi) in [
        ("online-boutique", 1.57, 1368.0),
        ("sock-shop", 0.799, 1700.0),
    ] {
        let loaded = imported(application);
        let cpu = cores / sum(&loaded, "cpu");
        assert!(
            (0.57..=0.6).contains(&cpu),
            "{application}: CPU is filled to {cpu}"
        );
        let memory = mebi * 1024.0 * 1024.0 / sum(&loaded, "memory");
        assert!(
            (0.48..=0.6).contains(&memory),
            "{application}: memory is filled to {memory}"
        );
    }
}

#[test]
fn each_entry_is_loaded_at_half_of_what_it_serves() {
    for (application, entry) in [
        ("online-boutique", "frontend-external"),
        ("sock-shop", "sock-shop/front-end"),
    ] {
        let loaded = imported(application);
        let text = explain::explain(&loaded).expect("it is founded");
        let traffic = &loaded.scenario.spec.traffic;
        assert_eq!(traffic.len(), 1);
        assert_eq!(traffic[0].to, entry);
        let aegis_scenario::format::Rate::Constant(rate) = traffic[0].rps else {
            panic!("a constant rate")
        };
        let about = text
            .lines()
            .find_map(|line| line.trim().strip_prefix("the cluster serves about "));
        let full: f64 = about
            .and_then(|rest| rest.split(' ').next())
            .expect("a figure")
            .parse()
            .expect("a number");
        assert!(
            (0.45..=0.55).contains(&(rate / full)),
            "{application}: {rate} of {full}"
        );
    }
}

#[test]
fn nothing_of_the_manifests_is_lost() {
    let before = manifests("online-boutique");
    let after = imported("online-boutique").manifests;
    assert_eq!(before.len(), after.len());
    for (before, after) in before.iter().zip(&after) {
        assert_eq!(before.value, after.value);
    }
}

#[test]
fn the_call_graph_is_explained() {
    let loaded = imported("online-boutique");
    let text = explain::explain(&loaded).expect("it is founded");
    for wanted in [
        "deployment/checkoutservice",
        "calls cartservice 0.90 times per request",
        "PRODUCT_CATALOG_SERVICE_ADDR",
    ] {
        assert!(text.contains(wanted), "{wanted} in\n{text}");
    }
}

#[test]
fn what_the_api_server_refuses_is_shown_at_its_place() {
    let text = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec:\n  replicas: -1\n  selector: {matchLabels: {app: a}}\n  template:\n    metadata: {labels: {app: a}}\n    spec: {containers: [{name: a, image: a}]}\n";
    let documents = aegis_kube::read("a.yaml", text).expect("it is read");
    let errors = import::adopt("a", documents).expect_err("a negative number of replicas");
    assert_eq!(
        (errors[0].code, errors[0].line, errors[0].column),
        ("AEG-K011", 5, 13),
        "{errors:?}"
    );
}

/// What `kubectl get -A -o yaml` would show of a settled application.
fn dump(application: &str) -> String {
    let loaded = import::adopt(application, manifests(application)).expect("it is adopted");
    let mut world = aegis_scenario::build::build(&loaded, 1).expect("it is founded");
    aegis_scenario::build::start(&loaded, &mut world, |_| {});
    let list = aegis_kube::print::list(world.objects(), world.now(), aegis_kube::print::EPOCH);
    aegis_kube::yaml::to_string(&list)
}

#[test]
fn a_dump_of_a_live_cluster_goes_on_as_it_was() {
    for application in ["online-boutique", "sock-shop"] {
        let documents = aegis_kube::read("dump.yaml", &dump(application)).expect("it is read");
        let pods = documents
            .iter()
            .filter(|document| document.kind() == "Pod")
            .count();
        let loaded =
            import::adopt(application, documents).unwrap_or_else(|errors| panic!("{errors:#?}"));
        assert!(loaded.nodes.is_empty(), "a dump has nodes of its own");
        let mut world = aegis_scenario::build::build(&loaded, 1).expect("it is founded");
        world.advance(30);
        let objects = world.objects();
        assert!(
            objects.pods.iter().all(aegis_model::objects::Pod::is_ready),
            "{application}"
        );
        assert_eq!(
            objects.pods.len(),
            pods,
            "{application}: no pod is made anew"
        );
    }
}

#[test]
fn ten_thousand_documents_are_taken() {
    let one = |n: u32| {
        format!(
            "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: w{n}}}\nspec:\n  selector: {{matchLabels: {{app: w{n}}}}}\n  template:\n    metadata: {{labels: {{app: w{n}}}}}\n    spec: {{containers: [{{name: a, image: shop, env: [{{name: NEXT_ADDR, value: \"w{}:80\"}}]}}]}}\n---\napiVersion: v1\nkind: Service\nmetadata: {{name: w{n}}}\nspec: {{selector: {{app: w{n}}}, ports: [{{port: 80}}]}}\n",
            n + 1
        )
    };
    let plain = |n: u32| {
        format!(
            "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c{n}}}\ndata: {{key: value}}\n"
        )
    };
    let text: String = (0..1000).map(one).chain((0..8000).map(plain)).collect();
    let documents = aegis_kube::read("many.yaml", &text).expect("it is read");
    assert_eq!(documents.len(), 10_000);
    let loaded = import::adopt("many", documents).expect("it is adopted");
    let warnings = aegis_scenario::warn::check(&loaded).expect("it is founded");
    assert_eq!(
        warnings
            .iter()
            .filter(|warning| warning.code == "AEG-S101")
            .count(),
        1
    );
}

fn deployment(replicas: &str, memory: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec:\n  replicas: {replicas}\n  selector: {{matchLabels: {{app: web}}}}\n  template:\n    metadata: {{labels: {{app: web}}}}\n    spec: {{containers: [{{name: a, image: a, resources: {{requests: {{memory: {memory}}}}}}}]}}\n"
    )
}

fn adopted(text: &str) -> Result<load::Loaded, Vec<aegis_kube::Diagnostic>> {
    import::adopt(
        "case",
        aegis_kube::read("case.yaml", text).expect("it reads"),
    )
}

#[test]
fn crowds_beyond_any_cluster_are_refused_at_once() {
    let scaled = "---\napiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: web}\nspec: {minReplicas: 2000000000, maxReplicas: 2000000000, scaleTargetRef: {kind: Deployment, name: web}}\n";
    let cases = [
        (deployment("1000000000", "1Mi"), "1000000000"),
        (deployment("1", "1Mi") + scaled, "2000000000"),
    ];
    for (text, count) in cases {
        let errors = adopted(&text).expect_err("nobody has so many");
        assert_eq!(
            (errors[0].code, errors[0].line, errors[0].column),
            ("AEG-S021", 5, 13)
        );
        let message =
            format!("deployment/web asks for {count} pods; a simulated cluster has at most 150000");
        assert_eq!(errors[0].message, message);
    }
}

#[test]
fn amounts_beyond_any_machine_do_not_overflow() {
    let loaded = adopted(&deployment("3", "99999999999Ei")).expect("it is only large");
    let warnings = aegis_scenario::warn::check(&loaded).expect("it is founded");
    assert!(
        loaded.nodes.len() <= 5000 && warnings.len() <= 1,
        "{warnings:#?}"
    );
}

#[test]
fn pods_without_requests_have_room_for_what_they_are_made_of() {
    let of = |image: &str| {
        let text = deployment("10", "0").replace("image: a", &format!("image: {image}"));
        sum(&adopted(&text).expect("it is taken"), "memory") / (1024.0 * 1024.0)
    };
    let (java, go) = (of("example/openjdk"), of("example/golang"));
    assert!(java > 10.0 * 260.0 * 1.5, "Java's ten pods have {java} MiB");
    assert!(
        go > 10.0 * 200.0 && go < 0.8 * java,
        "Go's ten pods have {go} MiB"
    );
}
