//! Stories of pods on their nodes.

#![allow(
    clippy::needless_pass_by_value,
    clippy::unwrap_used,
    reason = "a test says what it expects where it stands"
)]

mod stage;

use aegis_model::objects::{ContainerState, PodPhase};
use aegis_model::overlay::ProbeKind;
use aegis_model::{Mechanism, Subject, Tick};
use aegis_sim::api::{self, Actor};
use serde_json::json;
use stage::{Stage, pod, shell, simple, with_nodes};

fn started(pods: &[serde_json::Value], seconds: u32) -> Stage {
    let mut stage = with_nodes(1);
    for pod in pods {
        stage.apply(pod.clone());
    }
    stage.run(seconds);
    stage
}

#[test]
fn a_pod_comes_to_life() {
    let mut stage = with_nodes(1);
    stage.apply(simple(
        "web",
        json!({"readinessProbe": {"httpGet": {"port": 80}}}),
    ));
    let seconds = stage.run_until(30, |stage| stage.pod("web").is_ready());
    assert!(
        (4..=12).contains(&seconds),
        "pull, start and first probe take a while: {seconds}"
    );
    let pod = stage.pod("web");
    assert_eq!(pod.phase, PodPhase::Running);
    assert_eq!(pod.containers[0].restarts, 0);
    assert!(pod.containers[0].started && pod.containers[0].ready);
    let reasons: Vec<&str> = stage
        .journal
        .events
        .iter()
        .map(|e| e.reason.as_str())
        .collect();
    assert_eq!(
        reasons[..5],
        ["Scheduled", "Pulling", "Pulled", "Created", "Started"]
    );
    assert_eq!(
        stage.events("Scheduled"),
        ["Successfully assigned default/web to n0"]
    );
}

#[test]
fn a_second_pod_finds_the_image_on_the_node() {
    let mut stage = started(&[simple("a", json!({}))], 20);
    stage.apply(simple("b", json!({})));
    stage.run(5);
    assert!(stage.pod("b").is_ready());
    let present = "Container image \"nginx:1\" already present on machine";
    assert_eq!(stage.events("Pulled").last(), Some(&present));
}

#[test]
fn an_instant_crash_is_restarted_at_the_known_seconds() {
    let mut stage = with_nodes(1);
    stage.apply(shell("bad", "exit 3"));
    let mut restarts = Vec::new();
    let mut known = 0;
    for _ in 0..700 {
        stage.run(1);
        let count = stage.pod("bad").containers[0].restarts;
        if count > known {
            restarts.push(stage.now());
            known = count;
        }
    }
    let first = restarts[0];
    // The container runs a moment, and the kubelet sees it a second later: once per restart.
    let times: Vec<u32> = restarts.iter().map(|at| at - first).collect();
    assert_eq!(times, [0, 10, 30, 70, 150, 310, 610]);
    assert_eq!(stage.state("bad", 0), "Waiting:CrashLoopBackOff");
    let last = stage.pod("bad").containers[0].last.clone().unwrap();
    assert_eq!((last.exit_code, last.reason.as_str()), (3, "Error"));
    assert_eq!(stage.pod("bad").phase, PodPhase::Running);
    assert!(
        stage.events("BackOff")[0]
            .starts_with("Back-off restarting failed container main in pod bad_default(")
    );
}

#[test]
fn restart_policy_decides_what_an_end_means() {
    for (policy, script, phase, restarts) in [
        ("Never", "exit 0", PodPhase::Succeeded, 0),
        ("Never", "sleep 2; exit 1", PodPhase::Failed, 0),
        ("OnFailure", "sleep 3", PodPhase::Succeeded, 0),
        ("Always", "sleep 100", PodPhase::Running, 0),
        ("OnFailure", "exit 1", PodPhase::Running, 2),
    ] {
        let container =
            json!([{"name": "main", "image": "busybox:1", "command": ["sh", "-c", script]}]);
        let document = pod(
            "job",
            json!({"restartPolicy": policy, "containers": container}),
        );
        let stage = started(&[document], 20);
        assert_eq!(
            stage.pod("job").phase,
            phase,
            "{policy} {script}\n{}",
            stage.story()
        );
        assert_eq!(
            stage.pod("job").containers[0].restarts,
            restarts,
            "{policy} {script}"
        );
    }
}

