//! Qdrant's own gRPC interface over an engine of exact neighbours, in this process. What the memory does not
//! ask for is answered `unimplemented`, what a real server would refuse is refused.
#![allow(dead_code, reason = "each test takes what it needs")]

use qdrant_client::qdrant::collections_server::{Collections, CollectionsServer};
use qdrant_client::qdrant::condition::ConditionOneOf;
use qdrant_client::qdrant::r#match::MatchValue;
use qdrant_client::qdrant::points_selector::PointsSelectorOneOf;
use qdrant_client::qdrant::points_server::{Points, PointsServer};
use qdrant_client::qdrant::qdrant_server::{Qdrant, QdrantServer};
use qdrant_client::qdrant::{
    CollectionConfig, CollectionExists, CollectionInfo, CollectionParams, CountResult, Distance,
    Filter, HealthCheckReply, HealthCheckRequest, PointId, RetrievedPoint, ScoredPoint,
    UpdateResult, Value, VectorParams, VectorsConfig, point_id, query, vector, vector_input,
    vectors, vectors_config,
};
use std::collections::{BTreeMap, HashMap};
use std::net::{SocketAddr, TcpListener};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;
use tokio::sync::oneshot;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};

type Payload = HashMap<String, Value>;
type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<Response<T>, Status>> + Send + 'a>>;

#[derive(Default)]
struct Collection {
    params: VectorParams,
    points: BTreeMap<String, (PointId, Vec<f32>, Payload)>,
    indexed: Vec<String>,
}

/// What is stored: it outlives the server that serves it.
#[derive(Clone, Default)]
pub struct Engine(Arc<Mutex<BTreeMap<String, Collection>>>);

/// A server that listens until it is stopped or dropped.
pub struct Served {
    pub address: SocketAddr,
    pub engine: Engine,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Served {
    /// An empty one, on a free port.
    pub fn start() -> Self {
        Self::over(
            Engine::default(),
            "127.0.0.1:0".parse().expect("an address"),
        )
    }

    /// One with what another stored.
    pub fn over(engine: Engine, address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).expect("a port");
        listener.set_nonblocking(true).expect("it can");
        let address = listener.local_addr().expect("it has one");
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = engine.clone();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime");
            runtime.block_on(async move {
                let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
                let served = Server::builder()
                    .add_service(QdrantServer::new(serving.clone()))
                    .add_service(CollectionsServer::new(serving.clone()))
                    .add_service(PointsServer::new(serving))
                    .serve_with_incoming(TcpIncoming::from(listener));
                // Open connections are cut, as those of a server that is killed are.
                tokio::select! {
                    ended = served => ended.expect("it serves"),
                    _ = stopped => {}
                }
            });
        });
        Self {
            address,
            engine,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    /// Its address, as a user gives it.
    pub fn url(&self) -> String {
        format!("qdrant://{}", self.address)
    }

    /// Ends it, with all connections.
    pub fn stop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            thread.join().expect("it ends");
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Engine {
    fn all(&self) -> MutexGuard<'_, BTreeMap<String, Collection>> {
        self.0.lock().expect("nobody panicked")
    }

    /// Names of the collections.
    pub fn names(&self) -> Vec<String> {
        self.all().keys().cloned().collect()
    }

    /// Fields of a collection that are indexed.
    pub fn indexed(&self, name: &str) -> Vec<String> {
        self.all()[name].indexed.clone()
    }

    /// Makes a collection of so many numbers, as somebody else would.
    pub fn make(&self, name: &str, size: u64) {
        let params = VectorParams {
            size,
            distance: Distance::Dot as i32,
            ..VectorParams::default()
        };
        let made = Collection {
            params,
            ..Collection::default()
        };
        self.all().insert(name.to_owned(), made);
    }

    fn with<T>(
        &self,
        name: &str,
        deed: impl FnOnce(&mut Collection) -> Result<T, Status>,
    ) -> Result<T, Status> {
        let mut all = self.all();
        let none = || Status::not_found(format!("Not found: Collection `{name}` doesn't exist!"));
        deed(all.get_mut(name).ok_or_else(none)?)
    }
}

impl Collection {
    fn fits(&self, vector: &[f32]) -> Result<(), Status> {
        let (wanted, found) = (self.params.size, vector.len() as u64);
        if wanted == found {
            return Ok(());
        }
        let why = format!("Vector dimension error: expected dim: {wanted}, got {found}");
        Err(Status::invalid_argument(why))
    }
}

