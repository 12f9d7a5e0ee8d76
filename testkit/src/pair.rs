//! Pairs of worlds that show the same for a while, and what the engine made of each.
//!
//! The rule (reasoning.md, "no oracle"): until the two show something different, the engine
//! decides the same. So the first event in which two logs differ must have come from outside.

use crate::generate::{Dice, Naming, Shape, Variation, image, shape};
use crate::leak::{Leak, Secret};
use crate::pilot::{Between, Flown, Forced, Ready, Written, fly, ready};
use crate::play::read;
use aegis_model::{Observation, Ruling, RunEvent, Stamped};
use aegis_reason::Trial;
use aegis_runner::run::RunError;
use aegis_runner::run::outside::{Live, Outside, Tape};
use aegis_scenario::load::Loaded;

/// In what two worlds differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// What will happen.
    Future,
    /// A hidden fault that nothing shows until requests come to its workload.
    Dormant,
    /// True parameters; the one's observations are forced on the other.
    Parameters,
    /// The world's seed; the one's observations are forced on the other.
    Seed,
    /// The scenario's name, labels, description; its truth and its remedy.
    Labels,
}

/// One of the two worlds.
pub struct Side {
    /// The scenario.
    pub loaded: Loaded,
    /// Its text.
    pub text: String,
    /// The world's seed.
    pub seed: u64,
}

/// Two worlds.
pub struct Pair {
    /// In what they differ.
    pub kind: Kind,
    /// Number of the shape.
    pub number: u64,
    /// The worlds.
    pub sides: [Side; 2],
    /// Second after time 0 from which they may show different things; `None` is never.
    pub may_differ: Option<i64>,
}

/// What came of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Met {
    /// Whether a plan was chosen before the worlds showed something different.
    pub chosen: bool,
    /// Whether what was hidden was really different: it showed later, or would have shown.
    pub hidden: bool,
    /// Events until then.
    pub events: usize,
}

fn side(shape: &Shape, names: &Naming, with: &Variation, seed: u64) -> Side {
    let text = shape.text(names, with);
    let path = format!("generated-{}.yaml", shape.number);
    Side {
        loaded: read(&path, &text),
        text,
        seed,
    }
}

/// The pair of that kind and number.
#[must_use]
pub fn pair(kind: Kind, number: u64) -> Pair {
    let shape = shape(number);
    let names = Naming::new(&shape, number);
    let mut dice = Dice::new(number ^ 0x5041_4952);
    // Late enough for a decision, and soon enough to be cheap.
    let apart = shape.onset + dice.between(90, 180);
    let plain = shape.plain(&names, apart + 60);
    let (mut one, mut other) = (plain.clone(), plain);
    let (mut seeds, mut may_differ) = ([number, number], None);
    match kind {
        Kind::Future => {
            other.duration += dice.between(0, 300);
            other
                .chaos
                .extend(futures(&shape, &names, apart, &mut dice));
            may_differ = Some(apart as i64);
        }
        Kind::Dormant => {
            let idle = &names.services[shape.idle()];
            let wake = format!("{{at: {apart}s, load: {{to: {idle}, rps: 20}}}}");
            one.chaos.push(wake.clone());
            other.chaos.push(wake);
            other.chaos.push(dormant(&shape, &names, &mut dice));
            may_differ = Some(apart as i64);
        }
        Kind::Parameters => other.services = parameters(&shape, &names, &mut dice),
        Kind::Seed => seeds[1] = number ^ (1 + dice.between(0, 1 << 40)),
        Kind::Labels => lies(&shape, &names, &mut other),
    }
    Pair {
        kind,
        number,
        sides: [
            side(&shape, &names, &one, seeds[0]),
            side(&shape, &names, &other, seeds[1]),
        ],
        may_differ,
    }
}