#[test]
fn a_finished_pod_frees_its_node() {
    let asks = |name: &str| {
        pod(
            name,
            json!({"restartPolicy": "Never", "containers": [{"name": "main", "image": "busybox:1",
            "command": ["sleep", "10"], "resources": {"requests": {"cpu": "3"}}}]}),
        )
    };
    let mut stage = started(&[asks("first")], 4);
    stage.apply(asks("second"));
    stage.run(2);
    assert_eq!(stage.node_of("second"), None);
    let seconds = stage.run_until(40, |stage| stage.node_of("second").is_some());
    assert!(seconds < 20, "{seconds}");
    assert_eq!(stage.pod("first").phase, PodPhase::Succeeded);
}

#[test]
fn init_containers_run_one_after_the_other() {
    let init = |name: &str| json!({"name": name, "image": "busybox:1", "command": ["sleep", "5"]});
    let document = pod(
        "app",
        json!({"initContainers": [init("one"), init("two")],
        "containers": [{"name": "main", "image": "nginx:1"}]}),
    );
    let mut stage = started(&[document], 6);
    assert_eq!(stage.state("app", 0), "Running");
    assert_eq!(stage.state("app", 1), "Waiting:PodInitializing");
    assert_eq!(stage.pod("app").phase, PodPhase::Pending);
    let initialized = &stage.pod("app").conditions.initialized;
    assert_eq!(
        initialized.message.as_deref(),
        Some("containers with incomplete status: [one two]")
    );
    stage.run_until(30, |stage| stage.pod("app").is_ready());
    assert_eq!(stage.state("app", 0), "Terminated:Completed(0)");
    let (one, two) = (
        &stage.pod("app").containers[0],
        &stage.pod("app").containers[1],
    );
    let (ContainerState::Terminated(one), ContainerState::Terminated(two)) =
        (&one.state, &two.state)
    else {
        panic!("both ended");
    };
    assert!(two.started >= one.finished && two.finished.0 - two.started.0 == 5);
}

#[test]
fn a_failing_init_container_holds_the_pod_back() {
    let document = pod(
        "app",
        json!({
        "initContainers": [{"name": "migrate", "image": "busybox:1", "command": ["false"]}],
        "containers": [{"name": "main", "image": "nginx:1"}]}),
    );
    let stage = started(&[document], 40);
    assert_eq!(stage.state("app", 0), "Waiting:CrashLoopBackOff");
    assert_eq!(stage.state("app", 1), "Waiting:PodInitializing");
    assert!(stage.pod("app").containers[0].restarts >= 2);
    assert_eq!(stage.pod("app").phase, PodPhase::Pending);
}

#[test]
fn a_sidecar_starts_first_and_stops_last() {
    let document = pod(
        "app",
        json!({
        "initContainers": [{"name": "proxy", "image": "example.com/mesh:1", "restartPolicy": "Always",
            "startupProbe": {"exec": {"command": ["true"]}, "initialDelaySeconds": 3}}],
        "containers": [{"name": "main", "image": "nginx:1"}]}),
    );
    let mut stage = started(&[document], 0);
    stage.run_until(40, |stage| stage.state("app", 0) == "Running");
    assert_eq!(stage.state("app", 1), "Waiting:PodInitializing");
    stage.run_until(40, |stage| stage.pod("app").is_ready());
    let id = stage.pod_id("app");
    api::pods::begin_deletion(&mut stage.cluster, id, 30);
    stage.run(1);
    let killed = stage.events("Killing");
    assert_eq!(killed, ["Stopping container main"]);
    stage.run_until(20, |stage| !stage.exists("app"));
    assert_eq!(
        stage.events("Killing").last(),
        Some(&"Stopping container proxy")
    );
}

#[test]
fn an_init_container_waits_for_a_service_that_answers() {
    let document = pod(
        "app",
        json!({
        "initContainers": [{"name": "wait", "image": "busybox:1",
            "command": ["sh", "-c", "until nc -z db 5432; do sleep 2; done"]}],
        "containers": [{"name": "main", "image": "nginx:1"}]}),
    );
    let mut stage = started(&[document], 60);
    assert_eq!(stage.state("app", 0), "Running", "there is no db yet");
    stage.apply(json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "db", "namespace": "default"},
        "spec": {"selector": {"app": "db"}, "ports": [{"port": 5432}]}}));
    stage.run(30);
    assert_eq!(
        stage.state("app", 0),
        "Running",
        "there is a name, and nobody behind it"
    );
    stage.apply(simple(
        "db",
        json!({"image": "postgres:16", "ports": [{"containerPort": 5432}]}),
    ));
    stage.run_until(60, |stage| stage.pod("app").is_ready());
}

