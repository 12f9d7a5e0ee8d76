//! Volumes of a pod: which nodes reach them, and which could have those that are not bound yet.
//! Source: pkg/scheduler/framework/plugins/{volumebinding,volumerestrictions,volumezone}.

use super::message::Refusal;
use super::{COMPONENT, capacity, limits, queue};
use aegis_cluster::api::events::{Source, pod_ref, record};
use aegis_cluster::api::storage;
use aegis_cluster::cluster::Cluster;
use aegis_cluster::journal::Journal;
use aegis_cluster::volumes::{self, Seeker};
use aegis_cluster::workings::{News, Reservation};
use aegis_model::kubernetes::{
    AccessMode, Kind, Labels, ObjectRef, StorageClassSpec, VolumeBindingMode,
};
use aegis_model::objects::{ClaimPhase, PersistentVolumeClaim, Severity};
use aegis_model::{ClaimId, NodeId, PodId, VolumeId};
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

/// Seconds for which a pod waits for its volumes on a node (`bindTimeoutSeconds`).
const BIND_TIMEOUT: u32 = 600;
const SELECTED_NODE: &str = "volume.kubernetes.io/selected-node";
/// Labels of a volume that bind it to zones.
const ZONES: [&str; 2] = [
    "topology.kubernetes.io/zone",
    "topology.kubernetes.io/region",
];

/// The volumes of one pod.
#[derive(Debug, Default, Clone)]
pub(super) struct PodVolumes {
    /// Of claims that are bound; none where the volume is not there.
    bound: Vec<Option<VolumeId>>,
    /// Claims that wait for a node, smallest first.
    waiting: Vec<ClaimId>,
    /// All claims that are there.
    claims: Vec<ClaimId>,
    /// Pods that have a claim of this pod for themselves alone.
    in_use_by: Vec<PodId>,
}

/// How a claim that waits gets a volume on a node.
enum Way {
    /// One that is there.
    Bind(VolumeId),
    /// One that is made.
    Provision,
}

/// The volumes of a pod; nothing where it has no claims.
///
/// # Errors
/// Why it can go nowhere: a claim is missing, lost, about to go, or not bound in time.
pub(super) fn of<P>(cluster: &Cluster<P>, id: PodId) -> Result<Option<PodVolumes>, String> {
    let pod = &cluster.objects.pods[id.index()];
    let mut found = PodVolumes::default();
    let mut claims = Vec::new();
    for (_, name) in storage::claim_names(&cluster.objects, pod) {
        match storage::claim(cluster, &pod.namespace, &name) {
            Some(claim) if is_anothers(cluster, id, claim) => {
                return Err(format!(
                    "PVC {0}/{name} was not created for pod {0}/{1} (pod is not owner)",
                    pod.namespace, pod.name
                ));
            }
            Some(claim) => claims.push(claim),
            None if is_assumed(cluster, &pod.namespace, &name) => {}
            None => return Err(format!("persistentvolumeclaim \"{name}\" not found")),
        }
    }
    if claims.is_empty() {
        return Ok(None);
    }
    found.claims.clone_from(&claims);
    let mut immediate = false;
    for claim in claims {
        let row = &cluster.objects.claims[claim.index()];
        if let Some(why) = unusable(row) {
            return Err(why);
        }
        if row
            .spec
            .access_modes
            .contains(&AccessMode::ReadWriteOncePod)
        {
            let pods = &cluster.objects.pods;
            let users = cluster.workings.storage.users(claim).iter();
            let active = users.filter(|pod| !pods[pod.index()].phase.is_terminal());
            found.in_use_by.extend(active);
        }
        match row.phase {
            ClaimPhase::Bound => found.add_bound(cluster, row),
            _ if waits_for_node(cluster, row) => found.waiting.push(claim),
            _ => immediate = true,
        }
    }
    if immediate {
        return Err("pod has unbound immediate PersistentVolumeClaims".into());
    }
    let size = |claim: &ClaimId| cluster.objects.claims[claim.index()].request();
    found.waiting.sort_by_key(|claim| (size(claim), *claim));
    Ok(Some(found))
}

/// Whether a claim has the name of one that would be made for an ephemeral volume of a pod, and was not.
fn is_anothers<P>(cluster: &Cluster<P>, id: PodId, claim: ClaimId) -> bool {
    let pod = &cluster.objects.pods[id.index()];
    let name = &cluster.objects.claims[claim.index()].header.reference.name;
    let volumes = storage::ephemeral_volumes(&cluster.objects, id);
    let mut made = volumes
        .iter()
        .map(|volume| storage::ephemeral_claim(pod, volume));
    made.any(|made| made == *name) && !storage::is_made_for(cluster, claim, pod)
}

