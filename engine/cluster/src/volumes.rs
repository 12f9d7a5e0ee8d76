//! Which volume a claim can have, which nodes reach a volume, and what is known of drivers.
//!
//! The controller that binds and the scheduler ask the same questions. Sources:
//! component-helpers/storage/volume/pv_helpers.go, pkg/volume/util, the drivers' own documentation.

use crate::Cluster;
use crate::Journal;
use crate::api::{events, storage};
use crate::rules::{self, NodeView};
use crate::workings::Told;
use aegis_model::kubernetes::{AccessMode, Kind, PersistentVolumeClaimSpec, PersistentVolumeSpec};
use aegis_model::objects::{
    ClaimPhase, PersistentVolume, PersistentVolumeClaim, Pod, Severity, VolumePhase,
};
use aegis_model::{ClaimId, NodeId, PodId, VolumeId};
use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use smol_str::SmolStr;

/// For whom a volume is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seeker {
    /// The controller, for a claim that is bound at once.
    Controller,
    /// The controller, for a claim that waits for a pod: it gets only what is kept for it.
    ControllerThatWaits,
    /// The scheduler, which tries a node.
    Scheduler(NodeId),
}

/// Whether a volume is bound to a claim, or kept for it.
#[must_use]
pub fn is_kept_for(volume: &PersistentVolume, claim: &PersistentVolumeClaim) -> bool {
    let Some(holder) = &volume.spec.claim_ref else {
        return false;
    };
    let reference = &claim.header.reference;
    holder.name == reference.name
        && holder.namespace == reference.namespace
        && (holder.uid.is_empty() || holder.uid == crate::api::uid(&claim.header))
}

fn has_modes(volume: &PersistentVolumeSpec, claim: &PersistentVolumeClaimSpec) -> bool {
    let wanted = &claim.access_modes;
    wanted.iter().all(|mode| volume.access_modes.contains(mode))
}

fn mode_of(given: Option<&SmolStr>) -> &str {
    given.map_or("Filesystem", SmolStr::as_str)
}

/// Why a volume that a claim asks for by name is not right for it; `None` where it is.
/// Source: pv_controller.go `checkVolumeSatisfyClaim`.
#[must_use]
pub fn mismatch(volume: &PersistentVolume, claim: &PersistentVolumeClaim) -> Option<&'static str> {
    if volume.capacity() < claim.request() {
        return Some("requested PV is too small");
    }
    if volume.spec.storage_class_name != claim.class() {
        return Some("storageClassName does not match");
    }
    let modes = [
        mode_of(volume.spec.volume_mode.as_ref()),
        mode_of(claim.spec.volume_mode.as_ref()),
    ];
    if modes[0] != modes[1] {
        return Some("incompatible volumeMode");
    }
    (!has_modes(&volume.spec, &claim.spec)).then_some("incompatible accessMode")
}

/// Whether a node is one from which a volume can be reached.
#[must_use]
pub fn reaches<P>(cluster: &Cluster<P>, volume: &PersistentVolume, node: NodeId) -> bool {
    let affinity = volume.spec.node_affinity.as_ref();
    let Some(required) = affinity.and_then(|affinity| affinity.required.as_ref()) else {
        return true;
    };
    let row = &cluster.objects.nodes[node.index()];
    let view = NodeView {
        name: &row.header.reference.name,
        labels: &row.header.labels,
        spec: &row.spec,
    };
    rules::matches_selector(required, view)
}

