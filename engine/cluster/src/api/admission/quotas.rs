//! The books of ResourceQuotas: what is used of each, kept true as objects come and go.
//!
//! Source: pkg/controller/resourcequota; k8s.io/apiserver/pkg/admission/plugin/resourcequota.

use super::claim::{self, Amounts};
use super::quota::{self, Life, Used};
use super::rules;
use crate::api::error::group_of;
use crate::cluster::Cluster;
use crate::workings::{Ledger, Rules};
use aegis_model::kubernetes::{Kind, ObjectRef};
use aegis_model::objects::{Header, Objects, Pod};
use aegis_model::{Doc, PodId, Tick};
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use serde_json::{Value, json};

/// Why the quotas of a namespace refuse a new object; `None` where they do not.
pub(super) fn refusal<P>(cluster: &Cluster<P>, rules: &Rules, used: &Used<'_>) -> Option<String> {
    let ledgers = &cluster.workings.policies.ledgers;
    let own = rules
        .quotas
        .iter()
        .filter_map(|position| ledgers.get(*position));
    let mut refusals = own.filter_map(|ledger| {
        let taken = taken(ledger);
        let document = &ledger.document;
        quota::refusal(&ledger.name, document, (&ledger.hard, &taken), used)
    });
    refusals.next()
}

/// The same for an object that is no pod.
pub(crate) fn object_refusal<P>(
    cluster: &mut Cluster<P>,
    object: &ObjectRef,
    document: &Doc,
) -> Option<String> {
    rules::freshen(cluster);
    let policies = &cluster.workings.policies;
    let rules = policies.namespaces.get(&object.namespace)?.clone();
    if rules.quotas.is_empty() {
        return None;
    }
    recount_others(cluster);
    let used = Used {
        resource: &resource(&object.kind, document),
        document,
        life: Life::Alive,
    };
    refusal(cluster, &rules, &used)
}

/// Why quotas refuse what an object is to become: a claim of more, a Service with ports on nodes. Of others
/// only that they are there counts. What is used is counted anew where they do not.
pub(crate) fn growth_refusal<P>(
    cluster: &mut Cluster<P>,
    object: &ObjectRef,
    before: &Doc,
    after: &Doc,
) -> Option<String> {
    if !matches!(object.kind, Kind::Service | Kind::PersistentVolumeClaim) {
        return None;
    }
    rules::freshen(cluster);
    let policies = &cluster.workings.policies;
    let rules = policies.namespaces.get(&object.namespace)?.clone();
    if rules.quotas.is_empty() {
        return None;
    }
    recount_others(cluster);
    cluster.workings.policies.counted = u32::MAX;
    let resource = resource(&object.kind, after);
    let [before, after] = [before, after].map(|document| Used {
        resource: &resource,
        document,
        life: Life::Alive,
    });
    let ledgers = &cluster.workings.policies.ledgers;
    let own = rules.quotas.iter().filter_map(|at| ledgers.get(*at));
    let mut refusals = own.filter_map(|ledger| {
        let amounts = (&ledger.hard, &taken(ledger));
        quota::growth_refusal(&ledger.name, &ledger.document, amounts, &before, &after)
    });
    refusals.next()
}

/// What is used in all.
fn taken(ledger: &Ledger) -> Amounts {
    let mut taken = ledger.by_pods.clone();
    claim::add(&mut taken, &ledger.by_others);
    taken
}

/// `pods`, `deployments.apps`.
fn resource(kind: &Kind, document: &Value) -> String {
    let version = document["apiVersion"].as_str().unwrap_or_default();
    let plural = rules::plural(kind);
    match (version.split_once('/'), group_of(kind)) {
        (_, known) if !known.is_empty() => plural + known,
        (Some((group, _)), _) => format!("{plural}.{group}"),
        (None, _) => plural,
    }
}

/// Counts everything anew.
pub(super) fn count<P>(cluster: &mut Cluster<P>) {
    let policies = &mut cluster.workings.policies;
    policies.charged = Arc::default();
    policies.counted = u32::MAX;
    if policies.ledgers.is_empty() {
        return;
    }
    let pods = cluster.objects.pods.enumerate();
    let there = pods.filter(|(_, pod)| pod.exists());
    let there: Vec<PodId> = there.map(|(index, _)| PodId::from(index)).collect();
    for pod in there {
        charge(cluster, pod);
    }
    recount_others(cluster);
}

/// Counts a pod as it is now in the quotas of its namespace, instead of as it was.
pub(crate) fn charge<P>(cluster: &mut Cluster<P>, id: PodId) {
    let pod = &cluster.objects.pods[id.index()];
    let policies = &cluster.workings.policies;
    let Some(rules) = policies.namespaces.get(&pod.namespace) else {
        return;
    };
    let before = policies.charged.get(&id).copied();
    let after = life(pod, cluster.clock);
    if rules.quotas.is_empty() || before == after {
        return;
    }
    let document = cluster.objects.templates[pod.template.index()].doc.clone();
    let quotas = rules.quotas.clone();
    let policies = &mut cluster.workings.policies;
    let ledgers = Arc::make_mut(&mut policies.ledgers);
    for position in quotas {
        if let Some(ledger) = ledgers.get_mut(position) {
            exchange(ledger, &document, before, after);
        }
    }
    let charged = Arc::make_mut(&mut policies.charged);
    match after {
        Some(life) => charged.insert(id, life),
        None => charged.remove(&id),
    };
}

