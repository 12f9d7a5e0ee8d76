//! `services`: what inference would get wrong.

use crate::amount::{Length, Share};
use aegis_model::{Balance, CallMode, Quantity};
use serde::Deserialize;

/// How a workload serves requests; what is not said stays as inferred.
#[derive(Debug, Default, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct ServiceWords {
    /// The workload, or its Service.
    pub name: String,
    /// CPU of one request, core time.
    pub cpu_per_request: Option<Length>,
    /// Time of one request that is neither CPU nor a call.
    pub latency: Option<Length>,
    /// CPU used with no request.
    pub cpu_idle: Option<Quantity>,
    /// Squared coefficient of variation of the service time.
    pub cv2: Option<f64>,
    /// Working set.
    pub memory: MemoryWords,
    /// Requests worked on at once, per pod.
    pub workers: Option<u32>,
    /// Requests that may wait, per pod.
    pub queue: Option<u32>,
    /// Requests that use the CPU at once, per pod.
    pub cpu_slots: Option<u32>,
    /// From the start of the container to its first answer.
    pub startup: Option<Length>,
    /// Factor on CPU per request while cold.
    pub cold_factor: Option<f64>,
    /// How long it stays cold.
    pub warmup: Option<Length>,
    /// Share of requests answered with an error of its own.
    pub error_share: Option<Share>,
    /// All calls that one request makes; without it as inferred.
    pub calls: Option<Vec<CallWords>>,
}

/// Working set.
#[derive(Debug, Default, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct MemoryWords {
    /// With no request in flight.
    pub base: Option<Quantity>,
    /// Per request in flight.
    pub per_request: Option<Quantity>,
}

/// One call.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct CallWords {
    /// The Service.
    pub to: String,
    /// Its port; without it its first.
    #[serde(default)]
    pub port: Option<u16>,
    /// Calls per request.
    #[serde(default)]
    pub ratio: Option<f64>,
    /// One after the other, or at once.
    #[serde(default)]
    pub mode: Option<CallMode>,
    /// Time-out of an attempt.
    #[serde(default)]
    pub timeout: Option<Length>,
    /// Retries after the first attempt.
    #[serde(default)]
    pub retries: Option<u32>,
    /// Mean time between attempts.
    #[serde(default)]
    pub backoff: Option<Length>,
    /// Retries as a share of first attempts, at most.
    #[serde(default)]
    pub retry_budget: Option<Share>,
    /// Failure share above which calls are shed.
    #[serde(default)]
    pub breaker: Option<Share>,
    /// Whether a time-out stops the work at the callee.
    #[serde(default)]
    pub cancels: Option<bool>,
    /// How calls are spread over endpoints.
    #[serde(default)]
    pub balance: Option<Balance>,
    /// Network round trip.
    #[serde(default)]
    pub round_trip: Option<Length>,
    /// Whether the request goes on when the call fails.
    #[serde(default)]
    pub optional: bool,
    /// Whether nobody waits for the call.
    #[serde(default, rename = "async")]
    pub nobody_waits: bool,
}