/// The volume that a claim gets: one that is kept for it, else the smallest that will do. The
/// controller looks among volumes with the fewest access modes first.
#[must_use]
pub fn best_match<P>(
    cluster: &Cluster<P>,
    claim: &PersistentVolumeClaim,
    seeker: Seeker,
    without: &[VolumeId],
) -> Option<VolumeId> {
    let volumes = cluster.objects.volumes.enumerate();
    let candidates: Vec<(VolumeId, &PersistentVolume)> = volumes
        .map(|(index, row)| (VolumeId::from(index), row))
        .filter(|(id, row)| row.header.exists() && !without.contains(id))
        .filter(|(_, row)| could_hold(row, claim))
        .collect();
    let on_node = |row: &PersistentVolume| match seeker {
        Seeker::Scheduler(node) => reaches(cluster, row, node),
        Seeker::Controller | Seeker::ControllerThatWaits => true,
    };
    let kept = candidates.iter().find(|(_, row)| is_kept_for(row, claim));
    if let Some((id, row)) = kept {
        return on_node(row).then_some(*id);
    }
    if seeker == Seeker::ControllerThatWaits {
        return None;
    }
    let free = candidates
        .into_iter()
        .filter(|(_, row)| is_free(row, claim) && on_node(row));
    let best = free.min_by_key(|(id, row)| {
        let modes = match seeker {
            Seeker::Scheduler(_) => 0,
            _ => row.spec.access_modes.len(),
        };
        (modes, row.capacity(), *id)
    });
    best.map(|(id, _)| id)
}

/// Size and volume mode are right, and nobody else has it.
fn could_hold(volume: &PersistentVolume, claim: &PersistentVolumeClaim) -> bool {
    let modes = [
        mode_of(volume.spec.volume_mode.as_ref()),
        mode_of(claim.spec.volume_mode.as_ref()),
    ];
    let anothers = volume.spec.claim_ref.is_some() && !is_kept_for(volume, claim);
    !anothers
        && volume.deletion.is_none()
        && volume.capacity() >= claim.request()
        && modes[0] == modes[1]
}

fn is_free(volume: &PersistentVolume, claim: &PersistentVolumeClaim) -> bool {
    let selector = claim.spec.selector.as_ref();
    volume.phase == VolumePhase::Available
        && volume.spec.claim_ref.is_none()
        && volume.spec.storage_class_name == claim.class()
        && selector.is_none_or(|selector| selector.matches(&volume.header.labels))
        && has_modes(&volume.spec, &claim.spec)
}

/// Where the volumes of a driver are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// In the zone in which they are made.
    Zone,
    /// On the node on which they are made.
    Node,
    /// Everywhere.
    Everywhere,
}

/// Whether volumes of a driver are attached to a node before they are mounted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "yes and no")]
pub enum Attaches {
    Yes,
    No,
}

/// A driver that makes volumes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Driver {
    /// Where its volumes are.
    pub reach: Reach,
    /// Whether they are attached.
    pub attaches: Attaches,
    /// Whether a volume is a directory of a node rather than one of a CSI driver.
    pub kind: DriverKind,
}

/// How a driver's volumes stand in a PersistentVolume.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DriverKind {
    /// `csi:`.
    Csi,
    /// `hostPath:`.
    HostPath,
}

const fn csi(reach: Reach, attaches: Attaches) -> Driver {
    Driver {
        reach,
        attaches,
        kind: DriverKind::Csi,
    }
}

const fn of_kind(kind: DriverKind, reach: Reach) -> Driver {
    Driver {
        reach,
        attaches: Attaches::No,
        kind,
    }
}

