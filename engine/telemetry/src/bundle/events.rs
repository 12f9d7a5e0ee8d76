//! Events of the API, of `v1` and of `events.k8s.io`.

use crate::moment::moment;
use aegis_model::bundle::{Bundle, ClusterEvent, Unread};
use serde_json::Value;

/// A `v1 List` of events, or a list.
pub(super) fn events(value: &Value, bundle: &mut Bundle) -> Result<(), String> {
    let items = value.get("items").unwrap_or(value);
    let items = items.as_array().ok_or("it is no list of events")?;
    let mut odd = 0;
    for item in items {
        match event(item) {
            Some(event) => bundle.events.push(event),
            None => odd += 1,
        }
    }
    if odd > 0 {
        let why = format!("{odd} of {} entries name no object or reason", items.len());
        let file = "events.json".to_owned();
        bundle.unread.push(Unread { file, why });
    }
    Ok(())
}

/// One event; nothing if it names neither an object nor a reason.
#[must_use]
pub fn event(item: &Value) -> Option<ClusterEvent> {
    let text = |key: &str| item.get(key).and_then(Value::as_str);
    let about = item.get("involvedObject").or_else(|| item.get("regarding"));
    let about = |key: &str| {
        about
            .and_then(|about| about.get(key))
            .and_then(Value::as_str)
            .unwrap_or("")
    };
    let series = item.get("series");
    let count = [
        item.get("count"),
        item.get("deprecatedCount"),
        series.and_then(|series| series.get("count")),
    ];
    let last = [
        text("lastTimestamp"),
        text("deprecatedLastTimestamp"),
        series.and_then(|series| series.get("lastObservedTime")?.as_str()),
        text("eventTime"),
        text("firstTimestamp"),
    ];
    let found = ClusterEvent {
        kind: about("kind").to_owned(),
        namespace: about("namespace").to_owned(),
        name: about("name").to_owned(),
        reason: text("reason").unwrap_or("").to_owned(),
        message: text("message").or(text("note")).unwrap_or("").to_owned(),
        warning: text("type") == Some("Warning"),
        count: count
            .into_iter()
            .flatten()
            .find_map(Value::as_u64)
            .unwrap_or(1)
            .max(1),
        last: last.into_iter().flatten().find_map(moment),
    };
    let named = !found.name.is_empty() || !found.kind.is_empty();
    (named && !(found.reason.is_empty() && found.message.is_empty())).then_some(found)
}
