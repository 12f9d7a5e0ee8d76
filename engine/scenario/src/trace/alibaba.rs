//! Alibaba's cluster traces of 2017 and 2018.
//!
//! Times are seconds. CPU is in cores (2017) or hundredths of one (2018); memory is a share of the
//! largest machine: of 1 in 2017, of 100 in 2018. Containers of one application are a group, so are
//! the instances of a batch task.

use super::Wrong;
use super::gathered::Gathered;
use super::layout::{Known, Sort};
use super::rows::Row;

/// Reads a row of one of Alibaba's tables.
pub(super) fn row(known: &Known, row: &Row<'_>, into: &mut Gathered) -> Result<(), Wrong> {
    let row = Cells { row, known };
    match known.layout.sort {
        Sort::MachineMeta => machine_meta(&row, into),
        Sort::ServerEvent => server_event(&row, into),
        Sort::ContainerMeta => container_meta(&row, into),
        Sort::ContainerEvent => container_event(&row, into),
        Sort::BatchTask2017 => batch_2017(&row, into),
        Sort::BatchTask2018 => batch_2018(&row, into),
        Sort::ContainerUsage2017 => usage(
            &row,
            [
                "online instance id",
                "used percent of requested cpus",
                "used percent of requested memory",
            ],
            into,
        ),
        _ => usage(
            &row,
            ["container_id", "cpu_util_percent", "mem_util_percent"],
            into,
        ),
    }
}

/// A row whose cells go by the names of their columns.
struct Cells<'a> {
    row: &'a Row<'a>,
    known: &'a Known,
}

impl<'a> Cells<'a> {
    fn name(&self, column: &str) -> Result<&'a str, Wrong> {
        self.row.name(self.known.place(column), column)
    }

    fn text(&self, column: &str) -> &'a str {
        self.row.cell(self.known.place(column))
    }

    fn amount(&self, column: &str) -> Result<f64, Wrong> {
        self.row.amount(self.known.place(column), column)
    }

    /// A number that may be missing, or be negative where it is before the trace.
    fn number(&self, column: &str) -> Result<Option<f64>, Wrong> {
        self.row.number(self.known.place(column), column)
    }

    /// When, in seconds of the run: what came before it was there at 0.
    fn time(&self, column: &str) -> Result<f64, Wrong> {
        Ok(self.number(column)?.unwrap_or(0.0).max(0.0))
    }

    fn wrong(&self, column: &str, wanted: &str) -> Wrong {
        self.row.wrong(self.known.place(column), column, wanted)
    }
}

fn machine_meta(row: &Cells<'_>, into: &mut Gathered) -> Result<(), Wrong> {
    let size = (row.amount("cpu_num")?, row.amount("mem_size")? / 100.0);
    into.machines
        .insert(row.name("machine_id")?.to_owned(), size);
    Ok(())
}

fn server_event(row: &Cells<'_>, into: &mut Gathered) -> Result<(), Wrong> {
    let name = row.name("machine id")?;
    match row.text("event type") {
        "add" => {
            let size = (
                row.amount("number of cpus")?,
                row.amount("normalized memory")?,
            );
            into.machines.insert(name.to_owned(), size);
            Ok(())
        }
        "softerror" | "harderror" => Ok(()),
        _ => Err(row.wrong("event type", "add, softerror or harderror belongs here")),
    }
}

fn container_meta(row: &Cells<'_>, into: &mut Gathered) -> Result<(), Wrong> {
    let (container, app) = (row.name("container_id")?, row.name("app_du")?);
    let (cpu, memory) = (
        row.amount("cpu_request")? / 100.0,
        row.amount("mem_size")? / 100.0,
    );
    let at = row.time("time_stamp")?;
    let group = into.group(app);
    group.asks(cpu, memory, at);
    group.comes(container);
    if row.text("status") == "stopped" {
        group.ends(container, at);
    }
    into.members.insert(container.to_owned(), app.to_owned());
    Ok(())
}

/// Of 2017 no application is told: each instance is one of its own.
fn container_event(row: &Cells<'_>, into: &mut Gathered) -> Result<(), Wrong> {
    let instance = row.name("instance id")?;
    let name = format!("instance-{instance}");
    let at = row.time("timestamp")?;
    let event = row.text("event type").to_ascii_lowercase();
    let (cpu, memory) = (
        row.amount("number of cpu requested")?,
        row.amount("normalized memory requested")?,
    );
    let group = into.group(&name);
    match event.as_str() {
        "create" => {
            group.asks(cpu, memory, at);
            group.comes(instance);
        }
        "remove" => group.ends(instance, at),
        _ => return Err(row.wrong("event type", "Create or Remove belongs here")),
    }
    into.members.insert(instance.to_owned(), name);
    Ok(())
}

fn batch_2017(row: &Cells<'_>, into: &mut Gathered) -> Result<(), Wrong> {
    let name = format!("job-{}-{}", row.name("job id")?, row.name("task id")?);
    let columns = [
        "task create time",
        "task end time",
        "number of instances",
        "number of cpus requested per instance in the task",
        "normalized memory requested per instance in the task",
    ];
    batch(
        row,
        &name,
        columns,
        Scale {
            cpu: 1.0,
            memory: 1.0,
        },
        into,
    )
}

fn batch_2018(row: &Cells<'_>, into: &mut Gathered) -> Result<(), Wrong> {
    let name = format!("{}-{}", row.name("job_name")?, row.name("task_name")?);
    let columns = [
        "start_time",
        "end_time",
        "instance_num",
        "plan_cpu",
        "plan_mem",
    ];
    batch(
        row,
        &name,
        columns,
        Scale {
            cpu: 100.0,
            memory: 100.0,
        },
        into,
    )
}

/// What is one core, and what the memory of the largest machine.
#[derive(Clone, Copy)]
struct Scale {
    cpu: f64,
    memory: f64,
}

/// A batch task; what was planned may be missing, what ends before it began runs on.
fn batch(
    row: &Cells<'_>,
    name: &str,
    columns: [&str; 5],
    scale: Scale,
    into: &mut Gathered,
) -> Result<(), Wrong> {
    let [start, end, instances, cpu, memory] = columns;
    let (from, until) = (row.time(start)?, row.time(end)?);
    let count = row.amount(instances)?;
    let cpu = row.number(cpu)?.unwrap_or(0.0) / scale.cpu;
    let memory = row.number(memory)?.unwrap_or(0.0) / scale.memory;
    let group = into.group(name);
    group.asks(cpu, memory, from);
    group.unnamed = group.unnamed.max(count as u32);
    group.until = (until > from).then_some(until);
    Ok(())
}

/// Use is a percentage of what was asked for.
fn usage(row: &Cells<'_>, columns: [&str; 3], into: &mut Gathered) -> Result<(), Wrong> {
    let [container, cpu, memory] = columns;
    let name = row.name(container)?;
    let (cpu, memory) = (row.number(cpu)?, row.number(memory)?);
    let Some(app) = into.members.get(name).cloned() else {
        // Both traces have samples of containers that no other table knows.
        return Ok(());
    };
    if let (Some(cpu), Some(memory)) = (cpu, memory) {
        let group = into.group(&app);
        let (asked_cpu, asked_memory) = (group.cpu, group.memory);
        group.uses(asked_cpu * cpu / 100.0, asked_memory * memory / 100.0);
    }
    Ok(())
}
