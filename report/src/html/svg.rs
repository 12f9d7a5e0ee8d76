//! The few shapes of which the charts are drawn.
//!
//! Looks come from classes, so that one style sheet serves light, dark and print. Every
//! text is escaped here and nowhere else.

use crate::format::{clean, fixed, html};

/// A drawing in the making. Units are those of its view box.
#[derive(Debug, Clone)]
pub struct Svg {
    width: f64,
    height: f64,
    body: String,
}

/// Where a text stands relative to its point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    /// The text starts there.
    Start,
    /// Its middle is there.
    Middle,
    /// It ends there.
    End,
}

/// A rectangle: left, top, width, height.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Box4(pub f64, pub f64, pub f64, pub f64);

/// A coordinate with a decimal; what is no number lies at 0.
fn c(value: f64) -> String {
    if value.is_finite() {
        fixed(value, 1)
    } else {
        "0".into()
    }
}

impl Svg {
    /// An empty drawing.
    #[must_use]
    pub fn new(width: f64, height: f64) -> Self {
        Self {
            width,
            height,
            body: String::new(),
        }
    }

    /// A line between two points.
    pub fn line(&mut self, class: &str, from: (f64, f64), to: (f64, f64)) {
        self.body.push_str(&format!(
            "<line class=\"{class}\" x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\"/>",
            c(from.0),
            c(from.1),
            c(to.0),
            c(to.1)
        ));
    }

    /// A rectangle with a tip.
    pub fn rect(&mut self, class: &str, at: Box4, tip: &str) {
        let Box4(x, y, width, height) = at;
        self.body.push_str(&format!(
            "<rect class=\"{class}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\">{}</rect>",
            c(x),
            c(y),
            c(width.max(0.0)),
            c(height.max(0.0)),
            title(tip)
        ));
    }

    /// A rectangle with round corners.
    pub fn round(&mut self, class: &str, at: Box4, radius: f64, tip: &str) {
        let Box4(x, y, width, height) = at;
        self.body.push_str(&format!(
            "<rect class=\"{class}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"{}\">{}</rect>",
            c(x),
            c(y),
            c(width.max(0.0)),
            c(height.max(0.0)),
            c(radius),
            title(tip)
        ));
    }

    /// A circle with a tip.
    pub fn circle(&mut self, class: &str, at: (f64, f64), radius: f64, tip: &str) {
        self.body.push_str(&format!(
            "<circle class=\"{class}\" cx=\"{}\" cy=\"{}\" r=\"{}\">{}</circle>",
            c(at.0),
            c(at.1),
            c(radius),
            title(tip)
        ));
    }

    /// A text.
    pub fn text(&mut self, class: &str, at: (f64, f64), anchor: Anchor, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        self.body.push_str(&format!(
            "<text class=\"{class}\" x=\"{}\" y=\"{}\" text-anchor=\"{anchor}\">{}</text>",
            c(at.0),
            c(at.1),
            html(text)
        ));
    }

    /// A line through points; broken where one is missing.
    pub fn polyline(&mut self, class: &str, points: &[Option<(f64, f64)>]) {
        let runs = points.split(Option::is_none);
        for run in runs.filter(|run| run.len() > 1) {
            let path: Vec<String> = run.iter().flatten().map(pair).collect();
            self.body.push_str(&format!(
                "<polyline class=\"{class}\" points=\"{}\"/>",
                path.join(" ")
            ));
        }
    }

    /// A filled shape through points.
    pub fn polygon(&mut self, class: &str, points: &[(f64, f64)], tip: &str) {
        let path: Vec<String> = points.iter().map(pair).collect();
        self.body.push_str(&format!(
            "<polygon class=\"{class}\" points=\"{}\">{}</polygon>",
            path.join(" "),
            title(tip)
        ));
    }

    /// A curve through points, level at each, with an arrow head at the last.
    pub fn curve(&mut self, class: &str, way: &[(f64, f64)], width: f64, tip: &str) {
        let Some(start) = way.first() else {
            return;
        };
        let bends: String = way.windows(2).map(|leg| bend(leg[0], leg[1])).collect();
        self.body.push_str(&format!(
            "<path class=\"{class}\" stroke-width=\"{}\" marker-end=\"url(#tip)\" d=\"M{}{bends}\">{}</path>",
            c(width),
            pair(start),
            title(tip)
        ));
    }

    /// The definition of an arrow head, once per drawing that has curves.
    pub fn arrow_head(&mut self) {
        self.body.push_str(
            "<defs><marker id=\"tip\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" \
             markerUnits=\"userSpaceOnUse\" orient=\"auto\"><path class=\"arrow\" d=\"M0 0 8 4 0 8z\"/></marker></defs>",
        );
    }

    /// The drawing, with what a screen reader says of it.
    #[must_use]
    pub fn finish(self, label: &str) -> String {
        // A broad drawing is scrolled on a narrow screen rather than made too small to read.
        let class = if self.width > 700.0 { "broad" } else { "small" };
        format!(
            "<svg viewBox=\"0 0 {} {}\" class=\"{class}\" role=\"img\" aria-label=\"{}\">{}</svg>",
            c(self.width),
            c(self.height),
            html(label),
            self.body
        )
    }
}

/// One leg of a curve; one that goes back comes in from the far side.
fn bend(from: (f64, f64), to: (f64, f64)) -> String {
    let reach = ((to.0 - from.0).abs() / 2.0).max(40.0);
    let arrive = if to.0 > from.0 { -reach } else { reach };
    format!(
        " C{} {} {}",
        pair(&(from.0 + reach, from.1)),
        pair(&(to.0 + arrive, to.1)),
        pair(&to)
    )
}

fn pair(point: &(f64, f64)) -> String {
    format!("{},{}", c(point.0), c(point.1))
}

fn title(tip: &str) -> String {
    if tip.is_empty() {
        String::new()
    } else {
        format!("<title>{}</title>", html(tip))
    }
}

/// Text cut to so many characters.
#[must_use]
pub fn cut(text: &str, most: usize) -> String {
    let text = clean(text);
    if text.chars().count() <= most {
        return text;
    }
    let start: String = text.chars().take(most.saturating_sub(1)).collect();
    format!("{start}…")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_point_breaks_a_line() {
        let mut svg = Svg::new(10.0, 10.0);
        svg.polyline(
            "a",
            &[Some((0.0, 0.0)), Some((1.0, 1.0)), None, Some((2.0, 2.0))],
        );
        assert_eq!(svg.body.matches("<polyline").count(), 1);
    }

    #[test]
    fn hostile_text_opens_no_tag() {
        let mut svg = Svg::new(10.0, 10.0);
        svg.text("a", (0.0, 0.0), Anchor::Start, "</text><script>");
        svg.rect("a", Box4(0.0, 0.0, f64::NAN, 1.0), "\"><script>");
        let drawn = svg.finish("\"onload=\"x");
        assert!(!drawn.contains("<script"));
        assert!(!drawn.contains("NaN"));
    }
}
