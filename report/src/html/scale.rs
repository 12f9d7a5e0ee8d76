//! Axes: from values to places on paper, with round marks.

use super::svg::{Anchor, Svg};
use crate::format::clock;

/// A straight mapping of values to places.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    from: f64,
    to: f64,
    start: f64,
    end: f64,
}

impl Scale {
    /// Values `from..to` on places `start..end`; a range without length maps to its start.
    #[must_use]
    pub fn new(from: f64, to: f64, start: f64, end: f64) -> Self {
        Self {
            from,
            to,
            start,
            end,
        }
    }

    /// The place of a value, kept within the axis.
    #[must_use]
    pub fn at(&self, value: f64) -> f64 {
        let length = self.to - self.from;
        if length <= 0.0 || !value.is_finite() {
            return self.start;
        }
        let part = ((value - self.from) / length).clamp(0.0, 1.0);
        self.start + part * (self.end - self.start)
    }
}

/// The smallest of 1, 2, 2.5, 5 × 10ⁿ that is not below `value`; 1 where that is no positive number.
#[must_use]
pub fn round_up(value: f64) -> f64 {
    if !value.is_finite() || value <= 0.0 {
        return 1.0;
    }
    let mut unit = 1.0;
    while unit * 10.0 <= value {
        unit *= 10.0;
    }
    while unit > value {
        unit /= 10.0;
    }
    let steps = [1.0, 2.0, 2.5, 5.0, 10.0];
    let found = steps.iter().find(|step| **step * unit >= value * 0.999_999);
    unit * found.copied().unwrap_or(10.0)
}

/// Round times within a span, at most eight.
#[must_use]
pub fn times(from: i64, to: i64) -> Vec<i64> {
    const STEPS: [i64; 11] = [15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400];
    let span = (to - from).max(1);
    let fits = STEPS.iter().find(|step| span / **step <= 8);
    let step = fits.copied().unwrap_or(span);
    let first = from.div_euclid(step) * step;
    (0..=9)
        .map(|n| first + n * step)
        .filter(|t| (from..=to).contains(t))
        .collect()
}

/// Draws times below a chart, and light lines upward from them.
pub fn time_axis(svg: &mut Svg, x: &Scale, span: (i64, i64), top: f64, bottom: f64) {
    for t in times(span.0, span.1) {
        let at = x.at(t as f64);
        svg.line("grid", (at, top), (at, bottom));
        svg.text("tick", (at, bottom + 14.0), Anchor::Middle, &clock(t));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_of_axes_are_round() {
        let cases = [
            (0.18, 0.2),
            (4.58, 5.0),
            (1.0, 1.0),
            (0.023, 0.025),
            (730.0, 1000.0),
            (0.0, 1.0),
        ];
        for (value, wanted) in cases {
            assert!((round_up(value) - wanted).abs() < 1e-9, "{value}");
        }
        assert_eq!(round_up(f64::NAN), 1.0);
    }

    #[test]
    fn times_are_round_and_few() {
        assert_eq!(
            times(-300, 720),
            [-240, -120, 0, 120, 240, 360, 480, 600, 720]
        );
        assert_eq!(times(5, 5), [] as [i64; 0]);
        assert!(times(0, 1_000_000).len() <= 9);
    }

    #[test]
    fn places_stay_on_the_axis() {
        let scale = Scale::new(0.0, 10.0, 100.0, 0.0);
        assert_eq!(scale.at(5.0), 50.0);
        assert_eq!(scale.at(50.0), 0.0);
        assert_eq!(Scale::new(1.0, 1.0, 7.0, 9.0).at(1.0), 7.0);
    }
}