fn key(id: &PointId) -> Result<String, Status> {
    match &id.point_id_options {
        Some(point_id::PointIdOptions::Uuid(uuid)) if is_uuid(uuid) => Ok(uuid.clone()),
        Some(point_id::PointIdOptions::Num(number)) => Ok(number.to_string()),
        _ => Err(Status::invalid_argument("Unable to parse UUID")),
    }
}

fn is_uuid(text: &str) -> bool {
    let parts: Vec<usize> = text.split('-').map(str::len).collect();
    parts == [8, 4, 4, 4, 12] && text.chars().all(|c| c == '-' || c.is_ascii_hexdigit())
}

/// Whether a payload has all that a filter asks for. Only what the memory uses is understood.
fn passes(filter: Option<&Filter>, payload: &Payload) -> Result<bool, Status> {
    let Some(filter) = filter else {
        return Ok(true);
    };
    if !filter.should.is_empty() || !filter.must_not.is_empty() || filter.min_should.is_some() {
        return Err(Status::unimplemented("only `must`"));
    }
    for condition in &filter.must {
        let Some(ConditionOneOf::Field(field)) = &condition.condition_one_of else {
            return Err(Status::unimplemented("only fields"));
        };
        let value = field
            .r#match
            .as_ref()
            .and_then(|one| one.match_value.as_ref());
        let Some(MatchValue::Keyword(wanted)) = value else {
            return Err(Status::unimplemented("only keywords"));
        };
        let found = payload.get(&field.key).and_then(|value| value.as_str());
        if found != Some(wanted) {
            return Ok(false);
        }
    }
    Ok(true)
}

fn unit(vector: &[f32]) -> Vec<f32> {
    let length = vector.iter().map(|one| one * one).sum::<f32>().sqrt();
    if length < f32::EPSILON {
        return vector.to_vec();
    }
    vector.iter().map(|one| one / length).collect()
}

fn done() -> Result<Response<qdrant_client::qdrant::PointsOperationResponse>, Status> {
    Ok(Response::new(
        qdrant_client::qdrant::PointsOperationResponse {
            result: Some(UpdateResult {
                operation_id: Some(0),
                status: 2,
            }),
            ..Default::default()
        },
    ))
}

#[tonic::async_trait]
impl Qdrant for Engine {
    async fn health_check(
        &self,
        _: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckReply>, Status> {
        Ok(Response::new(HealthCheckReply {
            title: "qdrant - vector search engine".into(),
            version: "1.16.0".into(),
            commit: None,
        }))
    }
}

/// Methods that are not served.
macro_rules! unserved {
    ($($name:ident: $asked:ident => $answered:ident),* $(,)?) => {
        // As `async_trait` would write it, which does not look into macros.
        $(fn $name<'a, 'b>(
            &'a self,
            _: Request<qdrant_client::qdrant::$asked>,
        ) -> Answer<'b, qdrant_client::qdrant::$answered>
        where
            'a: 'b,
            Self: 'b,
        {
            Box::pin(async { Err(Status::unimplemented(stringify!($name))) })
        })*
    };
}

#[tonic::async_trait]
impl Collections for Engine {
    async fn get(
        &self,
        request: Request<qdrant_client::qdrant::GetCollectionInfoRequest>,
    ) -> Result<Response<qdrant_client::qdrant::GetCollectionInfoResponse>, Status> {
        let params = self.with(&request.into_inner().collection_name, |one| Ok(one.params))?;
        let config = CollectionParams {
            vectors_config: Some(VectorsConfig {
                config: Some(vectors_config::Config::Params(params)),
            }),
            ..CollectionParams::default()
        };
        let info = CollectionInfo {
            config: Some(CollectionConfig {
                params: Some(config),
                ..CollectionConfig::default()
            }),
            ..CollectionInfo::default()
        };
        Ok(Response::new(
            qdrant_client::qdrant::GetCollectionInfoResponse {
                result: Some(info),
                ..Default::default()
            },
        ))
    }

    async fn create(
        &self,
        request: Request<qdrant_client::qdrant::CreateCollection>,
    ) -> Result<Response<qdrant_client::qdrant::CollectionOperationResponse>, Status> {
        let asked = request.into_inner();
        let config = asked.vectors_config.and_then(|config| config.config);
        let Some(vectors_config::Config::Params(params)) = config else {
            return Err(Status::invalid_argument("no parameters of vectors"));
        };
        let mut all = self.all();
        let name = asked.collection_name;
        if all.contains_key(&name) {
            let why = format!("Wrong input: Collection `{name}` already exists!");
            return Err(Status::already_exists(why));
        }
        let made = Collection {
            params,
            ..Collection::default()
        };
        all.insert(name, made);
        Ok(Response::new(
            qdrant_client::qdrant::CollectionOperationResponse {
                result: true,
                ..Default::default()
            },
        ))
    }

