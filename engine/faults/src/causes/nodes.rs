//! What a node's services do not do.

use super::{Cause, step};

/// The rows.
pub const ROWS: &[Cause] = &[
    Cause {
        id: "kubelet_down",
        mechanism: "The node's kubelet does not run: its pods are not looked after, and new ones do not start.",
        prior: 0.1,
        fix: &[step(
            "ssh {name} sudo systemctl start kubelet",
            "ssh {name} sudo systemctl stop kubelet",
        )],
        check: (
            "kubectl describe node {name}",
            "Kubelet stopped posting node status",
        ),
        source: "S kubelet_crash; O KubeletUnavailable",
    },
    Cause {
        id: "container_runtime_down",
        mechanism: "The node's container runtime does not run: no container starts there.",
        prior: 0.08,
        fix: &[step(
            "ssh {name} sudo systemctl start containerd",
            "ssh {name} sudo systemctl stop containerd",
        )],
        check: ("kubectl describe node {name}", "container runtime is down"),
        source: "O ContainerdUnavailable",
    },
    Cause {
        id: "kube_proxy_down",
        mechanism: "The node's kube-proxy does not run: Services cannot be reached from there.",
        prior: 0.08,
        fix: &[step(
            "ssh {name} sudo systemctl start kube-proxy",
            "ssh {name} sudo systemctl stop kube-proxy",
        )],
        check: ("ssh {name} systemctl status kube-proxy", "inactive (dead)"),
        source: "S workload_imbalance; O KubeProxyUnavailable",
    },
    Cause {
        id: "scheduler_down",
        mechanism: "No scheduler runs: new pods stay Pending without a word.",
        prior: 0.08,
        fix: &[step(
            "ssh {name} sudo systemctl start kube-scheduler",
            "ssh {name} sudo systemctl stop kube-scheduler",
        )],
        check: (
            "kubectl -n kube-system get lease kube-scheduler",
            "not renewed",
        ),
        source: "O KubeSchedulerUnavailable",
    },
    Cause {
        id: "controller_manager_down",
        mechanism: "No controller manager runs: nothing that is declared is made.",
        prior: 0.05,
        fix: &[step(
            "ssh {name} sudo systemctl start kube-controller-manager",
            "ssh {name} sudo systemctl stop kube-controller-manager",
        )],
        check: (
            "kubectl -n kube-system get lease kube-controller-manager",
            "not renewed",
        ),
        source: "Kubernetes components",
    },
    Cause {
        id: "node_crash",
        mechanism: "The node is gone: it neither reports nor runs pods.",
        prior: 0.1,
        fix: &[step(
            "kubectl drain {name} --ignore-daemonsets --delete-emptydir-data --force",
            "kubectl uncordon {name}",
        )],
        check: ("kubectl describe node {name}", "Ready is Unknown"),
        source: "Litmus node-poweroff",
    },
    Cause {
        id: "node_pressure",
        mechanism: "The node is short of memory, disk or process ids: it evicts pods.",
        prior: 0.08,
        fix: &[step(
            "kubectl drain {name} --ignore-daemonsets --delete-emptydir-data",
            "kubectl uncordon {name}",
        )],
        check: (
            "kubectl describe node {name}",
            "a pressure condition that is True",
        ),
        source: "S kubelet_eviction_threshold_misconfig; I #41",
    },
];
