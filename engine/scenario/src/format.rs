//! The `Scenario` kind as types.
//!
//! Read after [`crate::check`] has held the document against the table of words:
//! what can be said well about a mistake has been said by then.

mod chaos;
mod observed;
mod remedy;
mod services;
mod traffic;

pub use chaos::{Act, ChaosEntry, Choice, Deleted, LoadChange, PatchOf, PropagationPolicy};
pub use observed::{Noise, NoiseEntry, Passage, Signal};
pub use remedy::{RemedyAction, RemedyStep};
pub use services::{CallWords, MemoryWords, ServiceWords};
pub use traffic::{Burst, Diurnal, Rate, RateStep, RateWords, Traffic};

use crate::amount::{Length, Share};
use crate::reach::Question;
use aegis_model::Quantity;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// A scenario as it is written.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Scenario {
    /// `aegis.dev/v1`.
    pub api_version: String,
    /// `Scenario`.
    pub kind: String,
    /// Name and labels.
    pub metadata: Metadata,
    /// What is played.
    #[serde(default)]
    pub spec: Spec,
}

/// Name and labels of a scenario. Neither reaches an observation.
#[derive(Debug, Default, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metadata {
    /// Name.
    pub name: String,
    /// Labels, as `suite` and `difficulty`.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
}

/// What is played.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct Spec {
    /// For people.
    pub description: String,
    /// Root of all draws.
    pub seed: u64,
    /// How long it is played, from time 0.
    pub duration: Length,
    /// Files of manifests, relative to this one.
    pub include: Vec<String>,
    /// Changes of what is included, before the start.
    pub patches: Vec<PatchOf>,
    /// Nodes; without it Node documents or a rule.
    pub cluster: Option<ClusterWords>,
    /// What inference would get wrong.
    pub services: Vec<ServiceWords>,
    /// When time 0 is; without it settled where there is traffic.
    pub start: Option<Start>,
    /// What users send.
    pub traffic: Vec<Traffic>,
    /// Pinned use of pods.
    pub usage: Vec<Usage>,
    /// Noise of what is observed.
    pub noise: Noise,
    /// Which data pass which component.
    pub telemetry: Vec<Passage>,
    /// How it is observed.
    pub observe: Observe,
    /// What happens.
    pub chaos: Vec<ChaosEntry>,
    /// What users are promised.
    pub objectives: Objectives,
    /// What is wrong; without it it is derived from chaos.
    pub truth: Option<TruthWords>,
    /// How the world differs from what is inferred.
    pub physics: Physics,
    /// A recorded good plan.
    pub remedy: Vec<RemedyStep>,
    /// What objects must show.
    pub expect: Vec<Expectation>,
}

/// Length of a run where a scenario states none.
pub const DURATION: Length = Length(1200.0);
/// Window of an objective where a scenario states none.
pub const WINDOW: Length = Length(600.0);
/// Root of draws where a scenario states none.
pub const SEED: u64 = 1;

impl Default for Spec {
    fn default() -> Self {
        Self {
            description: String::new(),
            seed: SEED,
            duration: DURATION,
            include: Vec::new(),
            patches: Vec::new(),
            cluster: None,
            services: Vec::new(),
            start: None,
            traffic: Vec::new(),
            usage: Vec::new(),
            noise: Noise::default(),
            telemetry: Vec::new(),
            observe: Observe::default(),
            chaos: Vec::new(),
            objectives: Objectives::default(),
            truth: None,
            physics: Physics::default(),
            remedy: Vec::new(),
            expect: Vec::new(),
        }
    }
}

impl Spec {
    /// Whether the cluster runs before time 0.
    #[must_use]
    pub fn starts(&self) -> Start {
        let rule = if self.traffic.is_empty() || !self.expect.is_empty() {
            Start::Applied
        } else {
            Start::Settled
        };
        self.start.unwrap_or(rule)
    }
}

/// When time 0 is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Start {
    /// When all workloads have been available, plus 300 s under load.
    Settled,
    /// When the manifests arrive.
    Applied,
}

/// Nodes in groups.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClusterWords {
    /// Groups of equal nodes.
    pub nodes: Vec<NodeGroup>,
}

/// Equal nodes.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeGroup {
    /// How many.
    #[serde(default = "one")]
    pub count: u32,
    /// CPU of each.
    pub cpu: Quantity,
    /// Memory of each.
    pub memory: Quantity,
    /// Zones, taken in turn.
    #[serde(default)]
    pub zones: Vec<String>,
    /// What Events call the group; `group-1` and so on where nothing is said.
    #[serde(default)]
    pub name: Option<String>,
    /// Fewest nodes that an autoscaler leaves; `count` where only `max` is said.
    #[serde(default)]
    pub min: Option<u32>,
    /// Most nodes that an autoscaler asks for; `count` where only `min` is said.
    #[serde(default)]
    pub max: Option<u32>,
    /// Time from asking for a node until it is ready.
    #[serde(default)]
    pub startup: Option<Length>,
}

