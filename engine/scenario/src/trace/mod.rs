//! From a cluster trace to one self-contained scenario.
//!
//! Read are tables of Google's traces of 2011 and 2019 and of Alibaba's of 2017 and 2018, one table a
//! file. Where a trace gives amounts as shares of its largest machine, that machine is taken to have
//! 32 cores and 128 GiB. A group of pods comes when its first pod came and goes when its last had ended.

mod alibaba;
mod gathered;
mod google;
mod layout;
mod rows;
mod written;

pub use rows::Table;

use aegis_kube::Diagnostic;
use gathered::Gathered;
use layout::{Known, Sort};

/// Cores of the largest machine where a trace does not say.
const CORES: f64 = 32.0;
/// Bytes of the largest machine.
const MEMORY: f64 = 128.0 * 1024.0 * 1024.0 * 1024.0;
/// Problems that are listed; the rest is counted.
const LISTED: usize = 20;

/// What is wrong with a row.
type Wrong = Box<Diagnostic>;

/// A scenario, and what it was made of.
#[derive(Debug)]
pub struct Imported {
    /// The scenario's text.
    pub text: String,
    /// What was read, in a line: rows, machines, groups, pods.
    pub summary: String,
}

/// The scenario that these tables tell of.
///
/// # Errors
/// Files that are no table, and rows that are wrong, each with its place; nothing is left out unsaid.
pub fn import(name: &str, tables: &[Table]) -> Result<Imported, Vec<Diagnostic>> {
    let mut gathered = Gathered::default();
    let (mut wrong, mut read) = (Wrongs::default(), 0);
    for (table, known) in recognised(tables, &mut wrong) {
        for row in rows::rows(table).skip(usize::from(known.headed)) {
            read += 1;
            if let Err(problem) = one(&known, &row, &mut gathered) {
                wrong.add(*problem);
            }
        }
    }
    if !wrong.first.is_empty() {
        return Err(wrong.told());
    }
    Ok(Imported {
        text: written::text(name, &gathered),
        summary: summary(read, &gathered),
    })
}

/// The tables with what they are: those that say who belongs to whom before those that measure.
fn recognised<'a>(tables: &'a [Table], wrong: &mut Wrongs) -> Vec<(&'a Table, Known)> {
    let mut known = Vec::new();
    for table in tables {
        match layout::recognise(table) {
            Ok(found) => known.push((table, found)),
            Err(problem) => wrong.add(*problem),
        }
    }
    known.sort_by_key(|(_, known)| measures(known.layout.sort));
    known
}

const fn measures(sort: Sort) -> bool {
    matches!(
        sort,
        Sort::TaskUsage | Sort::InstanceUsage | Sort::ContainerUsage2017 | Sort::ContainerUsage2018
    )
}

fn one(known: &Known, row: &rows::Row<'_>, into: &mut Gathered) -> Result<(), Wrong> {
    match known.layout.sort {
        Sort::MachineEvents
        | Sort::MachineEvents3
        | Sort::TaskEvents
        | Sort::InstanceEvents
        | Sort::TaskUsage
        | Sort::InstanceUsage => google::row(known, row, into),
        _ => alibaba::row(known, row, into),
    }
}

fn summary(rows: usize, gathered: &Gathered) -> String {
    let pods: u32 = gathered.groups.values().map(gathered::Group::count).sum();
    let groups = gathered
        .groups
        .values()
        .filter(|group| group.count() > 0)
        .count();
    let count = |number: usize, word: &str| {
        let end = if number == 1 { "" } else { "s" };
        format!("{number} {word}{end}")
    };
    [
        format!(
            "{}: {}",
            count(rows, "row"),
            count(gathered.machines.len(), "machine")
        ),
        count(groups, "Deployment"),
        count(pods as usize, "pod"),
    ]
    .join(", ")
}

/// Problems as they are found: the first ones, and how many there are.
#[derive(Default)]
struct Wrongs {
    first: Vec<Diagnostic>,
    more: usize,
}

impl Wrongs {
    fn add(&mut self, problem: Diagnostic) {
        if self.first.len() < LISTED {
            self.first.push(problem);
        } else {
            self.more += 1;
        }
    }

    fn told(mut self) -> Vec<Diagnostic> {
        if let (Some(last), true) = (self.first.last_mut(), self.more > 0) {
            last.help = format!("{}; {} more rows are wrong", last.help, self.more);
        }
        self.first
    }
}
