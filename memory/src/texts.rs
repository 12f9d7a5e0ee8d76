//! Semantic memory: runbooks and documents, in parts that can be found by meaning.

use crate::error::MemoryError;
use crate::memory::Memory;
use crate::vectors::{Embedded, Item, Kind, Space, Vectors};
use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use std::collections::BTreeSet;

/// Letters of a part, about: a paragraph or a few.
const PART: usize = 800;
/// Parts that are embedded at once.
const BATCH: usize = 64;

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

/// Parts with their vectors, before they are kept.
pub(crate) struct Parts(Vec<Text>, Option<(Space, Vec<Item>)>);

impl Parts {
    pub(crate) const fn len(&self) -> usize {
        self.0.len()
    }

    /// Puts them in.
    pub(crate) fn insert(&self, db: &Connection) -> Result<(), MemoryError> {
        for text in &self.0 {
            db.execute(
                "INSERT OR REPLACE INTO texts (id, origin, number, body) VALUES (?1, ?2, ?3, ?4)",
                params![
                    text.id.as_str(),
                    text.origin,
                    text.number,
                    serde_json::to_string(text)?
                ],
            )?;
        }
        match &self.1 {
            Some((space, items)) => Embedded::new(db).put(space, items),
            None => Ok(()),
        }
    }
}

impl Memory {
    /// Keeps a text; an older one of the same origin goes.
    ///
    /// # Errors
    /// The embedder gives no vectors; what SQLite reports; then nothing was changed.
    pub fn add_text(&self, origin: &str, text: &str) -> Result<usize, MemoryError> {
        let parts = self.embedded(parts(origin, text))?;
        let old = self.at_once(|db| {
            let mut statement = db.prepare("SELECT id FROM texts WHERE origin = ?1")?;
            let old: Vec<SmolStr> = statement
                .query_map([origin], |row| row.get::<_, String>(0))?
                .map(|id| id.map(SmolStr::from))
                .collect::<Result<_, _>>()?;
            Embedded::new(db).remove_everywhere(&old)?;
            db.execute("DELETE FROM texts WHERE origin = ?1", [origin])?;
            parts.insert(db)?;
            Ok(old)
        })?;
        self.take_away(&old);
        let ids: Vec<SmolStr> = parts.0.iter().map(|part| part.id.clone()).collect();
        if let Some((space, _)) = &parts.1 {
            self.bring(space, &ids);
        }
        Ok(ids.len())
    }

    /// Makes the vectors of parts: before a transaction, as a server may take its time.
    pub(crate) fn embedded(
        &self,
        parts: impl IntoIterator<Item = Text>,
    ) -> Result<Parts, MemoryError> {
        let parts: Vec<Text> = parts.into_iter().collect();
        if parts.is_empty() {
            return Ok(Parts(parts, None));
        }
        let bodies: Vec<&str> = parts.iter().map(|part| part.body.as_str()).collect();
        let embedded = self.embedder().embed(&bodies);
        let (space, vectors) = embedded.map_err(MemoryError::Embedder)?;
        let item = |(part, vector): (&Text, Vec<f32>)| Item {
            id: part.id.clone(),
            kind: Kind::Text,
            vector,
        };
        let items = parts.iter().zip(vectors).map(item).collect();
        Ok(Parts(parts, Some((space, items))))
    }

    /// Makes vectors of the parts that have none of this embedder. How many that were.
    ///
    /// # Errors
    /// The embedder gives none; what SQLite reports.
    pub fn embed(&self) -> Result<usize, MemoryError> {
        let missing = self.unembedded()?;
        let mut made = 0;
        for parts in missing.chunks(BATCH) {
            let parts = self.embedded(parts.iter().cloned())?;
            self.at_once(|db| parts.insert(db))?;
            made += parts.len();
        }
        self.bring_all();
        Ok(made)
    }

    /// The parts that have no vector of this embedder: they are not found by meaning until they have.
    ///
    /// # Errors
    /// The embedder does not answer; what SQLite reports.
    pub fn unembedded(&self) -> Result<Vec<Text>, MemoryError> {
        let mut texts = self.texts()?;
        let Some(first) = texts.first() else {
            return Ok(texts);
        };
        let embedded = self.embedder().embed(&[&first.body]);
        let (space, _) = embedded.map_err(MemoryError::Embedder)?;
        let known: BTreeSet<SmolStr> = self.vectors().ids(&space)?.into_iter().collect();
        texts.retain(|text| !known.contains(&text.id));
        Ok(texts)
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
    /// The embedder gives no vector; what SQLite reports.
    pub fn find_text(&self, words: &str, count: usize) -> Result<Vec<Found>, MemoryError> {
        let embedded = self.embedder().embed(&[words]);
        let (space, vectors) = embedded.map_err(MemoryError::Embedder)?;
        let query = vectors.first().map_or(&[][..], Vec::as_slice);
        self.texts_near(&space, query, count)
    }

    /// The parts nearest to a vector of their space.
    pub(crate) fn texts_near(
        &self,
        space: &Space,
        query: &[f32],
        count: usize,
    ) -> Result<Vec<Found>, MemoryError> {
        let hits = self.nearest(space, Kind::Text, query, count)?;
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
