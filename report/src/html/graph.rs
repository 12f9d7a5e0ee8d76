//! The call graph, drawn in layers from the entries.

use super::svg::{Anchor, Box4, Svg, cut};
use super::{View, details, figure, legend, table};
use crate::format::{clock, fixed, html, percent};
use crate::topology::{Arc, Health, Part, Topology, Vertex, topology};

const BOX: (f64, f64) = (188.0, 46.0);
const GAP: (f64, f64) = (84.0, 24.0);

/// What stands in a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Slot {
    /// A vertex.
    Vertex(usize),
    /// An arc that passes by on its way to a deeper layer.
    Pass(usize),
}

/// Where slots stand: left and top of vertices, middle of passes by arc and layer.
struct Places {
    vertices: Vec<Option<(f64, f64)>>,
    passes: Vec<Vec<(f64, f64)>>,
    size: (f64, f64),
}

/// The call graph at the moment at which users fared worst.
pub(super) fn graph(view: &View<'_>) -> String {
    let topology = topology(view.story);
    if topology.vertices.is_empty() {
        return String::new();
    }
    let places = places(&layers(&topology), &topology);
    let mut svg = Svg::new(places.size.0, places.size.1);
    svg.arrow_head();
    let most = topology.arcs.iter().map(|arc| arc.rate).fold(1.0, f64::max);
    for place in 0..topology.arcs.len() {
        draw_arc(&mut svg, place, &topology, &places, most);
    }
    for (vertex, place) in topology.vertices.iter().zip(&places.vertices) {
        if let Some(place) = place {
            draw_vertex(&mut svg, vertex, *place);
        }
    }
    let title = format!("Who calls whom, at {}", clock(topology.t));
    let drawing = svg.finish("Call graph with request rates and failures");
    figure(
        &title,
        &drawing,
        &(keys() + &details("Figures", &figures(&topology))),
    )
}

/// Slots by depth, ordered by where what leads to them stands.
fn layers(topology: &Topology) -> Vec<Vec<Slot>> {
    let deepest = topology.vertices.iter().map(|vertex| vertex.depth).max();
    let mut layers: Vec<Vec<Slot>> = vec![Vec::new(); deepest.unwrap_or(0) + 1];
    for (place, vertex) in topology.vertices.iter().enumerate() {
        if topology.joined(place) {
            layers[vertex.depth].push(Slot::Vertex(place));
        }
    }
    for (place, arc) in topology.arcs.iter().enumerate() {
        let (from, to) = (
            topology.vertices[arc.from].depth,
            topology.vertices[arc.to].depth,
        );
        (from + 1..to).for_each(|depth| layers[depth].push(Slot::Pass(place)));
    }
    for depth in 1..layers.len() {
        let above = layers[depth - 1].clone();
        let layer = &mut layers[depth];
        layer.sort_by_cached_key(|slot| order(topology, *slot, &above));
    }
    layers
}

/// Mean position in the layer above of what leads to a slot, in thousandths; its end where nothing does.
fn order(topology: &Topology, slot: Slot, above: &[Slot]) -> usize {
    let leads = |(at, upper): (usize, &Slot)| leads(topology, *upper, slot).then_some(at);
    let found: Vec<usize> = above.iter().enumerate().filter_map(leads).collect();
    if found.is_empty() {
        return above.len() * 1000;
    }
    found.iter().sum::<usize>() * 1000 / found.len()
}

/// Whether an arc runs between two slots of neighbouring layers.
fn leads(topology: &Topology, upper: Slot, lower: Slot) -> bool {
    let arc = |place: usize| &topology.arcs[place];
    match (upper, lower) {
        (Slot::Vertex(from), Slot::Vertex(to)) => {
            let mut arcs = topology.arcs.iter();
            arcs.any(|arc| arc.from == from && arc.to == to)
        }
        (Slot::Vertex(from), Slot::Pass(place)) => arc(place).from == from,
        (Slot::Pass(place), Slot::Vertex(to)) => arc(place).to == to,
        (Slot::Pass(one), Slot::Pass(other)) => one == other,
    }
}

/// Height that a slot takes.
fn height(slot: Slot) -> f64 {
    match slot {
        Slot::Vertex(_) => BOX.1 + GAP.1,
        Slot::Pass(_) => GAP.1 / 2.0,
    }
}

