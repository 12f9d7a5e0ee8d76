//! Where containers listen, by their commands or by what is known of their images, against the Services
//! and probes that ask them: ports, protocols, paths.

use super::Case;
use super::served;
use crate::candidate::{
    Candidate,
    Weight::{Documented, Proven},
};
use crate::containers::{Container, of_workload};
use crate::doc::{items, text};
use crate::estate::Estate;
use aegis_images::Http;
use serde_json::Value;

pub(super) fn find(case: &Case<'_>) -> Vec<Candidate> {
    let estate = &case.estate;
    let all = 0..estate.workloads.len();
    all.flat_map(|at| {
        let mut found = Vec::new();
        let containers: Vec<Container<'_>> = of_workload(estate, at)
            .filter(|one| one.list == "containers" || text(one.doc, "/restartPolicy") == "Always")
            .collect();
        for one in &containers {
            found.extend(probed(estate, one));
        }
        if let Some(known) = all_ports(estate, &containers) {
            let served = served_elsewhere(estate, at, &containers, &known);
            found.extend(served);
            found.extend(asked_elsewhere(estate, &containers, &known));
        }
        found
    })
    .collect()
}

/// The ports of all containers of a pod, and why; nothing where those of one are not known.
fn all_ports(estate: &Estate<'_>, containers: &[Container<'_>]) -> Option<Vec<(i64, String)>> {
    let mut ports = Vec::new();
    for one in containers {
        let found = served::listening(estate, one)?;
        ports.extend(found.ports.iter().map(|port| (*port, found.why.clone())));
    }
    (!ports.is_empty()).then_some(ports)
}

fn words(known: &[(i64, String)], port: i64) -> String {
    let (first, why) = &known[0];
    format!("{why} listens on {first}, not on {port}")
}

/// A Service that sends to a port on which nothing listens.
fn served_elsewhere(
    estate: &Estate<'_>,
    at: usize,
    containers: &[Container<'_>],
    known: &[(i64, String)],
) -> Option<Candidate> {
    let number = |port: &Value| containers.iter().find_map(|one| one.port(port));
    estate.services_of(at).into_iter().find_map(|service| {
        let targets = items(service.doc, "/spec/ports")
            .filter(|port| matches!(text(port, "/protocol"), "" | "TCP"))
            .filter_map(|port| port.get("targetPort").or_else(|| port.get("port")));
        let wrong = { targets }
            .filter_map(number)
            .find(|port| !known.iter().any(|(own, _)| own == port))?;
        let mut found = Candidate::at_workload("service_target_port_wrong", estate, at)?
            .field("spec.ports[].targetPort")
            .value("service", service.name)
            .value("value", wrong.to_string())
            .value("value_right", known[0].0.to_string())
            .seen(
                sureness(containers, wrong),
                "object",
                estate.workloads[at].object.reference(),
                words(known, wrong),
            );
        found.object = service.reference();
        Some(found.by_itself())
    })
}

/// Where a container declares the port too, somebody may have built an image of that name for it.
fn sureness(containers: &[Container<'_>], port: i64) -> crate::candidate::Weight {
    match containers.iter().any(|one| one.declares(port)) {
        true => Proven,
        false => Documented,
    }
}

/// Probes with the families of their causes.
const PROBES: &[(&str, &str)] = &[
    ("livenessProbe", "liveness"),
    ("startupProbe", "liveness"),
    ("readinessProbe", "readiness"),
];

/// A probe of a port on which nothing listens.
fn asked_elsewhere(
    estate: &Estate<'_>,
    containers: &[Container<'_>],
    known: &[(i64, String)],
) -> Vec<Candidate> {
    let all = containers
        .iter()
        .flat_map(|one| PROBES.iter().map(move |probe| (one, probe)));
    all.filter_map(|(one, (field, family))| {
        let spec = one.doc.get(*field)?;
        let handlers = ["/httpGet/port", "/tcpSocket/port", "/grpc/port"];
        let asked = handlers.iter().find_map(|handler| spec.pointer(handler))?;
        let port = one.port(asked)?;
        if known.iter().any(|(own, _)| *own == port) {
            return None;
        }
        let id = format!("{family}_probe_wrong_port");
        let found = Candidate::documented(estate, one, (&id, field), words(known, port))?;
        let right = known[0].0.to_string();
        Some(
            found
                .value("value", port.to_string())
                .value("value_right", right),
        )
    })
    .collect()
}

/// A probe in a protocol that the image does not speak, or for a path that it does not have.
fn probed(estate: &Estate<'_>, one: &Container<'_>) -> Option<Candidate> {
    PROBES.iter().find_map(|(field, family)| {
        let spec = one.doc.get(*field)?;
        if let Some(words) = misasked(one, spec) {
            let id = format!("{family}_probe_wrong_protocol");
            return Candidate::documented(estate, one, (&id, field), words);
        }
        let path = match text(spec, "/httpGet/path") {
            "" => "/",
            path => path.split('?').next().unwrap_or(path),
        };
        let port = one.port(spec.pointer("/httpGet/port")?)?;
        let listens = served::listening(estate, one);
        if listens.is_some_and(|known| !known.ports.contains(&port)) {
            return None;
        }
        let words = served::lacks(estate, one, path)?;
        Candidate::documented(
            estate,
            one,
            (&format!("{family}_probe_fails"), field),
            words,
        )
    })
}

fn misasked(one: &Container<'_>, spec: &Value) -> Option<String> {
    let row = one.known().filter(|row| !row.ports.is_empty())?;
    let image = text(one.doc, "/image");
    if spec.get("grpc").is_some() {
        return Some(format!("{image} does not speak gRPC"));
    }
    let get = spec.get("httpGet")?;
    let port = one.port(get.get("port")?)?;
    if row.http == Http::Never {
        return row
            .ports
            .contains(&port)
            .then(|| format!("{image} does not speak HTTP"));
    }
    let is_open = row.ports.first() == Some(&port) && !port.to_string().ends_with("443");
    let secure = text(get, "/scheme") == "HTTPS" && one.is_plain() && one.mounts().next().is_none();
    let free = one.variables().next().is_none() && !one.takes_sets();
    (secure && is_open && free).then(|| format!("{image} speaks no TLS as it comes"))
}
