//! The cluster's side of the made-up run: objects, metrics, log lines, changes.

use super::{APPLY, GOOD, ONSET, tick};
use aegis_model::kubernetes::{
    DeploymentSpec, Kind, NodeCapacity, NodeSpec, ObjectRef, ServiceSpec,
};
use aegis_model::objects::{
    Condition, ConditionStatus, ContainerState, ContainerStatus, Endpoint, Header, Node, Pod,
    PodCondition, PodConditions, PodPhase, Service, Workload, WorkloadSpec, WorkloadStatus,
};
use aegis_model::observation::{
    BUCKET_COUNT, EdgeSample, EntrySample, LogCount, NodeSample, PodSample, RequestStats,
    ServiceSample,
};
use aegis_model::path::FieldPath;
use aegis_model::{
    ChangeRecord, FieldChange, NodeId, ObjectChange, ObservationDelta, PodId, RowDelta, Samples,
    ServiceId, TemplateId, Tick, WorkloadId,
};
use serde::Serialize;
use serde_json::{Value, json};
use std::sync::Arc;

/// Services and workloads, by id.
pub const NAMES: [&str; 8] = [
    "frontend",
    "checkoutservice",
    "cartservice",
    "redis-cart",
    "productcatalogservice",
    "currencyservice",
    "paymentservice",
    "recommendationservice",
];

/// Who calls whom, with calls per request of the entry.
pub const EDGES: [(u32, u32, f64); 10] = [
    (0, 1, 0.1),
    (0, 2, 1.2),
    (0, 4, 2.0),
    (0, 5, 1.5),
    (0, 7, 0.8),
    (1, 2, 0.2),
    (1, 5, 0.2),
    (1, 6, 0.1),
    (2, 3, 1.4),
    (7, 4, 0.8),
];

/// A keyframe each 60 s, else what changed.
pub fn scrape(t: i64) -> ObservationDelta {
    let keyframe = (t + 285) % 60 == 0;
    ObservationDelta {
        at: tick(t),
        keyframe,
        rows: if keyframe {
            all_rows(t)
        } else {
            changed_rows(t)
        },
        changes: changes(t),
        samples: samples(t),
        logs: logs(t),
    }
}

/// Whether the leak hurts users then.
pub fn is_bad(t: i64) -> bool {
    (ONSET + 30..GOOD - 45).contains(&t)
}

/// A steady wobble of ±2 %, without a generator.
fn wobble(t: i64, salt: i64) -> f64 {
    let step = (t * 7 + salt * 13).rem_euclid(17) as f64;
    1.0 + (step - 8.0) / 400.0
}

fn header(kind: Kind, name: &str, number: u32) -> Header {
    Header {
        reference: ObjectRef::new(kind, "default", name),
        labels: Arc::default(),
        annotations: Arc::default(),
        number,
        generation: 1,
        created: Tick(10),
        deletion: None,
        removed: None,
        doc: Arc::new(json!({"metadata": {"name": name}})),
    }
}

fn row<T: Serialize>(table: &str, row: u32, value: &T) -> RowDelta {
    RowDelta {
        table: table.into(),
        row,
        value: serde_json::to_value(value).expect("a row is JSON"),
    }
}

fn node(id: u32) -> RowDelta {
    let ready = Condition {
        kind: "Ready".into(),
        status: ConditionStatus::True,
        reason: "KubeletReady".into(),
        message: "kubelet is posting ready status".into(),
        since: Tick(5),
        updated: Tick(5),
    };
    let node = Node {
        header: header(Kind::Node, &format!("node-{id}"), id),
        spec: Arc::new(NodeSpec::default()),
        capacity: Arc::new(NodeCapacity::default()),
        conditions: vec![ready],
    };
    row("nodes", id, &node)
}

