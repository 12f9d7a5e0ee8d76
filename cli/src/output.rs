//! Standard output for results, standard error for the rest; a closed pipe ends things quietly.

use crate::exit::{Exit, Failure};
use crate::paint::Paint;
use aegis_runner::settings::Color;
use serde_json::Value;
use std::ffi::OsStr;
use std::io::{self, BufWriter, ErrorKind, IsTerminal, Stdout, Write};

/// Where a command writes.
#[derive(Debug)]
pub struct Terminal {
    to: BufWriter<Stdout>,
    /// Colour of standard output.
    pub out: Paint,
    /// Colour of standard error.
    pub err: Paint,
}

impl Terminal {
    /// Before the settings are known: from `--color`, `NO_COLOR` and what is a terminal.
    pub fn guess() -> Self {
        let color = asked_color(std::env::args_os());
        let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let color = match color {
            Color::Auto if refused => Color::Never,
            color => color,
        };
        let (out, err) = paints(color);
        Self {
            to: BufWriter::new(io::stdout()),
            out,
            err,
        }
    }

    /// Paints as the settings say.
    pub fn paint_as(&mut self, color: Color) {
        (self.out, self.err) = paints(color);
    }

    /// Writes a part of the result.
    pub fn print(&mut self, text: &str) -> Result<(), Failure> {
        self.to
            .write_all(text.as_bytes())
            .map_err(|error| unwritable(&error))
    }

    /// Writes the result as JSON that a person can read.
    pub fn print_json(&mut self, value: &Value) -> Result<(), Failure> {
        self.print(&format!("{value:#}\n"))
    }

    /// Writes what is left; the command is done.
    pub fn finish(&mut self) -> Result<Exit, Failure> {
        self.to.flush().map_err(|error| unwritable(&error))?;
        Ok(Exit::Done)
    }
}

fn unwritable(error: &io::Error) -> Failure {
    match error.kind() {
        ErrorKind::BrokenPipe => Failure::ClosedPipe,
        _ => Failure::usage(format!("standard output cannot be written: {error}")),
    }
}

/// Writes to standard error; that nobody reads it is no reason to fail.
pub fn to_stderr(text: &str) {
    let _ = io::stderr().write_all(text.as_bytes());
}

/// What `--color` says, before anybody has read the arguments.
fn asked_color(arguments: impl Iterator<Item = impl AsRef<OsStr>>) -> Color {
    let arguments: Vec<String> = arguments
        .map(|word| word.as_ref().to_string_lossy().into_owned())
        .collect();
    let apart = arguments
        .windows(2)
        .filter(|pair| pair[0] == "--color")
        .map(|pair| pair[1].as_str());
    let joined = arguments
        .iter()
        .filter_map(|word| word.strip_prefix("--color="));
    match apart.chain(joined).next() {
        Some("always") => Color::Always,
        Some("never") => Color::Never,
        _ => Color::Auto,
    }
}

fn paints(color: Color) -> (Paint, Paint) {
    let on = |terminal: bool| if terminal { Paint::Ansi } else { Paint::Plain };
    match color {
        Color::Always => (Paint::Ansi, Paint::Ansi),
        Color::Never => (Paint::Plain, Paint::Plain),
        Color::Auto => (
            on(io::stdout().is_terminal()),
            on(io::stderr().is_terminal()),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colour_is_asked_for_in_two_ways() {
        let asked = |line: &str| asked_color(line.split(' '));
        assert_eq!(asked("aegis --color never doctor"), Color::Never);
        assert_eq!(asked("aegis doctor --color=always"), Color::Always);
        assert_eq!(asked("aegis doctor --color"), Color::Auto);
    }
}
