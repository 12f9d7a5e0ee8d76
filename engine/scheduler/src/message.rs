//! Why no node takes a pod, in the scheduler's words.
//!
//! Texts: kubernetes.md, "reasons" and "messages" (pkg/scheduler/framework/types.go
//! and the plugins' errors, 1.34.0).

use aegis_model::kubernetes::Taint;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use smol_str::SmolStr;

/// Why a node does not take a pod: the first rule that fails. `Fit` lists all its resources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// Cordoned.
    Unschedulable,
    /// A taint is not tolerated.
    Taint(Taint),
    /// Selector or required node affinity.
    NodeAffinity,
    /// The pod is pinned to other nodes by name.
    Pinned,
    /// A port on the node is taken.
    Ports,
    /// Resources are short.
    Fit(Vec<Short>),
    /// Another pod has a claim of this one for itself alone.
    VolumeInUse,
    /// The node takes no more volumes of a driver.
    VolumeLimit,
    /// The volume of a bound claim is not there.
    VolumeGone,
    /// Volumes are not reached from the node, or none could be bound there.
    Volumes {
        /// A bound one is not reached.
        unreached: bool,
        /// A claim that waits would find none.
        unbindable: bool,
    },
    /// The storage that the node reaches has too little left for a volume that would be made.
    StorageFull,
    /// A volume is in another zone.
    VolumeZone,
    /// A node label that a spread constraint needs is missing.
    SpreadLabel,
    /// A spread constraint would be broken.
    Spread,
    /// Required pod affinity.
    PodAffinity,
    /// Required pod anti-affinity.
    PodAntiAffinity,
    /// Required anti-affinity of a pod that is there.
    ExistingAntiAffinity,
}

/// What a node is short of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Short {
    /// Places for pods.
    Pods,
    /// `cpu`, `memory`, or another resource; the second says whether the node ever has as much.
    Resource(SmolStr, Ever),
}

/// Whether an empty node of that size would do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "yes and no")]
pub enum Ever {
    Fits,
    TooSmall,
}

impl Refusal {
    /// Whether taking pods off the node may help.
    #[must_use]
    pub fn is_resolvable(&self) -> bool {
        match self {
            Self::Ports
            | Self::VolumeInUse
            | Self::VolumeLimit
            | Self::Spread
            | Self::PodAntiAffinity
            | Self::ExistingAntiAffinity => true,
            Self::Fit(shorts) => !shorts
                .iter()
                .any(|short| matches!(short, Short::Resource(_, Ever::TooSmall))),
            _ => false,
        }
    }

    /// Whether claims, volumes or classes are the reason.
    #[must_use]
    pub const fn is_of_volumes(&self) -> bool {
        matches!(
            self,
            Self::VolumeInUse
                | Self::VolumeGone
                | Self::Volumes { .. }
                | Self::StorageFull
                | Self::VolumeZone
        )
    }

    /// In the scheduler's words, one by one.
    pub(super) fn reasons(&self) -> Vec<String> {
        let one = |text: &str| alloc::vec![String::from(text)];
        match self {
            Self::Unschedulable => one("node(s) were unschedulable"),
            Self::Taint(taint) => alloc::vec![format!(
                "node(s) had untolerated taint {{{}: {}}}",
                taint.key, taint.value
            )],
            Self::NodeAffinity => one("node(s) didn't match Pod's node affinity/selector"),
            Self::Pinned => one("node(s) didn't satisfy plugin(s) [NodeAffinity]"),
            Self::Ports => one("node(s) didn't have free ports for the requested pod ports"),
            Self::Fit(shorts) => shorts.iter().map(Short::reason).collect(),
            Self::VolumeInUse => one(
                "node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode",
            ),
            Self::VolumeLimit => one("node(s) exceed max volume count"),
            Self::VolumeGone => {
                one("node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)")
            }
            Self::Volumes {
                unreached,
                unbindable,
            } => volume_reasons(*unreached, *unbindable),
            Self::StorageFull => one("node(s) did not have enough free storage"),
            Self::VolumeZone => one("node(s) had no available volume zone"),
            Self::SpreadLabel => {
                one("node(s) didn't match pod topology spread constraints (missing required label)")
            }
            Self::Spread => one("node(s) didn't match pod topology spread constraints"),
            Self::PodAffinity => one("node(s) didn't match pod affinity rules"),
            Self::PodAntiAffinity => one("node(s) didn't match pod anti-affinity rules"),
            Self::ExistingAntiAffinity => {
                one("node(s) didn't satisfy existing pods anti-affinity rules")
            }
        }
    }
}

fn volume_reasons(unreached: bool, unbindable: bool) -> Vec<String> {
    let parts = [
        (
            unreached,
            "node(s) didn't match PersistentVolume's node affinity",
        ),
        (
            unbindable,
            "node(s) didn't find available persistent volumes to bind",
        ),
    ];
    let held = parts.into_iter().filter(|(holds, _)| *holds);
    held.map(|(_, text)| text.into()).collect()
}

impl Short {
    fn reason(&self) -> String {
        match self {
            Self::Pods => "Too many pods".into(),
            Self::Resource(name, _) => format!("Insufficient {name}"),
        }
    }
}

const NO_NODES: &str = "no nodes available to schedule pods";
/// What DynamicResources, on by default from 1.34 on, says in PostFilter of a pod without claims on
/// devices, before DefaultPreemption speaks.
const DYNAMIC_RESOURCES: &str = "no new claims to deallocate";

