//! Semantic memory: runbooks and documents, in parts that can be found by meaning.

use crate::embed::{Embedder, SPACE};
use crate::error::MemoryError;
use crate::memory::Memory;
use crate::vectors::{Embedded, Item, Kind, Vectors};
use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

/// Letters of a part, about: a paragraph or a few.
const PART: usize = 800;

/// A part of a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// Hash of the rest, 16 hexadecimal digits.
    pub id: SmolStr,
    /// Where it is from, as the user calls it.
    pub origin: String,
    /// Position of the part, from 0.
    pub number: u32,
    /// The words.
    pub body: String,
}

/// A part that was found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Found {
    /// The part.
    pub text: Text,
    /// Cosine to what was asked, −1..=1.
    pub score: f64,
}

/// A text in parts, cut between paragraphs where it can be.
#[must_use]
pub fn parts(origin: &str, text: &str) -> Vec<Text> {
    let mut bodies: Vec<String> = vec![String::new()];
    for paragraph in text.split("\n\n").flat_map(short_ones) {
        let last = bodies.len() - 1;
        if !bodies[last].is_empty() && bodies[last].len() + paragraph.len() > PART {
            bodies.push(paragraph);
        } else {
            if !bodies[last].is_empty() {
                bodies[last].push_str("\n\n");
            }
            bodies[last].push_str(&paragraph);
        }
    }
    let full = bodies.into_iter().filter(|body| !body.trim().is_empty());
    full.enumerate()
        .map(|(number, body)| part(origin, number as u32, body))
        .collect()
}

/// A paragraph that is longer than a part is cut between words.
fn short_ones(paragraph: &str) -> Vec<String> {
    let mut pieces = vec![String::new()];
    for word in paragraph.split_inclusive(char::is_whitespace) {
        let last = pieces.len() - 1;
        if !pieces[last].is_empty() && pieces[last].len() + word.len() > PART {
            pieces.push(word.to_owned());
        } else {
            pieces[last].push_str(word);
        }
    }
    pieces
}

fn part(origin: &str, number: u32, body: String) -> Text {
    let mut hasher = blake3::Hasher::new();
    for piece in [origin.as_bytes(), &number.to_le_bytes(), body.as_bytes()] {
        hasher.update(&(piece.len() as u64).to_le_bytes());
        hasher.update(piece);
    }
    Text {
        id: SmolStr::new(&hasher.finalize().to_hex()[..16]),
        origin: origin.to_owned(),
        number,
        body,
    }
}

/// Puts a part in, with its vector.
pub(crate) fn insert(db: &Connection, text: &Text) -> Result<(), MemoryError> {
    db.execute(
        "INSERT OR REPLACE INTO texts (id, origin, number, body) VALUES (?1, ?2, ?3, ?4)",
        params![
            text.id.as_str(),
            text.origin,
            text.number,
            serde_json::to_string(text)?
        ],
    )?;
    let item = Item {
        id: text.id.clone(),
        kind: Kind::Text,
        vector: Embedder.text(&text.body),
    };
    Embedded::new(db).put(&SPACE, &[item])
}

impl Memory {
    /// Keeps a text; an older one of the same origin goes.
    ///
    /// # Errors
    /// What SQLite reports; then nothing was changed.
    pub fn add_text(&self, origin: &str, text: &str) -> Result<usize, MemoryError> {
        let parts = parts(origin, text);
        self.at_once(|db| {
            let mut statement = db.prepare("SELECT id FROM texts WHERE origin = ?1")?;
            let old: Vec<String> = statement
                .query_map([origin], |row| row.get(0))?
                .collect::<Result<_, _>>()?;
            let old: Vec<SmolStr> = old.iter().map(SmolStr::new).collect();
            Embedded::new(db).remove(&SPACE, &old)?;
            db.execute("DELETE FROM texts WHERE origin = ?1", [origin])?;
            parts.iter().try_for_each(|part| insert(db, part))?;
            Ok(parts.len())
        })
    }

    /// All parts, in the order in which they were kept.
    ///
    /// # Errors
    /// What SQLite reports.
    pub fn texts(&self) -> Result<Vec<Text>, MemoryError> {
        let mut statement = self
            .db
            .prepare("SELECT body FROM texts ORDER BY origin, number")?;
        let mut rows = statement.query([])?;
        let mut texts = Vec::new();
        while let Some(row) = rows.next()? {
            texts.push(serde_json::from_str(&row.get::<_, String>(0)?)?);
        }
        Ok(texts)
    }

    /// The parts nearest in meaning to some words.
    ///
    /// # Errors
    /// What SQLite reports.
    pub fn find_text(&self, words: &str, count: usize) -> Result<Vec<Found>, MemoryError> {
        let query = Embedder.text(words);
        let hits = Embedded::new(&self.db).nearest(&SPACE, Kind::Text, &query, count)?;
        let mut found = Vec::new();
        for hit in hits {
            let body: Option<String> = self
                .db
                .query_row(
                    "SELECT body FROM texts WHERE id = ?1",
                    [hit.id.as_str()],
                    |row| row.get(0),
                )
                .optional()?;
            if let Some(body) = body {
                found.push(Found {
                    text: serde_json::from_str(&body)?,
                    score: hit.score,
                });
            }
        }
        Ok(found)
    }
}
