//! Lines that each carry the hash of the one before.

use super::lines::{LineWriter, Lines, open};
use super::{GENESIS, Hash, LogError, LogProblem};
use serde::Serialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use std::io::{BufRead, Write};
use std::marker::PhantomData;
use std::path::Path;

const OPENS: &[u8] = b"{\"prev\":\"";
const CLOSES: &[u8] = b"\"";
const HEX: usize = 64;

/// Writes events, each chained to the one before.
#[derive(Debug)]
pub struct EventWriter<W> {
    lines: LineWriter<W>,
    head: Hash,
}

impl<W: Write> EventWriter<W> {
    /// A new log.
    pub const fn new(to: W) -> Self {
        Self {
            lines: LineWriter::new(to),
            head: GENESIS,
        }
    }

    /// Goes on behind so many events, of which the last hashes to `head`.
    pub const fn behind(to: W, events: u64, head: Hash) -> Self {
        Self {
            lines: LineWriter::behind(to, events),
            head,
        }
    }

    /// What is written to.
    pub const fn sink(&mut self) -> &mut W {
        self.lines.sink()
    }

    /// Writes an event, which must be a JSON object.
    ///
    /// # Errors
    /// The event is no object, or the file cannot be written to.
    pub fn append<T: Serialize>(&mut self, event: &T) -> Result<(), LogError> {
        let number = self.lines.lines() + 1;
        let json = serde_json::to_vec(event).map_err(|error| LogProblem::from(error).at(number))?;
        let line = chained(&self.head, &json).ok_or_else(|| LogProblem::NotAnObject.at(number))?;
        let head = blake3::hash(&line);
        self.lines.append_line(line)?;
        self.head = head;
        Ok(())
    }

    /// Hash of the last line: what stands for the whole log. [`GENESIS`] before the first.
    #[must_use]
    pub const fn head(&self) -> Hash {
        self.head
    }

    /// Events written.
    #[must_use]
    pub const fn events(&self) -> u64 {
        self.lines.lines()
    }

    /// What was written to.
    pub fn into_inner(self) -> W {
        self.lines.into_inner()
    }
}

/// An object with `prev` before its own fields.
fn chained(head: &Hash, object: &[u8]) -> Option<Vec<u8>> {
    let fields = object.strip_prefix(b"{")?;
    let comma: &[u8] = if fields == b"}" { b"" } else { b"," };
    Some([OPENS, head.to_hex().as_bytes(), CLOSES, comma, fields].concat())
}

/// A line taken apart: the hash that it carries, and the object without it.
fn unchained(line: &[u8]) -> Option<(Hash, Vec<u8>)> {
    let rest = line.strip_prefix(OPENS)?;
    let (hex, rest) = rest.split_at_checked(HEX)?;
    let rest = rest.strip_prefix(CLOSES)?;
    let fields = rest.strip_prefix(b",").unwrap_or(rest);
    Some((Hash::from_hex(hex).ok()?, [b"{", fields].concat()))
}

/// The event in a line of a log, without the hash that the line opens with.
#[must_use]
pub fn event_of(line: &[u8]) -> Option<Vec<u8>> {
    unchained(line).map(|(_, object)| object)
}

/// Reads events and verifies their chain on the way.
#[derive(Debug)]
pub struct EventReader<T, R> {
    lines: Lines<R>,
    head: Hash,
    of: PhantomData<T>,
}

impl<T: DeserializeOwned, R: BufRead> EventReader<T, R> {
    /// Reads from `from`.
    pub const fn new(from: R) -> Self {
        Self {
            lines: Lines::new(from),
            head: GENESIS,
            of: PhantomData,
        }
    }

    /// Hash of the last line read.
    #[must_use]
    pub const fn head(&self) -> Hash {
        self.head
    }

    fn event(&mut self) -> Result<Option<T>, LogError> {
        let Some(line) = self.lines.next()? else {
            return Ok(None);
        };
        self.link(&line)
            .map(Some)
            .map_err(|problem| problem.at(self.lines.read))
    }

    fn link(&mut self, line: &[u8]) -> Result<T, LogProblem> {
        let (found, object) = unchained(line).ok_or(LogProblem::NoHash)?;
        if found != self.head {
            return Err(LogProblem::BrokenChain {
                expected: self.head,
                found,
            });
        }
        self.head = blake3::hash(line);
        Ok(serde_json::from_slice(&object)?)
    }
}

impl<T: DeserializeOwned, R: BufRead> Iterator for EventReader<T, R> {
    type Item = Result<T, LogError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.event().transpose()
    }
}