#[test]
fn memory_above_the_limit_kills_the_container_alone() {
    let limited = json!({"resources": {"limits": {"memory": "100Mi"}}});
    let mut stage = started(&[simple("leaky", limited)], 20);
    let first = stage.pod("leaky").containers[0].clone();
    assert!(first.ready && first.restarts == 0);
    stage.holds("leaky", 101.0 * 1024.0 * 1024.0);
    stage.run(1);
    let id = stage.pod_id("leaky");
    let (chunk, row) = stage.cluster.workings.pods.at(id);
    assert_eq!(
        (chunk.serving_from[row], chunk.memory[row]),
        (Tick::NEVER, 0.0)
    );
    stage.run(1);
    let now = &stage.pod("leaky").containers[0];
    let last = now.last.clone().unwrap();
    assert_eq!((last.reason.as_str(), last.exit_code), ("OOMKilled", 137));
    assert_eq!(now.restarts, 1, "the first restart comes at once");
    stage.holds("leaky", 101.0 * 1024.0 * 1024.0);
    stage.run(2);
    assert_eq!(stage.state("leaky", 0), "Waiting:CrashLoopBackOff");
    assert!(!stage.pod("leaky").is_ready());
    stage.run(12);
    assert_eq!(stage.pod("leaky").containers[0].restarts, 2);
}

#[test]
fn a_program_that_eats_memory_is_killed_for_it() {
    let container = json!({"image": "busybox:1", "command": ["tail", "/dev/zero"],
        "resources": {"limits": {"memory": "128Mi"}}});
    let stage = started(&[simple("eater", container)], 10);
    let last = stage.pod("eater").containers[0].last.clone().unwrap();
    assert_eq!((last.reason.as_str(), last.exit_code), ("OOMKilled", 137));
}

#[test]
fn an_image_that_is_not_there_is_tried_again_and_again() {
    let mut stage = with_nodes(1);
    stage
        .cluster
        .workings
        .kubelet
        .images
        .declare_missing("shop/web:v2");
    stage.apply(simple("web", json!({"image": "shop/web:v2"})));
    stage.run(4);
    assert_eq!(stage.state("web", 0), "Waiting:ErrImagePull");
    stage.run(3);
    assert_eq!(stage.state("web", 0), "Waiting:ImagePullBackOff");
    assert_eq!(stage.pod("web").phase, PodPhase::Pending);
    stage.run(60);
    assert_eq!(
        stage.events("Pulling").len(),
        3,
        "at 0, 10 and 30 s and a little"
    );
    let failed = stage.events("Failed")[0];
    assert!(
        failed.starts_with("Failed to pull image \"shop/web:v2\": rpc error: code = NotFound"),
        "{failed}"
    );
    stage
        .cluster
        .workings
        .kubelet
        .images
        .declare_present("shop/web:v2");
    stage.run_until(120, |stage| stage.pod("web").is_ready());
}

#[test]
fn a_missing_config_map_is_named_and_waited_for() {
    let from_map = json!({"env": [{"name": "MODE", "valueFrom": {"configMapKeyRef": {"name": "app", "key": "mode"}}}]});
    let mut stage = started(&[simple("web", from_map)], 15);
    assert_eq!(stage.state("web", 0), "Waiting:CreateContainerConfigError");
    assert_eq!(
        stage.events("Failed")[0],
        "Error: configmap \"app\" not found"
    );
    let map = |data| json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "app", "namespace": "default"}, "data": data});
    stage.apply(map(json!({"other": "1"})));
    stage.run(12);
    assert_eq!(
        stage.events("Failed").last(),
        Some(&"Error: couldn't find key mode in ConfigMap default/app")
    );
    let object = "ConfigMap/default/app".parse().unwrap();
    api::delete(&mut stage.cluster, &object, Actor::Unrecorded).unwrap();
    stage.apply(map(json!({"mode": "1"})));
    stage.run(12);
    assert!(stage.pod("web").is_ready());
}

