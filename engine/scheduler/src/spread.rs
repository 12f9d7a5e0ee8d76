//! Spread over topology domains: constraints of the pod, or the system's defaults.
//! Source: pkg/scheduler/framework/plugins/podtopologyspread.

use super::board::{Board, Guarded, HOSTNAME, Row, Topology, view};
use super::message::Refusal;
use super::score::normalise_spread;
use super::selection::{Namespaces, Selection, Terminating, per_domain};
use aegis_cluster::cluster::Cluster;
use aegis_cluster::rules;
use aegis_model::kubernetes::{
    LabelSelector, Operator, PodSpec, Requirement, TopologySpreadConstraint,
};
use aegis_model::objects::{Pod, WorkloadSpec};
use aegis_model::{Objects, PodId};
use alloc::sync::Arc;
use alloc::vec::Vec;
use smol_str::SmolStr;

/// Zone label.
const ZONE: &str = "topology.kubernetes.io/zone";

/// The spread rules of the pods of one template, with counts.
#[derive(Debug, Clone)]
pub(super) struct Spread {
    constraints: Vec<Constraint>,
    /// Whether nodes must have all labels to be scored: not for the system's defaults.
    labels_needed: LabelsNeeded,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LabelsNeeded {
    All,
    Any,
}

/// One constraint.
#[derive(Debug, Clone)]
struct Constraint {
    key: SmolStr,
    max_skew: i64,
    hard: Hardness,
    min_domains: usize,
    selection: Selection,
    topology: Arc<Topology>,
    /// Per row: whether its pods count; empty where all do.
    counted_rows: Vec<bool>,
    /// Selected pods per domain.
    counts: Vec<u32>,
    /// Per domain: whether it has a row that counts.
    present: Vec<bool>,
    /// 1 if the pod selects itself.
    own: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hardness {
    DoNotSchedule,
    ScheduleAnyway,
}

/// A constraint before anything is counted.
struct Wanted {
    key: SmolStr,
    max_skew: u32,
    hard: Hardness,
    min_domains: u32,
    selection: Selection,
    affinity_honoured: bool,
    taints_honoured: bool,
}

/// Wishes for spread that are told by marks.
pub(super) const MOST_WISHES: usize = 4;

/// What decides a row's raw score of one wish.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Mark {
    /// The node lacks the label, or there is no such wish.
    #[default]
    Unlabelled,
    /// A domain of several nodes.
    Domain(u32),
    /// Pods that count, where each node is a domain of its own.
    Pods(u32),
}

/// Per wish, in order.
pub(super) type Marks = [Mark; MOST_WISHES];

impl Spread {
    /// The rules of a pod, counted over all nodes but for the pods in `without`.
    pub fn of<P>(cluster: &Cluster<P>, board: &mut Board, pod: &Pod, without: &[PodId]) -> Self {
        let objects = &cluster.objects;
        let spec = &objects.templates[pod.template.index()].spec.spec;
        let (wanted, labels_needed) = if spec.topology_spread_constraints.is_empty() {
            (defaults(objects, pod), LabelsNeeded::Any)
        } else {
            (explicit(spec, pod), LabelsNeeded::All)
        };
        let mut constraints = Vec::with_capacity(wanted.len());
        for wanted in wanted {
            let topology = board.topology(objects, &wanted.key);
            constraints.push(count(cluster, board, pod, wanted, topology, without));
        }
        let mut spread = Self {
            constraints,
            labels_needed,
        };
        spread.leave_out_unlabelled();
        spread
    }

    /// A node without all labels of the hard constraints counts for none of them.
    fn leave_out_unlabelled(&mut self) {
        if self.labels_needed == LabelsNeeded::Any {
            return;
        }
        for hardness in [Hardness::DoNotSchedule, Hardness::ScheduleAnyway] {
            let rows = self
                .constraints
                .first()
                .map_or(0, |c| c.topology.domains.len());
            for row in 0..rows {
                let of_kind = || self.constraints.iter().filter(|c| c.hard == hardness);
                if of_kind().all(|c| c.topology.of(row).is_some()) {
                    continue;
                }
                for constraint in &mut self.constraints {
                    if constraint.hard == hardness {
                        constraint.counted_rows.resize(rows, true);
                        constraint.counted_rows[row] = false;
                    }
                }
            }
        }
        for constraint in &mut self.constraints {
            constraint.present = present(&constraint.topology, &constraint.counted_rows);
        }
    }

