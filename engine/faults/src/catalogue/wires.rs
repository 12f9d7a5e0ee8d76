//! Names, packets, connections, the mesh.

use super::words::{LISTED, assumed, by_change, contain, field, part, rises, size, undo};
use crate::betrayal::{Betrayal, Turn};
use crate::fault::TargetKind::{Cluster, Node, Service, Workload};
use crate::fault::{
    Act, Breadth, Expressed, Fault, Harms, Lasting, Needs, On, Section, Show, Spread,
};
use crate::parameter::{Parameter, Unit};
use crate::step::Step;
use aegis_model::SymptomKind as Seen;
use aegis_model::{Ailment, Mechanism, Procedure};

/// Something between pods.
const WIRE: Fault = Fault {
    section: Section::Network,
    expressed: Expressed::State,
    targets: &[Workload],
    needs: Needs::Served,
    signs: &[rises(Seen::Errors, On::Callers)],
    frequency: assumed(0.05),
    ..LISTED
};

/// Rules in the network namespace of each pod that is hit, or a proxy there: both are gone with the pod, and an
/// experiment does not choose again among those that come later.
const IN_POD: Fault = Fault {
    remedies: &[undo(Act::RestartRollout)],
    ..WIRE
};

/// Rules that lose or hold up packets can be taken off as well.
const RULES: Fault = Fault {
    remedies: &[
        undo(Act::RestartRollout),
        undo(Act::Exec(Procedure::ClearPacketRules)),
    ],
    ..WIRE
};

/// The same at a node: requests of its pods fail, and what they fail for shows at their callers.
const NODE: Fault = Fault {
    targets: &[Node],
    needs: Needs::Nothing,
    signs: &[
        rises(Seen::Errors, On::Subject),
        rises(Seen::Errors, On::Entry),
    ],
    spreads: Spread::ToNeighbours,
    ..WIRE
};

const SHARE: &[Parameter] = &[size("share", Unit::Share, 0.01, 1.0, 0.6)];
const DELAY: &[Parameter] = &[size("delay", Unit::Seconds, 0.01, 30.0, 2.0)];

