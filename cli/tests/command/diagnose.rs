//! `aegis diagnose` of plain manifests, dumps, archives and standard input; `aegis bundle`, `aegis eval`.

use crate::kit::{Answer, Place};
use serde_json::Value;
use std::fs;
use std::process::Command;

const HEALTHY: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: web
        image: example/web:1
        ports: [{containerPort: 8080}]
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
";

fn first(answer: &Answer) -> (Value, Value) {
    let found: Value = serde_json::from_str(&answer.out).unwrap_or_else(|_| panic!("{answer:?}"));
    (found["findings"][0].clone(), found)
}

/// The first finding of these manifests, each of which has one thing wrong.
fn check(broken: &str, fault: &str, object: &str) -> Value {
    let place = Place::new();
    place.write("app.yaml", broken);
    let (first, found) = first(&place.run("diagnose app.yaml -o json"));
    assert_eq!(first["fault"], fault, "{found:#}");
    assert_eq!(first["object"], object, "{found:#}");
    first
}

#[test]
fn manifests_that_work_are_left_alone() {
    let place = Place::new();
    place.write("app.yaml", HEALTHY);
    let answer = place.run("diagnose app.yaml --exit-code");
    assert_eq!(answer.code, Some(0), "{}", answer.out);
    assert!(answer.out.starts_with("healthy"), "{}", answer.out);
    // Without a limit and a probe: no alarm, and a word with the change and its undo.
    let found = place.run("diagnose app.yaml -o json").json();
    let advice = found["advice"].as_array().expect("advice");
    assert_eq!(advice.len(), 2, "{found:#}");
    assert!(
        advice
            .iter()
            .all(|one| one["kubectl"] != "" && one["undo"] != "")
    );
}

#[test]
fn what_keeps_manifests_from_working_is_found_at_its_object() {
    let deployment = "Deployment/default/web";
    let with = |line: &str| {
        HEALTHY.replace(
            "        ports: [{containerPort: 8080}]\n",
            &format!("        ports: [{{containerPort: 8080}}]\n        {line}\n"),
        )
    };
    for (broken, fault, object) in [
        (
            HEALTHY.replace("app: web}, ports", "app: wbe}, ports"),
            "service_selector_wrong",
            "Service/default/web",
        ),
        (
            HEALTHY.replace("targetPort: 8080", "targetPort: 9090"),
            "service_target_port_wrong",
            "Service/default/web",
        ),
        (
            HEALTHY.replace("example/web:1", "example/web:does-not-exist"),
            "image_missing",
            deployment,
        ),
        (
            HEALTHY.replace("labels: {app: web}}", "labels: {app: wbe}}"),
            "selector_not_of_template",
            deployment,
        ),
        (
            HEALTHY.replace("apps/v1", "apps/v1beta1"),
            "api_version_unknown",
            deployment,
        ),
        (with("imagePullPolcy: Always"), "field_unknown", deployment),
        (
            with("envFrom: [{configMapRef: {name: none}}]"),
            "configuration_missing",
            deployment,
        ),
        (
            with("command: [sh, -c, 'echo no settings; exit 1']"),
            "crash_at_start",
            deployment,
        ),
        (
            with("resources: {requests: {cpu: 200}}"),
            "cpu_request_too_high",
            deployment,
        ),
        (
            with("livenessProbe: {tcpSocket: {port: 9090}, periodSeconds: 3}"),
            "liveness_probe_wrong_port",
            deployment,
        ),
    ] {
        check(&broken, fault, object);
    }
}

#[test]
fn a_fix_is_tried_on_a_rebuilt_cluster() {
    let broken = HEALTHY.replace("targetPort: 8080", "targetPort: 9090");
    let first = check(&broken, "service_target_port_wrong", "Service/default/web");
    assert_eq!(first["fix"]["tried"]["ended"], true, "{first:#}");
    let broken = HEALTHY.replace("example/web:1", "example/web:does-not-exist");
    let first = check(&broken, "image_missing", "Deployment/default/web");
    assert!(first["fix"]["tried"]["why"].is_string(), "{first:#}");
}

#[test]
fn what_a_container_said_before_it_ended_is_evidence() {
    let broken = HEALTHY.replace(
        "        ports:",
        "        command: [sh, -c, 'echo DATABASE_URL is not set; exit 3']\n        ports:",
    );
    let first = check(&broken, "crash_at_start", "Deployment/default/web");
    let shown = first["evidence"].to_string();
    assert!(shown.contains("DATABASE_URL is not set"), "{shown}");
    assert!(shown.contains("code 3"), "{shown}");
}