fn workload(id: u32, t: i64) -> RowDelta {
    let ready = u32::from(id != 2 || !is_bad(t));
    let workload = Workload {
        header: header(Kind::Deployment, NAMES[id as usize], 10 + id),
        spec: Arc::new(WorkloadSpec::Deployment(DeploymentSpec::default())),
        template: TemplateId(id),
        revision: if id == 2 && t >= ONSET { 2 } else { 1 },
        pods: Arc::new(vec![PodId(id)]),
        history: Default::default(),
        next_ordinal: 1,
        status: WorkloadStatus {
            replicas: 1,
            updated: 1,
            ready,
            available: ready,
            unavailable: 1 - ready,
            ..WorkloadStatus::default()
        },
    };
    row("workloads", id, &workload)
}

fn service(id: u32, t: i64) -> RowDelta {
    let service = Service {
        header: header(Kind::Service, NAMES[id as usize], 30 + id),
        spec: Arc::new(ServiceSpec::default()),
        endpoints: Arc::new(vec![Endpoint {
            pod: PodId(id),
            ready: id != 2 || !is_bad(t),
            terminating: false,
        }]),
    };
    row("services", id, &service)
}

fn pod(id: u32, t: i64) -> RowDelta {
    let restarts = if id == 2 {
        ((t.min(APPLY) - ONSET) / 30).max(0)
    } else {
        0
    };
    let holds = PodCondition {
        status: ConditionStatus::from(id != 2 || !is_bad(t)),
        ..PodCondition::default()
    };
    let pod = Pod {
        name: format!("{}-7d9f8b6c5-x{id}", NAMES[id as usize]).into(),
        namespace: "default".into(),
        labels: Arc::default(),
        number: 50 + id,
        workload: WorkloadId(id),
        ordinal: 0,
        replica_set: None,
        template: TemplateId(id),
        node: Some(NodeId(id % 3)),
        nominated: None,
        gates: None,
        finalizers: None,
        made_for: None,
        edits: 0,
        priority: 0,
        created: Tick(12),
        started: Some(Tick(13)),
        phase: PodPhase::Running,
        reason: None,
        message: None,
        conditions: PodConditions {
            ready: holds,
            ..PodConditions::default()
        },
        containers: vec![ContainerStatus {
            state: ContainerState::Running { since: Tick(20) },
            last: None,
            ready: true,
            started: true,
            restarts: u32::try_from(restarts).expect("few restarts"),
        }],
        deletion: None,
        removed: None,
    };
    row("pods", id, &pod)
}

/// The pod that the roll-back makes: a surge of 20 s, then it is the only one.
fn pods_after(t: i64) -> Vec<RowDelta> {
    if t < APPLY + 15 {
        return Vec::new();
    }
    let mut fresh = pod(0, t);
    fresh.row = 8;
    fresh.value["name"] = Value::from("cartservice-5c6b7d8f9-n8");
    fresh.value["workload"] = Value::from(2);
    fresh.value["created"] = Value::from(tick(APPLY + 2).0);
    let mut old = pod(2, t);
    old.value["removed"] = Value::from(tick(APPLY + 22).0);
    vec![old, fresh]
}

fn all_rows(t: i64) -> Vec<RowDelta> {
    let ids = || 0..NAMES.len() as u32;
    let mut rows: Vec<RowDelta> = (0..3).map(node).collect();
    rows.extend(ids().map(|id| workload(id, t)));
    rows.extend(ids().map(|id| service(id, t)));
    rows.extend(ids().map(|id| pod(id, t)));
    rows.extend(pods_after(t));
    rows
}

fn changed_rows(t: i64) -> Vec<RowDelta> {
    let mut rows = vec![workload(2, t), service(2, t), pod(2, t)];
    rows.extend(pods_after(t));
    rows
}

fn update(
    t: i64,
    actor: &str,
    name: &str,
    path: &str,
    before: Value,
    after: Value,
) -> ChangeRecord {
    let object = ObjectRef::new(Kind::Deployment, "default", name);
    let path: FieldPath = path.parse().expect("a path");
    let fields = vec![FieldChange {
        path,
        before: Some(before),
        after: Some(after),
    }];
    ChangeRecord {
        at: tick(t),
        actor: actor.into(),
        object: object.clone(),
        change: Arc::new(ObjectChange::Update { object, fields }),
    }
}

