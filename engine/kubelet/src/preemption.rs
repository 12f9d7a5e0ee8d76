//! Room for critical pods that somebody bound to a full node: the kubelet ends others.
//!
//! Sources: pkg/kubelet/preemption/preemption.go `getPodsToPreempt`, `getPodsToPreemptByDistance`;
//! pkg/kubelet/types `Preemptable`.

use super::sync::Sync;
use aegis_cluster::api;
use aegis_cluster::api::pods;
use aegis_model::PodId;
use aegis_model::kubernetes::Qos;
use aegis_model::objects::Severity;
use alloc::vec::Vec;

const MESSAGE: &str = "Preempted in order to admit critical pod";
const TARGET: &str = "Pod was preempted by Kubelet to accommodate a critical pod.";

/// Pods, millicores, bytes that are asked for, or given back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Room {
    pods: u64,
    cpu: u64,
    memory: u64,
}

impl Room {
    fn less(self, other: Self) -> Self {
        Self {
            pods: self.pods.saturating_sub(other.pods),
            cpu: self.cpu.saturating_sub(other.cpu),
            memory: self.memory.saturating_sub(other.memory),
        }
    }

    fn with(self, other: Self) -> Self {
        Self {
            pods: self.pods + other.pods,
            cpu: self.cpu + other.cpu,
            memory: self.memory + other.memory,
        }
    }

    fn is_none(self) -> bool {
        self == Self::default()
    }

    /// How much of what is asked for would be left, as a sum of squared shares.
    fn distance(self, given: Self) -> f64 {
        let share = |asked: u64, given: u64| match asked {
            0 => 0.0,
            _ => asked.saturating_sub(given) as f64 / asked as f64,
        };
        let shares = [
            share(self.pods, given.pods),
            share(self.cpu, given.cpu),
            share(self.memory, given.memory),
        ];
        shares.iter().map(|share| share * share).sum()
    }
}

/// A pod that may be ended, and what that gives.
type Victim = (PodId, Room);

impl<P: Clone> Sync<'_, P> {
    /// Ends pods until the critical one fits; whether it does.
    pub(super) fn make_room(&mut self) -> bool {
        let asked = self.shortage();
        let candidates = self.candidates();
        let Some(victims) = chosen(asked, &candidates) else {
            return false;
        };
        for pod in victims {
            let node = self.node;
            let other = Sync::new(
                self.cluster,
                self.overlay,
                self.draws,
                self.journal,
                pod,
                node,
            );
            other.run_preemption();
        }
        true
    }

    /// What the node is short of for this pod.
    fn shortage(&mut self) -> Room {
        let amounts = self.cluster.objects.nodes[self.node.index()]
            .capacity
            .clone();
        let list = match amounts.allocatable.0.is_empty() {
            true => &amounts.capacity,
            false => &amounts.allocatable,
        };
        let wanted = self.admitted().into_iter().chain([self.pod]);
        let all: Vec<Room> = wanted
            .collect::<Vec<_>>()
            .into_iter()
            .map(|pod| self.room_of(pod))
            .collect();
        let used = all.into_iter().fold(Room::default(), Room::with);
        let there = Room {
            pods: list
                .get("pods")
                .map_or(u64::MAX, |pods| (pods.milli / 1000) as u64),
            cpu: list.cpu().map_or(u64::MAX, |cpu| cpu.0),
            memory: list.memory().map_or(u64::MAX, |memory| memory.0),
        };
        used.less(there)
    }

    fn room_of(&mut self, pod: PodId) -> Room {
        let (cpu, memory) = self.demand(pod);
        Room {
            pods: 1,
            cpu,
            memory,
        }
    }

    /// Pods of the node that a critical one may end, by class: best effort, burstable, guaranteed.
    fn candidates(&mut self) -> [Vec<Victim>; 3] {
        let mut classes: [Vec<Victim>; 3] = Default::default();
        for pod in self.admitted() {
            let row = &self.cluster.objects.pods[pod.index()];
            if api::is_critical(&self.cluster.objects, pod) || row.deletion.is_some() {
                continue;
            }
            let spec = &self.cluster.objects.templates[row.template.index()]
                .spec
                .spec;
            let class = match Qos::of(spec) {
                Qos::BestEffort => 0,
                Qos::Burstable => 1,
                Qos::Guaranteed => 2,
            };
            let room = self.room_of(pod);
            classes[class].push((pod, room));
        }
        classes
    }

    /// The pod ends: it fails, and says that it was preempted.
    pub(super) fn give_way(&mut self) {
        self.say(Severity::Warning, "Preempting", MESSAGE);
        pods::set_disruption_target(self.cluster, self.pod, "TerminationByKubelet", TARGET);
        let grace = pods::grace_of(self.cluster, self.pod);
        self.end_pod("Preempting", MESSAGE, grace);
    }
}

/// The pods to end: of each class those that the classes below it cannot spare. `None` where all are not enough.
fn chosen(asked: Room, classes: &[Vec<Victim>; 3]) -> Option<Vec<PodId>> {
    let sum = |victims: &[Victim]| {
        let rooms = victims.iter().map(|(_, room)| *room);
        rooms.fold(Room::default(), Room::with)
    };
    let [best_effort, burstable, guaranteed] = classes;
    let all = sum(best_effort).with(sum(burstable)).with(sum(guaranteed));
    if !asked.less(all).is_none() {
        return None;
    }
    let below = sum(best_effort).with(sum(burstable));
    let first = nearest(asked.less(below), guaranteed);
    let second = nearest(asked.less(sum(best_effort)).less(sum(&first)), burstable);
    let taken = sum(&first).with(sum(&second));
    let third = nearest(asked.less(taken), best_effort);
    let victims = third.into_iter().chain(second).chain(first);
    Some(victims.map(|(pod, _)| pod).collect())
}

/// Takes the pod that leaves least to be asked for, of several the smallest, until nothing is.
fn nearest(mut asked: Room, victims: &[Victim]) -> Vec<Victim> {
    let mut left: Vec<Victim> = victims.to_vec();
    let mut taken = Vec::new();
    while !asked.is_none() && !left.is_empty() {
        let best = (0..left.len()).min_by(|a, b| {
            let key = |at: usize| (asked.distance(left[at].1), left[at].1);
            let ((near, small), (far, large)) = (key(*a), key(*b));
            near.total_cmp(&far)
                .then(small.memory.cmp(&large.memory))
                .then(small.cpu.cmp(&large.cpu))
        });
        let Some(best) = best else { break };
        let victim = left.remove(best);
        asked = asked.less(victim.1);
        taken.push(victim);
    }
    taken
}
