//! Possible causes: from the catalogue by place, and from the changes that were seen.

use super::echo;
use super::over::is_over;
use crate::case::Case;
use crate::seen::SeenChange;
use crate::words::Heard;
use aegis_faults::alike::is_laid_alike;
use aegis_faults::{Breadth, Candidacy, Fault, Harms, Lasting, Spread, TargetKind, betrayal};
use aegis_model::objects::{ConditionStatus, Workload};
use aegis_model::overlay::Held;
use aegis_model::{
    FieldChange, FieldPath, Hypothesis, Mechanism, NodeId, ObjectChange, Objects, Observation,
    Recalled, ServiceId, Subject, SymptomKind, Target, TemplateId, Tick, WorkloadId,
};
use smol_str::SmolStr;
use std::sync::Arc;

/// How a candidate explains the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// A hidden mechanism, laid over the twin.
    Hidden,
    /// A change that was seen, by position among the case's changes.
    Change(usize),
    /// Load from outside: what arrives was observed, so nothing is laid.
    Load(ServiceId),
}

/// A possible cause.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// Its row in the catalogue; `None` for a change that no row names.
    pub fault: Option<&'static Fault>,
    /// The object at fault.
    pub target: Target,
    /// What its mechanisms act on.
    pub subject: Subject,
    /// What they act on as well: the other nodes of a zone.
    pub beside: Vec<Subject>,
    /// How it explains the window.
    pub cause: Cause,
    /// The revision at fault, for a defect of what was rolled out.
    pub template: Option<TemplateId>,
    /// What was written, for a fault that lasts as long as it stands.
    pub held: Option<Arc<Held>>,
    /// The field that betrays it.
    pub field: Option<FieldPath>,
    /// Who makes the change again and again.
    pub actor: Option<SmolStr>,
    /// When it must have begun, where that is known.
    pub since: Option<Tick>,
    /// Weight before looking, not normalised.
    pub prior: f64,
    /// Nats by which what the cluster says speaks for it.
    pub words: f64,
    /// Nats by which what is off speaks for it, by the sign matrix.
    pub signs: f64,
}

impl Candidate {
    /// Id of the fault, or `misconfiguration`.
    #[must_use]
    pub fn id(&self) -> &'static str {
        self.fault
            .map_or(aegis_faults::MISCONFIGURATION, |fault| fault.id)
    }

    /// Whether another candidate says the same: the same fault of the same object by the same cause.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        (self.id(), self.target, self.cause) == (other.id(), other.target, other.cause)
    }

    /// Whether a hypothesis says the same.
    #[must_use]
    pub fn is_of(&self, hypothesis: &Hypothesis) -> bool {
        self.id() == hypothesis.fault && self.target == hypothesis.target
    }

    /// Whether mechanisms are laid for it.
    #[must_use]
    pub fn is_laid(&self) -> bool {
        !matches!(self.cause, Cause::Load(_))
            && self.fault.is_some_and(|fault| !fault.parts.is_empty())
    }
}

/// How much likelier a fault is once a change that would bring it was seen.
const SEEN: f64 = 20.0;
/// Seconds over which a change loses most of its suspicion.
const FADES: f64 = 300.0;
/// Nats that a row loses for a field that was written together with its own and that it does not account for: that the two
/// came in one breath is then chance.
const STRAY: f64 = 1.0;
/// Such fields that count at most.
const MOST_STRAY: usize = 2;
/// Weight of a change that no row of the catalogue names, per cluster-month.
const UNNAMED: f64 = 0.01;
/// A change this long after the onset did not cause it: onsets are seen by scrapes.
const AFTER_ONSET: u32 = 30;

/// What names causes beside the catalogue and the record of changes.
#[derive(Debug, Default, Clone, Copy)]
pub struct Sources<'a> {
    /// Causes that a language model named.
    pub advised: &'a [Named],
    /// What is remembered of incidents like this.
    pub recalled: Option<&'a Recalled>,
    /// A hypothesis whose plan failed: it cannot be refuted unheard, though that plan may have ended it.
    pub on_trial: Option<&'a Hypothesis>,
}

/// A fault of an object, as someone else names it.
pub type Named = (SmolStr, Target);

