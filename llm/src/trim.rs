//! A prompt that is too long loses what is worth least, row by row; no row is ever cut.

use crate::prompt::{Prompt, render};
use aegis_model::ask::{Ask, CallLine, Scene};
use minijinja::Error;

/// A prompt that fits, the question as it was put, and how many rows were left out.
#[derive(Debug, Clone, PartialEq)]
pub struct Fitted {
    /// The prompt.
    pub prompt: Prompt,
    /// The question behind it: an answer may name what it lists.
    pub ask: Ask,
    /// Rows that were left out.
    pub left_out: usize,
}

/// Renders a question within so many bytes. Where even the bare question is longer, it stays so.
///
/// # Errors
/// A template that cannot be rendered.
pub fn fit(mut ask: Ask, limit: usize) -> Result<Fitted, Error> {
    let mut left_out = 0;
    loop {
        let prompt = render(&ask)?;
        let over = prompt.length().saturating_sub(limit);
        let dropped = if over > 0 { lighten(&mut ask, over) } else { 0 };
        if dropped == 0 {
            return Ok(Fitted {
                prompt,
                ask,
                left_out,
            });
        }
        left_out += dropped;
    }
}

/// One list of rows, by what each is worth.
#[derive(Clone, Copy, PartialEq)]
enum List {
    Faults,
    Objects,
    Evidence,
    Documents,
}

/// Leaves the lightest rows out until about so many bytes are gone; gives how many rows.
fn lighten(ask: &mut Ask, over: usize) -> usize {
    let mut rows = weighed(ask);
    rows.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut gone = 0;
    let enough = |(_, _, length): &(f64, List, usize)| {
        let before = gone;
        gone += length;
        before < over
    };
    let dropped: Vec<_> = rows.into_iter().take_while(enough).collect();
    for list in [List::Faults, List::Objects, List::Evidence, List::Documents] {
        let count = dropped.iter().filter(|row| row.1 == list).count();
        drop_lightest(ask, list, count);
    }
    if let Some(scene) = ask.scene_mut() {
        keep_known_calls(scene);
    }
    dropped.len()
}

/// Worth, list and length of every row that may be left out. The last three objects, and faults, stay.
fn weighed(ask: &Ask) -> Vec<(f64, List, usize)> {
    let mut rows = Vec::new();
    let mut add = |list: List, all: Vec<(f64, usize)>, stay: usize| {
        let mut all = all;
        all.sort_by(|a, b| a.0.total_cmp(&b.0));
        let free = all.len().saturating_sub(stay);
        rows.extend(
            all.into_iter()
                .take(free)
                .map(|(weight, length)| (weight, list, length)),
        );
    };
    if let Ask::Diagnosis(context) = ask {
        let faults = context.faults.iter();
        let faults = faults.map(|row| (row.weight, row.id.len() + row.summary.len() + 25));
        add(List::Faults, faults.collect(), 3);
    }
    if let Some(scene) = ask.scene() {
        let objects = scene.objects.iter();
        let objects = objects.map(|row| (row.weight, row.object.len() + row.state.len() + 25));
        add(List::Objects, objects.collect(), 3);
        let evidence = scene.evidence.iter();
        let evidence = evidence.map(|row| (row.weight, row.object.len() + row.text.len() + 60));
        add(List::Evidence, evidence.collect(), 0);
        let documents = scene.documents.iter();
        let documents = documents.map(|row| (row.weight, row.origin.len() + row.text.len() + 25));
        add(List::Documents, documents.collect(), 0);
    }
    rows
}

fn drop_lightest(ask: &mut Ask, list: List, count: usize) {
    match (list, ask) {
        (List::Faults, Ask::Diagnosis(context)) => {
            lightest(&mut context.faults, count, |row| row.weight);
        }
        (List::Faults, _) => {}
        (List::Objects, ask) => {
            if let Some(scene) = ask.scene_mut() {
                lightest(&mut scene.objects, count, |row| row.weight);
            }
        }
        (List::Evidence, ask) => {
            if let Some(scene) = ask.scene_mut() {
                lightest(&mut scene.evidence, count, |row| row.weight);
            }
        }
        (List::Documents, ask) => {
            if let Some(scene) = ask.scene_mut() {
                lightest(&mut scene.documents, count, |row| row.weight);
            }
        }
    }
}

/// Takes so many rows out, the lightest first and of equals the last; the others keep their order.
fn lightest<T>(rows: &mut Vec<T>, count: usize, weight: impl Fn(&T) -> f64) {
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by(|a, b| {
        weight(&rows[*a])
            .total_cmp(&weight(&rows[*b]))
            .then(b.cmp(a))
    });
    let gone: Vec<usize> = order.into_iter().take(count).collect();
    let mut position = 0;
    rows.retain(|_| {
        position += 1;
        !gone.contains(&(position - 1))
    });
}

fn keep_known_calls(scene: &mut Scene) {
    let objects = &scene.objects;
    let is_known = |name: &str| objects.iter().any(|row| row.object == name);
    let known = |call: &CallLine| is_known(&call.from) && is_known(&call.to);
    scene.calls.retain(known);
}
