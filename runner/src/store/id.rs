//! Names of runs.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Name of a run: `YYYYMMDD-HHMMSS-mmm-scenario`, UTC. Sorting by it is sorting by time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RunId(String);

/// Letters of the scenario's name that go into an id, at most.
const NAME: usize = 40;

impl RunId {
    /// The id of a run that starts now. A time before 1970 counts as 1970.
    #[must_use]
    pub fn new(now: SystemTime, scenario: &str) -> Self {
        let since = now.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        let (date, time) = civil(since.as_secs());
        let stamp = format!(
            "{}-{}-{:03}",
            date.join(""),
            time.join(""),
            since.subsec_millis()
        );
        let name = slug(scenario);
        Self(if name.is_empty() {
            stamp
        } else {
            format!("{stamp}-{name}")
        })
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A name as lower-case letters, digits and single dashes.
fn slug(name: &str) -> String {
    let words = name
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty());
    let mut slug = words.collect::<Vec<_>>().join("-").to_ascii_lowercase();
    slug.truncate(NAME);
    slug.trim_end_matches('-').to_owned()
}

/// A time as RFC 3339 in UTC, to the second.
#[must_use]
pub(super) fn rfc3339(time: SystemTime) -> String {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    let (date, time) = civil(since.as_secs());
    format!("{}T{}Z", date.join("-"), time.join(":"))
}

/// Year, month, day and hour, minute, second of the proleptic Gregorian calendar, each with its
/// leading zeros. A year is taken to begin in March, so that the leap day comes last (the method of
/// H. Hinnant, "chrono-Compatible Low-Level Date Algorithms").
fn civil(seconds: u64) -> ([String; 3], [String; 3]) {
    const ERA: u64 = 146_097; // days of 400 years
    let days = seconds / 86_400 + 719_468; // from 0000-03-01
    let (era, of_era) = (days / ERA, days % ERA);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    let two = |number: u64| format!("{number:02}");
    let date = [format!("{year:04}"), two(month), two(day)];
    let time = [
        two(seconds / 3600 % 24),
        two(seconds / 60 % 60),
        two(seconds % 60),
    ];
    (date, time)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn times_are_those_of_date() {
        // Each by `date -u -d @SECONDS +%FT%TZ`.
        for (seconds, expected) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_735_689_599, "2024-12-31T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(rfc3339(at(seconds)), expected);
        }
    }

    #[test]
    fn an_id_can_be_read_and_sorts_by_time() {
        let id = RunId::new(
            at(1_795_255_169) + Duration::from_millis(417),
            "Online Boutique/oom!",
        );
        assert_eq!(id.as_str(), "20261121-095929-417-online-boutique-oom");
        assert!(id < RunId::new(at(1_795_255_170), "a"));
        assert_eq!(RunId::new(at(0), "../..").as_str(), "19700101-000000-000");
        assert!(RunId::new(at(0), &"x-".repeat(99)).as_str().len() <= 60);
    }
}
