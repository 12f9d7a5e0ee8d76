//! Where one pod goes: filters, then scores, then a draw among the best.
//! Source: pkg/scheduler/schedule_one.go.

use super::affinity::PodRules;
use super::board::{Board, Guarded, Row, view};
use super::equals::{Bounds, Group, Standings};
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
    /// What searches for pods of the template have learnt of the rows.
    standings: Standings,
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

/// How a pod was searched a row for.
enum Among {
    /// By what is known from its like: the row, or none that fits.
    Equals(Option<usize>),
    /// It is the first of its kind, or rules over other pods and volumes have a say: not at all yet.
    Others,
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
    /// Pods that were placed by what was known from their like.
    #[cfg(test)]
    pub among_equals: usize,
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
            #[cfg(test)]
            among_equals: 0,
        }
    }

    /// Takes the next pod of every template for the first of its kind.
    #[cfg(test)]
    pub fn lose_memory(&mut self) {
        for memo in self.memos.values_mut() {
            memo.met = Met::Never;
        }
    }

    /// Where the pod goes.
    pub fn find<P>(&mut self, cluster: &mut Cluster<P>, draws: Draws, id: PodId) -> Found {
        self.prepare(cluster, id);
        match self.find_as_equal(cluster, draws, id) {
            Among::Equals(Some(row)) => return Found::Row(row),
            Among::Equals(None) => return Found::Nowhere(self.refusals(cluster, id)),
            Among::Others => {}
        }
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

    /// The row of a pod whose like was placed before, by what that search has left; the row is the
    /// one that [`Search::feasible`] and [`Search::best`] give.
    fn find_as_equal<P>(&mut self, cluster: &mut Cluster<P>, draws: Draws, id: PodId) -> Among {
        let plain = self.is_plain(cluster, id);
        let template = cluster.objects.pods[id.index()].template;
        let total = self.board.rows.len();
        let Some(memo) = self.memos.get_mut(&template) else {
            return Among::Others;
        };
        let daemon = cluster.workings.control.daemon_node(id).is_some();
        if !plain || daemon || total == 0 || !memo.keeps_standings() {
            return Among::Others;
        }
        let drawn = draw(cluster, draws, id);
        let bounds = Bounds {
            start: cluster.workings.scheduler.next_start % total,
            wanted: enough(total),
        };
        let mut standings = core::mem::take(&mut memo.standings);
        let outcome = standings.search(memo, &self.board, bounds, drawn);
        memo.standings = standings;
        #[cfg(test)]
        {
            self.among_equals += 1;
        }
        cluster.workings.scheduler.next_start = (bounds.start + outcome.looked_at) % total;
        Among::Equals(outcome.row)
    }

    /// Whether room and the node alone decide whether the pod fits.
    fn is_plain<P>(&self, cluster: &Cluster<P>, id: PodId) -> bool {
        let template = cluster.objects.pods[id.index()].template;
        self.memos.get(&template).is_some_and(Memo::is_plain)
            && self.volumes.is_none()
            && cluster.workings.scheduler.nominated.is_empty()
    }

    /// Rows that take the pod, from where the last search ended, until there are enough.
    fn feasible<P>(&self, cluster: &mut Cluster<P>, id: PodId, rows: &mut Vec<usize>) {
        let total = self.board.rows.len();
        let template = cluster.objects.pods[id.index()].template;
        let (Some(memo), true) = (self.memos.get(&template), total > 0) else {
            return;
        };
        let plain = self.is_plain(cluster, id);
        let wanted = enough(total);
        let start = cluster.workings.scheduler.next_start % total;
        let mut looked_at = 0;
        while looked_at < total && rows.len() < wanted {
            let ahead = start + looked_at;
            let row = if ahead < total { ahead } else { ahead - total };
            looked_at += 1;
            let room = memo.has_room(&self.board, row);
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
    pub fn with_nominated<P>(&self, cluster: &Cluster<P>, id: PodId, row: usize) -> NodeSums {
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

    /// Why a row would not take the pod if the pods in `without` were gone and its sums were `sums`.
    pub fn refuses_without<P>(
        &mut self,
        cluster: &Cluster<P>,
        id: PodId,
        row: usize,
        sums: &NodeSums,
        without: &[PodId],
    ) -> Option<Refusal> {
        let pod = &cluster.objects.pods[id.index()];
        let place = &self.board.rows[row];
        let node = &cluster.objects.nodes[place.node.index()];
        let Some(memo) = self.memos.get(&pod.template).filter(|memo| memo.open[row]) else {
            return self
                .refuses(cluster, id, row)
                .or(Some(Refusal::NodeAffinity));
        };
        let of_node = fit::refuses(place, node, sums, &memo.demand)
            .or_else(|| self.volumes_refuse(cluster, place.node, without));
        if of_node.is_some() {
            return of_node;
        }
        let rules = memo.rules.as_ref();
        let closed = memo.spread.refuses(row);
        let closed = closed.or_else(|| rules.and_then(|rules| rules.refuses(row)));
        if closed.is_none() && !rules.is_some_and(PodRules::need_others) {
            return None;
        }
        self.others_refuse_without(cluster, pod, row, without)
    }

    fn others_refuse_without<P>(
        &mut self,
        cluster: &Cluster<P>,
        pod: &Pod,
        row: usize,
        without: &[PodId],
    ) -> Option<Refusal> {
        let spread = Spread::of(cluster, &mut self.board, pod, without);
        let rules = PodRules::of(cluster, &mut self.board, pod, without);
        spread.refuses(row).or_else(|| rules.refuses(row))
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
        let drawn = draw(cluster, draws, id);
        let count = best().count();
        let chosen = ((drawn * count as f64) as usize).min(count - 1);
        best().nth(chosen).unwrap_or(rows[0])
    }

    /// The scores of all rows, as if each took the pod.
    pub fn weigh<P>(&mut self, cluster: &mut Cluster<P>, id: PodId) -> &[i64] {
        self.prepare(cluster, id);
        let rows = &mut self.scratch.rows;
        rows.clear();
        rows.extend(0..self.board.rows.len());
        let rows = core::mem::take(rows);
        let template = cluster.objects.pods[id.index()].template;
        if let Some(memo) = self.memos.get_mut(&template) {
            memo.score(&self.board, &rows, &mut self.scratch);
        }
        self.scratch.rows = rows;
        &self.scratch.sums
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
            standings: Standings::default(),
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
        let silent = self.rules.as_ref().is_none_or(PodRules::are_silent);
        silent && !self.spread.has_rules() && fit::is_plain(&self.demand)
    }

    /// Whether the node alone and its room take the pod.
    pub fn has_room(&self, board: &Board, row: usize) -> bool {
        let place = &board.rows[row];
        self.open[row] && fit::has_room(place, &place.sums, &self.demand)
    }

    /// Whether what a search learns helps the next one: not for a template of a single pod.
    fn keeps_standings(&self) -> bool {
        self.met == Met::Before && self.spread.has_marks()
    }

    /// What decides a row's normalised scores.
    pub fn group(&self, row: usize) -> Group {
        let of = |column: &[i64]| column.get(row).copied().unwrap_or(0);
        Group {
            unwelcome: of(&self.unwelcome),
            preferred: of(&self.preferred),
            marks: self.spread.marks(row),
        }
    }

    /// The sum of a row's scores that are not normalised.
    pub fn base(&self, place: &Row, row: usize) -> i64 {
        let images = self
            .images
            .get(row)
            .map_or(0, |score| weight::IMAGES * score);
        room_score(place, &self.demand) + images
    }

    /// Adds to `sums` the normalised scores of groups, over `rows` rows.
    pub fn add_group_scores<'a>(
        &self,
        groups: impl Iterator<Item = &'a Group> + Clone,
        rows: usize,
        raw: &mut Vec<f64>,
        sums: &mut [i64],
    ) {
        if !self.unwelcome.is_empty() {
            let column = groups.clone().map(|group| group.unwelcome);
            add(
                sums,
                column.collect(),
                weight::TAINTS,
                score::normalise_reversed,
            );
        }
        if !self.preferred.is_empty() {
            let column = groups.clone().map(|group| group.preferred);
            add(
                sums,
                column.collect(),
                weight::NODE_AFFINITY,
                score::normalise,
            );
        }
        if self.spread.has_wishes() {
            let marks = groups.map(|group| &group.marks);
            raw.clear();
            raw.resize(sums.len(), 0.0);
            self.spread.add_raw_of(&marks, rows, raw);
            score::normalise_spread(raw, sums, weight::SPREAD);
        }
    }

    /// Scores of the room on rows, pushed to `sums`.
    fn score_room(&mut self, board: &Board, rows: &[usize], sums: &mut Vec<i64>) {
        let score = |place: &Row| room_score(place, &self.demand);
        if self.met == Met::Never {
            self.met = Met::Before;
            sums.extend(rows.iter().map(|row| score(&board.rows[*row])));
            return;
        }
        self.room.resize(board.rows.len(), (0, 0));
        for row in rows {
            let (place, room) = (&board.rows[*row], &mut self.room[*row]);
            if room.0 != place.version {
                *room = (place.version, room_score(place, &self.demand) as i32);
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

/// Score of a row's room.
fn room_score(place: &Row, demand: &Demand) -> i64 {
    weight::LEAST_ALLOCATED * score::least_allocated(place, demand)
        + weight::BALANCED * score::balanced(place, demand)
}

/// The pod's draw among equally good nodes, 0 to 1.
fn draw<P>(cluster: &Cluster<P>, draws: Draws, id: PodId) -> f64 {
    let key = aegis_cluster::draws::pod_key(&cluster.objects, id);
    draws.uniform(Purpose::SchedulerTie, key, cluster.clock)
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
    let scores = rows.iter().map(|row| column[*row]).collect();
    add(sums, scores, weight, normalise);
}

/// Adds scores to `sums`, normalised and weighted.
fn add(sums: &mut [i64], mut scores: Vec<i64>, weight: i64, normalise: impl Fn(&mut [i64])) {
    normalise(&mut scores);
    for (sum, score) in sums.iter_mut().zip(scores) {
        *sum += weight * score;
    }
}
