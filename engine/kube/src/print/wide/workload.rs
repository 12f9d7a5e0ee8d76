//! Services, workloads, autoscalers, budgets.

use super::table::{Row, Table, age};
use super::{Context, NONE, row};
use crate::print::autoscaler::amount;
use crate::print::cluster_ip;
use crate::print::service::node_port;
use aegis_model::kubernetes::Kind;
use aegis_model::kubernetes::{LabelSelector, Labels, Operator, PodSpec, Requirement, ServicePort};
use aegis_model::objects::{Autoscaler, BatchStatus, Service, Workload, WorkloadSpec};
use std::fmt::Display;

/// All Services.
pub fn services(cx: &Context<'_>) -> Table {
    let there = cx.objects.services.iter().filter(|row| row.header.exists());
    Table {
        columns: "NAME TYPE CLUSTER-IP EXTERNAL-IP PORT(S) AGE SELECTOR",
        rows: there.map(|service| service_row(cx, service)).collect(),
    }
}

fn service_row(cx: &Context<'_>, service: &Service) -> Row {
    let spec = &service.spec;
    let kind = match spec.kind.as_str() {
        "" => "ClusterIP",
        kind => kind,
    };
    let external = match kind {
        "ExternalName" => spec.external_name.as_deref().unwrap_or(NONE),
        "LoadBalancer" => "<pending>",
        _ => NONE,
    };
    let own = match &spec.cluster_ip {
        _ if kind == "ExternalName" => NONE.into(),
        Some(given) if !given.is_empty() => given.to_string(),
        _ => cluster_ip(service.header.number),
    };
    let numbered = spec.ports.iter().enumerate();
    let ports: Vec<String> = numbered
        .map(|(index, found)| port(found, drawn_port(kind, service, index)))
        .collect();
    let ports = if ports.is_empty() {
        NONE.into()
    } else {
        ports.join(",")
    };
    let cells = vec![
        kind.into(),
        own,
        external.into(),
        ports,
        age(cx.clock, service.header.created),
        labels(&spec.selector),
    ];
    row("service", &service.header, cells)
}

/// The port on nodes that a Service of this type is given where it names none.
fn drawn_port(kind: &str, service: &Service, index: usize) -> Option<u64> {
    let given = matches!(kind, "NodePort" | "LoadBalancer");
    given.then(|| node_port(service.header.number, index))
}

fn port(port: &ServicePort, drawn: Option<u64>) -> String {
    let protocol = port.protocol.as_deref().unwrap_or("TCP");
    match port.node_port.map(u64::from).or(drawn) {
        Some(node) => format!("{}:{node}/{protocol}", port.port),
        None => format!("{}/{protocol}", port.port),
    }
}

fn labels(labels: &Labels) -> String {
    if labels.is_empty() {
        return NONE.into();
    }
    let pairs: Vec<String> = labels.iter().map(|(k, v)| format!("{k}={v}")).collect();
    pairs.join(",")
}

fn selector(selector: Option<&LabelSelector>) -> String {
    let Some(selector) = selector else {
        return NONE.into();
    };
    let pairs = selector
        .match_labels
        .iter()
        .map(|(k, v)| format!("{k}={v}"));
    let all: Vec<String> = pairs
        .chain(selector.match_expressions.iter().map(expression))
        .collect();
    if all.is_empty() {
        NONE.into()
    } else {
        all.join(",")
    }
}

fn expression(found: &Requirement) -> String {
    let values = found.values.join(",");
    match found.operator {
        Operator::In => format!("{} in ({values})", found.key),
        Operator::NotIn => format!("{} notin ({values})", found.key),
        Operator::Exists => found.key.to_string(),
        Operator::DoesNotExist => format!("!{}", found.key),
        Operator::Gt => format!("{}>{values}", found.key),
        Operator::Lt => format!("{}<{values}", found.key),
    }
}

fn containers(spec: &PodSpec) -> [String; 2] {
    let names: Vec<&str> = spec.containers.iter().map(|c| c.name.as_str()).collect();
    let images: Vec<&str> = spec.containers.iter().map(|c| c.image.as_str()).collect();
    [names.join(","), images.join(",")]
}

fn texts<const N: usize>(numbers: [u32; N]) -> impl Iterator<Item = String> {
    numbers.into_iter().map(|number| number.to_string())
}