    /// Why a row is closed to the pod, if so.
    pub fn refuses(&self, row: usize) -> Option<Refusal> {
        self.constraints
            .iter()
            .filter(|c| c.hard == Hardness::DoNotSchedule)
            .find_map(|constraint| match constraint.topology.of(row) {
                None => Some(Refusal::SpreadLabel),
                Some(domain) if constraint.would_skew(domain) => Some(Refusal::Spread),
                Some(_) => None,
            })
    }

    /// Adds the weighted, normalised scores of rows to `sums`: fewer pods in a row's domains is better.
    pub fn add_scores(
        &self,
        rows: &[usize],
        scratch: &mut Vec<f64>,
        sums: &mut [i64],
        weight: i64,
    ) {
        scratch.clear();
        scratch.resize(rows.len(), 0.0);
        for constraint in self.soft() {
            constraint.add_raw(rows, scratch);
        }
        if self.labels_needed == LabelsNeeded::All {
            for (row, raw) in rows.iter().zip(scratch.iter_mut()) {
                if self.soft().any(|c| c.topology.of(*row).is_none()) {
                    *raw = f64::NAN;
                }
            }
        }
        normalise_spread(scratch, sums, weight);
    }

    /// Whether marks tell all wishes.
    pub fn has_marks(&self) -> bool {
        self.soft().count() <= MOST_WISHES
    }

    /// What decides the scores of a row: rows with the same marks have the same.
    pub fn marks(&self, row: usize) -> Marks {
        let mut marks = Marks::default();
        for (mark, wish) in marks.iter_mut().zip(self.soft()) {
            *mark = wish.mark(row);
        }
        marks
    }

    /// Adds the raw scores of rows, told by their distinct marks; there are `rows` of them.
    pub fn add_raw_of<'a>(
        &self,
        marks: &(impl Iterator<Item = &'a Marks> + Clone),
        rows: usize,
        raw: &mut [f64],
    ) {
        for (nth, wish) in self.soft().enumerate() {
            let of_wish = marks.clone().map(|marks| marks[nth]);
            let each = wish.domain_weight(of_wish.clone(), rows);
            for (sum, mark) in raw.iter_mut().zip(of_wish) {
                match mark {
                    Mark::Domain(domain) => *sum += wish.raw(wish.counts[domain as usize], each),
                    Mark::Pods(count) => *sum += wish.raw(count, each),
                    Mark::Unlabelled if self.labels_needed == LabelsNeeded::All => *sum = f64::NAN,
                    Mark::Unlabelled => {}
                }
            }
        }
    }

    /// Whether pods of other workloads may count.
    pub fn counts_by_label(&self) -> bool {
        let by_label = |c: &Constraint| matches!(c.selection, Selection::Labels { .. });
        self.constraints.iter().any(by_label)
    }

    /// Whether some rows may be closed.
    pub fn has_rules(&self) -> bool {
        self.constraints
            .iter()
            .any(|c| c.hard == Hardness::DoNotSchedule)
    }

    /// Whether there is anything to score.
    pub fn has_wishes(&self) -> bool {
        self.soft().next().is_some()
    }

    /// The wishes.
    fn soft(&self) -> impl Iterator<Item = &Constraint> {
        let constraints = self.constraints.iter();
        constraints.filter(|c| c.hard == Hardness::ScheduleAnyway)
    }

    /// Counts a pod that was just bound to a row.
    pub fn count_bound(&mut self, objects: &Objects, pod: &Pod, row: usize) {
        for constraint in &mut self.constraints {
            if !constraint.counts_row(row) || !constraint.selection.matches(objects, pod) {
                continue;
            }
            if let Some(domain) = constraint.topology.of(row) {
                constraint.counts[domain] += 1;
            }
        }
    }
}

impl Constraint {
    fn counts_row(&self, row: usize) -> bool {
        self.counted_rows.is_empty() || self.counted_rows[row]
    }

