//! Where one pod goes: filters, then scores, then a draw among the best.
//! Source: pkg/scheduler/schedule_one.go.

use super::affinity::PodRules;
use super::board::{Board, view};
use super::message::Refusal;
use super::score::{self, weight};
use super::spread::Spread;
use super::{fit, images, rules};
use crate::cluster::Cluster;
use crate::draws::{Draws, Purpose};
use crate::workings::{Demand, NodeSums, SpeaksOfPods};
use aegis_model::objects::Pod;
use aegis_model::{NodeId, PodId, TemplateId};
use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;

/// What a search found.
pub(super) enum Found {
    /// The row to bind to.
    Row(usize),
    /// Nothing: why, by row.
    Nowhere(Vec<Refusal>),
}

/// What is known of the pods of one template while a step lasts.
pub(super) struct Memo {
    pub demand: Arc<Demand>,
    /// Per row: the rules that look at the node alone.
    fixed: Vec<Option<Refusal>>,
    unwelcome: Vec<i64>,
    preferred: Vec<i64>,
    images: Vec<i64>,
    spread: Spread,
    rules: Option<PodRules>,
}

/// The search of one step over all its pods.
pub(super) struct Search {
    pub board: Board,
    memos: BTreeMap<TemplateId, Memo>,
}

/// Nodes that are scored at least, where there are as many.
const FEWEST_SCORED: usize = 100;

/// How many nodes that fit are enough.
/// Source: schedule_one.go `numFeasibleNodesToFind`.
const fn enough(nodes: usize) -> usize {
    if nodes < FEWEST_SCORED {
        return nodes;
    }
    let percent = 50_usize.saturating_sub(nodes / 125);
    let percent = if percent < 5 { 5 } else { percent };
    let wanted = nodes * percent / 100;
    if wanted < FEWEST_SCORED {
        FEWEST_SCORED
    } else {
        wanted
    }
}

impl Search {
    pub fn new(board: Board) -> Self {
        Self {
            board,
            memos: BTreeMap::new(),
        }
    }

    /// Where the pod goes.
    pub fn find<P>(&mut self, cluster: &mut Cluster<P>, draws: Draws, id: PodId) -> Found {
        self.prepare(cluster, id);
        let feasible = match cluster.workings.control.daemon_node(id) {
            Some(node) => self.pinned(cluster, id, node),
            None => self.feasible(cluster, id),
        };
        match feasible.as_slice() {
            [] => Found::Nowhere(self.refusals(cluster, id)),
            [only] => Found::Row(*only),
            rows => Found::Row(self.best(cluster, draws, id, rows)),
        }
    }

    /// What is known of the pod's template; after [`Search::find`] it is there.
    pub fn demand(&self, template: TemplateId) -> Arc<Demand> {
        self.memos
            .get(&template)
            .map_or_else(Arc::default, |memo| memo.demand.clone())
    }

    fn prepare<P>(&mut self, cluster: &mut Cluster<P>, id: PodId) {
        let template = cluster.objects.pods[id.index()].template;
        let demand = cluster
            .workings
            .scheduler
            .demand(&cluster.objects, template);
        let pod = &cluster.objects.pods[id.index()];
        if !self.memos.contains_key(&template) {
            let memo = Memo::of(cluster, &mut self.board, pod, demand);
            self.memos.insert(template, memo);
        }
        let Some(memo) = self.memos.get_mut(&template) else {
            return;
        };
        let silent = memo.demand.speaks_of_pods == SpeaksOfPods::No
            && cluster.workings.scheduler.affine.is_empty();
        if memo.rules.is_none() && !silent {
            memo.rules = Some(PodRules::of(cluster, &mut self.board, pod, &[]));
        }
    }

    /// Rows that take the pod, from where the last search ended, until there are enough.
    fn feasible<P>(&self, cluster: &mut Cluster<P>, id: PodId) -> Vec<usize> {
        let total = self.board.rows.len();
        if total == 0 {
            return Vec::new();
        }
        let wanted = enough(total);
        let start = cluster.workings.scheduler.next_start % total;
        let mut rows = Vec::with_capacity(wanted);
        let mut looked_at = 0;
        while looked_at < total && rows.len() < wanted {
            let row = (start + looked_at) % total;
            looked_at += 1;
            if self.refuses(cluster, id, row).is_none() {
                rows.push(row);
            }
        }
        cluster.workings.scheduler.next_start = (start + looked_at) % total;
        rows
    }

