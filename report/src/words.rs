//! The words in which a run is told, each in one place.

use crate::format::{self, fixed};
use crate::names::Names;
use crate::summary::Summary;
use crate::text::Tone;
use aegis_model::{
    ChangeRecord, Conduct, Ending, FieldChange, Finding, Future, Hypothesis, ObjectChange,
    Objective, PlanSource, SymptomKind, Way,
};
use serde_json::Value;

/// How a run or an incident ended, in one word.
#[must_use]
pub fn ending(ending: Ending) -> &'static str {
    match ending {
        Ending::Cancelled => "cancelled",
        Ending::Refused => "refused",
        Ending::Mended => "mended",
        Ending::Undone => "undone",
        Ending::Unresolved => "unresolved",
        Ending::Waited => "waited",
        Ending::Healthy => "healthy",
    }
}

/// What that word means.
#[must_use]
pub fn ending_meaning(ending: Ending) -> &'static str {
    match ending {
        Ending::Cancelled => "The run was stopped before its end.",
        Ending::Refused => "The last plan was refused, and none stands.",
        Ending::Mended => "A plan stands, and all objectives are met.",
        Ending::Undone => "The last plan was taken back; objectives are missed.",
        Ending::Unresolved => "Objectives are missed, and nothing that was done has mended it.",
        Ending::Waited => "Symptoms came and went; nothing was changed, objectives are met.",
        Ending::Healthy => "Nothing paged.",
    }
}

/// Whether that is good news.
#[must_use]
pub fn ending_tone(ending: Ending) -> Tone {
    match ending {
        Ending::Mended | Ending::Healthy | Ending::Waited => Tone::Good,
        Ending::Cancelled | Ending::Refused => Tone::Warn,
        Ending::Undone | Ending::Unresolved => Tone::Bad,
    }
}

/// What is off.
#[must_use]
pub fn symptom(kind: SymptomKind) -> &'static str {
    match kind {
        SymptomKind::BurnRate => "error budget",
        SymptomKind::Errors => "errors",
        SymptomKind::Latency => "latency",
        SymptomKind::Rate => "request rate",
        SymptomKind::Cpu => "CPU",
        SymptomKind::Memory => "memory",
        SymptomKind::Restarts => "restarts",
        SymptomKind::OomKilled => "OOM kills",
        SymptomKind::NotReady => "pods not ready",
        SymptomKind::Unschedulable => "pods unschedulable",
        SymptomKind::CannotStart => "containers cannot start",
        SymptomKind::NoEndpoints => "no ready endpoint",
        SymptomKind::NodeNotReady => "node not ready",
        SymptomKind::TelemetryMissing => "telemetry missing",
    }
}

/// Where a plan comes from.
#[must_use]
pub fn source(source: PlanSource) -> &'static str {
    match source {
        PlanSource::Control => "control: do nothing",
        PlanSource::Undo => "ends the cause",
        PlanSource::Contain => "keeps it small",
        PlanSource::Outgrow => "makes room for it",
        PlanSource::Variation => "variation",
        PlanSource::Rule => "by a rule",
        PlanSource::Rollback => "takes a plan back",
        PlanSource::Advised => "a language model's",
        PlanSource::Amended => "amended in debate",
    }
}

/// A future, as a column is headed.
#[must_use]
pub fn future(future: Future) -> &'static str {
    match future {
        Future::Main => "main",
        Future::LikelyNext => "likely next",
        Future::WorstHistorical => "worst historical",
    }
}

/// A future, where room is short.
#[must_use]
pub fn future_briefly(future: Future) -> &'static str {
    match future {
        Future::Main => "main",
        Future::LikelyNext => "next",
        Future::WorstHistorical => "worst",
    }
}

/// How steps ended.
#[must_use]
pub fn conduct(conduct: &Conduct) -> String {
    match conduct {
        Conduct::Done => "all steps done".into(),
        Conduct::Running => "steps under way".into(),
        Conduct::Refused { step, why } => format!("step {} was not taken: {why}", step + 1),
        Conduct::TimedOut { step } => format!("step {} passed its deadline", step + 1),
    }
}

/// What the world says of a hypothesis.
#[must_use]
pub fn finding(finding: Finding) -> &'static str {
    match finding {
        Finding::Confirmed => "confirmed",
        Finding::Refuted => "refuted",
        Finding::Undecided => "undecided",
    }
}

