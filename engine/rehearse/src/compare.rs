//! Two trees of manifests, rehearsed on the same seed: what a change makes worse.
//!
//! The newer tree is played with the older one's traffic, promises, nodes and behaviour of workloads, so that what
//! differs comes from the change and from nothing that was guessed anew. Where the newer asks for more than the
//! older one's nodes have, both are played on the newer one's.

use crate::pairs::{Pair, pairs};
use crate::play::{GiveUp, Untreated, untreated};
use crate::points::single_points;
use crate::rehearsal::{Finding, SinglePoint, Trials};
use crate::rehearse::{Ground, Order, Progress, RehearseError, Watcher, plain_finding, two_digits};
use crate::stage::Basis;
use aegis_kube::Document;
use aegis_model::Quantity;
use aegis_model::kubernetes::ObjectRef;
use aegis_scenario::load::Loaded;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Version of the shape of [`Comparison`].
pub const COMPARISON_SCHEMA: &str = "aegis.dev/rehearsal-comparison/v1";
/// SLO minutes by which a fault must cost more or less to be told.
const TOLD: f64 = 0.2;

/// What a change of manifests does to what faults cost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// Version of the shape.
    pub schema: String,
    /// Names of the older and the newer tree.
    pub names: (String, String),
    /// Root of all draws.
    pub seed: u64,
    /// Plays.
    pub trials: Trials,
    /// SLO minutes that each loses with nothing laid.
    pub control_slo_minutes_lost: (f64, f64),
    /// Faults that cost more or less now, the worst change first.
    pub changes: Vec<Change>,
    /// Single points of failure that are new.
    pub new_single_points: Vec<SinglePoint>,
    /// Single points of failure that are gone: object and words.
    pub gone_single_points: Vec<(String, String)>,
    /// What was given up in the manifests that kept them up: a replica, a budget, a spread, a probe.
    pub given_up: Vec<String>,
}

/// A fault that costs another amount.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// Id in the catalogue, or `zone_loss`.
    pub fault: String,
    /// The object that it acts on.
    pub target: String,
    /// SLO minutes before, nobody acting; `null` for an object that is new.
    pub before: Option<f64>,
    /// SLO minutes now; `null` for an object that is gone.
    pub after: Option<f64>,
    /// By how much more; negative is less.
    pub more: f64,
    /// Whether it passed by itself before and does not now.
    pub fatal: bool,
    /// Workloads that fail now.
    pub breaks: Vec<String>,
    /// In a sentence.
    pub words: String,
}

impl Comparison {
    /// The largest number of SLO minutes that a fault costs more.
    #[must_use]
    pub fn worst(&self) -> f64 {
        self.changes.iter().map(|one| one.more).fold(0.0, f64::max)
    }
}

/// Compares two trees on the same seed.
///
/// # Errors
/// As of a rehearsal, for either.
pub fn compare(
    older: &Order<'_>,
    newer: &Order<'_>,
    watcher: Watcher<'_>,
) -> Result<Comparison, RehearseError> {
    let (old_loaded, new_loaded) = on_one_ground(older.loaded, newer.loaded);
    let older = Order {
        loaded: &old_loaded,
        ..older.clone()
    };
    let newer = Order {
        loaded: &new_loaded,
        ..newer.clone()
    };
    let old = Ground::new(&older, Basis::Own)?;
    let new = Ground::new(&newer, Basis::As(&old_loaded, &old.stage.objectives))?;
    let each = older.budget.saturating_sub(2) / 2;
    let (before, after) = (costs(&old, each, watcher), costs(&new, each, watcher));
    let mut changes = changes(&before, &after);
    changes.sort_by(|a, b| b.more.total_cmp(&a.more));
    let (was, is) = (points(&old, &before), points(&new, &after));
    Ok(Comparison {
        schema: COMPARISON_SCHEMA.to_owned(),
        names: (name(&old), name(&new)),
        seed: older.seed,
        trials: Trials {
            budget: older.budget,
            untreated: before.len() + after.len() + 2,
            ..Trials::default()
        },
        control_slo_minutes_lost: (
            two_digits(old.control.loss.minutes()),
            two_digits(new.control.loss.minutes()),
        ),
        changes,
        new_single_points: is.iter().filter(|one| !holds(&was, one)).cloned().collect(),
        gone_single_points: was
            .iter()
            .filter(|one| !holds(&is, one))
            .map(|one| (one.object.clone(), one.words.clone()))
            .collect(),
        given_up: given_up(&old_loaded.manifests, &new_loaded.manifests),
    })
}

fn name(ground: &Ground<'_>) -> String {
    ground.order.loaded.scenario.metadata.name.clone()
}

fn holds(points: &[SinglePoint], one: &SinglePoint) -> bool {
    points
        .iter()
        .any(|point| point.sole == one.sole && point.object == one.object)
}

/// The newer tree with the older one's traffic, documents in the older one's order, and nodes that have room for both.
fn on_one_ground(older: &Loaded, newer: &Loaded) -> (Loaded, Loaded) {
    let (mut old, mut new) = (older.clone(), newer.clone());
    let order: BTreeMap<ObjectRef, usize> = old
        .manifests
        .iter()
        .enumerate()
        .map(|(at, document)| (document.reference(), at))
        .collect();
    let place = |document: &Document| {
        order
            .get(&document.reference())
            .copied()
            .unwrap_or(usize::MAX)
    };
    new.manifests.sort_by_key(place);
    new.scenario.spec.traffic = old.scenario.spec.traffic.clone();
    new.scenario.spec.objectives = old.scenario.spec.objectives.clone();
    new.scenario.spec.duration = old.scenario.spec.duration;
    if room(&new) > room(&old) {
        old.nodes = new.nodes.clone();
    } else {
        new.nodes = old.nodes.clone();
    }
    (old, new)
}

