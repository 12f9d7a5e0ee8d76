//! Nodes, the control plane, disks and clocks.

use super::words::{
    LISTED, MIB, TEMPLATED, assumed, by_change, contain, field, outgrow, part, rises, size, undo,
};
use crate::betrayal::Turn;
use crate::change;
use crate::fault::TargetKind::{Cluster, Node, Service, Workload};
use crate::fault::{
    Act, Breadth, Candidacy, Expressed, Fault, Harms, Lasting, Needs, On, Remedy, Section, Show,
    Spread,
};
use crate::mistakes;
use crate::parameter::{Parameter, Unit};
use crate::step::Step;
use aegis_model::SymptomKind as Seen;
use aegis_model::{Ailment, Mechanism, Procedure};

/// Something at a node.
const NODE: Fault = Fault {
    section: Section::ControlPlane,
    targets: &[Node],
    signs: &[
        rises(Seen::Errors, On::Subject),
        rises(Seen::Errors, On::Entry),
    ],
    spreads: Spread::ToNeighbours,
    frequency: assumed(0.08),
    ..LISTED
};

/// What is done to the processes of the pods that are hit: others take their place untouched.
const IN_POD: &[Remedy] = &[undo(Act::RestartRollout)];

/// What the kernel or the bytes do to a process: errors that it cannot explain.
const KERNEL: Fault = Fault {
    section: Section::ControlPlane,
    expressed: Expressed::Effect,
    targets: &[Workload],
    needs: Needs::Served,
    parameters: SHARE,
    signs: &[
        rises(Seen::Errors, On::Subject),
        rises(Seen::Errors, On::Callers),
    ],
    remedies: &[undo(Act::Repair)],
    frequency: assumed(0.02),
    ..LISTED
};

/// Something that hurts many services at once.
const MANY: Fault = Fault {
    section: Section::Correlated,
    targets: &[Workload],
    needs: Needs::Served,
    remedies: &[undo(Act::RevertChange), undo(Act::RollBack)],
    candidacy: Candidacy::InDumps,
    frequency: by_change(0.05),
    ..LISTED
};

const SHARE: &[Parameter] = &[size("share", Unit::Share, 0.01, 1.0, 0.5)];