/// Whether a claim that is not there is believed to be: a pod that came as running mounts it.
fn is_assumed<P>(cluster: &Cluster<P>, namespace: &str, name: &str) -> bool {
    let reference = ObjectRef::new(Kind::PersistentVolumeClaim, namespace, name);
    cluster.workings.kubelet.assumed.contains(&reference)
}

fn unusable(claim: &PersistentVolumeClaim) -> Option<String> {
    let name = &claim.header.reference.name;
    if claim.phase == ClaimPhase::Lost {
        let volume = &claim.spec.volume_name;
        return Some(format!(
            "persistentvolumeclaim \"{name}\" bound to non-existent persistentvolume \"{volume}\""
        ));
    }
    let goes = claim.deletion.is_some();
    goes.then(|| format!("persistentvolumeclaim \"{name}\" is being deleted"))
}

fn waits_for_node<P>(cluster: &Cluster<P>, claim: &PersistentVolumeClaim) -> bool {
    let class = storage::class(cluster, claim.class());
    let waits = class.is_some_and(|class| {
        class.spec.volume_binding_mode == VolumeBindingMode::WaitForFirstConsumer
    });
    waits && claim.spec.volume_name.is_empty()
}

impl PodVolumes {
    fn add_bound<P>(&mut self, cluster: &Cluster<P>, claim: &PersistentVolumeClaim) {
        let volume = volumes::volume_of(cluster, claim);
        let name = &claim.spec.volume_name;
        let mut ever = cluster.objects.volumes.iter();
        if volume.is_some() || ever.any(|row| row.header.reference.name == *name) {
            self.bound.push(volume);
        }
    }

    /// Whether some claim is still to be bound.
    pub fn are_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Why a node is closed to the pod, if the pods in `without` were gone.
    pub fn refuses<P>(
        &self,
        cluster: &Cluster<P>,
        node: NodeId,
        without: &[PodId],
    ) -> Option<Refusal> {
        if self.in_use_by.iter().any(|pod| !without.contains(pod)) {
            return Some(Refusal::VolumeInUse);
        }
        if limits::exceeds(cluster, &self.claims, node, without) {
            return Some(Refusal::VolumeLimit);
        }
        if self.bound.iter().any(Option::is_none) {
            return Some(Refusal::VolumeGone);
        }
        let rows = || {
            let bound = self.bound.iter().flatten();
            bound.map(|volume| &cluster.objects.volumes[volume.index()])
        };
        let unreached = rows().any(|row| !volumes::reaches(cluster, row, node));
        let ways = self.ways(cluster, node);
        let unbindable = ways.is_none();
        if unreached || unbindable {
            return Some(Refusal::Volumes {
                unreached,
                unbindable,
            });
        }
        let made = |(claim, way): (ClaimId, Way)| matches!(way, Way::Provision).then_some(claim);
        let mut made = ways.into_iter().flatten().filter_map(made);
        if made.any(|claim| !capacity::suffices(cluster, claim, node)) {
            return Some(Refusal::StorageFull);
        }
        let labels = &cluster.objects.nodes[node.index()].header.labels;
        let elsewhere = rows().any(|row| is_in_another_zone(&row.header.labels, labels));
        elsewhere.then_some(Refusal::VolumeZone)
    }

    /// How each claim that waits would get its volume on a node; `None` where one cannot.
    fn ways<P>(&self, cluster: &Cluster<P>, node: NodeId) -> Option<Vec<(ClaimId, Way)>> {
        let mut taken = Vec::new();
        let mut ways = Vec::new();
        for claim in &self.waiting {
            let way = way(cluster, *claim, node, &taken)?;
            if let Way::Bind(volume) = way {
                taken.push(volume);
            }
            ways.push((*claim, way));
        }
        Some(ways)
    }
}

fn way<P>(cluster: &Cluster<P>, id: ClaimId, node: NodeId, taken: &[VolumeId]) -> Option<Way> {
    let claim = &cluster.objects.claims[id.index()];
    let row = &cluster.objects.nodes[node.index()];
    if let Some(selected) = claim.header.annotations.get(SELECTED_NODE) {
        return (*selected == row.header.reference.name).then_some(Way::Provision);
    }
    let seeker = Seeker::Scheduler(node);
    if let Some(volume) = volumes::best_match(cluster, claim, seeker, taken) {
        return Some(Way::Bind(volume));
    }
    let class = storage::class(cluster, claim.class())?;
    let makes = class.spec.provisioner != "kubernetes.io/no-provisioner";
    (makes && allows(&class.spec, &row.header.labels)).then_some(Way::Provision)
}

