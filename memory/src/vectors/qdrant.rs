//! Vectors on a Qdrant server.
//!
//! A space has a collection of its own, whose name carries the layout's version, the embedder with its version
//! and the number of dimensions. A point's payload says whose it is (the memory's identity), of what kind, and
//! its id; every question is filtered by the first two, so that memories may share a server.

use super::{Hit, Item, Kind, Space, Vectors, fits, told};
use crate::error::MemoryError;
use qdrant_client::qdrant::{
    Condition, CountPointsBuilder, CreateCollectionBuilder, CreateFieldIndexCollectionBuilder,
    DeletePointsBuilder, Distance, FieldType, Filter, PointId, PointStruct, PointsIdsList,
    QueryPointsBuilder, ScrollPointsBuilder, SearchParamsBuilder, UpsertPointsBuilder,
    VectorParams, VectorParamsBuilder, vectors_config,
};
use qdrant_client::{Payload, QdrantError};
use smol_str::SmolStr;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt;
use std::future::Future;
use std::str::FromStr;
use std::time::Duration;
use tokio::runtime::Runtime;

/// Version of what a payload holds; it is in the name of every collection.
const LAYOUT: u32 = 1;
/// Time for the server to take a connection.
const CONNECT: Duration = Duration::from_secs(5);
/// Time for one answer.
const PATIENCE: Duration = Duration::from_secs(15);
/// Ids of a page.
const PAGE: u32 = 1_000;

/// Where a server listens, with its gRPC port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address(String);

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (scheme, rest) = match text.split_once("://") {
            Some(("qdrant", rest)) => ("http", rest),
            Some(("qdrants", rest)) => ("https", rest),
            _ => return Err("qdrant://HOST:6334, or qdrants:// with TLS".to_owned()),
        };
        let rest = rest.trim_end_matches('/');
        let port = rest
            .rsplit_once(':')
            .map(|(host, port)| (host, port.parse::<u16>()));
        match port {
            Some((host, Ok(_))) if !host.is_empty() => Ok(Self(format!("{scheme}://{rest}"))),
            _ => Err(format!(
                "`{text}` needs a host and the gRPC port, as qdrant://HOST:6334"
            )),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.strip_prefix("https://") {
            Some(rest) => write!(f, "qdrants://{rest}"),
            None => write!(f, "qdrant://{}", self.0.trim_start_matches("http://")),
        }
    }
}

impl Address {
    /// Whether a key that is sent there stays unread: by TLS, or as it does not leave this machine.
    #[must_use]
    pub fn keeps_secrets(&self) -> bool {
        let Some(plain) = self.0.strip_prefix("http://") else {
            return true;
        };
        let host = plain.rsplit_once(':').map_or(plain, |(host, _)| host);
        matches!(host, "localhost" | "127.0.0.1" | "[::1]")
    }
}

/// The vectors of one memory on a server.
pub struct Qdrant {
    client: qdrant_client::Qdrant,
    runtime: Runtime,
    /// Whose they are.
    memory: SmolStr,
    /// Collections that are known to be there and to fit.
    known: RefCell<BTreeSet<String>>,
}

impl Qdrant {
    /// Opens a connection, for a memory of this identity.
    ///
    /// # Errors
    /// No server answers there.
    pub fn connect(
        address: &Address,
        key: Option<String>,
        identity: &str,
    ) -> Result<Self, MemoryError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|why| MemoryError::Server(why.to_string()))?;
        let client = qdrant_client::Qdrant::from_url(&address.0)
            .api_key(key)
            .connect_timeout(CONNECT)
            .timeout(PATIENCE)
            .skip_compatibility_check()
            .build()
            .map_err(|why| said(&why))?;
        let answered = runtime.block_on(client.health_check());
        answered.map_err(|why| {
            let MemoryError::Server(why) = said(&why) else {
                return said(&why);
            };
            MemoryError::Server(format!("no Qdrant answers at {}: {why}", address.0))
        })?;
        Ok(Self {
            client,
            runtime,
            memory: identity.into(),
            known: RefCell::default(),
        })
    }

    fn wait<T>(
        &self,
        answer: impl Future<Output = Result<T, QdrantError>>,
    ) -> Result<T, MemoryError> {
        self.runtime.block_on(answer).map_err(|why| said(&why))
    }

    /// The collection of a space, if there is one. One that does not fit is refused.
    fn collection(&self, space: &Space) -> Result<Option<String>, MemoryError> {
        let name = name(space);
        if self.known.borrow().contains(&name) {
            return Ok(Some(name));
        }
        if !self.wait(self.client.collection_exists(&name))? {
            return Ok(None);
        }
        let info = self.wait(self.client.collection_info(&name))?;
        let params = info
            .result
            .and_then(|info| info.config?.params?.vectors_config);
        match params.and_then(|vectors| vectors.config) {
            Some(vectors_config::Config::Params(params)) if is_ours(&params, space) => {}
            _ => {
                return Err(MemoryError::Server(format!(
                    "the collection {name} is there and holds no vectors of {} numbers by cosine",
                    space.dimensions
                )));
            }
        }
        self.known.borrow_mut().insert(name.clone());
        Ok(Some(name))
    }

    /// The collection of a space, made where there is none.
    fn made(&self, space: &Space) -> Result<String, MemoryError> {
        if let Some(name) = self.collection(space)? {
            return Ok(name);
        }
        let name = name(space);
        let vectors = VectorParamsBuilder::new(space.dimensions as u64, Distance::Cosine);
        let create = CreateCollectionBuilder::new(&name).vectors_config(vectors);
        let made = self.wait(self.client.create_collection(create));
        // Another process may have been quicker; what counts is that it is there and fits.
        if let (Err(why), None) = (made, self.collection(space)?) {
            return Err(why);
        }
        for field in ["memory", "kind", "id"] {
            let index = CreateFieldIndexCollectionBuilder::new(&name, field, FieldType::Keyword);
            self.wait(self.client.create_field_index(index.wait(true)))?;
        }
        Ok(name)
    }

    fn own(&self) -> Condition {
        Condition::matches("memory", self.memory.to_string())
    }

    fn point(&self, item: &Item) -> PointStruct {
        let mut payload = Payload::new();
        payload.insert("memory", self.memory.as_str());
        payload.insert("kind", item.kind.name());
        payload.insert("id", item.id.as_str());
        PointStruct::new(self.place(&item.id), item.vector.clone(), payload)
    }

    /// The number of a point: Qdrant takes UUIDs, so an id becomes one, with the memory that it is of.
    fn place(&self, id: &str) -> PointId {
        let mut hasher = blake3::Hasher::new();
        hasher.update(self.memory.as_bytes());
        hasher.update(b"\0");
        hasher.update(id.as_bytes());
        let hex = hasher.finalize().to_hex();
        let uuid = [
            &hex[..8],
            &hex[8..12],
            &hex[12..16],
            &hex[16..20],
            &hex[20..32],
        ];
        PointId::from(uuid.join("-"))
    }
}

