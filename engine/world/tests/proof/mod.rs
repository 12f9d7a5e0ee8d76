//! What it takes to prove a row.

mod signs;
mod stage;
mod watch;

use aegis_faults::{Act as Cure, Fault, Harms, Lasting, Remedy, TargetKind};
use aegis_model::procedure::{Procedure, Site};
use aegis_model::{Action, Plan, PlanSource, PlanStep, Target, WorkloadId};
use aegis_sim::conduct::Conductor;
use aegis_world::World;
use stage::{Stage, put_on, strike, strike_pods};
use std::sync::Arc;
use watch::Watch;

/// Faults that cannot be proven yet, with the reason.
pub const MISSING: &[(&str, &str)] = &[
    ("disk_full", "full disks of nodes are not simulated"),
    (
        "autoscaler_max_too_low",
        "neither application has an autoscaler that its load drives",
    ),
    (
        "replicas_too_few",
        "both applications run one pod of each workload",
    ),
    (
        "configuration_missing",
        "neither application has a ConfigMap; configuration_lost is the same on a stage",
    ),
    (
        "quota_services_exceeded",
        "a refused Service leaves nothing but the answer to who asked for it",
    ),
    (
        "cron_job_broken",
        "a CronJob that does not run says nothing",
    ),
    (
        "ingress_backend_missing",
        "the status of an Ingress does not tell, and no users come through it",
    ),
    (
        "gateway_misroute",
        "users of both applications come by a Service, not through an Ingress",
    ),
    (
        "worker_exhaustion",
        "five of 256 workers are enough for this load at its default size",
    ),
    (
        "webhooks_slow_together",
        "how long a webhook takes follows its workload's latency, which no fault can raise yet",
    ),
];

/// What came of a row.
pub enum Verdict {
    /// It hurt, told and ended.
    Proven(String),
    /// What is missing.
    Missing(String),
}

impl Verdict {
    pub fn in_words(&self) -> String {
        match self {
            Self::Proven(how) => format!("proven: {how}"),
            Self::Missing(why) => format!("MISSING: {why}"),
        }
    }
}

/// Seconds in which users must be hurt, of those in which a fault goes untreated.
const HURT: u32 = 15;
/// Seconds that a fault goes untreated before pods are made anew, and after.
const UNTREATED: u32 = 150;
/// Seconds that a remedy has.
const TO_MEND: u32 = 420;
/// Seconds at the end over which users must be served.
const SERVED: u32 = 60;