#[test]
fn a_missing_secret_volume_keeps_the_sandbox_away() {
    let document = pod(
        "web",
        json!({"containers": [{"name": "main", "image": "nginx:1"}],
        "volumes": [{"name": "tls", "secret": {"secretName": "cert"}}]}),
    );
    let mut stage = started(&[document], 10);
    assert_eq!(stage.state("web", 0), "Waiting:ContainerCreating");
    assert_eq!(
        stage.events("FailedMount")[0],
        "MountVolume.SetUp failed for volume \"tls\" : secret \"cert\" not found"
    );
    stage.apply(json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "cert", "namespace": "default"}}));
    stage.run_until(40, |stage| stage.pod("web").is_ready());
}

fn probed(kind: &str, probe: serde_json::Value) -> serde_json::Value {
    let ports = json!([{"containerPort": 80}]);
    let mut container = json!({"ports": ports});
    container[kind] = probe;
    simple("web", container)
}

#[test]
fn a_slow_answer_takes_the_pod_out_after_three_failures_and_back_after_one_success() {
    let mut stage = started(
        &[probed(
            "readinessProbe",
            json!({"httpGet": {"port": 80}, "periodSeconds": 5}),
        )],
        20,
    );
    assert!(stage.pod("web").is_ready());
    stage.answers_in("web", 3.0);
    let seconds = stage.run_until(40, |stage| !stage.pod("web").is_ready());
    assert!(
        (10..=16).contains(&seconds),
        "three probes, five seconds apart: {seconds}"
    );
    assert_eq!(stage.events("Unhealthy").len(), 3);
    assert!(
        stage.events("Unhealthy")[0].starts_with("Readiness probe failed: Get \"http://10.244.")
    );
    assert!(
        stage.events("Unhealthy")[0].ends_with("(Client.Timeout exceeded while awaiting headers)")
    );
    assert_eq!(
        stage.pod("web").containers[0].restarts,
        0,
        "readiness restarts nothing"
    );
    let ready = &stage.pod("web").conditions.ready;
    assert_eq!(
        ready.message.as_deref(),
        Some("containers with unready status: [main]")
    );
    stage.answers_in("web", 0.01);
    let seconds = stage.run_until(10, |stage| stage.pod("web").is_ready());
    assert!(seconds <= 6, "{seconds}");
}

#[test]
fn liveness_restarts_what_does_not_answer() {
    let mut stage = started(
        &[probed("livenessProbe", json!({"tcpSocket": {"port": 80}}))],
        20,
    );
    stage.answers_in("web", 5.0);
    let seconds = stage.run_until(60, |stage| stage.pod("web").containers[0].restarts == 1);
    assert!((20..=36).contains(&seconds), "{seconds}");
    assert_eq!(
        stage.events("Killing"),
        ["Container main failed liveness probe, will be restarted"]
    );
    let last = stage.pod("web").containers[0].last.clone().unwrap();
    // nginx shuts down in order at SIGTERM.
    assert_eq!((last.exit_code, last.reason.as_str()), (0, "Completed"));
}

#[test]
fn a_process_that_hangs_is_killed_when_its_grace_is_over() {
    let mut stage = started(
        &[probed(
            "livenessProbe",
            json!({"tcpSocket": {"port": 80}, "periodSeconds": 1}),
        )],
        20,
    );
    stage.answers_in("web", f32::INFINITY);
    stage.run_until(90, |stage| stage.pod("web").containers[0].restarts == 1);
    let last = stage.pod("web").containers[0].last.clone().unwrap();
    assert_eq!(last.exit_code, 137);
}

#[test]
fn a_startup_probe_holds_the_others_back() {
    let container = json!({"ports": [{"containerPort": 80}],
        "startupProbe": {"exec": {"command": ["true"]}, "initialDelaySeconds": 8},
        "livenessProbe": {"exec": {"command": ["false"]}, "periodSeconds": 1},
        "readinessProbe": {"exec": {"command": ["true"]}, "periodSeconds": 1}});
    let mut stage = started(&[simple("web", container)], 0);
    stage.run_until(30, |stage| stage.state("web", 0) == "Running");
    let begun = stage.now();
    stage.run(6);
    assert!(
        stage.events("Unhealthy").is_empty(),
        "liveness does not run yet"
    );
    assert!(!stage.pod("web").containers[0].started);
    stage.run_until(20, |stage| stage.pod("web").containers[0].started);
    assert!(stage.now() - begun >= 8);
    stage.run_until(30, |stage| stage.pod("web").containers[0].restarts == 1);
}

