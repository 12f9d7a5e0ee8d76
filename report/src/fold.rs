//! Observations put together again: the objects as they were last seen.
//!
//! Rows are kept as values until the end and read once. A row that does not fit (out of
//! order, of another version) is left out and counted, so that a log cut or damaged
//! anywhere still gives what it holds.

use aegis_model::{Objects, ObservationDelta, RunEvent, Stamped, Table};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::BTreeMap;

/// The latest row of each table, by position.
type Rows<'a> = BTreeMap<&'a str, BTreeMap<u32, &'a Value>>;

/// The objects at the end of some events.
#[derive(Debug, Default)]
pub struct Folded {
    /// As they were last seen; the record of changes is complete.
    pub objects: Objects,
    /// Rows that could not be read.
    pub unread: usize,
}

/// The objects as seen by the last of these events.
#[must_use]
pub fn fold(events: &[Stamped]) -> Folded {
    let mut rows = Rows::new();
    let mut folded = Folded::default();
    for delta in deltas(events) {
        for row in &delta.rows {
            let table = rows.entry(row.table.as_str()).or_default();
            table.insert(row.row, &row.value);
        }
        for change in &delta.changes {
            folded.objects.changes.push(change.clone());
        }
    }
    read_tables(&rows, &mut folded);
    folded
}

/// The observations among events.
pub fn deltas(events: &[Stamped]) -> impl Iterator<Item = &ObservationDelta> {
    events.iter().filter_map(|stamped| match &stamped.event {
        RunEvent::Observed(delta) => Some(delta),
        _ => None,
    })
}

fn read_tables(rows: &Rows<'_>, folded: &mut Folded) {
    let Folded { objects, unread } = folded;
    *unread += read("nodes", rows, &mut objects.nodes);
    *unread += read("workloads", rows, &mut objects.workloads);
    *unread += read("templates", rows, &mut objects.templates);
    *unread += read("replica_sets", rows, &mut objects.replica_sets);
    *unread += read("pods", rows, &mut objects.pods);
    *unread += read("services", rows, &mut objects.services);
    *unread += read("autoscalers", rows, &mut objects.autoscalers);
    *unread += read("policies", rows, &mut objects.policies);
    *unread += read("budgets", rows, &mut objects.budgets);
    *unread += read("volumes", rows, &mut objects.volumes);
    *unread += read("claims", rows, &mut objects.claims);
    *unread += read("classes", rows, &mut objects.classes);
    *unread += read("plain", rows, &mut objects.plain);
    *unread += read("events", rows, &mut objects.events);
}

/// Reads the rows of a table up to the first that is missing or does not fit; gives the number left out.
fn read<T: Clone + DeserializeOwned>(name: &str, rows: &Rows<'_>, table: &mut Table<T>) -> usize {
    let Some(found) = rows.get(name) else {
        return 0;
    };
    for (position, value) in found {
        let row = T::deserialize(*value);
        match row {
            Ok(row) if *position as usize == table.len() => drop(table.push(row)),
            _ => break,
        }
    }
    found.len() - table.len()
}