pub fn prove_all(faults: &[&'static Fault]) -> Vec<(&'static Fault, Verdict)> {
    let stages = Stage::all();
    faults
        .iter()
        .map(|fault| (*fault, prove(&stages, fault)))
        .collect()
}

fn prove(stages: &[Stage], fault: &'static Fault) -> Verdict {
    let Some((stage, target)) = stage::choose(stages, fault) else {
        return Verdict::Missing("no application has what it acts on".into());
    };
    let mut world = stage.world.clone();
    put_on(&mut world, fault, target);
    let mut watch = Watch::new(&mut world, fault, target);
    if watch.bad_of(&mut world, 30) > 3 {
        return Verdict::Missing("its stage hurts users by itself".into());
    }
    let quiet = control(&world, &watch);
    strike(&mut world, fault, target);
    let hurt = match untreated(&mut world, &mut watch, fault, quiet) {
        Ok(hurt) => hurt,
        Err(why) => return Verdict::Missing(why),
    };
    if let Some(what) = watch.untold() {
        return Verdict::Missing(format!(
            "hurts ({hurt}), but does not tell: {what}; {}",
            watch.events(&world)
        ));
    }
    let alone = by_itself(&world, &watch, fault);
    match treated(&mut world, &mut watch, fault, target) {
        Ok(_) if alone => Verdict::Missing(format!(
            "hurts ({hurt}), tells, and ends without its remedy"
        )),
        Ok(cure) => Verdict::Proven(format!("{hurt}; {cure}")),
        Err(why) => Verdict::Missing(format!("hurts ({hurt}), tells, is not ended: {why}")),
    }
}

/// Bad seconds where pods are made anew and nothing is wrong.
fn control(world: &World, watch: &Watch) -> u32 {
    let mut world = world.clone();
    let mut watch = watch.clone();
    strike_pods(&mut world, watch.workload());
    watch.bad_of(&mut world, UNTREATED)
}

/// Whether all is well in the end though nobody applied the remedy: pods are made anew and a rollout is forced all the same.
/// Of what a new pod ends, that is no objection: a restart is its remedy; nor of what goes by itself in a minute,
/// nor of what a node does: Kubernetes itself moves its pods away.
fn by_itself(world: &World, watch: &Watch, fault: &Fault) -> bool {
    let mut world = world.clone();
    let mut watch = watch.clone();
    let transient = fault
        .parts
        .iter()
        .any(|part| matches!(part.lasting, Lasting::Pod | Lasting::Parameter(_)))
        || fault.id == "pod_kill"
        || fault.targets == [TargetKind::Node];
    !transient && ends_well(&mut world, &mut watch).is_ok()
}

/// The damage of a fault that nobody treats.
fn untreated(
    world: &mut World,
    watch: &mut Watch,
    fault: &Fault,
    quiet: u32,
) -> Result<String, String> {
    let bad = watch.bad_of(world, UNTREATED);
    if fault.harms == Harms::Nobody {
        return if bad <= HURT {
            Ok("nobody is hurt".into())
        } else {
            Err(format!("it hurts users for {bad} s, who are not to notice"))
        };
    }
    if bad >= HURT && fault.harms == Harms::Users {
        return Ok(format!("users hurt {bad} s of {UNTREATED}"));
    }
    strike_pods(world, watch.workload());
    let after = watch.bad_of(world, UNTREATED);
    let (ready, wanted) = watch.ready(world);
    match fault.harms {
        Harms::Users if after >= quiet + HURT => Ok(format!(
            "once pods are new, users hurt {after} s of {UNTREATED}"
        )),
        Harms::NextPod if ready < wanted || watch.restarts(world) > 2 => {
            Ok(format!("the next pod fails, {ready} of {wanted} ready"))
        }
        _ => Err(format!(
            "no damage: users hurt {bad} s, then {after} s; {ready} of {wanted} ready; {:?}; {}",
            world.skipped(),
            watch.events(world)
        )),
    }
}

/// Its first remedy, and then what lasts: a pod is made anew, a rollout is forced, users are served by what there was.
fn treated(
    world: &mut World,
    watch: &mut Watch,
    fault: &'static Fault,
    target: Target,
) -> Result<String, String> {
    let Some(remedy) = fault.remedies.first() else {
        return Err("it has no remedy".into());
    };
    apply(world, watch, fault, target, remedy)?;
    ends_well(world, watch).map_err(|why| format!("{:?} leaves {why}", remedy.act))?;
    Ok(format!("{:?} ends it", remedy.act))
}

/// What lasts: a pod is made anew, a rollout is forced, users are served by what there was.
fn ends_well(world: &mut World, watch: &mut Watch) -> Result<(), String> {
    // Back-off of what failed may last five minutes: a person deletes those pods.
    watch.bad_of(world, 60);
    strike_pods(world, watch.workload());
    watch.bad_of(world, TO_MEND);
    if let Some(workload) = watch.workload() {
        conduct(world, Action::RestartRollout(workload), 180);
    }
    watch.bad_of(world, 60);
    let bad = watch.bad_of(world, SERVED);
    let (ready, wanted) = watch.ready(world);
    if bad > 3 {
        return Err(format!("users hurt {bad} s of {SERVED}"));
    }
    if ready < wanted || wanted == 0 {
        return Err(format!("{ready} of {wanted} ready"));
    }
    if let Some(what) = watch.still(world) {
        return Err(what);
    }
    Ok(())
}

fn apply(
    world: &mut World,
    watch: &Watch,
    fault: &'static Fault,
    target: Target,
    remedy: &Remedy,
) -> Result<(), String> {
    match remedy.act {
        Cure::RevertChange
        | Cure::PatchService
        | Cure::DeletePolicy
        | Cure::PatchProbe
        | Cure::SetImage => {
            world.revert(fault.id, "user:operator");
        }
        Cure::Repair => world.repair(fault.id),
        Cure::Exec(procedure) => {
            let on = place(watch, target, procedure).ok_or("nothing to do it to")?;
            conduct(world, Action::Exec { on, procedure }, 240);
        }
        Cure::ClearFinalizers => stage::clear_finalizers(world),
        Cure::Uncordon => {
            let Target::Node(node) = target else {
                return Err("no node".into());
            };
            conduct(world, Action::Uncordon(node), 30);
        }
        Cure::RollBack
        | Cure::RestartRollout
        | Cure::ScaleOut
        | Cure::RestoreReplicas
        | Cure::SetRetries => {
            let Some(workload) = watch.workload() else {
                return Err("no workload".into());
            };
            for action in actions(world, watch, workload, remedy.act) {
                conduct(world, action, 240);
            }
        }
        other => return Err(format!("nobody here can do {other:?}")),
    }
    Ok(())
}

/// Where a repair is done for a fault's target.
fn place(watch: &Watch, target: Target, procedure: Procedure) -> Option<Target> {
    let workload = watch.workload().map(Target::Workload);
    match (procedure.facts().site, target) {
        (Site::Cluster, _) => Some(Target::Cluster),
        (Site::Container, _) => workload,
        (Site::Interface, Target::Node(_)) => Some(target),
        (Site::Interface, _) => workload,
        _ => Some(target),
    }
}

fn actions(world: &World, watch: &Watch, workload: WorkloadId, cure: Cure) -> Vec<Action> {
    match cure {
        Cure::RollBack => vec![Action::RollBack {
            workload,
            revision: None,
        }],
        Cure::RestartRollout => vec![Action::RestartRollout(workload)],
        Cure::ScaleOut => stage::busy(world, workload, 3),
        Cure::RestoreReplicas => vec![Action::Scale {
            workload,
            replicas: watch.wanted(),
        }],
        _ => stage::calmer(world, workload),
    }
}

/// Does one action through the API server, and lets `seconds` pass.
fn conduct(world: &mut World, action: Action, seconds: u32) {
    let plan = Plan {
        id: "cure".into(),
        steps: vec![PlanStep {
            action,
            preconditions: vec![],
            wait: None,
            deadline: seconds,
        }],
        answers: None,
        source: PlanSource::Undo,
        summary: String::new(),
    };
    let mut conductor = Conductor::new(Arc::new(plan));
    for _ in 0..seconds {
        world.conduct(&mut conductor);
        world.advance(1);
    }
}
