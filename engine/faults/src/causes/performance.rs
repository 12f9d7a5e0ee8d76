//! What is slow.

use super::{Cause, step};

/// The rows.
pub const ROWS: &[Cause] = &[
    Cause {
        id: "pod_network_delay",
        mechanism: "Packets of the pods are late: they answer slowly without using more CPU.",
        prior: 0.15,
        fix: &[
            step("kubectl get networkchaos,podnetworkchaos -A", ""),
            step("kubectl -n {ns} delete pod {pod}", ""),
        ],
        check: (
            "kubectl -n {ns} exec {pod} -- ping -c 3 PEER",
            "round trips far above the neighbours'",
        ),
        source: "A network_delay; I #80; O PodNetworkDelay; Chaos Mesh",
    },
    Cause {
        id: "pod_network_loss",
        mechanism: "Packets of the pods are lost: connections stall and are retried.",
        prior: 0.1,
        fix: &[
            step("kubectl get networkchaos,podnetworkchaos -A", ""),
            step("kubectl -n {ns} delete pod {pod}", ""),
        ],
        check: (
            "kubectl -n {ns} exec {pod} -- ping -c 20 PEER",
            "packet loss",
        ),
        source: "A network_loss; I #17; Chaos Mesh",
    },
    Cause {
        id: "node_network_delay",
        mechanism: "Packets of a node are late: all of its pods answer slowly.",
        prior: 0.06,
        fix: &[step(
            "kubectl drain {name} --ignore-daemonsets --delete-emptydir-data",
            "kubectl uncordon {name}",
        )],
        check: (
            "kubectl get pods -A -o wide --field-selector spec.nodeName={name}",
            "they are the slow ones",
        ),
        source: "O NodeNetworkDelay",
    },
    Cause {
        id: "node_network_loss",
        mechanism: "Packets of a node are lost: its pods retransmit and stall.",
        prior: 0.06,
        fix: &[step(
            "kubectl drain {name} --ignore-daemonsets --delete-emptydir-data",
            "kubectl uncordon {name}",
        )],
        check: (
            "kubectl get pods -A -o wide --field-selector spec.nodeName={name}",
            "they are the slow ones",
        ),
        source: "O NodeNetworkPacketLoss",
    },
    Cause {
        id: "cpu_overload",
        mechanism: "The pods use all the CPU that they may: they are throttled.",
        prior: 0.2,
        fix: &[step(
            "kubectl -n {ns} scale {kind}/{name} --replicas=2",
            "kubectl -n {ns} scale {kind}/{name} --replicas=1",
        )],
        check: ("kubectl -n {ns} top pods", "CPU at its limit"),
        source: "S cpu_throttling, ad_service_high_cpu; O PodCPUOverload; Chaos Mesh StressChaos",
    },
];