    async fn collection_exists(
        &self,
        request: Request<qdrant_client::qdrant::CollectionExistsRequest>,
    ) -> Result<Response<qdrant_client::qdrant::CollectionExistsResponse>, Status> {
        let exists = self
            .all()
            .contains_key(&request.into_inner().collection_name);
        Ok(Response::new(
            qdrant_client::qdrant::CollectionExistsResponse {
                result: Some(CollectionExists { exists }),
                ..Default::default()
            },
        ))
    }

    unserved! {
        list: ListCollectionsRequest => ListCollectionsResponse,
        update: UpdateCollection => CollectionOperationResponse,
        delete: DeleteCollection => CollectionOperationResponse,
        update_aliases: ChangeAliases => CollectionOperationResponse,
        list_collection_aliases: ListCollectionAliasesRequest => ListAliasesResponse,
        list_aliases: ListAliasesRequest => ListAliasesResponse,
        collection_cluster_info: CollectionClusterInfoRequest => CollectionClusterInfoResponse,
        update_collection_cluster_setup: UpdateCollectionClusterSetupRequest => UpdateCollectionClusterSetupResponse,
        create_shard_key: CreateShardKeyRequest => CreateShardKeyResponse,
        delete_shard_key: DeleteShardKeyRequest => DeleteShardKeyResponse,
        list_shard_keys: ListShardKeysRequest => ListShardKeysResponse,
    }
}

fn dense(vectors: Option<qdrant_client::qdrant::Vectors>) -> Result<Vec<f32>, Status> {
    let options = vectors.and_then(|vectors| vectors.vectors_options);
    let Some(vectors::VectorsOptions::Vector(one)) = options else {
        return Err(Status::unimplemented("only one vector of a point"));
    };
    match one.vector {
        Some(vector::Vector::Dense(dense)) => Ok(dense.data),
        #[allow(deprecated, reason = "what older clients send")]
        None => Ok(one.data),
        Some(_) => Err(Status::unimplemented("only dense vectors")),
    }
}

#[tonic::async_trait]
impl Points for Engine {
    async fn upsert(
        &self,
        request: Request<qdrant_client::qdrant::UpsertPoints>,
    ) -> Result<Response<qdrant_client::qdrant::PointsOperationResponse>, Status> {
        let asked = request.into_inner();
        self.with(&asked.collection_name, |collection| {
            for point in asked.points {
                let id = point.id.ok_or_else(|| Status::invalid_argument("no id"))?;
                let vector = dense(point.vectors)?;
                collection.fits(&vector)?;
                let stored = (id.clone(), unit(&vector), point.payload);
                collection.points.insert(key(&id)?, stored);
            }
            Ok(())
        })?;
        done()
    }

    async fn delete(
        &self,
        request: Request<qdrant_client::qdrant::DeletePoints>,
    ) -> Result<Response<qdrant_client::qdrant::PointsOperationResponse>, Status> {
        let asked = request.into_inner();
        let selected = asked
            .points
            .and_then(|points| points.points_selector_one_of);
        let Some(PointsSelectorOneOf::Points(list)) = selected else {
            return Err(Status::unimplemented("only by ids"));
        };
        self.with(&asked.collection_name, |collection| {
            for id in &list.ids {
                collection.points.remove(&key(id)?);
            }
            Ok(())
        })?;
        done()
    }

    async fn create_field_index(
        &self,
        request: Request<qdrant_client::qdrant::CreateFieldIndexCollection>,
    ) -> Result<Response<qdrant_client::qdrant::PointsOperationResponse>, Status> {
        let asked = request.into_inner();
        self.with(&asked.collection_name, |collection| {
            collection.indexed.push(asked.field_name);
            Ok(())
        })?;
        done()
    }

