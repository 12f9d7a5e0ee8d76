//! Applications that run, and what is put on their stage before a fault.

use aegis_faults::{Fault, Needs, TargetKind, applicable};
use aegis_model::kubernetes::{Kind, ObjectRef};
use aegis_model::{Action, Doc, FieldChange, ObjectChange, Target, WorkloadId};
use aegis_sim::Draws;
use aegis_sim::api::Propagation;
use aegis_sim::infer::infer;
use aegis_world::{
    Act, Change, Curve, Deletion, Founded, Gap, Load, Noise, PAST, Parts, Schedule, World,
};
use serde_json::json;
use std::sync::Arc;

/// An application that has run for a while.
pub struct Stage {
    pub world: World,
}

const SEED: u64 = 7;

impl Stage {
    pub fn all() -> Vec<Self> {
        [("online-boutique", 60.0), ("sock-shop", 30.0)]
            .into_iter()
            .map(|(name, rate)| Self {
                world: settled(name, rate),
            })
            .collect()
    }
}

fn documents(application: &str) -> Vec<Doc> {
    let path = format!(
        "{}/../../scenarios/manifests/{application}.yaml",
        env!("CARGO_MANIFEST_DIR")
    );
    let text = std::fs::read_to_string(path).expect("a bundled manifest");
    let manifests = aegis_kube::read(application, &text).expect("a manifest");
    let node = |index: usize| {
        let amounts = json!({"cpu": "4", "memory": "16Gi", "pods": "110"});
        let name = format!("node-{index}");
        let zone = ["a", "b", "c"][index % 3];
        Arc::new(json!({
            "apiVersion": "v1", "kind": "Node",
            "metadata": {"name": name, "labels": {
                "kubernetes.io/os": "linux", "beta.kubernetes.io/os": "linux",
                "kubernetes.io/hostname": name, "topology.kubernetes.io/zone": zone,
            }},
            "status": {"capacity": amounts, "allocatable": amounts},
        }))
    };
    (0..3)
        .map(node)
        .chain(manifests.into_iter().map(|document| document.value))
        .collect()
}

fn settled(application: &str, rate: f64) -> World {
    let founded = Founded::new(&documents(application)).expect("a cluster");
    let inferred = infer(founded.objects());
    let pick = Gap::Medium.pick(Draws::new(SEED).derive(99));
    let loads = inferred.entries.iter().map(|entry| Load {
        to: entry.service,
        port: 0,
        curve: Curve::Constant(rate),
        cv: 0.0,
    });
    let parts = Parts {
        behaviours: inferred.pick(pick),
        loads: loads.collect(),
        schedule: Schedule(vec![]),
        gap: Gap::Medium,
        noise: Noise::default(),
        seed: SEED,
        ..Parts::default()
    };
    let mut world = World::new(founded, parts);
    world.settle();
    world.advance(PAST);
    world
}

/// The application and target on which a fault is shown: what a shop cannot do without.
pub fn choose<'a>(stages: &'a [Stage], fault: &Fault) -> Option<(&'a Stage, Target)> {
    stages.iter().find_map(|stage| {
        let objects = stage.world.objects();
        let found = applicable(fault, objects);
        let name = |target: &Target| {
            aegis_faults::step::of_target(objects, *target)
                .map(|header| header.reference.name.to_string())
        };
        let liked = liked(fault).iter().find_map(|liked| {
            found
                .iter()
                .find(|target| name(target).as_deref() == Some(*liked))
                .copied()
        });
        let node = || fault.targets == [TargetKind::Node];
        let target = liked.or_else(|| {
            found.first().copied().filter(|_| {
                node()
                    || fault.targets.contains(&TargetKind::Cluster)
                    || fault.targets.contains(&TargetKind::Plain)
            })
        });
        let target = target.or_else(|| found.first().copied())?;
        Some((
            stage,
            if node() {
                crowded(&stage.world, &found).unwrap_or(target)
            } else {
                target
            },
        ))
    })
}

fn liked(fault: &Fault) -> &'static [&'static str] {
    match (fault.needs, fault.id) {
        (_, "edge_certificate_expired") => &["frontend-external"],
        (
            _,
            "worker_exhaustion"
            | "load_burst"
            | "retries_collapse"
            | "flag_slow_images"
            | "request_filter_backtracks",
        ) => &["frontend"],
        (Needs::Store | Needs::Cache, _) => &["redis-cart"],
        (Needs::Broker, _) => &["rabbitmq"],
        _ => &["cartservice"],
    }
}

/// The node on which most pods run.
fn crowded(world: &World, found: &[Target]) -> Option<Target> {
    let pods = |target: &&Target| {
        let Target::Node(node) = target else { return 0 };
        let rows = world.objects().pods.iter();
        rows.filter(|pod| pod.is_active() && pod.node == Some(*node))
            .count()
    };
    found.iter().max_by_key(pods).copied()
}

/// Puts what a fault needs on the stage, and lets rollouts end.
pub fn put_on(world: &mut World, fault: &'static Fault, target: Target) {
    world.strike(Act::Stage {
        fault,
        target,
        actor: "user:platform".into(),
    });
    if !fault.stage.is_empty() {
        world.advance(120);
    }
}

pub fn strike(world: &mut World, fault: &'static Fault, target: Target) {
    world.strike(Act::Fault {
        fault,
        target,
        parameters: vec![],
        lasts: None,
        actor: "user:deployer".into(),
    });
}

/// The pods of a workload are made anew.
pub fn strike_pods(world: &mut World, workload: Option<WorkloadId>) {
    let Some(workload) = workload else { return };
    world.strike(Act::Change {
        change: Change::Delete(Deletion::PodsOf(workload), Propagation::Unsaid),
        actor: "user:operator".into(),
        every: None,
    });
}

/// Takes the finalizers of all that is to go away.
pub fn clear_finalizers(world: &mut World) {
    let held: Vec<ObjectRef> = (world.objects().plain.iter())
        .filter(|row| row.header.exists() && row.header.deletion.is_some())
        .map(|row| row.header.reference.clone())
        .collect();
    for object in held
        .into_iter()
        .filter(|object| object.kind != Kind::Namespace)
    {
        let field = FieldChange {
            path: aegis_faults::mistakes::finalizers(),
            before: None,
            after: None,
        };
        world.strike(Act::Change {
            change: Change::Write(Arc::new(ObjectChange::Update {
                object,
                fields: vec![field],
            })),
            actor: "user:operator".into(),
            every: None,
        });
    }
}

/// Three times the replicas of everything: more room than the load needs.
pub fn busy(world: &World, _: WorkloadId, factor: u32) -> Vec<Action> {
    let rows = world.objects().workloads.enumerate();
    rows.filter_map(|(index, row)| {
        let replicas = row
            .spec
            .replicas()
            .filter(|_| row.header.exists() && row.header.reference.kind == Kind::Deployment)?;
        Some(Action::Scale {
            workload: WorkloadId::from(index),
            replicas: replicas * factor,
        })
    })
    .collect()
}

/// No retries at the callers of a workload.
pub fn calmer(world: &World, workload: WorkloadId) -> Vec<Action> {
    let objects = world.objects();
    let row = &objects.workloads[workload.index()];
    let services = objects
        .services
        .enumerate()
        .filter(|(_, service)| aegis_faults::words::selects(service, row));
    services
        .flat_map(|(index, _)| {
            objects
                .workloads
                .enumerate()
                .map(move |(caller, _)| Action::SetRetries {
                    workload: WorkloadId::from(caller),
                    service: index.into(),
                    retries: Some(0),
                    timeout: None,
                })
        })
        .collect()
}
