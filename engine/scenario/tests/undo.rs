//! Whatever plan is applied and taken back, the objects are as their users wrote them before.

use aegis_model::overlay::ProbeKind;
use aegis_model::{
    Action, AutoscalerId, Bytes, Conduct, FieldPath, Millicores, NodeId, Objects, Plan, PlanSource,
    PodId, PolicyId, Procedure, ServiceId, Target, WorkloadId,
};
use aegis_reason::plan::plan;
use aegis_reason::undo::{left, one_way, owned};
use aegis_scenario::build::{build, start};
use aegis_scenario::{Loaded, bundled, load};
use aegis_sim::conduct::Conductor;
use aegis_world::{Ahead, World};
use serde_json::json;
use std::sync::Arc;

/// Scenarios, and the second of each from which plans are tried: by then something has been changed.
const WORLDS: [(&str, u32); 3] = [
    ("online-boutique-oom", 240),
    ("sock-shop-netpol", 240),
    ("sock-shop-drain", 60),
];
/// Plans per world.
const PLANS: u64 = 40;

fn scenario(name: &str) -> Loaded {
    let found = bundled::find(name).expect("a bundled scenario");
    load(found.path, found.text, &|path| bundled::file(path)).expect("it loads")
}

/// SplitMix64: the same plans everywhere.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((x ^ (x >> 31)) % sides.max(1) as u64) as usize
    }

    fn is_even(&mut self) -> bool {
        self.roll(2) == 0
    }
}

/// One action of any kind; `None` where the cluster has nothing that it could be done to.
fn action(dice: &mut Dice, objects: &Objects) -> Option<Action> {
    match dice.roll(2) {
        0 => on_workload(dice, objects),
        _ => on_others(dice, objects),
    }
}

/// An action on a workload, or on calls to it.
fn on_workload(dice: &mut Dice, objects: &Objects) -> Option<Action> {
    let workload = WorkloadId::from(dice.roll(objects.workloads.len()));
    let row = &objects.workloads[workload.index()];
    let container = row.spec.template().spec.containers.first()?.name.clone();
    let service = ServiceId::from(dice.roll(objects.services.len()));
    Some(match dice.roll(11) {
        0 => Action::Scale {
            workload,
            replicas: dice.roll(5) as u32,
        },
        1 => Action::RestartRollout(workload),
        2 => Action::RollBack {
            workload,
            revision: None,
        },
        3 => Action::PauseRollout(workload),
        4 => Action::ResumeRollout(workload),
        5 => Action::SetResources {
            workload,
            container,
            cpu: dice.is_even().then_some((Millicores(900), Millicores(100))),
            memory: dice.is_even().then_some((Bytes(1 << 30), Bytes(1 << 28))),
        },
        6 => Action::SetImage {
            workload,
            container,
            image: "example.org/other:2".into(),
        },
        7 => Action::SetEnv {
            workload,
            container,
            name: "NEW".into(),
            value: dice.is_even().then(|| "1".into()),
        },
        8 => Action::PatchProbe {
            workload,
            container,
            probe: ProbeKind::Readiness,
            value: dice
                .is_even()
                .then(|| json!({"tcpSocket": {"port": 8080}, "periodSeconds": 7})),
        },
        9 => Action::LimitConcurrency {
            workload,
            workers: Some(8),
            queue: dice.is_even().then_some(16),
        },
        _ => Action::SetRetries {
            workload,
            service,
            retries: Some(0),
            timeout: dice.is_even().then_some(1.5),
        },
    })
}

/// An action on a node, a pod, a policy, an autoscaler, a Service, a recorded change, or on nothing.
fn on_others(dice: &mut Dice, objects: &Objects) -> Option<Action> {
    let node = NodeId::from(dice.roll(objects.nodes.len()));
    let service = ServiceId::from(dice.roll(objects.services.len()));
    let some = |dice: &mut Dice, n: usize| (n > 0).then(|| dice.roll(n));
    Some(match dice.roll(12) {
        0 => Action::PatchAutoscaler {
            autoscaler: AutoscalerId::from(some(dice, objects.autoscalers.len())?),
            min: dice.is_even().then_some(2),
            max: Some(9),
        },
        1 => Action::Cordon(node),
        2 => Action::Uncordon(node),
        3 => Action::Drain(node),
        4 => Action::DeletePod(PodId::from(dice.roll(objects.pods.len()))),
        5 => {
            let policy = PolicyId::from(some(dice, objects.policies.len())?);
            let spec = objects.policies[policy.index()].spec.clone();
            Action::PatchPolicy { policy, spec }
        }
        6 => Action::DeletePolicy(PolicyId::from(some(dice, objects.policies.len())?)),
        7 => Action::PatchService {
            service,
            field: "spec.selector".parse::<FieldPath>().ok()?,
            value: Some(json!({"app": "nobody"})),
        },
        8 => Action::RevertChange(some(dice, objects.changes.len())? as u32),
        9 => Action::ShedTraffic {
            service,
            share: 0.25,
        },
        10 => Action::Exec {
            on: Target::Node(node),
            procedure: [
                Procedure::WidenPorts,
                Procedure::ClearPacketRules,
                Procedure::StepClock,
                Procedure::AddNode,
            ][dice.roll(4)],
        },
        _ => match dice.is_even() {
            true => Action::Wait(20),
            false => Action::Observe {
                target: Target::Node(node),
                check: "kubectl get pods".into(),
            },
        },
    })
}

fn random_plan(dice: &mut Dice, objects: &Objects) -> Plan {
    let count = 1 + dice.roll(3);
    let actions = (0..count).filter_map(|_| action(dice, objects)).collect();
    plan(objects, actions, PlanSource::Variation, None)
}

/// Plays a plan for a while and takes it back; how it was conducted, and what is left of it.
fn applied_and_taken_back(world: &World, plan: &Plan) -> (Conduct, Vec<String>) {
    let (mut acted, mut waited) = (
        world.fork(Ahead::Nothing, None),
        world.fork(Ahead::Nothing, None),
    );
    let mut conductor = Conductor::new(Arc::new(plan.clone()));
    for _ in 0..120 {
        acted.conduct(&mut conductor);
        acted.advance(1);
        waited.advance(1);
        if conductor.conduct() != Conduct::Running {
            break;
        }
    }
    let undone = acted.undo(&conductor);
    let left = left(&owned(waited.objects()), &owned(acted.objects()));
    let refused = undone.err().map(|why| format!("refused: {why}"));
    (
        conductor.conduct(),
        refused.into_iter().chain(left).collect(),
    )
}

#[test]
fn a_plan_that_is_applied_and_taken_back_leaves_the_objects_as_they_were() {
    let (mut done, mut tried) = (0, 0);
    for (name, seconds) in WORLDS {
        let loaded = scenario(name);
        let mut world = build(&loaded, 1).expect("a world");
        start(&loaded, &mut world, |_| {});
        world.advance(seconds);
        for seed in 0..PLANS {
            let mut dice = Dice(seed);
            let plan = random_plan(&mut dice, world.objects());
            let steps = plan.steps.iter();
            if steps
                .clone()
                .any(|step| one_way(&step.action, world.objects()).is_some())
            {
                continue;
            }
            let (conduct, left) = applied_and_taken_back(&world, &plan);
            assert!(
                left.is_empty(),
                "{name}, plan {seed}: {}\n{left:#?}",
                plan.summary
            );
            tried += 1;
            done += u32::from(conduct == Conduct::Done && !plan.is_wait());
        }
    }
    // Most plans are possible, or the test would show nothing.
    assert!(done * 2 > tried, "{done} of {tried}");
}
