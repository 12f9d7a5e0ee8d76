//! The tables of the traces: their columns, and how a file is recognised.
//!
//! Sources: "Google cluster-usage traces: format + schema" for version 2 (2011), and
//! clusterdata_trace_format_v3.proto for version 3 (2019); alibaba/clusterdata,
//! cluster-trace-v2017/schema.csv and cluster-trace-v2018/schema.txt.

use super::rows::{Row, Table, at_start, rows};
use aegis_kube::Diagnostic;

/// Which table a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    /// Google 2011.
    MachineEvents,
    TaskEvents,
    TaskUsage,
    /// Google 2019; its columns go by their names.
    InstanceEvents,
    InstanceUsage,
    MachineEvents3,
    /// Alibaba 2017.
    ServerEvent,
    ContainerEvent,
    BatchTask2017,
    ContainerUsage2017,
    /// Alibaba 2018.
    MachineMeta,
    ContainerMeta,
    BatchTask2018,
    ContainerUsage2018,
}

/// A table's layout.
pub(super) struct Layout {
    pub sort: Sort,
    /// Its name, as files and folders carry it.
    pub table: &'static str,
    /// Its columns in order; of version 3 those that are needed.
    pub columns: &'static [&'static str],
    /// What the first cell of a row looks like, where other tables are as wide.
    first: First,
}