const fn one() -> u32 {
    1
}

/// Pinned use of each pod of a workload.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Usage {
    /// `Kind/name`.
    pub workload: String,
    /// CPU.
    #[serde(default)]
    pub cpu: Option<Quantity>,
    /// Memory.
    #[serde(default)]
    pub memory: Option<Quantity>,
}

/// How it is observed.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Observe {
    /// What is collected.
    pub level: Level,
    /// Time between scrapes.
    pub scrape: Length,
    /// Age of what is seen.
    pub delay: Length,
}

impl Default for Observe {
    fn default() -> Self {
        Self {
            level: Level::Prometheus,
            scrape: Length(15.0),
            delay: Length(0.0),
        }
    }
}

/// What is collected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Level {
    /// What Prometheus scrapes.
    Prometheus,
}

/// What users are promised.
#[derive(Debug, Default, Clone, PartialEq, Deserialize)]
#[serde(from = "ObjectivesWords")]
pub enum Objectives {
    /// 99 %, p99 at most 3 times its own baseline, at every entry.
    #[default]
    Default,
    /// As stated.
    Stated(Vec<ObjectiveWords>),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum ObjectivesWords {
    Word(#[allow(dead_code, reason = "the only word")] String),
    List(Vec<ObjectiveWords>),
}

impl From<ObjectivesWords> for Objectives {
    fn from(words: ObjectivesWords) -> Self {
        match words {
            ObjectivesWords::Word(_) => Self::Default,
            ObjectivesWords::List(list) => Self::Stated(list),
        }
    }
}

/// One stated objective.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObjectiveWords {
    /// The entry.
    pub service: String,
    /// Share of requests that must succeed.
    pub availability: Share,
    /// Quantile and the time that it must stay below: `p99` → 800 ms.
    #[serde(default)]
    pub latency: BTreeMap<String, Length>,
    /// Window over which it is judged.
    #[serde(default = "window")]
    pub window: Length,
}

const fn window() -> Length {
    WINDOW
}

/// What is wrong.
#[derive(Debug, Default, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct TruthWords {
    /// Causes.
    pub causes: Vec<Cause>,
    /// What counts as right too.
    pub also_right: Vec<Cause>,
    /// Whether users notice; without it when there is a cause.
    pub users_affected: Option<bool>,
}

/// One cause.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cause {
    /// Id in the catalogue, or `misconfiguration`.
    pub fault: String,
    /// `kind/name`.
    pub object: String,
    /// Field of a visible cause.
    #[serde(default)]
    pub field: Option<String>,
}

/// How the world differs from what is inferred.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Physics {
    /// How far.
    pub gap: Gap,
}

/// How far the truth is from what is inferred.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Gap {
    /// Not at all: an ablation.
    None,
    /// As between a model and a cluster that it was fitted to.
    #[default]
    Medium,
    /// Twice that.
    Large,
}

/// What objects must show, or who must reach whom.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Expectation {
    /// When.
    pub at: Length,
    /// `Kind/name` or `Kind/namespace/name`; in the name, `*` is any run of characters. Empty
    /// where a connection is meant.
    #[serde(default)]
    pub object: String,
    /// The connection that is meant; its answer is a text.
    #[serde(default)]
    pub reach: Option<Question>,
    /// Fields that pick among the objects of that name: path and pattern of its text.
    #[serde(default, rename = "where")]
    pub picked: BTreeMap<String, String>,
    /// `.status.phase`, `.spec.containers[name=a].image`, `.status.conditions[type=Ready].status`,
    /// `.metadata.labels["app.kubernetes.io/name"]` or `.metadata.labels.app\.kubernetes\.io/name`.
    #[serde(default)]
    pub path: String,
    /// The value that it has.
    #[serde(default)]
    pub equals: Option<Value>,
    /// A pattern that its text has.
    #[serde(default)]
    pub matches: Option<String>,
    /// The least that it is.
    #[serde(default)]
    pub at_least: Option<f64>,
    /// The most that it is.
    #[serde(default)]
    pub at_most: Option<f64>,
    /// How many objects there are; without a path.
    #[serde(default)]
    pub count: Option<usize>,
    /// That no such object has the field.
    #[serde(default)]
    pub missing: Option<Missing>,
}

/// The one value of `missing`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "bool")]
pub struct Missing;

impl TryFrom<bool> for Missing {
    type Error = &'static str;

    fn try_from(said: bool) -> Result<Self, Self::Error> {
        said.then_some(Self)
            .ok_or("only `missing: true` says anything")
    }
}
