//! Affinity and anti-affinity between pods.
//! Source: pkg/scheduler/framework/plugins/interpodaffinity.

use super::board::{Board, Topology};
use super::message::Refusal;
use super::selection::{Selection, Terminating, per_domain};
use aegis_cluster::cluster::Cluster;
use aegis_model::kubernetes::{Affinity, PodAffinityTerm};
use aegis_model::objects::Pod;
use aegis_model::{Objects, PodId};
use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;
use smol_str::SmolStr;

/// Weight in the score of another pod's required affinity that the pod meets.
const HARD_POD_AFFINITY_WEIGHT: i64 = 1;

/// The rules between a pod and all others, counted.
#[derive(Debug, Default, Clone)]
pub(super) struct PodRules {
    /// Required affinity: per term the pods that meet all terms, by domain.
    affinity: Vec<Counted>,
    /// No pod meets the terms yet and the pod meets them itself: the first of its kind may go anywhere.
    first_of_its_kind: bool,
    /// Required anti-affinity, by term.
    anti: Vec<Counted>,
    /// Required anti-affinity of other pods that the pod would offend, by term.
    existing: Vec<Counted>,
    /// Sum of wishes per row; empty where there are none.
    wishes: Vec<i64>,
}

/// Pods per domain of one term.
#[derive(Debug, Clone)]
struct Counted {
    topology: Arc<Topology>,
    counts: Vec<u32>,
}

impl Counted {
    fn at(&self, row: usize) -> Option<u32> {
        self.topology.of(row).map(|domain| self.counts[domain])
    }
}

/// A count under construction.
struct Counting<'a, P> {
    cluster: &'a Cluster<P>,
    board: &'a mut Board,
    pod: &'a Pod,
    without: &'a [PodId],
    rules: PodRules,
    /// Pods of others' required anti-affinity, by label.
    existing: BTreeMap<SmolStr, Counted>,
    /// Sums of wishes, by label.
    wishes: BTreeMap<SmolStr, Wishes>,
}

/// Sums of wishes per domain.
struct Wishes {
    topology: Arc<Topology>,
    sums: Vec<i64>,
}

impl PodRules {
    /// The rules of a pod against all bound pods but those in `without`; nothing where no one speaks of pods.
    pub fn of<P>(cluster: &Cluster<P>, board: &mut Board, pod: &Pod, without: &[PodId]) -> Self {
        let mut counting = Counting {
            cluster,
            board,
            pod,
            without,
            rules: Self::default(),
            existing: BTreeMap::new(),
            wishes: BTreeMap::new(),
        };
        counting.own_terms();
        counting.terms_of_others();
        counting.finish()
    }

    /// Why a row is closed to the pod, if so.
    pub fn refuses(&self, row: usize) -> Option<Refusal> {
        if !self.meets_affinity(row) {
            return Some(Refusal::PodAffinity);
        }
        let offends = |terms: &[Counted]| terms.iter().any(|t| t.at(row).is_some_and(|n| n > 0));
        if offends(&self.anti) {
            return Some(Refusal::PodAntiAffinity);
        }
        offends(&self.existing).then_some(Refusal::ExistingAntiAffinity)
    }

    fn meets_affinity(&self, row: usize) -> bool {
        let labelled = self.affinity.iter().all(|t| t.at(row).is_some());
        let met = || {
            self.affinity
                .iter()
                .all(|t| t.at(row).is_some_and(|n| n > 0))
        };
        labelled && (self.first_of_its_kind || met())
    }

    /// Whether they are against no row and prefer none.
    pub fn are_silent(&self) -> bool {
        let terms = self.affinity.len() + self.anti.len() + self.existing.len();
        terms == 0 && self.wishes.is_empty()
    }

    /// Whether fewer pods may close a row that is open.
    pub fn need_others(&self) -> bool {
        !self.affinity.is_empty()
    }

    /// Sums of wishes per row, before they are normalised.
    pub fn wishes(&self) -> &[i64] {
        &self.wishes
    }
}

