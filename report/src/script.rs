//! `plan.sh`: what stands, as a script that a person can read, run and take back.
//!
//! `sh plan.sh` applies it, `sh plan.sh undo` takes it back. What was applied and taken
//! back within the run is named and left out.

use crate::facts::Facts;
use crate::fold::fold;
use crate::format::clean;
use crate::round::Round;
use crate::story::Story;
use aegis_kube::kubectl;
use aegis_model::{Action, Objects, Plan, PlanStep, RunEvent, WaitFor};

/// One step: what it is called, what does it, what takes it back.
struct Part {
    name: String,
    apply: Vec<String>,
    undo: Vec<String>,
}

/// The script.
#[must_use]
pub fn plan_sh(story: &Story<'_>, facts: &Facts) -> String {
    let mut out = String::from("#!/bin/sh\n");
    comment(
        &mut out,
        &format!(
            "The plan of a run of {}, seed {}.",
            facts.scenario, facts.seed
        ),
    );
    comment(
        &mut out,
        "Run it to apply the plan, or with `undo` to take it back.",
    );
    for round in story.rounds.iter().filter(|round| round.undone.is_some()) {
        let name = round.choice().map_or("a plan", |plan| plan.as_str());
        comment(
            &mut out,
            &format!("Left out, as it was taken back within the run: {name}."),
        );
    }
    let parts = parts(story);
    if parts.is_empty() {
        comment(&mut out, "Nothing stands: there is nothing to do.");
        return out + "exit 0\n";
    }
    out + &cases(&parts)
}

fn comment(out: &mut String, text: &str) {
    out.push_str(&format!("# {}\n", clean(text)));
}

fn cases(parts: &[Part]) -> String {
    let mut out = String::from("set -eu\n\ncase \"${1-apply}\" in\napply)\n");
    for part in parts {
        block(&mut out, &part.name, &part.apply);
    }
    out.push_str("    ;;\nundo)\n");
    for part in parts.iter().rev() {
        block(&mut out, &format!("takes back: {}", part.name), &part.undo);
    }
    out + "    ;;\n*)\n    echo \"usage: $0 [apply|undo]\" >&2\n    exit 2\n    ;;\nesac\n"
}

/// Commands under a remark; a here-document keeps its lines as they are.
fn block(out: &mut String, name: &str, commands: &[String]) {
    out.push_str(&format!("    # {}\n", clean(name)));
    if commands.is_empty() {
        out.push_str("    : # nothing to do\n");
    }
    for command in commands {
        out.push_str(&format!("    {command}\n"));
    }
}

/// The steps that stand; where nothing was applied, those of the plan that was chosen.
fn parts(story: &Story<'_>) -> Vec<Part> {
    let applied = applied(story);
    if !applied.is_empty() || !story.commands().is_empty() {
        return applied;
    }
    let chosen = story.decisive().map(|(_, plan, _)| plan);
    chosen.map_or_else(Vec::new, |plan| drafted(story, plan))
}

fn applied(story: &Story<'_>) -> Vec<Part> {
    let mut parts = Vec::new();
    for (place, stamped) in story.events.iter().enumerate() {
        let RunEvent::StepApplied {
            plan,
            step,
            action,
            kubectl,
            ..
        } = &stamped.event
        else {
            continue;
        };
        let round = standing(story, plan);
        if let Some(round) = round {
            let before = fold(&story.events[..place]).objects;
            let steps = round.plan(plan).map_or(&[][..], |plan| &plan.steps);
            let step = steps.get(*step as usize);
            parts.push(part(&before, action, step, Some(kubectl)));
        }
    }
    parts
}

/// The round in which a plan was applied, unless it was taken back.
fn standing<'s, 'a>(story: &'s Story<'a>, plan: &str) -> Option<&'s Round<'a>> {
    let mut rounds = story.rounds.iter().rev();
    let round = rounds.find(|round| round.choice().is_some_and(|choice| choice == plan))?;
    round.undone.is_none().then_some(round)
}

fn drafted(story: &Story<'_>, plan: &Plan) -> Vec<Part> {
    let steps = plan.steps.iter();
    steps
        .map(|step| part(&story.objects, &step.action, Some(step), None))
        .collect()
}

fn part(before: &Objects, action: &Action, step: Option<&PlanStep>, done: Option<&str>) -> Part {
    let mut apply = match done {
        Some(kubectl) => vec![kubectl.to_owned()],
        None => kubectl::render(before, action),
    };
    apply.extend(step.and_then(|step| waits(before, step)));
    Part {
        name: name(action).into(),
        apply,
        undo: kubectl::undo(before, action),
    }
}

/// What waits for a step, as a command.
fn waits(objects: &Objects, step: &PlanStep) -> Option<String> {
    match step.wait? {
        WaitFor::RolledOut(id) | WaitFor::Ready(id, _) => {
            let workload = objects.workloads.get(id.index())?;
            Some(kubectl::status(&workload.header.reference, step.deadline))
        }
        WaitFor::Seconds(seconds) => Some(format!("sleep {seconds}")),
        // `kubectl drain` itself waits.
        WaitFor::Drained(_) => None,
    }
}

/// An action in a few words.
fn name(action: &Action) -> &'static str {
    match action {
        Action::Scale { .. } => "scale",
        Action::RestartRollout(_) => "restart the rollout",
        Action::RollBack { .. } => "roll back",
        Action::PauseRollout(_) => "pause the rollout",
        Action::ResumeRollout(_) => "resume the rollout",
        Action::SetResources { .. } => "set resources",
        Action::SetImage { .. } => "set the image",
        Action::SetEnv { .. } => "set the environment",
        Action::PatchAutoscaler { .. } => "patch the autoscaler",
        Action::Cordon(_) => "cordon the node",
        Action::Uncordon(_) => "uncordon the node",
        Action::Drain(_) => "drain the node",
        Action::DeletePod(_) => "delete the pod",
        Action::PatchPolicy { .. } => "patch the network policy",
        Action::DeletePolicy(_) => "delete the network policy",
        Action::PatchProbe { .. } => "patch the probe",
        Action::PatchService { .. } => "patch the Service",
        Action::RevertChange(_) => "revert a change",
        Action::LimitConcurrency { .. } => "limit concurrency",
        Action::SetRetries { .. } => "set retries",
        Action::ShedTraffic { .. } => "turn requests away",
        Action::Exec { procedure, .. } => procedure.facts().name,
        Action::Observe { .. } => "look",
        Action::Wait(_) => "wait",
    }
}
