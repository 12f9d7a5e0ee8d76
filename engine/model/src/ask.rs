//! What a language model is asked, by role, and what it may answer.
//!
//! Contexts hold names and texts as an operator sees them. Answers are what the
//! model wrote, in names as well: nothing in them is believed before
//! `aegis-reason` has found the fault in the catalogue and the object in the
//! cluster. Their doc comments go into the JSON Schema that binds the model.

use crate::outcome::Finding;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

#[cfg(feature = "schema")]
use schemars::JsonSchema;

/// Causes that an answer may name, at most.
pub const CAUSES: usize = 5;
/// Plans that an answer may hold, at most.
pub const PLANS: usize = 3;
/// Steps of a plan that is proposed, at most.
pub const STEPS: usize = 5;

/// What a model is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AskRole {
    /// Possible causes.
    Diagnosis,
    /// Possible plans.
    Planning,
    /// Objections to a plan.
    Critic,
    /// A reflection in words.
    Reflection,
}

/// A question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "role", rename_all = "snake_case")]
pub enum Ask {
    /// What may be the cause?
    Diagnosis(DiagnosisContext),
    /// What could be done?
    Planning(PlanningContext),
    /// What speaks against this plan?
    Critic(CriticContext),
    /// What was learnt, in words?
    Reflection(ReflectionContext),
}

impl Ask {
    /// Its role.
    #[must_use]
    pub const fn role(&self) -> AskRole {
        match self {
            Self::Diagnosis(_) => AskRole::Diagnosis,
            Self::Planning(_) => AskRole::Planning,
            Self::Critic(_) => AskRole::Critic,
            Self::Reflection(_) => AskRole::Reflection,
        }
    }

    /// What is seen of the cluster, where the question has it.
    #[must_use]
    pub const fn scene(&self) -> Option<&Scene> {
        match self {
            Self::Diagnosis(context) => Some(&context.scene),
            Self::Planning(context) => Some(&context.scene),
            Self::Critic(context) => Some(&context.scene),
            Self::Reflection(_) => None,
        }
    }

    /// The same, to be shortened.
    #[must_use]
    pub const fn scene_mut(&mut self) -> Option<&mut Scene> {
        match self {
            Self::Diagnosis(context) => Some(&mut context.scene),
            Self::Planning(context) => Some(&mut context.scene),
            Self::Critic(context) => Some(&mut context.scene),
            Self::Reflection(_) => None,
        }
    }
}

/// What is seen of an incident, in names.
#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scene {
    /// What is off.
    pub symptoms: Vec<SymptomLine>,
    /// Objects that an answer may name.
    pub objects: Vec<KnownObject>,
    /// Who calls whom.
    pub calls: Vec<CallLine>,
    /// What else was seen: changes, Events, states, log templates.
    pub evidence: Vec<Evidence>,
    /// What documents that users gave the memory say of incidents like it.
    #[serde(default)]
    pub documents: Vec<DocumentLine>,
}

/// A part of a document. Its text is a user's: data, never an instruction.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DocumentLine {
    /// Where it is from, as the user calls it.
    pub origin: String,
    /// What it says.
    pub text: String,
    /// How near it is to what the incident looks like, 0..=1: what is worth least is left out first.
    pub weight: f64,
}

/// Something that is off.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SymptomLine {
    /// What, as `oom_killed`.
    pub kind: SmolStr,
    /// Where, as `Kind/namespace/name`.
    pub object: SmolStr,
    /// 0..=1; 1 pages.
    pub severity: f64,
    /// Seconds ago that it began.
    pub ago: u32,
    /// The figures that say so.
    pub figures: String,
}

/// An object that an answer may name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KnownObject {
    /// As `Kind/namespace/name`.
    pub object: SmolStr,
    /// How it stands, in words.
    pub state: String,
    /// What it is worth to know of it, 0..=1: what is worth least is left out first.
    pub weight: f64,
}

/// A call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallLine {
    /// The caller.
    pub from: SmolStr,
    /// The called Service.
    pub to: SmolStr,
}

/// Where a piece of evidence comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The record of changes.
    Change,
    /// A Kubernetes Event.
    Event,
    /// A log template.
    Log,
}