fn exchange(ledger: &mut Ledger, document: &Value, before: Option<Life>, after: Option<Life>) {
    let share = |life: Option<Life>, ledger: &Ledger| {
        let used = |life| Used {
            resource: "pods",
            document,
            life,
        };
        life.map_or_else(Amounts::new, |life| {
            quota::share(&ledger.document, &ledger.hard, &used(life))
        })
    };
    let (less, more) = (share(before, ledger), share(after, ledger));
    for (name, amount) in less {
        let known = ledger.by_pods.entry(name).or_default();
        *known = known.minus(amount);
    }
    claim::add(&mut ledger.by_pods, &more);
}

/// How a pod counts; not at all once it is gone.
fn life(pod: &Pod, now: Tick) -> Option<Life> {
    let late = pod.deletion.is_some_and(|deletion| {
        let grace = deletion.deadline.elapsed(deletion.asked);
        now > deletion.deadline.after(grace)
    });
    let over = pod.phase.is_terminal() || late;
    pod.exists()
        .then_some(if over { Life::Over } else { Life::Alive })
}

/// Counts objects that are no pods, where any came or went.
fn recount_others<P>(cluster: &mut Cluster<P>) {
    let stamp = cluster.workings.index.stamp();
    if cluster.workings.policies.counted == stamp {
        return;
    }
    let mut ledgers = Vec::clone(&cluster.workings.policies.ledgers);
    for ledger in &mut ledgers {
        ledger.by_others = BTreeMap::new();
    }
    for ledger in &mut ledgers {
        charge_given(cluster, ledger);
    }
    for header in headers(&cluster.objects) {
        for ledger in &mut ledgers {
            if ledger.namespace == header.reference.namespace {
                let used = Used {
                    resource: &resource(&header.reference.kind, &header.doc),
                    document: &header.doc,
                    life: Life::Alive,
                };
                let share = quota::share(&ledger.document, &ledger.hard, &used);
                claim::add(&mut ledger.by_others, &share);
            }
        }
    }
    cluster.workings.policies.ledgers = Arc::new(ledgers);
    cluster.workings.policies.counted = stamp;
}

/// What every namespace has without anybody writing it: an account, and the certificate of the API server;
/// that server's Service is in `default`.
fn charge_given<P>(cluster: &Cluster<P>, ledger: &mut Ledger) {
    let given = [
        (Kind::ServiceAccount, "default", "serviceaccounts"),
        (Kind::ConfigMap, "kube-root-ca.crt", "configmaps"),
        (Kind::Service, "kubernetes", "services"),
    ];
    let everywhere = |kind: &Kind| *kind != Kind::Service || ledger.namespace == "default";
    for (kind, name, resource) in given.into_iter().filter(|(kind, ..)| everywhere(kind)) {
        let object = ObjectRef::new(kind, &ledger.namespace, name);
        if crate::api::find(cluster, &object).is_none() {
            let used = Used {
                resource,
                document: &Value::Null,
                life: Life::Alive,
            };
            let share = quota::share(&ledger.document, &ledger.hard, &used);
            claim::add(&mut ledger.by_others, &share);
        }
    }
}

/// Headers of all that exists and is no pod.
fn headers(objects: &Objects) -> impl Iterator<Item = &Header> {
    let workloads = objects.workloads.iter().map(|row| &row.header);
    let workloads = workloads.filter(|header| header.reference.kind != Kind::Pod);
    let all = workloads
        .chain(objects.replica_sets.iter().map(|row| &row.header))
        .chain(objects.services.iter().map(|row| &row.header))
        .chain(objects.autoscalers.iter().map(|row| &row.header))
        .chain(objects.policies.iter().map(|row| &row.header))
        .chain(objects.budgets.iter().map(|row| &row.header))
        .chain(objects.claims.iter().map(|row| &row.header))
        .chain(objects.plain.iter().map(|row| &row.header));
    all.filter(|header| header.exists())
}

/// The quota controller: brings `status` of every ResourceQuota up to date with what changed.
pub fn settle_quotas<P>(cluster: &mut Cluster<P>) {
    rules::freshen(cluster);
    if cluster.workings.policies.ledgers.is_empty() {
        return;
    }
    recount_others(cluster);
    let dirty = core::mem::take(&mut cluster.workings.policies.dirty);
    for pod in dirty.iter() {
        charge(cluster, *pod);
    }
    let ledgers = cluster.workings.policies.ledgers.clone();
    for ledger in ledgers.iter() {
        let status = status_of(ledger);
        let row = &mut cluster.objects.plain[ledger.quota.index()];
        if *row.status != status {
            row.status = Arc::new(status);
        }
    }
}

fn status_of(ledger: &Ledger) -> Value {
    let taken = taken(ledger);
    let used = |name: &String| taken.get(name).copied().unwrap_or_default();
    let hard = ledger.hard.iter();
    let hard = hard.map(|(name, amount)| (name.clone(), amount.to_string().into()));
    let used = ledger
        .hard
        .keys()
        .map(|name| (name.clone(), used(name).to_string().into()));
    let (hard, used): (serde_json::Map<_, Value>, serde_json::Map<_, Value>) =
        (hard.collect(), used.collect());
    json!({"hard": hard, "used": used})
}
