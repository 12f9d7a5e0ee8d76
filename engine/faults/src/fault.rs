//! What a row of the catalogue holds.

use crate::betrayal::Betrayal;
use crate::parameter::Parameter;
use crate::step::Step;
use aegis_model::ailment::Ailment;
use aegis_model::{Mechanism, Procedure, SymptomKind};

/// A fault.
#[derive(Debug, Clone, Copy)]
pub struct Fault {
    /// Stable id.
    pub id: &'static str,
    /// Where in the catalogue it stands.
    pub section: Section,
    /// What it takes to simulate it.
    pub expressed: Expressed,
    /// In one sentence.
    pub summary: &'static str,
    /// What it acts on.
    pub targets: &'static [TargetKind],
    /// Which of those it can act on.
    pub needs: Needs,
    /// Its sizes, in the order in which they are passed on.
    pub parameters: &'static [Parameter],
    /// What is laid over the cluster, unseen.
    pub parts: &'static [Part],
    /// Over how much.
    pub breadth: Breadth,
    /// What an application must have first that few have (a claim, an autoscaler, a quota): how a
    /// scenario gives it.
    pub stage: &'static [Step],
    /// The changes of objects by which it comes, in order; none for what comes unseen.
    pub steps: &'static [Step],
    /// Changes of objects that betray it; empty for a fault that no object shows.
    pub betrayed_by_change: &'static [Betrayal],
    /// What is observed, most telling first.
    pub signs: &'static [Sign],
    /// Words of the cluster itself that betray it: all of them appear.
    pub shows: &'static [Show],
    /// Whom it hurts.
    pub harms: Harms,
    /// Whether it is thought of where nothing but its signs speaks for it.
    pub candidacy: Candidacy,
    /// Whom else it hurts.
    pub spreads: Spread,
    /// What helps, best first.
    pub remedies: &'static [Remedy],
    /// Seconds from its onset to its first sign, at its default size.
    pub delay: u32,
    /// How often it happens.
    pub frequency: Frequency,
    /// Public benchmarks and tools that have it.
    pub source: &'static str,
}

/// Sections of the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Section {
    /// What wears out, bursts or goes by itself.
    Plain,
    /// Configuration of workloads, Services, references.
    Workload,
    /// Scheduling, resources, admission.
    Scheduling,
    /// Volumes and claims.
    Storage,
    /// State of applications and of what they depend on.
    Application,
    /// Network, names, mesh.
    Network,
    /// Nodes, control plane, operators, hardware.
    ControlPlane,
    /// Metastable, correlated, several at once.
    Correlated,
}

/// What it takes to simulate a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Expressed {
    /// Objects and queues alone.
    Objects,
    /// A small state model of a component beside.
    State,
    /// Kernel or bytes: its effect is simulated, and how it comes about is not.
    Effect,
}

/// Which targets of its kinds a fault can act on, beside what its steps find there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// Any.
    Nothing,
    /// What keeps data: a database, a cache with a disk.
    Store,
    /// A cache.
    Cache,
    /// What keeps messages.
    Broker,
    /// What some Service selects.
    Served,
    /// What users reach.
    Entry,
}

/// Whom a fault hurts while nobody acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Harms {
    /// Users.
    Users,
    /// Nobody, until the next pod is made.
    NextPod,
    /// Nobody: what is hurt is a job, an operator, or what one knows of the cluster.
    Nobody,
}

/// Whether the engine thinks of a fault where nothing but its signs speaks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Candidacy {
    /// It does.
    BySigns,
    /// Only where a change betrays it.
    ByChange,
    /// Only where the dump of a cluster betrays it: of the changes that bring it, another row already speaks.
    InDumps,
}

/// Words of the cluster that betray a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Show {
    /// An Event of this reason whose message holds these words.
    Event(&'static str, &'static str),
    /// A container that waits for this reason.
    Waiting(&'static str),
    /// A container that ended for this reason.
    Ended(&'static str),
    /// A condition of this type, whatever the object, with this status.
    Condition(&'static str, &'static str),
    /// A log line that holds these words.
    Log(&'static str),
    /// A record of the actor that comes back, more than once.
    Again(&'static str),
    /// A claim that stays unbound.
    ClaimPending,
    /// An object of this kind that is to go and stays.
    Terminating(&'static str),
    /// Jobs that are active, at least so many.
    ActiveJobs(u32),
    /// A pod in this phase.
    Phase(&'static str),
    /// Metrics of the subject are missing, and users are served.
    Dark,
}

/// What a fault acts on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TargetKind {
    /// A workload.
    Workload,
    /// A Service.
    Service,
    /// A node.
    Node,
    /// A ConfigMap or Secret.
    Plain,
    /// The whole cluster.
    Cluster,
}

/// How much around its target a fault takes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Breadth {
    /// The target alone.
    Target,
    /// Every node of the target's zone.
    Zone,
}

/// One mechanism of a fault.
#[derive(Debug, Clone, Copy)]
pub struct Part {
    /// The mechanism at given sizes (all of the fault's, in order).
    pub mechanism: fn(&[f64]) -> Mechanism,
    /// What ends it.
    pub lasting: Lasting,
}

/// What ends a mechanism of a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lasting {
    /// Whoever laid it.
    Time,
    /// Another revision: it is a defect of what was rolled out.
    Revision,
    /// A new pod: it is in the state of a process.
    Pod,
    /// Another value of the field that was changed: it lasts as long as what was written stands.
    Change,
    /// So many seconds, given by the parameter at this position: a trigger that goes by itself.
    Parameter(usize),
}

/// Something that is observed when the fault is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sign {
    /// What.
    pub kind: SymptomKind,
    /// Which way.
    pub direction: Direction,
    /// Where.
    pub on: On,
}

/// Which way a series goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Up, or from absent to present.
    Rises,
    /// Down.
    Falls,
}