/// CPU of all nodes that are made, thousandths of a core.
fn room(loaded: &Loaded) -> i128 {
    let cpu = loaded.nodes.iter().filter_map(|node| {
        let text = node["status"]["capacity"]["cpu"].as_str()?;
        text.parse::<Quantity>().ok()
    });
    cpu.map(|quantity| quantity.milli).sum()
}

type Costs = BTreeMap<(String, String), (Pair, Untreated)>;

/// What each fault costs at each target.
fn costs(ground: &Ground<'_>, most: usize, watcher: Watcher<'_>) -> Costs {
    let order = ground.order;
    let mut fitting = pairs(order.loaded, ground.objects(), &order.faults);
    fitting.truncate(most);
    watcher(Progress::Settled(fitting.len()));
    let play = |pair: Pair| {
        let play = untreated(&ground.stage, &pair.laid, GiveUp::As(&ground.control.trace));
        watcher(Progress::Untreated);
        (
            (pair.fault.to_owned(), pair.object.to_string()),
            (pair, play),
        )
    };
    let all: Vec<_> = fitting.into_par_iter().map(play).collect();
    all.into_iter()
        .filter(|(_, (_, play))| play.skipped.is_empty())
        .collect()
}

fn points(ground: &Ground<'_>, costs: &Costs) -> Vec<SinglePoint> {
    let findings: Vec<Finding> = costs
        .values()
        .filter(|(_, play)| play.loss.minutes() - ground.control.loss.minutes() >= TOLD)
        .map(|(pair, play)| plain_finding(ground, pair, play))
        .collect();
    single_points(ground.order.loaded, ground.objects(), &findings)
}

fn changes(before: &Costs, after: &Costs) -> Vec<Change> {
    let mut keys: Vec<&(String, String)> = before.keys().chain(after.keys()).collect();
    keys.sort();
    keys.dedup();
    keys.into_iter()
        .filter_map(|key| change(key, before.get(key), after.get(key)))
        .collect()
}

fn change(
    (fault, target): &(String, String),
    before: Option<&(Pair, Untreated)>,
    after: Option<&(Pair, Untreated)>,
) -> Option<Change> {
    let minutes = |one: Option<&(Pair, Untreated)>| one.map(|(_, play)| play.loss.minutes());
    let (was, is) = (minutes(before), minutes(after));
    let more = is.unwrap_or_default() - was.unwrap_or_default();
    let over = |one: Option<&(Pair, Untreated)>| one.is_none_or(|(_, play)| play.loss.is_over());
    let fatal = over(before) && !over(after);
    let names = after.map_or(&[][..], |(_, play)| play.broken.as_slice());
    let breaks: Vec<String> = names.iter().map(ToString::to_string).collect();
    (more.abs() >= TOLD).then(|| Change {
        words: sentence(fault, target, names.first(), fatal, more),
        fault: fault.clone(),
        target: target.clone(),
        before: was.map(two_digits),
        after: is.map(two_digits),
        more: two_digits(more),
        fatal,
        breaks,
    })
}

fn sentence(
    fault: &str,
    target: &str,
    first: Option<&ObjectRef>,
    fatal: bool,
    more: f64,
) -> String {
    let words = fault.replace('_', " ");
    let minutes = format!(
        "{}{:.1} SLO minutes",
        if more < 0.0 { "− " } else { "+ " },
        more.abs()
    );
    let of = first.map_or(String::new(), |first| format!(" for {}", first.name));
    match (fatal, more < 0.0) {
        (true, _) => format!("this change makes {words} at {target} fatal{of}: {minutes}"),
        (false, false) => format!("this change makes {words} at {target} dearer: {minutes}"),
        (false, true) => format!("this change makes {words} at {target} cheaper: {minutes}"),
    }
}

/// What the newer manifests no longer have of what keeps a workload up.
fn given_up(older: &[Document], newer: &[Document]) -> Vec<String> {
    let mut all = Vec::new();
    for before in older {
        let object = before.reference();
        let after = newer.iter().find(|document| document.reference() == object);
        let Some(after) = after else {
            all.push(format!("{object} is gone"));
            continue;
        };
        all.extend(fields_given_up(before, after).map(|what| format!("{object}: {what}")));
    }
    all
}

fn fields_given_up<'a>(
    before: &'a Document,
    after: &'a Document,
) -> impl Iterator<Item = String> + 'a {
    let replicas = |document: &Document| document.value["spec"]["replicas"].as_u64().unwrap_or(1);
    let fewer = (replicas(after) < replicas(before)).then(|| {
        format!(
            "{} replicas instead of {}",
            replicas(after),
            replicas(before)
        )
    });
    let lost = ["topologySpreadConstraints", "affinity"]
        .into_iter()
        .filter(|name| {
            let has = |document: &Document| {
                let field = &document.value["spec"]["template"]["spec"][*name];
                !field.is_null() && *field != serde_json::json!([])
            };
            has(before) && !has(after)
        });
    let probes = ["readinessProbe", "livenessProbe"]
        .into_iter()
        .filter(|name| {
            let has = |document: &Document| {
                document.value["spec"]["template"]["spec"]["containers"]
                    .as_array()
                    .is_some_and(|all| all.iter().any(|one| one[*name].is_object()))
            };
            has(before) && !has(after)
        });
    fewer
        .into_iter()
        .chain(lost.chain(probes).map(|name| format!("no {name} any more")))
}
