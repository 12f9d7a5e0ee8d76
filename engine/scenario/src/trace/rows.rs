//! Comma-separated rows: which file, which line, which column.
//!
//! A cell may stand in double quotes and hold commas then (RFC 4180); no cell holds a line break.

use crate::diagnostic::Code;
use aegis_kube::{Diagnostic, Severity, Span};
use std::borrow::Cow;

/// A file of a trace.
#[derive(Debug, Clone)]
pub struct Table {
    /// Its path: errors name it, and it may tell which table it is.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// A row that has cells.
#[derive(Debug)]
pub(super) struct Row<'a> {
    table: &'a Table,
    /// Line, from 1.
    line: usize,
    /// Where it begins in the text.
    start: usize,
    cells: Vec<(usize, &'a str)>,
}

/// The rows of a table that are not empty.
pub(super) fn rows(table: &Table) -> impl Iterator<Item = Row<'_>> {
    let mut start = 0;
    let lines = table
        .text
        .split('\n')
        .enumerate()
        .map(move |(index, line)| {
            let at = start;
            start += line.len() + 1;
            (index + 1, at, line.trim_end_matches('\r'))
        });
    lines
        .filter(|(_, _, line)| !line.trim().is_empty())
        .map(|(number, start, line)| Row {
            table,
            line: number,
            start,
            cells: cells(line),
        })
}

/// Cells with where they begin.
fn cells(line: &str) -> Vec<(usize, &str)> {
    let (mut cells, mut begin, mut quoted) = (Vec::new(), 0, false);
    for (at, byte) in line.bytes().enumerate() {
        match byte {
            b'"' => quoted = !quoted,
            b',' if !quoted => {
                cells.push((begin, &line[begin..at]));
                begin = at + 1;
            }
            _ => {}
        }
    }
    cells.push((begin, &line[begin..]));
    cells
}

impl<'a> Row<'a> {
    /// How many cells it has.
    pub fn width(&self) -> usize {
        self.cells.len()
    }

    /// A cell's text, without the quotes around it; empty beyond the last.
    pub fn cell(&self, column: usize) -> &'a str {
        let text = self.cells.get(column).map_or("", |(_, text)| text.trim());
        let inner = text
            .strip_prefix('"')
            .and_then(|text| text.strip_suffix('"'));
        inner.unwrap_or(text)
    }

    /// A number; `None` where the cell is empty.
    ///
    /// # Errors
    /// A cell that is no number, with its place.
    pub fn number(&self, column: usize, name: &str) -> Result<Option<f64>, Box<Diagnostic>> {
        let text = self.cell(column);
        if text.is_empty() {
            return Ok(None);
        }
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(Some(number)),
            _ => Err(self.wrong(column, name, "a number belongs here")),
        }
    }

    /// A number that must stand and not be negative.
    ///
    /// # Errors
    /// A cell that is empty, no number, or negative, with its place.
    pub fn amount(&self, column: usize, name: &str) -> Result<f64, Box<Diagnostic>> {
        match self.number(column, name)? {
            Some(number) if number >= 0.0 => Ok(number),
            _ => Err(self.wrong(column, name, "a number of 0 or more belongs here")),
        }
    }

    /// A name that must stand.
    ///
    /// # Errors
    /// An empty cell, with its place.
    pub fn name(&self, column: usize, name: &str) -> Result<&'a str, Box<Diagnostic>> {
        match self.cell(column) {
            "" => Err(self.wrong(column, name, "a name or number of it belongs here")),
            text => Ok(text),
        }
    }

    /// What is wrong with a cell.
    pub fn wrong(&self, column: usize, name: &str, wanted: &str) -> Box<Diagnostic> {
        let (at, text) = self.cells.get(column).copied().unwrap_or_default();
        let shown: Cow<'_, str> = match text.char_indices().nth(40) {
            Some((end, _)) => format!("{}…", &text[..end]).into(),
            None => text.into(),
        };
        let column_number = self.table.text[self.start..self.start + at].chars().count() + 1;
        Box::new(Diagnostic {
            code: Code::Trace.id(),
            severity: Severity::Error,
            message: format!("`{shown}` is no value for column {}, `{name}`", column + 1),
            help: wanted.to_owned(),
            file: self.table.name.clone(),
            line: self.line,
            column: column_number,
            span: Span {
                start: self.start + at,
                end: self.start + at + text.len(),
            },
        })
    }

    /// What is wrong with the row as a whole.
    pub fn misfit(&self, message: String, wanted: String) -> Box<Diagnostic> {
        let mut found = self.wrong(0, "", "");
        (found.message, found.help) = (message, wanted);
        found
    }
}

/// What is wrong with a file as a whole.
pub(super) fn at_start(table: &Table, message: String, help: String) -> Box<Diagnostic> {
    Box::new(Diagnostic {
        code: Code::Trace.id(),
        severity: Severity::Error,
        message,
        help,
        file: table.name.clone(),
        line: 1,
        column: 1,
        span: Span::default(),
    })
}
