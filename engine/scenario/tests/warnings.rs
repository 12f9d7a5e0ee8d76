//! Warnings: what is no error and worth saying, with its place.

use aegis_scenario::{bundled, load, warn};

fn warnings(text: &str) -> Vec<String> {
    let loaded = load("case.yaml", text, &bundled::file).expect("it is right");
    let found = warn::check(&loaded).expect("it is founded");
    found
        .iter()
        .map(|w| {
            format!(
                "{}:{}:{} {} {}",
                w.file, w.line, w.column, w.code, w.message
            )
        })
        .collect()
}

fn pair(first: &str, second: &str, cpu: &str) -> String {
    let one = |name: &str, calls: &str| {
        format!(
            "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}}}\nspec:\n  selector: {{matchLabels: {{app: {name}}}}}\n  template:\n    metadata: {{labels: {{app: {name}}}}}\n    spec:\n      containers:\n        - name: server\n          image: {name}\n          env: [{{name: NEXT_ADDR, value: \"{calls}\"}}]\n          resources: {{requests: {{cpu: {cpu}}}}}\n---\napiVersion: v1\nkind: Service\nmetadata: {{name: {name}}}\nspec: {{selector: {{app: {name}}}, ports: [{{port: 80}}]}}\n"
        )
    };
    let head = "apiVersion: aegis.dev/v1\nkind: Scenario\nmetadata: {name: case}\nspec:\n  cluster: {nodes: [{cpu: \"1\", memory: 2Gi}]}\n";
    format!("{head}{}{}", one("a", first), one("b", second))
}

#[test]
fn a_dead_address_is_named_where_it_stands() {
    let found = warnings(&pair("b:80", "nobody:80", "100m"));
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(
        found[0].starts_with("case.yaml:37:42 AEG-S101"),
        "{found:#?}"
    );
    assert!(found[0].contains("`nobody:80`"), "{found:#?}");
}

#[test]
fn a_circle_of_calls_is_named_in_its_order() {
    let found = warnings(&pair("b:80", "a:80", "100m"));
    assert!(
        found[0].contains("calls go in a circle: deployment/a → deployment/b → deployment/a"),
        "{found:#?}"
    );
}

#[test]
fn a_pod_that_fits_nowhere_is_named() {
    let found = warnings(&pair("b:80", "b:80", "2"));
    assert!(
        found.iter().all(|w| w.contains("AEG-S103")) && found.len() == 2,
        "{found:#?}"
    );
}

#[test]
fn kinds_that_nothing_acts_on_are_listed() {
    let object = |kind: &str, version: &str, name: &str| {
        format!("---\napiVersion: {version}\nkind: {kind}\nmetadata: {{name: {name}}}\n")
    };
    let rights = "rbac.authorization.k8s.io/v1";
    let flows = "flowcontrol.apiserver.k8s.io/v1";
    let text = [
        object("FlowSchema", flows, "a"),
        object("ServiceAccount", "v1", "a"),
        object("CustomJob", "example.com/v1", "migrate"),
        object("FlowSchema", flows, "b"),
        object("PriorityLevelConfiguration", flows, "a"),
        object("Role", rights, "a"),
        object("ClusterRoleBinding", rights, "a"),
        object("Certificate", "cert-manager.io/v1", "tls"),
    ]
    .concat();
    let documents = aegis_kube::read("case.yaml", &text).expect("it reads");
    let found: Vec<String> = warn::kinds(&documents)
        .iter()
        .map(|w| format!("{}:{} {} {}", w.line, w.column, w.code, w.message))
        .collect();
    let expected = [
        "31:7 AEG-S102 kind Certificate is not simulated: certificate/tls kept, and nothing acts on it",
        "11:7 AEG-S102 kind CustomJob is not simulated: customjob/migrate kept, and nothing acts on it",
        "3:7 AEG-S102 kept, and nothing acts on them: 2 FlowSchema, 1 PriorityLevelConfiguration",
    ];
    assert_eq!(found, expected);
}

#[test]
fn bundled_applications_hold_nothing_that_is_not_played() {
    let oom = bundled::find("online-boutique-oom").expect("it is bundled");
    let loaded = load(oom.path, oom.text, &bundled::file).expect("it is right");
    let found = warn::check(&loaded).expect("it is founded");
    assert!(found.iter().all(|w| w.code != "AEG-S102"), "{found:#?}");
}
