//! Bad input as a table: a file, and the code, line, column and words that it is refused with.

use aegis_scenario::load;

/// A scenario of one Service and one Deployment, complete; `spec` goes on where it ends.
fn scenario(spec: &str) -> String {
    format!(
        "apiVersion: aegis.dev/v1\nkind: Scenario\nmetadata: {{name: case}}\nspec:\n{spec}---\n{MANIFESTS}"
    )
}

const MANIFESTS: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec: {containers: [{name: server, image: shop}]}
---
apiVersion: v1
kind: Service
metadata: {name: shop}
spec: {selector: {app: shop}, ports: [{port: 80}]}
";

/// All that a file is refused with: `line:column code message (help)`.
fn refusal(text: &str) -> String {
    let Err(errors) = load("case.yaml", text, &|_| None) else {
        return "accepted".into();
    };
    let lines: Vec<String> = errors
        .iter()
        .map(|error| {
            format!(
                "{}:{} {} {} ({})",
                error.line, error.column, error.code, error.message, error.help
            )
        })
        .collect();
    lines.join("\n")
}

/// Each case: the lines of `spec`, from line 5 on, and the refusal.
const CASES: &[(&str, &str)] = &[
    (
        "  durration: 10m\n",
        "5:3 AEG-S003 unknown field `spec.durration` (did you mean `duration`?)",
    ),
    (
        "  duration: 10\n",
        "5:13 AEG-S005 `10` is no value for `spec.duration`: a length of time has a unit, as in 800ms, 90s, 10m or 1h30m (aegis explain AEG-S005)",
    ),
    (
        "  traffic:\n    - {to: shopp, rps: {constant: 120}}\n",
        "6:12 AEG-S014 unknown service `shopp` in `spec.traffic` (did you mean `shop`?)",
    ),
    (
        "  traffic: [{to: shop, rps: {constant: 5, steps: []}}]\n",
        "5:29 AEG-S007 at `spec.traffic[0].rps`: `constant`, `steps` exclude each other (exactly one of constant, diurnal, burst, steps, trace)",
    ),
    (
        "  traffic: [{to: shop}]\n",
        "5:13 AEG-S004 `spec.traffic[0].rps` is missing (rps: Requests per second.)",
    ),
    (
        "  traffic: [{to: shop, rps: {trace: load.csv}}]\n",
        "5:37 AEG-S008 `load.csv` cannot be read (paths are relative to the file that names them)",
    ),
    (
        "  telemetry: [{through: deployment/colector, carries: [metrics]}]\n",
        "5:25 AEG-S009 no object `deployment/colector` is among the manifests (aegis explain AEG-S009)",
    ),
    (
        "  telemetry: [{through: service/shop, carries: [metrics]}]\n",
        "5:25 AEG-S005 `service/shop` has no pods that telemetry could pass (name a workload, as deployment/otel-collector)",
    ),
    (
        "  telemetry: [{through: deployment/shop, carries: [traces]}]\n",
        "5:52 AEG-S005 `traces` is no value for `spec.telemetry[0].carries[0]`: it is one of `metrics`, `logs`, `spans` (aegis explain AEG-S005)",
    ),
    (
        "  noise: [{metrics: 0.1}, {from: 5m, until: 4m, missing: 50%}]\n",
        "5:45 AEG-S017 4m is not after 5m, from which this noise holds (make `until` later than `from`)",
    ),
    (
        "  services: [{name: shop, rules: []}]\n",
        "5:27 AEG-S006 `spec.services[0].rules` is not simulated yet (remove it: nothing would act on it)",
    ),
    (
        "  observe: {level: rich}\n",
        "5:20 AEG-S005 `rich` is no value for `spec.observe.level`: it is one of `prometheus` (aegis explain AEG-S005)",
    ),
    (
        "  cluster: {nodes: []}\n",
        "5:20 AEG-S019 there is no node (state at least one group, as {count: 3, cpu: \"4\", memory: 16Gi})",
    ),
    (
        "  cluster: {nodes: [{cpu: 4x, memory: 8Gi}]}\n",
        "5:27 AEG-S005 `4x` is no value for `spec.cluster.nodes[0].cpu`: unknown suffix `x`; Kubernetes knows n u m k M G T P E Ki Mi Gi Ti Pi Ei (aegis explain AEG-S005)",
    ),
    (
        "  include: [other.yaml]\n",
        "5:13 AEG-S008 `other.yaml` cannot be read (paths are relative to the file that names them)",
    ),
    (
        "  chaos: [{at: 1m, fault: memory_leek, target: deployment/shop}]\n",
        "5:27 AEG-S010 unknown fault `memory_leek` (did you mean `memory_leak`?)",
    ),
    (
        "  chaos: [{at: 1m, fault: memory_leak, target: service/shop}]\n",
        "5:48 AEG-S012 `memory_leak` does not act on Service (`memory_leak` acts on a workload, as deployment/name)",
    ),
    (
        "  chaos: [{at: 1m, fault: memory_leak, target: deployment/shop, parameters: {leak: 4Gi/s}}]\n",
        "5:84 AEG-S011 `4Gi/s` is no value for `leak` of `memory_leak` (it lies between 51Ki/s and 8Mi/s)",
    ),
    (
        "  chaos: [{at: 1m, fault: memory_leak, target: deployment/shop, parameters: {leek: 4Mi/s}}]\n",
        "5:78 AEG-S011 `memory_leak` has no parameter `leek` (did you mean `leak`?)",
    ),
    (
        "  chaos: [{at: 1m, fault: memory_leak}]\n",
        "5:11 AEG-S004 `spec.chaos[0].target` is missing (`memory_leak` acts on a workload, as deployment/name)",
    ),
    (
        "  chaos: [{at: 1m, fault: memory_leak, target: deployment/shopp}]\n",
        "5:48 AEG-S009 no object `deployment/shopp` is among the manifests (did you mean `deployment/shop`?)",
    ),
    (
        "  chaos: [{at: 1m, patch: {object: sts/shop, merge: {}}}]\n",
        "5:36 AEG-S009 no object `sts/shop` is among the manifests (did you mean `deployment/shop`?)",
    ),
    (
        "  chaos: [{at: 30m, delete: deployment/shop}]\n",
        "5:16 AEG-S017 30m lies after the end at 20m (make `duration` longer, or the time earlier)",
    ),
    (
        "  chaos: [{at: 1m, apply: {kind: ConfigMap}}]\n",
        "5:27 AEG-S004 `spec.chaos[0].apply.apiVersion` is missing (an object has apiVersion, kind and metadata.name)\n\
         5:27 AEG-S004 `spec.chaos[0].apply.metadata.name` is missing (an object has apiVersion, kind and metadata.name)",
    ),
    (
        "  objectives: [{service: shop, availability: 120%}]\n",
        "5:46 AEG-S005 `120%` is no value for `spec.objectives[0].availability`: a share is a number from 0 to 1 or a percentage, as in 99.5% (aegis explain AEG-S005)",
    ),
    (
        "  objectives: [{service: shop, availability: 99%}]\n",
        "5:26 AEG-S020 no traffic goes to `shop`, so nothing can be promised there (state `traffic`)",
    ),
    (
        "  traffic: [{to: shop, rps: 5}]\n  chaos: [{at: 1m, delete: deployment/shop}]\n",
        "6:3 AEG-S013 which of these changes is wrong cannot be derived (state `truth: {causes: […]}`; an empty list where nothing is wrong)",
    ),
    (
        "  chaos: [{at: 1m, for: 1m, delete: deployment/shop}]\n",
        "5:20 AEG-S006 `spec.chaos[0].for` of a change or load is not simulated yet (write a second entry for the other time)",
    ),
    (
        "  objectives: none\n",
        "5:15 AEG-S005 `none` is no value for `spec.objectives`: it is one of `default` (aegis explain AEG-S005)",
    ),
    (
        "  truth: {causes: [{fault: bad_luck, object: deployment/shop}]}\n",
        "5:28 AEG-S010 unknown fault `bad_luck` (aegis faults list shows them all)",
    ),
    (
        "  remedy: [{setImage: {workload: deployment/shop, container: web, image: a}}]\n",
        "5:62 AEG-S016 `deployment/shop` has no container `web` (its containers: server)",
    ),
    (
        "  patches: [{object: deployment/shop}]\n",
        "5:13 AEG-S007 at `spec.patches[0]`: none of them stands here (exactly one of merge, json)",
    ),
    (
        "  patches: [{object: deployment/cart, merge: {}}]\n",
        "5:22 AEG-S009 no object `deployment/cart` is among the manifests (aegis explain AEG-S009)",
    ),
    (
        "  expect: [{at: 5s, object: Pod/a, path: status.phase}]\n",
        "5:12 AEG-S007 at `spec.expect[0]`: none of them stands here (exactly one of equals, matches, atLeast, atMost, count, missing)",
    ),
    (
        "  seed: -1\n  traffic: {to: shop}\n",
        "5:9 AEG-S005 `-1` is no value for `spec.seed`: a whole number from 0 to 18446744073709551615 belongs here (aegis explain AEG-S005)\n\
         6:12 AEG-S005 `{\"to\":\"shop\"}` is no value for `spec.traffic`: a list belongs here (aegis explain AEG-S005)",
    ),
];

