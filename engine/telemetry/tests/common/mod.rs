//! A cluster of two pods with hostile names, and its scrapes.
#![allow(dead_code, reason = "each test takes the parts that it needs")]

use aegis_model::kubernetes::{
    Container, DeploymentSpec, Kind, NodeCapacity, ObjectRef, PodTemplateSpec, ResourceList,
    ResourceRequirements, ServiceSpec,
};
use aegis_model::objects::{
    ConditionStatus, ContainerState, ContainerStatus, Header, Node, Pod, PodConditions, PodPhase,
    Service, Template, Termination, Workload, WorkloadSpec, WorkloadStatus,
};
use aegis_model::observation::{
    BUCKET_COUNT, EdgeSample, EdgeTiming, EntrySample, NodeSample, PodSample, RequestStats,
    ServiceSample, Timing,
};
use aegis_model::{NodeId, Objects, PodId, Samples, ServiceId, TemplateId, Tick, WorkloadId};
use aegis_telemetry::Scrape;
use serde_json::Value;
use std::sync::Arc;

fn header(kind: Kind, name: &str) -> Header {
    Header {
        reference: ObjectRef::new(kind, "shop", name),
        labels: Arc::default(),
        annotations: Arc::default(),
        number: 0,
        generation: 1,
        created: Tick(0),
        deletion: None,
        removed: None,
        doc: Arc::default(),
    }
}

fn amounts(cpu: &str, memory: &str) -> ResourceList {
    let json = serde_json::json!({"cpu": cpu, "memory": memory});
    serde_json::from_value(json).expect("amounts")
}

fn template_document() -> Value {
    let container = |name: &str| {
        serde_json::json!({"name": name, "image": "shop/cart:1", "resources": {
            "limits": {"cpu": "500m", "memory": "128Mi"},
            "requests": {"cpu": "200m", "memory": "64Mi"}}})
    };
    serde_json::json!({"spec": {
        "initContainers": [container("setup")], "containers": [container("server")]}})
}

fn template() -> PodTemplateSpec {
    let mut spec = PodTemplateSpec::default();
    let container = |name: &str| Container {
        name: name.into(),
        resources: ResourceRequirements {
            limits: amounts("500m", "128Mi"),
            requests: amounts("200m", "64Mi"),
        },
        ..Container::default()
    };
    spec.spec.init_containers.push(container("setup"));
    spec.spec.containers.push(container("server"));
    spec
}

fn pod(name: &str) -> Pod {
    let ended = Termination {
        exit_code: 137,
        reason: "OOMKilled".into(),
        started: Tick(1),
        finished: Tick(9),
        message: None,
    };
    let status = |restarts, last| ContainerStatus {
        state: ContainerState::Running { since: Tick(10) },
        last,
        ready: true,
        started: true,
        restarts,
    };
    Pod {
        name: name.into(),
        namespace: "shop".into(),
        labels: Arc::default(),
        number: 0,
        workload: WorkloadId(0),
        ordinal: 0,
        replica_set: None,
        template: TemplateId(0),
        node: Some(NodeId(0)),
        nominated: None,
        gates: None,
        finalizers: None,
        made_for: None,
        edits: 0,
        priority: 0,
        created: Tick(0),
        started: None,
        phase: PodPhase::Running,
        reason: None,
        message: None,
        conditions: PodConditions::default(),
        containers: vec![status(0, None), status(3, Some(ended))],
        deletion: None,
        removed: None,
    }
}