pub const ROWS: &[Fault] = &[
    Fault {
        id: "name_unresolved",
        summary: "The cluster's DNS answers that a Service's name does not exist.",
        targets: &[Service],
        parts: &[part(
            |_| Mechanism::Ailing(Ailment::NameUnknown, 1.0),
            Lasting::Time,
        )],
        shows: &[Show::Log("no such host")],
        remedies: &[undo(Act::Exec(Procedure::RestoreNames))],
        source: "S service_dns_resolution_failure, stale_coredns_config; O ServiceDNSResolutionFailure",
        ..WIRE
    },
    Fault {
        id: "names_all_unresolved",
        summary: "The cluster's DNS answers that no name of the cluster exists.",
        targets: &[Cluster],
        parts: &[part(
            |_| Mechanism::Ailing(Ailment::NameUnknown, 1.0),
            Lasting::Time,
        )],
        shows: &[Show::Log("no such host")],
        spreads: Spread::BothWays,
        remedies: &[undo(Act::Exec(Procedure::RestoreNames))],
        source: "S stale_coredns_config; O CoreDNS*; Chaos Mesh DNSChaos error",
        ..WIRE
    },
    Fault {
        id: "pod_network_loss",
        summary: "Packets of the pods are lost: connections stall and are retried.",
        parameters: SHARE,
        parts: &[part(|s| Mechanism::PacketLoss(s[0]), Lasting::Pod)],
        source: "A network_loss; I #17; O PodNetworkLoss; Chaos Mesh NetworkChaos loss",
        ..RULES
    },
    Fault {
        id: "pod_network_delay",
        summary: "Packets of the pods are late: they answer slowly without using more CPU.",
        parameters: DELAY,
        parts: &[part(|s| Mechanism::EdgeDelay(s[0]), Lasting::Pod)],
        signs: &[
            rises(Seen::Latency, On::Callers),
            rises(Seen::Latency, On::Subject),
        ],
        source: "A network_delay; I #80; O PodNetworkDelay; Chaos Mesh NetworkChaos delay",
        ..RULES
    },
    Fault {
        id: "pod_network_partition",
        summary: "No packet passes between the pods and the rest.",
        parts: &[part(|_| Mechanism::PacketLoss(1.0), Lasting::Pod)],
        source: "I #81; Chaos Mesh NetworkChaos partition; Litmus pod-network-partition",
        ..RULES
    },
    Fault {
        id: "node_network_loss",
        summary: "Packets of a node are lost: its pods retransmit and stall.",
        parameters: SHARE,
        parts: &[part(|s| Mechanism::PacketLoss(s[0]), Lasting::Time)],
        signs: &[
            rises(Seen::Errors, On::Subject),
            rises(Seen::Errors, On::Entry),
            rises(Seen::Latency, On::Entry),
        ],
        remedies: &[
            undo(Act::Exec(Procedure::ClearPacketRules)),
            contain(Act::Drain),
        ],
        source: "O NodeNetworkPacketLoss",
        ..NODE
    },
    Fault {
        id: "node_network_delay",
        summary: "Packets of a node are late: all of its pods answer slowly.",
        parameters: DELAY,
        parts: &[part(|s| Mechanism::EdgeDelay(s[0]), Lasting::Time)],
        signs: &[
            rises(Seen::Latency, On::Subject),
            rises(Seen::Latency, On::Callers),
            rises(Seen::Latency, On::Entry),
        ],
        remedies: &[
            undo(Act::Exec(Procedure::ClearPacketRules)),
            contain(Act::Drain),
        ],
        source: "O NodeNetworkDelay",
        ..NODE
    },
    Fault {
        id: "http_aborted",
        summary: "A share of the requests to a workload is answered with an error before it sees them.",
        parameters: SHARE,
        parts: &[part(|s| Mechanism::EdgeError(s[0]), Lasting::Pod)],
        source: "I #26, #27; Chaos Mesh HTTPChaos abort; Litmus pod-http-status-code",
        ..IN_POD
    },
    Fault {
        id: "responses_tampered",
        expressed: Expressed::Effect,
        summary: "Answers of a workload are changed on their way: their readers cannot use them.",
        parameters: SHARE,
        parts: &[part(
            |s| Mechanism::Ailing(Ailment::BodyTampered, s[0]),
            Lasting::Pod,
        )],
        shows: &[Show::Log("cannot decode")],
        source: "I #27; Chaos Mesh HTTPChaos replace, patch; Litmus pod-http-modify-body",
        ..IN_POD
    },
    Fault {
        id: "kube_proxy_down",
        summary: "A node's kube-proxy does not run: Services cannot be reached from there.",
        parts: &[part(
            |_| Mechanism::Ailing(Ailment::ProxyStale, 0.7),
            Lasting::Time,
        )],
        shows: &[Show::Log("connection refused")],
        frequency: assumed(0.08),
        remedies: &[undo(Act::Exec(Procedure::RenewProxy)), contain(Act::Drain)],
        source: "S workload_imbalance; O KubeProxyUnavailable",
        ..NODE
    },
    Fault {
        id: "addresses_exhausted",
        summary: "The pool of pod addresses is used up: new pods get none.",
        targets: &[Cluster],
        parts: &[part(|_| Mechanism::NoAddress, Lasting::Time)],
        needs: Needs::Nothing,
        signs: &[rises(Seen::NotReady, On::Subject)],
        shows: &[Show::Event(
            "FailedCreatePodSandBox",
            "no free affine blocks",
        )],
        harms: Harms::NextPod,
        remedies: &[undo(Act::Exec(Procedure::AddAddresses))],
        source: "S pod_cidr_exhaustion",
        ..WIRE
    },
    Fault {
        id: "routes_between_nodes_lost",
        summary: "Nodes no longer tell each other where pods are: traffic between nodes is lost.",
        parts: &[part(|_| Mechanism::PacketLoss(0.66), Lasting::Time)],
        signs: &[
            rises(Seen::Errors, On::Subject),
            rises(Seen::Errors, On::Entry),
            rises(Seen::Latency, On::Entry),
        ],
        frequency: assumed(0.02),
        remedies: &[undo(Act::Exec(Procedure::RenewRoutes)), contain(Act::Drain)],
        source: "S calico_route_reflector_label_drift",
        ..NODE
    },
    Fault {
        id: "connection_table_full",
        summary: "A node's connection table is full: new connections from there time out.",
        parameters: &[size("seconds", Unit::Seconds, 5.0, 600.0, 30.0)],
        parts: &[part(
            |s| Mechanism::Ailing(Ailment::ConnectionsTracked, s[0]),
            Lasting::Time,
        )],
        shows: &[Show::Log("timeout")],
        remedies: &[
            undo(Act::Exec(Procedure::WidenConnections)),
            contain(Act::Drain),
        ],
        source: "S node_conntrack_exhaustion",
        ..NODE
    },
    Fault {
        id: "ephemeral_ports_exhausted",
        summary: "A node leaves its pods a handful of ports for outgoing connections.",
        parts: &[part(
            |_| Mechanism::Ailing(Ailment::PortsUsedUp, 0.8),
            Lasting::Time,
        )],
        shows: &[Show::Log("cannot assign requested address")],
        remedies: &[undo(Act::Exec(Procedure::WidenPorts)), contain(Act::Drain)],
        source: "S ephemeral_port_range",
        ..NODE
    },
    Fault {
        id: "mesh_policy_denies",
        summary: "An AuthorizationPolicy of the mesh denies a workload's callers.",
        parts: &[part(
            |_| Mechanism::Ailing(Ailment::MeshDenies, 1.0),
            Lasting::Change,
        )],
        steps: &[Step::Apply(
            r#"{"apiVersion": "security.istio.io/v1", "kind": "AuthorizationPolicy", "metadata": {"name": "$name-lockdown", "namespace": "$ns"}, "spec": {"selector": {"matchLabels": $labels}, "action": "DENY", "rules": [{}]}}"#,
        )],
        betrayed_by_change: &[Betrayal::Created("AuthorizationPolicy")],
        shows: &[Show::Log("RBAC: access denied")],
        remedies: &[undo(Act::RevertChange)],
        frequency: by_change(0.03),
        source: "I istio AuthorizationPolicy #47",
        ..WIRE
    },
    Fault {
        id: "mesh_tls_strict",
        summary: "The mesh demands mutual TLS of callers that have no sidecar.",
        parts: &[part(
            |_| Mechanism::Ailing(Ailment::TlsRequired, 1.0),
            Lasting::Change,
        )],
        steps: &[Step::Apply(
            r#"{"apiVersion": "security.istio.io/v1", "kind": "PeerAuthentication", "metadata": {"name": "$name-strict", "namespace": "$ns"}, "spec": {"selector": {"matchLabels": $labels}, "mtls": {"mode": "STRICT"}}}"#,
        )],
        betrayed_by_change: &[Betrayal::Created("PeerAuthentication")],
        shows: &[Show::Log("TLS")],
        remedies: &[undo(Act::RevertChange)],
        frequency: by_change(0.03),
        source: "I PeerAuthentication STRICT #50",
        ..WIRE
    },
    Fault {
        id: "telemetry_lost",
        summary: "What a workload measures no longer arrives; it serves its users as before.",
        needs: Needs::Nothing,
        parts: &[part(|_| Mechanism::TelemetryGap, Lasting::Time)],
        signs: &[rises(Seen::TelemetryMissing, On::Subject)],
        shows: &[Show::Dark],
        harms: Harms::Nobody,
        spreads: Spread::Stays,
        frequency: assumed(0.2),
        remedies: &[undo(Act::Exec(Procedure::RestartCollector))],
        source: "I ambient label off #48; no public benchmark has it by itself",
        ..WIRE
    },
    Fault {
        id: "edge_certificate_expired",
        summary: "The certificate that users are shown at the edge is over; everything behind it is well.",
        targets: &[Service],
        parts: &[part(
            |_| Mechanism::Ailing(Ailment::CertificateExpired, 0.9),
            Lasting::Time,
        )],
        needs: Needs::Entry,
        signs: &[rises(Seen::Errors, On::Entry)],
        frequency: assumed(0.1),
        remedies: &[undo(Act::Exec(Procedure::RenewCertificate))],
        source: "S expired_tls",
        ..WIRE
    },
    Fault {
        id: "rack_isolated",
        breadth: Breadth::Zone,
        summary: "A switch cuts a group of nodes off from the others.",
        parts: &[part(|_| Mechanism::PacketLoss(1.0), Lasting::Time)],
        frequency: assumed(0.02),
        remedies: &[undo(Act::Repair), contain(Act::Drain)],
        source: "S top_of_rack_router_failure (disabled upstream)",
        ..NODE
    },
    Fault {
        id: "ingress_backend_missing",
        section: Section::Workload,
        expressed: Expressed::Objects,
        summary: "An Ingress sends a path to a Service that does not exist.",
        steps: &[Step::Apply(
            r#"{"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "$name", "namespace": "$ns"}, "spec": {"rules": [{"host": "shop.example.com", "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": {"service": {"name": "$service-v2", "port": {"number": $port}}}}]}}]}}"#,
        )],
        betrayed_by_change: &[
            Betrayal::Created("Ingress"),
            field(&["Ingress"], "spec.rules", Turn::Any),
        ],
        signs: &[],
        harms: Harms::Nobody,
        remedies: &[undo(Act::RevertChange)],
        frequency: by_change(0.05),
        source: "k8sgpt Ingress analyzer",
        ..WIRE
    },
    Fault {
        id: "gateway_misroute",
        section: Section::Workload,
        expressed: Expressed::Objects,
        summary: "An Ingress sends a path to the wrong Service: users get answers that mean nothing to them.",
        stage: &[Step::Apply(
            r#"{"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "$name", "namespace": "$ns"}, "spec": {"rules": [{"host": "shop.example.com", "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": {"service": {"name": "$service", "port": {"number": $port}}}}]}}]}}"#,
        )],
        steps: &[Step::Apply(
            r#"{"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "$name", "namespace": "$ns"}, "spec": {"rules": [{"host": "shop.example.com", "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": {"service": {"name": "$other", "port": {"number": 80}}}}]}}]}}"#,
        )],
        betrayed_by_change: &[
            field(&["Ingress"], "spec.rules", Turn::Any),
            Betrayal::Created("Ingress"),
        ],
        signs: &[rises(Seen::Errors, On::Entry)],
        remedies: &[undo(Act::RevertChange)],
        frequency: by_change(0.05),
        source: "S ingress_misroute; O GatewayMisroute",
        ..WIRE
    },
];
