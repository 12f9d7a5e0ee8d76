//! Words of a model, made fit to be shown: plain, short, and nothing but words.

use super::nothing;
use aegis_model::ask::{
    Advice, AskRole, CriticAnswer, Dropped, ProposedObjection, ReflectionAnswer,
};
use aegis_model::{Objects, Plan, Target};

/// Characters of a sentence that is shown, at most.
const SENTENCE: usize = 300;
/// Objections that are taken up, at most.
const OBJECTIONS: usize = 5;

/// Text without what could steer a terminal or a page, in one line, cut to a sentence.
#[must_use]
pub fn plain(text: &str) -> String {
    unsteering(text).chars().take(SENTENCE).collect()
}

/// Text without what could steer a terminal or a page, in one line.
pub(super) fn unsteering(text: &str) -> String {
    let steers = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let shown: String = text
        .chars()
        .map(|c| if steers(c) { ' ' } else { c })
        .collect();
    let words: Vec<&str> = shown.split_whitespace().collect();
    words.join(" ")
}

/// A reflection in words. It decides nothing.
#[must_use]
pub fn reflection(answer: &ReflectionAnswer) -> Advice {
    let words = plain(&answer.words);
    Advice {
        taken: (!words.is_empty()).then_some(words).into_iter().collect(),
        ..nothing(AskRole::Reflection)
    }
}

/// Objections that name a plan on the table and an object that exists, by position of the plan.
#[must_use]
pub fn objections(
    objects: &Objects,
    plans: &[Plan],
    answer: &CriticAnswer,
) -> (Vec<(usize, Target, String)>, Advice) {
    let mut advice = nothing(AskRole::Critic);
    let mut kept = Vec::new();
    for (n, said) in answer.objections.iter().enumerate() {
        match checked(objects, plans, said).filter(|_| n < OBJECTIONS) {
            Some(objection) => {
                advice.taken.push(objection.2.clone());
                kept.push(objection);
            }
            None => advice.dropped.push(Dropped {
                what: plain(&format!("{}: {}", said.plan, said.concern)),
                why: "it names no plan on the table, or no object that exists".into(),
            }),
        }
    }
    (kept, advice)
}

fn checked(
    objects: &Objects,
    plans: &[Plan],
    said: &ProposedObjection,
) -> Option<(usize, Target, String)> {
    let plan = plans.iter().position(|plan| plan.id == said.plan)?;
    let target = super::causes::target(objects, &said.object)?;
    Some((plan, target, plain(&said.concern)))
}