/// One node, one Deployment of two pods, one Service; the name is any text.
pub fn objects(name: &str) -> Objects {
    let mut objects = Objects::default();
    objects.nodes.push(Node {
        header: header(Kind::Node, "node-0"),
        spec: Arc::default(),
        capacity: Arc::new(NodeCapacity {
            capacity: amounts("4", "8G"),
            allocatable: amounts("4", "8G"),
            ..NodeCapacity::default()
        }),
        conditions: vec![aegis_model::objects::Condition {
            kind: "Ready".into(),
            status: ConditionStatus::True,
            reason: "KubeletReady".into(),
            message: "".into(),
            since: Tick(0),
            updated: Tick(0),
        }],
    });
    objects.templates.push(Template {
        spec: Arc::new(template()),
        doc: Arc::new(template_document()),
        hash: "abc".into(),
        admitted_from: None,
    });
    objects.workloads.push(Workload {
        header: header(Kind::Deployment, name),
        spec: Arc::new(WorkloadSpec::Deployment(DeploymentSpec {
            replicas: Some(2),
            ..DeploymentSpec::default()
        })),
        template: TemplateId(0),
        revision: 1,
        pods: Arc::new(vec![PodId(0), PodId(1)]),
        history: Default::default(),
        next_ordinal: 2,
        status: WorkloadStatus {
            available: 1,
            ..WorkloadStatus::default()
        },
    });
    objects.services.push(Service {
        header: header(Kind::Service, name),
        spec: Arc::new(ServiceSpec::default()),
        endpoints: Arc::default(),
    });
    objects.pods.push(pod(&format!("{name}-0")));
    objects.pods.push(pod(&format!("{name}-1")));
    objects
}

/// A scrape of 15 s with 100 requests, 4 of them failed.
pub fn samples() -> Samples {
    let mut buckets = [0.0; BUCKET_COUNT];
    buckets[2] = 90.2;
    buckets[8] = 8.8;
    buckets[BUCKET_COUNT - 1] = 1.0;
    let requests = RequestStats {
        total: 100.0,
        errors: 4.0,
        buckets,
    };
    let pod = |pod| PodSample {
        pod,
        cpu: 0.2,
        memory: 1e8,
        throttled: 0.5,
    };
    Samples {
        interval: 15.0,
        entries: vec![EntrySample {
            service: ServiceId(0),
            requests,
        }],
        services: vec![ServiceSample {
            workload: WorkloadId(0),
            requests,
            in_flight: 1.5,
        }],
        edges: vec![EdgeSample {
            from: WorkloadId(0),
            to: ServiceId(0),
            attempts: 10.0,
            failures: 1.0,
            latency: None,
        }],
        pods: vec![pod(PodId(0)), pod(PodId(1))],
        nodes: vec![NodeSample {
            node: NodeId(0),
            cpu: 1.0,
            memory: 2e9,
        }],
    }
}

/// How long the requests of such a scrape took.
pub fn timing() -> Timing {
    let mut shares = [0.0; BUCKET_COUNT];
    shares[4] = 0.75;
    shares[BUCKET_COUNT - 1] = 0.25;
    Timing {
        services: vec![(WorkloadId(0), 0.04)],
        entries: vec![(ServiceId(0), 0.05)],
        edges: vec![EdgeTiming {
            from: WorkloadId(0),
            to: ServiceId(0),
            mean: 0.1,
            shares,
        }],
    }
}

/// What the API server shows of them.
pub fn list(objects: &Objects) -> Value {
    aegis_kube::print::list(objects, Tick(60), aegis_kube::print::EPOCH)
}

/// A cluster under observation, scrape by scrape.
pub struct Stage {
    pub objects: Objects,
    pub list: Value,
    pub counted: Samples,
    pub shown: Samples,
    pub timing: Timing,
}

impl Stage {
    pub fn new(name: &str) -> Self {
        let objects = objects(name);
        Self {
            list: list(&objects),
            objects,
            counted: samples(),
            shown: samples(),
            timing: timing(),
        }
    }

    /// The scrape so many seconds after tick 0.
    pub fn at(&self, seconds: f64) -> Scrape<'_> {
        Scrape {
            at: seconds,
            list: &self.list,
            objects: &self.objects,
            counted: &self.counted,
            shown: &self.shown,
            timing: &self.timing,
            serving: |template| template.spec.containers.first().map(|c| c.name.as_str()),
        }
    }
}