/// Provisioners that run in the clusters that name them: those of clouds and of common
/// distributions. Any other is believed to run where its CSIDriver object is there.
const DRIVERS: [(&str, Driver); 26] = [
    ("ebs.csi.aws.com", csi(Reach::Zone, Attaches::Yes)),
    ("ebs.csi.eks.amazonaws.com", csi(Reach::Zone, Attaches::Yes)),
    ("pd.csi.storage.gke.io", csi(Reach::Zone, Attaches::Yes)),
    ("disk.csi.azure.com", csi(Reach::Zone, Attaches::Yes)),
    ("cinder.csi.openstack.org", csi(Reach::Zone, Attaches::Yes)),
    (
        "csi.vsphere.vmware.com",
        csi(Reach::Everywhere, Attaches::Yes),
    ),
    (
        "dobs.csi.digitalocean.com",
        csi(Reach::Everywhere, Attaches::Yes),
    ),
    (
        "linodebs.csi.linode.com",
        csi(Reach::Everywhere, Attaches::Yes),
    ),
    ("csi.hetzner.cloud", csi(Reach::Everywhere, Attaches::Yes)),
    ("driver.longhorn.io", csi(Reach::Everywhere, Attaches::Yes)),
    (
        "rook-ceph.rbd.csi.ceph.com",
        csi(Reach::Everywhere, Attaches::Yes),
    ),
    ("rbd.csi.ceph.com", csi(Reach::Everywhere, Attaches::Yes)),
    (
        "rook-ceph.cephfs.csi.ceph.com",
        csi(Reach::Everywhere, Attaches::No),
    ),
    ("cephfs.csi.ceph.com", csi(Reach::Everywhere, Attaches::No)),
    ("efs.csi.aws.com", csi(Reach::Everywhere, Attaches::No)),
    (
        "filestore.csi.storage.gke.io",
        csi(Reach::Everywhere, Attaches::No),
    ),
    ("file.csi.azure.com", csi(Reach::Everywhere, Attaches::No)),
    ("nfs.csi.k8s.io", csi(Reach::Everywhere, Attaches::No)),
    ("hostpath.csi.k8s.io", csi(Reach::Node, Attaches::No)),
    ("local.csi.openebs.io", csi(Reach::Node, Attaches::No)),
    ("topolvm.io", csi(Reach::Node, Attaches::No)),
    (
        "openebs.io/local",
        of_kind(DriverKind::HostPath, Reach::Node),
    ),
    (
        "rancher.io/local-path",
        of_kind(DriverKind::HostPath, Reach::Node),
    ),
    (
        "microk8s.io/hostpath",
        of_kind(DriverKind::HostPath, Reach::Node),
    ),
    (
        "k8s.io/minikube-hostpath",
        of_kind(DriverKind::HostPath, Reach::Everywhere),
    ),
    (
        "docker.io/hostpath",
        of_kind(DriverKind::HostPath, Reach::Everywhere),
    ),
];

/// In-tree names and the drivers to which they were moved; in-tree sources of volumes likewise.
const MIGRATED: [(&str, &str, &str); 6] = [
    (
        "kubernetes.io/aws-ebs",
        "awsElasticBlockStore",
        "ebs.csi.aws.com",
    ),
    (
        "kubernetes.io/gce-pd",
        "gcePersistentDisk",
        "pd.csi.storage.gke.io",
    ),
    (
        "kubernetes.io/azure-disk",
        "azureDisk",
        "disk.csi.azure.com",
    ),
    (
        "kubernetes.io/azure-file",
        "azureFile",
        "file.csi.azure.com",
    ),
    ("kubernetes.io/cinder", "cinder", "cinder.csi.openstack.org"),
    (
        "kubernetes.io/vsphere-volume",
        "vsphereVolume",
        "csi.vsphere.vmware.com",
    ),
];

/// The driver behind a provisioner's name.
#[must_use]
pub fn driver_name(provisioner: &str) -> &str {
    let moved = MIGRATED.iter().find(|(old, ..)| *old == provisioner);
    moved.map_or(provisioner, |(.., new)| new)
}

/// The driver of a provisioner, where it runs in the cluster.
#[must_use]
pub fn driver<P>(cluster: &Cluster<P>, provisioner: &str) -> Option<Driver> {
    let name = driver_name(provisioner);
    let known = DRIVERS.iter().find(|(known, _)| *known == name);
    if let Some((_, driver)) = known {
        return Some(*driver);
    }
    let installed = cluster.objects.plain.iter().find(|row| {
        row.header.exists()
            && row.header.reference.kind == Kind::Other("CSIDriver".into())
            && row.header.reference.name == name
    })?;
    let attaches = match installed.header.doc["spec"]["attachRequired"] == false {
        true => Attaches::No,
        false => Attaches::Yes,
    };
    Some(csi(Reach::Everywhere, attaches))
}