/// One to three things that are to happen.
fn futures(shape: &Shape, names: &Naming, at: u64, dice: &mut Dice) -> Vec<String> {
    let mut lines = Vec::new();
    for step in 0..dice.between(1, 3) {
        let of = dice.between(0, shape.idle() as u64 - 1) as usize;
        let at = at + 20 * step;
        let deployment = names.object("deployment", of);
        let entry = &names.services[0];
        lines.push(match dice.between(0, 4) {
            0 => {
                let node = &names.nodes[1];
                format!("{{at: {at}s, fault: node_drain, target: node/{node}}}")
            }
            1 => format!("{{at: {at}s, fault: slow_dependency, target: {deployment}}}"),
            2 => format!(
                "{{at: {at}s, load: {{to: {entry}, rps: {}}}}}",
                3 * shape.rate
            ),
            3 => format!("{{at: {at}s, fault: dependency_errors, target: {deployment}}}"),
            _ => image(names, of, at, "v9"),
        });
    }
    lines
}

/// A fault that only requests bring out, on the service that gets none.
fn dormant(shape: &Shape, names: &Naming, dice: &mut Dice) -> String {
    let target = names.object("deployment", shape.idle());
    let fault = dice.one(&["dependency_errors", "slow_dependency"]);
    let at = dice.between(1, shape.onset);
    format!("{{at: {at}s, fault: {fault}, target: {target}}}")
}

/// Other true parameters than those that are inferred.
fn parameters(shape: &Shape, names: &Naming, dice: &mut Dice) -> Vec<String> {
    let line = |index: usize| {
        let (cpu, latency) = (dice.between(1, 8), dice.between(1, 30));
        let name = &names.services[index];
        let workers = dice.between(8, 512);
        format!(
            "{{name: {name}, cpuPerRequest: {cpu}ms, latency: {latency}ms, workers: {workers}}}"
        )
    };
    (0..shape.services.len()).map(line).collect()
}

/// Another name, labels, description; a truth that is none, and a remedy that would be none.
fn lies(shape: &Shape, names: &Naming, with: &mut Variation) {
    with.title = format!("oom-of-{}", names.services[0]);
    with.labels = "{suite: full, difficulty: hard, cause: memory_leak}".into();
    let entry = names.object("deployment", 0);
    with.truth = Some(format!("{{causes: [{{fault: cpu_hog, object: {entry}}}]}}"));
    with.remedy = vec![format!(
        "{{rollBack: {}}}",
        names.object("deployment", shape.idle())
    )];
}

/// Runs the engine in one of the two worlds.
///
/// # Errors
/// The run breaks off.
pub fn alone(side: &Side, leak: Option<Leak>) -> Result<Flown, RunError> {
    let ready = ready(&side.loaded, side.seed);
    let (no, never) = (&mut |_: &_, _: &_| Some(Ruling::plain(true)), || false);
    let mut live = Live::new(
        ready.world.clone(),
        ready.seen.clone(),
        ready.until,
        no,
        &never,
    );
    flown(side, leak, &ready, &mut live)
}

/// Runs the engine in one of the two worlds while it is shown the other's tape.
/// Also how many of its own observations were unlike those.
///
/// # Errors
/// The tape does not fit: the engine asks for something else than it did in the other world.
pub fn forced(side: &Side, leak: Option<Leak>, tape: &Flown) -> Result<(Flown, usize), RunError> {
    let mut ready = ready(&side.loaded, side.seed);
    let (no, never) = (&mut |_: &_, _: &_| Some(Ruling::plain(true)), || false);
    let live = Live::new(
        ready.world.clone(),
        ready.seen.clone(),
        ready.until,
        no,
        &never,
    );
    // What the engine is told at the start is part of what it is shown.
    if let Some(RunEvent::Started {
        context, origin, ..
    }) = tape.events.first().map(|first| &first.event)
    {
        (ready.context, ready.origin) = (context.clone(), *origin);
    }
    let mut forced = Forced::new(Tape::new(&tape.events, tape.inputs.clone()), live);
    let flown = flown(side, leak, &ready, &mut forced)?;
    Ok((flown, forced.unlike))
}