/// All candidates of a case but those that were refuted.
#[must_use]
pub fn candidates(
    case: &Case,
    refuted: &[(SmolStr, Target)],
    sources: &Sources<'_>,
) -> Vec<Candidate> {
    let mut all = from_changes(case);
    all.extend(from_catalogue(case, refuted));
    let tried = sources.on_trial.filter(|tried| tried.change.is_none());
    let tried = tried.map(|tried| (tried.fault.clone(), tried.target));
    for named in [sources.advised, tried.as_slice()] {
        let more = from_others(case, named, &all);
        all.extend(more);
    }
    all.retain(|candidate| {
        !refuted
            .iter()
            .any(|(id, target)| id == candidate.id() && *target == candidate.target)
    });
    if let Some(recalled) = sources.recalled {
        echo::believe(&mut all, &case.topology, recalled);
    }
    all
}

fn from_changes(case: &Case) -> Vec<Candidate> {
    let suspect = |(position, change): (usize, &SeenChange)| {
        if change.at > case.onset[2].after(AFTER_ONSET)
            || change.actor.as_deref() == Some(aegis_sim::conduct::ACTOR)
        {
            return Vec::new();
        }
        of_change(case, position, change)
    };
    case.changes.iter().enumerate().flat_map(suspect).collect()
}

fn of_change(case: &Case, position: usize, change: &SeenChange) -> Vec<Candidate> {
    let Some(latest) = case.history.latest() else {
        return Vec::new();
    };
    let Some(object) = betrayal::object(&change.change) else {
        return Vec::new();
    };
    let target = crate::resolve(&latest.objects, &object);
    let subject = changed(&latest.objects, &change.change, target);
    let held = betrayal::held(&change.change).map(Arc::new);
    let age = f64::from(case.onset[1].elapsed(change.at));
    let fresh = SEEN * libm::exp(-age / FADES);
    let make = |fault: Option<&'static Fault>, field: Option<FieldPath>, weight: f64| Candidate {
        fault,
        target,
        subject,
        beside: Vec::new(),
        cause: Cause::Change(position),
        template: template(case, target),
        held: held.clone(),
        field: field.filter(|path| !path.0.is_empty()),
        actor: reapplied(case, change),
        since: Some(change.at),
        prior: weight * fresh,
        words: spoken(case, fault, target),
        signs: 0.0,
    };
    let suspects = betrayal::suspects(&change.change);
    if suspects.is_empty() {
        return unnamed(&change.change)
            .map(|field| make(None, Some(field), UNNAMED))
            .into_iter()
            .collect();
    }
    let beside = written_beside(case, position);
    let named = |(fault, fields): (&'static Fault, Vec<FieldPath>)| {
        let stray = beside
            .iter()
            .filter(|field| !fault.accounts_for(&object, field));
        let chance = libm::exp(-STRAY * stray.count().min(MOST_STRAY) as f64);
        make(
            Some(fault),
            fields.into_iter().next(),
            chance * fault.frequency.per_cluster_month,
        )
    };
    suspects.into_iter().map(named).collect()
}

/// The fields of an object that its actor wrote together with a change, those of the change left out.
fn written_beside(case: &Case, position: usize) -> Vec<FieldChange> {
    let own = &case.changes[position];
    let ObjectChange::Update { object, .. } = &*own.change else {
        return Vec::new();
    };
    let others = case.changes.iter().enumerate();
    let together = others.filter(|(other, change)| *other != position && change.is_with(own));
    let written = together.filter_map(|(_, change)| match &*change.change {
        ObjectChange::Update {
            object: other,
            fields,
        } if other == object => Some(fields),
        _ => None,
    });
    let all = written.flatten();
    all.filter(|field| !field.path.to_string().starts_with("metadata"))
        .cloned()
        .collect()
}

/// Who made a change, where the same actor has written the same field before or since.
fn reapplied(case: &Case, change: &SeenChange) -> Option<SmolStr> {
    let same = |other: &&SeenChange| {
        other.actor == change.actor && writes_alike(&other.change, &change.change)
    };
    let times = case.changes.iter().filter(same).count();
    change.actor.clone().filter(|_| times > 1)
}

/// Whether two updates write a field of one object in common.
fn writes_alike(a: &ObjectChange, b: &ObjectChange) -> bool {
    let (
        ObjectChange::Update { object, fields },
        ObjectChange::Update {
            object: other,
            fields: others,
        },
    ) = (a, b)
    else {
        return false;
    };
    let written = |field: &FieldChange| others.iter().any(|other| other.path == field.path);
    object == other && fields.iter().any(written)
}

/// The first field of a change that can matter: labels and annotations of the object itself do not. Of an object
/// that is gone, none: it matters whole.
fn unnamed(change: &ObjectChange) -> Option<FieldPath> {
    let fields = match change {
        ObjectChange::Update { fields, .. } => fields,
        ObjectChange::Delete { .. } => return Some(FieldPath::default()),
        ObjectChange::Create { .. } | ObjectChange::Exec { .. } => return None,
    };
    fields
        .iter()
        .map(|field| &field.path)
        .find(|path| !path.to_string().starts_with("metadata"))
        .cloned()
}

