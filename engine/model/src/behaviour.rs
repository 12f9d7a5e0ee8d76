//! How a workload serves requests: the parameters of the traffic model.
//!
//! These are what the solver, the request-level reference simulator and a twin's
//! calibration have in common. Who may know their true values is decided
//! elsewhere: in a world they are hidden, in a twin estimated.

use crate::ids::ServiceId;
use crate::units::{Bytes, Seconds};
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

/// How one workload serves a request. Equal for all of its replicas, but for
/// what a pod's own factor changes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Behaviour {
    /// CPU that one request costs in the pod itself, core-seconds, > 0.
    pub cpu_per_request: Seconds,
    /// Time of a request in the pod that is neither CPU nor a callee, s, ≥ 0.
    pub latency: Seconds,
    /// CPU used with no request, cores, ≥ 0.
    pub cpu_idle: f64,
    /// Squared coefficient of variation of the service time, 0..=16; 1 is exponential.
    pub service_cv2: f64,
    /// Worker threads per pod, ≥ 1: requests worked on at once.
    pub workers: u32,
    /// Requests per pod that may wait for a worker.
    pub queue: u32,
    /// Parallel slots on the CPU per pod (1 for a single-threaded runtime), ≥ 1.
    pub slots: u32,
    /// Working set with no request in flight.
    pub memory_base: Bytes,
    /// Working set per request in flight.
    pub memory_per_request: Bytes,
    /// Seconds from container start to being able to answer, s, ≥ 0.
    pub startup: Seconds,
    /// Factor on CPU per request while cold, ≥ 1.
    pub cold_factor: f64,
    /// Seconds over which a started pod warms up, s, ≥ 0.
    pub warmup: Seconds,
    /// Share of requests answered with an error of its own, 0..=1.
    pub error_share: f64,
    /// Calls that one request makes, in order of first appearance.
    pub calls: Vec<Call>,
}

/// One edge of the call graph.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// The Service that is called; `None` is an address outside the cluster or
    /// one that no Service has (the calls then fail as the name does not resolve).
    pub to: Option<ServiceId>,
    /// The callee's host as the caller's manifest writes it; `None` where none says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<SmolStr>,
    /// Port of the Service that is called; 0 is its first.
    pub port: u16,
    /// Calls per request of the caller, ≥ 0; may be above 1.
    pub ratio: f64,
    /// In sequence with the other calls, or in parallel.
    pub mode: CallMode,
    /// Time-out of one attempt, s, > 0.
    pub timeout: Seconds,
    /// Retries after the first attempt.
    pub retries: u32,
    /// Mean back-off between attempts with jitter, s, ≥ 0.01.
    pub backoff: Seconds,
    /// Retries allowed as a share of first attempts; `None` is no budget.
    pub retry_budget: Option<f64>,
    /// Failure share of the last tick above which the breaker sheds calls; `None` is no breaker.
    pub breaker: Option<f64>,
    /// Whether a call that timed out at the caller stops the work at the callee.
    pub cancels: Cancels,
    /// How attempts are spread over the endpoints.
    pub balance: Balance,
    /// Whether the caller fails when the call fails.
    pub need: Need,
    /// Network round trip within a zone, s, ≥ 0.
    pub round_trip: Seconds,
}

/// Whether calls of one request follow each other or run at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallMode {
    /// One after the other.
    Sequence,
    /// All at once; the slowest decides.
    Parallel,
}

/// What a time-out at the caller does to the work at the callee.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cancels {
    /// The callee stops (gRPC).
    Yes,
    /// The callee works on for nobody (HTTP/1).
    No,
}

/// How attempts are spread over endpoints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Balance {
    /// Each request picks an endpoint.
    Request,
    /// Long-lived connections: a new replica gets nothing until callers reconnect.
    Connection,
}

/// What a failed call does to the request that made it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Need {
    /// The request fails.
    Required,
    /// The request goes on without the answer.
    Optional,
    /// The caller does not wait for the answer.
    Async,
}