fn flown(
    side: &Side,
    leak: Option<Leak>,
    ready: &Ready,
    outside: &mut dyn Outside,
) -> Result<Flown, RunError> {
    let (objects, origin) = (ready.world.objects(), ready.origin);
    let secret = Secret::of(&side.loaded, side.seed, objects, origin);
    let mut context = ready.context.clone();
    let pen = |seen: &mut Observation| {
        if let Some(leak) = leak {
            leak.on_observation(&secret, seen);
        }
    };
    let bend = |trial: &mut Trial| {
        if let Some(leak) = leak {
            leak.on_trial(&secret, trial);
        }
    };
    if let Some(leak) = leak {
        leak.on_context(&secret, &mut context);
    }
    let mut outside = Written::new(outside, &pen);
    let mut between = Between {
        outside: &mut outside,
        bend: &bend,
        meddle: &mut |_| None,
    };
    fly(context, origin, &mut between)
}

impl Pair {
    /// Runs the engine in both worlds and compares.
    ///
    /// # Errors
    /// In words: something was decided or shown differently, earlier than it may.
    pub fn meet(&self, leak: Option<Leak>) -> Result<Met, String> {
        let [one, other] = &self.sides;
        let said = |why: RunError| format!("{:?} {}: {why}", self.kind, self.number);
        let first = alone(one, leak).map_err(said)?;
        let (second, unlike) = match self.kind {
            Kind::Parameters | Kind::Seed => forced(other, leak, &first).map_err(said)?,
            _ => (alone(other, leak).map_err(said)?, 0),
        };
        let parted = parted(&first.events, &second.events);
        if let Some(index) = parted {
            self.may_part(index, &first.events, &second.events)
                .map_err(|why| format!("{:?} {}: {why}", self.kind, self.number))?;
        }
        let common = parted.unwrap_or(first.events.len());
        Ok(Met {
            chosen: first.events[..common].iter().any(chooses),
            hidden: parted.is_some() || unlike > 0,
            events: common,
        })
    }

    fn may_part(&self, index: usize, one: &[Stamped], other: &[Stamped]) -> Result<(), String> {
        let sides = [one.get(index), other.get(index)];
        let from_outside = sides.iter().all(|event| event.is_none_or(is_from_outside));
        // The steps of a plan are told before the observation that shows them.
        let at = sides.iter().flatten().map(|event| seen_at(event)).min();
        let in_time = self.may_differ.zip(at).is_some_and(|(may, at)| at >= may);
        if from_outside && in_time {
            return Ok(());
        }
        let text = |event: Option<&Stamped>| {
            event.map_or_else(
                || "(end)".into(),
                |event| serde_json::to_string(event).unwrap_or_default(),
            )
        };
        Err(differing(
            index,
            &text(one.get(index)),
            &text(other.get(index)),
        ))
    }
}

/// Latest second that an event from outside can tell of.
fn seen_at(event: &Stamped) -> i64 {
    match event.event {
        RunEvent::StepApplied { .. } => event.t + 15,
        _ => event.t,
    }
}

fn is_from_outside(event: &Stamped) -> bool {
    matches!(
        event.event,
        RunEvent::Observed(_) | RunEvent::StepApplied { .. } | RunEvent::Ended { .. }
    )
}

/// Whether an event chooses a plan, to wait not counted.
#[must_use]
pub fn chooses(event: &Stamped) -> bool {
    matches!(&event.event, RunEvent::Selected(verdict) if verdict.choice.is_some())
}

/// Position of the first event in which two logs differ, by their bytes.
#[must_use]
pub fn parted(one: &[Stamped], other: &[Stamped]) -> Option<usize> {
    let same = |(a, b): &(&Stamped, &Stamped)| {
        a == b || serde_json::to_string(a).ok() == serde_json::to_string(b).ok()
    };
    let common = one.iter().zip(other).take_while(same).count();
    (common < one.len().max(other.len())).then_some(common)
}

/// Two texts around the place where they begin to differ.
#[must_use]
pub fn differing(number: usize, one: &str, other: &str) -> String {
    let same = one
        .bytes()
        .zip(other.bytes())
        .take_while(|(a, b)| a == b)
        .count();
    let part = |line: &str| {
        let bytes = line.as_bytes();
        let until = (same + 160).min(bytes.len());
        let from = same.saturating_sub(160).min(until);
        String::from_utf8_lossy(&bytes[from..until]).into_owned()
    };
    format!(
        "event {number}, byte {same}:\n  {}\n  {}",
        part(one),
        part(other)
    )
}
