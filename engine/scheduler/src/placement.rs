//! Where one pod goes: filters, then scores, then a draw among the best.
//! Source: pkg/scheduler/schedule_one.go.

use super::affinity::PodRules;
use super::board::{Board, Guarded, Row, view};
use super::message::Refusal;
use super::score::{self, weight};
use super::spread::Spread;
use super::volumes::PodVolumes;
use super::{fit, images};
use aegis_cluster::cluster::Cluster;
use aegis_cluster::draws::{Draws, Purpose};
use aegis_cluster::rules;
use aegis_cluster::workings::{Demand, NodeSums, SpeaksOfPods};
use aegis_model::kubernetes::PodSpec;
use aegis_model::objects::Pod;
use aegis_model::{NodeId, PodId, TemplateId, WorkloadId};
use alloc::collections::{BTreeMap, VecDeque};
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
    /// Per row: whether the rules that look at the node alone let the pod in.
    open: Vec<bool>,
    /// Per row: what differs between nodes without a pod on them; empty where nothing does.
    unwelcome: Vec<i64>,
    preferred: Vec<i64>,
    images: Vec<i64>,
    /// Per row: score of its room, and the row's version that it holds for; empty until a second pod comes.
    room: Vec<(u32, i32)>,
    met: Met,
    /// Whose coming the spread counts.
    counts: Counts,
    spread: Spread,
    rules: Option<PodRules>,
}

/// Whether a pod of the template was scored before: only then scores are worth keeping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Met {
    Never,
    Before,
}

/// Whose coming changes the counts of a memo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Counts {
    /// Pods of one workload.
    Own(WorkloadId),
    /// Pods by label, or by the terms of others.
    Anyone,
}

/// The search of one step over all its pods.
pub(super) struct Search {
    pub board: Board,
    /// Volumes of the pod that is looked at.
    pub volumes: Option<PodVolumes>,
    memos: BTreeMap<TemplateId, Memo>,
    /// The templates of the memos, the oldest first.
    remembered: VecDeque<TemplateId>,
    scratch: Scratch,
}

/// Templates of which something is remembered at once: a pod that is bound is counted in each.
const MOST_MEMOS: usize = 256;

