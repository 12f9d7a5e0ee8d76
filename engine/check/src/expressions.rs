//! Expressions of admission policies: whether they compile.
//!
//! What the reader of expressions does not know may well be right, and is let pass.
//! Source: pkg/apis/admissionregistration/validation `validateValidatingAdmissionPolicySpec`.

use super::findings::Findings;
use super::values;
use aegis_cel::{Expression, Unread};
use aegis_model::FieldPath;
use serde_json::Value;

/// What every expression of a policy may speak of.
const DECLARED: [&str; 7] = [
    "authorizer",
    "namespaceObject",
    "object",
    "oldObject",
    "params",
    "request",
    "variables",
];

/// The expressions of a ValidatingAdmissionPolicy.
pub fn policy(spec: &Value, path: &FieldPath, findings: &mut Findings) {
    for list in ["matchConditions", "variables", "validations"] {
        for (one, at) in values::items(spec, path, list) {
            compiles(&one["expression"], &at.key("expression"), findings);
            compiles(
                &one["messageExpression"],
                &at.key("messageExpression"),
                findings,
            );
        }
    }
}

fn compiles(text: &Value, at: &FieldPath, findings: &mut Findings) {
    let Some(text) = text.as_str().filter(|text| !text.trim().is_empty()) else {
        return;
    };
    let why = match Expression::read(text) {
        Ok(read) => {
            let mut free = read.names().filter(|name| !DECLARED.contains(name));
            match free.find(|name| !read.receivers().any(|one| one == *name)) {
                Some(name) => format!("undeclared reference to '{name}' (in container '')"),
                None => return,
            }
        }
        Err(Unread::Broken(why)) => format!("Syntax error: {why}"),
        Err(Unread::Unknown(_)) => return,
    };
    let detail = format!("compilation failed: ERROR: <input>:1:1: {why}");
    findings.invalid(at, text, &detail);
}

#[cfg(test)]
mod tests {
    use super::{Findings, compiles};
    use aegis_model::FieldPath;
    use serde_json::json;

    #[test]
    fn names_that_methods_are_asked_of_may_be_libraries() {
        for (text, refused) in [
            ("object.spec.replicas <= limit", true),
            ("library.contains(object.metadata.name)", false),
            ("size(limit) > 0", true),
        ] {
            let mut findings = Findings::default();
            compiles(&json!(text), &FieldPath::default(), &mut findings);
            assert_eq!(!findings.list.is_empty(), refused, "{text}");
        }
    }
}
