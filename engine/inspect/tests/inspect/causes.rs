//! Bundles of our own making, one cause each: the first finding names it, its object, its field.

use crate::shop::Shop;
use aegis_model::inspection::InspectionVerdict;
use serde_json::json;

fn check(shop: Shop, fault: &str, object: &str) {
    let found = shop.diagnosed();
    let shown = format!("{found:#?}");
    let first = found
        .findings
        .first()
        .unwrap_or_else(|| panic!("{fault}: nothing found"));
    assert_eq!(
        (first.fault.as_str(), first.object.as_str()),
        (fault, object),
        "{shown}"
    );
    assert_eq!(found.verdict, InspectionVerdict::Found);
    assert!(first.confidence > 0.5 && first.confidence < 1.0, "{shown}");
    assert!(
        !first.evidence.is_empty() && !first.fix.kubectl.is_empty(),
        "{shown}"
    );
    assert!(
        first
            .fix
            .kubectl
            .iter()
            .all(|command| !command.contains('{') || command.contains("'{")),
        "{shown}"
    );
}

fn crashing(code: i64, restarts: i64) -> serde_json::Value {
    json!({"name": "server", "ready": false, "restartCount": restarts,
        "state": {"waiting": {"reason": "CrashLoopBackOff"}},
        "lastState": {"terminated": {"exitCode": code, "reason": "Error"}}})
}

#[test]
fn a_healthy_shop_is_left_alone() {
    let found = Shop::healthy().diagnosed();
    assert_eq!(found.verdict, InspectionVerdict::Healthy);
    assert!(found.findings.is_empty(), "{found:#?}");
    assert_eq!(found.users_affected, Some(false));
}

#[test]
fn old_noise_is_no_cause() {
    let shop = Shop::healthy()
        .warn("ReplicaSet", "web-5d9c7b", "FailedCreate", "Error creating: pods \"web-\" is forbidden: error looking up service account shop/web: serviceaccount \"web\" not found")
        .warn("Pod", "basket-5d9c7b-x2x4x", "Unhealthy", "Readiness probe failed: timeout: health rpc did not complete within 1s")
        .add(json!({"kind": "NetworkPolicy", "metadata": {"name": "odd", "namespace": "shop"}, "spec": {"podSelector": {"matchLabels": {"app": "web"}}, "policyTypes": ["Ingress"]}}))
        .add(json!({"kind": "ResourceQuota", "metadata": {"name": "q", "namespace": "shop"}, "spec": {"hard": {"pods": "3"}}, "status": {"used": {"pods": "3"}}}));
    let found = shop.diagnosed();
    assert_eq!(found.verdict, InspectionVerdict::Healthy, "{found:#?}");
}

