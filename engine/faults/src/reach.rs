//! Which objects a fault can act on.

use crate::fault::{Fault, Needs, TargetKind};
use crate::words::selects;
use aegis_model::kubernetes::Kind;
use aegis_model::objects::{Service, Workload};
use aegis_model::{NodeId, Objects, PlainId, ServiceId, Target, WorkloadId};

/// The objects that a fault can act on at its default sizes, in order of their ids: of the right
/// kind, of the right sort (a database, a cache), and with something to get wrong in that way once
/// the fault's stage is set.
#[must_use]
pub fn applicable(fault: &Fault, objects: &Objects) -> Vec<Target> {
    let sizes = fault.defaults();
    let kinds = fault.targets.iter();
    kinds
        .flat_map(|kind| of_kind(*kind, objects))
        .filter(|target| is_fit(fault.needs, objects, *target))
        .filter(|target| has_all(fault, objects, *target, &sizes))
        .collect()
}

/// Whether each step means something here. What a later step changes may come with an earlier one.
fn has_all(fault: &Fault, objects: &Objects, target: Target, sizes: &[f64]) -> bool {
    let staged = fault
        .stage
        .iter()
        .all(|step| step.deed(objects, target, sizes).is_some());
    let makes = |step: &crate::Step| step.deed(objects, target, sizes).is_some();
    // With a stage of its own, what is not there yet is brought by it.
    staged && (!fault.stage.is_empty() || fault.steps.iter().all(makes))
}

fn of_kind(kind: TargetKind, objects: &Objects) -> Vec<Target> {
    match kind {
        TargetKind::Workload => {
            let rows = objects.workloads.enumerate();
            rows.filter(|(_, row)| row.header.exists() && has_pods(row))
                .map(|(index, _)| Target::Workload(WorkloadId::from(index)))
                .collect()
        }
        TargetKind::Service => {
            let rows = objects.services.enumerate();
            rows.filter(|(_, row)| row.header.exists())
                .map(|(index, _)| Target::Service(ServiceId::from(index)))
                .collect()
        }
        TargetKind::Node => {
            let rows = objects.nodes.enumerate();
            rows.filter(|(_, row)| row.header.exists())
                .map(|(index, _)| Target::Node(NodeId::from(index)))
                .collect()
        }
        TargetKind::Plain => {
            let rows = objects.plain.enumerate();
            rows.filter(|(_, row)| {
                row.header.exists()
                    && matches!(row.header.reference.kind, Kind::ConfigMap | Kind::Secret)
                    && row.header.reference.name != "kube-root-ca.crt"
            })
            .map(|(index, _)| Target::Plain(PlainId::from(index)))
            .collect()
        }
        TargetKind::Cluster => vec![Target::Cluster],
    }
}

/// Jobs end by themselves, and a CronJob has no pods.
fn has_pods(row: &Workload) -> bool {
    !matches!(row.header.reference.kind, Kind::Job | Kind::CronJob)
}

fn is_fit(needs: Needs, objects: &Objects, target: Target) -> bool {
    let id = match target {
        Target::Workload(id) => id,
        Target::Service(id) if needs == Needs::Entry => {
            return is_outward(&objects.services[id.index()]);
        }
        _ => return true,
    };
    let row = &objects.workloads[id.index()];
    match needs {
        Needs::Nothing => true,
        Needs::Store => is_of(row, STORES),
        Needs::Cache => is_of(row, CACHES),
        Needs::Broker => is_of(row, BROKERS),
        Needs::Served => behind(objects, row).next().is_some(),
        Needs::Entry => behind(objects, row).any(is_outward),
    }
}

/// Whether users outside of the cluster can reach a Service.
fn is_outward(service: &Service) -> bool {
    matches!(service.spec.kind.as_str(), "LoadBalancer" | "NodePort")
}

fn behind<'a>(objects: &'a Objects, row: &'a Workload) -> impl Iterator<Item = &'a Service> {
    let rows = objects.services.iter();
    rows.filter(move |service| service.header.exists() && selects(service, row))
}

/// Words in the images of what keeps data.
const STORES: &[&str] = &[
    "mysql",
    "mariadb",
    "postgres",
    "mongo",
    "cassandra",
    "redis",
    "valkey",
    "cockroach",
    "mssql",
    "-db",
];
/// Words in the images of caches.
const CACHES: &[&str] = &["redis", "valkey", "memcached", "keydb", "dragonfly"];
/// Words in the images of brokers.
const BROKERS: &[&str] = &[
    "kafka", "rabbitmq", "nats", "pulsar", "activemq", "redpanda",
];

fn is_of(row: &Workload, words: &[&str]) -> bool {
    let images = row.spec.template().spec.containers.iter();
    let mut names = images.map(|container| {
        let image = container.image.rsplit('/').next().unwrap_or_default();
        image.split(['@', ':']).next().unwrap_or_default()
    });
    names.any(|name| !name.contains("exporter") && words.iter().any(|word| name.contains(word)))
}