/// What the mechanisms of a fault of an object act on.
pub(crate) fn subject(target: Target) -> Subject {
    match target {
        Target::Workload(id) => Subject::Workload(id),
        Target::Service(id) => Subject::Service(id),
        Target::Node(id) => Subject::Node(id),
        Target::Policy(_) | Target::Plain(_) | Target::Cluster => Subject::Cluster,
    }
}

/// What the mechanisms of a change act on: its object; of one that others refer to, the workload that it selects, or
/// the first whose pods name it.
fn changed(objects: &Objects, change: &ObjectChange, target: Target) -> Subject {
    let own = subject(target);
    let (Subject::Cluster, Some(object)) = (own, betrayal::object(change)) else {
        return own;
    };
    let header = match target {
        Target::Plain(id) => objects.plain.get(id.index()).map(|row| &row.header),
        _ => None,
    };
    let selector =
        header.and_then(|header| header.doc["spec"]["selector"]["matchLabels"].as_object());
    let named = serde_json::json!(object.name).to_string();
    let meant = |row: &Workload| {
        let template = row.spec.template();
        match selector {
            Some(labels) => labels.iter().all(|(key, value)| {
                template
                    .metadata
                    .labels
                    .get(key.as_str())
                    .map(SmolStr::as_str)
                    == value.as_str()
            }),
            None => row.header.doc["spec"].to_string().contains(&named),
        }
    };
    let near =
        |row: &Workload| row.header.exists() && row.header.reference.namespace == object.namespace;
    let mut rows = objects.workloads.enumerate();
    let found = rows.find(|(_, row)| near(row) && meant(row));
    found.map_or(own, |(index, _)| Subject::Workload(WorkloadId::from(index)))
}

/// The revision at fault: the one before the engine itself touched the workload, after the onset; else
/// the present one.
fn template(case: &Case, target: Target) -> Option<TemplateId> {
    let Target::Workload(id) = target else {
        return None;
    };
    let row = |seen: &Observation| {
        seen.objects
            .workloads
            .get(id.index())
            .map(|row| row.template)
    };
    let latest = case.history.latest()?;
    let own = |change: &&SeenChange| {
        let object = betrayal::object(&change.change);
        change.actor.as_deref() == Some(aegis_sim::conduct::ACTOR)
            && change.at >= case.onset[0]
            && object.is_some_and(|object| crate::resolve(&latest.objects, &object) == target)
    };
    let touched = case
        .changes
        .iter()
        .filter(own)
        .map(|change| change.at)
        .min();
    let before = touched.and_then(|at| case.history.at_or_before(Tick(at.0.saturating_sub(1))));
    before.and_then(|seen| row(seen)).or_else(|| row(latest))
}

/// Hidden faults of the catalogue, at every place near the symptoms where they can sit.
fn from_catalogue(case: &Case, refuted: &[(SmolStr, Target)]) -> Vec<Candidate> {
    let Some(latest) = case.history.latest() else {
        return Vec::new();
    };
    let objects = &latest.objects;
    let workloads: Vec<WorkloadId> = near(case);
    let mut all = Vec::new();
    for fault in aegis_faults::all().filter(|fault| can_be_hidden(fault)) {
        let mut places = places(case, objects, fault, &workloads);
        places.retain(|target| !is_over(case, fault, *target));
        // A zone of one node is that node: a row that lays the same on a node says as much, while it can be that.
        let has_narrow = |target| {
            let mut all = aegis_faults::all();
            all.any(|other| is_narrow(other, fault) && !is_over(case, other, target))
        };
        places.retain(|target| !beside(case, fault, *target).is_empty() || !has_narrow(*target));
        places.retain(|target| is_thought_of(case, fault, *target, refuted));
        let share = fault.frequency.per_cluster_month / places.len().max(1) as f64;
        all.extend(
            places
                .into_iter()
                .map(|target| hidden_at(case, fault, target, share)),
        );
    }
    all
}

/// Causes that others name and that were not thought of: with the prior that the catalogue gives
/// the fault at one place more. What cannot be laid explains no window and is none.
fn from_others(case: &Case, named: &[Named], known: &[Candidate]) -> Vec<Candidate> {
    let mut fresh: Vec<Candidate> = Vec::new();
    for (id, target) in named {
        let is_it = |candidate: &Candidate| candidate.id() == *id && candidate.target == *target;
        if known.iter().chain(&fresh).any(is_it) {
            continue;
        }
        let places = known
            .iter()
            .filter(|candidate| candidate.id() == *id)
            .count();
        let fault = aegis_faults::by_id(id).filter(|fault| sits_on(fault, *target));
        fresh.extend(fault.map(|fault| {
            let share = fault.frequency.per_cluster_month / (places + 1) as f64;
            hidden_at(case, fault, *target, share)
        }));
    }
    fresh
}

