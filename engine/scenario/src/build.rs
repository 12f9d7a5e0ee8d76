//! From a loaded scenario to a world that has not begun to run.

use crate::amount::Length;
use crate::format::{self, Act, ChaosEntry, Deleted, Gap, PatchOf, Rate, Spec, Start};
use crate::load::Loaded;
use crate::resolve::Named;
use crate::{behave, draft, faults, names};
use aegis_kube::Diagnostic;
use aegis_model::kubernetes::ObjectRef;
use aegis_model::{Doc, FieldChange, ObjectChange, Objects};
use aegis_sim::Draws;
use aegis_sim::workings::Pin;
use aegis_world::{
    Change, Curve, Deletion, Load, Noise, Parts, Pipe, Schedule, Signal, Spell, World,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Label of the draws of what is hidden in behaviour, below the scenario's seed.
const BEHAVIOUR: u64 = 0x5CE7;

/// The world of a scenario, with the seed that is given instead of its own.
///
/// # Errors
/// Every document that the API server refuses, at its place.
pub fn build(loaded: &Loaded, seed: u64) -> Result<World, Vec<Diagnostic>> {
    let founded = draft::found(loaded)?;
    let parts = parts(loaded, founded.objects(), seed);
    Ok(World::new(founded, parts))
}

/// Runs what comes before time 0: nothing where the manifests arrive at 0, else
/// until all workloads are available, and then the observed past, which `each` sees
/// second by second.
pub fn start(loaded: &Loaded, world: &mut World, mut each: impl FnMut(&mut World)) {
    if loaded.scenario.spec.starts() == Start::Applied {
        return;
    }
    world.settle();
    while world.time() < 0 {
        world.advance(1);
        each(world);
    }
}

fn parts(loaded: &Loaded, objects: &Objects, seed: u64) -> Parts {
    let spec = &loaded.scenario.spec;
    let inferred = aegis_sim::infer::infer(objects);
    let draws = Draws::new(seed).derive(BEHAVIOUR);
    Parts {
        behaviours: behave::behaviours(objects, &inferred, spec, draws),
        loads: loads(loaded, objects),
        schedule: schedule(loaded, objects),
        gap: match spec.physics.gap {
            Gap::None => aegis_world::Gap::None,
            Gap::Medium => aegis_world::Gap::Medium,
            Gap::Large => aegis_world::Gap::Large,
        },
        noise: noise(spec),
        spells: spells(spec),
        pipes: pipes(spec, objects),
        delay: spec.observe.delay.whole(),
        pins: pins(spec, objects),
        node_groups: crate::nodes::groups(spec, objects),
        seed,
    }
}

fn loads(loaded: &Loaded, objects: &Objects) -> Vec<Load> {
    let load = |traffic: &format::Traffic| {
        Some(Load {
            to: Named(objects).service(&traffic.to)?,
            port: 0,
            curve: curve(&traffic.rps, &loaded.traces),
            cv: traffic.cv,
        })
    };
    loaded
        .scenario
        .spec
        .traffic
        .iter()
        .filter_map(load)
        .collect()
}

fn curve(rate: &Rate, traces: &BTreeMap<String, Vec<(f64, f64)>>) -> Curve {
    match rate {
        Rate::Constant(rate) => Curve::Constant(*rate),
        Rate::Diurnal(wave) => Curve::Diurnal {
            mean: wave.mean,
            amplitude: wave.amplitude.0,
            period: wave.period.0,
            phase: wave.phase.0,
        },
        Rate::Burst(burst) => Curve::Burst {
            base: burst.base,
            peak: burst.peak,
            at: burst.at.0,
            lasts: burst.lasts.0,
            every: burst.every.map(|length| length.0),
        },
        Rate::Steps(steps) => {
            let mut rows: Vec<(f64, f64)> =
                steps.iter().map(|step| (step.at.0, step.rps)).collect();
            rows.sort_by(|a, b| a.0.total_cmp(&b.0));
            Curve::Steps(rows)
        }
        Rate::Trace(file) => Curve::Steps(traces.get(file).cloned().unwrap_or_default()),
    }
}

fn pins(spec: &Spec, objects: &Objects) -> Vec<Pin> {
    let pin = |usage: &format::Usage| {
        Some(Pin {
            workload: Named(objects).workload(&usage.workload)?,
            cpu: usage.cpu.map_or(0.0, |cpu| cpu.millicores().cores()),
            memory: usage.memory.map_or(0.0, |memory| memory.bytes().0 as f64),
        })
    };
    spec.usage.iter().filter_map(pin).collect()
}

/// The documents as the schedule will have changed them, while it is written.
struct Agenda<'a> {
    objects: &'a Objects,
    documents: BTreeMap<ObjectRef, Doc>,
}

fn schedule(loaded: &Loaded, objects: &Objects) -> Schedule {
    let nodes = loaded
        .nodes
        .iter()
        .map(|node| (names::of_value(node), Arc::new(node.clone())));
    let manifests = loaded
        .manifests
        .iter()
        .map(|document| (document.reference(), document.value.clone()));
    let mut agenda = Agenda {
        objects,
        documents: nodes.chain(manifests).collect(),
    };
    let mut entries: Vec<&ChaosEntry> = loaded.scenario.spec.chaos.iter().collect();
    entries.sort_by(|a, b| a.at.0.total_cmp(&b.at.0));
    Schedule(
        entries
            .into_iter()
            .filter_map(|entry| agenda.entry(entry))
            .collect(),
    )
}

