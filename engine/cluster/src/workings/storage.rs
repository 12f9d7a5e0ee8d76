//! What the volume controllers remember: what to look at, timers, who uses which claim.

use aegis_model::{ClaimId, NodeId, PodId, Tick, VolumeId};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::sync::Arc;
use alloc::vec::Vec;

/// State of the volume controllers. A cluster without claims and volumes has none.
#[derive(Debug, Default, Clone)]
pub struct Storage {
    /// Claims to look at.
    claims: Arc<BTreeSet<ClaimId>>,
    /// Volumes to look at.
    volumes: Arc<BTreeSet<VolumeId>>,
    /// New pods for which claims are made.
    pods: Arc<BTreeSet<PodId>>,
    /// What is to be done later.
    timers: Arc<BTreeSet<(Tick, StorageJob)>>,
    /// Claims that wait for a volume: a new volume or class may help them.
    pub unbound: Arc<BTreeSet<ClaimId>>,
    /// Bound pods by the claim that they use, in order of binding.
    users: Arc<BTreeMap<ClaimId, Vec<PodId>>>,
    /// What pods were told of their volumes.
    pub told: Arc<BTreeSet<(PodId, VolumeId, Told)>>,
    /// Pods whose node is chosen and whose claims are not bound yet, and since when.
    pub reserved: Arc<BTreeMap<PodId, Reservation>>,
}

/// A pod that waits for its volumes on a node that was chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reservation {
    /// The node.
    pub node: NodeId,
    /// Since when.
    pub since: Tick,
}

/// What a pod is told of a volume, once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Told {
    /// It is attached to the pod's node.
    Attached,
    /// It is still attached elsewhere.
    Elsewhere,
}

/// What is to be done at a tick.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum StorageJob {
    /// Look at a claim again.
    Sync(ClaimId),
    /// A volume for a claim is made.
    Provision(ClaimId),
    /// A released volume is gone.
    Delete(VolumeId),
    /// A released volume is clean again.
    Recycle(VolumeId),
    /// The volume of a claim has grown.
    Grow(ClaimId),
}

/// What is due in a round.
#[derive(Debug, Default)]
pub struct StorageRound {
    /// Claims to look at.
    pub claims: BTreeSet<ClaimId>,
    /// Volumes to look at.
    pub volumes: BTreeSet<VolumeId>,
    /// New pods for which claims are made.
    pub pods: BTreeSet<PodId>,
    /// Jobs whose time has come.
    pub jobs: Vec<StorageJob>,
}

impl Storage {
    /// Has a claim looked at.
    pub fn mark_claim(&mut self, claim: ClaimId) {
        if !self.claims.contains(&claim) {
            Arc::make_mut(&mut self.claims).insert(claim);
        }
    }

    /// Has a volume looked at.
    pub fn mark_volume(&mut self, volume: VolumeId) {
        if !self.volumes.contains(&volume) {
            Arc::make_mut(&mut self.volumes).insert(volume);
        }
    }

    /// Has claims made for a new pod.
    pub fn mark_pod(&mut self, pod: PodId) {
        Arc::make_mut(&mut self.pods).insert(pod);
    }

    /// Has all claims looked at that wait for a volume.
    pub fn mark_unbound(&mut self) {
        if !self.unbound.is_empty() {
            Arc::make_mut(&mut self.claims).extend(self.unbound.iter().copied());
        }
    }

    /// Does something later.
    pub fn later(&mut self, at: Tick, job: StorageJob) {
        Arc::make_mut(&mut self.timers).insert((at, job));
    }

    /// Whether a job waits for its time.
    pub fn is_planned(&self, job: StorageJob) -> bool {
        self.timers.iter().any(|(_, planned)| *planned == job)
    }

    /// What is due at `now`; nothing where there is nothing.
    pub fn take_round(&mut self, now: Tick) -> Option<StorageRound> {
        let due = |timers: &BTreeSet<(Tick, StorageJob)>| {
            timers.first().copied().filter(|(at, _)| *at <= now)
        };
        let nobody = self.claims.is_empty() && self.volumes.is_empty() && self.pods.is_empty();
        if nobody && due(&self.timers).is_none() {
            return None;
        }
        let mut round = StorageRound {
            claims: Arc::unwrap_or_clone(core::mem::take(&mut self.claims)),
            volumes: Arc::unwrap_or_clone(core::mem::take(&mut self.volumes)),
            pods: Arc::unwrap_or_clone(core::mem::take(&mut self.pods)),
            jobs: Vec::new(),
        };
        while let Some(next) = due(&self.timers) {
            Arc::make_mut(&mut self.timers).remove(&next);
            match next.1 {
                StorageJob::Sync(claim) => drop(round.claims.insert(claim)),
                job => round.jobs.push(job),
            }
        }
        Some(round)
    }

    /// Notes that a bound pod uses a claim. A second call changes nothing.
    pub fn use_claim(&mut self, claim: ClaimId, pod: PodId) {
        let users = Arc::make_mut(&mut self.users).entry(claim).or_default();
        if !users.contains(&pod) {
            users.push(pod);
        }
    }

    /// Claims that a bound pod uses.
    pub fn claims_of(&self, pod: PodId) -> Vec<ClaimId> {
        let used = self.users.iter();
        used.filter(|(_, users)| users.contains(&pod))
            .map(|(claim, _)| *claim)
            .collect()
    }

    /// Notes that a pod is gone; gives the claims that it used.
    pub fn leave_claims(&mut self, pod: PodId) -> Vec<ClaimId> {
        let left = self.claims_of(pod);
        for claim in &left {
            if let Some(users) = Arc::make_mut(&mut self.users).get_mut(claim) {
                users.retain(|user| *user != pod);
            }
        }
        left
    }

    /// Bound pods that use a claim, those that are over included.
    pub fn users(&self, claim: ClaimId) -> &[PodId] {
        self.users.get(&claim).map_or(&[], Vec::as_slice)
    }
}
