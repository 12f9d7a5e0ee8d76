//! Columns of equal width.

use aegis_model::units::Tick;
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// Blanks between columns.
const GAP: usize = 3;

/// One line: an object and its cells.
pub struct Row {
    pub namespace: String,
    pub name: String,
    pub cells: Vec<String>,
}

/// Objects of one kind.
pub struct Table {
    /// Names of the columns, parted by blanks; `_` within a name stands for a blank.
    pub columns: &'static str,
    pub rows: Vec<Row>,
}

/// All tables that have rows, parted by empty lines.
pub fn print(mut tables: Vec<Table>) -> String {
    tables.retain(|table| !table.rows.is_empty());
    let rows = tables.iter().flat_map(|table| &table.rows);
    let used = rows
        .map(|row| row.namespace.as_str())
        .filter(|name| !name.is_empty());
    let several = used.collect::<BTreeSet<_>>().len() > 1;
    let texts: Vec<String> = tables
        .into_iter()
        .map(|table| one(table, several))
        .collect();
    texts.join("\n")
}

fn one(mut table: Table, namespaces: bool) -> String {
    table
        .rows
        .sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
    let with = namespaces && table.rows.iter().any(|row| !row.namespace.is_empty());
    let head = table.columns.split(' ').map(|name| name.replace('_', " "));
    let mut lines: Vec<Vec<String>> = vec![head.collect()];
    if with {
        lines[0].insert(0, "NAMESPACE".into());
    }
    for row in table.rows {
        let mut line = vec![row.name];
        if with {
            line.insert(0, row.namespace);
        }
        line.extend(row.cells);
        lines.push(line);
    }
    aligned(&lines)
}

fn aligned(lines: &[Vec<String>]) -> String {
    let columns = lines.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| {
        let cells = lines.iter().filter_map(|line| line.get(column));
        cells
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or_default()
            + GAP
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut out = String::new();
    for line in lines {
        let mut text = String::new();
        for (cell, width) in line.iter().zip(&widths) {
            let _ = write!(text, "{cell:<width$}");
        }
        let _ = writeln!(out, "{}", text.trim_end());
    }
    out
}

/// A length of time as kubectl shortens it (apimachinery `util/duration` `HumanDuration`).
pub fn duration(seconds: u32) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    let two = |large: u32, unit: &str, small: u32, below: &str| match small {
        0 => format!("{large}{unit}"),
        small => format!("{large}{unit}{small}{below}"),
    };
    match seconds {
        0..120 => format!("{seconds}s"),
        120..600 => two(minutes, "m", seconds % 60, "s"),
        600..10_800 => format!("{minutes}m"),
        10_800..28_800 => two(hours, "h", minutes % 60, "m"),
        28_800..172_800 => format!("{hours}h"),
        172_800..691_200 => two(days, "d", hours % 24, "h"),
        _ => format!("{days}d"),
    }
}

/// Time since `then`.
pub fn age(now: Tick, then: Tick) -> String {
    duration(now.elapsed(then))
}

#[cfg(test)]
mod tests {
    use super::duration;

    #[test]
    fn times_are_shortened_as_kubectl_does() {
        let cases = [
            (0, "0s"),
            (119, "119s"),
            (120, "2m"),
            (150, "2m30s"),
            (600, "10m"),
            (10_799, "179m"),
            (10_800, "3h"),
            (11_000, "3h3m"),
            (30_000, "8h"),
            (180_000, "2d2h"),
            (900_000, "10d"),
        ];
        for (seconds, text) in cases {
            assert_eq!(duration(seconds), text);
        }
    }
}
