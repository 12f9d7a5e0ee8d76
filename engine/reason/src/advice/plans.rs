//! Which of the plans that a model proposed can be carried out: typed steps on objects that exist.

use super::{causes, nothing, plain};
use crate::plan;
use aegis_model::ask::{
    Advice, AskRole, Dropped, PLANS, PlanningAnswer, ProposedAction, ProposedPlan, STEPS,
};
use aegis_model::kubernetes::Container;
use aegis_model::objects::Header;
use aegis_model::{
    Action, Bytes, Millicores, NodeId, Objects, Plan, PlanSource, ServiceId, Target, WorkloadId,
};
use smol_str::SmolStr;

/// Most replicas that a proposal may ask for.
const REPLICAS: u32 = 500;
/// Longest wait, s.
const LONGEST_WAIT: u32 = 600;

/// What is left of the plans in an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Plans {
    /// Plans that can be carried out, in the model's order.
    pub plans: Vec<Plan>,
    /// What the run tells.
    pub advice: Advice,
}

/// Plans of an answer whose every step is possible by what is seen; they answer the cause given.
#[must_use]
pub fn plans(
    objects: &Objects,
    answer: &PlanningAnswer,
    answers: Option<&(SmolStr, Target)>,
) -> Plans {
    let mut plans = Plans {
        plans: Vec::new(),
        advice: nothing(AskRole::Planning),
    };
    for (n, said) in answer.plans.iter().enumerate() {
        let checked = match n {
            n if n < PLANS => actions(objects, said),
            _ => Err("an answer may hold three plans"),
        };
        match checked {
            Ok(actions) => {
                let plan = plan::plan(objects, actions, PlanSource::Advised, answers.cloned());
                let words = format!("{}: {}", plan.summary, said.why);
                plans.advice.taken.push(plain(&words));
                plans.plans.push(plan);
            }
            Err(why) => plans.advice.dropped.push(Dropped {
                what: plain(&said.why),
                why: why.into(),
            }),
        }
    }
    plans
}

fn actions(objects: &Objects, said: &ProposedPlan) -> Result<Vec<Action>, &'static str> {
    if said.steps.len() > STEPS {
        return Err("a plan may have five steps");
    }
    let steps: Result<Vec<Vec<Action>>, _> = said
        .steps
        .iter()
        .map(|step| action(objects, step))
        .collect();
    let actions = steps?.concat();
    let idle = |action: &Action| matches!(action, Action::Wait(_));
    if actions.iter().all(idle) {
        return Err("it does nothing");
    }
    Ok(actions)
}

fn action(objects: &Objects, said: &ProposedAction) -> Result<Vec<Action>, &'static str> {
    let at = Place(objects);
    let one = match said {
        ProposedAction::Scale { object, replicas } => Action::Scale {
            workload: at.scaled(object)?,
            replicas: bounded(*replicas, 0, REPLICAS)?,
        },
        ProposedAction::RestartRollout { object } => Action::RestartRollout(at.workload(object)?),
        ProposedAction::RollBack { object } => Action::RollBack {
            workload: at.workload(object)?,
            revision: None,
        },
        ProposedAction::PauseRollout { object } => Action::PauseRollout(at.workload(object)?),
        ProposedAction::SetMemory { object, mebibytes } => {
            let bytes = Bytes(u64::from(bounded(*mebibytes, 1, 1 << 20)?) << 20);
            return at.resources(object, None, Some((bytes, bytes)));
        }
        ProposedAction::SetCpu { object, millicores } => {
            let cpu = Millicores(bounded(*millicores, 1, 256_000)?.into());
            return at.resources(object, Some((cpu, cpu)), None);
        }
        ProposedAction::Cordon { object } => Action::Cordon(at.node(object)?),
        ProposedAction::Uncordon { object } => Action::Uncordon(at.node(object)?),
        ProposedAction::RevertChange { change } => at.change(*change)?,
        ProposedAction::LimitConcurrency { object, requests } => Action::LimitConcurrency {
            workload: at.workload(object)?,
            workers: Some(bounded(*requests, 1, 100_000)?),
            queue: None,
        },
        ProposedAction::ShedTraffic { object, percent } => Action::ShedTraffic {
            service: at.service(object)?,
            share: f64::from(bounded(*percent, 1, 100)?) / 100.0,
        },
        ProposedAction::Wait { seconds } => Action::Wait(bounded(*seconds, 1, LONGEST_WAIT)?),
    };
    Ok(vec![one])
}

fn bounded(value: u32, from: u32, to: u32) -> Result<u32, &'static str> {
    if (from..=to).contains(&value) {
        Ok(value)
    } else {
        Err("a number is out of its range")
    }
}

/// Finds what a proposal names.
struct Place<'a>(&'a Objects);

impl Place<'_> {
    fn target(&self, name: &str) -> Result<Target, &'static str> {
        causes::target(self.0, name)
            .filter(|target| self.exists(*target))
            .ok_or("it names an object that does not exist")
    }

    fn exists(&self, target: Target) -> bool {
        self.0.header(target).is_some_and(Header::exists)
    }

    fn workload(&self, name: &str) -> Result<WorkloadId, &'static str> {
        match self.target(name)? {
            Target::Workload(id) => Ok(id),
            _ => Err("a step is for a workload, and the object is none"),
        }
    }

    fn scaled(&self, name: &str) -> Result<WorkloadId, &'static str> {
        let id = self.workload(name)?;
        let replicas = self.0.workloads[id.index()].spec.replicas();
        replicas.map(|_| id).ok_or("the workload cannot be scaled")
    }

    fn service(&self, name: &str) -> Result<ServiceId, &'static str> {
        match self.target(name)? {
            Target::Service(id) => Ok(id),
            _ => Err("a step is for a Service, and the object is none"),
        }
    }

    fn node(&self, name: &str) -> Result<NodeId, &'static str> {
        match self.target(name)? {
            Target::Node(id) => Ok(id),
            _ => Err("a step is for a Node, and the object is none"),
        }
    }

    /// A change that people or controllers made; what the engine did itself is taken back by its own undo.
    fn change(&self, position: u32) -> Result<Action, &'static str> {
        let record = self.0.changes.get(position as usize);
        match record {
            None => Err("no such change is on record"),
            Some(record) if record.actor == aegis_sim::conduct::ACTOR => {
                Err("the change is the engine's own")
            }
            Some(_) => Ok(Action::RevertChange(position)),
        }
    }

    fn resources(
        &self,
        name: &str,
        cpu: Option<(Millicores, Millicores)>,
        memory: Option<(Bytes, Bytes)>,
    ) -> Result<Vec<Action>, &'static str> {
        let workload = self.workload(name)?;
        let template = self.0.workloads[workload.index()].spec.template();
        let of = |container: &Container| Action::SetResources {
            workload,
            container: container.name.clone(),
            cpu,
            memory,
        };
        Ok(template.spec.containers.iter().map(of).collect())
    }
}
