//! What a language model was asked in a run, and what was done without it.

use crate::format::{clock, count};
use crate::story::Story;
use crate::text::{Line, Text, Tone};
use aegis_model::RunEvent;
use aegis_model::ask::{Advice, AskRole};
use serde::{Deserialize, Serialize};

/// Silences that are told one by one; the others are counted.
const SILENCES: usize = 3;

/// What was asked of a language model, and what was taken up.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdviceSummary {
    /// Questions.
    pub asked: usize,
    /// Of them answered in the right shape.
    pub answered: usize,
    /// Causes, plans, objections and reflections that were taken up: tried like all others.
    pub taken: usize,
    /// Those that were dropped: they name what does not exist, was refuted, or cannot be.
    pub dropped: usize,
}

/// Every question of a run with its time.
fn advices<'a>(story: &Story<'a>) -> impl Iterator<Item = (i64, &'a Advice)> + use<'a> {
    story
        .events
        .iter()
        .filter_map(|stamped| match &stamped.event {
            RunEvent::Advised(advice) => Some((stamped.t, advice)),
            _ => None,
        })
}

/// The sum over a run; `None` where no model was asked.
#[must_use]
pub fn advice_summary(story: &Story<'_>) -> Option<AdviceSummary> {
    let mut sum = AdviceSummary::default();
    for (_, advice) in advices(story) {
        sum.asked += 1;
        sum.answered += usize::from(advice.silence.is_none());
        sum.taken += advice.taken.len();
        sum.dropped += advice.dropped.len();
    }
    (sum.asked > 0).then_some(sum)
}

/// What a question was for.
const fn wanted(role: AskRole) -> &'static str {
    match role {
        AskRole::Diagnosis => "causes",
        AskRole::Planning => "plans",
        AskRole::Critic => "objections",
        AskRole::Reflection => "words",
    }
}

/// One answer, or its absence, in a line.
#[must_use]
pub fn in_a_line(advice: &Advice) -> (Tone, String) {
    let wanted = wanted(advice.role);
    if let Some(silence) = &advice.silence {
        return (
            Tone::Warn,
            format!("no {wanted}, the engine goes on alone: {}", silence.why),
        );
    }
    if advice.role == AskRole::Reflection && !advice.taken.is_empty() {
        return (Tone::Plain, advice.taken.join(" "));
    }
    let taken = match advice.taken.len() {
        0 => format!("no {wanted} that could be tried"),
        _ => format!("{wanted} to try: {}", advice.taken.join("; ")),
    };
    let dropped = advice.dropped.len();
    let dropped = match advice.dropped.first() {
        Some(first) => format!(" ({dropped} dropped: {})", first.why),
        None => String::new(),
    };
    (Tone::Plain, format!("{taken}{dropped}"))
}

/// The section of a terminal report; nothing where no model was asked.
pub fn section(text: &mut Text, story: &Story<'_>, model: Option<&str>) {
    let Some(sum) = advice_summary(story) else {
        return;
    };
    text.title("The language model");
    let asked = count(sum.asked, "question", "questions");
    text.say(format!(
        "  {}: {asked}, {} answered; {} taken up and tried, {} dropped",
        model.unwrap_or("none"),
        sum.answered,
        count(sum.taken, "idea", "ideas"),
        sum.dropped,
    ));
    let silent: Vec<_> = advices(story)
        .filter(|(_, advice)| advice.silence.is_some())
        .collect();
    for (t, advice) in silent.iter().take(SILENCES) {
        let line = format!("  {}  {}", clock(*t), in_a_line(advice).1);
        text.push(Line::of(Tone::Warn, line));
    }
    if silent.len() > SILENCES {
        let rest = count(silent.len() - SILENCES, "more question", "more questions");
        text.push(Line::of(
            Tone::Faint,
            format!("  and {rest} without an answer"),
        ));
    }
}