/// The table of the workloads of one kind: counts, age, containers, images, selector.
fn workloads(
    cx: &Context<'_>,
    columns: &'static str,
    cells: impl Fn(&Workload) -> Option<Vec<String>>,
) -> Table {
    let there = cx
        .objects
        .workloads
        .iter()
        .filter(|row| row.header.exists());
    let rows = there.filter_map(|workload| {
        let kind = &workload.header.reference.kind;
        let group = match kind {
            Kind::Job | Kind::CronJob => "batch",
            _ => "apps",
        };
        let kind = format!("{}.{group}", kind.as_str().to_lowercase());
        let mut line = cells(workload)?;
        line.push(age(cx.clock, workload.header.created));
        line.extend(containers(&workload.spec.template().spec));
        line.push(selector(workload.spec.selector()));
        Some(row(&kind, &workload.header, line))
    });
    Table {
        columns,
        rows: rows.collect(),
    }
}

/// All Deployments.
pub fn deployments(cx: &Context<'_>) -> Table {
    let columns = "NAME READY UP-TO-DATE AVAILABLE AGE CONTAINERS IMAGES SELECTOR";
    workloads(cx, columns, |workload| {
        let WorkloadSpec::Deployment(_) = &*workload.spec else {
            return None;
        };
        let status = &workload.status;
        let wanted = workload.spec.replicas().unwrap_or_default();
        let mut cells = vec![format!("{}/{wanted}", status.ready)];
        cells.extend(texts([status.updated, status.available]));
        Some(cells)
    })
}

/// All StatefulSets.
pub fn stateful_sets(cx: &Context<'_>) -> Table {
    workloads(
        cx,
        "NAME READY AGE CONTAINERS IMAGES SELECTOR",
        |workload| {
            let WorkloadSpec::StatefulSet(_) = &*workload.spec else {
                return None;
            };
            let wanted = workload.spec.replicas().unwrap_or_default();
            Some(vec![format!("{}/{wanted}", workload.status.ready)])
        },
    )
}

/// All DaemonSets.
pub fn daemon_sets(cx: &Context<'_>) -> Table {
    let columns = "NAME DESIRED CURRENT READY UP-TO-DATE AVAILABLE NODE_SELECTOR AGE CONTAINERS IMAGES SELECTOR";
    workloads(cx, columns, |workload| {
        let WorkloadSpec::DaemonSet(spec) = &*workload.spec else {
            return None;
        };
        let status = &workload.status;
        let counts = [
            status.desired,
            status.replicas,
            status.ready,
            status.updated,
            status.available,
        ];
        let mut cells: Vec<String> = texts(counts).collect();
        cells.push(labels(&spec.template.spec.node_selector));
        Some(cells)
    })
}

/// All Jobs.
pub fn jobs(cx: &Context<'_>) -> Table {
    let columns = "NAME STATUS COMPLETIONS DURATION AGE CONTAINERS IMAGES SELECTOR";
    workloads(cx, columns, |workload| {
        let (WorkloadSpec::Job(spec), BatchStatus::Job(status)) =
            (&*workload.spec, &workload.status.batch)
        else {
            return None;
        };
        let said = |kind: &str| {
            let conditions = workload.status.conditions.iter();
            conditions
                .filter(|c| c.kind == kind)
                .any(|c| c.status.as_str() == "True")
        };
        let known = ["Complete", "Failed", "Suspended"];
        let state = known
            .into_iter()
            .find(|kind| said(kind))
            .unwrap_or("Running");
        let wanted = match (spec.completions(), spec.parallelism()) {
            (Some(completions), _) => format!("{}/{completions}", status.succeeded),
            (None, 2..) => format!("{}/1 of {}", status.succeeded, spec.parallelism()),
            (None, _) => format!("{}/1", status.succeeded),
        };
        let until = status.completed.unwrap_or(cx.clock);
        let duration = status
            .started
            .map_or(String::new(), |from| age(until, from));
        Some(vec![state.into(), wanted, duration])
    })
}

/// All CronJobs.
pub fn cron_jobs(cx: &Context<'_>) -> Table {
    let columns =
        "NAME SCHEDULE TIMEZONE SUSPEND ACTIVE LAST_SCHEDULE AGE CONTAINERS IMAGES SELECTOR";
    workloads(cx, columns, |workload| {
        let (WorkloadSpec::CronJob(spec), BatchStatus::CronJob(status)) =
            (&*workload.spec, &workload.status.batch)
        else {
            return None;
        };
        let last = status
            .last_schedule
            .map_or(NONE.into(), |at| age(cx.clock, at));
        Some(vec![
            spec.schedule.to_string(),
            spec.time_zone.as_deref().unwrap_or(NONE).into(),
            if spec.suspend { "True" } else { "False" }.into(),
            status.active.len().to_string(),
            last,
        ])
    })
}