/// Whether a volume is attached to a node before it is mounted.
fn attaches<P>(cluster: &Cluster<P>, volume: &PersistentVolume) -> bool {
    let source = &volume.header.doc["spec"];
    let moved = MIGRATED.iter().find(|(_, key, _)| source[*key].is_object());
    let name = match (&volume.spec.csi, moved) {
        (Some(csi), _) => csi.driver.as_str(),
        (None, Some((.., name))) => name,
        (None, None) => return source["iscsi"].is_object() || source["fc"].is_object(),
    };
    driver(cluster, name).is_none_or(|driver| driver.attaches == Attaches::Yes)
}

/// A volume that a pod's node cannot have yet, and the pods on other nodes that have it.
struct Taken {
    volume: VolumeId,
    by: Vec<PodId>,
}

/// Whether the volumes of a pod are attached to its node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attachment {
    /// They are, or need not be.
    Done,
    /// One is still attached elsewhere.
    Waits,
}

/// Attaches the volumes of a pod that was bound, and says so once for each, or once what is in the way.
pub fn attach<P>(cluster: &mut Cluster<P>, journal: &mut Journal, pod: PodId) -> Attachment {
    let (volumes, taken) = match attachable(cluster, pod) {
        Ok(attached) => (attached, None),
        Err(taken) => (alloc::vec![taken.volume], Some(taken.by)),
    };
    for volume in volumes {
        let what = taken.as_ref().map_or(Told::Attached, |_| Told::Elsewhere);
        let key = (pod, volume, what);
        if cluster.workings.storage.told.contains(&key) {
            continue;
        }
        alloc::sync::Arc::make_mut(&mut cluster.workings.storage.told).insert(key);
        if let (Told::Attached, Some(node)) = (what, cluster.objects.pods[pod.index()].node) {
            let attached = &mut cluster.objects.volumes[volume.index()].attached;
            if !attached.contains(&node) {
                attached.push(node);
            }
        }
        let name = &cluster.objects.volumes[volume.index()]
            .header
            .reference
            .name;
        let (severity, reason, message) = match &taken {
            None => (
                Severity::Normal,
                "SuccessfulAttachVolume",
                format!("AttachVolume.Attach succeeded for volume \"{name}\""),
            ),
            Some(by) => (
                Severity::Warning,
                "FailedAttachVolume",
                format!(
                    "Multi-Attach error for volume \"{name}\" {}",
                    who(cluster, pod, by)
                ),
            ),
        };
        let object = events::pod_ref(&cluster.objects.pods[pod.index()]);
        let source = events::Source::of("attachdetach-controller");
        events::record(
            cluster, journal, severity, reason, &message, &object, source,
        );
    }
    match taken {
        None => Attachment::Done,
        Some(_) => Attachment::Waits,
    }
}

/// Who has a volume; pods of other namespaces are not named.
fn who<P>(cluster: &Cluster<P>, pod: PodId, by: &[PodId]) -> String {
    let pods = &cluster.objects.pods;
    let namespace = &pods[pod.index()].namespace;
    let rows = by.iter().map(|other| &pods[other.index()]);
    let (near, far): (Vec<&Pod>, Vec<&Pod>) = rows.partition(|row| row.namespace == *namespace);
    let names: Vec<&str> = near.iter().map(|row| row.name.as_str()).collect();
    let names = names.join(", ");
    match (near.len(), far.len()) {
        (0, count) => format!("Volume is already used by {count} pod(s) in different namespaces"),
        (_, 0) => format!("Volume is already used by pod(s) {names}"),
        (_, count) => format!(
            "Volume is already used by pod(s) {names} and {count} pod(s) in different namespaces"
        ),
    }
}

