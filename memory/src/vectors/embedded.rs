//! Vectors in the memory's own file, by sqlite-vec: exact neighbours, a table per space.

use super::{Hit, Item, Kind, Space, Vectors, fits, told};
use crate::error::MemoryError;
use rusqlite::{Connection, OptionalExtension, params};
use smol_str::SmolStr;

/// Vectors in a database.
#[derive(Debug, Clone, Copy)]
pub struct Embedded<'a>(&'a Connection);

impl<'a> Embedded<'a> {
    /// Those of an open memory's database.
    #[must_use]
    pub(crate) const fn new(db: &'a Connection) -> Self {
        Self(db)
    }

    /// The table of a space, if it has one.
    fn known(self, space: &Space) -> Result<Option<String>, MemoryError> {
        let mut statement = self.0.prepare(
            "SELECT id FROM spaces WHERE embedder = ?1 AND version = ?2 AND dimensions = ?3",
        )?;
        let of = params![
            space.embedder.as_str(),
            space.version,
            space.dimensions as i64
        ];
        let id: Option<i64> = statement.query_row(of, |row| row.get(0)).optional()?;
        Ok(id.map(|id| format!("vectors_{id}")))
    }

    /// The table of a space, made where there is none.
    fn table(self, space: &Space) -> Result<String, MemoryError> {
        if let Some(table) = self.known(space)? {
            return Ok(table);
        }
        self.0.execute(
            "INSERT INTO spaces (embedder, version, dimensions) VALUES (?1, ?2, ?3)",
            params![
                space.embedder.as_str(),
                space.version,
                space.dimensions as i64
            ],
        )?;
        let table = format!("vectors_{}", self.0.last_insert_rowid());
        self.0.execute_batch(&format!(
            "CREATE VIRTUAL TABLE {table} USING vec0(kind TEXT PARTITION KEY, id TEXT PRIMARY KEY, vector FLOAT[{}] distance_metric=cosine)",
            space.dimensions
        ))?;
        Ok(table)
    }

    /// All spaces that there are vectors of.
    pub(crate) fn spaces(self) -> Result<Vec<Space>, MemoryError> {
        let mut statement = self
            .0
            .prepare("SELECT embedder, version, dimensions FROM spaces ORDER BY id")?;
        let rows = statement.query_map([], |row| {
            Ok(Space {
                embedder: row.get::<_, String>(0)?.into(),
                version: row.get(1)?,
                dimensions: row.get::<_, i64>(2)? as usize,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The vectors of these ids in a space, with what they are of; those that there are.
    pub(crate) fn read(self, space: &Space, ids: &[SmolStr]) -> Result<Vec<Item>, MemoryError> {
        let Some(table) = self.known(space)? else {
            return Ok(Vec::new());
        };
        let mut statement = self
            .0
            .prepare(&format!("SELECT kind, vector FROM {table} WHERE id = ?1"))?;
        let mut items = Vec::new();
        for id in ids {
            let found = statement
                .query_row([id.as_str()], |row| {
                    Ok((row.get::<_, String>(0)?, row.get::<_, Vec<u8>>(1)?))
                })
                .optional()?;
            items.extend(found.map(|(kind, vector)| Item {
                id: id.clone(),
                kind: Kind::named(&kind),
                vector: numbers(&vector),
            }));
        }
        Ok(items)
    }

    /// Takes vectors out of every space.
    pub(crate) fn remove_everywhere(self, ids: &[SmolStr]) -> Result<(), MemoryError> {
        let spaces = self.spaces()?;
        spaces.iter().try_for_each(|space| self.remove(space, ids))
    }
}

fn numbers(bytes: &[u8]) -> Vec<f32> {
    let (fours, _) = bytes.as_chunks::<4>();
    fours.iter().map(|four| f32::from_le_bytes(*four)).collect()
}

fn bytes(vector: &[f32]) -> Vec<u8> {
    vector.iter().flat_map(|one| one.to_le_bytes()).collect()
}

impl Vectors for Embedded<'_> {
    fn put(&self, space: &Space, items: &[Item]) -> Result<(), MemoryError> {
        items
            .iter()
            .try_for_each(|item| fits(space, &item.vector))?;
        let table = self.table(space)?;
        for item in items {
            self.0
                .prepare(&format!("DELETE FROM {table} WHERE id = ?1"))?
                .execute([item.id.as_str()])?;
            self.0
                .prepare(&format!(
                    "INSERT INTO {table} (kind, id, vector) VALUES (?1, ?2, ?3)"
                ))?
                .execute(params![
                    item.kind.name(),
                    item.id.as_str(),
                    bytes(&item.vector)
                ])?;
        }
        Ok(())
    }

    fn nearest(
        &self,
        space: &Space,
        kind: Kind,
        query: &[f32],
        count: usize,
    ) -> Result<Vec<Hit>, MemoryError> {
        fits(space, query)?;
        let Some(table) = self.known(space)? else {
            return Ok(Vec::new());
        };
        let mut statement = self.0.prepare(&format!(
            "SELECT id, distance FROM {table} WHERE vector MATCH ?1 AND kind = ?2 AND k = ?3 ORDER BY distance"
        ))?;
        let of = params![bytes(query), kind.name(), count as i64];
        let hits = statement.query_map(of, |row| {
            let distance: Option<f64> = row.get(1)?;
            Ok(Hit {
                id: SmolStr::new(row.get::<_, String>(0)?),
                score: told(1.0 - distance.unwrap_or(1.0)),
            })
        })?;
        let mut hits: Vec<Hit> = hits.collect::<Result<_, _>>()?;
        hits.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.id.cmp(&b.id)));
        Ok(hits)
    }

    fn remove(&self, space: &Space, ids: &[SmolStr]) -> Result<(), MemoryError> {
        let Some(table) = self.known(space)? else {
            return Ok(());
        };
        let mut statement = self
            .0
            .prepare(&format!("DELETE FROM {table} WHERE id = ?1"))?;
        for id in ids {
            statement.execute([id.as_str()])?;
        }
        Ok(())
    }

    fn ids(&self, space: &Space) -> Result<Vec<SmolStr>, MemoryError> {
        let Some(table) = self.known(space)? else {
            return Ok(Vec::new());
        };
        let mut statement = self.0.prepare(&format!("SELECT id FROM {table}"))?;
        let rows = statement.query_map([], |row| row.get::<_, String>(0))?;
        Ok(rows
            .map(|id| id.map(SmolStr::from))
            .collect::<Result<_, _>>()?)
    }

    fn count(&self, space: &Space) -> Result<u64, MemoryError> {
        let Some(table) = self.known(space)? else {
            return Ok(0);
        };
        let count: i64 = self
            .0
            .query_row(&format!("SELECT count(*) FROM {table}"), [], |row| {
                row.get(0)
            })?;
        Ok(count as u64)
    }
}
