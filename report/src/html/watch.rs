//! What was predicted of the chosen plan, and what came.

use super::scale::Scale;
use super::svg::{Anchor, Box4, Svg};
use super::{View, details, figure, legend, table};
use crate::format::{clock, fixed};
use crate::round::Round;
use aegis_model::Prediction;
use aegis_model::outcome::BIN;

const SIZE: (f64, f64) = (1136.0, 280.0);
const BOTTOM: f64 = SIZE.1 - 42.0;

/// Every watched plan.
pub(super) fn watch(view: &View<'_>) -> String {
    let rounds = view.story.rounds.iter();
    let drawn: String = rounds.filter_map(chart).collect();
    if drawn.is_empty() {
        return "<p class=\"none\">Nothing was predicted.</p>".into();
    }
    drawn
}

fn chart(round: &Round<'_>) -> Option<String> {
    let (t, verdict) = round.verdict?;
    let prediction = &verdict.prediction;
    let last = round.watched.iter().map(|bin| bin.bin as usize + 1).max();
    let bins = prediction.median.len().max(last.unwrap_or(0));
    if bins == 0 {
        return None;
    }
    let mut svg = Svg::new(SIZE.0, SIZE.1);
    let x = Scale::new(0.0, bins.saturating_sub(1) as f64, 50.0, SIZE.0 - 32.0);
    let y = Scale::new(0.0, 1.0, BOTTOM, 12.0);
    axes(&mut svg, &x, &y, bins);
    band(&mut svg, "band-95", &prediction.band95, &x, &y);
    band(&mut svg, "band-80", &prediction.band80, &x, &y);
    line(&mut svg, "control", &prediction.control, &x, &y);
    line(&mut svg, "median", &prediction.median, &x, &y);
    observed(&mut svg, round, &x, &y);
    let drawing = svg.finish("Predicted and observed loss after the decision");
    let title = format!(
        "Loss after the decision at {}: predicted and observed",
        clock(t)
    );
    let notes = keys() + &details("Figures", &figures(round, prediction));
    Some(figure(&title, &drawing, &notes))
}

fn axes(svg: &mut Svg, x: &Scale, y: &Scale, bins: usize) {
    for part in 0..=4 {
        let share = f64::from(part) / 4.0;
        svg.line("grid", (50.0, y.at(share)), (SIZE.0 - 32.0, y.at(share)));
        svg.text(
            "tick",
            (44.0, y.at(share) + 4.0),
            Anchor::End,
            &fixed(share, 2),
        );
    }
    let step = bins.div_ceil(9).max(1);
    for bin in (0..bins).step_by(step) {
        let text = format!("+{} s", fixed((bin as f64 + 1.0) * BIN, 0));
        svg.text(
            "tick",
            (x.at(bin as f64), BOTTOM + 16.0),
            Anchor::Middle,
            &text,
        );
    }
}

fn band(svg: &mut Svg, class: &str, band: &[(f64, f64)], x: &Scale, y: &Scale) {
    let lower = band
        .iter()
        .enumerate()
        .map(|(bin, band)| (x.at(bin as f64), y.at(band.0)));
    let upper = band
        .iter()
        .enumerate()
        .rev()
        .map(|(bin, band)| (x.at(bin as f64), y.at(band.1)));
    let points: Vec<(f64, f64)> = lower.chain(upper).collect();
    if !points.is_empty() {
        svg.polygon(class, &points, "");
    }
}

fn line(svg: &mut Svg, class: &str, values: &[f64], x: &Scale, y: &Scale) {
    let points = values.iter().enumerate();
    let points: Vec<_> = points
        .map(|(bin, value)| Some((x.at(bin as f64), y.at(*value))))
        .collect();
    svg.polyline(class, &points);
}

fn observed(svg: &mut Svg, round: &Round<'_>, x: &Scale, y: &Scale) {
    let place = |bin: &crate::round::Bin| (x.at(f64::from(bin.bin)), y.at(bin.loss));
    let points: Vec<_> = round.watched.iter().map(|bin| Some(place(bin))).collect();
    svg.polyline("observed", &points);
    for bin in &round.watched {
        let (left, top) = place(bin);
        let tip = format!(
            "{}: loss {}, bound {}",
            clock(bin.t),
            fixed(bin.loss, 2),
            fixed(bin.bound, 2)
        );
        if bin.loss > bin.bound {
            svg.rect("outside", Box4(left - 5.0, top - 5.0, 10.0, 10.0), &tip);
        } else {
            svg.circle("inside", (left, top), 4.0, &tip);
        }
    }
}

fn keys() -> String {
    legend(&[
        ("inside", "observed"),
        ("outside", "observed, above its bound"),
        ("median", "predicted median"),
        ("band-80", "80 % band"),
        ("band-95", "95 % band"),
        ("control", "if nothing were done"),
    ])
}

fn figures(round: &Round<'_>, prediction: &Prediction) -> String {
    let predicted = |values: &[f64], bin: u32| {
        let value = values.get(bin as usize);
        value.map_or_else(|| "–".into(), |value| fixed(*value, 2))
    };
    let rows: Vec<Vec<String>> = round
        .watched
        .iter()
        .map(|bin| {
            vec![
                clock(bin.t),
                fixed(bin.loss, 2),
                predicted(&prediction.median, bin.bin),
                fixed(bin.bound, 2),
                fixed(bin.control, 2),
            ]
        })
        .collect();
    let heads = [
        "time",
        "observed loss",
        "predicted median",
        "95 % bound",
        "if nothing were done",
    ];
    table("numbers", &heads, &rows)
}
