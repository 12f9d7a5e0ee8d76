//! Conditions in a list, set as Kubernetes' controllers set them.

use aegis_model::Tick;
use aegis_model::objects::{Condition, ConditionStatus};
use alloc::sync::Arc;
use alloc::vec::Vec;

/// What a condition is to say.
pub(super) struct Saying<'a> {
    /// `type`.
    pub kind: &'static str,
    /// `status`.
    pub status: ConditionStatus,
    /// `reason`.
    pub reason: &'a str,
    /// `message`.
    pub message: &'a str,
}

/// The condition of that type.
pub(super) fn get<'a>(conditions: &'a [Condition], kind: &str) -> Option<&'a Condition> {
    conditions.iter().find(|condition| condition.kind == kind)
}

/// Removes the condition of that type.
pub(super) fn remove(conditions: &mut Vec<Condition>, kind: &str) {
    conditions.retain(|condition| condition.kind != kind);
}

/// Sets a condition; one with the same status and reason stays as it is, and the transition time
/// moves only with the status. Source: deployment_util.go `SetDeploymentCondition`.
pub(super) fn set(conditions: &mut Vec<Condition>, saying: &Saying<'_>, now: Tick) {
    let present = get(conditions, saying.kind);
    if present.is_some_and(|c| c.status == saying.status && c.reason == saying.reason) {
        return;
    }
    let kept = present.filter(|c| c.status == saying.status);
    let since = kept.map_or(now, |c| c.since);
    let new = condition(saying, since, now);
    remove(conditions, saying.kind);
    conditions.push(new);
}

/// Sets a condition even where it says the same already, so that its update time is now.
pub(super) fn renew(conditions: &mut Vec<Condition>, saying: &Saying<'_>, now: Tick) {
    let present = get(conditions, saying.kind).filter(|c| c.status == saying.status);
    let new = condition(saying, present.map_or(now, |c| c.since), now);
    remove(conditions, saying.kind);
    conditions.push(new);
}

/// Sets a condition in its place, its message too. Source: horizontal.go `setConditionInList`.
pub(super) fn set_in_place(conditions: &mut Vec<Condition>, saying: &Saying<'_>, now: Tick) {
    let Some(present) = conditions.iter_mut().find(|c| c.kind == saying.kind) else {
        conditions.push(condition(saying, now, now));
        return;
    };
    if present.status != saying.status {
        present.since = now;
    }
    present.status = saying.status;
    if present.reason != saying.reason {
        present.reason = saying.reason.into();
    }
    if *present.message != *saying.message {
        present.message = Arc::from(saying.message);
    }
    present.updated = now;
}

fn condition(saying: &Saying<'_>, since: Tick, now: Tick) -> Condition {
    Condition {
        kind: saying.kind.into(),
        status: saying.status,
        reason: saying.reason.into(),
        message: saying.message.into(),
        since,
        updated: now,
    }
}