fn places(layers: &[Vec<Slot>], topology: &Topology) -> Places {
    let heights = layers
        .iter()
        .map(|layer| layer.iter().map(|slot| height(*slot)).sum());
    let heights: Vec<f64> = heights.collect();
    let tallest = heights.iter().copied().fold(0.0, f64::max) + GAP.1;
    let width = layers.len() as f64 * (BOX.0 + GAP.0) - GAP.0 + 16.0;
    let mut places = Places {
        vertices: vec![None; topology.vertices.len()],
        passes: vec![Vec::new(); topology.arcs.len()],
        // A narrow graph keeps the size of its letters.
        size: (width.max(1136.0), tallest),
    };
    for (depth, (layer, own)) in layers.iter().zip(&heights).enumerate() {
        let left = 8.0 + depth as f64 * (BOX.0 + GAP.0);
        let mut top = (tallest - own + GAP.1) / 2.0;
        for slot in layer {
            match slot {
                Slot::Vertex(place) => places.vertices[*place] = Some((left, top)),
                Slot::Pass(place) => places.passes[*place].push((left, top)),
            }
            top += height(*slot);
        }
    }
    places
}

fn draw_arc(svg: &mut Svg, place: usize, topology: &Topology, places: &Places, most: f64) {
    let arc = &topology.arcs[place];
    let (Some(from), Some(to)) = (places.vertices[arc.from], places.vertices[arc.to]) else {
        return;
    };
    let class = match Health::of(arc.errors) {
        Health::Bad => "arc bad",
        Health::Poor => "arc poor",
        Health::Good | Health::Unknown => "arc",
    };
    // Within a layer and back, the arrow comes in on the side on which it left.
    let back = if to.0 > from.0 { 0.0 } else { BOX.0 };
    let mut way = vec![(from.0 + BOX.0, from.1 + BOX.1 / 2.0)];
    for (left, middle) in &places.passes[place] {
        way.extend([(*left, *middle), (left + BOX.0, *middle)]);
    }
    way.push((to.0 + back, to.1 + BOX.1 / 2.0));
    let width = 1.0 + 4.0 * arc.rate / most;
    svg.curve(class, &way, width, &arc_tip(arc, topology));
}

fn arc_tip(arc: &Arc, topology: &Topology) -> String {
    let name = |place: usize| topology.vertices[place].name.as_str();
    format!(
        "{} calls {}: {}/s, {} failed",
        name(arc.from),
        name(arc.to),
        fixed(arc.rate, 1),
        percent(arc.errors)
    )
}

fn health_class(health: Health) -> &'static str {
    match health {
        Health::Unknown => "vertex unseen-vertex",
        Health::Good => "vertex good",
        Health::Poor => "vertex poor",
        Health::Bad => "vertex bad",
    }
}

fn draw_vertex(svg: &mut Svg, vertex: &Vertex, (left, top): (f64, f64)) {
    let at = Box4(left, top, BOX.0, BOX.1);
    let tip = format!("{}: {}", vertex.name, vertex.health.word());
    if vertex.part == Part::Cause {
        let around = Box4(left - 4.0, top - 4.0, BOX.0 + 8.0, BOX.1 + 8.0);
        svg.round("cause-ring", around, 9.0, "the diagnosis names this");
    }
    svg.round(health_class(vertex.health), at, 6.0, &tip);
    svg.text(
        "name",
        (left + 10.0, top + 19.0),
        Anchor::Start,
        &cut(&vertex.name, 25),
    );
    svg.text(
        "under",
        (left + 10.0, top + 36.0),
        Anchor::Start,
        &under(vertex),
    );
    if vertex.part != Part::Bystander {
        let word = if vertex.part == Part::Cause {
            "cause"
        } else {
            "symptom"
        };
        svg.text("badge", (left + BOX.0, top - 7.0), Anchor::End, word);
    }
}

fn under(vertex: &Vertex) -> String {
    match vertex.rate {
        None => vertex.health.word().into(),
        Some(rate) if vertex.errors >= 0.001 => {
            format!("{}/s · {} failed", fixed(rate, 0), percent(vertex.errors))
        }
        Some(rate) => format!("{}/s", fixed(rate, 0)),
    }
}

fn keys() -> String {
    legend(&[
        ("good", "healthy"),
        ("poor", "1 % and more failed"),
        ("bad", "5 % and more failed"),
        ("unseen-vertex", "not measured"),
        ("cause-key", "named by the diagnosis"),
    ])
}

fn figures(topology: &Topology) -> String {
    let name = |place: usize| html(&topology.vertices[place].name);
    let rows: Vec<Vec<String>> = topology
        .arcs
        .iter()
        .map(|arc| {
            let rate = fixed(arc.rate, 1);
            vec![name(arc.from), name(arc.to), rate, percent(arc.errors)]
        })
        .collect();
    table("", &["caller", "callee", "attempts/s", "failed"], &rows)
}
