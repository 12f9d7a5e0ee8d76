//! Stories of a world: it settles, it repeats, what is hidden stays hidden, and each chaos event does its damage.

use aegis_faults::{by_id, event};
use aegis_model::behaviour::Cancels;
use aegis_model::kubernetes::{Kind, ObjectRef};
use aegis_model::path::FieldPath;
use aegis_model::{
    Behaviour, Doc, FieldChange, LatencyTarget, NodeId, ObjectChange, Objective, Plan, PlanSource,
    ServiceId, Target, WorkloadId,
};
use aegis_sim::Draws;
use aegis_sim::infer::{Pick, infer};
use aegis_world::{
    Act, Ahead, Change, Curve, Entry, Founded, Gap, Load, Noise, PAST, Parts, Retrial, Schedule,
    World,
};
use serde_json::json;
use std::sync::Arc;

fn documents(application: &str, nodes: usize) -> Vec<Doc> {
    let path = format!(
        "{}/../../scenarios/manifests/{application}.yaml",
        env!("CARGO_MANIFEST_DIR")
    );
    let text = std::fs::read_to_string(path).expect("a bundled manifest");
    let manifests = aegis_kube::read(application, &text).expect("a manifest");
    let node = |index: usize| {
        let amounts = json!({"cpu": "4", "memory": "16Gi", "pods": "110"});
        Arc::new(json!({
            "apiVersion": "v1", "kind": "Node",
            "metadata": {"name": format!("node-{index}"), "labels": {"kubernetes.io/os": "linux", "beta.kubernetes.io/os": "linux"}},
            "status": {"capacity": amounts, "allocatable": amounts},
        }))
    };
    (0..nodes)
        .map(node)
        .chain(manifests.into_iter().map(|document| document.value))
        .collect()
}

/// The application at `rate` requests per second at its entry.
fn world(application: &str, nodes: usize, rate: f64, seed: u64, entries: Vec<Entry>) -> World {
    let edit = |documents| documents;
    tuned(
        (application, nodes),
        rate,
        seed,
        entries,
        (edit, |_: &mut _| {}),
    )
}

/// The same with documents as `edit` makes them, and behaviour as `tune` leaves it.
fn tuned(
    (application, nodes): (&str, usize),
    rate: f64,
    seed: u64,
    entries: Vec<Entry>,
    (edit, tune): (
        impl Fn(Vec<Doc>) -> Vec<Doc>,
        impl Fn(&mut [Option<Behaviour>]),
    ),
) -> World {
    let founded = Founded::new(&edit(documents(application, nodes))).expect("a cluster");
    let inferred = infer(founded.objects());
    let gap = Gap::Medium;
    let pick = gap.pick(Draws::new(seed).derive(99));
    let loads = inferred.entries.iter().map(|entry| Load {
        to: entry.service,
        port: 0,
        curve: Curve::Constant(rate),
        cv: 0.0,
    });
    let mut behaviours = inferred.pick(pick);
    tune(&mut behaviours);
    let parts = Parts {
        behaviours,
        loads: loads.collect(),
        schedule: Schedule(entries),
        gap,
        noise: Noise::default(),
        seed,
        ..Parts::default()
    };
    World::new(founded, parts)
}

fn boutique(entries: Vec<Entry>) -> World {
    world("online-boutique", 3, 60.0, 7, entries)
}

fn workload(world: &World, name: &str) -> WorkloadId {
    let rows = &world.objects().workloads;
    let found = rows
        .iter()
        .position(|row| row.header.reference.name == name);
    found.expect("a workload of that name").into()
}

fn service(world: &World, name: &str) -> ServiceId {
    let rows = &world.objects().services;
    let found = rows
        .iter()
        .position(|row| row.header.reference.name == name);
    found.expect("a Service of that name").into()
}