impl Agenda<'_> {
    fn entry(&mut self, entry: &ChaosEntry) -> Option<aegis_world::Entry> {
        Some(aegis_world::Entry {
            at: entry.at.whole(),
            act: self.act(entry)?,
        })
    }

    fn act(&mut self, entry: &ChaosEntry) -> Option<aegis_world::Act> {
        let named = Named(self.objects);
        let change = match &entry.act {
            Act::Fault {
                fault,
                target,
                parameters,
            } => {
                let fault = faults::find(fault)?;
                return Some(aegis_world::Act::Fault {
                    fault,
                    target: named.target(target.as_deref()?)?,
                    parameters: faults::sizes(fault, parameters),
                    lasts: entry.lasts.map(Length::whole),
                    actor: entry.actor.as_str().into(),
                });
            }
            Act::Load(load) => {
                return Some(aegis_world::Act::Load {
                    to: named.service(&load.to)?,
                    rate: load.rps,
                });
            }
            Act::Patch(patch) => Change::Write(Arc::new(self.patched(patch)?)),
            Act::Apply(document) => Change::Write(Arc::new(self.applied(document))),
            Act::Delete(deleted) => Change::Delete(self.deleted(deleted)?),
        };
        Some(aegis_world::Act::Change {
            change,
            actor: entry.actor.as_str().into(),
            every: entry.every.map(Length::whole),
        })
    }

    /// The fields that a patch changes, of the object as it will be by then.
    fn patched(&mut self, patch: &PatchOf) -> Option<ObjectChange> {
        let object = names::object(&patch.object)?;
        let known = self.documents.get(&object).cloned();
        let before = known.unwrap_or_else(|| Arc::new(bare(&object)));
        let root = aegis_model::FieldPath::default();
        let after = crate::patches::patched(&before, patch, &root).ok()?;
        let mut fields = aegis_kube::patch::diff(&before, &after);
        if let Some(merge) = &patch.merge {
            remove_nulls(merge, &root, &mut fields);
        }
        self.documents.insert(object.clone(), Arc::new(after));
        Some(ObjectChange::Update { object, fields })
    }

    fn applied(&mut self, document: &Value) -> ObjectChange {
        let document = Arc::new(document.clone());
        self.documents
            .insert(names::of_value(&document), document.clone());
        ObjectChange::Create { document }
    }

    fn deleted(&self, deleted: &Deleted) -> Option<Deletion> {
        let choice = match deleted {
            Deleted::Object(object) => return names::object(object).map(Deletion::Object),
            Deleted::Choice(choice) => choice,
        };
        if let Some(owner) = &choice.owner {
            return Named(self.objects).workload(owner).map(Deletion::PodsOf);
        }
        let labels = choice.selector.iter().flatten();
        let labels = labels
            .map(|(key, value)| (key.as_str().into(), value.as_str().into()))
            .collect();
        Some(Deletion::Selected(
            names::kind(choice.kind.as_deref().unwrap_or("Pod")),
            labels,
        ))
    }
}

/// What is known of an object that a controller will make.
fn bare(object: &ObjectRef) -> Value {
    let mut document = json!({
        "apiVersion": "v1",
        "kind": object.kind.as_str(),
        "metadata": {"name": object.name.as_str()},
    });
    if !object.namespace.is_empty() {
        document["metadata"]["namespace"] = object.namespace.as_str().into();
    }
    document
}

/// A `null` takes a field away that a controller may have written: it is said even where the
/// manifest has none.
fn remove_nulls(merge: &Value, path: &aegis_model::FieldPath, fields: &mut Vec<FieldChange>) {
    for (key, value) in merge.as_object().into_iter().flatten() {
        let here = path.key(key);
        if !value.is_null() {
            remove_nulls(value, &here, fields);
        } else if fields.iter().all(|field| field.path != here) {
            let (before, after) = (None, None);
            fields.push(FieldChange {
                path: here,
                before,
                after,
            });
        }
    }
}

fn noise(spec: &Spec) -> Noise {
    match &spec.noise {
        format::Noise::None => Noise::none(),
        format::Noise::Entries(_) => Noise::default(),
    }
}

/// Entries as they hold over the default noise.
fn spells(spec: &Spec) -> Vec<Spell> {
    let format::Noise::Entries(entries) = &spec.noise else {
        return Vec::new();
    };
    let spell = |entry: &format::NoiseEntry| Spell {
        from: entry.from.map(Length::whole),
        until: entry.until.map(Length::whole),
        gauges: entry.metrics,
        missing: entry.missing.map(|share| share.0),
    };
    entries.iter().map(spell).collect()
}

fn pipes(spec: &Spec, objects: &Objects) -> Vec<Pipe> {
    let pipe = |passage: &format::Passage| {
        let workload = Named(objects).workload(&passage.through)?;
        let through = &objects.workloads[workload.index()].header.reference;
        Some(Pipe {
            through: through.clone(),
            carries: passage.carries.iter().map(signal).collect(),
        })
    };
    spec.telemetry.iter().filter_map(pipe).collect()
}

const fn signal(signal: &format::Signal) -> Signal {
    match signal {
        format::Signal::Metrics => Signal::Metrics,
        format::Signal::Logs => Signal::Logs,
        format::Signal::Spans => Signal::Spans,
    }
}
