//! Names: what a caller's look-up of the host that it calls finds.
//!
//! The rules are [`aegis_cluster::dns`]'s; here they are asked for an edge. Not simulated: how long look-ups take, so
//! that the further queries of a search list cost nothing.

use aegis_cluster::Cluster;
use aegis_cluster::dns::{self, Asked, Named};
use aegis_model::{Call, PodId, ServiceId};
use serde_json::Value;
use smol_str::SmolStr;

/// What a caller's look-up finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// The Service that the edge leads to, or another one under its name.
    Service(ServiceId),
    /// An address at which nobody is; packets to it are dropped.
    Gone,
    /// No such name.
    Nothing,
}

/// Whether the name server of a pod answers.
pub fn asked<P: Clone>(cluster: &mut Cluster<P>, caller: PodId) -> Asked {
    let Cluster {
        objects, workings, ..
    } = cluster;
    let traffic = &mut workings.traffic;
    dns::asked(objects, traffic.dns, caller, |from, to, port, protocol| {
        traffic.reach.reach(objects, from, to, port, protocol)
    })
}

/// What the name of a call stands for.
pub fn meant<P: Clone>(cluster: &Cluster<P>, caller: PodId, call: &Call, to: ServiceId) -> Found {
    let objects = &cluster.objects;
    let name = (call.host.clone()).unwrap_or_else(|| assumed(cluster, caller, to));
    if dns::is_plain(objects, caller, &name, to) {
        return Found::Service(to);
    }
    let look = dns::look_up(objects, caller, &name);
    let endpoints = &objects.services[to.index()].endpoints;
    match look.found {
        Ok(Named::Service(found)) => Found::Service(found),
        // A pod of the Service stands for all of them.
        Ok(Named::Pod(pod)) if endpoints.iter().any(|endpoint| endpoint.pod == pod) => {
            Found::Service(to)
        }
        // What lies outside by DNS is not followed; the hosts file sends its callers astray.
        Ok(Named::Outside) if !look.queries.is_empty() => Found::Service(to),
        Ok(_) => Found::Gone,
        Err(_) => Found::Nothing,
    }
}

/// The name by which a Service is called where no manifest says it: as the caller's hosts file spells it, else the full
/// one, which asks least of the caller's configuration.
fn assumed<P>(cluster: &Cluster<P>, caller: PodId, to: ServiceId) -> SmolStr {
    let objects = &cluster.objects;
    let template = objects.pods[caller.index()].template;
    let spec = &objects.templates[template.index()].doc["spec"];
    let reference = &objects.services[to.index()].header.reference;
    let aliases = spec["hostAliases"].as_array().into_iter().flatten();
    let lists = aliases.filter_map(|alias| alias["hostnames"].as_array());
    let mut names = lists.flatten().filter_map(Value::as_str);
    let spelt = names.find(|name| name.split('.').next() == Some(reference.name.as_str()));
    spelt.map_or_else(|| dns::full_name(reference), SmolStr::from)
}