fn changes(t: i64) -> Vec<ChangeRecord> {
    let image = "spec.template.spec.containers[name=server].image";
    match t {
        -285 => vec![update(
            -900,
            "user:deployer",
            "frontend",
            "spec.replicas",
            json!(0),
            json!(1),
        )],
        90 => vec![update(
            82,
            "user:deployer",
            "currencyservice",
            "spec.replicas",
            json!(2),
            json!(1),
        )],
        180 => vec![update(
            ONSET,
            "user:deployer",
            "cartservice",
            image,
            json!("cartservice:v0.10.2"),
            json!("cartservice:v0.10.3"),
        )],
        270 => vec![update(
            APPLY,
            "aegis",
            "cartservice",
            image,
            json!("cartservice:v0.10.3"),
            json!("cartservice:v0.10.2"),
        )],
        _ => Vec::new(),
    }
}

/// So many requests of which a share fails, most of them faster than the bucket's bound.
pub fn requests(total: f64, failed: f64, bucket: usize, slow: f64) -> RequestStats {
    let mut buckets = [0.0; BUCKET_COUNT];
    buckets[bucket] = total * (0.9 - slow);
    buckets[bucket + 1] = total * 0.1;
    buckets[10] = total * slow;
    RequestStats {
        total,
        errors: total * failed,
        buckets,
    }
}

fn entry(t: i64) -> RequestStats {
    let total = 1800.0 * wobble(t, 1);
    if is_bad(t) {
        let depth = ((t - ONSET) as f64 / 90.0).min(1.0);
        requests(total, 0.18 * depth, 5, 0.06 * depth)
    } else {
        requests(total, 0.0008 * wobble(t, 3), 4, 0.001)
    }
}

fn served(t: i64, id: u32) -> ServiceSample {
    let share: f64 = EDGES
        .iter()
        .filter(|edge| edge.1 == id)
        .map(|edge| edge.2)
        .sum();
    let share = if id == 0 { 1.0 } else { share };
    let hurt = is_bad(t) && id <= 2;
    ServiceSample {
        workload: WorkloadId(id),
        requests: requests(
            1800.0 * share * wobble(t, i64::from(id)),
            if hurt { 0.2 } else { 0.0 },
            2,
            0.0,
        ),
        in_flight: 1.0 + share,
    }
}

fn edge(t: i64, (from, to, ratio): (u32, u32, f64)) -> EdgeSample {
    let attempts = 1800.0 * ratio * wobble(t, i64::from(to));
    let hurt = is_bad(t) && to == 2;
    EdgeSample {
        from: WorkloadId(from),
        to: ServiceId(to),
        attempts,
        failures: if hurt { attempts * 0.22 } else { 0.0 },
        latency: Some(if hurt { 1.2 } else { 0.012 }),
    }
}

fn working_set(t: i64, id: u32) -> f64 {
    const MIB: f64 = 1024.0 * 1024.0;
    if id == 2 && (ONSET..APPLY + 20).contains(&t) {
        return (64.0 + ((t - ONSET) % 32) as f64 * 2.0) * MIB;
    }
    (40.0 + 8.0 * f64::from(id)) * MIB
}

fn samples(t: i64) -> Samples {
    let pods = 0..NAMES.len() as u32;
    Samples {
        interval: 15.0,
        entries: vec![EntrySample {
            service: ServiceId(0),
            requests: entry(t),
        }],
        services: pods.clone().map(|id| served(t, id)).collect(),
        edges: EDGES.iter().map(|e| edge(t, *e)).collect(),
        pods: pods
            .map(|id| PodSample {
                pod: PodId(id),
                cpu: 0.12 * wobble(t, i64::from(id)),
                memory: working_set(t, id),
                throttled: 0.0,
            })
            .collect(),
        nodes: (0..3)
            .map(|id| NodeSample {
                node: NodeId(id),
                cpu: 1.1 * wobble(t, i64::from(id)),
                memory: 3e9,
            })
            .collect(),
    }
}

fn logs(t: i64) -> Vec<LogCount> {
    if !is_bad(t) {
        return Vec::new();
    }
    vec![LogCount {
        workload: WorkloadId(0),
        template: "rpc error: code = Unavailable desc = connection refused to <*>".into(),
        count: 210,
    }]
}