/// Memory that searches use again.
#[derive(Default)]
struct Scratch {
    rows: Vec<usize>,
    sums: Vec<i64>,
    raw: Vec<f64>,
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
            volumes: None,
            memos: BTreeMap::new(),
            remembered: VecDeque::new(),
            scratch: Scratch::default(),
        }
    }

    /// Where the pod goes.
    pub fn find<P>(&mut self, cluster: &mut Cluster<P>, draws: Draws, id: PodId) -> Found {
        self.prepare(cluster, id);
        let mut rows = core::mem::take(&mut self.scratch.rows);
        rows.clear();
        match cluster.workings.control.daemon_node(id) {
            Some(node) => rows.extend(self.pinned(cluster, id, node)),
            None => self.feasible(cluster, id, &mut rows),
        }
        let found = match rows.as_slice() {
            [] => Found::Nowhere(self.refusals(cluster, id)),
            [only] => Found::Row(*only),
            rows => Found::Row(self.best(cluster, draws, id, rows)),
        };
        self.scratch.rows = rows;
        found
    }

    /// What is known of the pod's template; after [`Search::find`] it is there.
    pub fn demand(&self, template: TemplateId) -> Arc<Demand> {
        self.memos
            .get(&template)
            .map_or_else(Arc::default, |memo| memo.demand.clone())
    }

    /// Why a node does not take the pod; `None` where it does.
    pub fn refusal_of<P>(
        &mut self,
        cluster: &mut Cluster<P>,
        id: PodId,
        node: NodeId,
    ) -> Option<Refusal> {
        self.prepare(cluster, id);
        let row = self.board.row_of(node)?;
        self.refuses(cluster, id, row)
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
            self.remember(template, memo);
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

    fn remember(&mut self, template: TemplateId, memo: Memo) {
        if self.remembered.len() == MOST_MEMOS
            && let Some(oldest) = self.remembered.pop_front()
        {
            self.memos.remove(&oldest);
        }
        self.remembered.push_back(template);
        self.memos.insert(template, memo);
    }

    /// Rows that take the pod, from where the last search ended, until there are enough.
    fn feasible<P>(&self, cluster: &mut Cluster<P>, id: PodId, rows: &mut Vec<usize>) {
        let total = self.board.rows.len();
        let template = cluster.objects.pods[id.index()].template;
        let (Some(memo), true) = (self.memos.get(&template), total > 0) else {
            return;
        };
        let plain = memo.is_plain()
            && self.volumes.is_none()
            && cluster.workings.scheduler.nominated.is_empty();
        let wanted = enough(total);
        let start = cluster.workings.scheduler.next_start % total;
        let mut looked_at = 0;
        while looked_at < total && rows.len() < wanted {
            let ahead = start + looked_at;
            let row = if ahead < total { ahead } else { ahead - total };
            looked_at += 1;
            let place = &self.board.rows[row];
            let room = memo.open[row] && fit::has_room(place, &place.sums, &memo.demand);
            if room && (plain || self.refuses(cluster, id, row).is_none()) {
                rows.push(row);
            }
        }
        cluster.workings.scheduler.next_start = (start + looked_at) % total;
    }

    fn pinned<P>(&self, cluster: &Cluster<P>, id: PodId, node: NodeId) -> Option<usize> {
        let row = self.board.row_of(node);
        row.filter(|row| self.refuses(cluster, id, *row).is_none())
    }

    /// The first rule of a row that is against the pod.
    fn refuses<P>(&self, cluster: &Cluster<P>, id: PodId, row: usize) -> Option<Refusal> {
        let pod = &cluster.objects.pods[id.index()];
        let memo = self.memos.get(&pod.template)?;
        let place = &self.board.rows[row];
        if !memo.open[row] {
            return closed(cluster, pod, place.node);
        }
        let node = &cluster.objects.nodes[place.node.index()];
        let no_room = if cluster.workings.scheduler.nominated.is_empty() {
            fit::refuses(place, node, &place.sums, &memo.demand)
        } else {
            let sums = self.with_nominated(cluster, id, row);
            fit::refuses(place, node, &sums, &memo.demand)
        };
        no_room
            .or_else(|| self.volumes_refuse(cluster, place.node, &[]))
            .or_else(|| memo.spread.refuses(row))
            .or_else(|| memo.rules.as_ref().and_then(|rules| rules.refuses(row)))
    }

    fn volumes_refuse<P>(
        &self,
        cluster: &Cluster<P>,
        node: NodeId,
        without: &[PodId],
    ) -> Option<Refusal> {
        let volumes = self.volumes.as_ref()?;
        volumes.refuses(cluster, node, without)
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
        if !memo.open[row]
            || fit::refuses(place, node, sums, &memo.demand).is_some()
            || self.volumes_refuse(cluster, place.node, without).is_some()
        {
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

    fn best<P>(&mut self, cluster: &Cluster<P>, draws: Draws, id: PodId, rows: &[usize]) -> usize {
        let template = cluster.objects.pods[id.index()].template;
        let Some(memo) = self.memos.get_mut(&template) else {
            return rows[0];
        };
        memo.score(&self.board, rows, &mut self.scratch);
        let scores = &self.scratch.sums;
        let highest = scores.iter().copied().max().unwrap_or(0);
        let best = || {
            let scored = rows.iter().zip(scores);
            scored
                .filter(|(_, score)| **score == highest)
                .map(|(row, _)| *row)
        };
        let key = aegis_cluster::draws::pod_key(&cluster.objects, id);
        let drawn = draws.uniform(Purpose::SchedulerTie, key, cluster.clock);
        let count = best().count();
        let chosen = ((drawn * count as f64) as usize).min(count - 1);
        best().nth(chosen).unwrap_or(rows[0])
    }

    /// Counts a pod that was bound to a row.
    pub fn count_bound<P>(&mut self, cluster: &Cluster<P>, id: PodId, row: usize) {
        let pod = &cluster.objects.pods[id.index()];
        let demand = self.demand(pod.template);
        self.board.charge(row, &demand);
        let speaks = demand.speaks_of_pods == SpeaksOfPods::Yes;
        for memo in self.memos.values_mut() {
            if memo.counts == Counts::Anyone || memo.counts == Counts::Own(pod.workload) {
                memo.spread.count_bound(&cluster.objects, pod, row);
            }
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
        let spread = Spread::of(cluster, board, pod, &[]);
        Self {
            open: open_rows(cluster, board, pod),
            unwelcome: unwelcome(cluster, board, spec),
            preferred: preferred(cluster, board, spec),
            images: unless_equal(images::scores(cluster, board, spec)),
            room: Vec::new(),
            met: Met::Never,
            counts: match spread.counts_by_label() {
                true => Counts::Anyone,
                false => Counts::Own(pod.workload),
            },
            spread,
            rules: None,
            demand,
        }
    }

    /// Whether room and the node alone decide whether a pod of the template fits.
    fn is_plain(&self) -> bool {
        self.rules.is_none() && !self.spread.has_rules() && fit::is_plain(&self.demand)
    }

    /// Scores of the room on rows, pushed to `sums`.
    fn score_room(&mut self, board: &Board, rows: &[usize], sums: &mut Vec<i64>) {
        let score = |place: &Row| {
            weight::LEAST_ALLOCATED * score::least_allocated(place, &self.demand)
                + weight::BALANCED * score::balanced(place, &self.demand)
        };
        if self.met == Met::Never {
            self.met = Met::Before;
            sums.extend(rows.iter().map(|row| score(&board.rows[*row])));
            return;
        }
        self.room.resize(board.rows.len(), (0, 0));
        for row in rows {
            let (place, room) = (&board.rows[*row], &mut self.room[*row]);
            if room.0 != place.version {
                *room = (place.version, score(place) as i32);
            }
            sums.push(i64::from(room.1));
        }
    }

    /// Weighted sums of the plugins' scores of rows, into `scratch.sums`. A plugin that scores
    /// all nodes alike is left out: it moves no choice.
    fn score(&mut self, board: &Board, rows: &[usize], scratch: &mut Scratch) {
        let sums = &mut scratch.sums;
        sums.clear();
        self.score_room(board, rows, sums);
        add_normalised(
            sums,
            &self.unwelcome,
            rows,
            weight::TAINTS,
            score::normalise_reversed,
        );
        add_normalised(
            sums,
            &self.preferred,
            rows,
            weight::NODE_AFFINITY,
            score::normalise,
        );
        add_normalised(sums, &self.images, rows, weight::IMAGES, |_| {});
        if self.spread.has_wishes() {
            let raw = &mut scratch.raw;
            self.spread.add_scores(rows, raw, sums, weight::SPREAD);
        }
        if let Some(rules) = &self.rules {
            let wishes = rules.wishes();
            add_normalised(
                sums,
                wishes,
                rows,
                weight::POD_AFFINITY,
                score::normalise_range,
            );
        }
    }
}

/// Why a node is closed to a pod, whoever is on it.
fn closed<P>(cluster: &Cluster<P>, pod: &Pod, node: NodeId) -> Option<Refusal> {
    let spec = &cluster.objects.templates[pod.template.index()].spec.spec;
    let node = view(&cluster.objects, node);
    if rules::names_others(spec, node.name) {
        return Some(Refusal::Pinned);
    }
    if rules::is_cordoned_off(node, &spec.tolerations) {
        return Some(Refusal::Unschedulable);
    }
    if let Some(taint) = rules::untolerated(&node.spec.taints, &spec.tolerations) {
        return Some(Refusal::Taint(taint.clone()));
    }
    (!rules::matches_node(spec, node)).then_some(Refusal::NodeAffinity)
}

/// Per row: whether it is open to the pod, whoever is on it.
fn open_rows<P>(cluster: &Cluster<P>, board: &Board, pod: &Pod) -> Vec<bool> {
    let spec = &cluster.objects.templates[pod.template.index()].spec.spec;
    if board.guarded == Guarded::No && !rules::is_choosy(spec) {
        return alloc::vec![true; board.rows.len()];
    }
    let rows = board.rows.iter();
    rows.map(|row| closed(cluster, pod, row.node).is_none())
        .collect()
}

/// Per row: `PreferNoSchedule` taints that the pod does not tolerate.
fn unwelcome<P>(cluster: &Cluster<P>, board: &Board, spec: &PodSpec) -> Vec<i64> {
    if board.guarded == Guarded::No {
        return Vec::new();
    }
    let taints = |node: NodeId| &cluster.objects.nodes[node.index()].spec.taints;
    let rows = board.rows.iter();
    let count = |row: &Row| i64::from(rules::unwelcome(taints(row.node), &spec.tolerations));
    unless_equal(rows.map(count).collect())
}

/// Per row: weights of preferred node affinities that it meets.
fn preferred<P>(cluster: &Cluster<P>, board: &Board, spec: &PodSpec) -> Vec<i64> {
    if spec.affinity.node_affinity.preferred.is_empty() {
        return Vec::new();
    }
    let weight = |row: &Row| {
        let node = view(&cluster.objects, row.node);
        i64::from(rules::node_preference(spec, node))
    };
    unless_equal(board.rows.iter().map(weight).collect())
}

/// Nothing where all nodes are alike.
fn unless_equal(column: Vec<i64>) -> Vec<i64> {
    let equal = column.iter().all(|value| Some(value) == column.first());
    if equal { Vec::new() } else { column }
}

fn add_normalised(
    sums: &mut [i64],
    column: &[i64],
    rows: &[usize],
    weight: i64,
    normalise: impl Fn(&mut [i64]),
) {
    if column.is_empty() {
        return;
    }
    let mut scores: Vec<i64> = rows.iter().map(|row| column[*row]).collect();
    normalise(&mut scores);
    for (sum, score) in sums.iter_mut().zip(scores) {
        *sum += weight * score;
    }
}
