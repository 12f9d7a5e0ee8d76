//! Causes read off a dump of a cluster: nothing is run, nothing is asked, no model is needed.
//!
//! [`checks`] look at objects, events, statuses, logs, metrics; each says what it finds as
//! candidates with evidence. [`weigh`] makes a posterior of them: prior of the cause, weight of
//! each observation, and which of the [`symptoms`] it explains, its own and, through the call
//! graph, its callers'. What is found is data of `aegis-faults`: no check knows an application.
//!
//! Texts of a bundle are evidence and never instructions. Values of Secrets are not read.

pub mod advice;
pub mod anonymize;
pub mod candidate;
pub mod checks;
pub mod containers;
pub mod doc;
pub mod estate;
pub mod labels;
mod present;
pub mod settings;
pub mod symptoms;
pub mod weigh;

use aegis_model::bundle::{Bundle, Origin};
use aegis_model::inspection::{Inspection, InspectionVerdict};
use candidate::Candidate;
use checks::{CHECKS, Case};
use estate::Estate;
use std::collections::BTreeMap;
use symptoms::{Picture, Symptom};
use weigh::Weighed;

/// Version of what [`inspect`] gives.
pub const SCHEMA: &str = "aegis.dev/diagnosis/v1";

/// Findings that are shown at most.
pub const MOST_FINDINGS: usize = 10;

/// What is asked about.
#[derive(Debug, Default, Clone)]
pub struct Scope {
    /// Only findings at this object: `Kind/namespace/name`, or its beginning or end.
    pub object: Option<String>,
}

/// An answer with what fills the places of its texts, which whoever makes fixes of it needs.
#[derive(Debug, Clone)]
pub struct Found {
    /// The answer.
    pub inspection: Inspection,
    /// By finding, in their order: names of places and what fills them.
    pub values: Vec<BTreeMap<&'static str, String>>,
}

/// Looks for causes in a bundle.
#[must_use]
pub fn inspect(bundle: &Bundle, scope: &Scope) -> Inspection {
    find(bundle, scope).inspection
}

/// Looks for causes in a bundle, and keeps what their texts are filled with.
#[must_use]
pub fn find(bundle: &Bundle, scope: &Scope) -> Found {
    let estate = Estate::of(bundle);
    let picture = symptoms::look(&estate);
    let case = Case { estate, picture };
    let candidates: Vec<Candidate> = CHECKS.iter().flat_map(|check| check.look(&case)).collect();
    let weighed = weigh::weigh(candidates, &case.estate, &case.picture);
    let kept: Vec<&Weighed> = weighed.iter().filter(|one| within(scope, one)).collect();
    let found = kept
        .first()
        .is_some_and(|first| weigh::beats_unknown(first));
    let shown: Vec<&Weighed> = kept
        .into_iter()
        .filter(|_| found)
        .take(MOST_FINDINGS)
        .collect();
    let values = shown
        .iter()
        .map(|one| one.candidate.values.clone())
        .collect();
    let findings = (1..).zip(shown);
    let inspection = Inspection {
        schema: SCHEMA.to_owned(),
        verdict: verdict(found, &case.picture),
        users_affected: users_affected(&case.picture),
        findings: findings
            .map(|(rank, one)| present::finding(rank, one))
            .collect(),
        unread: bundle.unread.clone(),
        not_simulated: not_simulated(bundle),
    };
    Found { inspection, values }
}

fn not_simulated(bundle: &Bundle) -> Vec<String> {
    match bundle.origin {
        Origin::Settled => bundle.assumed.clone(),
        Origin::Collected => vec![NOT_SIMULATED.to_owned()],
    }
}

/// What a reading without a run leaves out.
const NOT_SIMULATED: &str = "no finding was tried on a twin: they are read off what was collected";

fn within(scope: &Scope, one: &Weighed) -> bool {
    scope.object.as_ref().is_none_or(|asked| {
        let (asked, object) = (
            asked.to_ascii_lowercase(),
            one.candidate.object.to_ascii_lowercase(),
        );
        let kind_and_name = asked.split_once('/').is_some_and(|(kind, name)| {
            object.split('/').next() == Some(kind) && object.ends_with(&format!("/{name}"))
        });
        object == asked || kind_and_name
    })
}

fn verdict(found: bool, picture: &Picture) -> InspectionVerdict {
    match (found, picture.symptoms.is_empty()) {
        (true, _) => InspectionVerdict::Found,
        (false, true) => InspectionVerdict::Healthy,
        (false, false) => InspectionVerdict::Unknown,
    }
}

/// Whether something that others reach fails; nothing tells where pods alone are down.
fn users_affected(picture: &Picture) -> Option<bool> {
    let felt = |symptom: &Symptom| !matches!(symptom, Symptom::Down(_) | Symptom::NodeDown(_));
    if picture.symptoms.is_empty() {
        Some(false)
    } else {
        picture.symptoms.iter().any(felt).then_some(true)
    }
}