/// What came of the search for pods that could make room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Preemption {
    /// Others make room: nothing is said.
    Succeeded,
    /// The pod's policy forbids it.
    Never,
    /// Pods are still leaving the node where room was made before.
    UnderWay,
    /// Nodes on which nobody could make room, all of lower priority are not enough, or it would not help.
    InVain {
        /// Nodes without victims.
        no_victims: usize,
        /// What nodes refuse the pod for with all victims gone.
        still: Vec<Refusal>,
        /// Nodes on which it would not help.
        not_helpful: usize,
    },
}

/// `k reason, k reason`, sorted as texts.
fn histogram(reasons: impl Iterator<Item = String>) -> String {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for reason in reasons {
        *counts.entry(reason).or_default() += 1;
    }
    let mut parts: Vec<String> = counts
        .into_iter()
        .map(|(reason, count)| format!("{count} {reason}"))
        .collect();
    parts.sort_unstable();
    parts.join(", ")
}

/// The message of a FailedScheduling event: `0/3 nodes are available: 3 Insufficient cpu. preemption: …`.
#[must_use]
pub fn failure(nodes: usize, refusals: &[Refusal], preemption: &Preemption) -> String {
    if nodes == 0 {
        return NO_NODES.into();
    }
    let reasons = histogram(refusals.iter().flat_map(Refusal::reasons));
    let tail = preemption_part(nodes, preemption);
    format!("0/{nodes} nodes are available: {reasons}.{tail}")
}

/// The message where the pod cannot go anywhere for a reason of its own. No node was then looked
/// at, so that DynamicResources finds no state of its own in PostFilter and ends it with an error,
/// `not found`, before preemption is asked.
#[must_use]
pub fn refused_everywhere(nodes: usize, reason: &str) -> String {
    if nodes == 0 {
        return NO_NODES.into();
    }
    format!("0/{nodes} nodes are available: {reason}. not found")
}

/// What the plugins of PostFilter say, in their order.
fn preemption_part(nodes: usize, preemption: &Preemption) -> String {
    let said = match preemption {
        Preemption::Succeeded => return String::new(),
        Preemption::Never => "not eligible due to preemptionPolicy=Never.".into(),
        Preemption::UnderWay => {
            "not eligible due to a terminating pod on the nominated node.".into()
        }
        Preemption::InVain {
            no_victims,
            still,
            not_helpful,
        } => {
            let victims = "No preemption victims found for incoming pod";
            let helpful = "Preemption is not helpful for scheduling";
            let of = |text: &str, count: usize| core::iter::repeat_n(String::from(text), count);
            let refused = still.iter().flat_map(Refusal::reasons);
            let reasons = refused.chain(of(victims, *no_victims));
            let reasons = histogram(reasons.chain(of(helpful, *not_helpful)));
            format!("0/{nodes} nodes are available: {reasons}.")
        }
    };
    format!(" {DYNAMIC_RESOURCES}, preemption: {said}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn cpu() -> Refusal {
        Refusal::Fit(vec![Short::Resource("cpu".into(), Ever::Fits)])
    }

    fn control_plane() -> Refusal {
        Refusal::Taint(Taint {
            key: "node-role.kubernetes.io/control-plane".into(),
            effect: "NoSchedule".into(),
            ..Taint::default()
        })
    }

    #[test]
    fn messages_are_kube_schedulers() {
        let both = Refusal::Fit(vec![
            Short::Pods,
            Short::Resource("cpu".into(), Ever::Fits),
            Short::Resource("memory".into(), Ever::TooSmall),
        ]);
        let vain = |no_victims, not_helpful| Preemption::InVain {
            no_victims,
            still: Vec::new(),
            not_helpful,
        };
        for (refusals, preemption, expected) in [
            (
                vec![cpu(), cpu(), cpu()],
                vain(3, 0),
                "0/3 nodes are available: 3 Insufficient cpu. no new claims to deallocate, preemption: 0/3 nodes are available: 3 No preemption victims found for incoming pod.",
            ),
            (
                vec![control_plane(), cpu(), both.clone()],
                vain(1, 2),
                "0/3 nodes are available: 1 Insufficient memory, 1 Too many pods, 1 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }, 2 Insufficient cpu. no new claims to deallocate, preemption: 0/3 nodes are available: 1 No preemption victims found for incoming pod, 2 Preemption is not helpful for scheduling.",
            ),
            (
                vec![cpu(), cpu()],
                Preemption::InVain {
                    no_victims: 1,
                    still: vec![cpu()],
                    not_helpful: 0,
                },
                "0/2 nodes are available: 2 Insufficient cpu. no new claims to deallocate, preemption: 0/2 nodes are available: 1 Insufficient cpu, 1 No preemption victims found for incoming pod.",
            ),
            (
                vec![Refusal::NodeAffinity, Refusal::Unschedulable],
                vain(0, 2),
                "0/2 nodes are available: 1 node(s) didn't match Pod's node affinity/selector, 1 node(s) were unschedulable. no new claims to deallocate, preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.",
            ),
            (
                vec![cpu()],
                Preemption::Never,
                "0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, preemption: not eligible due to preemptionPolicy=Never.",
            ),
            (
                vec![cpu()],
                Preemption::Succeeded,
                "0/1 nodes are available: 1 Insufficient cpu.",
            ),
            (vec![], vain(0, 0), "no nodes available to schedule pods"),
        ] {
            assert_eq!(failure(refusals.len(), &refusals, &preemption), expected);
        }
    }

    #[test]
    fn room_helps_only_where_room_is_the_reason() {
        assert!(cpu().is_resolvable());
        assert!(!Refusal::Fit(vec![Short::Resource("cpu".into(), Ever::TooSmall)]).is_resolvable());
        assert!(!control_plane().is_resolvable());
        assert!(Refusal::Spread.is_resolvable());
        assert!(!Refusal::SpreadLabel.is_resolvable());
    }
}