/// A hypothesis in a few words: fault, object, field.
#[must_use]
pub fn hypothesis(hypothesis: &Hypothesis, names: &Names) -> String {
    let fault = fault(&hypothesis.fault);
    if matches!(hypothesis.fault.as_str(), "unknown" | "no_fault") {
        return fault;
    }
    let target = names.target(hypothesis.target);
    match &hypothesis.field {
        Some(field) => format!("{fault} · {target} {field}"),
        None => format!("{fault} · {target}"),
    }
}

/// A fault id as words.
#[must_use]
pub fn fault(id: &str) -> String {
    match id {
        "unknown" => "something that no hypothesis explains".into(),
        "no_fault" => "no fault".into(),
        id => id.replace('_', " "),
    }
}

/// What was promised: `99.5 % succeed, 99 % below 800 ms`.
#[must_use]
pub fn objective(objective: &Objective) -> String {
    let succeed = format!("{} succeed", format::percent(objective.availability));
    match objective.latency {
        None => succeed,
        Some(target) => format!(
            "{succeed}, {} below {}",
            format::percent(target.share),
            format::latency(target.below)
        ),
    }
}

/// A change in one line: who, which object, what.
#[must_use]
pub fn change(record: &ChangeRecord) -> String {
    let what = match record.change.as_ref() {
        ObjectChange::Create { .. } => "created".into(),
        ObjectChange::Delete { .. } => "deleted".into(),
        ObjectChange::Exec { procedure, way, .. } => match way {
            Way::Done => format!("{} it", procedure.facts().name),
            Way::TakenBack => format!("{} it, taken back", procedure.facts().name),
        },
        ObjectChange::Update { fields, .. } => updated(fields),
    };
    format!("{} {what} by {}", record.object, record.actor)
}

fn updated(fields: &[FieldChange]) -> String {
    match fields {
        [] => "touched".into(),
        [one] => field(one),
        [first, rest @ ..] => format!("{} and {} more", field(first), rest.len()),
    }
}

fn field(change: &FieldChange) -> String {
    let side = |value: &Option<Value>| value.as_ref().map_or("unset".into(), text_of);
    let (before, after) = (side(&change.before), side(&change.after));
    let same = shared(&before, &after);
    format!(
        "{} {} → {}",
        change.path,
        brief(&before, same),
        brief(&after, same)
    )
}

fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Bytes up to the last `/` that both texts begin with.
fn shared(a: &str, b: &str) -> usize {
    let same = a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
    let start = a.as_bytes().get(..same).unwrap_or_default();
    start
        .iter()
        .rposition(|byte| *byte == b'/')
        .map_or(0, |at| at + 1)
}

/// A text on a line: where it is long, without the `same` bytes that it begins with as the other side
/// does, and cut.
fn brief(text: &str, same: usize) -> String {
    const LONG: usize = 48;
    if text.chars().count() <= LONG {
        return text.into();
    }
    let rest = text.get(same..).filter(|_| same > 0);
    let (lead, rest) = rest.map_or(("", text), |rest| ("…/", rest));
    if rest.chars().count() <= LONG {
        return format!("{lead}{rest}");
    }
    let start: String = rest.chars().take(LONG - 1).collect();
    format!("{lead}{start}…")
}

/// How fast it was noticed, found and mended, as far as it was.
#[must_use]
pub fn timing(summary: &Summary) -> String {
    let marks = [
        ("detected", summary.ttd_s),
        ("located", summary.ttl_s),
        ("mended", summary.ttm_s),
    ];
    let texts = marks.map(|(word, after)| match after {
        Some(seconds) => format!("{word} after {}", format::length(seconds)),
        None => format!("not {word}"),
    });
    texts.join(", ")
}

/// A score or a share with two decimals; missing is a dash.
#[must_use]
pub fn figure(value: Option<f64>) -> String {
    value.map_or_else(|| "–".into(), |value| fixed(value, 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_long_images_the_ends_are_shown() {
        let image = |tag: &str| {
            Some(Value::from(format!(
                "registry.example.org/a-team/of-many/services/cart:{tag}"
            )))
        };
        let change = FieldChange {
            path: "spec.image".parse().expect("a path"),
            before: image("v1"),
            after: image("v2"),
        };
        assert_eq!(field(&change), "spec.image …/cart:v1 → …/cart:v2");
    }

    #[test]
    fn a_long_text_is_cut_and_a_short_one_is_whole() {
        assert_eq!(brief(&"x".repeat(99), 0).chars().count(), 48);
        assert_eq!(brief("a/b", 2), "a/b");
    }
}
