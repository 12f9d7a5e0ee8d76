//! What was argued over the plans, as a table to unfold.

use super::{View, details, table};
use crate::debate::{ended, said, votes};
use crate::format::html;
use crate::round::Round;

/// The debate of a round; nothing where there was none.
pub(super) fn debate(view: &View<'_>, round: &Round<'_>) -> String {
    if round.debate.is_empty() {
        return String::new();
    }
    let story = view.story;
    let rows: Vec<Vec<String>> = said(round, &story.names, story.origin)
        .iter()
        .map(|one| {
            vec![
                one.round.to_string(),
                one.who.to_owned(),
                html(&one.what),
                html(&one.why),
            ]
        })
        .collect();
    let heads = [
        "round",
        "who",
        "what",
        "what it rests on, or what came of it",
    ];
    let votes: String = votes(round)
        .iter()
        .map(|vote| format!("<li>{}</li>", html(vote)))
        .collect();
    let end = round.debate.debated.map_or(String::new(), |debated| {
        format!("<p class=\"note\">{}</p>", html(&ended(debated)))
    });
    let content = format!("{}<ul>{votes}</ul>{end}", table("", &heads, &rows));
    let title = format!("The debate: {} things were said", rows.len());
    details(&title, &content)
}