#[test]
fn demands_that_no_node_meets() {
    let words = "0/3 nodes are available: 1 node(s) were unschedulable, 2 node(s) didn't match Pod's node affinity/selector.";
    let selector = Shop::healthy()
        .set_pods("web", "/nodeSelector", json!({"disk": "fast"}))
        .pending("web", words);
    check(selector, "node_selector_wrong", "Deployment/shop/web");
    let term = json!({"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [{"matchExpressions": [{"key": "zone", "operator": "In", "values": ["z"]}]}]}}});
    let affinity = Shop::healthy()
        .set_pods("web", "/affinity", term)
        .pending("web", words);
    check(affinity, "node_affinity_wrong", "Deployment/shop/web");
    let taint = json!([{"key": "dedicated", "value": "batch", "effect": "NoSchedule"}]);
    let tainted = Shop::healthy()
        .set("Node", "node-1", "/spec/taints", taint.clone())
        .set("Node", "node-2", "/spec/taints", taint)
        .pending("web", "0/3 nodes are available: 1 node(s) were unschedulable, 2 node(s) had untolerated taint {dedicated: batch}.");
    check(tainted, "taint_not_tolerated", "Deployment/shop/web");
    let cordoned = Shop::healthy()
        .set("Node", "node-1", "/spec/unschedulable", json!(true))
        .set("Node", "node-2", "/spec/unschedulable", json!(true))
        .pending(
            "web",
            "0/3 nodes are available: 3 node(s) were unschedulable.",
        );
    check(cordoned, "node_cordoned", "Deployment/shop/web");
    let large = Shop::healthy()
        .set_pods("web", "/containers/0/resources/requests/cpu", json!("64"))
        .pending(
            "web",
            "0/3 nodes are available: 1 node(s) were unschedulable, 2 Insufficient cpu.",
        );
    check(large, "cpu_request_too_high", "Deployment/shop/web");
}

#[test]
fn images_that_do_not_come() {
    let waiting = json!({"name": "server", "image": "example/web:9", "ready": false, "restartCount": 0, "state": {"waiting": {"reason": "ImagePullBackOff"}}});
    for (words, fault) in [
        (
            "Failed to pull image \"example/web:9\": rpc error: code = NotFound desc = example/web:9: not found",
            "image_missing",
        ),
        (
            "Failed to pull image \"example/web:9\": failed to authorize: failed to fetch anonymous token: 403 Forbidden",
            "image_pull_secret_missing",
        ),
        (
            "Failed to pull image \"example/web:9\": dial tcp: lookup registry.example on 10.0.0.2:53: no such host",
            "image_registry_unresolved",
        ),
    ] {
        let shop = Shop::healthy()
            .broken("web", "Pending", waiting.clone())
            .warn("Pod", "web-5d9c7b-x2x4x", "Failed", words);
        check(shop, fault, "Deployment/shop/web");
    }
}

#[test]
fn containers_say_why_they_end() {
    let log = "logs/basket-5d9c7b-x2x4x/server.previous.log";
    for (line, fault) in [
        (
            "java.sql.SQLException: Access denied for user 'shop'@'10.1.0.4' (using password: YES)",
            "database_credentials_wrong",
        ),
        (
            "Web server failed to start. Port 7070 was already in use.",
            "port_taken_in_pod",
        ),
        (
            "open /data/state.db: permission denied",
            "volume_permission_denied",
        ),
    ] {
        let shop = Shop::healthy()
            .broken("basket", "Running", crashing(1, 5))
            .file(log, line);
        check(shop, fault, "Deployment/shop/basket");
    }
    let refused =
        "Communications link failure\nCaused by: java.net.ConnectException: Connection refused";
    let port = Shop::healthy()
        .broken("basket", "Running", crashing(1, 5))
        .file(log, refused);
    check(port, "database_port_wrong", "Deployment/shop/basket");
    let mut killed = crashing(137, 3);
    killed["lastState"]["terminated"]["reason"] = json!("OOMKilled");
    check(
        Shop::healthy().broken("stash", "Running", killed),
        "memory_limit_too_low",
        "Deployment/shop/stash",
    );
}

#[test]
fn probes_that_cannot_succeed() {
    let unready =
        json!({"name": "server", "ready": false, "restartCount": 0, "state": {"running": {}}});
    let port = Shop::healthy()
        .set_pods("basket", "/containers/0/readinessProbe/grpc/port", json!(7171))
        .broken("basket", "Running", unready.clone())
        .warn("Pod", "basket-5d9c7b-x2x4x", "Unhealthy", "Readiness probe failed: timeout: failed to connect service \"10.1.0.9:7171\" within 1s");
    check(port, "readiness_probe_wrong_port", "Deployment/shop/basket");
    let protocol = Shop::healthy()
        .set_pods("basket", "/containers/0/readinessProbe", json!({"httpGet": {"port": 7070, "path": "/"}}))
        .broken("basket", "Running", unready)
        .warn("Pod", "basket-5d9c7b-x2x4x", "Unhealthy", "Readiness probe failed: Get \"http://10.1.0.9:7070/\": net/http: HTTP/1.x transport connection broken: malformed HTTP response");
    check(
        protocol,
        "readiness_probe_wrong_protocol",
        "Deployment/shop/basket",
    );
    let hasty = json!({"grpc": {"port": 7070}, "initialDelaySeconds": 1, "periodSeconds": 1, "failureThreshold": 1, "timeoutSeconds": 1});
    let timing = Shop::healthy()
        .set_pods("basket", "/containers/0/livenessProbe", hasty)
        .broken("basket", "Running", crashing(137, 4))
        .warn(
            "Pod",
            "basket-5d9c7b-x2x4x",
            "Unhealthy",
            "Liveness probe failed: timeout: failed to connect service \"10.1.0.9:7070\" within 1s",
        );
    check(
        timing,
        "liveness_probe_wrong_timing",
        "Deployment/shop/basket",
    );
}

#[test]
fn services_that_lead_nowhere() {
    let refused = "dial tcp 10.96.0.70:7070: connect: connection refused";
    let log = "logs/web-5d9c7b-x2x4x/server.log";
    let selector = Shop::healthy()
        .set(
            "Service",
            "basket",
            "/spec/selector",
            json!({"app": "baskets"}),
        )
        .set("Endpoints", "basket", "/subsets", json!([]))
        .file(log, refused);
    check(selector, "service_selector_wrong", "Service/shop/basket");
    let port = Shop::healthy()
        .set("Service", "basket", "/spec/ports/0/targetPort", json!(9999))
        .file(log, refused);
    check(port, "service_target_port_wrong", "Service/shop/basket");
    let protocol = Shop::healthy()
        .set("Service", "basket", "/spec/ports/0/protocol", json!("UDP"))
        .file(log, refused);
    check(protocol, "service_protocol_wrong", "Service/shop/basket");
    let missing = "dial tcp: lookup basket on 10.0.0.10:53: no such host";
    let gone = Shop::healthy()
        .without("Service", "basket")
        .without("Endpoints", "basket")
        .file(log, missing);
    check(gone, "service_deleted", "Deployment/shop/basket");
    let zero = Shop::healthy()
        .set("Deployment", "basket", "/spec/replicas", json!(0))
        .without("Pod", "basket-5d9c7b-x2x4x")
        .set("Endpoints", "basket", "/subsets", json!([]))
        .file(log, refused);
    check(zero, "replicas_zero", "Deployment/shop/basket");
    let variable = Shop::healthy()
        .set(
            "Deployment",
            "web",
            "/spec/template/spec/containers/0/env/0",
            json!({"name": "BASKET", "value": "basket:7171"}),
        )
        .file(log, "dial tcp 10.96.0.70:7171: connect: connection refused");
    check(variable, "env_var_wrong", "Deployment/shop/web");
}

#[test]
fn namespaces_that_are_full() {
    let quota = json!({"kind": "ResourceQuota", "metadata": {"name": "room", "namespace": "shop"}, "spec": {"hard": {"requests.memory": "128Mi"}}, "status": {"used": {"requests.memory": "128Mi"}}});
    let words = "Error creating: pods \"stash-5d9c7b-zz\" is forbidden: exceeded quota: room, requested: requests.memory=64Mi, used: requests.memory=128Mi, limited: requests.memory=128Mi";
    let shop = Shop::healthy()
        .without("Pod", "stash-5d9c7b-x2x4x")
        .set("Endpoints", "stash", "/subsets", json!([]))
        .add(quota)
        .warn("ReplicaSet", "stash-5d9c7b", "FailedCreate", words);
    check(shop, "quota_memory_exceeded", "ResourceQuota/shop/room");
}

#[test]
fn claims_that_find_no_volume() {
    let volume = json!([{"name": "data", "persistentVolumeClaim": {"claimName": "stash-data"}}]);
    let claim = json!({"kind": "PersistentVolumeClaim", "metadata": {"name": "stash-data", "namespace": "shop"}, "spec": {"storageClassName": "", "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "20Gi"}}}, "status": {"phase": "Pending"}});
    let disk = json!({"kind": "PersistentVolume", "metadata": {"name": "disk"}, "spec": {"storageClassName": "", "accessModes": ["ReadWriteOnce"], "capacity": {"storage": "5Gi"}}, "status": {"phase": "Available"}});
    let shop = Shop::healthy()
        .set_pods("stash", "/volumes", volume)
        .pending(
            "stash",
            "0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims.",
        )
        .add(claim)
        .add(disk);
    check(shop, "claim_size_too_large", "Deployment/shop/stash");
}

#[test]
fn nodes_whose_services_stopped() {
    let text = "* kubelet.service - kubelet\n     Active: inactive (dead) since Sat 2025-03-01 11:58:00 UTC; 2min ago\n";
    let shop = Shop::healthy()
        .set("Node", "node-1", "/status/conditions", json!([{"type": "Ready", "status": "Unknown", "reason": "NodeStatusUnknown", "message": "Kubelet stopped posting node status."}]))
        .file("nodes/node-1/kubelet.txt", text);
    check(shop, "kubelet_down", "Node/node-1");
}

#[test]
fn what_is_slow_begins_where_no_callee_is_slow() {
    let mut sheet = String::from(
        "time,web-p50latency,web-p90latency,web-cpu,basket-p50latency,basket-p90latency,basket-cpu,stash-p50latency,stash-cpu\n",
    );
    for second in 0..40 {
        let slow = if second < 10 {
            "20,40,0.1,8,12,0.05,2,0.01"
        } else {
            "900,2000,0.1,800,1500,0.05,2,0.01"
        };
        sheet.push_str(&format!("2025-03-01 11:00:{second:02},{slow}\n"));
    }
    let alert = r#"[{"labels": {"alertname": "Slow", "service": "web"}, "annotations": {"summary": "latency of web"}}]"#;
    let shop = Shop::healthy()
        .file("metrics.csv", &sheet)
        .file("alerts.json", alert);
    check(shop, "pod_network_delay", "Deployment/shop/basket");
}
