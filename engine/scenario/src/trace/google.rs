//! Google's cluster traces: version 2 of 2011 and version 3 of 2019.
//!
//! CPU and memory are shares of the largest machine. Times are microseconds; the trace begins at
//! 600 s, 0 is before it. A job, or collection, is a group, its tasks are the pods.

use super::gathered::Gathered;
use super::layout::{Known, Sort};
use super::rows::Row;
use super::{CORES, Wrong};

/// When a trace begins, s.
const BEGINS: f64 = 600.0;
/// A time that means "after the end" (2^63 - 1 µs), and all that is near it, s.
const AFTER: f64 = 9e12;

/// What became of a task.
enum Event {
    Comes,
    Ends,
    Other,
}

/// Reads a row of one of Google's tables.
pub(super) fn row(known: &Known, row: &Row<'_>, into: &mut Gathered) -> Result<(), Wrong> {
    match known.layout.sort {
        Sort::MachineEvents => machine(
            row,
            known,
            ["machine ID", "event type", "CPUs", "Memory"],
            into,
        ),
        Sort::MachineEvents3 => machine(
            row,
            known,
            ["machine_id", "type", "capacity.cpus", "capacity.memory"],
            into,
        ),
        Sort::TaskEvents => task(row, known, &TASK, into),
        Sort::InstanceEvents => task(row, known, &INSTANCE, into),
        Sort::TaskUsage => usage(
            row,
            known,
            ["job ID", "CPU rate", "canonical memory usage"],
            into,
        ),
        _ => usage(
            row,
            known,
            [
                "collection_id",
                "average_usage.cpus",
                "average_usage.memory",
            ],
            into,
        ),
    }
}

/// Seconds of the run.
fn time(row: &Row<'_>, known: &Known) -> Result<f64, Wrong> {
    let micros = row.amount(known.place("time"), "time")?;
    Ok((micros / 1e6 - BEGINS).max(0.0))
}

/// Machines count from when they are added; one that is removed for good does not come back.
fn machine(
    row: &Row<'_>,
    known: &Known,
    columns: [&str; 4],
    into: &mut Gathered,
) -> Result<(), Wrong> {
    let [id, kind, cpu, memory] = columns;
    let name = row.name(known.place(id), id)?;
    let cpu = row.number(known.place(cpu), cpu)?;
    let memory = row.number(known.place(memory), memory)?;
    let adds = match (known.layout.sort, row.cell(known.place(kind))) {
        (Sort::MachineEvents, "0" | "2") | (_, "ADD" | "UPDATE") => true,
        (Sort::MachineEvents, "1") | (_, "REMOVE") => false,
        (Sort::MachineEvents3, "1" | "3") => true,
        (Sort::MachineEvents3, "2") => false,
        _ => return Err(row.wrong(
            known.place(kind),
            kind,
            "0 (add), 1 (remove) or 2 (update) belongs here; ADD, REMOVE or UPDATE in version 3",
        )),
    };
    if let (true, Some(cpu), Some(memory)) = (adds, cpu, memory) {
        into.machines.insert(name.to_owned(), (cpu * CORES, memory));
    }
    Ok(())
}

/// The columns of a table of tasks, and the events that end one.
struct Tasks {
    job: &'static str,
    index: &'static str,
    kind: &'static str,
    cpu: &'static str,
    memory: &'static str,
    event: fn(&str) -> Option<Event>,
    events: &'static str,
}

const TASK: Tasks = Tasks {
    job: "job ID",
    index: "task index",
    kind: "event type",
    cpu: "CPU request",
    memory: "memory request",
    event: |text| match text {
        "0" | "1" => Some(Event::Comes),
        "2" | "3" | "4" | "5" | "6" => Some(Event::Ends),
        "7" | "8" => Some(Event::Other),
        _ => None,
    },
    events: "0 (submit) to 8 (update running) belongs here",
};

const INSTANCE: Tasks = Tasks {
    job: "collection_id",
    index: "instance_index",
    kind: "type",
    cpu: "resource_request.cpus",
    memory: "resource_request.memory",
    event: |text| match text {
        "0" | "2" | "3" | "SUBMIT" | "ENABLE" | "SCHEDULE" => Some(Event::Comes),
        "4" | "5" | "6" | "7" | "8" | "EVICT" | "FAIL" | "FINISH" | "KILL" | "LOST" => {
            Some(Event::Ends)
        }
        "1" | "9" | "10" | "QUEUE" | "UPDATE_PENDING" | "UPDATE_RUNNING" => Some(Event::Other),
        _ => None,
    },
    events: "SUBMIT, QUEUE, ENABLE, SCHEDULE, EVICT, FAIL, FINISH, KILL, LOST, UPDATE_PENDING, UPDATE_RUNNING or its number belongs here",
};

fn task(row: &Row<'_>, known: &Known, table: &Tasks, into: &mut Gathered) -> Result<(), Wrong> {
    let at = time(row, known)?;
    let job = row.name(known.place(table.job), table.job)?;
    let index = row.name(known.place(table.index), table.index)?;
    let cpu = row
        .number(known.place(table.cpu), table.cpu)?
        .unwrap_or(0.0);
    let memory = row
        .number(known.place(table.memory), table.memory)?
        .unwrap_or(0.0);
    let priority = row.number(known.place("priority"), "priority")?;
    let place = known.place(table.kind);
    let Some(event) = (table.event)(row.cell(place)) else {
        return Err(row.wrong(place, table.kind, table.events));
    };
    let group = into.group(&format!("job-{job}"));
    group.priority = priority.map(|priority| priority as i64).or(group.priority);
    match event {
        Event::Comes => {
            group.asks(cpu * CORES, memory, at);
            group.comes(index);
        }
        Event::Ends if at < AFTER => group.ends(index, at),
        Event::Ends | Event::Other => {}
    }
    Ok(())
}

fn usage(
    row: &Row<'_>,
    known: &Known,
    columns: [&str; 3],
    into: &mut Gathered,
) -> Result<(), Wrong> {
    let [job, cpu, memory] = columns;
    let name = row.name(known.place(job), job)?;
    let cpu = row.amount(known.place(cpu), cpu)?;
    let memory = row.number(known.place(memory), memory)?.unwrap_or(0.0);
    into.group(&format!("job-{name}")).uses(cpu * CORES, memory);
    Ok(())
}