    async fn scroll(
        &self,
        request: Request<qdrant_client::qdrant::ScrollPoints>,
    ) -> Result<Response<qdrant_client::qdrant::ScrollResponse>, Status> {
        let asked = request.into_inner();
        let limit = asked.limit.unwrap_or(10) as usize;
        let from = asked
            .offset
            .as_ref()
            .map(key)
            .transpose()?
            .unwrap_or_default();
        let (mut result, mut next) = (Vec::new(), None);
        self.with(&asked.collection_name, |collection| {
            for (_, (id, _, payload)) in collection.points.range(from..) {
                if !passes(asked.filter.as_ref(), payload)? {
                    continue;
                }
                if result.len() == limit {
                    next = Some(id.clone());
                    break;
                }
                result.push(RetrievedPoint {
                    id: Some(id.clone()),
                    payload: payload.clone(),
                    ..RetrievedPoint::default()
                });
            }
            Ok(())
        })?;
        Ok(Response::new(qdrant_client::qdrant::ScrollResponse {
            result,
            next_page_offset: next,
            ..Default::default()
        }))
    }

    async fn count(
        &self,
        request: Request<qdrant_client::qdrant::CountPoints>,
    ) -> Result<Response<qdrant_client::qdrant::CountResponse>, Status> {
        let asked = request.into_inner();
        let count = self.with(&asked.collection_name, |collection| {
            let mut count = 0;
            for (_, _, payload) in collection.points.values() {
                count += u64::from(passes(asked.filter.as_ref(), payload)?);
            }
            Ok(count)
        })?;
        Ok(Response::new(qdrant_client::qdrant::CountResponse {
            result: Some(CountResult { count }),
            ..Default::default()
        }))
    }

    async fn query(
        &self,
        request: Request<qdrant_client::qdrant::QueryPoints>,
    ) -> Result<Response<qdrant_client::qdrant::QueryResponse>, Status> {
        let asked = request.into_inner();
        let variant = asked.query.and_then(|query| query.variant);
        let Some(query::Variant::Nearest(input)) = variant else {
            return Err(Status::unimplemented("only the nearest"));
        };
        let Some(vector_input::Variant::Dense(near)) = input.variant else {
            return Err(Status::unimplemented("only dense vectors"));
        };
        let near = unit(&near.data);
        let mut result = self.with(&asked.collection_name, |collection| {
            collection.fits(&near)?;
            let mut found = Vec::new();
            for (id, vector, payload) in collection.points.values() {
                if passes(asked.filter.as_ref(), payload)? {
                    let products = vector.iter().zip(&near).map(|(a, b)| a * b);
                    found.push(ScoredPoint {
                        id: Some(id.clone()),
                        payload: payload.clone(),
                        score: products.sum(),
                        ..ScoredPoint::default()
                    });
                }
            }
            Ok(found)
        })?;
        result.sort_by(|a, b| b.score.total_cmp(&a.score));
        result.truncate(asked.limit.unwrap_or(10) as usize);
        Ok(Response::new(qdrant_client::qdrant::QueryResponse {
            result,
            ..Default::default()
        }))
    }

    unserved! {
        get: GetPoints => GetResponse,
        update_vectors: UpdatePointVectors => PointsOperationResponse,
        delete_vectors: DeletePointVectors => PointsOperationResponse,
        set_payload: SetPayloadPoints => PointsOperationResponse,
        overwrite_payload: SetPayloadPoints => PointsOperationResponse,
        delete_payload: DeletePayloadPoints => PointsOperationResponse,
        clear_payload: ClearPayloadPoints => PointsOperationResponse,
        delete_field_index: DeleteFieldIndexCollection => PointsOperationResponse,
        create_vector_name: CreateVectorNameRequest => PointsOperationResponse,
        delete_vector_name: DeleteVectorNameRequest => PointsOperationResponse,
        search: SearchPoints => SearchResponse,
        search_batch: SearchBatchPoints => SearchBatchResponse,
        search_groups: SearchPointGroups => SearchGroupsResponse,
        recommend: RecommendPoints => RecommendResponse,
        recommend_batch: RecommendBatchPoints => RecommendBatchResponse,
        recommend_groups: RecommendPointGroups => RecommendGroupsResponse,
        discover: DiscoverPoints => DiscoverResponse,
        discover_batch: DiscoverBatchPoints => DiscoverBatchResponse,
        update_batch: UpdateBatchPoints => UpdateBatchResponse,
        query_batch: QueryBatchPoints => QueryBatchResponse,
        query_groups: QueryPointGroups => QueryGroupsResponse,
        facet: FacetCounts => FacetResponse,
        search_matrix_pairs: SearchMatrixPoints => SearchMatrixPairsResponse,
        search_matrix_offsets: SearchMatrixPoints => SearchMatrixOffsetsResponse,
    }
}
