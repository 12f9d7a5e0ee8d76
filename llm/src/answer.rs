//! From the text of a model to an answer of the right shape, or to what is wrong with it.

use aegis_model::ask::{
    Answer, AskRole, CAUSES, CriticAnswer, DiagnosisAnswer, PLANS, PlanningAnswer,
    ReflectionAnswer, STEPS,
};
use serde::de::DeserializeOwned;

/// Objections that an answer may hold.
const OBJECTIONS: usize = 5;

/// Reads an answer.
///
/// # Errors
/// What is wrong with it, in words that a model can act on.
pub fn read(role: AskRole, text: &str) -> Result<Answer, String> {
    let text = text.trim();
    let answer = match role {
        AskRole::Diagnosis => Answer::Diagnosis(parsed(text)?),
        AskRole::Planning => Answer::Planning(parsed(text)?),
        AskRole::Critic => Answer::Critic(parsed(text)?),
        AskRole::Reflection => Answer::Reflection(parsed(text)?),
    };
    bounded(&answer)?;
    Ok(answer)
}

fn parsed<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    if text.is_empty() {
        return Err("there is no answer".into());
    }
    serde_json::from_str(text).map_err(|why| why.to_string())
}

/// Whether its lists are as short as the schema wants them.
fn bounded(answer: &Answer) -> Result<(), String> {
    let at_most = |count: usize, limit: usize, what: &str| match count {
        count if count <= limit => Ok(()),
        count => Err(format!(
            "there are {count} {what}, at most {limit} are wanted"
        )),
    };
    match answer {
        Answer::Diagnosis(DiagnosisAnswer { causes }) => at_most(causes.len(), CAUSES, "causes"),
        Answer::Planning(PlanningAnswer { plans }) => {
            at_most(plans.len(), PLANS, "plans")?;
            let longest = plans.iter().map(|plan| plan.steps.len()).max();
            at_most(longest.unwrap_or(0), STEPS, "steps")
        }
        Answer::Critic(CriticAnswer { objections }) => {
            at_most(objections.len(), OBJECTIONS, "objections")
        }
        Answer::Reflection(ReflectionAnswer { .. }) => Ok(()),
    }
}
