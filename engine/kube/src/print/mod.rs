//! A cluster as the API server would answer `kubectl get … -o yaml`.
//!
//! Documents are printed as they came, with the defaults that Kubernetes 1.34 fills
//! in and the status that the simulator keeps. Ids, addresses and digests are made
//! from canonical numbers, so a renamed object keeps them. Not printed, because
//! nothing stands behind it: managed fields, conditions whose time is not kept.

mod autoscaler;
mod batch;
mod defaults;
mod endpoints;
mod event;
mod given;
mod ident;
mod ingress;
mod meta;
mod node;
mod pod;
mod policy;
mod quantity;
mod replica_set;
mod service;
mod status;
mod storage;
mod time;
mod token;
mod wide;
mod workload;

pub use ident::{cluster_ip, node_ip, pod_ip, uid as pod_uid};
pub use meta::api_version;
pub use time::{EPOCH, Epoch};
pub use wide::wide;

use aegis_model::objects::{Objects, WorkloadSpec};
use aegis_model::units::Tick;
use serde_json::{Value, json};

/// Seconds for which the API server keeps an Event (`--event-ttl`, 1 h by default).
pub const EVENT_TTL: u32 = 3600;

/// What every printer needs.
#[derive(Clone, Copy)]
struct Context<'a> {
    objects: &'a Objects,
    clock: Tick,
    epoch: Epoch,
    /// ServiceAccounts whose pods get no token: namespace and name.
    without_token: &'a [(&'a str, &'a str)],
}

/// All objects that exist at `clock`, as a `v1 List`; kinds in the order in which a cluster comes
/// up, objects of a kind by namespace and name.
#[must_use]
pub fn list(objects: &Objects, clock: Tick, epoch: Epoch) -> Value {
    let without_token = token::accounts_without(objects);
    let cx = Context {
        objects,
        clock,
        epoch,
        without_token: &without_token,
    };
    let groups = [
        nodes(&cx),
        plain(&cx),
        given::of_cluster(&cx),
        given::of_namespaces(&cx),
        given::api_server(&cx),
        given::revisions(&cx),
        given::leases(&cx),
        classes(&cx),
        volumes(&cx),
        attachments(&cx),
        claims(&cx),
        workloads(&cx),
        replica_sets(&cx),
        pods(&cx),
        services(&cx),
        slices(&cx),
        endpoints_of(&cx),
        autoscalers(&cx),
        policies(&cx),
        budgets(&cx),
        events(&cx),
    ];
    let mut items: Vec<Value> = groups.into_iter().flat_map(sorted).collect();
    items.iter_mut().for_each(quantity::canonicalize);
    json!({"apiVersion": "v1", "kind": "List", "metadata": {"resourceVersion": ""}, "items": items})
}

fn sorted(mut items: Vec<Value>) -> Vec<Value> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    items.sort_by_cached_key(|item| {
        let meta = &item["metadata"];
        (
            text(&item["kind"]),
            text(&meta["namespace"]),
            text(&meta["name"]),
        )
    });
    items
}

fn nodes(cx: &Context<'_>) -> Vec<Value> {
    let rows = cx.objects.nodes.enumerate();
    rows.filter(|(_, row)| row.header.exists())
        .map(|(index, row)| node::print(cx, index, row))
        .collect()
}

fn plain(cx: &Context<'_>) -> Vec<Value> {
    let rows = cx.objects.plain.iter();
    rows.filter(|row| row.header.exists())
        .filter(|row| !endpoints::is_kept_by_controllers(cx, &row.header))
        .map(|row| meta::plain(cx, row))
        .collect()
}

fn classes(cx: &Context<'_>) -> Vec<Value> {
    let rows = cx.objects.classes.iter();
    rows.filter(|row| row.header.exists())
        .map(|row| storage::class(cx, row))
        .collect()
}

fn volumes(cx: &Context<'_>) -> Vec<Value> {
    let rows = cx.objects.volumes.iter();
    rows.filter(|row| row.header.exists())
        .map(|row| storage::volume(cx, row))
        .collect()
}

fn attachments(cx: &Context<'_>) -> Vec<Value> {
    let rows = cx.objects.volumes.iter();
    rows.filter(|row| row.header.exists())
        .flat_map(|row| storage::attachments(cx, row))
        .collect()
}

fn claims(cx: &Context<'_>) -> Vec<Value> {
    let rows = cx.objects.claims.iter();
    rows.filter(|row| row.header.exists())
        .map(|row| storage::claim(cx, row))
        .collect()
}

fn workloads(cx: &Context<'_>) -> Vec<Value> {
    let rows = cx.objects.workloads.iter();
    rows.filter(|row| row.header.exists() && !matches!(*row.spec, WorkloadSpec::Pod(_)))
        .map(|row| workload::print(cx, row))
        .collect()
}

fn replica_sets(cx: &Context<'_>) -> Vec<Value> {
    let rows = cx.objects.replica_sets.iter();
    rows.filter(|row| row.header.exists())
        .map(|row| replica_set::print(cx, row))
        .collect()
}

fn pods(cx: &Context<'_>) -> Vec<Value> {
    let rows = cx.objects.pods.iter();
    rows.filter(|row| row.exists())
        .map(|row| pod::print(cx, row))
        .collect()
}

fn services(cx: &Context<'_>) -> Vec<Value> {
    let rows = cx.objects.services.iter();
    rows.filter(|row| row.header.exists())
        .map(|row| service::print(cx, row))
        .collect()
}

fn slices(cx: &Context<'_>) -> Vec<Value> {
    let rows = cx.objects.services.iter();
    rows.filter(|row| row.header.exists())
        .flat_map(|row| endpoints::slices(cx, row))
        .collect()
}

fn endpoints_of(cx: &Context<'_>) -> Vec<Value> {
    let rows = cx.objects.services.iter();
    rows.filter(|row| row.header.exists())
        .filter_map(|row| endpoints::endpoints(cx, row))
        .collect()
}

fn autoscalers(cx: &Context<'_>) -> Vec<Value> {
    let rows = cx.objects.autoscalers.iter();
    rows.filter(|row| row.header.exists())
        .map(|row| autoscaler::print(cx, row))
        .collect()
}

fn policies(cx: &Context<'_>) -> Vec<Value> {
    let rows = cx.objects.policies.iter();
    rows.filter(|row| row.header.exists())
        .map(|row| policy::print(cx, row))
        .collect()
}

fn budgets(cx: &Context<'_>) -> Vec<Value> {
    let rows = cx.objects.budgets.iter();
    rows.filter(|row| row.header.exists())
        .map(|row| policy::budget(cx, row))
        .collect()
}

fn events(cx: &Context<'_>) -> Vec<Value> {
    let rows = cx.objects.events.enumerate();
    rows.filter(|(_, row)| cx.clock.elapsed(row.last) <= EVENT_TTL)
        .map(|(index, row)| event::print(cx, index, row))
        .collect()
}
