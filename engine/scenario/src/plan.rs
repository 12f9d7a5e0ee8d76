//! A recorded remedy as a plan of actions on the objects at hand.

use crate::amount::Length;
use crate::format::{RemedyAction, RemedyStep, Spec};
use crate::resolve::Named;
use aegis_model::kubernetes::ResourceList;
use aegis_model::objects::Workload;
use aegis_model::{
    Action, Bytes, Millicores, Objects, Plan, PlanSource, PlanStep, Quantity, Target, WaitFor,
};

/// How long after the first cause a remedy without a time is taken, s.
const AFTER_CAUSE: f64 = 120.0;
/// How long a step may take, s.
const DEADLINE: u32 = 600;

/// When a recorded remedy is taken, from time 0: as it says, else two minutes after the first cause.
#[must_use]
pub fn taken_at(spec: &Spec) -> Length {
    let stated = spec.remedy.iter().find_map(|step| step.at);
    stated.unwrap_or(Length(onset(spec) + AFTER_CAUSE))
}

/// When the first cause begins to act, s from time 0; 0 where there is none.
#[must_use]
pub fn onset(spec: &Spec) -> f64 {
    let starts = spec
        .chaos
        .iter()
        .filter(|entry| crate::truth::is_cause(spec, entry))
        .map(|entry| entry.at.0);
    let first = starts.fold(f64::INFINITY, f64::min);
    if first.is_finite() { first } else { 0.0 }
}

/// The plan that a remedy is, over the objects as they are when it is taken.
///
/// # Errors
/// The name of the first object that is not there.
pub fn plan(steps: &[RemedyStep], objects: &Objects) -> Result<Plan, String> {
    let steps: Result<Vec<PlanStep>, String> = steps
        .iter()
        .map(|step| step_of(&step.action, objects))
        .collect();
    Ok(Plan {
        id: "remedy".into(),
        steps: steps?,
        answers: None,
        source: PlanSource::Undo,
        summary: "the recorded remedy".into(),
    })
}

fn step_of(words: &RemedyAction, objects: &Objects) -> Result<PlanStep, String> {
    let action = action(words, objects)?;
    Ok(PlanStep {
        wait: waits(&action),
        action,
        preconditions: Vec::new(),
        deadline: DEADLINE,
    })
}

/// A rollout is waited for; what takes effect at once is not.
const fn waits(action: &Action) -> Option<WaitFor> {
    match action {
        Action::Scale { workload, .. }
        | Action::RestartRollout(workload)
        | Action::RollBack { workload, .. }
        | Action::SetResources { workload, .. }
        | Action::SetImage { workload, .. }
        | Action::SetEnv { workload, .. }
        | Action::PatchProbe { workload, .. } => Some(WaitFor::RolledOut(*workload)),
        Action::Drain(node) => Some(WaitFor::Drained(*node)),
        Action::Wait(seconds) => Some(WaitFor::Seconds(*seconds)),
        _ => None,
    }
}

fn action(words: &RemedyAction, objects: &Objects) -> Result<Action, String> {
    use RemedyAction as W;
    let named = Named(objects);
    let workload = |text: &String| named.workload(text).ok_or_else(|| text.clone());
    let node = |text: &String| named.node(text).ok_or_else(|| text.clone());
    let service = |text: &String| named.service(text).ok_or_else(|| text.clone());
    Ok(match words {
        W::Scale {
            workload: on,
            replicas,
        } => Action::Scale {
            workload: workload(on)?,
            replicas: *replicas,
        },
        W::RestartRollout(on) => Action::RestartRollout(workload(on)?),
        W::RollBack(on) => Action::RollBack {
            workload: workload(on)?,
            revision: None,
        },
        W::PauseRollout(on) => Action::PauseRollout(workload(on)?),
        W::ResumeRollout(on) => Action::ResumeRollout(workload(on)?),
        W::SetImage {
            workload: on,
            container,
            image,
        } => Action::SetImage {
            workload: workload(on)?,
            container: container.into(),
            image: image.into(),
        },
        W::SetEnv {
            workload: on,
            container,
            name,
            value,
        } => Action::SetEnv {
            workload: workload(on)?,
            container: container.into(),
            name: name.into(),
            value: value.as_ref().map(Into::into),
        },
        W::Cordon(on) => Action::Cordon(node(on)?),
        W::Uncordon(on) => Action::Uncordon(node(on)?),
        W::Drain(on) => Action::Drain(node(on)?),
        W::DeletePolicy(on) => Action::DeletePolicy(named.policy(on).ok_or_else(|| on.clone())?),
        W::ShedTraffic { service: on, share } => Action::ShedTraffic {
            service: service(on)?,
            share: share.0,
        },
        W::Wait(length) => Action::Wait(length.whole()),
        W::Exec { on, procedure } => Action::Exec {
            on: place(on.as_ref(), &named)?,
            procedure: *procedure,
        },
        other => detailed(other, objects)?,
    })
}

