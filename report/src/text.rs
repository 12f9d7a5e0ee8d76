//! Text with meaning: what a span is, not how it looks. Colour belongs to the terminal.

use crate::format::clean;
use std::fmt;

/// What a span is.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Text.
    #[default]
    Plain,
    /// A heading.
    Title,
    /// What the eye should find first.
    Strong,
    /// What may be skipped.
    Faint,
    /// Good news.
    Good,
    /// A warning.
    Warn,
    /// Bad news.
    Bad,
    /// Something to type.
    Command,
}

/// A piece of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// What it says; free of control characters.
    pub text: String,
    /// What it is.
    pub tone: Tone,
}

/// One line.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Line(pub Vec<Span>);

/// Some lines.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Text(pub Vec<Line>);

impl Line {
    /// A line of one piece.
    #[must_use]
    pub fn of(tone: Tone, text: impl AsRef<str>) -> Self {
        Self::default().add(tone, text)
    }

    /// This line with a piece more.
    #[must_use]
    pub fn add(mut self, tone: Tone, text: impl AsRef<str>) -> Self {
        let text = clean(text.as_ref());
        if !text.is_empty() {
            self.0.push(Span { text, tone });
        }
        self
    }

    /// This line with a plain piece more.
    #[must_use]
    pub fn plain(self, text: impl AsRef<str>) -> Self {
        self.add(Tone::Plain, text)
    }

    /// Without blanks at its end.
    fn trimmed(mut self) -> Self {
        while let Some(last) = self.0.last_mut() {
            last.text.truncate(last.text.trim_end().len());
            if !last.text.is_empty() {
                break;
            }
            self.0.pop();
        }
        self
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text: String = self.0.iter().map(|span| span.text.as_str()).collect();
        f.write_str(text.trim_end())
    }
}

impl Text {
    /// Adds a line.
    pub fn push(&mut self, line: Line) {
        self.0.push(line);
    }

    /// Adds a plain line.
    pub fn say(&mut self, text: impl AsRef<str>) {
        self.push(Line::of(Tone::Plain, text));
    }

    /// Adds an empty line and a heading.
    pub fn title(&mut self, text: &str) {
        if !self.0.is_empty() {
            self.push(Line::default());
        }
        self.push(Line::of(Tone::Title, text));
    }

    /// Adds a table: cells padded to their column, numbers to the right where `align` says so.
    pub fn table(&mut self, align: &[Align], rows: &[Vec<Cell>]) {
        let widths = widths(align.len(), rows);
        for row in rows {
            let cells = row.iter().zip(align).zip(&widths);
            let line = cells.fold(
                Line::default().plain("  "),
                |line, ((cell, align), width)| {
                    line.add(cell.0, pad(&cell.1, *width, *align)).plain("  ")
                },
            );
            self.push(line.trimmed());
        }
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

/// On which side of its column a cell stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// Text.
    Left,
    /// Numbers.
    Right,
}

/// A cell of a table.
pub type Cell = (Tone, String);

/// A plain cell.
#[must_use]
pub fn cell(text: impl Into<String>) -> Cell {
    (Tone::Plain, text.into())
}

fn widths(columns: usize, rows: &[Vec<Cell>]) -> Vec<usize> {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.1.chars().count()).max().unwrap_or(0)
    };
    (0..columns).map(width).collect()
}

fn pad(text: &str, width: usize, align: Align) -> String {
    match align {
        Align::Left => format!("{text:<width$}"),
        Align::Right => format!("{text:>width$}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_stand_in_columns() {
        let mut text = Text::default();
        let rows = [vec![cell("a"), cell("10")], vec![cell("long"), cell("1")]];
        text.table(&[Align::Left, Align::Right], &rows);
        assert_eq!(text.to_string(), "  a     10\n  long   1\n");
    }

    #[test]
    fn no_span_steers_a_terminal() {
        let line = Line::of(Tone::Bad, "\u{1b}[31mred\r\n");
        assert!(!line.to_string().chars().any(char::is_control));
    }
}
