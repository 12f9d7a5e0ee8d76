//! Hypotheses with their confidence, what speaks for them and what against.

use super::svg::{Anchor, Box4, Svg};
use super::{View, details, figure, table};
use crate::format::{clock, count, fixed, html};
use crate::round::Round;
use crate::words;
use aegis_model::Hypothesis;

/// Where bars begin, and how long a certain one is.
const LEFT: f64 = 580.0;
const WIDTH: f64 = 490.0;

/// Hypotheses drawn at most.
const MOST: usize = 8;

/// Every diagnosis of the run.
pub(super) fn evidence(view: &View<'_>) -> String {
    let diagnosed = view
        .story
        .rounds
        .iter()
        .filter(|round| round.diagnosed.is_some());
    let drawn: String = diagnosed.map(|round| diagnosis(view, round)).collect();
    if drawn.is_empty() {
        return "<p class=\"none\">Nothing was diagnosed.</p>".into();
    }
    drawn
}

fn diagnosis(view: &View<'_>, round: &Round<'_>) -> String {
    let at = round.diagnosed.unwrap_or(round.t);
    let title = format!(
        "Diagnosis at {}: {} rolled, {} screened out",
        clock(at),
        count(round.hypotheses.len(), "hypothesis", "hypotheses"),
        round.screened
    );
    let shown: String = round
        .hypotheses
        .iter()
        .take(2)
        .map(|one| points(view, one))
        .collect();
    let table = details("All hypotheses, with their figures", &all(view, round));
    figure(
        &title,
        &bars(view, round),
        &(shown + &checks(round) + &table),
    )
}

fn bars(view: &View<'_>, round: &Round<'_>) -> String {
    let shown = &round.hypotheses[..round.hypotheses.len().min(MOST)];
    let mut svg = Svg::new(1136.0, shown.len() as f64 * 30.0 + 6.0);
    for (row, one) in shown.iter().enumerate() {
        let top = 4.0 + row as f64 * 30.0;
        let name = super::svg::cut(&words::hypothesis(one, &view.story.names), 84);
        let width = WIDTH * one.confidence.clamp(0.0, 1.0);
        let class = if row == 0 { "bar lead" } else { "bar" };
        let tip = format!("confidence {}", fixed(one.confidence, 2));
        svg.text("label", (0.0, top + 16.0), Anchor::Start, &name);
        svg.round("bar-back", Box4(LEFT, top + 4.0, WIDTH, 16.0), 3.0, "");
        svg.round(class, Box4(LEFT, top + 4.0, width, 16.0), 3.0, &tip);
        let word = if one.refuted {
            "refuted".into()
        } else {
            fixed(one.confidence, 2)
        };
        svg.text("value", (1132.0, top + 16.0), Anchor::End, &word);
    }
    svg.finish("Confidence of each hypothesis")
}

fn points(view: &View<'_>, one: &Hypothesis) -> String {
    let items = |class: &str, points: &[String]| -> String {
        let item = |point: &String| format!("<li class=\"{class}\">{}</li>", html(point));
        points.iter().map(item).collect()
    };
    let list = items("for", &one.supporting) + &items("against", &one.against);
    if list.is_empty() {
        return String::new();
    }
    let name = html(&words::hypothesis(one, &view.story.names));
    format!("<h4>{name}</h4><ul class=\"points\">{list}</ul>")
}

fn checks(round: &Round<'_>) -> String {
    if round.next_checks.is_empty() {
        return String::new();
    }
    let items = round.next_checks.iter();
    let items: String = items
        .map(|check| format!("<li><code>{}</code></li>", html(check)))
        .collect();
    format!("<h4>What would tell more</h4><ul>{items}</ul>")
}

fn all(view: &View<'_>, round: &Round<'_>) -> String {
    let rows: Vec<Vec<String>> = round
        .hypotheses
        .iter()
        .map(|one| {
            vec![
                html(&words::hypothesis(one, &view.story.names)),
                clock(one.onset.since(view.story.origin)),
                fixed(one.prior, 3),
                one.evidence.map_or_else(|| "–".into(), |z| fixed(z, 1)),
                if one.refuted {
                    "refuted".into()
                } else {
                    fixed(one.confidence, 2)
                },
                one.class.to_string(),
                html(one.against.first().map_or("", String::as_str)),
            ]
        })
        .collect();
    let heads = [
        "hypothesis",
        "onset",
        "prior",
        "log Z, nats",
        "confidence",
        "class",
        "strongest against",
    ];
    table("numbers", &heads, &rows)
}