    fn pinned<P>(&self, cluster: &Cluster<P>, id: PodId, node: NodeId) -> Vec<usize> {
        let row = self.board.row_of(node);
        row.filter(|row| self.refuses(cluster, id, *row).is_none())
            .into_iter()
            .collect()
    }

    /// The first rule of a row that is against the pod.
    fn refuses<P>(&self, cluster: &Cluster<P>, id: PodId, row: usize) -> Option<Refusal> {
        let pod = &cluster.objects.pods[id.index()];
        let memo = self.memos.get(&pod.template)?;
        if let Some(refusal) = &memo.fixed[row] {
            return Some(refusal.clone());
        }
        let place = &self.board.rows[row];
        let node = &cluster.objects.nodes[place.node.index()];
        let no_room = if cluster.workings.scheduler.nominated.is_empty() {
            fit::refuses(place, node, &place.sums, &memo.demand)
        } else {
            let sums = self.with_nominated(cluster, id, row);
            fit::refuses(place, node, &sums, &memo.demand)
        };
        no_room
            .or_else(|| memo.spread.refuses(row))
            .or_else(|| memo.rules.as_ref().and_then(|rules| rules.refuses(row)))
    }

    /// The row's sums with the pods for which room was made there, unless they matter less than this one.
    fn with_nominated<P>(&self, cluster: &Cluster<P>, id: PodId, row: usize) -> NodeSums {
        let place = &self.board.rows[row];
        let mut sums = place.sums.clone();
        let priority = cluster.objects.pods[id.index()].priority;
        for (other, node) in cluster.workings.scheduler.nominated.iter() {
            let pod = &cluster.objects.pods[other.index()];
            if *node == place.node && *other != id && pod.priority >= priority {
                let spec = &cluster.objects.templates[pod.template.index()].spec.spec;
                sums.add(&Demand::of(spec));
            }
        }
        sums
    }

    /// Why each row is against the pod; called where all are.
    fn refusals<P>(&self, cluster: &Cluster<P>, id: PodId) -> Vec<Refusal> {
        let pinned = cluster.workings.control.daemon_node(id);
        let rows = 0..self.board.rows.len();
        rows.map(|row| match pinned {
            Some(node) if self.board.rows[row].node != node => Refusal::Pinned,
            _ => self
                .refuses(cluster, id, row)
                .unwrap_or(Refusal::NodeAffinity),
        })
        .collect()
    }

    /// Whether a row would take the pod if the pods in `without` were gone and its sums were `sums`.
    pub fn fits_without<P>(
        &mut self,
        cluster: &Cluster<P>,
        id: PodId,
        row: usize,
        sums: &NodeSums,
        without: &[PodId],
    ) -> bool {
        let pod = &cluster.objects.pods[id.index()];
        let Some(memo) = self.memos.get(&pod.template) else {
            return false;
        };
        let place = &self.board.rows[row];
        let node = &cluster.objects.nodes[place.node.index()];
        if memo.fixed[row].is_some() || fit::refuses(place, node, sums, &memo.demand).is_some() {
            return false;
        }
        let by_others = memo.spread.refuses(row).is_some()
            || memo
                .rules
                .as_ref()
                .is_some_and(|r| r.refuses(row).is_some());
        !by_others || self.others_agree_without(cluster, pod, row, without)
    }

    fn others_agree_without<P>(
        &mut self,
        cluster: &Cluster<P>,
        pod: &Pod,
        row: usize,
        without: &[PodId],
    ) -> bool {
        let spread = Spread::of(cluster, &mut self.board, pod, without);
        let rules = PodRules::of(cluster, &mut self.board, pod, without);
        spread.refuses(row).is_none() && rules.refuses(row).is_none()
    }

