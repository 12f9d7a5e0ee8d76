//! What the namespace may use.

use super::{Cause, step};

/// The rows.
pub const ROWS: &[Cause] = &[
    Cause {
        id: "quota_cpu_exceeded",
        mechanism: "The namespace's CPU quota is used up: pods are refused.",
        prior: 0.1,
        fix: &[step(
            "kubectl -n {ns} edit resourcequota {value}",
            "kubectl -n {ns} edit resourcequota {value}",
        )],
        check: (
            "kubectl -n {ns} describe resourcequota {value}",
            "used at its limit",
        ),
        source: "S namespace_memory_limit; I #102; O NamespaceCPUQuotaExceeded",
    },
    Cause {
        id: "quota_memory_exceeded",
        mechanism: "The namespace's memory quota is used up: pods are refused.",
        prior: 0.1,
        fix: &[step(
            "kubectl -n {ns} edit resourcequota {value}",
            "kubectl -n {ns} edit resourcequota {value}",
        )],
        check: (
            "kubectl -n {ns} describe resourcequota {value}",
            "used at its limit",
        ),
        source: "S namespace_memory_limit; O NamespaceMemoryQuotaExceeded",
    },
    Cause {
        id: "quota_pods_exceeded",
        mechanism: "The namespace may hold no more pods: new ones are refused.",
        prior: 0.1,
        fix: &[step(
            "kubectl -n {ns} edit resourcequota {value}",
            "kubectl -n {ns} edit resourcequota {value}",
        )],
        check: (
            "kubectl -n {ns} describe resourcequota {value}",
            "pods at its limit",
        ),
        source: "I #52; O NamespacePodQuotaExceeded",
    },
    Cause {
        id: "quota_services_exceeded",
        mechanism: "The namespace may hold no more Services: one is missing.",
        prior: 0.08,
        fix: &[step(
            "kubectl -n {ns} edit resourcequota {value}",
            "kubectl -n {ns} edit resourcequota {value}",
        )],
        check: (
            "kubectl -n {ns} describe resourcequota {value}",
            "services at its limit",
        ),
        source: "O NamespaceServiceQuotaExceeded",
    },
    Cause {
        id: "quota_storage_exceeded",
        mechanism: "The namespace may claim no more storage: a claim is refused.",
        prior: 0.08,
        fix: &[step(
            "kubectl -n {ns} edit resourcequota {value}",
            "kubectl -n {ns} edit resourcequota {value}",
        )],
        check: (
            "kubectl -n {ns} describe resourcequota {value}",
            "requests.storage at its limit",
        ),
        source: "O NamespaceStorageQuotaExceeded",
    },
];
