//! `topology.mmd`: the call graph as mermaid draws it.

use crate::format::{clock, fixed, mermaid, percent};
use crate::story::Story;
use crate::topology::{Arc, Health, Part, Topology, Vertex, topology};

/// The call graph at the moment at which users fared worst.
#[must_use]
pub fn topology_mermaid(story: &Story<'_>) -> String {
    diagram(&topology(story))
}

fn diagram(topology: &Topology) -> String {
    let mut out = String::from("flowchart LR\n");
    out.push_str(&format!("  %% at {}\n", clock(topology.t)));
    for (place, vertex) in topology.vertices.iter().enumerate() {
        if topology.joined(place) {
            out.push_str(&box_of(place, vertex));
        }
    }
    topology
        .arcs
        .iter()
        .for_each(|arc| out.push_str(&arrow(arc)));
    out.push_str(CLASSES);
    out
}

const CLASSES: &str = "  classDef good fill:#e6f4ea,stroke:#1e7f4f,color:#12352a
  classDef poor fill:#fff3d6,stroke:#9a6700,color:#3d2c00
  classDef bad fill:#fde5e3,stroke:#b3261e,color:#410e0b
  classDef unknown fill:#eeeeee,stroke:#767676,color:#222222
";

fn class(health: Health) -> &'static str {
    match health {
        Health::Unknown => "unknown",
        Health::Good => "good",
        Health::Poor => "poor",
        Health::Bad => "bad",
    }
}

fn box_of(place: usize, vertex: &Vertex) -> String {
    let part = match vertex.part {
        Part::Cause => "cause: ",
        Part::Symptom | Part::Bystander => "",
    };
    let name = mermaid(&vertex.name);
    let figures = match vertex.rate {
        None => "not measured".into(),
        Some(rate) => format!("{}/s, {} failed", fixed(rate, 1), percent(vertex.errors)),
    };
    let (open, close) = if vertex.depth == 0 {
        ("([", "])")
    } else {
        ("[", "]")
    };
    let class = class(vertex.health);
    format!("  v{place}{open}\"{part}{name}<br/>{figures}\"{close}:::{class}\n")
}

fn arrow(arc: &Arc) -> String {
    let failed = if arc.errors >= 0.01 {
        format!(", {} failed", percent(arc.errors))
    } else {
        String::new()
    };
    let link = if arc.errors >= 0.05 { "-.->" } else { "-->" };
    let rate = fixed(arc.rate, 1);
    format!("  v{} {link}|\"{rate}/s{failed}\"| v{}\n", arc.from, arc.to)
}