impl<P> Counting<'_, P> {
    fn objects(&self) -> &Objects {
        &self.cluster.objects
    }

    fn finish(mut self) -> PodRules {
        self.rules.existing = self.existing.into_values().collect();
        if self.wishes.is_empty() {
            return self.rules;
        }
        self.rules.wishes = alloc::vec![0; self.board.rows.len()];
        for wishes in self.wishes.values() {
            for (row, sum) in self.rules.wishes.iter_mut().enumerate() {
                *sum += wishes
                    .topology
                    .of(row)
                    .map_or(0, |domain| wishes.sums[domain]);
            }
        }
        self.rules
    }

    fn counted(&mut self, term: &PodAffinityTerm, rows: &[usize]) -> Counted {
        let topology = self
            .board
            .topology(&self.cluster.objects, &term.topology_key);
        Counted {
            counts: per_domain(&topology, rows),
            topology,
        }
    }

    fn placed(&self, selection: &Selection) -> Vec<usize> {
        selection.placed(self.cluster, self.board, Terminating::Counted, self.without)
    }

    fn own_terms(&mut self) {
        let template = &self.cluster.objects.templates[self.pod.template.index()];
        let affinity = &template.spec.spec.affinity;
        self.required_affinity(&affinity.pod_affinity.required);
        for term in &affinity.pod_anti_affinity.required {
            let rows = self.placed(&Selection::of_term(term, self.pod));
            let counted = self.counted(term, &rows);
            self.rules.anti.push(counted);
        }
        self.own_wishes(affinity);
    }

    /// Only pods that meet all required terms count, each in every term's domain.
    fn required_affinity(&mut self, terms: &[PodAffinityTerm]) {
        let selections: Vec<Selection> = terms
            .iter()
            .map(|term| Selection::of_term(term, self.pod))
            .collect();
        let Some((first, others)) = selections.split_first() else {
            return;
        };
        let objects = &self.cluster.objects;
        let rows = self.rows_meeting(first, others);
        self.rules.first_of_its_kind =
            rows.is_empty() && selections.iter().all(|s| s.matches(objects, self.pod));
        for term in terms {
            let counted = self.counted(term, &rows);
            self.rules.affinity.push(counted);
        }
    }

    fn rows_meeting(&self, first: &Selection, others: &[Selection]) -> Vec<usize> {
        if others.is_empty() {
            return self.placed(first);
        }
        let objects = self.objects();
        let scheduler = &self.cluster.workings.scheduler;
        let pods = objects.pods.enumerate();
        pods.filter(|(id, pod)| {
            !self.without.contains(&PodId::from(*id))
                && first.matches(objects, pod)
                && others.iter().all(|other| other.matches(objects, pod))
        })
        .filter_map(|(id, _)| scheduler.node_of(PodId::from(id)))
        .filter_map(|node| self.board.row_of(node))
        .collect()
    }

    fn own_wishes(&mut self, affinity: &Affinity) {
        let towards = affinity.pod_affinity.preferred.iter().map(|wish| (wish, 1));
        let away = affinity.pod_anti_affinity.preferred.iter();
        for (wish, sign) in towards.chain(away.map(|wish| (wish, -1))) {
            let term = &wish.pod_affinity_term;
            let rows = self.placed(&Selection::of_term(term, self.pod));
            self.add_wish(term, &rows, sign * i64::from(wish.weight));
        }
    }

    fn add_wish(&mut self, term: &PodAffinityTerm, rows: &[usize], weight: i64) {
        let topology = self
            .board
            .topology(&self.cluster.objects, &term.topology_key);
        let wishes = self
            .wishes
            .entry(term.topology_key.clone())
            .or_insert_with(|| Wishes {
                sums: alloc::vec![0; topology.count],
                topology,
            });
        for domain in rows.iter().filter_map(|row| wishes.topology.of(*row)) {
            wishes.sums[domain] += weight;
        }
    }

    fn add_existing(&mut self, term: &PodAffinityTerm, row: usize) {
        let topology = self
            .board
            .topology(&self.cluster.objects, &term.topology_key);
        let counted = self
            .existing
            .entry(term.topology_key.clone())
            .or_insert_with(|| Counted {
                counts: alloc::vec![0; topology.count],
                topology,
            });
        if let Some(domain) = counted.topology.of(row) {
            counted.counts[domain] += 1;
        }
    }

    /// What bound pods say of pods like this one.
    fn terms_of_others(&mut self) {
        let affine = self.cluster.workings.scheduler.affine.clone();
        for id in affine.iter().filter(|id| !self.without.contains(id)) {
            let scheduler = &self.cluster.workings.scheduler;
            let node = scheduler.node_of(*id);
            if let Some(row) = node.and_then(|node| self.board.row_of(node)) {
                self.terms_of(*id, row);
            }
        }
    }

    fn terms_of(&mut self, other: PodId, row: usize) {
        let objects = &self.cluster.objects;
        let pod = &objects.pods[other.index()];
        let spec = objects.templates[pod.template.index()].spec.clone();
        let affinity = &spec.spec.affinity;
        let meant = |term: &PodAffinityTerm| {
            Selection::of_term(term, pod).matches(&self.cluster.objects, self.pod)
        };
        let anti = &affinity.pod_anti_affinity;
        let required: Vec<&PodAffinityTerm> = anti.required.iter().filter(|t| meant(t)).collect();
        let mut wishes: Vec<(&PodAffinityTerm, i64)> = Vec::new();
        for term in affinity.pod_affinity.required.iter().filter(|t| meant(t)) {
            wishes.push((term, HARD_POD_AFFINITY_WEIGHT));
        }
        let preferred = affinity.pod_affinity.preferred.iter().map(|w| (w, 1));
        for (wish, sign) in preferred.chain(anti.preferred.iter().map(|w| (w, -1))) {
            if meant(&wish.pod_affinity_term) {
                wishes.push((&wish.pod_affinity_term, sign * i64::from(wish.weight)));
            }
        }
        for term in required {
            self.add_existing(term, row);
        }
        for (term, weight) in wishes {
            self.add_wish(term, &[row], weight);
        }
    }
}
