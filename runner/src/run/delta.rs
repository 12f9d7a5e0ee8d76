//! Observations as the log keeps them: what changed since the one before, with keyframes.
//!
//! A keyframe holds every node, pod, workload, Service, autoscaler, policy and budget. What is written
//! once or hardly ever (templates, ReplicaSets, plain objects, Events, the record of changes) is never
//! repeated: it stands in the lines before.

use aegis_model::{Objects, Observation, ObservationDelta, RowDelta, Table};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::sync::Arc;

/// Observations from one keyframe to the next: at a scrape each 15 s, a minute.
pub const KEYFRAME: u64 = 4;

/// Why a log does not give an observation back.
#[derive(Debug, thiserror::Error)]
pub enum FoldError {
    /// A table that objects do not have.
    #[error("the log names a table `{0}`, which this version does not have")]
    UnknownTable(String),
    /// A row that cannot be read.
    #[error("row {row} of `{table}` cannot be read: {why}")]
    Row {
        /// Table.
        table: String,
        /// Position.
        row: u32,
        /// Why.
        why: serde_json::Error,
    },
    /// Rows before this one are missing.
    #[error("row {row} of `{table}` comes before the rows before it")]
    Gap {
        /// Table.
        table: String,
        /// Position.
        row: u32,
    },
}

/// What of the rows a delta carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Frame {
    /// Every row of the objects that keep changing, and what is new.
    Key,
    /// What changed.
    Between,
}

macro_rules! tables {
    (state: $($state:ident),*; once: $($once:ident),*) => {
        /// What is new in `now` since `last`, in a frame; the first is a keyframe whatever is asked for.
        ///
        /// # Errors
        /// A row that has no JSON.
        pub fn delta(
            last: Option<&Objects>,
            now: &Observation,
            frame: Frame,
        ) -> Result<ObservationDelta, serde_json::Error> {
            let before = last.filter(|_| frame == Frame::Between);
            let mut rows = Vec::new();
            $(changed(stringify!($state), before.map(|objects| &objects.$state), &now.objects.$state, &mut rows)?;)*
            $(changed(stringify!($once), last.map(|objects| &objects.$once), &now.objects.$once, &mut rows)?;)*
            let known = last.map_or(0, |objects| objects.changes.len());
            Ok(ObservationDelta {
                at: now.at,
                keyframe: before.is_none(),
                rows,
                changes: now.objects.changes.iter().skip(known).cloned().collect(),
                samples: now.samples.clone(),
                logs: now.logs.clone(),
            })
        }

        fn put(objects: &mut Objects, row: &RowDelta) -> Result<(), FoldError> {
            match row.table.as_str() {
                $(stringify!($state) => set(&mut objects.$state, row),)*
                $(stringify!($once) => set(&mut objects.$once, row),)*
                other => Err(FoldError::UnknownTable(other.to_owned())),
            }
        }

        /// What of the objects before a keyframe it does not repeat.
        fn kept(before: &Objects) -> Objects {
            Objects {
                $($once: before.$once.clone(),)*
                changes: before.changes.clone(),
                ..Objects::default()
            }
        }
    };
}
// Templates are never written after, revisions and plain objects hardly ever; of the many Events few are.
tables!(
    state: nodes, workloads, pods, services, autoscalers, policies, budgets, volumes, claims;
    once: templates, replica_sets, classes, plain, events
);

fn changed<T: Clone + PartialEq + Serialize + DeserializeOwned>(
    name: &'static str,
    before: Option<&Table<T>>,
    now: &Table<T>,
    rows: &mut Vec<RowDelta>,
) -> Result<(), serde_json::Error> {
    for (index, row) in now.enumerate() {
        if before.and_then(|table| table.get(index)) != Some(row) {
            rows.push(RowDelta {
                table: name.into(),
                row: index as u32,
                value: briefly(row)?,
            });
        }
    }
    Ok(())
}

/// A row as JSON. Its typed `spec` is written without what is empty, as Kubernetes writes it, where
/// it reads back the same.
fn briefly<T: PartialEq + Serialize + DeserializeOwned>(
    row: &T,
) -> Result<Value, serde_json::Error> {
    let whole = serde_json::to_value(row)?;
    let mut brief = whole.clone();
    let Some(spec) = brief.get_mut("spec") else {
        return Ok(whole);
    };
    prune(spec);
    let same = T::deserialize(&brief).is_ok_and(|back| back == *row);
    Ok(if same { brief } else { whole })
}

/// Takes empty fields out of objects, from the leaves up.
fn prune(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.values_mut().for_each(prune);
            fields.retain(|_, field| !is_empty(field));
        }
        Value::Array(items) => items.iter_mut().for_each(prune),
        _ => {}
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

fn set<T: Clone + DeserializeOwned>(
    table: &mut Table<T>,
    delta: &RowDelta,
) -> Result<(), FoldError> {
    let row: T = T::deserialize(&delta.value).map_err(|why| FoldError::Row {
        table: delta.table.to_string(),
        row: delta.row,
        why,
    })?;
    let index = delta.row as usize;
    if index > table.len() {
        return Err(FoldError::Gap {
            table: delta.table.to_string(),
            row: delta.row,
        });
    }
    match table.get_mut(index) {
        Some(place) => *place = row,
        None => drop(table.push(row)),
    }
    Ok(())
}

/// The observation that a delta makes of the one before.
///
/// # Errors
/// What cannot be read back.
pub fn fold(
    before: Option<&Observation>,
    delta: &ObservationDelta,
) -> Result<Observation, FoldError> {
    let mut objects = match before {
        Some(before) if !delta.keyframe => before.objects.clone(),
        Some(before) => kept(&before.objects),
        None => Objects::default(),
    };
    for row in &delta.rows {
        put(&mut objects, row)?;
    }
    for change in &delta.changes {
        objects.changes.push(change.clone());
    }
    Ok(Observation {
        at: delta.at,
        objects,
        samples: delta.samples.clone(),
        logs: delta.logs.clone(),
    })
}

/// Turns observations into deltas, one after the other.
#[derive(Debug, Default)]
pub struct Recorder {
    last: Option<Arc<Observation>>,
    count: u64,
}

impl Recorder {
    /// The delta of the next observation.
    ///
    /// # Errors
    /// A row that has no JSON.
    pub fn record(
        &mut self,
        now: &Arc<Observation>,
    ) -> Result<ObservationDelta, serde_json::Error> {
        let frame = if self.count.is_multiple_of(KEYFRAME) {
            Frame::Key
        } else {
            Frame::Between
        };
        let delta = delta(self.last.as_ref().map(|last| &last.objects), now, frame)?;
        self.last = Some(Arc::clone(now));
        self.count += 1;
        Ok(delta)
    }
}
