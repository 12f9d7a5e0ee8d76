//! Memory, CPU, disk, load.

use super::words::{
    MIB, ROW, TEMPLATED, assumed, by_change, contain, field, outgrow, part, rises, size, undo,
};
use crate::betrayal::Turn;
use crate::change;
use crate::fault::TargetKind::{Service, Workload};
use crate::fault::{Act, Fault, Harms, Lasting, On, Section, Spread};
use crate::parameter::Unit;
use crate::step::Step;
use aegis_model::Mechanism;
use aegis_model::SymptomKind as Seen;

pub const ROWS: &[Fault] = &[
    Fault {
        id: "memory_leak",
        stage: &[Step::Make(change::new_release)],
        section: Section::Plain,
        summary: "A container's memory grows until its limit kills it.",
        targets: &[Workload],
        parameters: &[size(
            "leak",
            Unit::BytesPerSecond,
            0.05 * MIB,
            8.0 * MIB,
            MIB,
        )],
        parts: &[part(|s| Mechanism::MemoryGrowth(s[0]), Lasting::Revision)],
        steps: &[],
        betrayed_by_change: &[],
        signs: &[
            rises(Seen::Memory, On::Subject),
            rises(Seen::OomKilled, On::Subject),
            rises(Seen::Restarts, On::Subject),
            rises(Seen::NotReady, On::Subject),
            rises(Seen::Errors, On::Callers),
        ],
        spreads: Spread::ToCallers,
        remedies: &[
            undo(Act::RollBack),
            contain(Act::RestartRollout),
            outgrow(Act::RaiseMemoryLimit),
            outgrow(Act::ScaleOut),
        ],
        delay: 30,
        frequency: assumed(0.8),
        source: "S valkey_memory_disruption; O OOMKilled; Chaos Mesh StressChaos memory; Litmus pod-memory-hog",
        ..ROW
    },
    Fault {
        id: "memory_limit_too_low",
        harms: Harms::NextPod,
        section: Section::Scheduling,
        summary: "A container's memory limit is below what it uses.",
        targets: &[Workload],
        parameters: &[size("share", Unit::Share, 0.05, 0.7, 0.15)],
        parts: &[],
        steps: &[Step::Make(change::low_memory_limit)],
        betrayed_by_change: &[field(TEMPLATED, "resources.limits.memory", Turn::Falls)],
        signs: &[
            rises(Seen::OomKilled, On::Subject),
            rises(Seen::Restarts, On::Subject),
            rises(Seen::NotReady, On::Subject),
            rises(Seen::Errors, On::Callers),
        ],
        spreads: Spread::ToCallers,
        remedies: &[
            undo(Act::RevertChange),
            undo(Act::RollBack),
            outgrow(Act::RaiseMemoryLimit),
        ],
        delay: 15,
        frequency: by_change(0.4),
        source: "S resource_request; I insufficient-resources #46; O MemoryCapacityMismatch, OOMKilled",
        ..ROW
    },
    Fault {
        id: "cpu_hog",
        section: Section::Plain,
        summary: "Something in the pods burns CPU beside the requests.",
        targets: &[Workload],
        parameters: &[size("cores", Unit::Cores, 0.02, 4.0, 0.2)],
        parts: &[part(|s| Mechanism::CpuBurn(s[0]), Lasting::Pod)],
        steps: &[],
        betrayed_by_change: &[],
        signs: &[
            rises(Seen::Cpu, On::Subject),
            rises(Seen::Latency, On::Subject),
            rises(Seen::Latency, On::Callers),
        ],
        spreads: Spread::ToNeighbours,
        remedies: &[
            undo(Act::RestartRollout),
            outgrow(Act::RaiseCpuLimit),
            outgrow(Act::ScaleOut),
        ],
        delay: 15,
        frequency: assumed(0.4),
        source: "S ad_service_high_cpu; I #3 adHighCpu; Chaos Mesh StressChaos cpu; Litmus pod-cpu-hog",
        ..ROW
    },
    Fault {
        id: "cpu_limit_too_low",
        section: Section::Scheduling,
        summary: "A container's CPU limit throttles it.",
        targets: &[Workload],
        parameters: &[size("share", Unit::Share, 0.03, 0.7, 0.15)],
        parts: &[],
        steps: &[Step::Make(change::low_cpu_limit)],
        betrayed_by_change: &[field(TEMPLATED, "resources.limits.cpu", Turn::Falls)],
        signs: &[
            rises(Seen::Cpu, On::Subject),
            rises(Seen::Latency, On::Subject),
            rises(Seen::Latency, On::Callers),
        ],
        spreads: Spread::ToCallers,
        remedies: &[
            undo(Act::RevertChange),
            undo(Act::RollBack),
            outgrow(Act::RaiseCpuLimit),
            outgrow(Act::ScaleOut),
        ],
        delay: 30,
        frequency: by_change(0.4),
        source: "S cpu_throttling; O CPUCapacityMismatch",
        ..ROW
    },
    Fault {
        id: "load_burst",
        section: Section::Plain,
        summary: "Users send several times what they did.",
        targets: &[Service],
        parameters: &[size("factor", Unit::Factor, 1.3, 20.0, 4.0)],
        parts: &[part(|s| Mechanism::LoadFactor(s[0]), Lasting::Time)],
        steps: &[],
        betrayed_by_change: &[],
        signs: &[
            rises(Seen::Rate, On::Entry),
            rises(Seen::Cpu, On::Entry),
            rises(Seen::Latency, On::Entry),
            rises(Seen::Errors, On::Entry),
            rises(Seen::Rate, On::Callees),
        ],
        spreads: Spread::ToCallees,
        remedies: &[
            outgrow(Act::ScaleOut),
            outgrow(Act::RaiseAutoscalerMax),
            outgrow(Act::RaiseCpuLimit),
            contain(Act::ShedTraffic),
        ],
        delay: 10,
        frequency: assumed(1.0),
        source: "S loadgenerator_flood_homepage, load_spike_*; A and I #11",
        ..ROW
    },
    Fault {
        id: "disk_full",
        stage: &[Step::Make(change::new_release)],
        section: Section::Plain,
        summary: "A container fills the disk of its node.",
        targets: &[Workload],
        parameters: &[size(
            "growth",
            Unit::BytesPerSecond,
            0.1 * MIB,
            256.0 * MIB,
            16.0 * MIB,
        )],
        parts: &[part(|s| Mechanism::DiskFill(s[0]), Lasting::Revision)],
        steps: &[],
        betrayed_by_change: &[],
        signs: &[
            rises(Seen::NodeNotReady, On::Node),
            rises(Seen::NotReady, On::Subject),
        ],
        spreads: Spread::ToNeighbours,
        remedies: &[undo(Act::RollBack), contain(Act::DeletePods)],
        delay: 120,
        frequency: assumed(0.3),
        source: "Litmus disk-fill; Chaos Mesh PhysicalMachineChaos disk-fill",
        ..ROW
    },
];