pub const ROWS: &[Fault] = &[
    Fault {
        id: "container_runtime_down",
        summary: "A node's container runtime does not run: the node is not ready, and no container starts there.",
        parts: &[part(|_| Mechanism::KubeletStops, Lasting::Time)],
        signs: &[
            rises(Seen::NodeNotReady, On::Node),
            rises(Seen::NotReady, On::Subject),
        ],
        shows: &[Show::Condition("Ready", "Unknown")],
        delay: 40,
        remedies: &[undo(Act::Exec(Procedure::ReplaceNode)), contain(Act::Drain)],
        source: "O ContainerdUnavailable; Litmus docker-service-kill",
        ..NODE
    },
    Fault {
        id: "scheduler_down",
        summary: "No scheduler runs: new pods stay Pending without a word.",
        targets: &[Cluster],
        parts: &[part(
            |_| Mechanism::ControllerStops(aegis_model::overlay::Controller::Scheduler),
            Lasting::Time,
        )],
        signs: &[],
        shows: &[Show::Phase("Pending")],
        harms: Harms::NextPod,
        remedies: &[undo(Act::Exec(Procedure::StartScheduler))],
        source: "O KubeSchedulerUnavailable",
        ..NODE
    },
    Fault {
        id: "controller_manager_down",
        summary: "No controller manager runs: nothing that is declared is made.",
        targets: &[Cluster],
        parts: &[part(
            |_| Mechanism::ControllerStops(aegis_model::overlay::Controller::ControllerManager),
            Lasting::Time,
        )],
        signs: &[rises(Seen::Errors, On::Callers)],
        harms: Harms::NextPod,
        frequency: assumed(0.05),
        remedies: &[undo(Act::Exec(Procedure::StartControllers))],
        source: "Kubernetes components",
        ..NODE
    },
    Fault {
        id: "api_server_overloaded",
        summary: "A flood of requests starves the API server: controllers get nothing done.",
        expressed: Expressed::State,
        targets: &[Cluster],
        parts: &[part(
            |_| Mechanism::ControllerStops(aegis_model::overlay::Controller::ControllerManager),
            Lasting::Time,
        )],
        signs: &[rises(Seen::Errors, On::Callers)],
        harms: Harms::NextPod,
        remedies: &[undo(Act::Exec(Procedure::ThrottleClients))],
        source: "I api-server-request-surge #51, #54, #55",
        ..NODE
    },
    Fault {
        id: "node_pressure",
        summary: "A kubelet's eviction threshold is set so high that it evicts though there is room.",
        parts: &[part(|_| Mechanism::EvictionThreshold(1e12), Lasting::Time)],
        signs: &[rises(Seen::NotReady, On::Subject)],
        shows: &[
            Show::Condition("MemoryPressure", "True"),
            Show::Event("Evicted", ""),
        ],
        harms: Harms::Users,
        remedies: &[
            undo(Act::Exec(Procedure::ResetEviction)),
            contain(Act::Drain),
        ],
        source: "S kubelet_eviction_threshold_misconfig",
        ..NODE
    },
    Fault {
        id: "node_clock_off",
        expressed: Expressed::State,
        summary: "A node's clock is off: its pods find certificates not yet valid.",
        parameters: &[size("skew", Unit::Seconds, 60.0, 1e8, 86_400.0)],
        parts: &[
            part(|s| Mechanism::ClockSkew(s[0]), Lasting::Time),
            part(|_| Mechanism::Ailing(Ailment::ClockOff, 0.9), Lasting::Time),
        ],
        shows: &[Show::Log("certificate has expired or is not yet valid")],
        frequency: assumed(0.03),
        remedies: &[undo(Act::Exec(Procedure::StepClock)), contain(Act::Drain)],
        source: "S node_clock_drift; Chaos Mesh TimeChaos",
        ..NODE
    },
    Fault {
        id: "pod_clock_off",
        expressed: Expressed::State,
        summary: "The clock that a workload's processes see is off: they find certificates not yet valid.",
        targets: &[Workload],
        needs: Needs::Served,
        parts: &[part(
            |_| Mechanism::Ailing(Ailment::ClockOff, 0.9),
            Lasting::Pod,
        )],
        shows: &[Show::Log("certificate has expired or is not yet valid")],
        remedies: IN_POD,
        frequency: assumed(0.02),
        source: "Chaos Mesh TimeChaos",
        ..NODE
    },
    Fault {
        id: "zone_outage",
        breadth: Breadth::Zone,
        section: Section::Plain,
        summary: "Every node of a zone is gone with all that runs on it.",
        parts: &[part(|_| Mechanism::NodeDown, Lasting::Time)],
        signs: &[
            rises(Seen::NodeNotReady, On::Node),
            rises(Seen::Errors, On::Entry),
        ],
        shows: &[Show::Condition("Ready", "Unknown")],
        delay: 40,
        remedies: &[
            undo(Act::Repair),
            contain(Act::DeletePods),
            outgrow(Act::Exec(Procedure::AddNode)),
            outgrow(Act::ScaleOut),
        ],
        frequency: assumed(0.03),
        source: "Chaos Mesh AWS/Azure/GCP stop; S top_of_rack_router_failure",
        ..NODE
    },
    Fault {
        id: "cpu_overload",
        section: Section::Plain,
        targets: &[Workload],
        summary: "The pods use all the CPU that they may: they are throttled.",
        needs: Needs::Served,
        parameters: &[size("factor", Unit::Factor, 1.5, 100.0, 20.0)],
        parts: &[part(|s| Mechanism::CpuFactor(s[0]), Lasting::Pod)],
        signs: &[
            rises(Seen::Cpu, On::Subject),
            rises(Seen::Latency, On::Callers),
        ],
        remedies: &[
            undo(Act::RestartRollout),
            outgrow(Act::RaiseCpuLimit),
            outgrow(Act::ScaleOut),
        ],
        frequency: assumed(0.2),
        source: "O PodCPUOverload; Chaos Mesh StressChaos cpu",
        ..NODE
    },
    Fault {
        id: "release_fails_requests",
        section: Section::Application,
        targets: &[Workload],
        summary: "The workload answers with errors of its own since it was rolled out.",
        needs: Needs::Served,
        parameters: SHARE,
        parts: &[part(|s| Mechanism::EdgeError(s[0]), Lasting::Revision)],
        steps: &[Step::Make(change::new_release)],
        betrayed_by_change: &[field(TEMPLATED, "containers[].image", Turn::Any)],
        signs: &[
            rises(Seen::Errors, On::Subject),
            rises(Seen::Errors, On::Callers),
        ],
        remedies: &[undo(Act::RollBack), undo(Act::RevertChange)],
        candidacy: Candidacy::InDumps,
        frequency: by_change(0.05),
        source: "S *_failure; A; I #1-15",
        ..NODE
    },
    Fault {
        id: "system_call_fails",
        summary: "A share of a process's system calls (read, write, open, fsync, mmap, sendto, getaddrinfo …) fails with an error number.",
        parts: &[part(
            |s| Mechanism::Ailing(Ailment::SystemCallFails, s[0]),
            Lasting::Pod,
        )],
        shows: &[Show::Log("input/output error")],
        remedies: IN_POD,
        source: "S khaos_faults (~48 calls); Chaos Mesh IOChaos fault, KernelChaos",
        ..KERNEL
    },
    Fault {
        id: "disk_slow",
        summary: "Reads and writes of a workload's disk take long.",
        parameters: &[size("delay", Unit::Seconds, 0.01, 10.0, 1.0)],
        parts: &[part(|s| Mechanism::EdgeDelay(s[0]), Lasting::Pod)],
        signs: &[
            rises(Seen::Latency, On::Subject),
            rises(Seen::Latency, On::Callers),
        ],
        remedies: IN_POD,
        source: "Chaos Mesh IOChaos latency, BlockChaos delay; Litmus pod-io-stress",
        ..KERNEL
    },
    Fault {
        id: "disk_sector_unreadable",
        summary: "A sector of a disk cannot be read: what lies there fails, the rest serves.",
        needs: Needs::Store,
        parameters: &[size("share", Unit::Share, 0.01, 1.0, 0.3)],
        parts: &[part(
            |s| Mechanism::Ailing(Ailment::SectorUnreadable, s[0]),
            Lasting::Time,
        )],
        shows: &[Show::Log("input/output error")],
        source: "S khaos_faults latent sector error; A disk_woreout (off)",
        ..KERNEL
    },
    Fault {
        id: "data_corrupted_silently",
        summary: "Bytes come back other than they were written, and nothing says so but who reads them.",
        needs: Needs::Store,
        parameters: &[size("share", Unit::Share, 0.01, 1.0, 0.5)],
        parts: &[part(
            |s| Mechanism::Ailing(Ailment::BodyTampered, s[0]),
            Lasting::Time,
        )],
        shows: &[Show::Log("cannot decode")],
        source: "S silent_data_corruption (dm-flakey); A kernel_fault (off); Chaos Mesh IOChaos mistake",
        ..KERNEL
    },
    Fault {
        id: "runtime_method_fails",
        summary: "A method of a service's runtime throws, or returns what it should not.",
        parts: &[part(
            |s| Mechanism::Ailing(Ailment::MethodThrows, s[0]),
            Lasting::Pod,
        )],
        shows: &[Show::Log("exception")],
        remedies: IN_POD,
        source: "Chaos Mesh JVMChaos exception, return, ruleData",
        ..KERNEL
    },
    Fault {
        id: "garbage_collection_thrash",
        section: Section::Correlated,
        expressed: Expressed::Objects,
        summary: "A setting of the runtime makes it collect garbage for every few requests.",
        targets: &[Workload],
        needs: Needs::Served,
        parameters: &[size("factor", Unit::Factor, 1.5, 30.0, 10.0)],
        parts: &[part(|s| Mechanism::CpuFactor(s[0]), Lasting::Revision)],
        steps: &[Step::Make(mistakes::collect_always)],
        betrayed_by_change: &[field(TEMPLATED, "containers[].env", Turn::Any)],
        signs: &[
            rises(Seen::Cpu, On::Subject),
            rises(Seen::Latency, On::Callers),
        ],
        source: "S gc_capacity_degradation",
        ..MANY
    },
    Fault {
        id: "faulty_image_everywhere",
        summary: "One bad base image comes with the releases of several services at once.",
        parts: &[part(|_| Mechanism::EdgeError(0.6), Lasting::Revision)],
        steps: &[
            Step::Make(change::new_release),
            Step::Make(mistakes::new_release_of_other),
        ],
        betrayed_by_change: &[field(TEMPLATED, "containers[].image", Turn::Any)],
        signs: &[
            rises(Seen::Errors, On::Subject),
            rises(Seen::Errors, On::Callers),
        ],
        source: "S faulty_image_correlated, update_incompatible_correlated",
        ..MANY
    },
    Fault {
        id: "port_and_place_wrong",
        summary: "Two faults at once: a wrong port in a variable, and a node label that no node has.",
        steps: &[
            Step::Make(change::wrong_variable),
            Step::Make(change::wrong_node_selector),
        ],
        betrayed_by_change: &[
            field(TEMPLATED, "spec.nodeSelector", Turn::Any),
            field(TEMPLATED, "containers[].env", Turn::Any),
        ],
        signs: &[rises(Seen::Unschedulable, On::Subject)],
        shows: &[Show::Event("FailedScheduling", "affinity")],
        harms: Harms::NextPod,
        source: "S incorrect_port_assignment(unschedulable), multiple_failures; I #12-15, #33, #41, #52, #60, #62",
        ..MANY
    },
    Fault {
        id: "retries_collapse",
        summary: "A burst fills a service's queue, and retries of its callers keep it full when the burst is over.",
        parameters: &[
            size("factor", Unit::Factor, 1.5, 50.0, 12.0),
            size("trigger", Unit::Seconds, 10.0, 300.0, 60.0),
        ],
        targets: &[Service],
        needs: Needs::Nothing,
        parts: &[part(|s| Mechanism::LoadFactor(s[0]), Lasting::Parameter(1))],
        signs: &[rises(Seen::Rate, On::Entry), rises(Seen::Errors, On::Entry)],
        remedies: &[
            undo(Act::SetRetries),
            undo(Act::ShedTraffic),
            outgrow(Act::ScaleOut),
        ],
        frequency: assumed(0.05),
        candidacy: Candidacy::ByChange,
        source: "S search_rate_retry_collapse, load_spike_rpc_retry_storm",
        ..MANY
    },
    Fault {
        id: "memory_stress",
        section: Section::Plain,
        targets: &[Workload],
        summary: "Something in the pods takes memory all at once.",
        needs: Needs::Served,
        parameters: &[size(
            "bytes",
            Unit::Bytes,
            8.0 * MIB,
            16_384.0 * MIB,
            512.0 * MIB,
        )],
        parts: &[part(|s| Mechanism::MemoryStep(s[0]), Lasting::Pod)],
        signs: &[
            rises(Seen::OomKilled, On::Subject),
            rises(Seen::Restarts, On::Subject),
        ],
        shows: &[Show::Ended("OOMKilled")],
        remedies: IN_POD,
        frequency: assumed(0.1),
        source: "Chaos Mesh StressChaos memory; Litmus pod-memory-hog",
        ..NODE
    },
    Fault {
        id: "container_kill",
        section: Section::Plain,
        targets: &[Workload],
        summary: "The image of a workload cannot run for a while: its pods are there and nothing in them answers.",
        needs: Needs::Served,
        parts: &[part(|_| Mechanism::EdgeError(1.0), Lasting::Pod)],
        signs: &[rises(Seen::Errors, On::Callers)],
        remedies: IN_POD,
        frequency: assumed(0.1),
        source: "Chaos Mesh PodChaos pod-failure, container-kill",
        ..NODE
    },
];
