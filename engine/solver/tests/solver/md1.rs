//! The time in M/D/1 with processor sharing, exactly: its Laplace transform, and the
//! transform back. Service time 1.
//!
//! Seen in the time in which each request gets one unit of work per unit, the requests
//! that are there are a branching process: each lives until its work is done and has
//! children (arrivals) at rate ρ. A request's time in the pod is the sum of all lives
//! while it lives. With `Y` for the family of the request itself and `G` for that of one
//! whom it met (there are geometrically many, with uniform work left), the transform is
//! `Y·(1 − ρ)/(1 − ρG)`: the result of Ott (1984, The sojourn-time distribution in the
//! M/G/1 queue with processor sharing) for constant work. Back by the Euler method of
//! Abate and Whitt (1995).

/// A complex number.
type Complex = (f64, f64);

fn mul((a, b): Complex, (c, d): Complex) -> Complex {
    (a * c - b * d, a * d + b * c)
}

fn div((a, b): Complex, (c, d): Complex) -> Complex {
    let square = c * c + d * d;
    ((a * c + b * d) / square, (b * c - a * d) / square)
}

/// The transform of the time in the pod at `s`.
fn transform(s: Complex, utilisation: f64) -> Complex {
    let rate = (s.0 + utilisation, s.1);
    let size = libm::exp(-rate.0);
    let decay = (size * libm::cos(rate.1), -size * libm::sin(rate.1));
    let below = (s.0 + utilisation * decay.0, s.1 + utilisation * decay.1);
    let own = div(mul(rate, decay), below);
    let left = mul(s, div((1.0 - decay.0, -decay.1), rate));
    let met = div(
        (
            utilisation * decay.0 + left.0,
            utilisation * decay.1 + left.1,
        ),
        below,
    );
    let others = (1.0 - utilisation * met.0, -utilisation * met.1);
    mul(own, div((1.0 - utilisation, 0.0), others))
}

/// Probability that the time in the pod is longer than `time`.
pub fn longer(time: f64, utilisation: f64) -> f64 {
    const DECAY: f64 = 22.0;
    const TERMS: usize = 200;
    const BINOMIALS: [f64; 12] = [
        1.0, 11.0, 55.0, 165.0, 330.0, 462.0, 462.0, 330.0, 165.0, 55.0, 11.0, 1.0,
    ];
    let term = |nth: usize| {
        let s = (
            DECAY / (2.0 * time),
            nth as f64 * std::f64::consts::PI / time,
        );
        let of = transform(s, utilisation);
        let survival = div((1.0 - of.0, -of.1), s).0;
        if nth.is_multiple_of(2) {
            survival
        } else {
            -survival
        }
    };
    let mut sum = 0.5 * term(0) + (1..TERMS).map(term).sum::<f64>();
    let mut mean = 0.0;
    for (nth, weight) in BINOMIALS.into_iter().enumerate() {
        sum += term(TERMS + nth);
        mean += weight / 2048.0 * sum;
    }
    mean * libm::exp(DECAY / 2.0) / time
}

/// The time that a share `at` of requests stay below.
pub fn quantile(utilisation: f64, at: f64) -> f64 {
    let (mut low, mut high) = (1.0, 1000.0);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if longer(middle, utilisation) > 1.0 - at {
            low = middle;
        } else {
            high = middle;
        }
    }
    low
}

#[test]
fn the_exact_time_is_that_of_the_literature() {
    for utilisation in [0.3, 0.6, 0.9] {
        let step = 1e-3;
        let at = |s| transform((s, 0.0), utilisation).0;
        let mean = (at(-step) - at(step)) / (2.0 * step);
        assert!(
            (mean * (1.0 - utilisation) - 1.0).abs() < 1e-2,
            "mean {mean}"
        );
        // Shortest of all is a request that is alone: an atom at 1.
        let alone = (1.0 - utilisation) * libm::exp(-utilisation);
        assert!((1.0 - longer(1.02, utilisation) - alone).abs() < 0.05);
    }
}
