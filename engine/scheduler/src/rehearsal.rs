//! Where pods would go, for whoever plans: the cluster autoscaler's simulation.
//!
//! It asks the scheduler's own filters, on a fork of the cluster that is thrown away.

use super::board::{Board, view};
use super::message::Refusal;
use super::placement::{Found, Search};
use super::volumes;
use aegis_cluster::api;
use aegis_cluster::cluster::Cluster;
use aegis_cluster::draws::Draws;
use aegis_cluster::rules;
use aegis_model::kubernetes::Kind;
use aegis_model::{NodeId, PodId};
use alloc::string::String;
use alloc::vec::Vec;

/// A trial of placements on a fork; nodes that come later need a new one.
pub struct Rehearsal {
    search: Search,
}

impl Rehearsal {
    /// A trial on the nodes that exist in `fork`.
    #[must_use]
    pub fn of<P>(fork: &mut Cluster<P>) -> Self {
        Self {
            search: Search::new(Board::of(fork)),
        }
    }

    /// Places a pod and counts it where it goes; `None` where no node takes it. A pod that has a
    /// node is asked as if it had none.
    pub fn place<P>(&mut self, fork: &mut Cluster<P>, draws: Draws, pod: PodId) -> Option<NodeId> {
        self.search.volumes = volumes::of(fork, pod).ok()?;
        let Found::Row(row) = self.search.find(fork, draws, pod) else {
            return None;
        };
        let node = self.search.board.rows[row].node;
        if fork.objects.pods[pod.index()].node.is_none() {
            api::pods::bind(fork, pod, node);
        }
        self.search.count_bound(fork, pod, row);
        Some(node)
    }

    /// The sums of the scores that all nodes have for a pod, in order of ids, as if each took it.
    /// A plugin that scores all nodes alike is left out.
    pub fn weigh<P>(&mut self, fork: &mut Cluster<P>, pod: PodId) -> &[i64] {
        self.search.volumes = None;
        self.search.weigh(fork, pod)
    }

    /// Why a node does not take a pod, in the scheduler's words; empty where it does.
    pub fn objections<P>(
        &mut self,
        fork: &mut Cluster<P>,
        node: NodeId,
        pod: PodId,
    ) -> Vec<String> {
        self.search.volumes = match volumes::of(fork, pod) {
            Ok(volumes) => volumes,
            Err(reason) => return Vec::from([reason]),
        };
        let refusal = self.search.refusal_of(fork, pod, node);
        refusal.as_ref().map_or_else(Vec::new, Refusal::reasons)
    }

    /// Counts on a node the pods that DaemonSets would start there.
    pub fn charge_daemons<P>(&mut self, fork: &mut Cluster<P>, node: NodeId) {
        let Some(row) = self.search.board.row_of(node) else {
            return;
        };
        let daemons: Vec<_> = fork
            .objects
            .workloads
            .iter()
            .filter(|row| row.header.exists() && row.header.reference.kind == Kind::DaemonSet)
            .map(|row| row.template)
            .collect();
        for template in daemons {
            let spec = fork.objects.templates[template.index()].spec.clone();
            if rules::matches_node(&spec.spec, view(&fork.objects, node)) {
                let demand = fork.workings.scheduler.demand(&fork.objects, template);
                self.search.board.charge(row, &demand);
            }
        }
    }
}
