//! Gateway API: classes that nobody accepts, Gateways without one, routes that lead nowhere.

use super::Case;
use crate::candidate::{
    Candidate,
    Weight::{Proven, Said},
};
use crate::doc::{items, number, text};
use crate::estate::{Estate, Object};
use serde_json::Value;

/// Kinds of routes.
const ROUTES: &[&str] = &["HTTPRoute", "GRPCRoute", "TCPRoute", "TLSRoute", "UDPRoute"];

pub(super) fn find(case: &Case<'_>) -> Vec<Candidate> {
    let estate = &case.estate;
    let mut found = Vec::new();
    for class in estate.of_kind("GatewayClass") {
        found.extend(refused(&class, "Accepted", "gateway_class_missing"));
    }
    for gateway in estate
        .of_kind("Gateway")
        .filter(|one| estate.is_home(one.namespace) && is_of_api(one))
    {
        found.extend(classless(estate, &gateway).or_else(|| {
            ["Accepted", "Programmed"]
                .iter()
                .find_map(|condition| refused(&gateway, condition, "gateway_class_missing"))
        }));
    }
    for kind in ROUTES {
        for route in estate
            .of_kind(kind)
            .filter(|one| estate.is_home(one.namespace))
        {
            found.extend(orphan(estate, &route).or_else(|| leads_nowhere(estate, &route)));
        }
    }
    found
}

/// Istio has a kind of that name too.
fn is_of_api(gateway: &Object<'_>) -> bool {
    text(gateway.doc, "/apiVersion").starts_with("gateway.networking.k8s.io/")
}

/// A condition that a controller says is not so.
fn refused(object: &Object<'_>, condition: &str, id: &str) -> Option<Candidate> {
    let said = items(object.doc, "/status/conditions").find(|one| {
        text(one, "/type") == condition
            && text(one, "/status") == "False"
            && text(one, "/reason") != "Pending"
    })?;
    let words = format!(
        "{condition} is False: {}: {}",
        text(said, "/reason"),
        text(said, "/message")
    );
    Some(
        Candidate::new(id, object.reference())?
            .field(format!("status.conditions[type={condition}]"))
            .value("value", object.name)
            .seen(Said, "object", object.reference(), words),
    )
}

/// A Gateway whose class is not there. Controllers bring their classes themselves, so that only the
/// absence beside other classes tells.
fn classless(estate: &Estate<'_>, gateway: &Object<'_>) -> Option<Candidate> {
    let class = text(gateway.doc, "/spec/gatewayClassName");
    let some = estate.of_kind("GatewayClass").next().is_some();
    let gone = some && !estate.of_kind("GatewayClass").any(|one| one.name == class);
    (gone && !class.is_empty()).then(|| {
        Some(
            Candidate::new("gateway_class_missing", gateway.reference())?
                .field("spec.gatewayClassName")
                .value("value", class)
                .seen(
                    Proven,
                    "object",
                    gateway.reference(),
                    format!("it names GatewayClass {class}, which does not exist"),
                ),
        )
    })?
}

fn detached(route: &Object<'_>, field: &str, words: String) -> Option<Candidate> {
    Some(
        Candidate::new("route_detached", route.reference())?
            .field(field)
            .value("value", words.clone())
            .seen(Proven, "object", route.reference(), words),
    )
}

/// A route whose Gateway is not there, has no such listener, or lets no route of its namespace in.
fn orphan(estate: &Estate<'_>, route: &Object<'_>) -> Option<Candidate> {
    items(route.doc, "/spec/parentRefs").find_map(|parent| {
        if !matches!(text(parent, "/kind"), "" | "Gateway") {
            return None;
        }
        let name = text(parent, "/name");
        let namespace = or_own(text(parent, "/namespace"), route);
        let Some(gateway) = estate.find("Gateway", namespace, name) else {
            let knows = estate.knows("Gateway", namespace);
            let words = format!("it names Gateway {namespace}/{name}, which does not exist");
            return knows
                .then(|| detached(route, "spec.parentRefs", words))
                .flatten();
        };
        let section = text(parent, "/sectionName");
        let listeners: Vec<&Value> = items(gateway.doc, "/spec/listeners")
            .filter(|one| section.is_empty() || text(one, "/name") == section)
            .collect();
        let apart = namespace != route.namespace;
        let shut = |one: &&Value| {
            matches!(
                text(one, "/allowedRoutes/namespaces/from"),
                "" | "Same" | "None"
            )
        };
        if listeners.is_empty() {
            let words = format!("Gateway {name} has no listener {section}");
            detached(route, "spec.parentRefs", words)
        } else if apart && listeners.iter().all(shut) {
            let words =
                format!("Gateway {namespace}/{name} lets in routes of its own namespace alone");
            detached(route, "spec.parentRefs", words)
        } else {
            None
        }
    })
}

fn or_own<'a>(namespace: &'a str, route: &Object<'a>) -> &'a str {
    if namespace.is_empty() {
        route.namespace
    } else {
        namespace
    }
}

/// A route to a Service or port that is not there.
fn leads_nowhere(estate: &Estate<'_>, route: &Object<'_>) -> Option<Candidate> {
    let rules = items(route.doc, "/spec/rules");
    let mut backends = rules.flat_map(|rule| items(rule, "/backendRefs"));
    backends.find_map(|backend| {
        if !matches!(text(backend, "/kind"), "" | "Service") {
            return None;
        }
        let name = text(backend, "/name");
        let namespace = or_own(text(backend, "/namespace"), route);
        let Some(service) = estate.find("Service", namespace, name) else {
            let knows = estate.knows("Service", namespace);
            let words = format!("it sends to Service {namespace}/{name}, which does not exist");
            return knows
                .then(|| detached(route, "spec.rules[].backendRefs", words))
                .flatten();
        };
        let port = number(backend, "/port")?;
        let mut ports = items(service.doc, "/spec/ports").filter_map(|one| number(one, "/port"));
        if ports.any(|one| one == port) {
            return None;
        }
        let words = format!("it sends to port {port} of Service {name}, which has no such port");
        detached(route, "spec.rules[].backendRefs", words)
    })
}