#[test]
fn documents_that_cannot_be_read_are_told_at_their_line_and_cost_nothing_else() {
    let place = Place::new();
    place.write("app.yaml", &format!("{HEALTHY}---\nkind: [\n"));
    let (first, found) = first(&place.run("diagnose app.yaml -o json"));
    assert_eq!(first["fault"], "manifest_unreadable", "{found:#}");
    assert_eq!(first["object"], "app.yaml:20", "{found:#}");
}

#[test]
fn standard_input_folders_and_archives_say_the_same() {
    let place = Place::new();
    let broken = HEALTHY.replace("targetPort: 8080", "targetPort: 9090");
    place.write("app/web.yaml", &broken);
    let folder = place.run("diagnose app -o json");
    let by_stdin = place.feed("diagnose - -o json", &broken);
    let packed = Command::new("tar")
        .args(["czf", "app.tar.gz", "app"])
        .current_dir(place.path())
        .status();
    assert!(packed.is_ok_and(|status| status.success()));
    let archive = place.run("diagnose app.tar.gz -o json");
    for answer in [&folder, &by_stdin, &archive] {
        assert_eq!(first(answer).0["fault"], "service_target_port_wrong");
    }
    assert_eq!(folder.out, archive.out);
}

/// A kubectl that has one ConfigMap, one Secret, and a pod with a log.
const KUBECTL: &str = r#"#!/bin/sh
case "$*" in
*secrets*-o\ json*) echo LEAK; exit 1 ;;
*secrets*) echo '{"kind":"List","items":[{"kind":"Secret","metadata":{"name":"k","namespace":"shop"},"data":{"p":""}}]}' ;;
logs*--previous*) exit 1 ;;
logs*) echo '2025-03-01T12:00:00Z ERROR no such host: db' ;;
*pods*go-template*) echo 'shop web-1 web' ;;
*pods*) echo '{"kind":"List","items":[{"kind":"Pod","metadata":{"name":"web-1","namespace":"shop","uid":"1"},"spec":{"containers":[{"name":"web","image":"x"}]},"status":{"phase":"Pending","containerStatuses":[{"name":"web","image":"x","state":{"waiting":{"reason":"ImagePullBackOff","message":"not found"}}}]}}]}' ;;
*events*) echo '{"kind":"List","items":[]}' ;;
*) echo "error: the server doesn't have a resource type" >&2; exit 1 ;;
esac
"#;

#[cfg(unix)]
#[test]
fn the_script_collects_a_bundle_without_values_of_secrets() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    place.write("collect.sh", &place.run("bundle --print-script").out);
    let kubectl = place.write("bin/kubectl", KUBECTL);
    fs::set_permissions(&kubectl, fs::Permissions::from_mode(0o755)).expect("made a program");
    let path = format!("{}:/usr/bin:/bin", place.path().join("bin").display());
    let ran = Command::new("sh")
        .args(["collect.sh", "-n", "shop", "-o", "out"])
        .current_dir(place.path())
        .env("PATH", path)
        .output()
        .expect("a shell");
    assert!(ran.status.success(), "{ran:?}");
    assert!(
        place
            .read("out/logs/web-1/web.log")
            .contains("no such host")
    );
    assert!(place.read("out/not-collected.txt").contains("deployments"));
    let (first, found) = first(&place.run("diagnose out -o json"));
    assert_eq!(first["fault"], "image_missing", "{found:#}");
    assert!(place.read("out/objects/secrets.json").contains("Secret"));
}

#[test]
fn a_suite_of_bundles_is_scored() {
    let place = Place::new();
    let broken = HEALTHY.replace("targetPort: 8080", "targetPort: 9090");
    place.write("cases/one/objects.yaml", &broken);
    place.write("cases/two/objects.yaml", HEALTHY);
    let labels = r#"{"one": {"system": "own", "root_cause": "service_port_mapping_mismatch", "fault_object": "app/web"},
        "two": {"system": "own", "root_cause": "oom_killed", "fault_object": "app/web"},
        "gone": {"system": "own", "root_cause": "oom_killed", "fault_object": "app/web"}}"#;
    place.write("labels.json", labels);
    let answer = place.run("eval --bundles cases --labels labels.json -o json");
    let scores: Value = serde_json::from_str(&answer.out).unwrap_or_else(|_| panic!("{answer:?}"));
    assert_eq!(
        (&scores["a1"]["hits"], &scores["a1"]["of"]),
        (&1.into(), &2.into())
    );
    assert_eq!(scores["skipped"], 1);
    assert_eq!(scores["confusion"][0]["said"], "nothing");
    let missed = place.run("eval --bundles cases --labels labels.json --fail-below 0.9");
    assert_eq!(missed.code, Some(1));
}
