//! Which of the causes that a model named there can be.

use super::{nothing, plain};
use crate::diagnose::{Candidate, Named};
use aegis_model::ask::{Advice, AskRole, CAUSES, DiagnosisAnswer, Dropped, ProposedCause};
use aegis_model::kubernetes::ObjectRef;
use aegis_model::{Objects, Target};

/// What is left of a diagnosis in an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Causes {
    /// Known faults of existing objects, in the model's order.
    pub named: Vec<Named>,
    /// What the run tells.
    pub advice: Advice,
}

/// Causes of an answer that name a known fault and an object that exists, and that were not refuted.
#[must_use]
pub fn causes(objects: &Objects, answer: &DiagnosisAnswer, refuted: &[Named]) -> Causes {
    let mut causes = Causes {
        named: Vec::new(),
        advice: nothing(AskRole::Diagnosis),
    };
    for (n, said) in answer.causes.iter().enumerate() {
        let checked = match n {
            n if n < CAUSES => named(objects, said),
            _ => Err("an answer may name five causes"),
        };
        match checked {
            Ok(named) if refuted.contains(&named) => {
                causes.drop(said, "it was refuted in this incident");
            }
            Ok(named) if causes.named.contains(&named) => causes.drop(said, "it is named twice"),
            Ok(named) => {
                causes.advice.taken.push(in_words(said));
                causes.named.push(named);
            }
            Err(why) => causes.drop(said, why),
        }
    }
    causes
}

impl Causes {
    fn drop(&mut self, said: &ProposedCause, why: &str) {
        self.advice.dropped.push(Dropped {
            what: in_words(said),
            why: why.into(),
        });
    }

    /// Drops what the case has no candidate for: nothing could be laid or taken back for it.
    pub fn keep_those_of(&mut self, candidates: &[Candidate]) {
        let advice = &mut self.advice;
        let mut words = std::mem::take(&mut advice.taken).into_iter();
        self.named.retain(|(fault, target)| {
            let what = words.next().unwrap_or_default();
            let is_it =
                |candidate: &Candidate| candidate.id() == *fault && candidate.target == *target;
            let kept = candidates.iter().any(is_it);
            if kept {
                advice.taken.push(what);
            } else {
                let why = "nothing that was seen could have brought it there".into();
                advice.dropped.push(Dropped { what, why });
            }
            kept
        });
    }
}

fn in_words(said: &ProposedCause) -> String {
    plain(&format!("{} of {}: {}", said.fault, said.object, said.why))
}

fn named(objects: &Objects, said: &ProposedCause) -> Result<Named, &'static str> {
    let known =
        said.fault == aegis_faults::MISCONFIGURATION || aegis_faults::by_id(&said.fault).is_some();
    if !known {
        return Err("no fault of the catalogue is called so");
    }
    let target = target(objects, &said.object).ok_or("no such object exists")?;
    Ok((said.fault.as_str().into(), target))
}

/// The object of that name, where it exists.
pub(super) fn target(objects: &Objects, name: &str) -> Option<Target> {
    let reference: ObjectRef = name.parse().ok()?;
    let target = crate::resolve(objects, &reference);
    let header = objects.header(target)?;
    // What is gone may be at fault all the same: a deleted ConfigMap is.
    (header.reference == reference).then_some(target)
}