/// Whether a fault is made of mechanisms that can be laid on such an object.
fn sits_on(fault: &Fault, target: Target) -> bool {
    let kind = match target {
        Target::Workload(_) => TargetKind::Workload,
        Target::Service(_) => TargetKind::Service,
        Target::Node(_) => TargetKind::Node,
        Target::Policy(_) | Target::Plain(_) | Target::Cluster => return false,
    };
    fault.acts_on(kind) && !fault.parts.is_empty() && fault.steps.is_empty()
}

/// Whether a fault can be there without any object showing it, and hurt users, if only by what it leads to: a case
/// is opened where some are.
fn can_be_hidden(fault: &Fault) -> bool {
    let harmless = fault.harms == Harms::Nobody && fault.spreads == Spread::Stays;
    let rare = fault.candidacy == Candidacy::ByChange
        && !harmless
        && fault.steps.is_empty()
        && !fault.parts.is_empty();
    fault.comes_unseen() || rare
}

/// Whether a hidden fault is thought of at an object: by its signs; else where all its words are heard that somebody
/// there could say; where there are none, unless a commoner row lays the same there. Once that one is refuted (new
/// pods did not end it), what lasts longer is left. What by itself hurts nobody must be heard.
fn is_thought_of(
    case: &Case,
    fault: &'static Fault,
    target: Target,
    refuted: &[(SmolStr, Target)],
) -> bool {
    let stands = |other: &Fault| {
        !refuted
            .iter()
            .any(|(id, at)| id == other.id && *at == target)
            && !is_over(case, other, target)
    };
    let Some(latest) = case.history.latest() else {
        return false;
    };
    let heard = case
        .words
        .name(fault, target, &case.topology, &latest.objects);
    // A row of one size is not the same as one of any: that nothing passes is seldom tried where a share is lost.
    let is_free = |row: &Fault| !row.parameters.is_empty();
    let mut common = aegis_faults::all().filter(|other| {
        other.comes_unseen() && is_laid_alike(fault, other) && is_free(fault) == is_free(other)
    });
    let mut quiet = || fault.harms != Harms::Nobody && !common.any(stands);
    match heard {
        _ if fault.comes_unseen() => true,
        Heard::Whole => true,
        Heard::Missing => false,
        Heard::Nothing => quiet(),
    }
}

/// Whether a row lays on a node what the other lays on each node of a zone, at the same size.
fn is_narrow(row: &Fault, wide: &Fault) -> bool {
    let laid = |fault: &Fault| -> Vec<Mechanism> {
        let sizes = fault.defaults();
        let parts = fault.parts.iter();
        parts.map(|part| (part.mechanism)(&sizes)).collect()
    };
    (row.breadth, wide.breadth) == (Breadth::Target, Breadth::Zone)
        && can_be_hidden(row)
        && laid(row) == laid(wide)
}

/// What a fault that takes in a zone acts on beside its node.
fn beside(case: &Case, fault: &Fault, target: Target) -> Vec<Subject> {
    let (Breadth::Zone, Target::Node(node), Some(latest)) =
        (fault.breadth, target, case.history.latest())
    else {
        return Vec::new();
    };
    let others = latest.objects.zone_of(node).into_iter();
    others
        .filter(|other| *other != node)
        .map(Subject::Node)
        .collect()
}

fn hidden_at(case: &Case, fault: &'static Fault, target: Target, prior: f64) -> Candidate {
    let cause = match target {
        Target::Service(service) if is_load(fault) => Cause::Load(service),
        _ => Cause::Hidden,
    };
    Candidate {
        fault: Some(fault),
        target,
        subject: subject(target),
        beside: beside(case, fault, target),
        cause,
        template: template(case, target),
        held: None,
        field: None,
        actor: None,
        since: None,
        prior,
        words: spoken(case, Some(fault), target),
        signs: 0.0,
    }
}

/// Nats by which what the cluster says speaks for a fault; one without a name accounts for nothing of it.
fn spoken(case: &Case, fault: Option<&Fault>, target: Target) -> f64 {
    let objects = case.history.latest().map(|latest| &latest.objects);
    match (fault, objects) {
        (Some(fault), Some(objects)) => {
            case.words.speak_for(fault, target, &case.topology, objects)
        }
        _ => -case.words.unexplained(),
    }
}

