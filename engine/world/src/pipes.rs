//! What carries telemetry: components of the cluster that it passes, and the time that it takes.
//!
//! What passes a component is lost while none of its pods is ready. A DaemonSet carries what its
//! own node has: the rest goes on.

use crate::world::World;
use aegis_model::kubernetes::{Kind, ObjectRef};
use aegis_model::objects::Workload;
use aegis_model::observation::LogCount;
use aegis_model::{NodeId, Observation, Samples, Tick, WorkloadId};
use std::collections::{BTreeSet, VecDeque};

/// What is carried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// Counters, gauges, histograms.
    Metrics,
    /// Log lines.
    Logs,
    /// Spans.
    Spans,
}

/// A component that telemetry passes.
#[derive(Debug, Clone, PartialEq)]
pub struct Pipe {
    /// The workload.
    pub through: ObjectRef,
    /// What passes it.
    pub carries: Vec<Signal>,
}

/// Whether something arrives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Arrival {
    /// All of it.
    Whole,
    /// What comes from other nodes than these.
    Without(BTreeSet<NodeId>),
    /// Nothing.
    Nothing,
}

/// Metrics and logs that are under way.
#[derive(Debug, Default, Clone)]
pub(crate) struct Late {
    /// How long they take, s.
    delay: u32,
    waiting: VecDeque<(Tick, Samples, Vec<LogCount>)>,
}

impl Late {
    /// Nothing is under way yet.
    pub fn of(delay: u32) -> Self {
        Self {
            delay,
            waiting: VecDeque::new(),
        }
    }

    /// Puts metrics and logs of now behind those that wait, and gives back the latest that have come by now.
    pub fn exchange(&mut self, seen: Observation) -> Observation {
        if self.delay == 0 {
            return seen;
        }
        let empty = Samples {
            interval: seen.samples.interval,
            ..Samples::default()
        };
        self.waiting.push_back((seen.at, seen.samples, seen.logs));
        let (mut samples, mut logs) = (empty, Vec::new());
        while let Some((at, ..)) = self.waiting.front() {
            if at.after(self.delay) > seen.at {
                break;
            }
            if let Some((_, come, lines)) = self.waiting.pop_front() {
                (samples, logs) = (come, lines);
            }
        }
        Observation {
            samples,
            logs,
            ..seen
        }
    }
}

impl World {
    /// Whether a signal arrives now.
    pub(crate) fn arrival(&self, signal: Signal) -> Arrival {
        let mut dark = BTreeSet::new();
        let pipes = self.pipes.iter();
        for pipe in pipes.filter(|pipe| pipe.carries.contains(&signal)) {
            match self.through(pipe) {
                Arrival::Whole => {}
                Arrival::Without(nodes) => dark.extend(nodes),
                Arrival::Nothing => return Arrival::Nothing,
            }
        }
        if dark.is_empty() {
            Arrival::Whole
        } else {
            Arrival::Without(dark)
        }
    }

    fn through(&self, pipe: &Pipe) -> Arrival {
        let mut rows = self.cluster.objects.workloads.iter();
        let found = rows.find(|row| row.header.exists() && row.header.reference == pipe.through);
        let ready = self.ready_on(found);
        match pipe.through.kind {
            Kind::DaemonSet if found.is_some() => Arrival::Without(self.nodes_without(&ready)),
            _ if ready.is_empty() => Arrival::Nothing,
            _ => Arrival::Whole,
        }
    }

    /// Nodes with a ready pod of a workload.
    fn ready_on(&self, workload: Option<&Workload>) -> BTreeSet<NodeId> {
        let pods = workload.into_iter().flat_map(|row| row.pods.iter());
        let pods = pods.map(|id| &self.cluster.objects.pods[id.index()]);
        pods.filter(|pod| pod.exists() && pod.is_ready())
            .filter_map(|pod| pod.node)
            .collect()
    }

    fn nodes_without(&self, ready: &BTreeSet<NodeId>) -> BTreeSet<NodeId> {
        let nodes = self.cluster.objects.nodes.enumerate();
        nodes
            .filter(|(_, row)| row.header.exists())
            .map(|(index, _)| NodeId::from(index))
            .filter(|id| !ready.contains(id))
            .collect()
    }

    /// Takes what does not arrive out of an observation.
    pub(crate) fn pass(&self, seen: &mut Observation) {
        if self.pipes.is_empty() {
            return;
        }
        match self.arrival(Signal::Metrics) {
            Arrival::Whole => {}
            Arrival::Nothing => lose_all(&mut seen.samples),
            Arrival::Without(dark) => self.lose_some(&mut seen.samples, &dark),
        }
        match self.arrival(Signal::Logs) {
            Arrival::Whole => {}
            Arrival::Nothing => seen.logs.clear(),
            Arrival::Without(dark) => seen.logs.retain(|line| !self.is_on(line.workload, &dark)),
        }
        match self.arrival(Signal::Spans) {
            Arrival::Whole => {}
            Arrival::Nothing => seen
                .samples
                .edges
                .iter_mut()
                .for_each(|edge| edge.latency = None),
            Arrival::Without(dark) => {
                let edges = seen.samples.edges.iter_mut();
                edges
                    .filter(|edge| self.is_on(edge.from, &dark))
                    .for_each(|edge| edge.latency = None);
            }
        }
    }

    /// Rows of pods and nodes go by their node; those of a workload, which are sums, once none of its pods is seen.
    fn lose_some(&self, samples: &mut Samples, dark: &BTreeSet<NodeId>) {
        let pods = &self.cluster.objects.pods;
        let node_of = |id: aegis_model::PodId| pods[id.index()].node;
        samples
            .pods
            .retain(|row| node_of(row.pod).is_none_or(|node| !dark.contains(&node)));
        samples.nodes.retain(|row| !dark.contains(&row.node));
        samples
            .services
            .retain(|row| !self.is_on(row.workload, dark));
        samples.edges.retain(|row| !self.is_on(row.from, dark));
    }

    /// Whether all pods of a workload are on these nodes.
    fn is_on(&self, workload: WorkloadId, nodes: &BTreeSet<NodeId>) -> bool {
        let objects = &self.cluster.objects;
        let pods = objects.workloads[workload.index()].pods.iter();
        let mut placed = pods
            .filter_map(|id| objects.pods[id.index()].node)
            .peekable();
        placed.peek().is_some() && placed.all(|node| nodes.contains(&node))
    }
}

fn lose_all(samples: &mut Samples) {
    *samples = Samples {
        interval: samples.interval,
        ..Samples::default()
    };
}
