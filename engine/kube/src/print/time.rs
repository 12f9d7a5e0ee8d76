//! Ticks as RFC 3339 times.

use aegis_model::calendar::{Date, EPOCH_SECONDS};
use aegis_model::units::Tick;

/// Seconds from 1970-01-01T00:00:00Z to tick 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Epoch(pub i64);

/// 2025-01-01T00:00:00Z: where simulated time begins unless somebody says otherwise.
pub const EPOCH: Epoch = Epoch(EPOCH_SECONDS);

impl Default for Epoch {
    fn default() -> Self {
        EPOCH
    }
}

impl Epoch {
    /// A tick as the API server prints times: `2025-01-01T00:03:20Z`.
    #[must_use]
    pub fn rfc3339(self, tick: Tick) -> String {
        let seconds = self.0.saturating_add(i64::from(tick.0));
        let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
        let Date { year, month, day } = Date::of_day(days);
        let (hour, minute) = (second / 3600, second / 60 % 60);
        format!(
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{:02}Z",
            second % 60
        )
    }

    /// The same as a `MicroTime`: `2025-01-01T00:03:20.000000Z`.
    #[must_use]
    pub fn micros(self, tick: Tick) -> String {
        self.rfc3339(tick).replace('Z', ".000000Z")
    }
}

#[cfg(test)]
mod tests {
    use super::{EPOCH, Epoch};
    use aegis_model::units::Tick;

    #[test]
    fn ticks_are_printed_as_the_api_server_prints_times() {
        let at = |epoch: i64, tick| Epoch(epoch).rfc3339(Tick(tick));
        assert_eq!(EPOCH.rfc3339(Tick(0)), "2025-01-01T00:00:00Z");
        assert_eq!(
            EPOCH.rfc3339(Tick(58 * 86_400 + 3_661)),
            "2025-02-28T01:01:01Z"
        );
        assert_eq!(at(951_782_399, 0), "2000-02-28T23:59:59Z");
        assert_eq!(at(951_782_399, 1), "2000-02-29T00:00:00Z");
        assert_eq!(at(-1, 0), "1969-12-31T23:59:59Z");
    }
}