#[test]
fn each_bad_scenario_is_refused_at_its_place() {
    for (spec, wanted) in CASES {
        assert_eq!(refusal(&scenario(spec)), *wanted, "of\n{spec}");
    }
}

/// Names in letters that Kubernetes does not take, each in a document of one line, and how its refusal begins.
/// Columns count letters, not bytes.
const LETTERS: &[(&str, &str)] = &[
    (
        "{apiVersion: v1, kind: ConfigMap, metadata: {name: bücher}}",
        "7:52 AEG-K011 metadata.name: Invalid value: \"bücher\": a lowercase RFC 1123 subdomain must consist of",
    ),
    (
        "{apiVersion: v1, kind: Namespace, metadata: {name: 名前}}",
        "7:52 AEG-K011 metadata.name: Invalid value: \"名前\": a lowercase RFC 1123 label must consist of",
    ),
    (
        "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: \"a\\u200bb\"}}",
        "7:66 AEG-K011 metadata.namespace: Invalid value: \"a\\u200bb\": a lowercase RFC 1123 label must consist of",
    ),
    (
        "{apiVersion: v1, kind: Service, metadata: {name: ａｂｃ}, spec: {ports: [{port: 80}]}}",
        "7:50 AEG-K011 metadata.name: Invalid value: \"ａｂｃ\": a DNS-1035 label must consist of",
    ),
    (
        "{apiVersion: v1, kind: ConfigMap, metadata: {name: \"gnp\\u202e.exe\"}}",
        "7:52 AEG-K011 metadata.name: Invalid value: \"gnp\\u202e.exe\": a lowercase RFC 1123 subdomain must consist of",
    ),
    (
        "{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [{name: 🚀, image: i}]}}",
        "7:77 AEG-K011 spec.containers[0].name: Invalid value: \"🚀\": a lowercase RFC 1123 label must consist of",
    ),
    (
        "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, labels: {grösse: 名前}}}",
        "7:63 AEG-K011 metadata.labels: Invalid value: \"grösse\": name part must consist of",
    ),
    (
        "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, labels: {🚀: b, size: groß}}}",
        "7:76 AEG-K011 metadata.labels.size: Invalid value: \"groß\": a valid label must be",
    ),
    (
        "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {schlüssel: wert}}",
        "7:74 AEG-K011 data.schlüssel: Invalid value: \"schlüssel\": a valid config key must consist of",
    ),
];

