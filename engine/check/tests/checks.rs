//! What the API server would refuse is refused in its words, at the right place.

use aegis_check::{check, check_all, last_of_each};
use aegis_kube::codes::explain;
use aegis_kube::{Severity, read};
use std::collections::BTreeSet;

const GOOD: &str = r#"
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: web
        image: web:1
        env: [{name: A, value: "1"}]
        ports: [{containerPort: 80, name: http}]
        resources: {requests: {memory: 64Mi}, limits: {memory: 128Mi}}
        livenessProbe: {httpGet: {port: http}}
      volumes: []
"#;

/// The messages about `GOOD` with something replaced.
fn said(from: &str, to: &str) -> Vec<String> {
    assert!(GOOD.contains(from), "{from}");
    about(&GOOD.replace(from, to))
}

fn about(text: &str) -> Vec<String> {
    let documents = read("web.yaml", text).expect("it reads");
    let errors = check(&documents[0]);
    errors
        .iter()
        .map(|error| {
            let help = error.help.as_ref().map(|help| format!(" ({help})"));
            format!(
                "{}:{} {}{}",
                error.place.line,
                error.place.column,
                error.problem,
                help.unwrap_or_default()
            )
        })
        .collect()
}

#[test]
fn what_is_right_is_let_through() {
    assert!(about(GOOD).is_empty());
    for text in [
        include_str!("../../../scenarios/manifests/online-boutique.yaml"),
        include_str!("../../../scenarios/manifests/sock-shop.yaml"),
        include_str!("../../kube/tests/cluster/extra.yaml"),
    ] {
        let errors = check_all(&read("x", text).expect("it reads"));
        let told: Vec<String> = errors.iter().map(ToString::to_string).collect();
        assert_eq!(told, Vec::<String>::new());
    }
}

