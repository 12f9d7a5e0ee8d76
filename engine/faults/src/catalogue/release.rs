//! What comes with a rollout.

use super::words::{ROW, TEMPLATED, by_change, contain, field, part, rises, size, undo};
use crate::betrayal::Turn;
use crate::change;
use crate::fault::TargetKind::Workload;
use crate::fault::{Act, Fault, Harms, Lasting, On, Section, Spread};
use crate::parameter::Unit;
use crate::step::Step;
use aegis_model::Mechanism;
use aegis_model::SymptomKind as Seen;

pub const ROWS: &[Fault] = &[
    Fault {
        id: "image_missing",
        harms: Harms::NextPod,
        section: Section::Workload,
        summary: "The image of a new revision cannot be pulled.",
        targets: &[Workload],
        parameters: &[],
        parts: &[part(|_| Mechanism::ImageMissing, Lasting::Revision)],
        steps: &[Step::Make(change::missing_tag)],
        betrayed_by_change: &[field(TEMPLATED, "containers[].image", Turn::Any)],
        signs: &[
            rises(Seen::CannotStart, On::Subject),
            rises(Seen::NotReady, On::Subject),
            rises(Seen::Errors, On::Callers),
        ],
        spreads: Spread::ToCallers,
        remedies: &[
            undo(Act::RollBack),
            undo(Act::SetImage),
            undo(Act::RevertChange),
        ],
        delay: 10,
        frequency: by_change(0.6),
        source: "S incorrect_image; A misconfig_app; I nonexistent-image #20, #56; O",
        ..ROW
    },
    Fault {
        id: "bad_release",
        section: Section::Workload,
        summary: "A new revision fails a share of its requests.",
        targets: &[Workload],
        parameters: &[size("errors", Unit::Share, 0.05, 1.0, 0.5)],
        parts: &[part(|s| Mechanism::EdgeError(s[0]), Lasting::Revision)],
        steps: &[Step::Make(change::new_release)],
        betrayed_by_change: &[
            field(TEMPLATED, "containers[].image", Turn::Any),
            field(TEMPLATED, "containers[].env", Turn::Any),
            field(TEMPLATED, "containers[].args", Turn::Any),
        ],
        signs: &[
            rises(Seen::Errors, On::Subject),
            rises(Seen::Errors, On::Callers),
        ],
        spreads: Spread::ToCallers,
        remedies: &[
            undo(Act::RollBack),
            undo(Act::RevertChange),
            contain(Act::ShedTraffic),
        ],
        delay: 30,
        frequency: by_change(1.0),
        source: "S misconfig_app; A misconfig_app (buggy tag); S update_incompatible_correlated",
        ..ROW
    },
    Fault {
        id: "slow_release",
        section: Section::Correlated,
        summary: "A new revision needs several times the CPU per request.",
        targets: &[Workload],
        parameters: &[size("factor", Unit::Factor, 1.5, 20.0, 5.0)],
        parts: &[part(|s| Mechanism::CpuFactor(s[0]), Lasting::Revision)],
        steps: &[Step::Make(change::new_release)],
        betrayed_by_change: &[
            field(TEMPLATED, "containers[].image", Turn::Any),
            field(TEMPLATED, "containers[].env", Turn::Any),
        ],
        signs: &[
            rises(Seen::Cpu, On::Subject),
            rises(Seen::Latency, On::Subject),
            rises(Seen::Latency, On::Callers),
        ],
        spreads: Spread::ToCallers,
        remedies: &[
            undo(Act::RollBack),
            undo(Act::RevertChange),
            contain(Act::ShedTraffic),
        ],
        delay: 30,
        frequency: by_change(0.6),
        source: "S gc_capacity_degradation; I adManualGc",
        ..ROW
    },
    Fault {
        id: "crash_at_start",
        harms: Harms::NextPod,
        section: Section::Workload,
        summary: "The containers of a new revision exit right after their start.",
        targets: &[Workload],
        parameters: &[],
        parts: &[part(|_| Mechanism::ExitsAtStart(1), Lasting::Revision)],
        steps: &[Step::Make(change::new_release)],
        betrayed_by_change: &[
            field(TEMPLATED, "containers[].image", Turn::Any),
            field(TEMPLATED, "containers[].command", Turn::Any),
            field(TEMPLATED, "containers[].args", Turn::Any),
            field(TEMPLATED, "containers[].env", Turn::Any),
            field(&["ConfigMap"], "data", Turn::Any),
        ],
        signs: &[
            rises(Seen::Restarts, On::Subject),
            rises(Seen::NotReady, On::Subject),
            rises(Seen::Errors, On::Callers),
        ],
        spreads: Spread::ToCallers,
        remedies: &[undo(Act::RollBack), undo(Act::RevertChange)],
        delay: 15,
        frequency: by_change(0.6),
        source: "S wrong_bin_usage, configmap_drift; A wrong_bin_usage; I invalid-command #105",
        ..ROW
    },
];
