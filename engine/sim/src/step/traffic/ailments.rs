//! What the states of components do to the requests that meet them, as functions of how long they last.
//!
//! Small machines: a leak fills slots and then none is left, a cache warms up, connections are made anew
//! one after the other. Nothing is kept between seconds: a state is its size and its age, so that a twin
//! that is told of both feels the same. Not simulated: which requests write, which rows are locked; shares
//! stand for them.

use aegis_model::Ailment;

/// What requests feel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Felt {
    /// Share that fails, 0..=1.
    pub error: f64,
    /// Seconds that the others take longer.
    pub delay: f64,
    /// Factor on what is worked on at once, 0..=1.
    pub capacity: f64,
}

const WELL: Felt = Felt {
    error: 0.0,
    delay: 0.0,
    capacity: 1.0,
};
/// Mean time after which a pooled connection is made anew, s: Go's and HikariCP's pools close idle ones after
/// 30 s to some minutes.
const RECONNECT: f64 = 20.0;
/// Time in which a cache warms up, s.
const WARM_UP: f64 = 120.0;
/// Of a miss' time, what is left for good in a cache that is too small.
const STAYS_COLD: f64 = 0.35;
/// Capacity that is left where no slot is: those of administrators.
const RESERVED: f64 = 0.01;

/// What requests feel of a state of this size that has lasted for `age` seconds.
#[must_use]
pub fn felt(ailment: Ailment, size: f64, age: f64) -> Felt {
    use Ailment as A;
    match ailment {
        A::CredentialRefused | A::TlsRequired | A::ClockOff => failing(size * reconnected(age)),
        A::TableLocked => Felt {
            delay: size.max(0.0),
            ..WELL
        },
        A::CacheCold => {
            let warm = 1.0 - libm::exp(-age / WARM_UP);
            Felt {
                delay: size.max(0.0) * (1.0 - (1.0 - STAYS_COLD) * warm),
                ..WELL
            }
        }
        A::SlotsTaken | A::FilesUsedUp => leaking(taken(size, age)),
        A::ConnectionsTracked => failing(if taken(size, age) < 1.0 { 0.0 } else { 0.9 }),
        A::PoisonRecord | A::ConsumerLags | A::PermissionDenied => WELL,
        _ => failing(size),
    }
}

fn failing(share: f64) -> Felt {
    Felt {
        error: share.clamp(0.0, 1.0),
        ..WELL
    }
}

/// Share of connections that were made since.
fn reconnected(age: f64) -> f64 {
    1.0 - libm::exp(-(age + 1.0) / RECONNECT)
}

/// Share that a leak has taken, 0..=1.
fn taken(seconds: f64, age: f64) -> f64 {
    ((age + 1.0) / seconds.max(1.0)).min(1.0)
}

/// What is left serves; once nothing is, who comes is turned away.
fn leaking(taken: f64) -> Felt {
    Felt {
        error: if taken < 1.0 { 0.0 } else { 0.95 },
        capacity: (1.0 - taken).max(RESERVED),
        ..WELL
    }
}

#[cfg(test)]
mod tests {
    use super::felt;
    use aegis_model::Ailment;

    #[test]
    fn a_leak_takes_all_in_its_time_and_a_cache_warms_up() {
        let slots = |age| felt(Ailment::SlotsTaken, 60.0, age);
        assert!(slots(29.0).error < 1e-9 && (slots(29.0).capacity - 0.5).abs() < 1e-9);
        assert!(slots(60.0).error > 0.9);
        let miss = |age| felt(Ailment::CacheCold, 1.0, age).delay;
        assert!(miss(0.0) > 0.99 && miss(60.0) < miss(0.0) && miss(1e4) > 0.3);
        let refused = |age| felt(Ailment::CredentialRefused, 1.0, age).error;
        assert!(refused(0.0) < 0.1 && refused(100.0) > 0.98);
    }
}
