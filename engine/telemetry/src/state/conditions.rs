//! Conditions: a sample for each of the three statuses.

use super::read::{self, one, text, with};
use crate::family::Family;
use crate::family::Labels;
use serde_json::Value;

/// `status` of a condition and how kube-state-metrics spells it.
const STATUSES: [(&str, &str); 3] = [("True", "true"), ("False", "false"), ("Unknown", "unknown")];

/// The conditions of an object.
pub(super) fn all(object: &Value) -> impl Iterator<Item = &Value> {
    read::items(object, "/status/conditions")
}

/// The condition of a type.
pub(super) fn find<'a>(object: &'a Value, kind: &str) -> Option<&'a Value> {
    all(object).find(|condition| text(condition, "/type") == kind)
}

/// Three samples: 1 under the status that it has.
pub(super) fn add(family: &mut Family, labels: &Labels, key: &'static str, condition: &Value) {
    for (status, spelt) in STATUSES {
        let holds = text(condition, "/status") == status;
        family.add(with(labels, &[(key, spelt)]), one(holds));
    }
}
