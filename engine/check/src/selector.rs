//! Label selectors.

use super::findings::Findings;
use super::{item, names};
use aegis_model::FieldPath;
use aegis_model::kubernetes::{LabelSelector, Operator, Requirement};

/// Whether a selector selects everything.
pub fn is_empty(selector: &LabelSelector) -> bool {
    selector.match_labels.is_empty() && selector.match_expressions.is_empty()
}

/// Labels and expressions of a selector.
pub fn selector(selector: &LabelSelector, path: &FieldPath, findings: &mut Findings) {
    names::labels(&selector.match_labels, &path.key("matchLabels"), findings);
    for (index, expression) in selector.match_expressions.iter().enumerate() {
        let at = item(&path.key("matchExpressions"), index);
        requirement(expression, &at, findings);
        if matches!(expression.operator, Operator::Gt | Operator::Lt) {
            findings.invalid(&at.key("operator"), "Gt", "not a valid selector operator");
        }
    }
}

/// One expression.
pub fn requirement(expression: &Requirement, at: &FieldPath, findings: &mut Findings) {
    let values = at.key("values");
    let given = !expression.values.is_empty();
    match expression.operator {
        Operator::In | Operator::NotIn if !given => {
            findings.required(
                &values,
                "must be specified when `operator` is 'In' or 'NotIn'",
            );
        }
        Operator::Exists | Operator::DoesNotExist if given => {
            let detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
            findings.forbidden(&values, detail);
        }
        Operator::Gt | Operator::Lt if expression.values.len() != 1 => {
            findings.required(
                &values,
                "must be specified single value when `operator` is 'Lt' or 'Gt'",
            );
        }
        _ => {}
    }
}