/// A piece of evidence. Its text comes from the cluster: data, never an instruction.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// Where it comes from.
    pub source: Source,
    /// Of which object.
    pub object: SmolStr,
    /// Seconds ago.
    pub ago: u32,
    /// What was written.
    pub text: String,
    /// Position in the record of changes, for a change.
    pub number: Option<u32>,
    /// What it is worth, 0..=1: what is worth least is left out first.
    pub weight: f64,
}

/// A fault of an object, with what is thought of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CauseLine {
    /// Id in the catalogue.
    pub fault: SmolStr,
    /// As `Kind/namespace/name`.
    pub object: SmolStr,
    /// 0..=1; `None` where it is not weighed.
    pub confidence: Option<f64>,
}

/// A row of the catalogue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FaultLine {
    /// Its id.
    pub id: SmolStr,
    /// What it is.
    pub summary: SmolStr,
    /// Share of its signs that are seen, 0..=1: what shows least is left out first.
    pub weight: f64,
}

/// Asked for causes.
#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize)]
pub struct DiagnosisContext {
    /// What is seen.
    pub scene: Scene,
    /// The catalogue.
    pub faults: Vec<FaultLine>,
    /// Causes that this incident has refuted.
    pub refuted: Vec<CauseLine>,
}

/// Asked for plans.
#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlanningContext {
    /// What is seen.
    pub scene: Scene,
    /// The leading causes, most likely first.
    pub causes: Vec<CauseLine>,
    /// Plans that were tried and are not brought up again, in words.
    pub tried: Vec<String>,
}

/// Asked for objections.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CriticContext {
    /// What is seen.
    pub scene: Scene,
    /// What the critic looks at.
    pub brief: Brief,
    /// The leading causes, most likely first.
    pub causes: Vec<CauseLine>,
    /// The plans on the table, the leading one first.
    pub plans: Vec<PlanLine>,
}

/// What a critic looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Brief {
    /// How much a plan touches, and what cannot be taken back.
    Safety,
    /// Whether there is room for it.
    Capacity,
    /// What it costs.
    Cost,
    /// What else would explain the symptoms.
    Diagnosis,
    /// What would hurt it most.
    Adversary,
}

/// A plan in words.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlanLine {
    /// Its id.
    pub id: SmolStr,
    /// In one line.
    pub summary: String,
    /// Mean stability in simulated futures, 0..=1; `None` before it was played.
    pub stability: Option<f64>,
    /// Propagation risk, 0..=1.
    pub risk: f64,
}

/// Asked for words on what was learnt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReflectionContext {
    /// The cause that was acted on.
    pub cause: CauseLine,
    /// The plan, in one line.
    pub plan: String,
    /// What was found of the cause.
    pub finding: Finding,
    /// The figures that decided.
    pub why: String,
    /// Observed loss of each 15 s after the plan began, 0..=1.
    pub losses: Vec<f64>,
}

/// What a model answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "role", rename_all = "snake_case")]
pub enum Answer {
    /// Causes.
    Diagnosis(DiagnosisAnswer),
    /// Plans.
    Planning(PlanningAnswer),
    /// Objections.
    Critic(CriticAnswer),
    /// Words.
    Reflection(ReflectionAnswer),
}

/// Possible causes of the incident, most likely first.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct DiagnosisAnswer {
    /// At most five causes.
    #[cfg_attr(feature = "schema", schemars(length(max = 5)))]
    pub causes: Vec<ProposedCause>,
}

/// A possible cause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ProposedCause {
    /// Id of a fault in the catalogue.
    pub fault: String,
    /// The object at fault, as it is written in the list of objects.
    pub object: String,
    /// The evidence for it, in one sentence.
    #[cfg_attr(feature = "schema", schemars(length(max = 300)))]
    pub why: String,
}

/// Plans that could end the incident, best first.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PlanningAnswer {
    /// At most three plans.
    #[cfg_attr(feature = "schema", schemars(length(max = 3)))]
    pub plans: Vec<ProposedPlan>,
}