/// Whether `allowedTopologies` of a class take a node with these labels.
fn allows(class: &StorageClassSpec, labels: &Labels) -> bool {
    let terms = &class.allowed_topologies;
    terms.is_empty()
        || terms.iter().any(|term| {
            let mut parts = term.match_label_expressions.iter();
            parts.all(|part| {
                let value = labels.get(&part.key);
                value.is_some_and(|value| part.values.contains(value))
            })
        })
}

/// Whether a volume's zone labels keep it off a node that says where it is. Values are `a` or `a__b`.
fn is_in_another_zone(volume: &Labels, node: &Labels) -> bool {
    if ZONES.iter().all(|key| !node.contains_key(*key)) {
        return false;
    }
    ZONES.iter().any(|key| {
        volume.get(*key).is_some_and(|zones| {
            let here = node.get(*key);
            here.is_none_or(|here| zones.split("__").all(|zone| zone != here))
        })
    })
}

/// Keeps a place on a node for a pod, and has its volumes bound there.
pub(super) fn reserve<P>(cluster: &mut Cluster<P>, pod: PodId, node: NodeId, volumes: &PodVolumes) {
    let node_name = cluster.objects.nodes[node.index()]
        .header
        .reference
        .name
        .clone();
    for (claim, way) in volumes.ways(cluster, node).unwrap_or_default() {
        match way {
            Way::Bind(volume) => keep_for(cluster, claim, volume),
            Way::Provision => storage::edit_claim(cluster, claim, |document| {
                document["metadata"]["annotations"][SELECTED_NODE] = node_name.as_str().into();
            }),
        }
        cluster.workings.storage.mark_claim(claim);
    }
    let since = cluster.clock;
    cluster
        .workings
        .scheduler
        .charge(&cluster.objects, pod, node);
    let reserved = Arc::make_mut(&mut cluster.workings.storage.reserved);
    reserved.insert(pod, Reservation { node, since });
}

fn keep_for<P>(cluster: &mut Cluster<P>, claim: ClaimId, volume: VolumeId) {
    let header = &cluster.objects.claims[claim.index()].header;
    let holder = storage::claim_reference(header);
    storage::edit_volume(cluster, volume, |document| {
        document["spec"]["claimRef"] = holder;
        document["metadata"]["annotations"]["pv.kubernetes.io/bound-by-controller"] = "yes".into();
    });
    cluster.workings.storage.mark_volume(volume);
}

/// Pods whose volumes are bound now: they are ready to be bound to their nodes. A pod that has
/// waited too long gives its place up.
pub(super) fn settled<P>(cluster: &mut Cluster<P>, journal: &mut Journal) -> Vec<(PodId, NodeId)> {
    if cluster.workings.storage.reserved.is_empty() {
        return Vec::new();
    }
    let reserved = cluster.workings.storage.reserved.clone();
    let mut ready = Vec::new();
    for (pod, reservation) in reserved.iter() {
        let done = match of(cluster, *pod) {
            Ok(volumes) => volumes.is_none_or(|volumes| !volumes.are_waiting()),
            Err(_) => false,
        };
        let late = cluster.clock.elapsed(reservation.since) >= BIND_TIMEOUT;
        if done || late {
            Arc::make_mut(&mut cluster.workings.storage.reserved).remove(pod);
        }
        if done {
            ready.push((*pod, reservation.node));
        } else if late {
            give_up(cluster, journal, *pod);
        }
    }
    ready
}

fn give_up<P>(cluster: &mut Cluster<P>, journal: &mut Journal, pod: PodId) {
    cluster.workings.scheduler.release(&cluster.objects, pod);
    let object = pod_ref(&cluster.objects.pods[pod.index()]);
    let message =
        "running PreBind plugin \"VolumeBinding\": binding volumes: context deadline exceeded";
    let (reason, source) = ("FailedScheduling", Source::of(COMPONENT));
    record(
        cluster,
        journal,
        Severity::Warning,
        reason,
        message,
        &object,
        source,
    );
    let any = News {
        storage: true,
        node: true,
        ..News::default()
    };
    queue::park(cluster, pod, any);
}
