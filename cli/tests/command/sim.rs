//! `aegis sim`: the cluster alone.

use crate::kit::{Answer, Place};
use serde_json::Value;
use std::process::{Command, Stdio};
use std::time::Duration;

/// The objects of a kind in a `v1 List`.
fn of_kind<'a>(list: &'a Value, kind: &str) -> Vec<&'a Value> {
    let items = list["items"].as_array().expect("items");
    items.iter().filter(|item| item["kind"] == kind).collect()
}

#[test]
fn an_application_comes_up_and_shows_what_kubectl_would() {
    let answer = Place::new().run("sim online-boutique-control --for 2m -o json");
    let list = answer
        .ends(0)
        .complains(&["after 120 s", "pods ready"])
        .json();
    assert_eq!(
        (&list["kind"], &list["apiVersion"]),
        (&"List".into(), &"v1".into())
    );
    assert_eq!(of_kind(&list, "Node").len(), 3);
    for pod in of_kind(&list, "Pod") {
        assert_eq!(pod["status"]["phase"], "Running", "{pod}");
        assert!(pod["spec"]["nodeName"].is_string(), "{pod}");
    }
    assert!(!of_kind(&list, "Event").is_empty());
}

#[test]
fn a_leak_kills_its_container_again_and_again() {
    let answer = Place::new().run("sim online-boutique-oom --for 10m -o json");
    let list = answer
        .ends(0)
        .complains(&["Pod/default/cartservice-", "CrashLoopBackOff"])
        .json();
    let cart = |pod: &&Value| pod["metadata"]["labels"]["app"] == "cartservice";
    let pod = of_kind(&list, "Pod")
        .into_iter()
        .find(cart)
        .expect("a pod of the cart")
        .clone();
    let status = &pod["status"]["containerStatuses"][0];
    assert!(status["restartCount"].as_u64() > Some(2), "{status}");
    assert_eq!(status["lastState"]["terminated"]["reason"], "OOMKilled");
}

#[test]
fn the_same_seed_gives_the_same_bytes_in_both_formats() {
    let place = Place::new();
    let first = place.run("sim sock-shop-oom --for 4m");
    assert_eq!(
        first.ends(0).out,
        place.run("sim sock-shop-oom --for 4m").out
    );
    assert!(first.out.starts_with("apiVersion: v1\n"));
    assert_ne!(first.out, place.run("sim sock-shop-oom --for 5m").out);
}

#[test]
fn tables_are_those_of_kubectl() {
    let answer = Place::new().run("sim online-boutique-oom --for 10m -o wide");
    answer
        .ends(0)
        .says(&["READY   STATUS", "CrashLoopBackOff", "node-1"]);
}

#[test]
fn metrics_of_the_run_are_written() {
    let place = Place::new();
    place
        .run("sim online-boutique-control --for 2m --metrics-out run.om")
        .ends(0)
        .complains(&["wrote run.om"]);
    let text = place.read("run.om");
    assert!(
        text.ends_with("# EOF\n") && text.contains("# TYPE "),
        "{}",
        &text[..200.min(text.len())]
    );
    place
        .run("sim sock-shop-control --for 30s --metrics-out /sys/x")
        .ends(2)
        .complains(&["/sys/x cannot be written"]);
}

#[test]
fn a_length_has_a_unit_and_a_bound() {
    let place = Place::new();
    place
        .run("sim sock-shop-control --for 10")
        .ends(2)
        .complains(&["90s, 10m or 1h30m"]);
    place
        .run("sim sock-shop-control --for 900d")
        .ends(2)
        .complains(&["30 days"]);
    place
        .run("sim sock-shop-contro")
        .ends(2)
        .complains(&["did you mean `sock-shop-control`"]);
}

#[test]
fn nothing_is_no_cluster() {
    Place::new()
        .feed("sim -", "# nothing\n")
        .ends(2)
        .complains(&["there are no manifests in -"]);
}

#[test]
fn what_fits_nowhere_says_why() {
    let place = Place::new();
    let text = place.run("scenario new shop").out;
    place.write(
        "big.yaml",
        &text
            .replace("requests: {cpu: 100m", "requests: {cpu: \"64\"")
            .replace("limits: {cpu: 500m", "limits: {cpu: \"64\""),
    );
    let answer = place.run("sim big.yaml --for 1m -o json");
    answer
        .ends(0)
        .complains(&["0 of 2 pods ready", "Unschedulable", "Insufficient cpu"]);
}

#[test]
fn ten_thousand_documents_are_played() {
    let place = Place::new();
    let document = |number| {
        format!(
            "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c{number}}}\ndata: {{a: b}}\n"
        )
    };
    place.write("many.yaml", &(0..10_000).map(document).collect::<String>());
    let answer = place.run("sim many.yaml --for 10s -o json");
    let found = of_kind(&answer.ends(0).json(), "ConfigMap").len();
    assert_eq!(found, 10_000 + 4, "and kube-root-ca.crt of each namespace");
}

#[test]
fn a_closed_pipe_ends_a_long_result_quietly() {
    let place = Place::new();
    let line = format!(
        "{} sim online-boutique-control --for 1m | head -1",
        env!("CARGO_BIN_EXE_aegis")
    );
    let output = Command::new("bash")
        .args(["-o", "pipefail", "-c", &line])
        .current_dir(place.path())
        .output();
    let output = output.expect("bash runs");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "apiVersion: v1\n");
    assert!(
        !String::from_utf8_lossy(&output.stderr).contains("error"),
        "{output:?}"
    );
}

#[test]
fn ctrl_c_ends_with_130_and_leaves_no_half_of_a_file() {
    let place = Place::new();
    let mut command = place.command("sim online-boutique-control --for 30d --metrics-out run.om");
    let child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    std::thread::sleep(Duration::from_millis(700));
    let killed = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .expect("kill runs");
    assert!(killed.success());
    let output = child.wait_with_output().expect("it ends");
    let answer = Answer::of(output);
    answer.ends(130).complains(&["interrupted"]);
    assert_eq!(
        std::fs::read_dir(place.path()).expect("a folder").count(),
        0
    );
}
