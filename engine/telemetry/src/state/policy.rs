//! Namespaces and what bounds them.

use super::conditions;
use super::read::{fields, items, named, one, quantity, text, with};
use crate::sheet::Sheet;
use serde_json::Value;

/// Constraints of a LimitRange: field and label.
const CONSTRAINTS: [(&str, &str); 5] = [
    ("min", "min"),
    ("max", "max"),
    ("default", "default"),
    ("defaultRequest", "defaultRequest"),
    ("maxLimitRequestRatio", "maxLimitRequestRatio"),
];

/// Adds the samples of an object of one of these kinds.
pub(super) fn of(kind: &str, object: &Value, sheet: &mut Sheet) {
    match kind {
        "Namespace" => namespace(object, sheet),
        "ResourceQuota" => quota(object, sheet),
        _ => limits(object, sheet),
    }
}

fn namespace(object: &Value, sheet: &mut Sheet) {
    let labels = vec![("namespace", text(object, "/metadata/name").to_owned())];
    let own = text(object, "/status/phase");
    let family = sheet.gauge(
        "kube_namespace_status_phase",
        "kubernetes namespace status phase.",
    );
    for phase in ["Active", "Terminating"] {
        family.add(with(&labels, &[("phase", phase)]), one(phase == own));
    }
    let family = sheet.gauge(
        "kube_namespace_status_condition",
        "The condition of a namespace.",
    );
    for condition in conditions::all(object) {
        let labels = with(&labels, &[("condition", text(condition, "/type"))]);
        conditions::add(family, &labels, "status", condition);
    }
}

fn quota(object: &Value, sheet: &mut Sheet) {
    let labels = named(object, "resourcequota");
    let family = sheet.gauge("kube_resourcequota", "Information about resource quota.");
    for kind in ["hard", "used"] {
        for (resource, amount) in fields(object, &format!("/status/{kind}")) {
            if let Some(amount) = quantity(amount) {
                family.add(
                    with(&labels, &[("resource", resource), ("type", kind)]),
                    amount,
                );
            }
        }
    }
}

fn limits(object: &Value, sheet: &mut Sheet) {
    let labels = named(object, "limitrange");
    let family = sheet.gauge("kube_limitrange", "Information about limit range.");
    for limit in items(object, "/spec/limits") {
        for (field, constraint) in CONSTRAINTS {
            for (resource, amount) in fields(limit, &format!("/{field}")) {
                let more = [
                    ("resource", resource.as_str()),
                    ("type", text(limit, "/type")),
                    ("constraint", constraint),
                ];
                if let Some(amount) = quantity(amount) {
                    family.add(with(&labels, &more), amount);
                }
            }
        }
    }
}
