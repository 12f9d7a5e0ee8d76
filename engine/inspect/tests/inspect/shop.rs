//! A small shop as a bundle: `web` calls `basket`, which calls the store `stash`. Healthy as it
//! stands; each test breaks one thing.

use aegis_inspect::{Scope, inspect};
use aegis_model::bundle::Bundle;
use aegis_model::inspection::Inspection;
use aegis_telemetry::bundle::read_part;
use serde_json::{Value, json};

/// The bundle's files, before they are read.
pub struct Shop {
    pub objects: Vec<Value>,
    pub events: Vec<Value>,
    pub files: Vec<(String, String)>,
}

const SERVERS: &[(&str, u64, &str)] = &[
    ("web", 8080, "example/web:1"),
    ("basket", 7070, "example/basket:1"),
    ("stash", 6379, "redis:8"),
];

impl Shop {
    pub fn healthy() -> Self {
        let mut objects = Vec::new();
        for (at, role) in [(0, "control-plane"), (1, "worker"), (2, "worker")] {
            objects.push(node(at, role));
        }
        for (name, port, image) in SERVERS {
            objects.extend(server(name, *port, image));
        }
        let calls = r#"{"web": ["basket"], "basket": ["stash"]}"#;
        let about = r#"{"namespace": "shop", "collectedAt": "2025-03-01T12:00:00Z"}"#;
        Self {
            objects,
            events: Vec::new(),
            files: vec![
                ("dependencies.json".to_owned(), calls.to_owned()),
                ("cluster.json".to_owned(), about.to_owned()),
            ],
        }
    }

    /// Changes an object in place.
    pub fn set(mut self, kind: &str, name: &str, pointer: &str, value: Value) -> Self {
        let object = self
            .objects
            .iter_mut()
            .find(|one| one["kind"] == kind && one["metadata"]["name"] == name);
        let object = object.unwrap_or_else(|| panic!("{kind} {name}"));
        let (parent, key) = pointer.rsplit_once('/').unwrap_or(("", pointer));
        let parent = object
            .pointer_mut(parent)
            .unwrap_or_else(|| panic!("{pointer}"));
        match parent {
            Value::Array(items) => items[key.parse::<usize>().unwrap_or(0)] = value,
            parent => parent[key] = value,
        }
        self
    }

    /// The same in a Deployment's template and in its pod.
    pub fn set_pods(self, name: &str, pointer: &str, value: Value) -> Self {
        let pod = format!("{name}-5d9c7b-x2x4x");
        self.set(
            "Deployment",
            name,
            &format!("/spec/template/spec{pointer}"),
            value.clone(),
        )
        .set("Pod", &pod, &format!("/spec{pointer}"), value)
    }

    /// A pod that is not ready, in this state.
    #[expect(clippy::needless_pass_by_value, reason = "a literal at every call")]
    pub fn broken(self, name: &str, phase: &str, status: Value) -> Self {
        let pod = format!("{name}-5d9c7b-x2x4x");
        self.set(
            "Pod",
            &pod,
            "/status",
            json!({"phase": phase, "containerStatuses": [status]}),
        )
        .set("Endpoints", name, "/subsets", json!([]))
    }

    /// A pod without a node.
    pub fn pending(self, name: &str, message: &str) -> Self {
        let pod = format!("{name}-5d9c7b-x2x4x");
        self.set("Pod", &pod, "/status", json!({"phase": "Pending"}))
            .set("Pod", &pod, "/spec/nodeName", Value::Null)
            .set("Endpoints", name, "/subsets", json!([]))
            .warn("Pod", &pod, "FailedScheduling", message)
    }

    pub fn warn(mut self, kind: &str, name: &str, reason: &str, message: &str) -> Self {
        self.events.push(json!({
            "type": "Warning", "reason": reason, "message": message, "count": 4,
            "lastTimestamp": "2025-03-01T11:59:00Z",
            "involvedObject": {"kind": kind, "namespace": "shop", "name": name},
        }));
        self
    }

