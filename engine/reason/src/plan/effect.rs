//! What a plan leaves behind: two plans that write the same objects the same are one plan.

use super::Plan;
use crate::twin::Twin;
use aegis_model::objects::Header;
use aegis_model::{Action, Procedure, Target};
use aegis_sim::api::{self, Actor};
use aegis_sim::conduct::{ACTOR, TRAFFIC, changes_of};
use serde_json::Value;
use std::collections::BTreeMap;

/// What a plan's writes come to, played at once on a fork of now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Digest of the objects that are other than before.
    Differs(blake3::Hash),
    /// All objects are as before.
    Nothing,
    /// Some step cannot be written after those before it.
    Impossible,
}

/// The effect of a plan.
#[must_use]
pub fn effect(now: &Twin, plan: &Plan) -> Effect {
    let mut after = now.fork();
    if play(&mut after, plan).is_none() {
        return Effect::Impossible;
    }
    let commands = plan.steps.iter().filter_map(|step| match step.action {
        Action::Exec { on, procedure } => Some((on, procedure)),
        _ => None,
    });
    difference(&written(now), written(&after), commands)
}

/// Writes all steps at once; `None` where the API server refuses one.
fn play(after: &mut Twin, plan: &Plan) -> Option<()> {
    for step in &plan.steps {
        for change in changes_of(&after.cluster, &step.action).ok()? {
            api::apply(&mut after.cluster, &change, Actor::Recorded(ACTOR)).ok()?;
        }
    }
    Some(())
}

type Written = BTreeMap<(u8, usize), Value>;

/// What is other than before, and which commands went along with it: what those come to no object shows.
fn difference(
    before: &Written,
    after: Written,
    commands: impl Iterator<Item = (Target, Procedure)>,
) -> Effect {
    let mut hasher = blake3::Hasher::new();
    for (on, procedure) in commands {
        hasher.update(format!("{procedure:?} {on:?}").as_bytes());
    }
    let mut effect = Effect::Nothing;
    for (place, value) in after {
        if before.get(&place) != Some(&value) {
            hasher.update(&[place.0]);
            hasher.update(&(place.1 as u64).to_le_bytes());
            hasher.update(value.to_string().as_bytes());
            effect = Effect::Differs(hasher.finalize());
        }
    }
    effect
}

/// What users write of each object, by table and row; null for one that is gone.
fn written(twin: &Twin) -> Written {
    let objects = &twin.cluster.objects;
    let mut all = BTreeMap::new();
    let mut add = |table: u8, row: usize, header: &Header| {
        all.insert((table, row), content(header));
    };
    objects
        .workloads
        .enumerate()
        .for_each(|(i, row)| add(0, i, &row.header));
    objects
        .services
        .enumerate()
        .for_each(|(i, row)| add(1, i, &row.header));
    objects
        .nodes
        .enumerate()
        .for_each(|(i, row)| add(2, i, &row.header));
    objects
        .policies
        .enumerate()
        .for_each(|(i, row)| add(3, i, &row.header));
    objects
        .autoscalers
        .enumerate()
        .for_each(|(i, row)| add(4, i, &row.header));
    objects
        .budgets
        .enumerate()
        .for_each(|(i, row)| add(5, i, &row.header));
    objects
        .plain
        .enumerate()
        .for_each(|(i, row)| add(6, i, &row.header));
    for (row, pod) in objects.pods.enumerate() {
        let stays = pod.exists() && pod.deletion.is_none();
        all.insert((7, row), Value::Bool(stays));
    }
    all
}

/// A document but for what the API server writes of it; annotations that limit traffic are its users'.
fn content(header: &Header) -> Value {
    if !header.exists() {
        return Value::Null;
    }
    let Some(fields) = header.doc.as_object() else {
        return Value::Null;
    };
    let own = fields
        .iter()
        .filter(|(key, _)| !matches!(key.as_str(), "metadata" | "status"));
    let mut content: serde_json::Map<_, _> = own
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    let annotations = header.doc["metadata"]["annotations"].as_object();
    let limits = annotations
        .into_iter()
        .flatten()
        .filter(|(key, _)| key.starts_with(TRAFFIC));
    for (key, value) in limits {
        content.insert(key.clone(), value.clone());
    }
    Value::Object(content)
}