/// What a repair is done to.
fn place(on: Option<&String>, named: &Named<'_>) -> Result<Target, String> {
    let Some(on) = on else {
        return Ok(Target::Cluster);
    };
    let workload = || named.workload(on).map(Target::Workload);
    let node = || named.node(on).map(Target::Node);
    let service = || named.service(on).map(Target::Service);
    let found = workload().or_else(node).or_else(service);
    found.ok_or_else(|| on.clone())
}

/// Actions with many fields.
fn detailed(words: &RemedyAction, objects: &Objects) -> Result<Action, String> {
    use RemedyAction as W;
    let named = Named(objects);
    let workload = |text: &String| named.workload(text).ok_or_else(|| text.clone());
    let service = |text: &String| named.service(text).ok_or_else(|| text.clone());
    Ok(match words {
        W::SetResources {
            workload: on,
            container,
            cpu,
            memory,
        } => {
            let id = workload(on)?;
            set_resources(id, &objects.workloads[id.index()], container, *cpu, *memory)
        }
        W::PatchAutoscaler {
            autoscaler,
            min,
            max,
        } => Action::PatchAutoscaler {
            autoscaler: named
                .autoscaler(autoscaler)
                .ok_or_else(|| autoscaler.clone())?,
            min: *min,
            max: *max,
        },
        W::PatchProbe {
            workload: on,
            container,
            probe,
            value,
        } => Action::PatchProbe {
            workload: workload(on)?,
            container: container.into(),
            probe: *probe,
            value: value.clone(),
        },
        W::PatchService {
            service: on,
            field,
            value,
        } => Action::PatchService {
            service: service(on)?,
            field: field.parse().map_err(|_| field.clone())?,
            value: value.clone(),
        },
        W::LimitConcurrency {
            workload: on,
            workers,
            queue,
        } => Action::LimitConcurrency {
            workload: workload(on)?,
            workers: *workers,
            queue: *queue,
        },
        W::SetRetries {
            workload: on,
            service: to,
            retries,
            timeout,
        } => Action::SetRetries {
            workload: workload(on)?,
            service: service(to)?,
            retries: *retries,
            timeout: timeout.map(|length| length.0),
        },
        other => return Err(format!("{other:?}")),
    })
}

/// The limit as stated; the request as it is, but never above the limit.
fn set_resources(
    workload: aegis_model::WorkloadId,
    row: &Workload,
    container: &str,
    cpu: Option<Quantity>,
    memory: Option<Quantity>,
) -> Action {
    let containers = &row.spec.template().spec.containers;
    let requests = containers
        .iter()
        .find(|known| known.name == container)
        .map(|known| &known.resources.requests);
    let requested = |read: fn(&ResourceList) -> Option<u64>| requests.and_then(read);
    let with = |limit: u64, request: Option<u64>| (limit, request.unwrap_or(limit).min(limit));
    Action::SetResources {
        workload,
        container: container.into(),
        cpu: cpu.map(|limit| {
            let (limit, request) =
                with(limit.millicores().0, requested(|list| Some(list.cpu()?.0)));
            (Millicores(limit), Millicores(request))
        }),
        memory: memory.map(|limit| {
            let (limit, request) = with(limit.bytes().0, requested(|list| Some(list.memory()?.0)));
            (Bytes(limit), Bytes(request))
        }),
    }
}
