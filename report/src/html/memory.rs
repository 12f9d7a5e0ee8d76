//! What was remembered, why, and what was held back.

use super::{View, table};
use crate::format::{clock, html};
use crate::memory::{held_back, recollections, standing};

/// The memory's part of the page; nothing where the run had none.
pub(super) fn memory(view: &View<'_>) -> String {
    let mut out = String::new();
    for recollection in recollections(view.story) {
        let (at, occasion) = (clock(recollection.t), recollection.occasion);
        out += &format!("<h3>{at}: {occasion}</h3>");
        let rows: Vec<Vec<String>> = recollection
            .items
            .iter()
            .map(|item| vec![item.kind.to_owned(), html(&item.what), html(&item.why)])
            .collect();
        out += &if rows.is_empty() {
            "<p class=\"none\">Nothing came to mind.</p>".to_owned()
        } else {
            format!(
                "<div class=\"wide\">{}</div>",
                table("", &["", "what", "why it came to mind"], &rows)
            )
        };
    }
    let held = held_back(view.story);
    if !held.is_empty() {
        let rows: Vec<Vec<String>> = held
            .iter()
            .map(|one| vec![html(&one.what), html(&standing(one))])
            .collect();
        out += "<h3>Held back</h3>";
        out += &table("", &["cause", "why it does not lead"], &rows);
    }
    if let Some(digest) = &view.facts.memory {
        out += &format!(
            "<p class=\"note\">The memory before the run: <code>{}</code></p>",
            html(digest)
        );
    }
    out
}