fn fault(id: &str, at: u32, target: Target, parameters: Vec<f64>) -> Entry {
    let fault = event(id)
        .and_then(aegis_faults::Event::fault)
        .or_else(|| by_id(id));
    Entry {
        at,
        act: Act::Fault {
            fault: fault.expect("a fault of that id"),
            target,
            parameters,
            lasts: None,
            actor: "user:deployer".into(),
        },
    }
}

fn scale(name: &str, at: u32, replicas: u32) -> Entry {
    let object = ObjectRef::new(Kind::Deployment, "default", name);
    let field = FieldChange {
        path: FieldPath::default().key("spec").key("replicas"),
        before: None,
        after: Some(replicas.into()),
    };
    let change = ObjectChange::Update {
        object,
        fields: vec![field],
    };
    Entry {
        at,
        act: Act::Change {
            change: Change::Write(Arc::new(change)),
            actor: "user:alice".into(),
            every: None,
        },
    }
}

/// Share of requests of the next `seconds` that failed.
fn failed(world: &mut World, seconds: u32) -> f64 {
    let (mut requests, mut errors) = (0.0, 0.0);
    for _ in 0..seconds {
        world.advance(1);
        for entry in world.entries() {
            requests += entry.last.requests;
            errors += entry.last.requests * entry.last.failed;
        }
    }
    errors / requests
}

fn objectives(world: &World) -> Vec<Objective> {
    let entry = world.entries().first().expect("an entry").service;
    vec![Objective {
        service: entry,
        availability: 0.99,
        latency: Some(LatencyTarget {
            share: 0.99,
            below: 1.0,
        }),
        window: 600,
    }]
}

#[test]
fn both_applications_settle_and_serve_without_a_failure() {
    for (application, rate) in [("online-boutique", 60.0), ("sock-shop", 30.0)] {
        let mut world = world(application, 3, rate, 7, vec![]);
        let settled = world.settle();
        assert_eq!(settled.unavailable, [], "{application}");
        assert!(settled.seconds < 300, "{application}: {settled:?}");
        assert_eq!(world.time(), -i64::from(PAST));
        world.advance(PAST);
        assert_eq!(world.time(), 0);
        let share = failed(&mut world, 300);
        assert!(share < 0.002, "{application}: {share}");
        assert_eq!(world.objects().changes.len(), 0);
    }
}

