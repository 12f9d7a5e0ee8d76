//! What is seen of an incident, in names, each piece with what it is worth to know.

use super::words::unsteering;
use super::{plain, rounded};
use crate::history::History;
use crate::seen;
use crate::topology::Topology;
use aegis_faults::betrayal;
use aegis_model::ask::{CallLine, DocumentLine, Evidence, KnownObject, Scene, Source, SymptomLine};
use aegis_model::objects::{ConditionStatus, Severity};
use aegis_model::recall::Passage;
use aegis_model::{
    FieldChange, NodeId, ObjectChange, Objects, ServiceId, Symptom, SymptomKind, Target, Tick,
    WorkloadId,
};
use serde_json::Value;
use smol_str::SmolStr;
use std::collections::BTreeMap;

/// Seconds that a question looks back.
const BACK: u32 = 900;
/// Objects that a question names, at most.
const OBJECTS: usize = 80;
/// Pieces of evidence that it holds, at most.
const EVIDENCE: usize = 120;
/// Seconds after which a piece of evidence is worth a third.
const FADES: f64 = 300.0;

/// What an operator sees of an incident.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    /// The observed past; not empty.
    pub history: &'a History,
    /// Who calls whom, where that is known.
    pub topology: Option<&'a Topology>,
    /// What is off.
    pub symptoms: &'a [Symptom],
    /// What documents say of incidents like it, where a memory holds some.
    pub documents: &'a [Passage],
}

static NOTHING: std::sync::LazyLock<Objects> = std::sync::LazyLock::new(Objects::default);

impl<'a> Seen<'a> {
    /// Objects as they were last seen; none before the first look.
    #[must_use]
    pub fn objects(&self) -> &'a Objects {
        let latest = self.history.latest();
        latest.map_or(&NOTHING, |latest| &latest.objects)
    }

    fn now(&self) -> Tick {
        self.history.latest().map_or(Tick(0), |latest| latest.at)
    }

    fn onset(&self) -> Tick {
        let since = self.symptoms.iter().map(|symptom| symptom.since);
        since.min().unwrap_or(self.now())
    }
}

/// The scene of a question.
#[must_use]
pub fn scene(seen: &Seen<'_>) -> Scene {
    let mut evidence = changes(seen);
    evidence.extend(events(seen));
    evidence.extend(logs(seen));
    evidence.sort_by(|a, b| b.weight.total_cmp(&a.weight));
    evidence.truncate(EVIDENCE);
    let objects = objects(seen, &evidence);
    Scene {
        symptoms: symptoms(seen),
        calls: calls(seen, &objects),
        objects,
        evidence,
        documents: seen.documents.iter().map(document).collect(),
    }
}

fn document(passage: &Passage) -> DocumentLine {
    DocumentLine {
        origin: plain(&passage.origin),
        text: unsteering(&passage.body),
        weight: rounded(passage.score.clamp(0.0, 1.0)),
    }
}

fn symptoms(seen: &Seen<'_>) -> Vec<SymptomLine> {
    let line = |symptom: &Symptom| SymptomLine {
        kind: spelt(symptom.kind),
        object: named(seen.objects(), symptom.subject),
        severity: rounded(symptom.severity),
        ago: seen.now().elapsed(symptom.since),
        figures: plain(&symptom.evidence),
    };
    let mut lines: Vec<SymptomLine> = seen.symptoms.iter().map(line).collect();
    lines.sort_by(|a, b| b.severity.total_cmp(&a.severity));
    lines
}

/// A kind as it is written in events.
fn spelt(kind: SymptomKind) -> SmolStr {
    let value = serde_json::to_value(kind).unwrap_or_default();
    value.as_str().unwrap_or_default().into()
}

fn named(objects: &Objects, target: Target) -> SmolStr {
    crate::plan::name(objects, target).into()
}

fn fading(weight: f64, ago: u32) -> f64 {
    rounded(weight * libm::exp(-f64::from(ago) / FADES))
}

fn changes(seen: &Seen<'_>) -> Vec<Evidence> {
    let now = seen.now();
    let from = Tick(now.0.saturating_sub(BACK));
    let all = seen::changes(seen.history, from, now);
    let line = |change: &seen::SeenChange| {
        let object = betrayal::object(&change.change)?;
        let ago = now.elapsed(change.at);
        let actor = change.actor.as_deref().unwrap_or("someone unrecorded");
        Some(Evidence {
            source: Source::Change,
            object: object.to_string().into(),
            ago,
            text: plain(&format!("{} by {actor}", what(&change.change))),
            number: change.record,
            weight: fading(1.0, ago).max(0.1),
        })
    };
    all.iter().filter_map(line).collect()
}

fn what(change: &ObjectChange) -> String {
    let side = |value: &Option<Value>| value.as_ref().map_or("unset".into(), Value::to_string);
    let field = |field: &FieldChange| {
        format!(
            "{}: {} -> {}",
            field.path,
            side(&field.before),
            side(&field.after)
        )
    };
    match change {
        ObjectChange::Create { .. } => "created".into(),
        ObjectChange::Delete { .. } => "deleted".into(),
        ObjectChange::Exec { procedure, .. } => procedure.facts().name.into(),
        ObjectChange::Update { fields, .. } => {
            let fields: Vec<String> = fields.iter().map(field).collect();
            fields.join("; ")
        }
    }
}

