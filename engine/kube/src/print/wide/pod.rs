//! Pods, with kubectl's STATUS words.

use super::table::{Row, Table, age};
use super::{Context, NONE};
use crate::print::{node_ip, pod_ip};
use aegis_model::kubernetes::{PodSpec, RestartPolicy};
use aegis_model::objects::{ConditionStatus, ContainerState, ContainerStatus, Pod};
use aegis_model::units::Tick;

/// All pods.
pub fn pods(cx: &Context<'_>) -> Table {
    let there = cx.objects.pods.iter().filter(|pod| pod.exists());
    Table {
        columns: "NAME READY STATUS RESTARTS AGE IP NODE NOMINATED_NODE READINESS_GATES",
        rows: there.map(|pod| row(cx, pod)).collect(),
    }
}

fn row(cx: &Context<'_>, pod: &Pod) -> Row {
    let template = cx.objects.templates.get(pod.template.index());
    let view = View::of(pod, template.map(|template| &template.spec.spec));
    let node = |id: Option<aegis_model::NodeId>| {
        let row = id.and_then(|id| cx.objects.nodes.get(id.index()));
        row.map_or(NONE.into(), |row| row.header.reference.name.to_string())
    };
    Row {
        namespace: pod.namespace.to_string(),
        name: format!("pod/{}", pod.name),
        cells: vec![
            view.ready(),
            status(&view),
            restarts(&view, cx.clock),
            age(cx.clock, pod.created),
            address(&view),
            node(pod.node),
            node(pod.nominated),
            NONE.into(),
        ],
    }
}

/// A pod with its containers told apart.
struct View<'a> {
    pod: &'a Pod,
    spec: Option<&'a PodSpec>,
    init: &'a [ContainerStatus],
    main: &'a [ContainerStatus],
}

impl<'a> View<'a> {
    fn of(pod: &'a Pod, spec: Option<&'a PodSpec>) -> Self {
        let count = spec.map_or(0, |spec| spec.init_containers.len());
        let (init, main) = pod.containers.split_at(count.min(pod.containers.len()));
        Self {
            pod,
            spec,
            init,
            main,
        }
    }

    fn is_sidecar(&self, index: usize) -> bool {
        let container = self.spec.and_then(|spec| spec.init_containers.get(index));
        container.is_some_and(|found| found.restart_policy == Some(RestartPolicy::Always))
    }

    /// Sidecars and containers.
    fn long_running(&self) -> impl Iterator<Item = &'a ContainerStatus> {
        let sidecars = self.init.iter().enumerate();
        let sidecars = sidecars.filter(|(index, _)| self.is_sidecar(*index));
        sidecars.map(|(_, row)| row).chain(self.main)
    }

    fn ready(&self) -> String {
        let total = self.spec.map_or(self.main.len(), |spec| {
            let sidecars = (0..spec.init_containers.len()).filter(|i| self.is_sidecar(*i));
            spec.containers.len() + sidecars.count()
        });
        let ready = self
            .long_running()
            .filter(|row| row.ready && row.is_running());
        format!("{}/{total}", ready.count())
    }
}

/// `printPod` in printers.go.
fn status(view: &View<'_>) -> String {
    let pod = view.pod;
    if pod.deletion.is_some() && !pod.phase.is_terminal() {
        return "Terminating".into();
    }
    let reason = pod.reason.as_deref().unwrap_or(pod.phase.as_str());
    if pod.conditions.scheduled.reason == "SchedulingGated" {
        return "SchedulingGated".into();
    }
    if pod.node.is_none() {
        // Nothing of its containers is known before a kubelet has it.
        return reason.into();
    }
    let initialized = pod.conditions.initialized.status == ConditionStatus::True;
    let initializing = initializing(view);
    match initializing {
        Some(word) if !initialized => word,
        _ => running(view, reason),
    }
}

/// `Init:…` while init containers are not done.
fn initializing(view: &View<'_>) -> Option<String> {
    let rows = view.init.iter().enumerate();
    let mut pending = rows.filter(|(index, row)| !is_done(view, *index, row));
    let (index, row) = pending.next()?;
    Some(match &row.state {
        ContainerState::Terminated(ended) => {
            format!("Init:{}", ended_word(&ended.reason, ended.exit_code))
        }
        ContainerState::Waiting { reason, .. }
            if !reason.is_empty() && reason != "PodInitializing" =>
        {
            format!("Init:{reason}")
        }
        _ => format!("Init:{index}/{}", view.init.len()),
    })
}

fn is_done(view: &View<'_>, index: usize, row: &ContainerStatus) -> bool {
    let ended = matches!(&row.state, ContainerState::Terminated(ended) if ended.exit_code == 0);
    ended || (view.is_sidecar(index) && row.started)
}

fn ended_word(reason: &str, code: i32) -> String {
    match reason {
        "" => format!("ExitCode:{code}"),
        reason => reason.into(),
    }
}

fn running(view: &View<'_>, phase: &str) -> String {
    let mut word = phase.to_owned();
    for row in view.main.iter().rev() {
        match &row.state {
            ContainerState::Waiting { reason, .. } if !reason.is_empty() => {
                word = reason.to_string();
            }
            ContainerState::Terminated(ended) => word = ended_word(&ended.reason, ended.exit_code),
            _ => {}
        }
    }
    let runs = view.main.iter().any(|row| row.ready && row.is_running());
    match word.as_str() {
        "Completed" if runs && view.pod.is_ready() => "Running".into(),
        "Completed" if runs => "NotReady".into(),
        _ => word,
    }
}

/// `4 (10s ago)`.
fn restarts(view: &View<'_>, now: Tick) -> String {
    let rows = || view.init.iter().chain(view.main);
    let count: u32 = rows().map(|row| row.restarts).sum();
    let last = rows()
        .filter_map(|row| row.last.as_ref())
        .map(|ended| ended.finished)
        .max();
    match last {
        Some(at) if count > 0 => format!("{count} ({} ago)", age(now, at)),
        _ => count.to_string(),
    }
}

fn address(view: &View<'_>) -> String {
    let shared = view.spec.is_some_and(|spec| spec.host_network);
    match view.pod.node {
        Some(node) if view.pod.conditions.sandbox.status == ConditionStatus::True => {
            if shared {
                node_ip(node.index())
            } else {
                pod_ip(view.pod.number)
            }
        }
        _ => NONE.into(),
    }
}
