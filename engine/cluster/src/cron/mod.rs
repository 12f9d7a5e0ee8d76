//! When a CronJob is due: cron's syntax and time zones.
//!
//! Source: github.com/robfig/cron/v3, `ParseStandard`, which Kubernetes uses; and the IANA time zone
//! database, of which a table of common zones is here.

mod field;
mod zone;

pub use zone::Zone;

use aegis_model::calendar::{DAY, Date, weekday};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use field::Field;

/// Years after which a schedule that never fits is given up, as robfig/cron does.
const HORIZON: i64 = 5 * 366;

/// A schedule that was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule(Rule);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Rule {
    Fields {
        minute: Field,
        hour: Field,
        day: Field,
        month: Field,
        weekday: Field,
    },
    /// `@every`: so many seconds after the last time.
    Every(i64),
}

/// Descriptors and what they stand for.
const DESCRIPTORS: [(&str, &str); 7] = [
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
    ("@monthly", "0 0 1 * *"),
    ("@weekly", "0 0 * * 0"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@hourly", "0 * * * *"),
];

impl Schedule {
    /// Reads a schedule: five fields, or a descriptor.
    ///
    /// # Errors
    /// What is wrong with it, in the parser's words.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Err("empty spec string".into());
        }
        if let Some(period) = text.strip_prefix("@every ") {
            let seconds = duration(period).ok_or_else(|| {
                format!("failed to parse duration {text}: time: invalid duration \"{period}\"")
            })?;
            return Ok(Self(Rule::Every(seconds.max(1))));
        }
        let known = DESCRIPTORS.iter().find(|(name, _)| *name == text);
        match known {
            Some((_, fields)) => Self::of_fields(fields),
            None if text.starts_with('@') => Err(format!("unrecognized descriptor: {text}")),
            None => Self::of_fields(text),
        }
    }

    fn of_fields(text: &str) -> Result<Self, String> {
        let fields: Vec<&str> = text.split_whitespace().collect();
        let [minute, hour, day, month, weekday] = fields[..] else {
            return Err(format!(
                "expected exactly 5 fields, found {}: [{}]",
                fields.len(),
                fields.join(" ")
            ));
        };
        Ok(Self(Rule::Fields {
            minute: Field::parse(minute, &field::MINUTES)?,
            hour: Field::parse(hour, &field::HOURS)?,
            day: Field::parse(day, &field::DAYS)?,
            month: Field::parse(month, &field::MONTHS)?,
            weekday: Field::parse(weekday, &field::WEEKDAYS)?,
        }))
    }

    /// The first due time after `after`, both in seconds since 1970 on the clock of the zone.
    fn next_local(&self, after: i64) -> Option<i64> {
        let Rule::Fields { minute, hour, .. } = &self.0 else {
            return None;
        };
        let from = after.div_euclid(60) * 60 + 60;
        let first = from.div_euclid(DAY);
        (first..first + HORIZON)
            .filter(|day| self.is_day(*day))
            .find_map(|day| {
                let minutes = 0..24 * 60;
                let due = |of_day: &i64| hour.has(of_day / 60) && minute.has(of_day % 60);
                let times = minutes.filter(due).map(|of_day| day * DAY + of_day * 60);
                times.into_iter().find(|time| *time >= from)
            })
    }

    /// Whether a day fits. Where both days are restricted, either may fit.
    fn is_day(&self, days: i64) -> bool {
        let Rule::Fields {
            day,
            month,
            weekday: of_week,
            ..
        } = &self.0
        else {
            return false;
        };
        let date = Date::of_day(days);
        let (by_day, by_week) = (day.has(date.day), of_week.has(weekday(days)));
        let fits = match day.is_any() || of_week.is_any() {
            true => by_day && by_week,
            false => by_day || by_week,
        };
        month.has(date.month) && fits
    }

    /// The first due time after `after`, in seconds since 1970; `None` where there is none within five years.
    #[must_use]
    pub fn next(&self, after: i64, zone: Zone) -> Option<i64> {
        if let Rule::Every(seconds) = &self.0 {
            return Some(after + seconds);
        }
        let local = self.next_local(after + zone.offset(after))?;
        let guess = local - zone.offset(after);
        Some((local - zone.offset(guess)).max(after + 1))
    }
}

