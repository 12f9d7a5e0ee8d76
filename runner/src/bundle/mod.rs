//! Support bundles from where they lie: a folder, an archive, a dump, to one typed [`Bundle`].
//!
//! Reading is bounded, and what is left out is listed: a bundle that is too large, torn or odd
//! never ends the diagnosis of the rest.

mod archive;
mod files;

pub use files::{Files, gather, gather_dump};

use aegis_kube::read::lenient::read_lenient;
use aegis_model::bundle::{Bundle, Unread};
use aegis_telemetry::bundle::{Part, event, read_part};
use serde_json::Value;

/// Types all files of a bundle.
#[must_use]
pub fn assemble(files: Files) -> Bundle {
    let mut bundle = Bundle::default();
    for (file, why) in files.unread {
        bundle.unread.push(Unread { file, why });
    }
    for (path, bytes) in files.read {
        let text = match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => lossy(&path, error.as_bytes(), &mut bundle),
        };
        if is_objects(&path, &text) {
            objects(&path, &text, &mut bundle);
        } else {
            read_part(&path, &text, &mut bundle);
        }
    }
    events_among_objects(&mut bundle);
    bundle
}

fn lossy(path: &str, bytes: &[u8], bundle: &mut Bundle) -> String {
    let why = "it is not UTF-8; the odd bytes were replaced".to_owned();
    let file = path.to_owned();
    bundle.unread.push(Unread { file, why });
    String::from_utf8_lossy(bytes).into_owned()
}

/// Objects stand in `objects.json`; in a folder of manifests and dumps, in any YAML or JSON file.
fn is_objects(path: &str, text: &str) -> bool {
    const ENDINGS: &[&str] = &[".yaml", ".yml", ".json"];
    match Part::of(path) {
        Part::Objects => true,
        Part::Other => ENDINGS.iter().any(|ending| path.ends_with(ending)) && text.contains("kind"),
        _ => false,
    }
}

fn objects(path: &str, text: &str, bundle: &mut Bundle) {
    let read = read_lenient(path, text);
    bundle.objects.extend(read.objects);
    let unread = read.unread.into_iter().map(|why| Unread {
        file: path.to_owned(),
        why,
    });
    bundle.unread.extend(unread);
}

/// A dump of everything holds events as objects.
fn events_among_objects(bundle: &mut Bundle) {
    let is_event = |object: &Value| object.get("kind").and_then(Value::as_str) == Some("Event");
    let events: Vec<_> = bundle
        .objects
        .iter()
        .filter(|object| is_event(object))
        .filter_map(event)
        .collect();
    bundle.events.extend(events);
    bundle.objects.retain(|object| !is_event(object));
}
