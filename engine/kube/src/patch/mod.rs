//! Patches and differences, as lists of field changes.
//!
//! Every kind of patch is applied to the document as it stands, and what it changed
//! is said field by field, lists by their keys. Applying the changes with
//! [`apply`] to the document before gives the document after.

mod diff;
mod json;
mod keys;
mod merge;
mod strategic;

pub use diff::diff;
pub use json::{PatchError, patched};
pub use keys::merge_key;
pub use merge::{between, merged};
pub use strategic::strategically_merged;

use aegis_model::FieldChange;
use serde_json::Value;

/// The changes that a JSON merge patch (RFC 7386) makes: null removes, lists are replaced.
#[must_use]
pub fn merge_patch(before: &Value, patch: &Value) -> Vec<FieldChange> {
    diff(before, &merged(before, patch))
}

/// The changes that a strategic merge patch makes, as `kubectl patch` sends it by default.
#[must_use]
pub fn strategic(before: &Value, patch: &Value) -> Vec<FieldChange> {
    diff(before, &strategically_merged(before, patch))
}

/// The changes that a JSON patch (RFC 6902) makes.
///
/// # Errors
/// The first operation that does not apply; then nothing changes.
pub fn json_patch(before: &Value, patch: &Value) -> Result<Vec<FieldChange>, PatchError> {
    Ok(diff(before, &patched(before, patch)?))
}

/// Makes changes in order.
pub fn apply(document: &mut Value, changes: &[FieldChange]) {
    for change in changes {
        change.path.set(document, change.after.clone());
    }
}
