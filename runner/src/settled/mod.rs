//! Plain manifests as a bundle: what kubectl and the API server say of them, and the cluster that
//! they make after a while, on nodes of a size for them.
//!
//! Nothing is pulled and no program is run. What a command plainly does the simulator's shell plays;
//! what only the image would do is taken to work, and [`Bundle::assumed`] says so.

mod calls;
mod cure;
mod play;
mod remedy;
mod texts;
mod trial;

pub use trial::fixed;

use crate::bundle::{Files, assemble};
use aegis_model::bundle::{Bundle, Origin};
use aegis_telemetry::bundle::Part;
use serde_json::Value;

/// Seconds that manifests are played: a progress deadline (600 s by default), and slow probes after it.
const PLAYED: u32 = 900;

/// Whether files hold manifests alone: objects that no API server has seen, and nothing that was
/// observed of a cluster.
#[must_use]
pub fn is_plain(bundle: &Bundle) -> bool {
    let observed = bundle.events.len()
        + bundle.logs.len()
        + bundle.alerts.len()
        + bundle.series.len()
        + bundle.daemons.len()
        + bundle.attempts.len();
    observed == 0 && !bundle.objects.iter().any(was_served)
}

/// Whether an API server has given the object: it bears what no manifest does.
fn was_served(object: &Value) -> bool {
    let set = |pointer: &str| {
        object.pointer(pointer).is_some_and(|value| match value {
            Value::Null => false,
            Value::Object(fields) => !fields.is_empty(),
            _ => true,
        })
    };
    let by_metadata = ["/metadata/uid", "/metadata/resourceVersion"];
    let states_itself = matches!(
        object["kind"].as_str(),
        Some("Node" | "CustomResourceDefinition")
    );
    by_metadata.into_iter().any(set) || set("/status") && !states_itself
}

/// A bundle of files: read as it was collected, or, where they are manifests alone, settled first.
#[must_use]
pub fn diagnosable(files: Files) -> Bundle {
    let objects_alone = files
        .read
        .keys()
        .all(|path| matches!(Part::of(path), Part::Objects | Part::Other));
    if !objects_alone {
        return assemble(files);
    }
    let collected = assemble(files.clone());
    if is_plain(&collected) {
        settle(files)
    } else {
        collected
    }
}

/// Plays manifests and collects what an operator would of the cluster.
#[must_use]
pub fn settle(files: Files) -> Bundle {
    let mut read = texts::read(files);
    let mut bundle = play::play(&mut read, PLAYED);
    bundle.origin = Origin::Settled;
    bundle.refused = read.refused;
    bundle.unread.extend(read.unread);
    bundle
}