/// Where a sign shows, seen from the fault's subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum On {
    /// The subject; for a node its pods' workloads.
    Subject,
    /// Whoever calls it.
    Callers,
    /// Whom it calls.
    Callees,
    /// Nodes: the subject, or those under it.
    Node,
    /// The entries.
    Entry,
    /// The Services in front of it.
    Services,
}

/// Whom else a fault hurts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spread {
    /// Nobody.
    Stays,
    /// Callers, who wait for it or fail with it.
    ToCallers,
    /// Callees, who get more than they can serve.
    ToCallees,
    /// Whoever shares the node.
    ToNeighbours,
    /// Callers and callees.
    BothWays,
}

/// What helps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Remedy {
    /// How far.
    pub aim: Aim,
    /// What is done.
    pub act: Act,
}

/// How far a remedy goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Aim {
    /// Ends the cause.
    Undo,
    /// Keeps its damage small while it lasts.
    Contain,
    /// Makes room for it.
    Outgrow,
}

/// What a remedy does; the reasoning turns it into actions on the objects at hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Act {
    /// Goes back to the revision before.
    RollBack,
    /// Takes the recorded change back, field by field.
    RevertChange,
    /// Makes new pods of the same revision.
    RestartRollout,
    /// Deletes the pods that are hurt.
    DeletePods,
    /// Raises the memory limit and request.
    RaiseMemoryLimit,
    /// Raises the CPU limit and request.
    RaiseCpuLimit,
    /// Lowers requests to what nodes have.
    LowerRequests,
    /// More replicas.
    ScaleOut,
    /// Replicas as they were.
    RestoreReplicas,
    /// A higher bound for the autoscaler.
    RaiseAutoscalerMax,
    /// Lets pods onto the node again.
    Uncordon,
    /// Keeps new pods off the node.
    Cordon,
    /// Moves pods off the node.
    Drain,
    /// Removes the NetworkPolicy.
    DeletePolicy,
    /// Lets the callers through the NetworkPolicy.
    PatchPolicy,
    /// Sets the probe right, or removes it.
    PatchProbe,
    /// Sets the Service right.
    PatchService,
    /// Sets an image that exists.
    SetImage,
    /// Sets the variable right.
    SetEnv,
    /// Turns a share of requests away at the entry.
    ShedTraffic,
    /// Bounds what each pod works on at once.
    LimitConcurrency,
    /// Fewer retries, or other time-outs, at the callers.
    SetRetries,
    /// A command in a container, at a node or on an add-on.
    Exec(Procedure),
    /// What people do outside of the API server: change a disk, mend a switch, wait for a zone.
    Repair,
    /// Takes the finalizers of an object away.
    ClearFinalizers,
}

/// How often a fault happens.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Frequency {
    /// Per cluster of a dozen services, in a month.
    pub per_cluster_month: f64,
    /// Where that is from.
    pub source: &'static str,
}

impl Fault {
    /// Whether some change of an object betrays it: it has then an entry in the record.
    #[must_use]
    pub const fn is_visible(&self) -> bool {
        !self.betrayed_by_change.is_empty()
    }

    /// Whether the engine thinks of it where nothing but its signs speaks for it.
    #[must_use]
    pub fn comes_unseen(&self) -> bool {
        !self.parts.is_empty() && self.steps.is_empty() && self.candidacy == Candidacy::BySigns
    }

    /// The repair that ends what it lays, where one does.
    #[must_use]
    pub fn repair(&self) -> Option<Procedure> {
        self.remedies.iter().find_map(|remedy| match remedy.act {
            Act::Exec(procedure) if remedy.aim == Aim::Undo => Some(procedure),
            _ => None,
        })
    }

    /// Whether it acts on targets of this kind.
    #[must_use]
    pub fn acts_on(&self, kind: TargetKind) -> bool {
        self.targets.contains(&kind)
    }

    /// The default of each parameter.
    #[must_use]
    pub fn defaults(&self) -> Vec<f64> {
        self.parameters
            .iter()
            .map(|parameter| parameter.default)
            .collect()
    }

    /// The state of a component that it is at given sizes, with its seconds; `None` for a fault that is none.
    #[must_use]
    pub fn ailment(&self, sizes: &[f64]) -> Option<(Ailment, f64)> {
        let of = |part: &Part| match (part.mechanism)(sizes) {
            Mechanism::Ailing(ailment, seconds) => Some((ailment, seconds)),
            _ => None,
        };
        self.parts.iter().find_map(of)
    }
}
