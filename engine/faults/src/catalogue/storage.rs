//! Volumes and claims.

use super::words::{LISTED, TEMPLATED, by_change, contain, field, part, rises, undo};
use crate::betrayal::{Betrayal, Turn};
use crate::change;
use crate::fault::TargetKind::Workload;
use crate::fault::{Act, Candidacy, Expressed, Fault, Harms, Lasting, On, Section, Show};
use crate::mistakes;
use crate::step::{Place, Step};
use aegis_model::SymptomKind as Seen;
use aegis_model::{Ailment, Mechanism};

/// A template whose volume is not there: new pods stay Pending.
const UNBOUND: Fault = Fault {
    section: Section::Storage,
    targets: &[Workload],
    signs: &[rises(Seen::Unschedulable, On::Subject)],
    betrayed_by_change: &[
        Betrayal::Created("PersistentVolumeClaim"),
        field(TEMPLATED, "spec.volumes", Turn::Any),
    ],
    shows: &[Show::ClaimPending],
    harms: Harms::NextPod,
    remedies: &[undo(Act::RevertChange), undo(Act::RollBack)],
    delay: 5,
    frequency: by_change(0.05),
    ..LISTED
};

/// The pods use the claim `$name-data`.
const USE: Step = Step::Patch(
    Place::PodSpec,
    r#"{"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "$name-data"}}]}"#,
);
/// A class whose volumes are made by hand.
const BY_HAND: Step = Step::Apply(
    r#"{"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": "by-hand"}, "provisioner": "kubernetes.io/no-provisioner", "volumeBindingMode": "Immediate"}"#,
);
/// A volume of that class.
const VOLUME: Step = Step::Apply(
    r#"{"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "$name-disk", "labels": {"disk": "$name"}}, "spec": {"capacity": {"storage": "10Gi"}, "accessModes": ["ReadWriteOnce"], "storageClassName": "by-hand", "persistentVolumeReclaimPolicy": "Retain", "hostPath": {"path": "/srv/$name"}}}"#,
);

