//! Lines of JSON, unchained: a value a line.

use super::{LogError, LogProblem, MAX_LINE};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::marker::PhantomData;
use std::path::Path;

/// Writes a value a line. What is written goes through to `to` at each line: what has happened is
/// on record even if the process dies at once after.
#[derive(Debug)]
pub struct LineWriter<W> {
    to: W,
    lines: u64,
}

impl<W: Write> LineWriter<W> {
    /// Writes to `to`, which needs no buffer: each line is one write.
    pub const fn new(to: W) -> Self {
        Self { to, lines: 0 }
    }

    /// Goes on behind so many lines.
    pub const fn behind(to: W, lines: u64) -> Self {
        Self { to, lines }
    }

    /// What is written to.
    pub const fn sink(&mut self) -> &mut W {
        &mut self.to
    }

    /// Lines written.
    #[must_use]
    pub const fn lines(&self) -> u64 {
        self.lines
    }

    /// Writes a value.
    ///
    /// # Errors
    /// The value cannot be written as JSON, or the file not be written to.
    pub fn append<T: Serialize>(&mut self, value: &T) -> Result<(), LogError> {
        let line = serde_json::to_vec(value)
            .map_err(|error| LogProblem::from(error).at(self.lines + 1))?;
        self.append_line(line)
    }

    /// Writes a line that is JSON already, without its line feed.
    pub(super) fn append_line(&mut self, mut line: Vec<u8>) -> Result<(), LogError> {
        debug_assert!(!line.contains(&b'\n'), "a line has no line feed inside");
        line.push(b'\n');
        self.lines += 1;
        let written = self.to.write_all(&line).and_then(|()| self.to.flush());
        written.map_err(|error| LogProblem::from(error).at(self.lines))
    }

    /// What was written to.
    pub fn into_inner(self) -> W {
        self.to
    }
}

/// Lines of a log, without their line feeds, counted from 1.
#[derive(Debug)]
pub(super) struct Lines<R> {
    from: R,
    pub(super) read: u64,
}

impl<R: BufRead> Lines<R> {
    pub(super) const fn new(from: R) -> Self {
        Self { from, read: 0 }
    }

    /// The next line; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Vec<u8>>, LogError> {
        let number = self.read + 1;
        let mut line = Vec::new();
        let bound = MAX_LINE as u64 + 1;
        let length = (&mut self.from).take(bound).read_until(b'\n', &mut line);
        match length.map_err(|error| LogProblem::from(error).at(number))? {
            0 => return Ok(None),
            _ if line.pop() == Some(b'\n') => {}
            length if length > MAX_LINE => return Err(LogProblem::TooLong.at(number)),
            _ => return Err(LogProblem::CutOff.at(number)),
        }
        self.read = number;
        Ok(Some(line))
    }
}

/// Reads a value a line.
#[derive(Debug)]
pub struct LineReader<T, R> {
    lines: Lines<R>,
    of: PhantomData<T>,
}

impl<T: DeserializeOwned, R: BufRead> LineReader<T, R> {
    /// Reads from `from`.
    pub const fn new(from: R) -> Self {
        Self {
            lines: Lines::new(from),
            of: PhantomData,
        }
    }

    fn value(&mut self) -> Result<Option<T>, LogError> {
        let Some(line) = self.lines.next()? else {
            return Ok(None);
        };
        let value = serde_json::from_slice(&line);
        value
            .map(Some)
            .map_err(|error| LogProblem::from(error).at(self.lines.read))
    }
}

impl<T: DeserializeOwned, R: BufRead> Iterator for LineReader<T, R> {
    type Item = Result<T, LogError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.value().transpose()
    }
}

/// All values of a file.
///
/// # Errors
/// The file cannot be read, or a line is not a `T`.
pub fn read_lines<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>, LogError> {
    LineReader::new(open(path)?).collect()
}

pub(super) fn open(path: &Path) -> Result<BufReader<File>, LogError> {
    let file = File::open(path).map_err(|error| LogProblem::from(error).at(0))?;
    Ok(BufReader::new(file))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let values = [0.1 + 0.2, f64::MIN_POSITIVE, -1e300, 1.0 / 3.0];
        let mut writer = LineWriter::new(Vec::new());
        for value in &values {
            writer.append(value).expect("written");
        }
        assert_eq!(writer.lines(), 4);
        let text = writer.into_inner();
        let read: Result<Vec<f64>, _> = LineReader::new(text.as_slice()).collect();
        assert_eq!(read.expect("read"), values);
    }

    #[test]
    fn a_line_that_is_cut_off_is_an_error_at_its_number() {
        let read: Result<Vec<u8>, _> = LineReader::new(b"1\n2\n3".as_slice()).collect();
        assert_eq!(
            read.expect_err("cut off").to_string(),
            "line 3: it is cut off: whoever wrote it was stopped"
        );
    }

    #[test]
    fn a_line_of_another_shape_is_an_error_at_its_number() {
        let read: Result<Vec<u8>, _> = LineReader::new(b"1\n\"two\"\n".as_slice()).collect();
        assert_eq!(read.expect_err("a shape").line, 2);
    }

    #[test]
    fn a_full_disk_is_an_error_and_not_a_silence() {
        let full = File::options()
            .write(true)
            .open("/dev/full")
            .expect("/dev/full");
        let error = LineWriter::new(full).append(&1).expect_err("full");
        assert!(
            matches!(&error.problem, LogProblem::Io(error) if error.kind() == std::io::ErrorKind::StorageFull)
        );
    }
}
