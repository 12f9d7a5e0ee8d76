//! From a loaded scenario to a world that has not begun to run.

use crate::amount::Length;
use crate::format::{
    self, Act, ChaosEntry, Deleted, Gap, PatchOf, PropagationPolicy, Rate, Spec, Start,
};
use crate::load::Loaded;
use crate::resolve::Named;
use crate::{behave, draft, faults, late, names};
use aegis_kube::Diagnostic;
use aegis_model::kubernetes::{Kind, ObjectRef};
use aegis_model::{Doc, FieldChange, ObjectChange, Objects};
use aegis_sim::Draws;
use aegis_sim::api::Propagation;
use aegis_sim::workings::Pin;
use aegis_world::{
    Change, Curve, Deletion, Load, Noise, Parts, Pipe, Schedule, Signal, Spell, Usage, World,
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

/// Calls as an application or a mesh may be set to make them.
#[derive(Debug, Clone, PartialEq)]
pub struct Tuning {
    /// The workload that calls.
    pub from: ObjectRef,
    /// The Service that it calls.
    pub to: ObjectRef,
    /// Time-out of an attempt, s, at most.
    pub timeout: f64,
    /// Retries as a share of first attempts, at most.
    pub retry_budget: f64,
}

/// The world of a scenario whose workloads do what those of the same name do in `like`: what a request costs them is
/// their own, and not guessed anew from other replicas and requests. Whom they call is read from `loaded`, how they
/// do it is tuned.
///
/// # Errors
/// Every document of either that the API server refuses, at its place.
pub fn build_like(
    loaded: &Loaded,
    like: &Loaded,
    seed: u64,
    tunings: &[Tuning],
) -> Result<World, Vec<Diagnostic>> {
    let founded = draft::found(loaded)?;
    let model = draft::found(like)?;
    let mut parts = parts(loaded, founded.objects(), seed);
    let known = self::parts(like, model.objects(), seed).behaviours;
    for (row, behaviour) in founded
        .objects()
        .workloads
        .iter()
        .zip(&mut parts.behaviours)
    {
        let mut rows = model.objects().workloads.iter().zip(&known);
        let same = rows.find(|(other, _)| other.header.reference == row.header.reference);
        if let (Some(behaviour), Some((_, Some(known)))) = (behaviour, same) {
            let calls = core::mem::take(&mut behaviour.calls);
            *behaviour = known.clone();
            behaviour.calls = calls;
        }
    }
    for tuning in tunings {
        tune(founded.objects(), &mut parts.behaviours, tuning);
    }
    Ok(World::new(founded, parts))
}

fn tune(objects: &Objects, behaviours: &mut [Option<aegis_model::Behaviour>], tuning: &Tuning) {
    let mut services = objects.services.enumerate();
    let to = services
        .find(|(_, row)| row.header.reference == tuning.to)
        .map(|(id, _)| aegis_model::ServiceId::from(id));
    let callers = objects.workloads.iter().zip(behaviours);
    for (_, behaviour) in callers.filter(|(row, _)| row.header.reference == tuning.from) {
        let calls = behaviour.iter_mut().flat_map(|one| &mut one.calls);
        for call in calls.filter(|call| call.to.is_some() && call.to == to) {
            call.timeout = call.timeout.min(tuning.timeout);
            let budget = call.retry_budget.unwrap_or(f64::INFINITY);
            call.retry_budget = Some(budget.min(tuning.retry_budget));
        }
    }
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
        usage: spec.usage.iter().filter_map(usage).collect(),
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

fn usage(usage: &format::Usage) -> Option<Usage> {
    Some(Usage {
        object: names::object(&usage.workload)?,
        cpu: usage.cpu.map_or(0.0, |cpu| cpu.millicores().cores()),
        memory: usage.memory.map_or(0.0, |memory| memory.bytes().0 as f64),
    })
}

fn pins(spec: &Spec, objects: &Objects) -> Vec<Pin> {
    let pin = |words: &format::Usage| {
        let Usage { cpu, memory, .. } = usage(words)?;
        Some(Pin {
            workload: Named(objects).workload(&words.workload)?,
            cpu,
            memory,
            adopted: None,
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
            Act::Stage { fault, target } => {
                return Some(aegis_world::Act::Stage {
                    fault: faults::find(fault)?,
                    target: named.target(target.as_deref()?)?,
                    actor: entry.actor.as_str().into(),
                });
            }
            Act::Load(load) => {
                return Some(aegis_world::Act::Load {
                    to: named.service(&load.to)?,
                    rate: load.rps,
                });
            }
            Act::Patch(patch) => match self.patched(patch)? {
                Ok(change) => Change::Write(Arc::new(change)),
                Err(why) => Change::Rejected(why),
            },
            Act::Apply(document) => match unserved(document).or_else(|| self.misfit(document)) {
                Some(why) => Change::Rejected(why),
                None => Change::Write(Arc::new(self.applied(document))),
            },
            Act::Delete { what, propagation } => {
                Change::Delete(self.deleted(what)?, propagation_of(*propagation))
            }
        };
        Some(aegis_world::Act::Change {
            change,
            actor: entry.actor.as_str().into(),
            every: entry.every.map(Length::whole),
        })
    }

    /// The fields that a patch changes, of the object as it will be by then.
    ///
    /// # Errors
    /// Why it does not apply, neither to the object as it was written nor with the defaults of the API server.
    fn patched(&mut self, patch: &PatchOf) -> Option<Result<ObjectChange, String>> {
        let object = names::object(&patch.object)?;
        let known = self.documents.get(&object).cloned();
        let before = known
            .or_else(|| self.made(&object).filter(|_| patch.json.is_some()))
            .unwrap_or_else(|| Arc::new(bare(&object)));
        if let Some(fields) = late::added_taints(&object, &before, patch) {
            return Some(Ok(ObjectChange::Update { object, fields }));
        }
        let root = aegis_model::FieldPath::default();
        let tried = crate::patches::patched(&before, patch, &root).map(|after| (before, after));
        let tried = tried.or_else(|why| {
            let shown = self.shown(&object).ok_or(why)?;
            crate::patches::patched(&shown, patch, &root).map(|after| (Arc::new(shown), after))
        });
        let (before, after) = match tried {
            Ok(both) => both,
            Err(why) => return Some(Err(rejected(patch, &why.message))),
        };
        let strategy = keeps_bounds(&before, &after, patch).then(|| BOUNDS.to_owned());
        let misfit = self
            .misfit(&after)
            .filter(|_| self.misfit(&before).is_none());
        if let Some(why) = invalid(&before, &after).or(strategy).or(misfit) {
            let object = &patch.object;
            return Some(Err(format!(
                "{object}: The {} {:?} is invalid: {why}",
                after["kind"].as_str().unwrap_or_default(),
                after["metadata"]["name"].as_str().unwrap_or_default()
            )));
        }
        let mut fields = aegis_kube::patch::diff(&before, &after);
        if let Some(merge) = &patch.merge {
            fields.retain(|field| !late::is_empty_shell(merge, field));
            remove_nulls(merge, &root, &mut fields);
            say_again(merge, &root, &mut fields);
        }
        self.documents.insert(object.clone(), Arc::new(after));
        Some(Ok(ObjectChange::Update { object, fields }))
    }

    /// A pod that a workload of the manifests will make, as its template says.
    fn made(&self, object: &ObjectRef) -> Option<Doc> {
        late::of_maker(self.documents.iter(), object).map(Arc::new)
    }

    /// An object of the start with all that the API server fills in.
    fn shown(&self, object: &ObjectRef) -> Option<Value> {
        use aegis_kube::print::{EPOCH, list};
        let mut all = list(self.objects, aegis_model::Tick(0), EPOCH);
        let items = all["items"].as_array_mut()?;
        let at = items
            .iter()
            .position(|item| names::of_value(item) == *object)?;
        Some(items.swap_remove(at))
    }

    fn applied(&mut self, document: &Value) -> ObjectChange {
        let definitions = self.documents.values().map(|known| &**known);
        let kept = aegis_check::custom::kept(document, definitions);
        let document = Arc::new(kept.unwrap_or_else(|| document.clone()));
        self.documents
            .insert(names::of_value(&document), document.clone());
        ObjectChange::Create { document }
    }

    /// Why an object does not fit the definition of its kind.
    fn misfit(&self, document: &Value) -> Option<String> {
        let definitions = self.documents.values().map(|known| &**known);
        let problems = aegis_check::custom::misfits(document, definitions);
        let problem = problems.first()?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (kind, name) = (text(&document["kind"]), text(&document["metadata"]["name"]));
        Some(match problem {
            aegis_kube::Problem::UnknownKind { .. } => format!("{kind} {name:?}: {problem}"),
            _ => format!("{kind} {name:?}: it is invalid: {problem}"),
        })
    }

    fn deleted(&self, deleted: &Deleted) -> Option<Deletion> {
        let choice = match deleted {
            Deleted::Object(object) => {
                let object = names::object(object)?;
                // What the control plane makes anew at once is as if it had not gone.
                let again =
                    crate::objects::is_given(&object) && !self.documents.contains_key(&object);
                // A namespace is not made anew: nobody may delete it.
                let again = again && object.kind != Kind::Namespace;
                return (!again).then_some(Deletion::Object(object));
            }
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

const fn propagation_of(words: PropagationPolicy) -> Propagation {
    match words {
        PropagationPolicy::Unsaid => Propagation::Unsaid,
        PropagationPolicy::Background => Propagation::Background,
        PropagationPolicy::Foreground => Propagation::Foreground,
        PropagationPolicy::Orphan => Propagation::Orphan,
    }
}

/// Why `kubectl apply` does not get a document to the cluster: it is invalid, or of a version that is no
/// longer served.
fn unserved(document: &Value) -> Option<String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (kind, name) = (text(&document["kind"]), text(&document["metadata"]["name"]));
    aegis_check::problems(document)
        .into_iter()
        .find_map(|(problem, _)| match problem {
            aegis_kube::Problem::OldVersion { kind, version } => Some(format!(
                "{kind} {name:?}: no matches for kind {kind:?} in version {version:?}"
            )),
            _ if problem.severity() == aegis_kube::Severity::Error => {
                Some(format!("{kind} {name:?}: it is invalid: {problem}"))
            }
            _ => None,
        })
}

/// Why the API server does not take a document as it has become; `None` where it does, or where it was
/// incomplete before, as of an object that a controller will make.
fn invalid(before: &Value, after: &Value) -> Option<String> {
    let errors = |document: &Value| {
        let problems = aegis_check::problems(document).into_iter();
        let errors = problems
            .map(|(problem, _)| problem)
            .filter(|problem| problem.severity() == aegis_kube::Severity::Error);
        errors.map(|problem| problem.to_string()).next()
    };
    errors(after).filter(|_| errors(before).is_none())
}

/// What is said of bounds of a rolling update that a Deployment keeps, but may not have.
const BOUNDS: &str = "spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'";

/// Whether a patch turns a rolling Deployment into one that makes its pods anew all at once, and leaves
/// the bounds that the API server has filled in.
fn keeps_bounds(before: &Value, after: &Value, patch: &PatchOf) -> bool {
    let turned = before["kind"] == "Deployment"
        && before["spec"]["strategy"]["type"] != "Recreate"
        && after["spec"]["strategy"]["type"] == "Recreate";
    let merged = patch.merge.as_ref().is_some_and(|merge| {
        let strategy = merge.pointer("/spec/strategy").and_then(Value::as_object);
        strategy.is_some_and(|fields| !matches!(fields.get("rollingUpdate"), Some(Value::Null)))
    });
    let operations = patch
        .json
        .iter()
        .flat_map(|list| list.as_array().into_iter().flatten());
    let paths: Vec<&str> = operations.filter_map(|one| one["path"].as_str()).collect();
    let by_type =
        paths.contains(&"/spec/strategy/type") && !paths.contains(&"/spec/strategy/rollingUpdate");
    turned && (merged || by_type)
}

/// What kubectl says of a patch that does not apply.
fn rejected(patch: &PatchOf, why: &str) -> String {
    let object = &patch.object;
    format!(
        "{object}: The request is invalid: the server rejected our request due to an error in our request ({why})"
    )
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

/// What a merge patch names is written even where the manifest has it already: somebody may have written
/// something else by then, or refused an earlier patch.
fn say_again(merge: &Value, path: &aegis_model::FieldPath, fields: &mut Vec<FieldChange>) {
    for (key, value) in merge.as_object().into_iter().flatten() {
        let here = path.key(key);
        let said = |field: &FieldChange| field.path.0.starts_with(&here.0);
        if value.is_object() {
            say_again(value, &here, fields);
        } else if !value.is_null() && !fields.iter().any(said) {
            fields.push(FieldChange {
                path: here,
                before: None,
                after: Some(value.clone()),
            });
        }
    }
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