#[test]
fn a_startup_probe_that_never_passes_restarts_the_container() {
    let container = json!({"startupProbe": {"exec": {"command": ["false"]}, "periodSeconds": 2, "failureThreshold": 3}});
    let stage = started(&[simple("web", container)], 30);
    assert!(stage.pod("web").containers[0].restarts >= 1);
    assert_eq!(
        stage.events("Killing")[0],
        "Container main failed startup probe, will be restarted"
    );
}

#[test]
fn a_probe_on_a_port_that_nobody_listens_on_is_refused() {
    let stage = started(
        &[probed(
            "readinessProbe",
            json!({"httpGet": {"port": 8081, "path": "/ok"}}),
        )],
        20,
    );
    assert!(!stage.pod("web").is_ready());
    let text = stage.events("Unhealthy")[0];
    assert!(
        text.contains(":8081/ok\": dial tcp 10.244.")
            && text.ends_with("connect: connection refused"),
        "{text}"
    );
}

#[test]
fn a_fault_on_probes_acts_on_a_calm_pod_and_ends() {
    let mut stage = started(
        &[probed(
            "readinessProbe",
            json!({"httpGet": {"port": 80}, "periodSeconds": 2}),
        )],
        30,
    );
    let id = stage.pod_id("web");
    assert!(stage.pod("web").is_ready());
    stage.lay(
        Mechanism::ProbeFails(ProbeKind::Readiness),
        Subject::Pod(id),
    );
    stage.run_until(12, |stage| !stage.pod("web").is_ready());
    assert_eq!(
        stage.events("Unhealthy")[0],
        "Readiness probe failed: HTTP probe failed with statuscode: 503"
    );
    stage.lift();
    stage.run_until(6, |stage| stage.pod("web").is_ready());
}

#[test]
fn a_calm_pod_is_not_looked_at() {
    let mut stage = started(
        &[probed("livenessProbe", json!({"httpGet": {"port": 80}}))],
        30,
    );
    let id = stage.pod_id("web");
    let due = |stage: &Stage| {
        let (chunk, row) = stage.cluster.workings.pods.at(id);
        (chunk.due[row], chunk.earliest)
    };
    assert_eq!(due(&stage), (Tick::NEVER, Tick::NEVER));
    stage.run(100);
    assert_eq!(due(&stage), (Tick::NEVER, Tick::NEVER));
    stage.answers_in("web", 2.0);
    stage.run(1);
    assert_ne!(due(&stage).0, Tick::NEVER);
}

#[test]
fn a_fault_at_start_makes_a_crash_loop() {
    let mut stage = with_nodes(1);
    stage.lay(Mechanism::ExitsAtStart(2), Subject::Cluster);
    stage.apply(simple("web", json!({})));
    stage.run(20);
    assert_eq!(stage.state("web", 0), "Waiting:CrashLoopBackOff");
    assert_eq!(
        stage.pod("web").containers[0]
            .last
            .clone()
            .unwrap()
            .exit_code,
        2
    );
    stage.lift();
    stage.run_until(40, |stage| stage.pod("web").is_ready());
}

#[test]
fn a_pod_that_is_deleted_drains_and_goes() {
    let mut stage = started(&[simple("web", json!({}))], 20);
    let id = stage.pod_id("web");
    api::pods::begin_deletion(&mut stage.cluster, id, 30);
    let seconds = stage.run_until(40, |stage| !stage.exists("web"));
    assert!((2..=5).contains(&seconds), "{seconds}");
    assert_eq!(stage.events("Killing"), ["Stopping container main"]);
}