/// Workloads whose series are compared.
fn near(case: &Case) -> Vec<WorkloadId> {
    let mut all: Vec<WorkloadId> = case
        .window
        .set
        .keys
        .iter()
        .filter_map(|key| match key.subject {
            Target::Workload(id) => Some(id),
            _ => None,
        })
        .collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// Whether a fault is more load from outside.
fn is_load(fault: &Fault) -> bool {
    lays(fault, |mechanism| {
        matches!(mechanism, Mechanism::LoadFactor(_))
    })
}

/// Whether a fault lays, at its default sizes, a mechanism that is so.
pub(super) fn lays(fault: &Fault, is_so: impl Fn(Mechanism) -> bool) -> bool {
    let sizes = fault.defaults();
    let mut parts = fault.parts.iter();
    parts.any(|part| is_so((part.mechanism)(&sizes)))
}

/// Whether more arrives at an entry than before: half of the way to the least size of the fault. What goes by itself
/// may have gone since; what lasts is there now.
fn has_grown(case: &Case, fault: &Fault, service: ServiceId) -> bool {
    const RECENT: u32 = 30;
    let least = fault.parameters.first().map_or(1.0, |factor| factor.low);
    let mean = |from: Tick, until: Tick| case.load.mean(service, from, until);
    let mut parts = fault.parts.iter();
    let passes = parts.any(|part| matches!(part.lasting, Lasting::Parameter(_)));
    let begun = |until: Tick| Tick(until.0.saturating_sub(RECENT)).max(case.onset[0]);
    let looks: Vec<Tick> = if passes {
        let seen = case.history.between(case.onset[0], case.now);
        seen.iter().map(|seen| seen.at).collect()
    } else {
        vec![case.now]
    };
    let most = looks.into_iter().filter_map(|at| mean(begun(at), at));
    match (mean(Tick(0), case.onset[0]), most.reduce(f64::max)) {
        (Some(before), Some(now)) => now >= before * 0.5 * (1.0 + least),
        _ => true,
    }
}

/// Where a hidden fault can sit: at workloads near the symptoms and the Services before them, on nodes that run
/// some of them, in the cluster. Load comes at entries alone.
fn places(case: &Case, objects: &Objects, fault: &Fault, workloads: &[WorkloadId]) -> Vec<Target> {
    if is_load(fault) {
        let entries = case.objectives.iter();
        return entries
            .map(|(objective, _)| objective.service)
            .filter(|service| has_grown(case, fault, *service))
            .map(Target::Service)
            .collect();
    }
    let is_near = |target: &Target| match *target {
        Target::Workload(id) => workloads.contains(&id),
        Target::Service(_) => {
            let behind = case.topology.concerned(objects, *target);
            behind.iter().any(|id| workloads.contains(id))
        }
        Target::Node(node) if shows_on_node(fault) => odd_node(objects, node.index()),
        Target::Node(_) => {
            let here = case.topology.concerned(objects, *target);
            here.iter().any(|id| workloads.contains(id))
        }
        Target::Policy(_) | Target::Plain(_) | Target::Cluster => true,
    };
    let mut places = aegis_faults::applicable(fault, objects);
    places.retain(is_near);
    if shows_on_node(fault) && fault.acts_on(TargetKind::Node) {
        places.extend(gone(case, objects));
    }
    places
}

/// Nodes that are gone since the onset: one that was replaced in vain was at fault all the same.
fn gone(case: &Case, objects: &Objects) -> Vec<Target> {
    let Some(then) = case.history.at_or_before(case.onset[0]) else {
        return Vec::new();
    };
    let nodes = then.objects.nodes.enumerate();
    let gone = nodes.filter(|(index, node)| {
        let now = objects.nodes.get(*index);
        node.header.exists() && now.is_some_and(|now| !now.header.exists())
    });
    gone.map(|(index, _)| Target::Node(NodeId::from(index)))
        .collect()
}

/// Whether the node itself betrays a fault of a node.
fn shows_on_node(fault: &Fault) -> bool {
    let mut signs = fault.signs.iter();
    fault.is_visible() || signs.any(|sign| sign.kind == SymptomKind::NodeNotReady)
}

/// A node that is cordoned or not ready: another cannot be at fault unseen.
fn odd_node(objects: &Objects, index: usize) -> bool {
    let node = &objects.nodes[index];
    node.header.exists()
        && (node.spec.unschedulable || node.condition("Ready") != ConditionStatus::True)
}
