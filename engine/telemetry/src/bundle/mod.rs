//! Support bundles: the files of one, typed. Objects are read by `aegis-kube`; all else here.
//!
//! A file that cannot be read is listed, and the rest of the bundle is used: nothing here fails,
//! and nothing is dropped without a word.

mod alerts;
mod events;
mod logs;
mod metrics;
mod nodes;

use aegis_model::bundle::{Attempt, AttemptOutcome, Bundle, KnownCall, Unread};
use serde_json::Value;
use std::collections::BTreeMap;

pub use events::event;
pub use logs::log;

/// What a file of a bundle is, by its path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// `objects.json`: for `aegis-kube`.
    Objects,
    /// `events.json`.
    Events,
    /// `logs/…`.
    Log,
    /// `alerts.json`.
    Alerts,
    /// `metrics.csv`.
    MetricSheet,
    /// `metrics.json`.
    MetricRanges,
    /// `nodes/<node>/<service>.txt`.
    Daemon,
    /// `connectivity.json`.
    Connectivity,
    /// `dependencies.json`.
    Dependencies,
    /// `cluster.json`.
    Cluster,
    /// `query.txt`.
    Complaint,
    /// Nothing that is known.
    Other,
}

impl Part {
    /// By the path below the bundle's folder, parted by `/`.
    #[must_use]
    pub fn of(path: &str) -> Self {
        let file = path.rsplit('/').next().unwrap_or(path);
        let below = |folder: &str| path.starts_with(folder) && path.len() > folder.len();
        match file {
            _ if below("logs/") => Self::Log,
            _ if below("nodes/") => Self::Daemon,
            "objects.json" | "objects.yaml" | "objects.yml" => Self::Objects,
            "events.json" => Self::Events,
            "alerts.json" => Self::Alerts,
            "metrics.csv" => Self::MetricSheet,
            "metrics.json" => Self::MetricRanges,
            "connectivity.json" => Self::Connectivity,
            "dependencies.json" => Self::Dependencies,
            "cluster.json" => Self::Cluster,
            "query.txt" => Self::Complaint,
            _ => Self::Other,
        }
    }
}

/// Reads a file of a bundle, objects apart, into it.
pub fn read_part(path: &str, text: &str, bundle: &mut Bundle) {
    let read = match Part::of(path) {
        Part::Log => {
            bundle.logs.extend(log(path, text));
            Ok(())
        }
        Part::Daemon => nodes::daemon(path, text).map(|daemon| bundle.daemons.push(daemon)),
        Part::MetricSheet => metrics::sheet(text).map(|series| bundle.series.extend(series)),
        Part::Complaint => {
            text.trim().clone_into(&mut bundle.complaint);
            Ok(())
        }
        Part::Objects | Part::Other => Err("it is no part of a bundle that is known".to_owned()),
        part => document(text).and_then(|value| structured(part, &value, bundle)),
    };
    if let Err(why) = read {
        let file = path.to_owned();
        bundle.unread.push(Unread { file, why });
    }
}

fn document(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).map_err(|error| format!("it is no JSON: {error}"))
}

fn structured(part: Part, value: &Value, bundle: &mut Bundle) -> Result<(), String> {
    match part {
        Part::Events => events::events(value, bundle),
        Part::Alerts => alerts::alerts(value).map(|read| bundle.alerts.extend(read)),
        Part::MetricRanges => metrics::ranges(value).map(|read| bundle.series.extend(read)),
        Part::Connectivity => attempts(value, bundle),
        Part::Dependencies => calls(value, bundle),
        Part::Cluster => {
            cluster(value, bundle);
            Ok(())
        }
        _ => Err("it is not read as a document".to_owned()),
    }
}

fn cluster(value: &Value, bundle: &mut Bundle) {
    let text = |key: &str| value.get(key).and_then(Value::as_str);
    bundle.namespace = text("namespace").map(str::to_owned);
    bundle.collected_at = text("collectedAt").and_then(crate::moment::moment);
}

fn attempts(value: &Value, bundle: &mut Bundle) -> Result<(), String> {
    let list = value.as_array().ok_or("it is no list of attempts")?;
    let text = |of: &Value, key: &str| of.get(key).and_then(Value::as_str).unwrap_or("").to_owned();
    bundle.attempts.extend(list.iter().map(|attempt| {
        let said = text(attempt, "result");
        Attempt {
            from: text(attempt, "from"),
            service: text(attempt, "service"),
            port: attempt.get("port").and_then(Value::as_u64).unwrap_or(0),
            outcome: outcome(&said),
            said,
        }
    }));
    Ok(())
}

/// What a connection test printed: netcat's and curl's words.
fn outcome(said: &str) -> AttemptOutcome {
    const GOOD: &[&str] = &["succeeded", " open", "connected"];
    const BAD: &[&str] = &[
        "failed",
        "refused",
        "timed out",
        "unreachable",
        "no route",
        "bad address",
        "not known",
    ];
    let lower = said.to_ascii_lowercase();
    let any = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    if any(BAD) {
        AttemptOutcome::Failed
    } else if any(GOOD) {
        AttemptOutcome::Connected
    } else {
        AttemptOutcome::Unclear
    }
}

fn calls(value: &Value, bundle: &mut Bundle) -> Result<(), String> {
    let table = value.as_object().ok_or("it is no table of callers")?;
    let mut found: BTreeMap<KnownCall, ()> = BTreeMap::new();
    for (from, callees) in table {
        for to in callees.as_array().into_iter().flatten() {
            if let Some(to) = to.as_str() {
                let (from, to) = (from.clone(), to.to_owned());
                found.insert(KnownCall { from, to }, ());
            }
        }
    }
    bundle.calls.extend(found.into_keys());
    Ok(())
}