/// A text of everything that an operator sees of a run, every 15 s.
fn seen(mut world: World, seconds: u32) -> Vec<String> {
    world.settle();
    let looks = (0..seconds / 15).map(|_| {
        world.advance(15);
        format!("{:?}", world.observe())
    });
    looks.collect()
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_gives_others() {
    let run = |seed| seen(world("online-boutique", 3, 60.0, seed, vec![]), 120);
    assert!(run(7) == run(7));
    assert!(run(7) != run(8));
}

#[test]
fn what_is_scheduled_shows_nothing_until_it_happens() {
    let quiet = seen(boutique(vec![]), 300);
    let target = Target::Workload(workload(&boutique(vec![]), "cartservice"));
    // At time 0 the past of 300 s is over; the leak begins 30 s later.
    let faulty = seen(
        boutique(vec![fault("memory_leak", 30, target, vec![])]),
        300,
    );
    assert!(quiet == faulty);
}

#[test]
fn a_hidden_fault_leaves_no_entry_and_a_change_does() {
    let target = Target::Workload(workload(&boutique(vec![]), "cartservice"));
    let mut world = boutique(vec![
        fault("memory_leak", 10, target, vec![]),
        scale("frontend", 20, 2),
        fault("network_policy_block", 40, target, vec![]),
    ]);
    world.settle();
    world.advance(PAST + 60);
    let changes: Vec<String> = world
        .objects()
        .changes
        .iter()
        .map(|entry| format!("{} {}", entry.actor, entry.object))
        .collect();
    assert_eq!(
        changes,
        [
            "user:alice Deployment/default/frontend",
            "user:deployer NetworkPolicy/default/cartservice-ingress"
        ]
    );
    let revelation = world.reveal();
    let causes: Vec<(&str, String)> = revelation
        .causes
        .iter()
        .map(|cause| (cause.fault, cause.object.to_string()))
        .collect();
    assert_eq!(
        causes,
        [
            ("memory_leak", "Deployment/default/cartservice".to_string()),
            (
                "network_policy_block",
                "NetworkPolicy/default/cartservice-ingress".to_string()
            )
        ]
    );
    assert_eq!(revelation.onset, Some(10));
    assert_eq!(revelation.skipped, Vec::<String>::new());
}

/// Failures in the two minutes before an event, and from one to seven minutes after it.
fn before_and_after(entry: Entry, nodes: usize) -> (f64, f64, World) {
    let at = entry.at;
    let mut world = world("online-boutique", nodes, 60.0, 7, vec![entry]);
    world.settle();
    world.advance(PAST);
    let before = failed(&mut world, at);
    world.advance(60);
    let after = failed(&mut world, 360);
    (before, after, world)
}

#[test]
fn an_oom_storm_kills_pods_and_callers_fail() {
    let target = Target::Workload(workload(&boutique(vec![]), "cartservice"));
    let (before, after, world) =
        before_and_after(fault("oom_storm", 120, target, vec![4.0 * 1_048_576.0]), 3);
    assert!(before < 0.002, "{before}");
    assert!(after > 0.01, "{after}");
    let oom = world.objects().pods.iter().flat_map(|pod| &pod.containers);
    let oom = oom
        .filter_map(|c| c.last.as_ref())
        .filter(|t| t.reason == "OOMKilled")
        .count();
    assert!(oom > 0);
}

#[test]
fn a_failing_probe_takes_all_endpoints_away() {
    let target = Target::Workload(workload(&boutique(vec![]), "cartservice"));
    let (before, after, world) = before_and_after(fault("probe_failure", 120, target, vec![]), 3);
    assert!(before < 0.002 && after > 0.5, "{before} {after}");
    let cart = &world.objects().services[service(&world, "cartservice").index()];
    assert!(cart.endpoints.iter().all(|endpoint| !endpoint.ready));
}

#[test]
fn a_lockout_lets_nobody_in() {
    let target = Target::Workload(workload(&boutique(vec![]), "cartservice"));
    let (before, after, _) = before_and_after(fault("netpol_lockout", 120, target, vec![]), 3);
    assert!(before < 0.002 && after > 0.5, "{before} {after}");
}

#[test]
fn a_burst_fills_queues_until_requests_fail() {
    // Named by its inner Service; users come through the outer one.
    let target = Target::Service(service(&boutique(vec![]), "frontend"));
    let (before, after, world) =
        before_and_after(fault("burst_traffic", 120, target, vec![12.0]), 3);
    assert!(before < 0.002 && after > 0.05, "{before} {after}");
    assert_eq!(world.reveal().causes.len(), 1);
}

#[test]
fn a_drain_leaves_pods_without_a_place() {
    // Two small nodes: what one loses does not fit on the other.
    let (_, _, world) =
        before_and_after(fault("node_drain", 60, Target::Node(NodeId(0)), vec![]), 1);
    let pending = world
        .objects()
        .pods
        .iter()
        .filter(|pod| pod.is_active() && pod.node.is_none());
    assert!(pending.count() > 0);
    let actor: Vec<&str> = world
        .objects()
        .changes
        .iter()
        .map(|entry| entry.actor.as_str())
        .collect();
    assert_eq!(actor, ["user:deployer"]);
}

fn wait() -> Arc<Plan> {
    Arc::new(Plan {
        id: "wait".into(),
        steps: vec![],
        answers: None,
        source: PlanSource::Control,
        summary: String::new(),
    })
}

#[test]
fn hindsight_sees_the_future_only_where_it_is_asked_to() {
    let target = Target::Workload(workload(&boutique(vec![]), "cartservice"));
    let mut world = boutique(vec![fault("dead_dependency", 60, target, vec![])]);
    world.settle();
    world.advance(PAST);
    let objectives = objectives(&world);
    let retry = |ahead| {
        let trial = Retrial {
            plan: wait(),
            horizon: 180,
            objectives: &objectives,
            ahead,
            noise: None,
        };
        world.retry(&trial).stability()
    };
    assert!(retry(Ahead::Nothing) > 0.95, "{}", retry(Ahead::Nothing));
    assert!(
        retry(Ahead::AsScheduled) < 0.7,
        "{}",
        retry(Ahead::AsScheduled)
    );
    assert_eq!(world.time(), 0);
}

#[test]
fn an_actor_comes_again_and_a_wrong_name_is_said() {
    let mut again = scale("emailservice", 5, 2);
    if let Act::Change { every, .. } = &mut again.act {
        *every = Some(20);
    }
    let mut world = boutique(vec![
        again,
        scale("emailservice", 15, 1),
        scale("emailservice", 35, 1),
        scale("nobody", 1, 1),
    ]);
    world.settle();
    world.advance(PAST + 60);
    let replicas = world.objects().workloads[workload(&world, "emailservice").index()]
        .spec
        .replicas();
    assert_eq!(replicas, Some(2));
    assert_eq!(world.objects().changes.len(), 5);
    assert_eq!(world.reveal().skipped.len(), 1);
}

#[test]
fn pick_at_the_median_is_what_a_twin_assumes() {
    let founded = Founded::new(&documents("online-boutique", 1)).expect("a cluster");
    let inferred = infer(founded.objects());
    assert_eq!(inferred.pick(Pick::Median), inferred.median());
    assert!(matches!(Gap::None.pick(Draws::new(1)), Pick::Median));
}

/// Probes would restart an overloaded pod and so end the storm.
fn without_probes(mut documents: Vec<Doc>) -> Vec<Doc> {
    for document in &mut documents {
        let containers = &mut Arc::make_mut(document)["spec"]["template"]["spec"]["containers"];
        for container in containers.as_array_mut().into_iter().flatten() {
            container["readinessProbe"].take();
            container["livenessProbe"].take();
        }
    }
    documents
}

/// Failures long after a minute without capacity, with so many retries at the callers of the cart,
/// whose capacity is 0.8 of what the load becomes when every attempt is made four times.
fn after_a_storm(retries: u32) -> f64 {
    let probe = boutique(vec![]);
    let cart = workload(&probe, "cartservice");
    let to = service(&probe, "cartservice");
    let tune = |behaviours: &mut [Option<Behaviour>]| {
        let limit = 0.3;
        let rate = 60.0 * 0.9;
        for behaviour in behaviours.iter_mut().flatten() {
            for call in behaviour
                .calls
                .iter_mut()
                .filter(|call| call.to == Some(to))
            {
                (call.retries, call.timeout, call.cancels) = (retries, 0.5, Cancels::No);
                (call.retry_budget, call.breaker, call.ratio) = (None, None, call.ratio.min(0.9));
            }
        }
        if let Some(behaviour) = &mut behaviours[cart.index()] {
            behaviour.cpu_per_request = limit / (0.8 * 4.0 * rate);
            (behaviour.workers, behaviour.queue) = (256, 512);
        }
    };
    let storm = fault("retry_storm", 30, Target::Workload(cart), vec![40.0, 60.0]);
    let mut world = tuned(
        ("online-boutique", 3),
        60.0,
        7,
        vec![storm],
        (without_probes, tune),
    );
    world.settle();
    world.advance(PAST + 300);
    failed(&mut world, 120)
}

#[test]
fn a_retry_storm_outlasts_its_trigger_only_where_callers_retry() {
    let (with, without) = (after_a_storm(3), after_a_storm(0));
    assert!(with > 0.3 && without < 0.01, "{with} {without}");
}
