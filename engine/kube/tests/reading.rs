//! Reading: what comes in comes in whole, and what is wrong is shown at its place.

use aegis_kube::{Document, Problem, ReadError, read, read_bytes};
use aegis_model::FieldPath;
use serde_json::json;
use std::fmt::Write as _;

fn documents(text: &str) -> Vec<Document> {
    read("app.yaml", text).expect("it reads")
}

fn refused(text: &str) -> Vec<ReadError> {
    read("app.yaml", text).expect_err("it is refused")
}

fn only(text: &str) -> ReadError {
    let mut errors = refused(text);
    assert_eq!(errors.len(), 1, "{errors:?}");
    errors.remove(0)
}

fn path(text: &str) -> FieldPath {
    text.parse().expect("a path")
}

fn place(error: &ReadError) -> (usize, usize) {
    (error.place.line, error.place.column)
}

const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: a, labels: {on: off, n: 5}}\n";

#[test]
fn several_documents_and_empty_ones() {
    let text =
        format!("# Source: chart/templates/a.yaml\n---\n{POD}---\n# nothing\n---\n---\n{POD}...\n");
    let found = documents(&text);
    assert_eq!(found.len(), 2);
    assert_eq!(found[0].place.to_string(), "app.yaml:3:1");
    assert_eq!(found[1].place.line, 10);
    assert_eq!(found[0].reference().to_string(), "Pod/default/a");
    assert_eq!(
        found[0].value["metadata"]["labels"],
        json!({"true": false, "false": 5})
    );
}

#[test]
fn lists_are_flattened_and_keep_their_places() {
    let text = "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: List\n  items:\n  - apiVersion: v1\n    kind: Pod\n    metadata:\n      name: inner\n- apiVersion: v1\n  kind: Service\n  metadata: {name: s}\n- kind: PodList\n  apiVersion: v1\n  items: [{metadata: {name: bare}}]\n";
    let found = documents(text);
    let names: Vec<String> = found.iter().map(|d| d.reference().to_string()).collect();
    assert_eq!(
        names,
        ["Pod/default/inner", "Service/default/s", "Pod/default/bare"]
    );
    assert_eq!(found[0].place_of(&path("metadata.name")).line, 10);
    assert_eq!(
        found[1].place_of(&path("metadata.name")).to_string(),
        "app.yaml:13:20"
    );
}

#[test]
fn json_in_all_its_forms() {
    let one =
        r#"{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "x": null}, "n": 1.5}"#;
    for text in [
        one.to_owned(),
        format!("{one}\n{one}"),
        format!("{one}\n---\n{one}"),
    ] {
        let found = documents(&text);
        assert_eq!(found[0].value["n"], json!(1.5));
        assert_eq!(found[0].value["metadata"], json!({"name": "a"}));
    }
    let list = format!("{{\"kind\": \"List\", \"apiVersion\": \"v1\",\n \"items\": [\n  {one}]}}");
    let found = documents(&list);
    assert_eq!(
        found[0].place_of(&path("metadata.name")).to_string(),
        "app.yaml:3:60"
    );
    assert_eq!(
        documents("{apiVersion: v1, kind: Pod, metadata: {name: flow}}").len(),
        1
    );
    assert_eq!(
        place(&only("{\"apiVersion\": \"v1\",\n \"kind\": }")),
        (2, 10)
    );
}

#[test]
fn places_of_fields() {
    let text = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\nspec:\n  containers:\n  - name: web\n    image: x\n  - name: side\n    image: y\n    ports: [{containerPort: 80}, {containerPort: 81}]\n";
    let found = documents(text);
    let at = |field: &str| found[0].place_of(&path(field)).to_string();
    assert_eq!(at("spec.containers[name=side].image"), "app.yaml:10:12");
    assert_eq!(
        at("spec.containers[1].ports[1].containerPort"),
        "app.yaml:11:50"
    );
    assert_eq!(at("spec.containers[0].resources"), "app.yaml:7:5");
    let (key, value) = found[0].spans_of(&path("spec.containers[name=side].image"));
    assert_eq!(&text[key.map(|k| k.start..k.end).unwrap_or(0..0)], "image");
    assert_eq!(&text[value.start..value.end], "y");
}

#[test]
fn anchors_aliases_and_merge_keys() {
    let text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\nbase: &b {x: 1, z: 2}\ncopy: *b\nmerged: {<<: *b, z: 3}\n";
    let found = documents(text);
    assert_eq!(found[0].value["copy"], json!({"x": 1, "z": 2}));
    assert_eq!(found[0].value["merged"], json!({"x": 1, "z": 3}));
}

#[test]
fn byte_order_marks_and_carriage_returns() {
    let text = format!("\u{feff}{}", POD.replace('\n', "\r\n"));
    let found = documents(&text);
    assert_eq!(found[0].value["metadata"]["name"], "a");
    assert_eq!(found[0].place_of(&path("metadata.name")).line, 3);
    let json =
        "\u{feff}{\"apiVersion\": \"v1\", \"kind\": \"Pod\", \"metadata\": {\"name\": \"a\"}}";
    assert_eq!(documents(json).len(), 1);
}

#[test]
fn what_is_no_text_is_refused() {
    let utf16: Vec<u8> = [0xff, 0xfe]
        .into_iter()
        .chain(POD.encode_utf16().flat_map(u16::to_le_bytes))
        .collect();
    let binaries: [&[u8]; 4] = [
        &utf16,
        b"\x1f\x8b\x08\x00",
        b"kind: \xff\xfe",
        b"kind: a\0b",
    ];
    for bytes in binaries {
        let errors = read_bytes("x.yaml", bytes).expect_err("binary");
        assert!(
            matches!(errors[0].problem, Problem::Encoding(_)),
            "{errors:?}"
        );
        assert_eq!(errors[0].diagnostic().code, "AEG-K001");
    }
}

