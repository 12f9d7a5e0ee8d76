//! Rollouts that do not begin, or that take every pod away at once.

use super::Case;
use crate::candidate::{
    Candidate,
    Weight::{Fits, Proven},
};
use crate::doc::{has, number, text};
use crate::estate::{Estate, Workload};
use aegis_model::bundle::Origin;
use serde_json::Value;

pub(super) fn find(case: &Case<'_>) -> Vec<Candidate> {
    let estate = &case.estate;
    let all = 0..estate.workloads.len();
    let home = all.filter(|at| estate.is_home(estate.workloads[*at].object.namespace));
    home.filter_map(|at| paused(estate, at).or_else(|| all_at_once(estate, at)))
        .collect()
}

/// A Deployment that is paused and has fewer pods than it should.
fn paused(estate: &Estate<'_>, at: usize) -> Option<Candidate> {
    let keeper = &estate.workloads[at];
    let is_paused = keeper.object.doc.pointer("/spec/paused") == Some(&Value::Bool(true));
    let wanted = usize::try_from(keeper.desired.unwrap_or(0)).unwrap_or(0);
    if !is_paused || keeper.pods.len() >= wanted {
        return None;
    }
    let words = "spec.paused is true: no pod of its template is made";
    Some(
        Candidate::at_workload("rollout_stuck", estate, at)?
            .field("spec.paused")
            .seen(Proven, "object", keeper.object.reference(), words),
    )
}

/// A rolling update that may take all pods of a Service away before new ones are there.
fn all_at_once(estate: &Estate<'_>, at: usize) -> Option<Candidate> {
    const UPDATE: &str = "/spec/strategy/rollingUpdate";
    let keeper = &estate.workloads[at];
    let settled = estate.bundle.origin == Origin::Settled && keeper.object.kind == "Deployment";
    let served = !estate.services_of(at).is_empty() && keeper.desired.unwrap_or(1) > 1;
    let taken = written(keeper, &format!("{UPDATE}/maxUnavailable"))?;
    let all = taken == "100%"
        || number(keeper.object.doc, &format!("{UPDATE}/maxUnavailable")) >= keeper.desired;
    if !(settled && served && all) {
        return None;
    }
    let words = format!("maxUnavailable {taken}: a rollout takes all pods away at once");
    let mut found = Candidate::at_workload("misconfiguration", estate, at)?
        .field("spec.strategy.rollingUpdate.maxUnavailable")
        .seen(Fits, "object", keeper.object.reference(), words);
    found.hurts.clear();
    Some(found)
}

fn written(keeper: &Workload<'_>, pointer: &str) -> Option<String> {
    let doc = keeper.object.doc;
    has(doc, pointer).then(|| match text(doc, pointer) {
        "" => number(doc, pointer).unwrap_or(0).to_string(),
        words => words.to_owned(),
    })
}