    pub fn file(mut self, path: &str, text: &str) -> Self {
        self.files.push((path.to_owned(), text.to_owned()));
        self
    }

    pub fn add(mut self, object: Value) -> Self {
        self.objects.push(object);
        self
    }

    pub fn without(mut self, kind: &str, name: &str) -> Self {
        self.objects
            .retain(|one| !(one["kind"] == kind && one["metadata"]["name"] == name));
        self
    }

    pub fn bundle(self) -> Bundle {
        let mut bundle = Bundle {
            objects: self.objects,
            ..Bundle::default()
        };
        let events = json!({"items": self.events}).to_string();
        read_part("events.json", &events, &mut bundle);
        for (path, text) in &self.files {
            read_part(path, text, &mut bundle);
        }
        bundle
    }

    pub fn diagnosed(self) -> Inspection {
        inspect(&self.bundle(), &Scope::default())
    }
}

fn node(at: u32, role: &str) -> Value {
    let name = format!("node-{at}");
    let mut labels = json!({"kubernetes.io/hostname": name});
    labels[format!("node-role.kubernetes.io/{role}")] = json!("");
    json!({
        "apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels},
        "spec": {"unschedulable": role == "control-plane"},
        "status": {"conditions": [{"type": "Ready", "status": "True", "reason": "KubeletReady"}],
                   "allocatable": {"cpu": "4", "memory": "8Gi", "pods": "110"}},
    })
}

fn server(name: &str, port: u64, image: &str) -> Vec<Value> {
    let pod = format!("{name}-5d9c7b-x2x4x");
    let labels = json!({"app": name});
    let spec = json!({
        "nodeName": "node-1",
        "containers": [{
            "name": "server", "image": image,
            "ports": [{"containerPort": port, "protocol": "TCP"}],
            "env": [{"name": "PORT", "value": port.to_string()}],
            "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"memory": "128Mi"}},
            "readinessProbe": {"grpc": {"port": port}, "periodSeconds": 10, "failureThreshold": 3},
            "livenessProbe": {"grpc": {"port": port}, "periodSeconds": 10, "failureThreshold": 3},
        }],
    });
    let mut template = spec.clone();
    template["nodeName"] = Value::Null;
    let at = |kind: &str, name: &str| json!({"name": name, "namespace": "shop", "labels": labels, "kind": kind});
    let owned = |kind: &str, name: &str| json!([{"kind": kind, "name": name, "controller": true}]);
    let set = format!("{name}-5d9c7b");
    let mut pod_meta = at("Pod", &pod);
    pod_meta["ownerReferences"] = owned("ReplicaSet", &set);
    let mut set_meta = at("ReplicaSet", &set);
    set_meta["ownerReferences"] = owned("Deployment", name);
    vec![
        json!({"kind": "Deployment", "metadata": at("Deployment", name), "spec": {"replicas": 1,
            "selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": template}},
            "status": {"replicas": 1, "readyReplicas": 1}}),
        json!({"kind": "ReplicaSet", "metadata": set_meta, "spec": {"replicas": 1}}),
        json!({"kind": "Pod", "metadata": pod_meta, "spec": spec, "status": {"phase": "Running", "podIP": "10.1.0.9",
            "containerStatuses": [{"name": "server", "ready": true, "restartCount": 0, "state": {"running": {}}}]}}),
        json!({"kind": "Service", "metadata": at("Service", name), "spec": {"selector": labels, "clusterIP": format!("10.96.0.{}", port % 200),
            "ports": [{"port": port, "targetPort": port, "protocol": "TCP"}]}}),
        json!({"kind": "Endpoints", "metadata": at("Endpoints", name), "subsets": [{"addresses": [{"ip": "10.1.0.9"}], "ports": [{"port": port}]}]}),
    ]
}
