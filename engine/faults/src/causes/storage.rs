//! What keeps a volume from a pod.

use super::{Cause, step};

/// The rows.
pub const ROWS: &[Cause] = &[
    Cause {
        id: "claim_missing",
        mechanism: "The claim that the pod mounts does not exist.",
        prior: 0.1,
        fix: &[step(
            "kubectl -n {ns} apply -f {value}.yaml",
            "kubectl -n {ns} delete pvc {value}",
        )],
        check: ("kubectl -n {ns} get pvc {value}", "not found"),
        source: "S pvc_claim_mismatch; I #53",
    },
    Cause {
        id: "claim_class_wrong",
        mechanism: "The claim asks for a storage class that no volume and no provisioner has.",
        prior: 0.08,
        fix: &[step("kubectl -n {ns} get pvc {value} -o yaml", "")],
        check: (
            "kubectl get storageclass,pv",
            "no class of the claim's name",
        ),
        source: "O PVCStorageClassMismatch",
    },
    Cause {
        id: "claim_size_too_large",
        mechanism: "The claim asks for more than any volume has.",
        prior: 0.08,
        fix: &[step("kubectl -n {ns} get pvc {value} -o yaml", "")],
        check: ("kubectl get pv", "no volume as large as the claim"),
        source: "O PVCCapacityMismatch",
    },
    Cause {
        id: "claim_access_mode_wrong",
        mechanism: "The claim asks for an access mode that no volume has.",
        prior: 0.08,
        fix: &[step("kubectl -n {ns} get pvc {value} -o yaml", "")],
        check: ("kubectl get pv", "other access modes than the claim's"),
        source: "O PVCAccessModeMismatch",
    },
    Cause {
        id: "claim_selector_wrong",
        mechanism: "The claim's selector matches no volume.",
        prior: 0.08,
        fix: &[step("kubectl -n {ns} get pvc {value} -o yaml", "")],
        check: (
            "kubectl get pv --show-labels",
            "no volume with the claim's labels",
        ),
        source: "O PVCSelectorMismatch",
    },
    Cause {
        id: "claim_volume_taken",
        mechanism: "The volume that fits the claim is bound to another claim.",
        prior: 0.08,
        fix: &[step("kubectl get pv", "")],
        check: ("kubectl get pv", "the volume is Bound to another claim"),
        source: "O PVBindingOccupied; A redeploy_without_pv",
    },
    Cause {
        id: "volume_node_affinity_conflict",
        mechanism: "The volume can be used on other nodes than those on which the pod may run.",
        prior: 0.06,
        fix: &[step(
            "kubectl -n {ns} rollout undo {kind}/{name}",
            "kubectl -n {ns} rollout undo {kind}/{name}",
        )],
        check: (
            "kubectl describe pv",
            "Node Affinity that excludes the pod's nodes",
        ),
        source: "S persistent_volume_affinity_violation",
    },
    Cause {
        id: "volume_attached_elsewhere",
        mechanism: "The volume is attached to another node and may be attached to one alone.",
        prior: 0.06,
        fix: &[step(
            "kubectl -n {ns} scale {kind}/{name} --replicas=1",
            "kubectl -n {ns} scale {kind}/{name} --replicas=2",
        )],
        check: (
            "kubectl get volumeattachments",
            "the volume on another node",
        ),
        source: "S duplicate_pvc_mounts",
    },
];
