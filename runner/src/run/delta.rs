//! Observations as the log keeps them: what changed since the one before, with keyframes.

use aegis_model::{Objects, Observation, ObservationDelta, RowDelta, Table};
use serde::Serialize;
use serde::de::DeserializeOwned;
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

macro_rules! tables {
    ($($table:ident),*) => {
        /// What changed from `before` to `now`; everything where there is no `before`.
        ///
        /// # Errors
        /// A row that has no JSON.
        pub fn delta(before: Option<&Objects>, now: &Observation) -> Result<ObservationDelta, serde_json::Error> {
            let mut rows = Vec::new();
            $(changed(stringify!($table), before.map(|objects| &objects.$table), &now.objects.$table, &mut rows)?;)*
            let known = before.map_or(0, |objects| objects.changes.len());
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
                $(stringify!($table) => set(&mut objects.$table, row),)*
                other => Err(FoldError::UnknownTable(other.to_owned())),
            }
        }
    };
}
tables!(
    nodes,
    templates,
    workloads,
    replica_sets,
    pods,
    services,
    autoscalers,
    policies,
    budgets,
    plain,
    events
);

fn changed<T: Clone + PartialEq + Serialize>(
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
                value: serde_json::to_value(row)?,
            });
        }
    }
    Ok(())
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
        // The record of changes is never repeated, keyframes included.
        Some(before) => Objects {
            changes: before.objects.changes.clone(),
            ..Objects::default()
        },
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
        let keyframe = self.count.is_multiple_of(KEYFRAME);
        let mut delta = delta(
            self.last
                .as_ref()
                .filter(|_| !keyframe)
                .map(|last| &last.objects),
            now,
        )?;
        if keyframe {
            let known = self
                .last
                .as_ref()
                .map_or(0, |last| last.objects.changes.len());
            delta.changes = now.objects.changes.iter().skip(known).cloned().collect();
        }
        self.last = Some(Arc::clone(now));
        self.count += 1;
        Ok(delta)
    }
}