/// The volumes that are attached for a pod, in the order of the pod's volumes.
///
/// # Errors
/// The first one that another node has, and that only one may have at a time
/// (attachdetach/reconciler, "Multi-Attach error").
fn attachable<P>(cluster: &Cluster<P>, pod: PodId) -> Result<Vec<VolumeId>, Taken> {
    let row = &cluster.objects.pods[pod.index()];
    let claims: Vec<ClaimId> = storage::claim_names(&cluster.objects, row)
        .filter_map(|(_, name)| storage::claim(cluster, &row.namespace, &name))
        .collect();
    let mut attached = Vec::new();
    for claim in claims {
        let claim_row = &cluster.objects.claims[claim.index()];
        let Some(volume) = volume_of(cluster, claim_row) else {
            continue;
        };
        let volume_row = &cluster.objects.volumes[volume.index()];
        if !attaches(cluster, volume_row) {
            continue;
        }
        let by = earlier_elsewhere(cluster, claim, pod);
        if !by.is_empty() && !is_shared(&volume_row.spec) {
            return Err(Taken { volume, by });
        }
        attached.push(volume);
    }
    Ok(attached)
}

fn is_shared(volume: &PersistentVolumeSpec) -> bool {
    let many =
        |mode: &AccessMode| matches!(mode, AccessMode::ReadWriteMany | AccessMode::ReadOnlyMany);
    volume.access_modes.is_empty() || volume.access_modes.iter().any(many)
}

/// Pods on other nodes that were bound before this one and use the same claim.
fn earlier_elsewhere<P>(cluster: &Cluster<P>, claim: ClaimId, pod: PodId) -> Vec<PodId> {
    let pods = &cluster.objects.pods;
    let node = pods[pod.index()].node;
    let users = cluster.workings.storage.users(claim).iter().copied();
    let earlier = users.take_while(|other| *other != pod);
    earlier
        .map(|other| (other, &pods[other.index()]))
        .filter(|(_, other)| !other.phase.is_terminal() && other.node != node)
        .map(|(other, _)| other)
        .collect()
}

/// The first volume of a pod whose claim is not there or not bound, and why the kubelet does not mount it
/// (pkg/kubelet/volumemanager/populator `getPVCExtractPV`). The scheduler lets no such pod through: one that
/// was put on its node by hand waits here.
#[must_use]
pub fn unprocessed<P>(cluster: &Cluster<P>, pod: PodId) -> Option<(SmolStr, String)> {
    let row = &cluster.objects.pods[pod.index()];
    storage::claim_names(&cluster.objects, row).find_map(|(volume, name)| {
        let why = match storage::claim(cluster, &row.namespace, &name) {
            None => format!(
                "failed to fetch PVC from API server: persistentvolumeclaims \"{name}\" not found"
            ),
            Some(claim) => {
                let bound = cluster.objects.claims[claim.index()].phase == ClaimPhase::Bound;
                (!bound).then(|| "PVC is not bound".to_string())?
            }
        };
        Some((
            volume,
            format!("error processing PVC {}/{name}: {why}", row.namespace),
        ))
    })
}

/// A volume of a pod that its node cannot reach, which a kubelet finds out where no scheduler has looked.
/// Source: pkg/volume/util `CheckNodeAffinity`.
#[must_use]
pub fn out_of_reach<P>(cluster: &Cluster<P>, pod: PodId, node: NodeId) -> Option<SmolStr> {
    let row = &cluster.objects.pods[pod.index()];
    let mut volumes = storage::claim_names(&cluster.objects, row).filter_map(|(_, name)| {
        let claim = storage::claim(cluster, &row.namespace, &name)?;
        let volume = volume_of(cluster, &cluster.objects.claims[claim.index()])?;
        Some(&cluster.objects.volumes[volume.index()])
    });
    let far = volumes.find(|volume| !reaches(cluster, volume, node))?;
    Some(far.header.reference.name.clone())
}

/// The volume of a claim that is bound.
#[must_use]
pub fn volume_of<P>(cluster: &Cluster<P>, claim: &PersistentVolumeClaim) -> Option<VolumeId> {
    let bound = claim.phase == ClaimPhase::Bound;
    let name = Some(&claim.spec.volume_name).filter(|name| bound && !name.is_empty())?;
    storage::volume(cluster, name)
}