    /// Count times weight, and the skew that is allowed, where the row has the label.
    fn add_raw(&self, rows: &[usize], sums: &mut [f64]) {
        let weight = self.weight_over(rows);
        for (row, sum) in rows.iter().zip(sums) {
            let domain = self.topology.domains[*row];
            if domain != Topology::NONE {
                *sum += self.raw(self.counts[domain as usize], weight);
            }
        }
    }

    fn raw(&self, count: u32, weight: f64) -> f64 {
        f64::from(count) * weight + (self.max_skew - 1) as f64
    }

    fn mark(&self, row: usize) -> Mark {
        match self.topology.of(row) {
            None => Mark::Unlabelled,
            Some(domain) if self.key == HOSTNAME && self.topology.is_one_each() => {
                Mark::Pods(self.counts[domain])
            }
            Some(domain) => Mark::Domain(domain as u32),
        }
    }

    fn would_skew(&self, domain: usize) -> bool {
        let count = i64::from(self.counts[domain]);
        count + self.own - self.least() > self.max_skew
    }

    /// The smallest count over the domains; 0 while there are fewer than asked for.
    fn least(&self) -> i64 {
        let domains = self.present.iter().filter(|present| **present).count();
        if domains < self.min_domains {
            return 0;
        }
        let counts = self.counts.iter().zip(&self.present);
        counts
            .filter(|(_, present)| **present)
            .map(|(count, _)| i64::from(*count))
            .min()
            .unwrap_or(0)
    }

    fn weight_over(&self, rows: &[usize]) -> f64 {
        let marks = rows.iter().map(|row| self.topology.domains[*row]);
        let labelled = marks.filter(|domain| *domain != Topology::NONE);
        self.domain_weight(labelled.map(Mark::Domain), rows.len())
    }