#[test]
fn broken_yaml_is_shown_at_its_place_and_hides_nothing_else() {
    let text = "a: [1\n---\nkind: b: c\n---\napiVersion: v1\nkind: Pod\nkind: Pod\n";
    let errors = refused(text);
    assert_eq!(errors.len(), 3, "{errors:#?}");
    assert_eq!(errors[2].problem, Problem::DuplicateKey("kind".into()));
    assert_eq!(place(&errors[2]), (7, 1));
    assert!(
        errors
            .iter()
            .all(|e| !e.problem.to_string().ends_with(": ")),
        "{errors:?}"
    );
    let tab = only("apiVersion: v1\nkind: Pod\nmetadata:\n\tname: a\n");
    assert_eq!(tab.place.line, 4);
    assert!(tab.help.is_some_and(|help| help.contains("tab")));
}

#[test]
fn templates_and_notes_are_named() {
    let help = |text: &str| only(text).help.unwrap_or_default();
    assert!(help("apiVersion: v1\nkind: Pod\nmetadata:\n  name: {{ .Release.Name }}-x\n  labels: {{- include \"x\" . }}\n").contains("helm template"));
    let notes = "NAME: shop\nLAST DEPLOYED: Mon Jan  6 10:00:00 2025\nNAMESPACE: default\nSTATUS: deployed\nREVISION: 1\nNOTES:\n1. Get the URL:\n  export X=$(kubectl get)\n";
    assert!(help(notes).contains("helm install"));
    assert!(help("image: {tag: x}\nreplicas: 3\n").contains("values files"));
    assert!(help("apiVersion: v2\nname: chart\nversion: 1.0.0\n").contains("Chart.yaml"));
    assert!(matches!(
        only("just words\n").problem,
        Problem::NotAnObject(_)
    ));
    assert!(matches!(
        only("apiVersion: v1\nkind: Pod\n").problem,
        Problem::Required { .. }
    ));
}

#[test]
fn bombs_are_refused() {
    let mut laughs = String::from("a0: &a0 [x,x,x,x,x,x,x,x,x]\n");
    for level in 1..12 {
        let items = vec![format!("*a{}", level - 1); 9].join(",");
        let _ = writeln!(laughs, "a{level}: &a{level} [{items}]");
    }
    assert!(matches!(only(&laughs).problem, Problem::TooMany { .. }));
    let deep = |open: &str, close: &str| format!("a: {}{}", open.repeat(200), close.repeat(200));
    for text in [
        deep("[", "]"),
        deep("{a: ", "}"),
        "- ".repeat(5000),
        "[".repeat(1_000_000),
    ] {
        assert!(matches!(
            only(&text).problem,
            Problem::TooDeep { limit: 128 }
        ));
    }
    assert!(matches!(only("a: &x [*x]\n").problem, Problem::Yaml(_)));
    let shallow = format!("{POD}x: {}{}\n", "[".repeat(120), "]".repeat(120));
    assert_eq!(documents(&shallow).len(), 1);
}

#[test]
fn crowds_of_keys_are_read_once_each() {
    let keys: String = (0..40_000).fold(String::new(), |mut keys, key| {
        let _ = writeln!(keys, "  k{key}: a");
        keys
    });
    let twice =
        format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\ndata:\n{keys}{keys}");
    let data = |text: &str| {
        documents(text)[0].value["data"]
            .as_object()
            .map(serde_json::Map::len)
    };
    assert_eq!(data(&twice), Some(40_000));
    let merged = format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\nx-keys: &all\n{keys}data:\n  <<: *all\n{}",
        keys.replace('k', "m")
    );
    assert_eq!(data(&merged), Some(80_000));
}

#[test]
fn ten_thousand_documents_are_read() {
    let mut text = String::new();
    for number in 0..10_001 {
        let _ = write!(
            text,
            "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c{number}}}\n"
        );
    }
    let found = documents(&text);
    assert_eq!(found.len(), 10_001);
    assert_eq!(found[10_000].place_of(&path("metadata.name")).line, 40_004);
}

#[test]
fn real_manifests_read_whole() {
    let shop = include_str!("../../../scenarios/manifests/online-boutique.yaml");
    let socks = include_str!("../../../scenarios/manifests/sock-shop.yaml");
    let count = |found: &[Document], kind: &str| found.iter().filter(|d| d.kind() == kind).count();
    let found = documents(shop);
    assert_eq!(
        (
            count(&found, "Deployment"),
            count(&found, "Service"),
            count(&found, "ServiceAccount")
        ),
        (12, 12, 11)
    );
    let found = documents(socks);
    assert_eq!(
        (
            count(&found, "Deployment"),
            count(&found, "Service"),
            count(&found, "Namespace")
        ),
        (14, 14, 1)
    );
}

#[test]
fn kinds_of_our_own_keep_their_nulls() {
    let text = "apiVersion: aegis.dev/v1\nkind: Scenario\nmetadata: {name: s}\nspec: {patches: [{merge: {spec: {x: null}}}]}\n";
    assert_eq!(
        documents(text)[0].value["spec"]["patches"][0]["merge"]["spec"],
        json!({"x": null})
    );
}
