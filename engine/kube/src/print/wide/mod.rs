//! Tables as `kubectl get nodes,all,pdb,pvc,pv,sc -o wide` prints them.
//!
//! With a NAMESPACE column, as by `-A`, where objects stand in more than one.
//! Source of columns and words: pkg/printers/internalversion/printers.go.

mod pod;
mod storage;
mod table;
mod workload;

use super::{Context, EPOCH};
use aegis_model::objects::{ConditionStatus, Header, Node, Objects};
use aegis_model::units::Tick;
use table::{Row, Table, age};

const NONE: &str = "<none>";

/// What the cluster looks like at `clock`.
#[must_use]
pub fn wide(objects: &Objects, clock: Tick) -> String {
    let cx = Context {
        objects,
        clock,
        epoch: EPOCH,
        without_token: &[],
    };
    let tables = [
        nodes(&cx),
        pod::pods(&cx),
        workload::services(&cx),
        workload::daemon_sets(&cx),
        workload::deployments(&cx),
        workload::replica_sets(&cx),
        workload::stateful_sets(&cx),
        workload::jobs(&cx),
        workload::cron_jobs(&cx),
        workload::autoscalers(&cx),
        workload::budgets(&cx),
        storage::claims(&cx),
        storage::volumes(&cx),
        storage::classes(&cx),
    ];
    table::print(tables.into())
}

/// A row that begins with an object's name.
fn row(kind: &str, header: &Header, cells: Vec<String>) -> Row {
    Row {
        namespace: header.reference.namespace.to_string(),
        name: format!("{kind}/{}", header.reference.name),
        cells,
    }
}

fn nodes(cx: &Context<'_>) -> Table {
    let rows = cx.objects.nodes.enumerate();
    let there = rows.filter(|(_, node)| node.header.exists());
    Table {
        columns: "NAME STATUS ROLES AGE VERSION INTERNAL-IP EXTERNAL-IP OS-IMAGE",
        rows: there
            .map(|(index, node)| {
                let cells = vec![
                    node_status(node),
                    roles(node),
                    age(cx.clock, node.header.created),
                    "v1.34.0".into(),
                    super::node_ip(index),
                    NONE.into(),
                    "simulated".into(),
                ];
                row("node", &node.header, cells)
            })
            .collect(),
    }
}

fn node_status(node: &Node) -> String {
    let ready = match node.condition("Ready") {
        ConditionStatus::True => "Ready",
        ConditionStatus::False => "NotReady",
        ConditionStatus::Unknown => "Unknown",
    };
    // kubectl prints the Ready condition as `NotReady` unless it holds; `Unknown` where there is none.
    let known = node
        .conditions
        .iter()
        .any(|condition| condition.kind == "Ready");
    let ready = if known && ready == "Unknown" {
        "NotReady"
    } else {
        ready
    };
    let cordoned = if node.spec.unschedulable {
        ",SchedulingDisabled"
    } else {
        ""
    };
    format!("{ready}{cordoned}")
}

fn roles(node: &Node) -> String {
    let prefix = "node-role.kubernetes.io/";
    let labels = node.header.labels.keys();
    let roles: Vec<&str> = labels.filter_map(|key| key.strip_prefix(prefix)).collect();
    if roles.is_empty() {
        NONE.into()
    } else {
        roles.join(",")
    }
}