fn name(space: &Space) -> String {
    let plain = |letter: char| {
        if letter.is_ascii_alphanumeric() {
            letter
        } else {
            '-'
        }
    };
    let embedder: String = space.embedder.chars().map(plain).collect();
    // Two embedders whose names differ only in what is not plain are still two.
    let mark = &blake3::hash(space.embedder.as_bytes()).to_hex()[..6];
    let (version, dimensions) = (space.version, space.dimensions);
    format!("aegis{LAYOUT}-{embedder}-{mark}-v{version}-{dimensions}")
}

fn is_ours(params: &VectorParams, space: &Space) -> bool {
    params.size == space.dimensions as u64 && params.distance == Distance::Cosine as i32
}

fn said(why: &QdrantError) -> MemoryError {
    MemoryError::Server(match why {
        QdrantError::ResponseError { status } => {
            format!("{} ({:?})", status.message(), status.code())
        }
        other => other.to_string(),
    })
}

fn id_of(
    payload: &std::collections::HashMap<String, qdrant_client::qdrant::Value>,
) -> Option<SmolStr> {
    payload
        .get("id")
        .and_then(|id| id.as_str())
        .map(SmolStr::new)
}

impl Vectors for Qdrant {
    fn put(&self, space: &Space, items: &[Item]) -> Result<(), MemoryError> {
        items
            .iter()
            .try_for_each(|item| fits(space, &item.vector))?;
        if items.is_empty() {
            return Ok(());
        }
        let name = self.made(space)?;
        let points: Vec<PointStruct> = items.iter().map(|item| self.point(item)).collect();
        let upsert = UpsertPointsBuilder::new(name, points).wait(true);
        self.wait(self.client.upsert_points(upsert)).map(drop)
    }

    fn nearest(
        &self,
        space: &Space,
        kind: Kind,
        query: &[f32],
        count: usize,
    ) -> Result<Vec<Hit>, MemoryError> {
        fits(space, query)?;
        let Some(name) = self.collection(space)? else {
            return Ok(Vec::new());
        };
        let of_kind = Condition::matches("kind", kind.name().to_owned());
        let question = QueryPointsBuilder::new(name)
            .query(query.to_vec())
            .filter(Filter::must([self.own(), of_kind]))
            .limit(count as u64)
            .with_payload(true)
            // The neighbours, and not about the neighbours: the file gives the same.
            .params(SearchParamsBuilder::default().exact(true));
        let found = self.wait(self.client.query(question))?.result;
        let hit = |point: qdrant_client::qdrant::ScoredPoint| {
            Some(Hit {
                id: id_of(&point.payload)?,
                score: told(f64::from(point.score)),
            })
        };
        let mut hits: Vec<Hit> = found.into_iter().filter_map(hit).collect();
        hits.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.id.cmp(&b.id)));
        Ok(hits)
    }

    fn remove(&self, space: &Space, ids: &[SmolStr]) -> Result<(), MemoryError> {
        let (false, Some(name)) = (ids.is_empty(), self.collection(space)?) else {
            return Ok(());
        };
        let ids = ids.iter().map(|id| self.place(id)).collect();
        let delete = DeletePointsBuilder::new(name)
            .points(PointsIdsList { ids })
            .wait(true);
        self.wait(self.client.delete_points(delete)).map(drop)
    }

    fn ids(&self, space: &Space) -> Result<Vec<SmolStr>, MemoryError> {
        let Some(name) = self.collection(space)? else {
            return Ok(Vec::new());
        };
        let (mut ids, mut offset) = (Vec::new(), None);
        loop {
            let mut scroll = ScrollPointsBuilder::new(&name)
                .filter(Filter::must([self.own()]))
                .limit(PAGE)
                .with_payload(true);
            if let Some(offset) = offset {
                scroll = scroll.offset::<PointId>(offset);
            }
            let page = self.wait(self.client.scroll(scroll))?;
            let found = page.result.iter();
            ids.extend(found.filter_map(|point| id_of(&point.payload)));
            offset = page.next_page_offset;
            if offset.is_none() {
                return Ok(ids);
            }
        }
    }

    fn count(&self, space: &Space) -> Result<u64, MemoryError> {
        let Some(name) = self.collection(space)? else {
            return Ok(0);
        };
        let count = CountPointsBuilder::new(name)
            .filter(Filter::must([self.own()]))
            .exact(true);
        let counted = self.wait(self.client.count(count))?;
        Ok(counted.result.map_or(0, |result| result.count))
    }
}
