//! CronJobs: suspended, without time to start, or with Jobs that fail.

use super::Case;
use crate::candidate::{
    Candidate,
    Weight::{Documented, Fits},
};
use crate::doc::{items, number, text};
use crate::estate::Object;
use aegis_model::bundle::Origin;
use serde_json::Value;

pub(super) fn find(case: &Case<'_>) -> Vec<Candidate> {
    let estate = &case.estate;
    let crons = estate
        .of_kind("CronJob")
        .filter(|cron| estate.is_home(cron.namespace));
    let found = crons.filter_map(|cron| idle(case, &cron));
    let jobs = estate
        .of_kind("Job")
        .filter(|job| estate.is_home(job.namespace));
    found
        .chain(jobs.filter_map(|job| endless(case, &job)))
        .collect()
}

/// A Job of several containers of which one never ends: the Job never does either.
fn endless(case: &Case<'_>, job: &Object<'_>) -> Option<Candidate> {
    const ENDLESS: &[&str] = &[
        "tail -f /dev/null",
        "sleep infinity",
        "sleep inf",
        "while true; do sleep",
        "while :; do sleep",
    ];
    let settled = case.estate.bundle.origin == Origin::Settled;
    let several = items(job.doc, "/spec/template/spec/containers").count() > 1;
    let container = items(job.doc, "/spec/template/spec/containers").find(|container| {
        let words = items(container, "/command").chain(items(container, "/args"));
        let words: Vec<&str> = words.filter_map(Value::as_str).collect();
        let script = words.join(" ");
        ENDLESS.iter().any(|one| script.contains(one)) && !script.contains("exit")
    })?;
    let name = text(container, "/name");
    let words = format!("container {name} never ends, and a Job ends with all of its containers");
    (settled && several).then(|| {
        Some(
            Candidate::new("misconfiguration", job.reference())?
                .field(format!("spec.template.spec.containers[name={name}]"))
                .seen(Documented, "object", job.reference(), words),
        )
    })?
}

/// A CronJob that starts nothing.
fn idle(case: &Case<'_>, cron: &Object<'_>) -> Option<Candidate> {
    let settled = case.estate.bundle.origin == Origin::Settled;
    let suspended = cron.doc.pointer("/spec/suspend") == Some(&Value::Bool(true));
    let deadline = number(cron.doc, "/spec/startingDeadlineSeconds");
    let (field, words) = match (suspended, deadline) {
        (true, _) => ("spec.suspend", "spec.suspend is true".to_owned()),
        // The controller looks every 10 s: what may start within fewer seconds never does.
        (false, Some(seconds)) if seconds < 10 => (
            "spec.startingDeadlineSeconds",
            format!("it may start {seconds} s late, and the controller looks every 10 s"),
        ),
        _ => return None,
    };
    let weight = if settled || !suspended {
        Documented
    } else {
        Fits
    };
    Some(
        Candidate::new("cron_job_broken", cron.reference())?
            .field(field)
            .seen(weight, "object", cron.reference(), words),
    )
}
