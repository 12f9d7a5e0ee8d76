//! Nodes, and pods that go.

use super::words::{ROW, assumed, contain, falls, field, outgrow, part, rises, undo};
use crate::betrayal::Turn;
use crate::fault::TargetKind::{Node, Workload};
use crate::fault::{Act, Fault, Lasting, On, Section, Show, Spread};
use aegis_model::SymptomKind as Seen;
use aegis_model::{Mechanism, Procedure};

pub const ROWS: &[Fault] = &[
    Fault {
        id: "node_drain",
        section: Section::Plain,
        summary: "A node is cordoned and drained, and its pods do not fit elsewhere.",
        targets: &[Node],
        parameters: &[],
        parts: &[part(|_| Mechanism::Drain, Lasting::Time)],
        steps: &[],
        betrayed_by_change: &[field(&["Node"], "spec.unschedulable", Turn::Any)],
        signs: &[
            rises(Seen::Unschedulable, On::Subject),
            rises(Seen::NotReady, On::Subject),
            rises(Seen::Errors, On::Entry),
            rises(Seen::Latency, On::Entry),
        ],
        spreads: Spread::ToCallers,
        remedies: &[
            undo(Act::Uncordon),
            outgrow(Act::Exec(Procedure::AddNode)),
            outgrow(Act::LowerRequests),
            outgrow(Act::ScaleOut),
        ],
        delay: 5,
        frequency: assumed(0.5),
        source: "I cordoned-worker #39; O NodeCordonMismatch; Litmus node-drain",
        ..ROW
    },
    Fault {
        id: "node_crash",
        section: Section::Plain,
        summary: "A node is gone with all that runs on it.",
        targets: &[Node],
        parameters: &[],
        parts: &[part(|_| Mechanism::NodeDown, Lasting::Time)],
        steps: &[],
        betrayed_by_change: &[],
        signs: &[
            rises(Seen::NodeNotReady, On::Node),
            rises(Seen::NotReady, On::Subject),
            rises(Seen::Errors, On::Callers),
        ],
        shows: &[Show::Condition("Ready", "Unknown")],
        spreads: Spread::ToCallers,
        remedies: &[
            undo(Act::Exec(Procedure::ReplaceNode)),
            contain(Act::DeletePods),
            outgrow(Act::Exec(Procedure::AddNode)),
            contain(Act::Drain),
            outgrow(Act::ScaleOut),
        ],
        delay: 40,
        frequency: assumed(0.3),
        source: "Litmus node-poweroff; Chaos Mesh AWS/Azure/GCP stop",
        ..ROW
    },
    Fault {
        id: "kubelet_down",
        section: Section::ControlPlane,
        summary: "A node's kubelet stops; its containers run on unseen.",
        targets: &[Node],
        parameters: &[],
        parts: &[part(|_| Mechanism::KubeletStops, Lasting::Time)],
        steps: &[],
        betrayed_by_change: &[],
        signs: &[
            rises(Seen::NodeNotReady, On::Node),
            rises(Seen::NotReady, On::Subject),
        ],
        shows: &[Show::Condition("Ready", "Unknown")],
        spreads: Spread::ToCallers,
        remedies: &[
            undo(Act::Exec(Procedure::ReplaceNode)),
            contain(Act::Drain),
            contain(Act::DeletePods),
        ],
        delay: 40,
        frequency: assumed(0.2),
        source: "S kubelet_crash; O Infrastructure; Litmus kubelet-service-kill",
        ..ROW
    },
    Fault {
        id: "pod_kill",
        section: Section::Plain,
        summary: "The pods of a workload are killed at once.",
        targets: &[Workload],
        parameters: &[],
        parts: &[part(|_| Mechanism::PodKill, Lasting::Time)],
        steps: &[],
        betrayed_by_change: &[],
        signs: &[
            rises(Seen::NotReady, On::Subject),
            rises(Seen::NoEndpoints, On::Services),
            falls(Seen::Rate, On::Subject),
            rises(Seen::Errors, On::Callers),
        ],
        spreads: Spread::ToCallers,
        remedies: &[outgrow(Act::ScaleOut)],
        delay: 1,
        frequency: assumed(0.5),
        source: "Chaos Mesh PodChaos pod-kill; Litmus pod-delete",
        ..ROW
    },
];