fn events(seen: &Seen<'_>) -> Vec<Evidence> {
    let now = seen.now();
    let events = seen.objects().events.iter();
    let recent = events
        .filter(|event| event.severity == Severity::Warning && now.elapsed(event.last) <= BACK);
    let line = |event: &aegis_model::objects::EventRow| {
        let ago = now.elapsed(event.last);
        let text = format!(
            "{} ({} times): {}",
            event.reason, event.count, event.message
        );
        Evidence {
            source: Source::Event,
            object: event.object.to_string().into(),
            ago,
            text: plain(&text),
            number: None,
            weight: fading(0.8, ago),
        }
    };
    recent.map(line).collect()
}

/// Log templates since shortly before the onset; those that were not seen before it are worth most.
fn logs(seen: &Seen<'_>) -> Vec<Evidence> {
    let now = seen.now();
    let from = Tick(now.0.saturating_sub(BACK));
    let mut counts: BTreeMap<(WorkloadId, &SmolStr), (u32, u32, Tick)> = BTreeMap::new();
    for look in seen.history.between(from, now) {
        for log in &look.logs {
            let entry = counts.entry((log.workload, &log.template));
            let (before, after, last) = entry.or_insert((0, 0, look.at));
            let side = if look.at <= seen.onset() {
                before
            } else {
                after
            };
            *side += log.count;
            *last = look.at;
        }
    }
    let line = |((workload, template), (before, after, last)): (_, (u32, u32, Tick))| {
        let template: &SmolStr = template;
        Evidence {
            source: Source::Log,
            object: named(seen.objects(), Target::Workload(workload)),
            ago: now.elapsed(last),
            text: plain(&format!(
                "{template} (lines: {before} before, {after} since)"
            )),
            number: None,
            weight: if before == 0 { 0.7 } else { 0.1 },
        }
    };
    counts
        .into_iter()
        .filter(|(_, (_, after, _))| *after > 0)
        .map(line)
        .collect()
}

/// Objects that an answer may name: those that are off, near them, changed, odd; then others.
fn objects(seen: &Seen<'_>, evidence: &[Evidence]) -> Vec<KnownObject> {
    let objects = seen.objects();
    let mut weights: BTreeMap<Target, f64> = BTreeMap::new();
    let mut raise = |target: Target, weight: f64| {
        let known = weights.entry(target).or_insert(0.0);
        *known = known.max(weight);
    };
    for index in 0..objects.workloads.len() {
        raise(Target::Workload(WorkloadId::from(index)), 0.1);
    }
    for index in 0..objects.services.len() {
        raise(Target::Service(ServiceId::from(index)), 0.05);
    }
    for (index, node) in objects.nodes.enumerate() {
        let odd = node.spec.unschedulable || node.condition("Ready") != ConditionStatus::True;
        raise(
            Target::Node(NodeId::from(index)),
            if odd { 0.8 } else { 0.05 },
        );
    }
    for symptom in seen.symptoms {
        raise(symptom.subject, symptom.severity.max(0.5));
        for near in around(seen, symptom.subject) {
            raise(Target::Workload(near), 0.4);
        }
    }
    for piece in evidence {
        if let Some(target) = super::causes::target(objects, &piece.object) {
            raise(target, piece.weight);
        }
    }
    let mut known: Vec<KnownObject> = weights
        .into_iter()
        .filter_map(|(target, weight)| known(objects, target, weight))
        .collect();
    known.sort_by(|a, b| b.weight.total_cmp(&a.weight));
    known.truncate(OBJECTS);
    known
}

fn around(seen: &Seen<'_>, subject: Target) -> Vec<WorkloadId> {
    let near = |topology: &Topology| {
        let own = topology.concerned(seen.objects(), subject);
        topology.near(&own, 1).into_iter().collect()
    };
    seen.topology.map_or_else(Vec::new, near)
}

fn known(objects: &Objects, target: Target, weight: f64) -> Option<KnownObject> {
    let state = match target {
        Target::Workload(id) => {
            let row = &objects.workloads[id.index()];
            let status = &row.status;
            row.header
                .exists()
                .then(|| format!("{} of {} pods ready", status.ready, status.replicas))
        }
        Target::Service(id) => objects.services[id.index()]
            .header
            .exists()
            .then(String::new),
        Target::Node(id) => {
            let row = &objects.nodes[id.index()];
            row.header.exists().then(|| node_state(row))
        }
        Target::Policy(id) => gone_or(&objects.policies[id.index()].header),
        Target::Plain(id) => gone_or(&objects.plain[id.index()].header),
        Target::Cluster => None,
    }?;
    Some(KnownObject {
        object: named(objects, target),
        state,
        weight: rounded(weight),
    })
}

fn gone_or(header: &aegis_model::objects::Header) -> Option<String> {
    Some(if header.exists() { "" } else { "deleted" }.into())
}

fn node_state(node: &aegis_model::objects::Node) -> String {
    let ready = match node.condition("Ready") {
        ConditionStatus::True => "ready",
        _ => "not ready",
    };
    let cordoned = if node.spec.unschedulable {
        ", cordoned"
    } else {
        ""
    };
    format!("{ready}{cordoned}")
}

/// Calls between objects that are named.
fn calls(seen: &Seen<'_>, known: &[KnownObject]) -> Vec<CallLine> {
    let Some(topology) = seen.topology else {
        return Vec::new();
    };
    let objects = seen.objects();
    let is_known = |name: &SmolStr| known.iter().any(|known| known.object == *name);
    let mut lines = Vec::new();
    for (from, called) in topology.callees.iter().enumerate() {
        let caller = named(objects, Target::Workload(WorkloadId::from(from)));
        let called = called
            .iter()
            .map(|to| named(objects, Target::Workload(*to)));
        let called = called.filter(|to| is_known(&caller) && is_known(to));
        lines.extend(called.map(|to| CallLine {
            from: caller.clone(),
            to,
        }));
    }
    lines
}
