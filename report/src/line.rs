//! One line per event, as a story is told while it happens.

use crate::advice::in_a_line;
use crate::debate;
use crate::format::{clock, count, fixed, length, one_line};
use crate::names::Names;
use crate::text::{Line, Tone};
use crate::words;
use aegis_model::recall::{Arm, Standing, Withheld};
use aegis_model::{
    Finding, Hypothesis, ObservationDelta, Plan, PlanScore, Recalled, Reflection, RunEvent,
    Stamped, Symptom, SymptomKind, Verdict,
};

/// Width of the column of words.
const WORD: usize = 13;

/// The line of an event; `None` for what happens all the time. Names are those read so far.
#[must_use]
pub fn line(stamped: &Stamped, names: &Names) -> Option<Line> {
    let (word, tone, text) = told(&stamped.event, names)?;
    let head = Line::of(Tone::Faint, format!("  {}  ", clock(stamped.t)));
    Some(head.add(tone, format!("{word:<WORD$}")).plain(text))
}

/// Word, tone and text.
type Told = (&'static str, Tone, String);

fn told(event: &RunEvent, names: &Names) -> Option<Told> {
    match event {
        RunEvent::Observed(delta) => changes(delta),
        RunEvent::SymptomSeen(seen) => Some(("symptom", Tone::Warn, symptom(seen, names))),
        RunEvent::SymptomGone(gone) => Some(("gone", Tone::Faint, gone_text(gone, names))),
        RunEvent::IncidentOpened { .. } => Some(("incident", Tone::Bad, "opened".into())),
        RunEvent::Calibrated { healthy, error, .. } => Some(calibrated(*healthy, *error)),
        RunEvent::Diagnosed { hypotheses, .. } => Some(diagnosed(hypotheses, names)),
        RunEvent::Planned { plans } => Some(planned(plans)),
        RunEvent::Shadowed { scores, .. } => Some(("tournament", Tone::Plain, tournament(scores))),
        RunEvent::Selected(verdict) => Some(selected(verdict)),
        RunEvent::IncidentClosed { ending } => Some(closed("incident", *ending)),
        RunEvent::Ended { ending, .. } => Some(closed("ended", *ending)),
        RunEvent::Noted { note } => Some(("note", Tone::Faint, note.clone())),
        event => acted(event, names),
    }
}

fn acted(event: &RunEvent, names: &Names) -> Option<Told> {
    match event {
        RunEvent::ApprovalAsked { plan } => {
            Some(("approval", Tone::Strong, format!("asked for plan {plan}")))
        }
        RunEvent::ApprovalGiven {
            plan,
            granted,
            reason,
        } => Some(answered(plan, *granted, reason.as_deref())),
        RunEvent::CannotUndo { plan, why } => {
            let text = format!(
                "plan {plan} cannot be wholly taken back: {}",
                why.join("; ")
            );
            Some(("one way", Tone::Warn, text))
        }
        RunEvent::StepApplied { kubectl, .. } => Some(("apply", Tone::Strong, one_line(kubectl))),
        RunEvent::ApplyEnded { conduct, .. } => {
            Some(("applied", Tone::Plain, words::conduct(conduct)))
        }
        RunEvent::Undone { why, .. } => Some(("undone", Tone::Bad, why.clone())),
        RunEvent::UndoDeclined { why, .. } => Some(("kept", Tone::Warn, why.clone())),
        RunEvent::Reflected(reflection) => Some(reflected(reflection, names)),
        RunEvent::Forewarned { precursor, .. } => {
            let text = format!("{}; looked into before anything is missed", precursor.why);
            Some(("forewarned", Tone::Warn, text))
        }
        RunEvent::Remembered { recalled, .. } => {
            Some(("memory", Tone::Plain, remembered(recalled)))
        }
        RunEvent::Withheld { hypotheses } => {
            Some(("withheld", Tone::Warn, withheld(hypotheses, names)))
        }
        event => argued(event, names),
    }
}

fn argued(event: &RunEvent, names: &Names) -> Option<Told> {
    match event {
        RunEvent::Objected(one) => {
            let text = format!("{}: {}", one.plan, one.text);
            Some((debate::critic(one.critic), Tone::Warn, text))
        }
        RunEvent::Attacked(one) => {
            let on = names.short(one.target);
            let taken = fixed(one.taken, 2);
            let text = format!(
                "{} on {on} takes {taken} of what {} gains",
                one.fault, one.plan
            );
            Some(("adversary", Tone::Warn, text))
        }
        RunEvent::Amended(one) => {
            let text = format!(
                "in answer to {}: {}",
                debate::critic(one.answers),
                one.to.summary
            );
            Some(("amended", Tone::Plain, text))
        }
        RunEvent::Heard(one) => Some((
            "heard",
            Tone::Plain,
            format!("{} {}", one.plan, debate::heard(one)),
        )),
        RunEvent::Debated(one) => Some(("debate", Tone::Plain, debate::ended(one))),
        RunEvent::Advised(advice) => {
            let (tone, text) = in_a_line(advice);
            Some(("model", tone, text))
        }
        _ => None,
    }
}

/// What came to mind, in a line.
fn remembered(recalled: &Recalled) -> String {
    let alike = recalled.episodes.len();
    let mut parts = vec![count(
        alike,
        "incident looked alike",
        "incidents looked alike",
    )];
    if let Some((first, cause)) = recalled
        .episodes
        .first()
        .and_then(|first| Some((first, first.cause.as_ref()?)))
    {
        parts.push(format!("{}: {}", cause.fault, first.why));
    }
    if let Some(rule) = recalled.rules.first() {
        parts.push(format!("a rule for {}: {}", rule.cause.fault, rule.why));
    }
    if recalled.arm == Arm::HeldOut {
        parts.push("rules are left out this time, to measure them".into());
    }
    parts.extend(recalled.forbidden.iter().map(|ban| ban.why.clone()));
    parts.join(" · ")
}

fn withheld(hypotheses: &[Withheld], names: &Names) -> String {
    let one = |one: &Withheld| {
        let what = format!("{} {}", one.cause.fault, names.short(one.target));
        let would_be = fixed(one.would_be, 2);
        match one.standing {
            Standing::Forbidden => format!("{what} is forbidden; would be {would_be}"),
            Standing::Paroled => {
                format!("{what} is on parole at {would_be}: only plans that can be taken back")
            }
        }
    };
    let texts: Vec<String> = hypotheses.iter().map(one).collect();
    texts.join(" · ")
}

fn changes(delta: &ObservationDelta) -> Option<Told> {
    let since = f64::from(delta.at.0) - delta.samples.interval;
    let mut fresh = delta.changes.iter();
    let first = fresh.find(|change| f64::from(change.at.0) >= since)?;
    let more = fresh
        .filter(|change| f64::from(change.at.0) >= since)
        .count();
    let rest = if more > 0 {
        format!(", and {}", count(more, "more change", "more changes"))
    } else {
        String::new()
    };
    Some((
        "change",
        Tone::Plain,
        format!("{}{rest}", words::change(first)),
    ))
}

fn symptom(symptom: &Symptom, names: &Names) -> String {
    let name = names.short(symptom.subject);
    let evidence = &symptom.evidence;
    let severity = fixed(symptom.severity, 1);
    match symptom.kind {
        SymptomKind::BurnRate => format!("{name} {evidence}  {severity}"),
        kind => format!("{name} {}: {evidence}  {severity}", words::symptom(kind)),
    }
}

fn gone_text(symptom: &Symptom, names: &Names) -> String {
    let name = names.short(symptom.subject);
    format!("{name} {}", words::symptom(symptom.kind))
}

fn calibrated(healthy: u32, error: f64) -> Told {
    let text = match healthy {
        0 => "no healthy past: priors alone".into(),
        seconds => format!(
            "on {} of healthy past, error {} %",
            length(i64::from(seconds)),
            fixed(error * 100.0, 0)
        ),
    };
    ("twin", Tone::Plain, text)
}

fn diagnosed(hypotheses: &[Hypothesis], names: &Names) -> Told {
    let few = hypotheses.iter().take(3);
    let texts: Vec<String> = few.map(|one| likelihood(one, names)).collect();
    let text = if texts.is_empty() {
        "none".into()
    } else {
        texts.join(" · ")
    };
    ("hypotheses", Tone::Strong, text)
}

fn likelihood(hypothesis: &Hypothesis, names: &Names) -> String {
    let confidence = fixed(hypothesis.confidence, 2);
    match hypothesis.fault.as_str() {
        fault @ ("unknown" | "no_fault") => format!("{fault} {confidence}"),
        fault => format!("{fault} {} {confidence}", names.short(hypothesis.target)),
    }
}

fn planned(plans: &[Plan]) -> Told {
    let drafted = plans.iter().filter(|plan| !plan.is_wait());
    let texts: Vec<&str> = drafted.map(|plan| plan.summary.as_str()).collect();
    let text = if texts.is_empty() {
        "none but to wait".into()
    } else {
        texts.join(" · ")
    };
    ("plans", Tone::Plain, text)
}

fn tournament(scores: &[PlanScore]) -> String {
    let texts = scores.iter().map(|score| {
        let fails = if score.durable {
            ""
        } else {
            " (does not last)"
        };
        format!("{} {}{fails}", score.plan, fixed(score.score, 2))
    });
    texts.collect::<Vec<_>>().join(" · ")
}

fn selected(verdict: &Verdict) -> Told {
    match &verdict.choice {
        Some(plan) => ("chosen", Tone::Strong, format!("{plan}: {}", verdict.why)),
        None => ("wait", Tone::Strong, verdict.why.clone()),
    }
}

fn answered(plan: &str, granted: bool, reason: Option<&str>) -> Told {
    let (tone, verb) = if granted {
        (Tone::Good, "granted")
    } else {
        (Tone::Bad, "refused")
    };
    let why = reason.map(|reason| format!(": {}", one_line(reason)));
    let text = format!("{verb} for plan {plan}{}", why.unwrap_or_default());
    ("approval", tone, text)
}

fn closed(word: &'static str, ending: aegis_model::Ending) -> Told {
    let text = words::ending(ending).to_owned();
    (word, words::ending_tone(ending), text)
}

fn reflected(reflection: &Reflection, names: &Names) -> Told {
    let (fault, target) = &reflection.hypothesis;
    let tone = match reflection.finding {
        Finding::Confirmed => Tone::Good,
        Finding::Refuted => Tone::Bad,
        Finding::Undecided => Tone::Warn,
    };
    let text = format!(
        "{fault} {} {}: {}",
        names.short(*target),
        words::finding(reflection.finding),
        reflection.why
    );
    ("reflection", tone, text)
}