/// What a first cell looks like.
#[derive(Clone, Copy)]
enum First {
    Number,
    /// Something like `m_12`.
    Prefixed(&'static str),
    Word,
    /// The file must have a row of column names.
    Header,
}

pub(super) const LAYOUTS: &[Layout] = &[
    Layout {
        sort: Sort::MachineEvents,
        table: "machine_events",
        first: First::Number,
        columns: &[
            "time",
            "machine ID",
            "event type",
            "platform ID",
            "CPUs",
            "Memory",
        ],
    },
    Layout {
        sort: Sort::TaskEvents,
        table: "task_events",
        first: First::Number,
        columns: &[
            "time",
            "missing info",
            "job ID",
            "task index",
            "machine ID",
            "event type",
            "user",
            "scheduling class",
            "priority",
            "CPU request",
            "memory request",
            "disk space request",
            "different machines restriction",
        ],
    },
    Layout {
        sort: Sort::TaskUsage,
        table: "task_usage",
        first: First::Number,
        columns: &[
            "start time",
            "end time",
            "job ID",
            "task index",
            "machine ID",
            "CPU rate",
            "canonical memory usage",
            "assigned memory usage",
            "unmapped page cache",
            "total page cache",
            "maximum memory usage",
            "disk I/O time",
            "local disk space usage",
            "maximum CPU rate",
            "maximum disk IO time",
            "cycles per instruction",
            "memory accesses per instruction",
            "sample portion",
            "aggregation type",
            "sampled CPU usage",
        ],
    },
    Layout {
        sort: Sort::MachineEvents3,
        table: "machine_events",
        first: First::Header,
        columns: &[
            "time",
            "machine_id",
            "type",
            "capacity.cpus",
            "capacity.memory",
        ],
    },
    Layout {
        sort: Sort::InstanceEvents,
        table: "instance_events",
        first: First::Header,
        columns: &[
            "time",
            "type",
            "collection_id",
            "instance_index",
            "priority",
            "resource_request.cpus",
            "resource_request.memory",
        ],
    },
    Layout {
        sort: Sort::InstanceUsage,
        table: "instance_usage",
        first: First::Header,
        columns: &[
            "collection_id",
            "instance_index",
            "average_usage.cpus",
            "average_usage.memory",
        ],
    },
    Layout {
        sort: Sort::ServerEvent,
        table: "server_event",
        first: First::Number,
        columns: &[
            "timestamp",
            "machine id",
            "event type",
            "event detail",
            "number of cpus",
            "normalized memory",
            "normalized disk space",
        ],
    },
    Layout {
        sort: Sort::ContainerEvent,
        table: "container_event",
        first: First::Number,
        columns: &[
            "timestamp",
            "event type",
            "instance id",
            "machine id",
            "number of cpu requested",
            "normalized memory requested",
            "normalized disk space requested",
            "cpu id of allocated cpus",
        ],
    },
    Layout {
        sort: Sort::BatchTask2017,
        table: "batch_task",
        first: First::Number,
        columns: &[
            "task create time",
            "task end time",
            "job id",
            "task id",
            "number of instances",
            "status",
            "number of cpus requested per instance in the task",
            "normalized memory requested per instance in the task",
        ],
    },
    Layout {
        sort: Sort::ContainerUsage2017,
        table: "container_usage",
        first: First::Number,
        columns: &[
            "start time of measurement interval",
            "online instance id",
            "used percent of requested cpus",
            "used percent of requested memory",
            "used percent of requested disk space",
            "load1",
            "load5",
            "load15",
            "avg_cpi",
            "avg_mpki",
            "max_cpi",
            "max_mpki",
        ],
    },
    Layout {
        sort: Sort::MachineMeta,
        table: "machine_meta",
        first: First::Prefixed("m_"),
        columns: &[
            "machine_id",
            "time_stamp",
            "failure_domain_1",
            "failure_domain_2",
            "cpu_num",
            "mem_size",
            "status",
        ],
    },
    Layout {
        sort: Sort::ContainerMeta,
        table: "container_meta",
        first: First::Prefixed("c_"),
        columns: &[
            "container_id",
            "machine_id",
            "time_stamp",
            "app_du",
            "status",
            "cpu_request",
            "cpu_limit",
            "mem_size",
        ],
    },
    Layout {
        sort: Sort::BatchTask2018,
        table: "batch_task",
        first: First::Word,
        columns: &[
            "task_name",
            "instance_num",
            "job_name",
            "task_type",
            "status",
            "start_time",
            "end_time",
            "plan_cpu",
            "plan_mem",
        ],
    },
    Layout {
        sort: Sort::ContainerUsage2018,
        table: "container_usage",
        first: First::Prefixed("c_"),
        columns: &[
            "container_id",
            "machine_id",
            "time_stamp",
            "cpu_util_percent",
            "mem_util_percent",
            "cpi",
            "mem_gps",
            "mpki",
            "net_in",
            "net_out",
            "disk_io_percent",
        ],
    },
];

/// A table that was recognised, with where its columns stand.
pub(super) struct Known {
    pub layout: &'static Layout,
    /// The place of each column of the layout.
    places: Vec<usize>,
    /// Whether its first row names columns.
    pub headed: bool,
}

impl Known {
    /// Where the column of that name stands.
    pub fn place(&self, name: &str) -> usize {
        let position = self
            .layout
            .columns
            .iter()
            .position(|column| *column == name);
        position.map_or(usize::MAX, |position| self.places[position])
    }
}

/// Which table a file is: by the names in its first row, else by the width of its rows, its first
/// cell, and its path where several are alike.
///
/// # Errors
/// A file without rows, or one that is no table of these.
pub(super) fn recognise(table: &Table) -> Result<Known, Box<Diagnostic>> {
    let Some(row) = rows(table).next() else {
        return Err(at_start(table, "the file has no rows".into(), told()));
    };
    if let Some(known) = LAYOUTS
        .iter()
        .find_map(|layout| by_names(layout, &row, table))
    {
        return Ok(known);
    }
    let fitting: Vec<&'static Layout> =
        LAYOUTS.iter().filter(|layout| fits(layout, &row)).collect();
    let named = fitting
        .iter()
        .find(|layout| table.name.contains(layout.table));
    match (named, fitting.as_slice()) {
        (Some(layout), _) | (None, [layout]) => Ok(Known {
            layout,
            places: (0..layout.columns.len()).collect(),
            headed: false,
        }),
        _ => Err(row.misfit(
            format!(
                "a row of {} columns is that of no table that is known",
                row.width()
            ),
            told(),
        )),
    }
}

/// The tables that are read, for whoever has another.
fn told() -> String {
    let mut names: Vec<&str> = LAYOUTS.iter().map(|layout| layout.table).collect();
    names.sort_unstable();
    names.dedup();
    format!(
        "files of these tables are read, one table a file: {}",
        names.join(", ")
    )
}

fn fits(layout: &Layout, row: &Row<'_>) -> bool {
    let first = row.cell(0);
    // The sampled CPU usage came to task_usage with version 2.1.
    let narrower = usize::from(layout.sort == Sort::TaskUsage);
    let width = layout.columns.len();
    (width - narrower..=width).contains(&row.width())
        && match layout.first {
            First::Number => first.parse::<f64>().is_ok(),
            First::Prefixed(prefix) => first.starts_with(prefix),
            First::Word => first.parse::<f64>().is_err(),
            First::Header => false,
        }
}

/// The same name however it is spelt: `CPU request`, `cpu_request`, `resource_request.cpus`.
fn plain(name: &str) -> String {
    let letters = name.chars().filter(char::is_ascii_alphanumeric);
    letters.map(|c| c.to_ascii_lowercase()).collect()
}

fn by_names(layout: &'static Layout, row: &Row<'_>, table: &Table) -> Option<Known> {
    let names: Vec<String> = (0..row.width()).map(|at| plain(row.cell(at))).collect();
    let place = |column: &&str| names.iter().position(|name| *name == plain(column));
    let places: Option<Vec<usize>> = layout.columns.iter().map(place).collect();
    let known = Known {
        layout,
        places: places?,
        headed: true,
    };
    let twin = LAYOUTS
        .iter()
        .any(|other| other.table != layout.table && other.columns == layout.columns);
    (!twin || table.name.contains(layout.table)).then_some(known)
}
