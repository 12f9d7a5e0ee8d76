//! Between pods.

use super::words::{
    LISTED, ROW, assumed, by_change, contain, falls, field, part, rises, size, undo,
};
use crate::betrayal::{Betrayal, Turn};
use crate::change;
use crate::fault::TargetKind::{Node, Service, Workload};
use crate::fault::{Act, Fault, Lasting, On, Section, Spread};
use crate::parameter::Unit;
use crate::step::{Place, Step};
use aegis_model::SymptomKind as Seen;
use aegis_model::{Mechanism, Procedure};

pub const ROWS: &[Fault] = &[
    Fault {
        id: "network_policy_block",
        section: Section::Workload,
        summary: "A NetworkPolicy shuts a workload off from its callers.",
        targets: &[Workload],
        parameters: &[],
        parts: &[],
        steps: &[Step::Make(change::deny_ingress)],
        betrayed_by_change: &[
            Betrayal::Created("NetworkPolicy"),
            field(&["NetworkPolicy"], "spec", Turn::Any),
        ],
        signs: &[
            falls(Seen::Rate, On::Subject),
            rises(Seen::Errors, On::Callers),
            rises(Seen::Latency, On::Callers),
        ],
        spreads: Spread::ToCallers,
        remedies: &[
            undo(Act::DeletePolicy),
            undo(Act::PatchPolicy),
            undo(Act::RevertChange),
        ],
        delay: 5,
        frequency: by_change(0.3),
        source: "S network_policy_block; I ingress-port-blocking #31",
        ..ROW
    },
    Fault {
        id: "packet_loss",
        section: Section::Network,
        summary: "Packets from and to a workload are lost.",
        targets: &[Workload, Node],
        parameters: &[size("share", Unit::Share, 0.01, 1.0, 0.3)],
        parts: &[part(|s| Mechanism::PacketLoss(s[0]), Lasting::Time)],
        steps: &[],
        betrayed_by_change: &[],
        signs: &[
            rises(Seen::Latency, On::Callers),
            rises(Seen::Errors, On::Callers),
            falls(Seen::Rate, On::Subject),
        ],
        spreads: Spread::ToCallers,
        remedies: &[
            undo(Act::Exec(Procedure::ClearPacketRules)),
            contain(Act::Drain),
            contain(Act::SetRetries),
            contain(Act::ShedTraffic),
        ],
        delay: 10,
        frequency: assumed(0.2),
        source: "A and I network_loss; O PodNetworkLoss; Chaos Mesh NetworkChaos loss",
        ..ROW
    },
    Fault {
        id: "service_selector_wrong",
        section: Section::Workload,
        summary: "A Service selects no pod.",
        targets: &[Service],
        parameters: &[],
        parts: &[],
        steps: &[Step::Make(change::wrong_selector)],
        betrayed_by_change: &[field(&["Service"], "spec.selector", Turn::Any)],
        signs: &[
            rises(Seen::NoEndpoints, On::Services),
            falls(Seen::Rate, On::Subject),
            rises(Seen::Errors, On::Callers),
        ],
        spreads: Spread::ToCallers,
        remedies: &[undo(Act::PatchService), undo(Act::RevertChange)],
        delay: 2,
        frequency: by_change(0.2),
        source: "S wrong_service_selector; I invalid-service-selector #36; O",
        ..ROW
    },
    Fault {
        id: "service_target_port_wrong",
        section: Section::Workload,
        summary: "A Service sends to a port at which nobody listens.",
        targets: &[Service],
        parameters: &[],
        parts: &[],
        steps: &[Step::Make(change::wrong_target_port)],
        betrayed_by_change: &[field(&["Service"], "spec.ports", Turn::Any)],
        signs: &[
            falls(Seen::Rate, On::Subject),
            rises(Seen::Errors, On::Callers),
        ],
        spreads: Spread::ToCallers,
        remedies: &[undo(Act::PatchService), undo(Act::RevertChange)],
        delay: 2,
        frequency: by_change(0.2),
        source: "S target_port; A k8s_target_port_misconfig; I modified-target-port #30; O ServicePortMappingMismatch",
        ..ROW
    },
    Fault {
        id: "service_deleted",
        section: Section::Workload,
        summary: "A Service is gone, and its name with it.",
        targets: &[Service],
        parameters: &[],
        parts: &[],
        steps: &[Step::Make(change::no_service)],
        betrayed_by_change: &[Betrayal::Deleted("Service")],
        signs: &[
            falls(Seen::Rate, On::Subject),
            rises(Seen::Errors, On::Callers),
        ],
        spreads: Spread::ToCallers,
        remedies: &[undo(Act::RevertChange)],
        delay: 2,
        frequency: by_change(0.05),
        source: "S missing_service; I deleted-service #114",
        ..ROW
    },
    Fault {
        id: "service_traffic_policy_local",
        section: Section::Workload,
        summary: "A Service keeps its traffic on the caller's node, and some nodes have no endpoint.",
        targets: &[Service],
        steps: &[Step::Patch(
            Place::Itself,
            r#"{"spec": {"internalTrafficPolicy": "Local"}}"#,
        )],
        betrayed_by_change: &[field(&["Service"], "spec.internalTrafficPolicy", Turn::Any)],
        signs: &[
            falls(Seen::Rate, On::Subject),
            rises(Seen::Errors, On::Callers),
        ],
        remedies: &[undo(Act::RevertChange)],
        delay: 2,
        frequency: by_change(0.05),
        source: "S internal_traffic_policy_local",
        ..LISTED
    },
];
