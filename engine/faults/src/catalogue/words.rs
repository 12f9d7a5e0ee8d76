//! Short words in which rows are written.

use crate::betrayal::{Betrayal, Turn};
use crate::fault::{
    Act, Aim, Breadth, Candidacy, Direction, Expressed, Fault, Frequency, Harms, Lasting, Needs,
    On, Part, Remedy, Section, Sign, Spread,
};
use crate::parameter::{Parameter, Unit};
use aegis_model::{Mechanism, SymptomKind};

pub const MIB: f64 = 1_048_576.0;

/// What a row leaves unsaid.
pub const ROW: Fault = Fault {
    id: "",
    section: Section::Plain,
    expressed: Expressed::Objects,
    summary: "",
    targets: &[],
    needs: Needs::Nothing,
    parameters: &[],
    parts: &[],
    breadth: Breadth::Target,
    stage: &[],
    steps: &[],
    betrayed_by_change: &[],
    signs: &[],
    shows: &[],
    harms: Harms::Users,
    candidacy: Candidacy::BySigns,
    spreads: Spread::ToCallers,
    remedies: &[],
    delay: 10,
    frequency: by_change(0.1),
    source: "",
};

/// The same for rows that the engine does not think of by their signs alone: too many that look
/// alike drown those that are common.
pub const LISTED: Fault = Fault {
    candidacy: Candidacy::ByChange,
    ..ROW
};

/// Kinds with a pod template.
pub const TEMPLATED: &[&str] = &[
    "Deployment",
    "StatefulSet",
    "DaemonSet",
    "ReplicaSet",
    "Pod",
];

pub const fn size(name: &'static str, unit: Unit, low: f64, high: f64, default: f64) -> Parameter {
    Parameter {
        name,
        unit,
        low,
        high,
        default,
    }
}

pub const fn part(mechanism: fn(&[f64]) -> Mechanism, lasting: Lasting) -> Part {
    Part { mechanism, lasting }
}

pub const fn rises(kind: SymptomKind, on: On) -> Sign {
    Sign {
        kind,
        direction: Direction::Rises,
        on,
    }
}

pub const fn falls(kind: SymptomKind, on: On) -> Sign {
    Sign {
        kind,
        direction: Direction::Falls,
        on,
    }
}

pub const fn undo(act: Act) -> Remedy {
    Remedy {
        aim: Aim::Undo,
        act,
    }
}

pub const fn contain(act: Act) -> Remedy {
    Remedy {
        aim: Aim::Contain,
        act,
    }
}

pub const fn outgrow(act: Act) -> Remedy {
    Remedy {
        aim: Aim::Outgrow,
        act,
    }
}

pub const fn field(kinds: &'static [&'static str], path: &'static str, turn: Turn) -> Betrayal {
    Betrayal::Field { kinds, path, turn }
}

/// A rate that nobody has measured for a cluster at large: an order of magnitude, from how often
/// the public benchmarks draw from that family.
pub const fn assumed(per_cluster_month: f64) -> Frequency {
    Frequency {
        per_cluster_month,
        source: "assumed: order of magnitude, after the families' shares in SREGym, ITBench and Cloud-OpsBench",
    }
}

/// The same for what comes by a change: about 70 % of outages do.
pub const fn by_change(per_cluster_month: f64) -> Frequency {
    Frequency {
        per_cluster_month,
        source: "assumed: order of magnitude; changes cause about 70 % of outages (Site Reliability Engineering, ch. 1)",
    }
}