#[test]
fn deployments() {
    let template = "spec.template.spec";
    let cases = [
        ("memory: 64Mi", "memory: 300Mi", format!(r#"16:31 {template}.containers[0].resources.requests: Invalid value: "300Mi": must be less than or equal to memory limit of 128Mi"#)),
        ("memory: 64Mi", "memory: 64MB", format!(r#"16:40 {template}.containers[0].resources.requests.memory: Invalid value: "64MB": unknown suffix `MB`; Kubernetes knows n u m k M G T P E Ki Mi Gi Ti Pi Ei"#)),
        ("replicas: 2", "replicas: two", r#"6:13 spec.replicas: expected a whole number, found the text "two""#.into()),
        ("replicas: 2", "replicsa: 2", r#"6:3 unknown field "spec.replicsa" (did you mean `replicas`?)"#.into()),
        ("value: \"1\"", "value: 1", format!("14:32 {template}.containers[0].env[0].value: expected a text, found the number 1 (put the value in quotes)")),
        ("containerPort: 80,", "containerPort: 0,", format!("15:33 {template}.containers[0].ports[0].containerPort: Required value")),
        ("containerPort: 80,", "containerPort: 99999,", format!("15:33 {template}.containers[0].ports[0].containerPort: Invalid value: 99999: must be between 1 and 65535, inclusive")),
        ("{name: A, value: \"1\"}", "{name: A}, {name: ''}", format!("14:33 {template}.containers[0].env[1].name: Required value")),
        ("livenessProbe: {httpGet: {port: http}}", "livenessProbe: {}", format!("17:24 {template}.containers[0].livenessProbe: Required value: must specify a handler type")),
        ("httpGet: {port: http}", "successThreshold: 2, httpGet: {port: http}", format!("17:43 {template}.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1")),
        ("kind: Deployment", "kind: Deploymnet", r#"2:1 no matches for kind "Deploymnet" in version "apps/v1" (did you mean `Deployment`?)"#.into()),
        ("apps/v1", "extensions/v1beta1", r#"2:1 Deployment is no longer served in version "extensions/v1beta1" (a cluster of 1.34 takes it as `apps/v1` alone)"#.into()),
        ("apps/v1", "batch/v1", r#"2:1 no matches for kind "Deployment" in version "batch/v1" (Kubernetes 1.34 serves Deployment as `apps/v1`)"#.into()),
        ("  selector: {matchLabels: {app: web}}\n", "", "6:3 spec.selector: Required value: empty selector is invalid for deployment".into()),
        ("selector: {matchLabels: {app: web}}", "selector: {matchLabels: {app: api}}", r#"9:24 spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`"#.into()),
        ("replicas: 2", "strategy: {type: RollingUpdat}", r#"6:20 spec.strategy.type: Unsupported value: "RollingUpdat": supported values: "Recreate", "RollingUpdate" (did you mean `RollingUpdate`?)"#.into()),
        ("replicas: 2", "strategy: {type: Recreate, rollingUpdate: {maxSurge: 1}}", "6:45 spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'".into()),
        ("volumes: []", "restartPolicy: Never", format!(r#"18:22 {template}.restartPolicy: Unsupported value: "Never": supported values: "Always""#)),
        ("volumes: []", "volumes: [{name: v}, {name: v}]", format!(r#"18:35 {template}.volumes[1].name: Duplicate value: "v""#)),
        ("volumes: []", "initContainers: [{name: web, image: x}]", format!(r#"18:31 {template}.initContainers[0].name: Duplicate value: "web""#)),
        ("livenessProbe", "volumeMounts: [{name: v, mountPath: /x}]\n        livenessProbe", format!(r#"17:31 {template}.containers[0].volumeMounts[0].name: Not found: "v""#)),
    ];
    for (from, to, message) in cases {
        assert_eq!(said(from, to), [message], "{to}");
    }
}

#[test]
fn names_are_explained() {
    let found = said("name: web, labels", "name: Web_1, labels");
    assert!(found[0].starts_with(r#"4:18 metadata.name: Invalid value: "Web_1": a lowercase RFC 1123 subdomain must consist"#), "{found:?}");
    let found = said("labels: {app: web}}\nspec", "labels: {app: 'a b'}}\nspec");
    assert!(
        found[0].starts_with(
            r#"4:37 metadata.labels.app: Invalid value: "a b": a valid label must be"#
        ),
        "{found:?}"
    );
}

#[test]
fn other_kinds() {
    let cases = [
        (
            "{apiVersion: v1, kind: Service, metadata: {name: s}, spec: {ports: [{port: 80}, {port: 80}]}}",
            vec![
                "spec.ports[0].name: Required value",
                "spec.ports[1].name: Required value",
                "spec.ports[1]: Duplicate value: \"TCP 80\"",
            ],
        ),
        (
            "{apiVersion: v1, kind: Service, metadata: {name: s}, spec: {type: ExternalName}}",
            vec!["spec.externalName: Required value"],
        ),
        (
            "{apiVersion: v1, kind: Service, metadata: {name: s}, spec: {clusterIP: None}}",
            vec![],
        ),
        (
            "{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {name: h}, spec: {minReplicas: 5, maxReplicas: 2, scaleTargetRef: {kind: Deployment, name: d}}}",
            vec![
                "spec.maxReplicas: Invalid value: 2: must be greater than or equal to `minReplicas`",
            ],
        ),
        (
            "{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: p}, spec: {minAvailable: 50, maxUnavailable: 5x}}",
            vec![
                "spec: Invalid value: null: minAvailable and maxUnavailable cannot be both set",
                "spec.maxUnavailable: Invalid value: \"5x\": a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')",
            ],
        ),
        (
            "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: nn}, spec: {podSelector: {}, policyTypes: [ingress], egress: [{to: [{ipBlock: {cidr: 10.0.0.0/40}}, {}]}]}}",
            vec![
                "spec.policyTypes[0]: Unsupported value: \"ingress\": supported values: \"Egress\", \"Ingress\"",
                "spec.egress[0].to[0].ipBlock.cidr: Invalid value: \"10.0.0.0/40\": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)",
                "spec.egress[0].to[1]: Required value: must specify a peer",
            ],
        ),
        (
            "{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: []}}",
            vec!["spec.containers: Required value"],
        ),
        (
            "{apiVersion: v1, kind: Node, metadata: {name: nn}, spec: {taints: [{key: k, effect: NoScheduling}]}}",
            vec![
                "spec.taints[0].effect: Unsupported value: \"NoScheduling\": supported values: \"NoExecute\", \"NoSchedule\", \"PreferNoSchedule\"",
            ],
        ),
        (
            "{apiVersion: argoproj.io/v1alpha1, kind: Rollout, metadata: {name: R_}, spec: 5}",
            vec![],
        ),
        ("{apiVersion: v1, kind: ConfigMap, metadata: 5}", vec![]),
    ];
    for (text, expected) in cases {
        let Ok(documents) = read("x", text) else {
            assert!(text.contains("metadata: 5"));
            continue;
        };
        let found: Vec<String> = check(&documents[0])
            .iter()
            .map(|e| e.problem.to_string())
            .collect();
        assert_eq!(found, expected, "{text}");
    }
}

/// All that is said of an input, each with its severity.
fn told(text: &str) -> Vec<String> {
    let errors = check_all(&read("x.yaml", text).expect("it reads"));
    let told = errors
        .iter()
        .map(|error| format!("{:?} {error}", error.diagnostic().severity));
    told.collect()
}

const MAP: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n";
const SECRET: &str = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n";

#[test]
fn an_object_may_not_contradict_itself() {
    let text = format!("{MAP}---\n{MAP}data: {{a: b}}\n---\n{SECRET}---\n{SECRET}type: Opaque\n");
    assert_eq!(
        told(&text),
        [
            "Error x.yaml:5:1: ConfigMap/default/a stands twice; first at x.yaml:1:1",
            "Error x.yaml:14:1: Secret/default/s stands twice; first at x.yaml:10:1",
        ]
    );
}

#[test]
fn what_is_said_again_is_applied_again() {
    let text =
        format!("{MAP}---\n{SECRET}data: {{p: YQ==}}\n---\n{MAP}---\n{SECRET}data: {{p: Yg==}}\n");
    assert_eq!(
        told(&text),
        [
            "Warning x.yaml:10:1: ConfigMap/default/a stands again, as at x.yaml:1:1; the last one counts",
            "Warning x.yaml:14:1: Secret/default/s stands again, as at x.yaml:5:1; the last one counts",
        ]
    );
    let kept = last_of_each(read("x.yaml", &text).expect("it reads"));
    let names: Vec<&str> = kept.iter().map(aegis_kube::Document::kind).collect();
    assert_eq!(names, ["ConfigMap", "Secret"]);
    assert_eq!(kept[1].value["data"]["p"], "Yg==");
}

#[test]
fn of_a_key_that_stands_twice_the_last_value_counts() {
    let text = format!("{MAP}data:\n  MODE: slow\n  MODE: fast\n");
    assert_eq!(
        told(&text),
        ["Warning x.yaml:6:3: the key `MODE` stands twice in this mapping; the last value counts"]
    );
    let document = &read("x.yaml", &text).expect("it reads")[0];
    assert_eq!(document.value["data"], serde_json::json!({"MODE": "fast"}));
}

#[test]
fn versions_of_other_years_are_read_as_todays() {
    let cases = [
        ("extensions/v1beta1", "ReplicaSet", "apps/v1"),
        ("apps/v1beta1", "StatefulSet", "apps/v1"),
        ("policy/v1beta1", "PodDisruptionBudget", "policy/v1"),
        (
            "extensions/v1beta1",
            "NetworkPolicy",
            "networking.k8s.io/v1",
        ),
        (
            "autoscaling/v2beta2",
            "HorizontalPodAutoscaler",
            "autoscaling/v2",
        ),
        // Nothing acts on these: they are kept as they came.
        ("rbac.authorization.k8s.io/v1beta1", "ClusterRole", ""),
        ("networking.k8s.io/v1beta1", "Ingress", ""),
        ("policy/v1beta1", "PodSecurityPolicy", ""),
        ("batch/v1beta1", "CronJob", ""),
    ];
    for (version, kind, kept) in cases {
        let text = format!("apiVersion: {version}\nkind: {kind}\nmetadata: {{name: a}}\n");
        let documents = read("x.yaml", &text).expect("it reads");
        let kept = if kept.is_empty() { version } else { kept };
        assert_eq!(documents[0].api_version(), kept, "{kind}");
        let first = &check_all(&documents)[0];
        let expected = format!("{kind} is no longer served in version \"{version}\"");
        assert_eq!(first.problem.to_string(), expected);
        assert_eq!(first.diagnostic().severity, Severity::Warning);
    }
}

#[test]
fn every_problem_has_a_code_and_an_explanation() {
    let text = GOOD
        .replace("replicas: 2", "replicsa: 2")
        .replace("containerPort: 80", "containerPort: 0");
    let documents = read("web.yaml", &text).expect("it reads");
    let shown: Vec<_> = check(&documents[0])
        .iter()
        .map(aegis_kube::ReadError::diagnostic)
        .collect();
    let codes: BTreeSet<_> = shown.iter().map(|d| d.code).collect();
    assert_eq!(codes, BTreeSet::from(["AEG-K010", "AEG-K015"]));
    assert!(codes.iter().all(|code| explain(code).is_some()));
    assert_eq!(shown[0].severity, Severity::Warning);
    assert_eq!(&text[shown[0].span.start..shown[0].span.end], "replicsa");
    assert_eq!(
        (shown[1].line, shown[1].help.as_str()),
        (15, "aegis explain AEG-K010")
    );
}

#[test]
fn all_that_is_wrong_is_told_at_once() {
    let text = GOOD
        .replace("replicas: 2", "replicas: -3")
        .replace("matchLabels: {app: web}", "matchLabels: {app: other}")
        .replace("memory: 64Mi", "memory: 64MB")
        .replace("name: web\n        image", "name: Web\n        image");
    let told = about(&text);
    for place in [
        "6:13 spec.replicas: Invalid value: -3",
        "16:40 spec.template.spec.containers[0].resources.requests.memory: Invalid value",
        "spec.template.metadata.labels: Invalid value",
        "spec.template.spec.containers[0].name: Invalid value: \"Web\"",
    ] {
        let once = told.iter().filter(|message| message.contains(place));
        assert_eq!(once.count(), 1, "{place}: {told:#?}");
    }
    assert_eq!(told.len(), 4, "{told:#?}");
}
