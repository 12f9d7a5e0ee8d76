//! Erlang's formulas: the probability of waiting and of being turned away.
//!
//! Sources: A. K. Erlang's B and C formulas and the recursion of B over servers,
//! as in any text on M/M/c and M/M/c/K.

/// Servers that the table knows; more are treated as this many.
pub const MAX_SERVERS: usize = 64;

/// Intervals of utilisation in the table.
const KNOTS: usize = 128;

/// One row per number of servers, one value per knot of utilisation 0..=1.
type Table = [[f64; KNOTS + 1]; MAX_SERVERS];

static WAITING: Table = waiting_table();

#[allow(long_running_const_eval, reason = "a table of 8,000 values, made once")]
const fn waiting_table() -> Table {
    let mut table = [[1.0; KNOTS + 1]; MAX_SERVERS];
    let mut row = 0;
    while row < MAX_SERVERS {
        let mut knot = 0;
        while knot < KNOTS {
            table[row][knot] = waiting_exact(row + 1, knot as f64 / KNOTS as f64);
            knot += 1;
        }
        row += 1;
    }
    table
}

/// Erlang C by recursion. `servers` ≥ 1, `utilisation` in 0..1.
const fn waiting_exact(servers: usize, utilisation: f64) -> f64 {
    let refused = blocking(servers, utilisation * servers as f64);
    refused / (1.0 - utilisation * (1.0 - refused))
}

/// Erlang B: the probability that all of `servers` are busy at `load` Erlangs, where
/// nobody waits. Exact, `servers` steps.
#[must_use]
pub const fn blocking(servers: usize, load: f64) -> f64 {
    let mut refused = 1.0;
    let mut server = 0;
    while server < servers {
        server += 1;
        let flow = load * refused;
        refused = flow / (server as f64 + flow);
    }
    refused
}

/// Erlang C: the probability that an arrival waits, from the table.
///
/// `servers` may be fractional (1..=64, clamped); `utilisation` is clamped to 0..=1.
/// One server is exact; the others are interpolated within 0.001.
#[must_use]
pub fn waiting(servers: f64, utilisation: f64) -> f64 {
    let servers = servers.clamp(1.0, MAX_SERVERS as f64);
    let whole = servers as usize;
    let lower = row(whole - 1, utilisation);
    let part = servers - whole as f64;
    if part == 0.0 {
        return lower;
    }
    lower + part * (row(whole, utilisation) - lower)
}

/// Erlang C for any number of servers. Above 64 it is that of 64 at the utilisation
/// with the same `(1 − ρ)·√servers`, on which it depends where there are many.
#[must_use]
pub fn waiting_of_many(servers: f64, utilisation: f64) -> f64 {
    let most = MAX_SERVERS as f64;
    if servers <= most {
        return waiting(servers, utilisation);
    }
    let spare = (1.0 - utilisation).max(0.0) * libm::sqrt(servers / most);
    waiting(most, 1.0 - spare)
}

fn row(index: usize, utilisation: f64) -> f64 {
    let place = utilisation.clamp(0.0, 1.0) * KNOTS as f64;
    let knot = (place as usize).min(KNOTS - 1);
    let values = &WAITING[index];
    values[knot] + (place - knot as f64) * (values[knot + 1] - values[knot])
}

/// The share of arrivals that M/M/c/K turns away: exact, on both sides of saturation.
///
/// `servers` is c ≥ 1, `room` is K − c ≥ 0, `load` is arrivals times time per
/// request at full speed (c·s is one server's time), ≥ 0. Below 1e-9 it is 0.
#[must_use]
pub fn loss(servers: usize, room: f64, load: f64) -> f64 {
    if load <= 0.0 || room * (1.0 - load) > 21.0 {
        return 0.0;
    }
    let inverse = 1.0 / load;
    let last = power(inverse, room as u32);
    let before = if (1.0 - inverse).abs() < 1e-9 {
        room
    } else {
        (1.0 - last) / (1.0 - inverse)
    };
    let share = 1.0 / (last / blocking(servers, servers as f64 * load) + before);
    if share < 1e-9 { 0.0 } else { share }
}

/// `base` to the power of a whole number, by squaring.
#[must_use]
pub fn power(base: f64, mut exponent: u32) -> f64 {
    let (mut result, mut square) = (1.0, base);
    while exponent > 0 {
        if exponent & 1 == 1 {
            result *= square;
        }
        square *= square;
        exponent >>= 1;
    }
    result
}