#[test]
fn a_shell_that_ignores_sigterm_is_killed_at_the_deadline() {
    let mut stage = started(&[shell("sleeper", "sleep 10000")], 20);
    let id = stage.pod_id("sleeper");
    api::pods::begin_deletion(&mut stage.cluster, id, 30);
    let seconds = stage.run_until(60, |stage| !stage.exists("sleeper"));
    assert!((30..=32).contains(&seconds), "{seconds}");
    // A second, more impatient call shortens the time.
    stage.apply(shell("other", "sleep 10000"));
    stage.run(20);
    let id = stage.pod_id("other");
    api::pods::begin_deletion(&mut stage.cluster, id, 30);
    stage.run(5);
    api::pods::begin_deletion(&mut stage.cluster, id, 5);
    let seconds = stage.run_until(60, |stage| !stage.exists("other"));
    assert!(seconds <= 7, "{seconds}");
}

#[test]
fn killed_containers_start_again() {
    let mut stage = started(&[simple("web", json!({}))], 20);
    let id = stage.pod_id("web");
    aegis_sim::step::kubelet::kill(&mut stage.cluster, id);
    stage.run(3);
    let container = &stage.pod("web").containers[0];
    assert_eq!(container.restarts, 1);
    let last = container.last.clone().unwrap();
    assert_eq!((last.exit_code, last.reason.as_str()), (137, "Error"));
    assert!(stage.pod("web").is_ready());
}

#[test]
fn what_a_status_says_is_believed() {
    let running = json!({"phase": "Running", "startTime": "2026-01-01T00:00:00Z", "conditions": [{"type": "Ready", "status": "True"}],
        "containerStatuses": [{"name": "main", "ready": true, "restartCount": 4, "state": {"running": {}}}]});
    let looping = json!({"phase": "Running", "startTime": "2026-01-01T00:00:00Z",
        "containerStatuses": [{"name": "main", "ready": false, "restartCount": 7,
            "state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": {"terminated": {"exitCode": 78, "reason": "Error"}}}]});
    let mut stage = with_nodes(1);
    let secret = json!({"envFrom": [{"secretRef": {"name": "not-in-the-dump"}}]});
    for (name, status, container) in [("fine", running, secret), ("broken", looping, json!({}))] {
        let mut document = simple(name, container);
        document["spec"]["nodeName"] = "n0".into();
        document["status"] = status;
        stage.apply(document);
    }
    stage.run(2);
    assert!(stage.pod("fine").is_ready());
    assert_eq!(stage.pod("fine").containers[0].restarts, 4);
    assert_eq!(stage.state("broken", 0), "Waiting:CrashLoopBackOff");
    stage.run(700);
    assert!(stage.pod("fine").is_ready());
    let broken = &stage.pod("broken").containers[0];
    assert!(
        broken.restarts >= 9,
        "it goes on crashing: {}",
        broken.restarts
    );
    assert_eq!(broken.last.clone().unwrap().exit_code, 78);
    let fine = stage.pod_id("fine");
    aegis_sim::step::kubelet::kill(&mut stage.cluster, fine);
    stage.run(5);
    assert!(
        stage.pod("fine").is_ready(),
        "the Secret is there, as the pod ran with it"
    );
}

#[test]
fn a_node_that_runs_out_of_memory_evicts_the_greediest() {
    let asks = |bytes: &str| json!({"resources": {"requests": {"memory": bytes}}});
    let mut stage = started(
        &[simple("modest", asks("3Gi")), simple("greedy", asks("1Gi"))],
        20,
    );
    let gibi = 1024.0 * 1024.0 * 1024.0;
    stage.holds("modest", 2.0 * gibi);
    stage.holds("greedy", 5.95 * gibi);
    stage.run(11);
    assert_eq!(stage.pod("greedy").phase, PodPhase::Failed);
    assert_eq!(stage.pod("greedy").reason.as_deref(), Some("Evicted"));
    assert!(stage.pod("modest").is_ready());
    let text = stage.events("Evicted")[0];
    assert!(
        text.starts_with(
            "The node was low on resource: memory. Threshold quantity: 100Mi, available: "
        ),
        "{text}"
    );
    let node = &stage.cluster.objects.nodes[0];
    assert_eq!(node.condition("MemoryPressure").as_str(), "True");
    assert!(
        node.spec
            .taints
            .iter()
            .any(|taint| taint.key == "node.kubernetes.io/memory-pressure")
    );
    stage.run(320);
    let node = &stage.cluster.objects.nodes[0];
    assert_eq!(node.condition("MemoryPressure").as_str(), "False");
    assert!(node.spec.taints.is_empty());
}

