//! Endpoints of Services without a selector: what somebody wrote himself, as Endpoints or EndpointSlices.
//!
//! Source: kubernetes.io, Service, "Services without selectors"; pkg/proxy/endpointslicecache.go: a slice belongs to the
//! Service that its label names, its port to that of the same name and protocol, and it is ready where nothing is said;
//! pkg/controller/endpointslicemirroring: Endpoints are mirrored unless a label or a selector forbids it.

use crate::reach::Address;
use aegis_model::Objects;
use aegis_model::kubernetes::{Kind, ServicePort};
use aegis_model::objects::{Header, Service};
use alloc::vec::Vec;
use serde_json::Value;

/// The label of a slice that names its Service.
const SERVICE_NAME: &str = "kubernetes.io/service-name";
const SKIP_MIRROR: &str = "endpointslice.kubernetes.io/skip-mirror";

/// An address that takes a Service's connections, and the port there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    /// Who it is.
    pub address: Address,
    /// The port's number.
    pub port: u16,
}

/// Whether any ready address is written for a Service without a selector.
#[must_use]
pub fn has_ready(objects: &Objects, service: &Service) -> bool {
    let mut parts = parts(objects, service);
    parts.any(|part| part.ready().next().is_some())
}

/// Ready addresses behind a port of a Service without a selector, in the order in which they were written.
#[must_use]
pub fn targets(objects: &Objects, service: &Service, port: &ServicePort) -> Vec<Target> {
    let mut found = Vec::new();
    for part in parts(objects, service) {
        let Some(number) = part.port(port) else {
            continue;
        };
        found.extend(part.ready().map(|address| Target {
            address,
            port: number,
        }));
    }
    found
}

/// Addresses that share their ports: a slice, or a subset of Endpoints.
struct Part<'a> {
    ready: Vec<&'a Value>,
    ports: &'a Value,
}

impl Part<'_> {
    fn ready(&self) -> impl Iterator<Item = Address> {
        let texts = self.ready.iter().filter_map(|text| text.as_str());
        texts.filter_map(|text| text.parse().ok())
    }

    /// The number behind a Service's port; a slice's port without a number is that of the Service.
    fn port(&self, port: &ServicePort) -> Option<u16> {
        let name = port.name.as_deref().unwrap_or_default();
        let protocol = port.protocol.as_deref().unwrap_or("TCP");
        let mut listed = self.ports.as_array().into_iter().flatten();
        let meant = listed.find(|row| {
            row["name"].as_str().unwrap_or_default() == name
                && row["protocol"].as_str().unwrap_or("TCP") == protocol
        })?;
        match meant["port"].as_u64() {
            Some(number) => u16::try_from(number).ok(),
            None => Some(port.port),
        }
    }
}

/// What was written for a Service; nothing where it has a selector, as its endpoints are then its pods.
fn parts<'a>(objects: &'a Objects, service: &'a Service) -> impl Iterator<Item = Part<'a>> {
    let by_hand = service.spec.selector.is_empty();
    let rows = objects.plain.iter().map(|row| &row.header);
    let written = rows.filter(move |row| {
        by_hand
            && row.exists()
            && row.reference.namespace == service.header.reference.namespace
            && belongs(row, &service.header)
    });
    written.flat_map(|row| match row.reference.kind {
        Kind::EndpointSlice => alloc::vec![slice(&row.doc)],
        _ => list(&row.doc["subsets"]).map(subset).collect(),
    })
}

fn belongs(row: &Header, service: &Header) -> bool {
    let name = &service.reference.name;
    match row.reference.kind.as_str() {
        "EndpointSlice" => row.labels.get(SERVICE_NAME) == Some(name),
        "Endpoints" => {
            let skipped = row.labels.get(SKIP_MIRROR);
            row.reference.name == *name && skipped.is_none_or(|said| said != "true")
        }
        _ => false,
    }
}

fn slice(document: &Value) -> Part<'_> {
    let endpoints = list(&document["endpoints"]);
    let ready = endpoints.filter(|one| one["conditions"]["ready"] != false);
    Part {
        // Consumers take the first address (discovery/v1 `Endpoint.addresses`).
        ready: ready.map(|one| &one["addresses"][0]).collect(),
        ports: &document["ports"],
    }
}

fn subset(subset: &Value) -> Part<'_> {
    Part {
        ready: list(&subset["addresses"]).map(|one| &one["ip"]).collect(),
        ports: &subset["ports"],
    }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}
