//! The call graph, drawn in layers from the entries.

use super::svg::{Anchor, Box4, Svg, cut};
use super::{View, details, figure, legend, table};
use crate::format::{clock, fixed, html, percent};
use crate::topology::{Arc, Health, Part, Topology, Vertex, topology};

const BOX: (f64, f64) = (170.0, 46.0);
const GAP: (f64, f64) = (74.0, 18.0);

/// A place for each vertex: left and top.
type Places = Vec<Option<(f64, f64)>>;

/// The call graph at the moment at which users fared worst.
pub(super) fn graph(view: &View<'_>) -> String {
    let topology = topology(view.story);
    if topology.vertices.is_empty() {
        return String::new();
    }
    let layers = layers(&topology);
    let (places, size) = places(&layers, topology.vertices.len());
    let mut svg = Svg::new(size.0, size.1);
    svg.arrow_head();
    let most = topology.arcs.iter().map(|arc| arc.rate).fold(1.0, f64::max);
    for arc in &topology.arcs {
        draw_arc(&mut svg, arc, &topology, &places, most);
    }
    for (vertex, place) in topology.vertices.iter().zip(&places) {
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

/// Vertices by depth, ordered by where their callers stand.
fn layers(topology: &Topology) -> Vec<Vec<usize>> {
    let joined = |place: &usize| topology.joined(*place);
    let deepest = topology.vertices.iter().map(|vertex| vertex.depth).max();
    let mut layers: Vec<Vec<usize>> = vec![Vec::new(); deepest.unwrap_or(0) + 1];
    for place in (0..topology.vertices.len()).filter(joined) {
        layers[topology.vertices[place].depth].push(place);
    }
    for depth in 1..layers.len() {
        let above = layers[depth - 1].clone();
        let key = |place: &usize| middle_of_callers(topology, *place, &above);
        layers[depth].sort_by(|a, b| key(a).total_cmp(&key(b)).then(a.cmp(b)));
    }
    layers
}

/// Mean position of a vertex' callers in the layer above; its end where it has none there.
fn middle_of_callers(topology: &Topology, place: usize, above: &[usize]) -> f64 {
    let arcs = topology.arcs.iter().filter(|arc| arc.to == place);
    let callers = arcs.filter_map(|arc| above.iter().position(|other| *other == arc.from));
    let (count, sum) = callers.fold((0.0, 0.0), |(n, sum), at| (n + 1.0, sum + at as f64));
    if count > 0.0 {
        sum / count
    } else {
        above.len() as f64
    }
}

fn places(layers: &[Vec<usize>], vertices: usize) -> (Places, (f64, f64)) {
    let tallest = layers.iter().map(Vec::len).max().unwrap_or(1) as f64;
    let height = tallest * (BOX.1 + GAP.1) + GAP.1;
    let mut places: Places = vec![None; vertices];
    for (depth, layer) in layers.iter().enumerate() {
        let own = layer.len() as f64 * (BOX.1 + GAP.1) - GAP.1;
        let start = (height - own) / 2.0;
        for (row, place) in layer.iter().enumerate() {
            let left = 8.0 + depth as f64 * (BOX.0 + GAP.0);
            places[*place] = Some((left, start + row as f64 * (BOX.1 + GAP.1)));
        }
    }
    let width = layers.len() as f64 * (BOX.0 + GAP.0) - GAP.0 + 16.0;
    // A narrow graph keeps the size of its letters.
    (places, (width.max(760.0), height))
}

fn draw_arc(svg: &mut Svg, arc: &Arc, topology: &Topology, places: &Places, most: f64) {
    let (Some(from), Some(to)) = (places[arc.from], places[arc.to]) else {
        return;
    };
    let class = match Health::of(arc.errors) {
        Health::Bad => "arc bad",
        Health::Poor => "arc poor",
        Health::Good | Health::Unknown => "arc",
    };
    let name = |place: usize| topology.vertices[place].name.as_str();
    let tip = format!(
        "{} calls {}: {}/s, {} failed",
        name(arc.from),
        name(arc.to),
        fixed(arc.rate, 1),
        percent(arc.errors)
    );
    let start = (from.0 + BOX.0, from.1 + BOX.1 / 2.0);
    let end = (to.0, to.1 + BOX.1 / 2.0);
    svg.curve(class, start, end, 1.0 + 4.0 * arc.rate / most, &tip);
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
        &cut(&vertex.name, 22),
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
        svg.text("badge", (left + BOX.0 - 8.0, top + 36.0), Anchor::End, word);
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