#[test]
fn beyond_its_memory_the_kernel_kills_at_once() {
    let mut stage = started(&[simple("a", json!({})), simple("b", json!({}))], 20);
    let gibi = 1024.0 * 1024.0 * 1024.0;
    stage.holds("a", 3.0 * gibi);
    stage.holds("b", 6.0 * gibi);
    stage.run(12);
    let last = stage.pod("b").containers[0].last.clone().unwrap();
    assert_eq!(last.reason, "OOMKilled");
    assert_eq!(stage.pod("a").containers[0].restarts, 0);
    assert_eq!(stage.events("SystemOOM").len(), 1);
}

#[test]
fn one_node_pulls_one_image_at_a_time() {
    let mut stage = with_nodes(1);
    for name in ["a", "b", "c"] {
        stage.apply(simple(
            name,
            json!({"image": format!("example.com/{name}:1")}),
        ));
    }
    let mut ready = Vec::new();
    for _ in 0..40 {
        stage.run(1);
        let count = ["a", "b", "c"]
            .iter()
            .filter(|name| stage.pod(name).is_ready())
            .count();
        ready.push(count);
    }
    let first = ready.iter().position(|count| *count == 1);
    let last = ready.iter().position(|count| *count == 3);
    assert!(last.unwrap() >= first.unwrap() + 4, "{ready:?}");
}

#[test]
fn renaming_changes_nothing_that_happens() {
    let run = |names: [&str; 3]| {
        let mut stage = with_nodes(3);
        for name in names {
            stage.apply(stage::deployment(
                name,
                3,
                json!({"resources": {"requests": {"cpu": "300m"}}}),
            ));
        }
        stage.run(40);
        let pods = stage.cluster.objects.pods.iter();
        pods.map(|pod| (pod.node, pod.started, pod.conditions.ready.since))
            .collect::<Vec<_>>()
    };
    assert_eq!(run(["a", "b", "c"]), run(["zebra", "yak", "auk"]));
}

#[test]
fn an_always_pulled_image_needs_its_registry_even_where_it_is_cached() {
    let mut stage = with_nodes(1);
    stage.apply(simple("fixed", json!({"image": "shop/web:v1"})));
    stage.apply(simple("moving", json!({"image": "shop/api:latest"})));
    stage.run(30);
    let [fixed, moving] = ["fixed", "moving"].map(|name| stage.pod_id(name));
    stage.lay(Mechanism::ImageMissing, Subject::Cluster);
    for id in [fixed, moving] {
        aegis_sim::step::kubelet::kill(&mut stage.cluster, id);
    }
    stage.run(6);
    assert!(stage.pod("fixed").is_ready());
    assert_eq!(stage.state("moving", 0), "Waiting:ImagePullBackOff");
}

#[test]
fn an_answer_near_the_time_out_fails_now_and_then() {
    let probe = json!({"httpGet": {"port": 80}, "periodSeconds": 1, "failureThreshold": 1000});
    let mut stage = started(&[probed("livenessProbe", probe)], 20);
    stage.answers_in("web", 1.02);
    stage.run(200);
    let failures = stage.events("Unhealthy").len();
    assert!(
        (60..=140).contains(&failures),
        "about half of 200: {failures}"
    );
    assert_eq!(stage.pod("web").containers[0].restarts, 0);
}

#[test]
fn names_that_no_runtime_takes_are_refused() {
    let stage = started(&[simple("web", json!({"image": "Shop/Web:1"}))], 5);
    assert_eq!(stage.state("web", 0), "Waiting:InvalidImageName");
    let never = json!({"image": "shop/web:1", "imagePullPolicy": "Never"});
    let stage = started(&[simple("web", never)], 5);
    assert_eq!(stage.state("web", 0), "Waiting:ErrImageNeverPull");
}

#[test]
fn a_fork_and_its_origin_go_the_same_way_and_do_not_meet() {
    let mut stage = started(
        &[shell("bad", "sleep 3; exit 1"), simple("good", json!({}))],
        60,
    );
    let fork = stage.cluster.fork();
    let told = stage.events("BackOff").len();
    stage.run(200);
    let origin = stage.cluster.objects.clone();
    assert!(stage.events("BackOff").len() > told);
    stage.cluster = fork;
    assert_eq!(stage.now(), 60);
    stage.run(200);
    assert_eq!(stage.cluster.objects, origin);
}