#[test]
fn names_in_other_letters_are_refused_at_their_place() {
    let scenario = "apiVersion: aegis.dev/v1\nkind: Scenario\nmetadata: {name: case}\nspec:\n  duration: 1m\n---\n";
    for (document, expected) in LETTERS {
        let found = refusal(&format!("{scenario}{document}\n"));
        let said = found.lines().any(|line| line.starts_with(expected));
        assert!(said, "{document}: {found}");
    }
}

#[test]
fn other_letters_stand_where_kubernetes_takes_any() {
    let text = scenario("  duration: 1m\n")
        + "---\n{apiVersion: v1, kind: ConfigMap, metadata: {name: a, annotations: {note: größe 名前 🚀}}, data: {ok: \"\\u202e🚀\"}}\n";
    assert_eq!(refusal(&text), "accepted");
}

#[test]
fn what_is_no_scenario_is_refused() {
    let second = scenario("  seed: 1\n")
        + "---\napiVersion: aegis.dev/v1\nkind: Scenario\nmetadata: {name: b}\nspec: {}\n";
    let cases = [
        (
            MANIFESTS.to_owned(),
            "0:0 AEG-S002 no document of kind Scenario",
        ),
        (second, "21:1 AEG-S002 a second scenario in one file"),
        (
            scenario("  seed: 1\n").replace("/v1\nkind: S", "/v9\nkind: S"),
            "1:13 AEG-S005 `aegis.dev/v9` is no value for `apiVersion`",
        ),
        (scenario("  seed: [1\n"), "AEG-K002"),
        (scenario("  seed: 1\n  seed: 2\n"), "6:3 AEG-K004"),
        (scenario("\tseed: 1\n"), "AEG-K002"),
        (
            format!(
                "apiVersion: aegis.dev/v1\nkind: Scenario\nmetadata: {{name: a}}\nspec: {}1{}\n",
                "[".repeat(200),
                "]".repeat(200)
            ),
            "AEG-K005",
        ),
        (bomb(), "AEG-K006"),
    ];
    for (text, wanted) in cases {
        let found = refusal(&text);
        assert!(found.contains(wanted), "{found}\nlacks {wanted}");
    }
}

/// Nine lines that stand for a thousand million values.
fn bomb() -> String {
    let mut text =
        String::from("apiVersion: aegis.dev/v1\nkind: Scenario\nmetadata: {name: a}\na0: &a0 x\n");
    for level in 1..10 {
        let item = format!("*a{}", level - 1);
        let list = vec![item; 10].join(", ");
        text += &format!("a{level}: &a{level} [{list}]\n");
    }
    text
}

#[test]
fn an_included_file_is_named_in_its_errors() {
    let text = scenario("  include: [sub/other.yaml]\n");
    let files = |path: &str| (path == "dir/sub/other.yaml").then(|| "kind: [\n".to_owned());
    let errors = load("dir/case.yaml", &text, &files).expect_err("broken YAML");
    assert_eq!(errors[0].file, "dir/sub/other.yaml");
    assert_eq!(errors[0].code, "AEG-K002");
}

#[test]
fn the_simplest_scenario_loads() {
    let loaded = load("case.yaml", &scenario("  seed: 3\n"), &|_| None).expect("it is right");
    assert_eq!(loaded.manifests.len(), 2);
    assert_eq!(loaded.nodes.len(), 1);
    assert_eq!(loaded.scenario.spec.seed, 3);
}