    fn best<P>(&self, cluster: &Cluster<P>, draws: Draws, id: PodId, rows: &[usize]) -> usize {
        let pod = &cluster.objects.pods[id.index()];
        let Some(memo) = self.memos.get(&pod.template) else {
            return rows[0];
        };
        let scores = memo.scores(&self.board, rows);
        let highest = scores.iter().copied().max().unwrap_or(0);
        let best: Vec<usize> = rows
            .iter()
            .zip(&scores)
            .filter(|(_, score)| **score == highest)
            .map(|(row, _)| *row)
            .collect();
        let key = crate::step::kubelet::pod_key(&cluster.objects, id);
        let drawn = draws.uniform(Purpose::SchedulerTie, key, cluster.clock);
        best[((drawn * best.len() as f64) as usize).min(best.len() - 1)]
    }

    /// Counts a pod that was bound to a row.
    pub fn count_bound<P>(&mut self, cluster: &Cluster<P>, id: PodId, row: usize) {
        let pod = &cluster.objects.pods[id.index()];
        let demand = self.demand(pod.template);
        self.board.charge(row, &demand);
        let speaks = demand.speaks_of_pods == SpeaksOfPods::Yes;
        for memo in self.memos.values_mut() {
            memo.spread.count_bound(&cluster.objects, pod, row);
            if speaks || memo.demand.speaks_of_pods == SpeaksOfPods::Yes {
                memo.rules = None;
            }
        }
    }
}

impl Memo {
    fn of<P>(cluster: &Cluster<P>, board: &mut Board, pod: &Pod, demand: Arc<Demand>) -> Self {
        let objects = &cluster.objects;
        let spec = &objects.templates[pod.template.index()].spec.spec;
        let nodes = || board.rows.iter().map(|row| view(objects, row.node));
        let fixed = nodes().map(|node| {
            if rules::is_cordoned_off(node, &spec.tolerations) {
                return Some(Refusal::Unschedulable);
            }
            let taint = rules::untolerated(&node.spec.taints, &spec.tolerations);
            let taint = taint.map(|taint| Refusal::Taint(taint.clone()));
            let affinity = || (!rules::matches_node(spec, node)).then_some(Refusal::NodeAffinity);
            taint.or_else(affinity)
        });
        let unwelcome =
            nodes().map(|node| i64::from(rules::unwelcome(&node.spec.taints, &spec.tolerations)));
        let preferred = nodes().map(|node| i64::from(rules::node_preference(spec, node)));
        Self {
            fixed: fixed.collect(),
            unwelcome: unwelcome.collect(),
            preferred: preferred.collect(),
            images: images::scores(cluster, board, spec),
            spread: Spread::of(cluster, board, pod, &[]),
            rules: None,
            demand,
        }
    }

    /// Weighted sums of the plugins' scores.
    fn scores(&self, board: &Board, rows: &[usize]) -> Vec<i64> {
        let pick = |column: &[i64]| rows.iter().map(|row| column[*row]).collect::<Vec<i64>>();
        let mut taints = pick(&self.unwelcome);
        score::normalise_reversed(&mut taints);
        let mut affinity = pick(&self.preferred);
        score::normalise(&mut affinity);
        let mut sums: Vec<i64> = rows
            .iter()
            .map(|row| {
                let place = &board.rows[*row];
                weight::LEAST_ALLOCATED * score::least_allocated(place, &self.demand)
                    + weight::BALANCED * score::balanced(place, &self.demand)
                    + weight::IMAGES * self.images.get(*row).copied().unwrap_or(0)
            })
            .collect();
        add(&mut sums, &taints, weight::TAINTS);
        add(&mut sums, &affinity, weight::NODE_AFFINITY);
        if self.spread.has_wishes() {
            let spread = score::normalise_spread(&self.spread.scores(rows));
            add(&mut sums, &spread, weight::SPREAD);
        }
        if let Some(rules) = &self.rules {
            let mut wishes: Vec<i64> = rows.iter().map(|row| rules.wish(*row)).collect();
            score::normalise_range(&mut wishes);
            add(&mut sums, &wishes, weight::POD_AFFINITY);
        }
        sums
    }
}

fn add(sums: &mut [i64], scores: &[i64], weight: i64) {
    for (sum, score) in sums.iter_mut().zip(scores) {
        *sum += weight * score;
    }
}