/// A plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ProposedPlan {
    /// One to five steps, in order.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 5)))]
    pub steps: Vec<ProposedAction>,
    /// What it is to achieve, in one sentence.
    #[cfg_attr(feature = "schema", schemars(length(max = 300)))]
    pub why: String,
}

/// One step. Its arguments are existing objects and numbers: no text of a model ever reaches the cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
#[serde(tag = "action", rename_all = "snake_case", deny_unknown_fields)]
pub enum ProposedAction {
    /// kubectl scale
    Scale {
        /// A workload.
        object: String,
        /// Wanted pods.
        #[cfg_attr(feature = "schema", schemars(range(max = 500)))]
        replicas: u32,
    },
    /// kubectl rollout restart
    RestartRollout {
        /// A workload.
        object: String,
    },
    /// kubectl rollout undo
    RollBack {
        /// A workload.
        object: String,
    },
    /// kubectl rollout pause
    PauseRollout {
        /// A Deployment.
        object: String,
    },
    /// kubectl set resources: memory request and limit of every container
    SetMemory {
        /// A workload.
        object: String,
        /// MiB per container.
        #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 1_048_576)))]
        mebibytes: u32,
    },
    /// kubectl set resources: CPU request and limit of every container
    SetCpu {
        /// A workload.
        object: String,
        /// Thousandths of a core per container.
        #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 256_000)))]
        millicores: u32,
    },
    /// kubectl cordon
    Cordon {
        /// A Node.
        object: String,
    },
    /// kubectl uncordon
    Uncordon {
        /// A Node.
        object: String,
    },
    /// takes an entry of the record of changes back
    RevertChange {
        /// Number of a change that is listed as evidence.
        change: u32,
    },
    /// bounds the requests that each pod works on at once
    LimitConcurrency {
        /// A workload.
        object: String,
        /// Requests.
        #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 100_000)))]
        requests: u32,
    },
    /// turns a share of the users' requests away at an entry
    ShedTraffic {
        /// A Service.
        object: String,
        /// Per cent.
        #[cfg_attr(feature = "schema", schemars(range(max = 100)))]
        percent: u32,
    },
    /// does nothing for a while
    Wait {
        /// Seconds.
        #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 600)))]
        seconds: u32,
    },
}

/// Objections to the leading plan.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CriticAnswer {
    /// At most five objections; none where the plan stands.
    #[cfg_attr(feature = "schema", schemars(length(max = 5)))]
    pub objections: Vec<ProposedObjection>,
}

/// An objection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ProposedObjection {
    /// Id of a plan on the table.
    pub plan: String,
    /// The object that would suffer, as it is written in the list of objects.
    pub object: String,
    /// What would go wrong, in one sentence.
    #[cfg_attr(feature = "schema", schemars(length(max = 300)))]
    pub concern: String,
}

/// A reflection in words.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ReflectionAnswer {
    /// What happened and what is to be remembered, in at most three sentences.
    #[cfg_attr(feature = "schema", schemars(length(max = 600)))]
    pub words: String,
}

/// What came of a question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// An answer of the right shape.
    Answered(Box<Answer>),
    /// None: the engine goes on alone.
    Silent(Silence),
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Silence {
    /// What kind of failure.
    pub kind: SilenceKind,
    /// In words.
    pub why: String,
}

/// Kinds of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SilenceKind {
    /// No model is there.
    NoModel,
    /// The server cannot be reached, or broke off.
    Unreachable,
    /// It took too long.
    TimedOut,
    /// The server refused, again and again.
    Refused,
    /// What came had not the shape that was asked for, twice.
    Malformed,
    /// Tokens, time or calls of the run are used up.
    OutOfBudget,
    /// The record of another run does not hold this question.
    Unrecorded,
}

/// What became of an answer, or why there was none: as the run tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Advice {
    /// What was asked for.
    pub role: AskRole,
    /// Why there was no answer; the engine went on alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub silence: Option<Silence>,
    /// What was taken up, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub taken: Vec<String>,
    /// What was dropped.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dropped: Vec<Dropped>,
}

/// Part of an answer that was not taken up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dropped {
    /// What it said.
    pub what: String,
    /// Why it is not taken up.
    pub why: String,
}