/// All ReplicaSets, owned or not.
pub fn replica_sets(cx: &Context<'_>) -> Table {
    let columns = "NAME DESIRED CURRENT READY AGE CONTAINERS IMAGES SELECTOR";
    let mut table = workloads(cx, columns, |workload| {
        let WorkloadSpec::ReplicaSet(_) = &*workload.spec else {
            return None;
        };
        let wanted = workload.spec.replicas().unwrap_or_default();
        let status = &workload.status;
        Some(texts([wanted, status.replicas, status.ready]).collect())
    });
    let owned = cx
        .objects
        .replica_sets
        .iter()
        .filter(|row| row.header.exists());
    table.rows.extend(owned.filter_map(|set| {
        let template = cx.objects.templates.get(set.template.index())?;
        let owner = cx.objects.workloads.get(set.owner.index())?;
        let status = &set.status;
        let mut cells: Vec<String> = texts([set.replicas, status.replicas, status.ready]).collect();
        cells.push(age(cx.clock, set.header.created));
        cells.extend(containers(&template.spec.spec));
        let own = selector(owner.spec.selector());
        cells.push(format!("{own},pod-template-hash={}", template.hash));
        Some(row("replicaset.apps", &set.header, cells))
    }));
    table
}

/// All HorizontalPodAutoscalers.
pub fn autoscalers(cx: &Context<'_>) -> Table {
    let there = cx
        .objects
        .autoscalers
        .iter()
        .filter(|row| row.header.exists());
    let rows = there.map(|scaler| {
        let target = &scaler.spec.scale_target_ref;
        let mut cells = vec![format!("{}/{}", target.kind, target.name), targets(scaler)];
        let least = scaler.spec.min_replicas.unwrap_or(1);
        cells.extend(texts([least, scaler.spec.max_replicas, scaler.current]));
        cells.push(age(cx.clock, scaler.header.created));
        row("horizontalpodautoscaler.autoscaling", &scaler.header, cells)
    });
    Table {
        columns: "NAME REFERENCE TARGETS MINPODS MAXPODS REPLICAS AGE",
        rows: rows.collect(),
    }
}

/// `cpu: 73%/60%`.
fn targets(scaler: &Autoscaler) -> String {
    let metrics = scaler.spec.metrics.iter().enumerate();
    let shown: Vec<String> = metrics
        .filter_map(|(index, metric)| {
            let resource = metric
                .resource
                .as_ref()
                .or(metric.container_resource.as_ref())?;
            let value = scaler.metrics.get(index).copied().flatten();
            let text = match (
                resource.target.average_utilization,
                resource.target.average_value,
            ) {
                (Some(target), _) => {
                    format!("{}%/{target}%", known(value.map(|measured| measured.value)))
                }
                (None, Some(target)) => {
                    let amount = value.map(|measured| amount(&resource.name, measured.mean));
                    format!("{}/{target}", known(amount))
                }
                (None, None) => return None,
            };
            Some(format!("{}: {text}", resource.name))
        })
        .collect();
    if shown.is_empty() {
        NONE.into()
    } else {
        shown.join(", ")
    }
}

fn known(value: Option<impl Display>) -> String {
    value.map_or("<unknown>".into(), |value| value.to_string())
}

/// All PodDisruptionBudgets.
pub fn budgets(cx: &Context<'_>) -> Table {
    let there = cx.objects.budgets.iter().filter(|row| row.header.exists());
    let bound = |bound: &Option<aegis_model::kubernetes::IntOrString>| {
        bound.as_ref().map_or("N/A".into(), ToString::to_string)
    };
    let rows = there.map(|budget| {
        let cells = vec![
            bound(&budget.spec.min_available),
            bound(&budget.spec.max_unavailable),
            budget.allowed.to_string(),
            age(cx.clock, budget.header.created),
        ];
        row("poddisruptionbudget.policy", &budget.header, cells)
    });
    Table {
        columns: "NAME MIN_AVAILABLE MAX_UNAVAILABLE ALLOWED_DISRUPTIONS AGE",
        rows: rows.collect(),
    }
}
