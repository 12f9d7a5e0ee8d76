//! Logs of runs whose objects have other names, compared.

use crate::generate::Naming;
use aegis_model::{RunEvent, Stamped};
use serde_json::Value;

/// The same text with one naming's names replaced by the other's.
#[must_use]
pub fn renamed(text: &str, from: &Naming, to: &Naming) -> String {
    let pairs = from.all().zip(to.all());
    let mut text = text.to_owned();
    // Names are eight letters each and share nothing: no replacement makes a match for another.
    for (old, new) in pairs {
        text = text.replace(old.as_str(), new);
    }
    text
}

/// What an event says, apart from the objects of an observation, whose names, hashes and
/// documents differ by construction: of an observation its figures.
#[must_use]
pub fn content(event: &Stamped) -> Value {
    let value = match &event.event {
        RunEvent::Observed(delta) => serde_json::to_value((&delta.samples, delta.at)),
        _ => serde_json::to_value(event),
    };
    value.unwrap_or(Value::Null)
}

/// Whether the event is an observation.
#[must_use]
pub const fn is_observation(event: &Stamped) -> bool {
    matches!(event.event, RunEvent::Observed(_))
}

/// Where two logs part, and how: both are read to the first observation whose figures differ.
///
/// # Errors
/// An event before it that is not the other's renamed, in words.
pub fn same_until_seen(
    one: &[Stamped],
    other: &[Stamped],
    names: (&Naming, &Naming),
) -> Result<usize, String> {
    for (index, (a, b)) in one.iter().zip(other).enumerate() {
        let (left, right) = (content(a).to_string(), content(b).to_string());
        let left = renamed(&left, names.0, names.1);
        if left == right {
            continue;
        }
        if is_observation(a) && is_observation(b) {
            return Ok(index);
        }
        return Err(crate::pair::differing(index, &left, &right));
    }
    if one.len() == other.len() {
        Ok(one.len())
    } else {
        Err(format!("{} events and {} events", one.len(), other.len()))
    }
}