    /// `ln(domains + 2)`: more domains, more weight for each pod in one. `marks` are those of `rows` rows.
    fn domain_weight(&self, marks: impl Iterator<Item = Mark>, rows: usize) -> f64 {
        let size = if self.key == HOSTNAME {
            rows
        } else {
            self.topology.distinct(marks)
        };
        libm::log(size as f64 + 2.0)
    }
}

impl Topology {
    /// How many domains are among these marks.
    fn distinct(&self, marks: impl Iterator<Item = Mark>) -> usize {
        let domains = marks.filter_map(|mark| match mark {
            Mark::Domain(domain) => Some(domain),
            Mark::Pods(_) | Mark::Unlabelled => None,
        });
        if self.count <= 64 {
            let seen = domains.fold(0_u64, |seen, domain| seen | 1 << domain);
            return seen.count_ones() as usize;
        }
        let mut seen = alloc::vec![false; self.count];
        domains.for_each(|domain| seen[domain as usize] = true);
        seen.iter().filter(|seen| **seen).count()
    }
}

fn present(topology: &Topology, counted_rows: &[bool]) -> Vec<bool> {
    if counted_rows.is_empty() {
        return alloc::vec![true; topology.count];
    }
    let mut present = alloc::vec![false; topology.count];
    for (row, counted) in counted_rows.iter().enumerate() {
        if let Some(domain) = topology.of(row).filter(|_| *counted) {
            present[domain] = true;
        }
    }
    present
}

fn count<P>(
    cluster: &Cluster<P>,
    board: &Board,
    pod: &Pod,
    wanted: Wanted,
    topology: Arc<Topology>,
    without: &[PodId],
) -> Constraint {
    let objects = &cluster.objects;
    let spec = &objects.templates[pod.template.index()].spec.spec;
    let counted_rows = counted_rows(objects, board, spec, &wanted);
    let mut rows = wanted
        .selection
        .placed(cluster, board, Terminating::LeftOut, without);
    rows.retain(|row| counted_rows.is_empty() || counted_rows[*row]);
    Constraint {
        key: wanted.key,
        max_skew: i64::from(wanted.max_skew),
        hard: wanted.hard,
        min_domains: wanted.min_domains as usize,
        own: i64::from(wanted.selection.matches(objects, pod)),
        counts: per_domain(&topology, &rows),
        present: present(&topology, &counted_rows),
        selection: wanted.selection,
        topology,
        counted_rows,
    }
}

/// Per row: whether its pods count, by the policies of the constraint; empty where all do.
fn counted_rows(objects: &Objects, board: &Board, spec: &PodSpec, wanted: &Wanted) -> Vec<bool> {
    let by_affinity = wanted.affinity_honoured && rules::is_choosy(spec);
    let by_taints = wanted.taints_honoured && board.guarded == Guarded::Yes;
    if !by_affinity && !by_taints {
        return Vec::new();
    }
    let counts = |row: &Row| {
        let node = view(objects, row.node);
        let tolerated =
            !by_taints || rules::untolerated(&node.spec.taints, &spec.tolerations).is_none();
        tolerated && (!by_affinity || rules::matches_node(spec, node))
    };
    board.rows.iter().map(counts).collect()
}

fn explicit(spec: &PodSpec, pod: &Pod) -> Vec<Wanted> {
    let wanted = |constraint: &TopologySpreadConstraint| Wanted {
        key: constraint.topology_key.clone(),
        max_skew: constraint.max_skew.max(1),
        hard: match constraint.when_unsatisfiable.as_str() {
            "ScheduleAnyway" => Hardness::ScheduleAnyway,
            _ => Hardness::DoNotSchedule,
        },
        min_domains: constraint.min_domains.unwrap_or(1),
        selection: Selection::Labels {
            namespaces: Namespaces::These(alloc::vec![pod.namespace.clone()]),
            selectors: constraint
                .label_selector
                .iter()
                .map(|selector| with_label_keys(selector, &constraint.match_label_keys, pod))
                .collect(),
        },
        affinity_honoured: constraint.node_affinity_policy.as_deref() != Some("Ignore"),
        taints_honoured: constraint.node_taints_policy.as_deref() == Some("Honor"),
    };
    spec.topology_spread_constraints
        .iter()
        .map(wanted)
        .collect()
}

/// `matchLabelKeys`: the pod's own values of these labels.
fn with_label_keys(selector: &LabelSelector, keys: &[SmolStr], pod: &Pod) -> LabelSelector {
    let mut selector = selector.clone();
    for key in keys {
        if let Some(value) = pod.labels.get(key) {
            selector.match_expressions.push(Requirement {
                key: key.clone(),
                operator: Operator::In,
                values: alloc::vec![value.clone()],
            });
        }
    }
    selector
}

/// The system's defaults: 3 per node and 5 per zone, as wishes, over the pods
/// that the pod's ReplicaSet, StatefulSet or Services select. None for others.
fn defaults(objects: &Objects, pod: &Pod) -> Vec<Wanted> {
    let Some(selection) = default_selection(objects, pod) else {
        return Vec::new();
    };
    let wanted = |(key, max_skew): (&str, u32)| Wanted {
        key: key.into(),
        max_skew,
        hard: Hardness::ScheduleAnyway,
        min_domains: 1,
        selection: selection.clone(),
        affinity_honoured: true,
        taints_honoured: false,
    };
    [(HOSTNAME, 3), (ZONE, 5)].map(wanted).into()
}

/// Source: plugins/helper/spread.go `DefaultSelector`.
fn default_selection(objects: &Objects, pod: &Pod) -> Option<Selection> {
    let workload = objects.workloads.get(pod.workload.index())?;
    match &*workload.spec {
        WorkloadSpec::Deployment(_) => Some(Selection::Revision(pod.workload, pod.template)),
        WorkloadSpec::StatefulSet(_) | WorkloadSpec::ReplicaSet(_) => {
            Some(Selection::Workload(pod.workload))
        }
        WorkloadSpec::DaemonSet(_)
        | WorkloadSpec::Job(_)
        | WorkloadSpec::CronJob(_)
        | WorkloadSpec::Pod(_) => by_services(objects, pod),
    }
}

/// The selectors of all Services that select the pod, together.
fn by_services(objects: &Objects, pod: &Pod) -> Option<Selection> {
    let selectors: Vec<LabelSelector> = objects
        .services
        .iter()
        .filter(|service| {
            service.header.exists() && service.header.reference.namespace == pod.namespace
        })
        .map(|service| LabelSelector {
            match_labels: service.spec.selector.clone(),
            ..LabelSelector::default()
        })
        .filter(|selector| !selector.match_labels.is_empty() && selector.matches(&pod.labels))
        .collect();
    (!selectors.is_empty()).then(|| Selection::Labels {
        namespaces: Namespaces::These(alloc::vec![pod.namespace.clone()]),
        selectors,
    })
}
