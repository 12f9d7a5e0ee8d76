//! A service that is slow, fails, or wears itself out.

use super::words::{ROW, assumed, contain, outgrow, part, rises, size, undo};
use crate::change;
use crate::fault::TargetKind::Workload;
use crate::fault::{Act, Fault, Lasting, On, Section, Spread};
use crate::parameter::Unit;
use crate::step::Step;
use aegis_model::Mechanism;
use aegis_model::SymptomKind as Seen;
use aegis_model::overlay::ProbeKind;

pub const ROWS: &[Fault] = &[
    Fault {
        id: "slow_dependency",
        section: Section::Plain,
        summary: "A service answers late, though it is not busy.",
        targets: &[Workload],
        parameters: &[size("delay", Unit::Seconds, 0.05, 10.0, 1.0)],
        parts: &[part(|s| Mechanism::EdgeDelay(s[0]), Lasting::Pod)],
        steps: &[],
        betrayed_by_change: &[],
        signs: &[
            rises(Seen::Latency, On::Subject),
            rises(Seen::Latency, On::Callers),
            rises(Seen::Errors, On::Callers),
        ],
        spreads: Spread::ToCallers,
        remedies: &[
            undo(Act::RestartRollout),
            contain(Act::SetRetries),
            contain(Act::LimitConcurrency),
            contain(Act::ShedTraffic),
        ],
        delay: 10,
        frequency: assumed(0.8),
        source: "A and I network_delay; O PodNetworkDelay; S postgres_lock_contention_*",
        ..ROW
    },
    Fault {
        id: "dependency_errors",
        section: Section::Application,
        summary: "A service fails a share of its requests.",
        targets: &[Workload],
        parameters: &[size("share", Unit::Share, 0.05, 1.0, 0.5)],
        parts: &[part(|s| Mechanism::EdgeError(s[0]), Lasting::Pod)],
        steps: &[],
        betrayed_by_change: &[],
        signs: &[
            rises(Seen::Errors, On::Subject),
            rises(Seen::Errors, On::Callers),
        ],
        spreads: Spread::ToCallers,
        remedies: &[
            undo(Act::RestartRollout),
            undo(Act::DeletePods),
            contain(Act::SetRetries),
        ],
        delay: 5,
        frequency: assumed(0.6),
        source: "S *_failure flags; A and I opentelemetry-demo-feature-flag #1-15; Chaos Mesh HTTPChaos abort",
        ..ROW
    },
    Fault {
        id: "dead_dependency",
        section: Section::Application,
        summary: "A service runs and answers nothing.",
        targets: &[Workload],
        parameters: &[],
        parts: &[part(|_| Mechanism::EdgeError(1.0), Lasting::Pod)],
        steps: &[],
        betrayed_by_change: &[],
        signs: &[
            rises(Seen::Errors, On::Subject),
            rises(Seen::Errors, On::Callers),
            rises(Seen::Errors, On::Entry),
        ],
        spreads: Spread::ToCallers,
        remedies: &[
            undo(Act::RestartRollout),
            undo(Act::DeletePods),
            contain(Act::ShedTraffic),
        ],
        delay: 5,
        frequency: assumed(0.3),
        source: "S payment_unreachable; O DB*; Chaos Mesh PodChaos pod-failure",
        ..ROW
    },
    Fault {
        id: "worker_exhaustion",
        section: Section::Application,
        summary: "Most of a service's workers or connections hang and do not come back.",
        targets: &[Workload],
        parameters: &[size("left", Unit::Share, 0.004, 0.3, 0.02)],
        parts: &[part(|s| Mechanism::CapacityFactor(s[0]), Lasting::Pod)],
        steps: &[],
        betrayed_by_change: &[],
        signs: &[
            rises(Seen::Latency, On::Subject),
            rises(Seen::Errors, On::Subject),
            rises(Seen::Errors, On::Callers),
        ],
        spreads: Spread::ToCallers,
        remedies: &[
            undo(Act::RestartRollout),
            outgrow(Act::ScaleOut),
            contain(Act::ShedTraffic),
        ],
        delay: 15,
        frequency: assumed(0.4),
        source: "O DBConnectionExhaustion; S file_descriptor_exhaustion",
        ..ROW
    },
    Fault {
        id: "retry_storm",
        section: Section::Correlated,
        summary: "After a short loss of capacity, retries alone keep a service overloaded.",
        targets: &[Workload],
        parameters: &[
            size("slowdown", Unit::Factor, 3.0, 200.0, 40.0),
            size("trigger", Unit::Seconds, 20.0, 300.0, 60.0),
        ],
        parts: &[part(|s| Mechanism::CpuFactor(s[0]), Lasting::Parameter(1))],
        steps: &[],
        betrayed_by_change: &[],
        signs: &[
            rises(Seen::Rate, On::Subject),
            rises(Seen::Errors, On::Subject),
            rises(Seen::Latency, On::Subject),
            rises(Seen::Errors, On::Callers),
        ],
        spreads: Spread::BothWays,
        remedies: &[
            undo(Act::SetRetries),
            undo(Act::ShedTraffic),
            contain(Act::LimitConcurrency),
            outgrow(Act::ScaleOut),
        ],
        delay: 10,
        frequency: assumed(0.2),
        source: "S capacity_decrease_rpc_retry_storm, load_spike_rpc_retry_storm, search_rate_retry_collapse",
        ..ROW
    },
    Fault {
        id: "readiness_probe_fails",
        stage: &[Step::Make(change::new_release)],
        section: Section::Workload,
        summary: "A health endpoint fails though requests would be served: pods drop out of their Services.",
        targets: &[Workload],
        parameters: &[],
        parts: &[part(
            |_| Mechanism::ProbeFails(ProbeKind::Readiness),
            Lasting::Revision,
        )],
        steps: &[],
        betrayed_by_change: &[],
        signs: &[
            rises(Seen::NotReady, On::Subject),
            rises(Seen::NoEndpoints, On::Services),
            rises(Seen::Errors, On::Callers),
        ],
        spreads: Spread::ToCallers,
        remedies: &[undo(Act::RollBack), undo(Act::PatchProbe)],
        delay: 30,
        frequency: assumed(0.3),
        source: "I failedReadinessProbe; A the same flag",
        ..ROW
    },
    Fault {
        id: "liveness_probe_fails",
        stage: &[Step::Make(change::new_release)],
        section: Section::Workload,
        summary: "A health endpoint fails and the kubelet restarts containers that would serve.",
        targets: &[Workload],
        parameters: &[],
        parts: &[part(
            |_| Mechanism::ProbeFails(ProbeKind::Liveness),
            Lasting::Revision,
        )],
        steps: &[],
        betrayed_by_change: &[],
        signs: &[
            rises(Seen::Restarts, On::Subject),
            rises(Seen::NotReady, On::Subject),
            rises(Seen::Errors, On::Callers),
        ],
        spreads: Spread::ToCallers,
        remedies: &[undo(Act::RollBack), undo(Act::PatchProbe)],
        delay: 30,
        frequency: assumed(0.2),
        source: "S liveness_probe_*; O",
        ..ROW
    },
];