/// All events of a file with its head.
///
/// # Errors
/// The file cannot be read, its chain is broken, or a line is not a `T`.
pub fn read_events<T: DeserializeOwned>(path: &Path) -> Result<(Vec<T>, Hash), LogError> {
    let mut reader = EventReader::new(open(path)?);
    let events: Result<Vec<T>, LogError> = reader.by_ref().collect();
    Ok((events?, reader.head()))
}

/// Verifies the chain of a log, whatever its events are, and gives its head.
///
/// # Errors
/// The first line that is unreadable, cut off, no JSON, or does not follow the one before.
pub fn verify(path: &Path) -> Result<Hash, LogError> {
    let mut reader: EventReader<IgnoredAny, _> = EventReader::new(open(path)?);
    for event in reader.by_ref() {
        event?;
    }
    Ok(reader.head())
}

#[cfg(test)]
mod tests {
    use super::*;
    use aegis_model::{RunEvent, Stamped};
    use serde_json::{Value, json};
    use std::fs;

    fn log(events: &[Value]) -> (Vec<u8>, Hash) {
        let mut writer = EventWriter::new(Vec::new());
        for event in events {
            writer.append(event).expect("written");
        }
        let head = writer.head();
        (writer.into_inner(), head)
    }

    fn read(text: &[u8]) -> Result<Vec<Value>, LogError> {
        EventReader::new(text).collect()
    }

    fn three() -> Vec<Value> {
        vec![
            json!({"n": 0, "x": 0.1}),
            json!({}),
            json!({"n": 2, "s": "line\nfeed"}),
        ]
    }

    #[test]
    fn what_is_written_is_read_and_the_head_agrees() {
        let (text, head) = log(&three());
        assert_eq!(read(&text).expect("read"), three());
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("events.ndjson");
        fs::write(&path, &text).expect("written");
        assert_eq!(verify(&path).expect("verified"), head);
        let last = text[..text.len() - 1].rsplit(|byte| *byte == b'\n').next();
        assert_eq!(Some(head), last.map(blake3::hash));
    }

    #[test]
    fn each_line_names_the_one_before() {
        let (text, _) = log(&three());
        let text = String::from_utf8(text).expect("text");
        let lines: Vec<Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect();
        assert_eq!(lines[0]["prev"], "0".repeat(64));
        let first = text.lines().next().expect("a line");
        assert_eq!(
            lines[1]["prev"],
            blake3::hash(first.as_bytes()).to_hex().as_str()
        );
    }

    #[test]
    fn every_changed_byte_is_seen() {
        let (text, head) = log(&three());
        for at in 0..text.len() {
            let mut forged = text.clone();
            forged[at] ^= 1;
            let mut reader: EventReader<Value, _> = EventReader::new(forged.as_slice());
            let intact = reader.by_ref().all(|event| event.is_ok());
            assert!(!intact || reader.head() != head, "byte {at}");
        }
    }

    #[test]
    fn a_line_that_was_taken_out_or_moved_is_named() {
        let (text, _) = log(&three());
        let lines: Vec<&[u8]> = text.split_inclusive(|byte| *byte == b'\n').collect();
        let error = |order: &[usize]| {
            let text: Vec<u8> = order.iter().flat_map(|n| lines[*n]).copied().collect();
            read(&text).expect_err("broken")
        };
        for (order, line) in [
            ([0, 2].as_slice(), 2),
            (&[1, 2], 1),
            (&[0, 2, 1], 2),
            (&[0, 0, 1], 2),
        ] {
            let error = error(order);
            assert!(
                matches!(error.problem, LogProblem::BrokenChain { .. }),
                "{error}"
            );
            assert_eq!(error.line, line);
        }
    }

    #[test]
    fn only_objects_can_be_chained() {
        let error = EventWriter::new(Vec::new())
            .append(&[1])
            .expect_err("a list");
        assert!(matches!(error.problem, LogProblem::NotAnObject));
    }

    #[test]
    fn events_of_a_run_survive_the_journey() {
        let event = Stamped {
            n: 0,
            t: -300,
            event: RunEvent::Noted {
                note: "started".into(),
            },
        };
        let mut writer = EventWriter::new(Vec::new());
        writer.append(&event).expect("written");
        let text = writer.into_inner();
        let events: Result<Vec<Stamped>, _> = EventReader::new(text.as_slice()).collect();
        assert_eq!(events.expect("read"), [event]);
    }
}