/// Seconds of a duration such as `1h30m`; parts of a second are dropped.
fn duration(text: &str) -> Option<i64> {
    let (mut sum, mut rest) = (0, text.trim());
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let number: i64 = rest[..digits].parse().ok()?;
        let after = &rest[digits..];
        let unit = after
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(after.len());
        sum += number
            * 1000
            * match &after[..unit] {
                "h" => 3600,
                "m" => 60,
                "s" => 1,
                "ms" => return Some(sum / 1000),
                _ => return None,
            };
        rest = &after[unit..];
    }
    (sum > 0).then_some(sum / 1000)
}

#[cfg(test)]
mod tests {
    use super::{Schedule, Zone};
    use aegis_model::calendar::{DAY, Date};

    fn at(date: (i64, i64, i64), hour: i64, minute: i64) -> i64 {
        let (year, month, day) = date;
        Date { year, month, day }.days() * DAY + hour * 3600 + minute * 60
    }

    fn next(schedule: &str, after: i64) -> Option<i64> {
        let schedule = Schedule::parse(schedule).expect("it is right");
        schedule.next(after, Zone::UTC)
    }

    /// Source: github.com/robfig/cron/v3, spec_test.go `TestNext`.
    #[test]
    fn the_next_time_is_found() {
        let from = at((2012, 7, 9), 14, 45);
        for (schedule, expected) in [
            ("0/15 * * * *", at((2012, 7, 9), 15, 0)),
            ("*/15 * * * *", at((2012, 7, 9), 15, 0)),
            ("20-35/15 * * * *", at((2012, 7, 9), 15, 20)),
            ("*/15 2-3 * * *", at((2012, 7, 10), 2, 0)),
            ("0 0 9 Jul ?", at((2013, 7, 9), 0, 0)),
            ("0 0 * Feb Mon", at((2013, 2, 4), 0, 0)),
            ("0 0 29 Feb ?", at((2016, 2, 29), 0, 0)),
            ("0 0 1 * 1", at((2012, 7, 16), 0, 0)),
            ("@hourly", at((2012, 7, 9), 15, 0)),
            ("@weekly", at((2012, 7, 15), 0, 0)),
            ("@every 90m", from + 5400),
        ] {
            assert_eq!(next(schedule, from), Some(expected), "{schedule}");
        }
        assert_eq!(next("0 0 31 Feb ?", from), None);
    }

    #[test]
    fn what_is_wrong_is_told() {
        for (schedule, error) in [
            ("* * * *", "expected exactly 5 fields, found 4: [* * * *]"),
            ("60 * * * *", "end of range (60) above maximum (59): 60"),
            ("0 0 * * 7", "end of range (7) above maximum (6): 7"),
            ("0 0 0 * *", "beginning of range (0) below minimum (1): 0"),
            ("@never", "unrecognized descriptor: @never"),
        ] {
            assert_eq!(Schedule::parse(schedule).err().as_deref(), Some(error));
        }
    }

    #[test]
    fn zones_have_their_summers() {
        let zone = |name| Zone::named(name).expect("it is known");
        let midnight = Schedule::parse("0 0 * * *").expect("it is right");
        let new_year = at((2025, 1, 1), 0, 0);
        let july = at((2025, 7, 1), 0, 0);
        for (name, winter, summer) in [
            ("UTC", 24, 24),
            ("Asia/Kolkata", 18, 18),
            ("America/New_York", 5, 4),
            ("Europe/Berlin", 23, 22),
        ] {
            let hour = |time: Option<i64>, from: i64| time.map(|time| (time - from) / 3600);
            let zone = zone(name);
            assert_eq!(
                hour(midnight.next(new_year, zone), new_year),
                Some(winter),
                "{name}"
            );
            assert_eq!(
                hour(midnight.next(july, zone), july),
                Some(summer),
                "{name}"
            );
        }
        assert_eq!(Zone::named("Mars/Olympus"), None);
    }
}