pub const ROWS: &[Fault] = &[
    Fault {
        id: "claim_missing",
        summary: "Pods use a claim that does not exist.",
        steps: &[USE],
        shows: &[Show::Event("FailedScheduling", "not found")],
        source: "S pvc_claim_mismatch; I #53",
        ..UNBOUND
    },
    Fault {
        id: "claim_class_wrong",
        summary: "A claim asks for a storage class that does not exist.",
        steps: &[
            Step::Apply(
                r#"{"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "$name-data", "namespace": "$ns"}, "spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": "fast-nvme", "resources": {"requests": {"storage": "1Gi"}}}}"#,
            ),
            USE,
        ],
        source: "S operator_misoperation wrong_storage_class; O PVCStorageClassMismatch",
        ..UNBOUND
    },
    Fault {
        id: "claim_size_too_large",
        summary: "A claim asks for more than any volume of its class has.",
        stage: &[BY_HAND, VOLUME],
        steps: &[
            Step::Apply(
                r#"{"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "$name-data", "namespace": "$ns"}, "spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": "by-hand", "resources": {"requests": {"storage": "900Gi"}}}}"#,
            ),
            USE,
        ],
        source: "O PVCCapacityMismatch",
        ..UNBOUND
    },
    Fault {
        id: "claim_access_mode_wrong",
        summary: "A claim asks for an access mode that no volume of its class offers.",
        stage: &[BY_HAND, VOLUME],
        steps: &[
            Step::Apply(
                r#"{"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "$name-data", "namespace": "$ns"}, "spec": {"accessModes": ["ReadWriteMany"], "storageClassName": "by-hand", "resources": {"requests": {"storage": "1Gi"}}}}"#,
            ),
            USE,
        ],
        source: "O PVCAccessModeMismatch",
        ..UNBOUND
    },
    Fault {
        id: "claim_selector_wrong",
        summary: "A claim selects volumes by a label that none has.",
        stage: &[BY_HAND, VOLUME],
        steps: &[
            Step::Apply(
                r#"{"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "$name-data", "namespace": "$ns"}, "spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": "by-hand", "selector": {"matchLabels": {"disk": "archive"}}, "resources": {"requests": {"storage": "1Gi"}}}}"#,
            ),
            USE,
        ],
        source: "O PVCSelectorMismatch",
        ..UNBOUND
    },
    Fault {
        id: "claim_volume_taken",
        summary: "A claim names a volume that another claim holds.",
        stage: &[
            BY_HAND,
            VOLUME,
            Step::Apply(
                r#"{"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "$name-old", "namespace": "$ns"}, "spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": "by-hand", "volumeName": "$name-disk", "resources": {"requests": {"storage": "1Gi"}}}}"#,
            ),
        ],
        steps: &[
            Step::Apply(
                r#"{"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "$name-data", "namespace": "$ns"}, "spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": "by-hand", "volumeName": "$name-disk", "resources": {"requests": {"storage": "1Gi"}}}}"#,
            ),
            USE,
        ],
        source: "O PVBindingOccupied",
        ..UNBOUND
    },
    Fault {
        id: "volume_released",
        summary: "A namespace was made anew; the volume of its old claim is Released and binds to nobody.",
        stage: &[
            BY_HAND,
            VOLUME,
            Step::Apply(
                r#"{"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "$name-data", "namespace": "$ns"}, "spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": "by-hand", "resources": {"requests": {"storage": "1Gi"}}}}"#,
            ),
        ],
        steps: &[
            Step::Delete(Place::Named("PersistentVolumeClaim", "$name-data")),
            Step::Apply(
                r#"{"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "$name-data-2", "namespace": "$ns"}, "spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": "by-hand", "resources": {"requests": {"storage": "1Gi"}}}}"#,
            ),
            Step::Patch(
                Place::PodSpec,
                r#"{"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "$name-data-2"}}]}"#,
            ),
        ],
        betrayed_by_change: &[Betrayal::Deleted("PersistentVolumeClaim")],
        source: "A redeploy_without_pv",
        ..UNBOUND
    },
    Fault {
        id: "volume_node_affinity_conflict",
        summary: "A volume lives on one node, and the pods that use it may run on another alone.",
        stage: &[
            BY_HAND,
            Step::Apply(
                r#"{"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "$name-local"}, "spec": {"capacity": {"storage": "10Gi"}, "accessModes": ["ReadWriteOnce"], "storageClassName": "by-hand", "local": {"path": "/srv/$name"}, "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": ["no-such-node"]}]}]}}}}"#,
            ),
            Step::Apply(
                r#"{"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "$name-data", "namespace": "$ns"}, "spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": "by-hand", "volumeName": "$name-local", "resources": {"requests": {"storage": "1Gi"}}}}"#,
            ),
        ],
        steps: &[USE],
        betrayed_by_change: &[field(TEMPLATED, "spec.volumes", Turn::Any)],
        shows: &[Show::Event("FailedScheduling", "node affinity")],
        source: "S persistent_volume_affinity_violation",
        ..UNBOUND
    },
    Fault {
        id: "volume_attached_elsewhere",
        summary: "Two replicas on two nodes share a volume that attaches to one.",
        stage: &[
            Step::Apply(
                r#"{"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": "block"}, "provisioner": "ebs.csi.aws.com", "volumeBindingMode": "WaitForFirstConsumer"}"#,
            ),
            Step::Apply(
                r#"{"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "$name-data", "namespace": "$ns"}, "spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": "block", "resources": {"requests": {"storage": "1Gi"}}}}"#,
            ),
            USE,
        ],
        steps: &[Step::Make(mistakes::two_apart)],
        betrayed_by_change: &[field(TEMPLATED, "spec.affinity", Turn::Any)],
        shows: &[Show::Event("FailedScheduling", "anti-affinity")],
        candidacy: Candidacy::InDumps,
        source: "S duplicate_pvc_mounts",
        ..UNBOUND
    },
    Fault {
        id: "volume_permission_denied",
        expressed: Expressed::Effect,
        summary: "The files of a volume belong to another user: the container cannot open them.",
        parts: &[
            part(|_| Mechanism::ExitsAtStart(1), Lasting::Change),
            part(
                |_| Mechanism::Ailing(Ailment::PermissionDenied, 1.0),
                Lasting::Change,
            ),
        ],
        steps: &[Step::Patch(
            Place::PodSpec,
            r#"{"securityContext": {"runAsUser": 65534, "runAsNonRoot": true, "fsGroup": null}}"#,
        )],
        betrayed_by_change: &[field(TEMPLATED, "spec.securityContext", Turn::Any)],
        signs: &[
            rises(Seen::Restarts, On::Subject),
            rises(Seen::NotReady, On::Subject),
        ],
        shows: &[
            Show::Waiting("CrashLoopBackOff"),
            Show::Log("permission denied"),
        ],
        candidacy: Candidacy::InDumps,
        source: "O VolumeMountPermissionDenied",
        ..UNBOUND
    },
    Fault {
        id: "shared_memory_exhausted",
        expressed: Expressed::Effect,
        summary: "A worker needs more shared memory than the 64 MiB of /dev/shm.",
        parts: &[part(
            |_| Mechanism::Ailing(Ailment::NoSpaceLeft, 0.5),
            Lasting::Revision,
        )],
        steps: &[Step::Make(change::new_release)],
        betrayed_by_change: &[field(TEMPLATED, "containers[].image", Turn::Any)],
        signs: &[
            rises(Seen::Errors, On::Subject),
            rises(Seen::Errors, On::Callers),
        ],
        shows: &[Show::Log("No space left on device")],
        harms: Harms::Users,
        candidacy: Candidacy::InDumps,
        remedies: &[
            undo(Act::RollBack),
            undo(Act::RevertChange),
            contain(Act::ShedTraffic),
        ],
        source: "S dev_shm_exhaustion",
        ..UNBOUND
    },
];
