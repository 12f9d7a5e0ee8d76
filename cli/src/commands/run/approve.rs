//! `--approve ask`: shows a plan and asks on the terminal, where no answer is a no. Without a terminal the run waits.

use super::view::View;
use crate::output::to_stderr;
use crate::paint::Paint;
use aegis_kube::kubectl::render;
use aegis_model::{Objects, Plan, PlanScore, Ruling, RunEvent, Stamped, Verdict};
use aegis_report::Story;
use aegis_report::format::{fixed, one_line};
use std::cell::RefCell;
use std::io::{self, BufRead, IsTerminal};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

/// Between two looks at whether the run was stopped.
const LOOK: Duration = Duration::from_millis(50);

/// What a person decides on.
struct Shown<'a> {
    /// All events so far.
    told: &'a [Stamped],
    /// The plan.
    plan: &'a Plan,
    /// The cluster that it is for.
    objects: &'a Objects,
}

/// Whether the plan may be applied, over what a person looks at. What was refused once is not asked again.
pub fn ask(
    told: &[Stamped],
    (plan, objects): (&Plan, &Objects),
    (view, stop): (&RefCell<View>, &dyn Fn() -> bool),
) -> Option<Ruling> {
    let shown = &Shown {
        told,
        plan,
        objects,
    };
    let mut view = view.borrow_mut();
    view.clear();
    let paint = view.paint();
    if already_refused(shown) {
        return Some(Ruling::plain(false));
    }
    to_stderr(&page(shown, paint));
    if !io::stdin().is_terminal() {
        to_stderr("standard input is no terminal: the run waits\n");
        return None;
    }
    to_stderr(&paint.bold("Apply it? [y/N] "));
    let granted = wait(&typed(), stop).is_some_and(|answer| is_yes(&answer));
    to_stderr(if granted { "applied\n" } else { "refused\n" });
    Some(Ruling::plain(granted))
}

fn already_refused(shown: &Shown<'_>) -> bool {
    let refused = |stamped: &Stamped| match &stamped.event {
        RunEvent::ApprovalGiven { plan, granted, .. } => !granted && *plan == shown.plan.id,
        _ => false,
    };
    shown.told.iter().any(refused)
}

/// A line from the terminal, read apart, so that Ctrl-C is heard while nobody types.
fn typed() -> Receiver<String> {
    let (to, from) = channel();
    thread::spawn(move || {
        let mut line = String::new();
        if io::stdin().lock().read_line(&mut line).is_ok() {
            // The run may have been stopped meanwhile; then nobody listens.
            let _ = to.send(line);
        }
    });
    from
}

fn wait(typed: &Receiver<String>, stop: &dyn Fn() -> bool) -> Option<String> {
    while !stop() {
        match typed.recv_timeout(LOOK) {
            Ok(line) => return Some(line),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return None,
        }
    }
    None
}

fn is_yes(answer: &str) -> bool {
    matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes")
}

/// The plan, what it is predicted to do, and what waiting would.
fn page(shown: &Shown<'_>, paint: Paint) -> String {
    let plan = shown.plan;
    let title = paint.bold(&format!("Plan {}: {}", plan.id, plan.summary));
    let mut text = format!("\n{title}\n");
    for step in &plan.steps {
        for command in render(shown.objects, &step.action) {
            text += &format!("  {}\n", paint.cyan(&one_line(&command)));
        }
    }
    for why in cannot_undo(shown) {
        text += &format!("  {}  {}\n", paint.red("one way"), one_line(why));
    }
    let story = Story::tell(shown.told);
    if let Some((_, _, verdict)) = story.decisive() {
        text += &prediction(plan, verdict);
    }
    text
}

/// What would stay of the plan if it were taken back.
fn cannot_undo<'a>(shown: &Shown<'a>) -> impl Iterator<Item = &'a String> {
    let told = shown
        .told
        .iter()
        .rev()
        .find_map(|stamped| match &stamped.event {
            RunEvent::CannotUndo { plan, why } if *plan == shown.plan.id => Some(why),
            _ => None,
        });
    told.into_iter().flatten()
}

fn prediction(plan: &Plan, verdict: &Verdict) -> String {
    let of = |id: &str| verdict.table.iter().find(|score| score.plan == id);
    let mut text = of(&plan.id).map(figures).unwrap_or_default();
    if let Some(control) = verdict.table.last().filter(|last| last.plan != plan.id) {
        text += &format!("  waiting  stability {}\n", fixed(control.stability, 2));
    }
    text + &format!("  why      {}\n", verdict.why)
}

fn figures(score: &PlanScore) -> String {
    let lasts = if score.durable {
        "it lasts"
    } else {
        "it does not last"
    };
    format!(
        "  this     stability {} · resilience {} · cost {} · risk {} · {lasts}\n",
        fixed(score.stability, 2),
        fixed(score.resilience, 2),
        fixed(score.cost, 2),
        fixed(score.risk, 2),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_yes_is_a_yes() {
        for (answer, yes) in [
            ("y\n", true),
            ("YES", true),
            ("\n", false),
            ("yeah", false),
            ("no", false),
        ] {
            assert_eq!(is_yes(answer), yes, "{answer}");
        }
    }

    #[test]
    fn no_answer_and_a_stopped_run_are_no_yes() {
        let (to, from) = channel();
        assert_eq!(wait(&from, &|| true), None);
        drop(to);
        assert_eq!(wait(&from, &|| false), None);
    }
}
