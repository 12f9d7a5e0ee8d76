//! Time zones: minutes east of Greenwich, and the rule of the summer.
//!
//! Source: the IANA time zone database, rules of 2025. Zones beyond the table are unknown here.

use aegis_model::calendar::{DAY, Date, weekday};

/// A time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Zone {
    /// Minutes east of Greenwich in winter.
    minutes: i64,
    summer: Summer,
}

/// When clocks are an hour ahead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Summer {
    None,
    /// Last Sunday of March to last Sunday of October, at 01:00 UTC.
    Europe,
    /// Second Sunday of March to first Sunday of November, at 02:00.
    America,
    /// First Sunday of October to first Sunday of April, at 02:00 of winter.
    Australia,
    /// Last Sunday of September to first Sunday of April, at 02:00 of winter.
    NewZealand,
}

use Summer::{America, Australia, Europe, NewZealand, None as Never};

const ZONES: [(&str, i64, Summer); 95] = [
    ("UTC", 0, Never),
    ("Etc/UTC", 0, Never),
    ("Etc/GMT", 0, Never),
    ("GMT", 0, Never),
    ("Etc/Universal", 0, Never),
    ("Africa/Abidjan", 0, Never),
    ("Africa/Accra", 0, Never),
    ("Africa/Algiers", 60, Never),
    ("Africa/Johannesburg", 120, Never),
    ("Africa/Lagos", 60, Never),
    ("Africa/Nairobi", 180, Never),
    ("America/Anchorage", -540, America),
    ("America/Argentina/Buenos_Aires", -180, Never),
    ("America/Bogota", -300, Never),
    ("America/Caracas", -240, Never),
    ("America/Chicago", -360, America),
    ("America/Denver", -420, America),
    ("America/Detroit", -300, America),
    ("America/Edmonton", -420, America),
    ("America/Halifax", -240, America),
    ("America/Lima", -300, Never),
    ("America/Los_Angeles", -480, America),
    ("America/Mexico_City", -360, Never),
    ("America/Montreal", -300, America),
    ("America/New_York", -300, America),
    ("America/Panama", -300, Never),
    ("America/Phoenix", -420, Never),
    ("America/Sao_Paulo", -180, Never),
    ("America/St_Johns", -210, America),
    ("America/Toronto", -300, America),
    ("America/Vancouver", -480, America),
    ("America/Winnipeg", -360, America),
    ("Asia/Baghdad", 180, Never),
    ("Asia/Bangkok", 420, Never),
    ("Asia/Calcutta", 330, Never),
    ("Asia/Colombo", 330, Never),
    ("Asia/Dhaka", 360, Never),
    ("Asia/Dubai", 240, Never),
    ("Asia/Ho_Chi_Minh", 420, Never),
    ("Asia/Hong_Kong", 480, Never),
    ("Asia/Jakarta", 420, Never),
    ("Asia/Karachi", 300, Never),
    ("Asia/Kathmandu", 345, Never),
    ("Asia/Kolkata", 330, Never),
    ("Asia/Kuala_Lumpur", 480, Never),
    ("Asia/Manila", 480, Never),
    ("Asia/Riyadh", 180, Never),
    ("Asia/Seoul", 540, Never),
    ("Asia/Shanghai", 480, Never),
    ("Asia/Singapore", 480, Never),
    ("Asia/Taipei", 480, Never),
    ("Asia/Tashkent", 300, Never),
    ("Asia/Tehran", 210, Never),
    ("Asia/Tokyo", 540, Never),
    ("Asia/Yangon", 390, Never),
    ("Atlantic/Reykjavik", 0, Never),
    ("Australia/Adelaide", 570, Australia),
    ("Australia/Brisbane", 600, Never),
    ("Australia/Darwin", 570, Never),
    ("Australia/Hobart", 600, Australia),
    ("Australia/Melbourne", 600, Australia),
    ("Australia/Perth", 480, Never),
    ("Australia/Sydney", 600, Australia),
    ("Europe/Amsterdam", 60, Europe),
    ("Europe/Athens", 120, Europe),
    ("Europe/Belgrade", 60, Europe),
    ("Europe/Berlin", 60, Europe),
    ("Europe/Brussels", 60, Europe),
    ("Europe/Bucharest", 120, Europe),
    ("Europe/Budapest", 60, Europe),
    ("Europe/Copenhagen", 60, Europe),
    ("Europe/Dublin", 0, Europe),
    ("Europe/Helsinki", 120, Europe),
    ("Europe/Istanbul", 180, Never),
    ("Europe/Kiev", 120, Europe),
    ("Europe/Kyiv", 120, Europe),
    ("Europe/Lisbon", 0, Europe),
    ("Europe/London", 0, Europe),
    ("Europe/Madrid", 60, Europe),
    ("Europe/Moscow", 180, Never),
    ("Europe/Oslo", 60, Europe),
    ("Europe/Paris", 60, Europe),
    ("Europe/Prague", 60, Europe),
    ("Europe/Rome", 60, Europe),
    ("Europe/Sofia", 120, Europe),
    ("Europe/Stockholm", 60, Europe),
    ("Europe/Vienna", 60, Europe),
    ("Europe/Warsaw", 60, Europe),
    ("Europe/Zurich", 60, Europe),
    ("Pacific/Auckland", 720, NewZealand),
    ("Pacific/Honolulu", -600, Never),
    ("US/Central", -360, America),
    ("US/Eastern", -300, America),
    ("US/Mountain", -420, America),
    ("US/Pacific", -480, America),
];

impl Zone {
    /// Where no zone is named: that of the controller.
    pub const UTC: Self = Self {
        minutes: 0,
        summer: Never,
    };

    /// The zone of that name; `None` where it is not known.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let (_, minutes, summer) = ZONES.iter().find(|(known, ..)| *known == name)?;
        Some(Self {
            minutes: *minutes,
            summer: *summer,
        })
    }

    /// Seconds that its clock is ahead of UTC at a time in seconds since 1970.
    #[must_use]
    pub fn offset(self, time: i64) -> i64 {
        let winter = self.minutes * 60;
        let year = Date::of_day((time + winter).div_euclid(DAY)).year;
        let is_summer = match self.summer.bounds(year, winter) {
            None => false,
            Some((begin, end)) if begin < end => (begin..end).contains(&time),
            Some((begin, end)) => !(end..begin).contains(&time),
        };
        winter + i64::from(is_summer) * 3600
    }
}

impl Summer {
    /// When summer begins and ends in a year, in seconds since 1970.
    fn bounds(self, year: i64, winter: i64) -> Option<(i64, i64)> {
        let hours = |day: i64, hours: i64| day * DAY + hours * 3600;
        Some(match self {
            Self::None => return None,
            Self::Europe => (hours(last(year, 3), 1), hours(last(year, 10), 1)),
            Self::America => (
                hours(first(year, 3) + 7, 2) - winter,
                hours(first(year, 11), 1) - winter,
            ),
            Self::Australia => (
                hours(first(year, 10), 2) - winter,
                hours(first(year, 4), 2) - winter,
            ),
            Self::NewZealand => (
                hours(last(year, 9), 2) - winter,
                hours(first(year, 4), 2) - winter,
            ),
        })
    }
}

/// The first Sunday of a month.
fn first(year: i64, month: i64) -> i64 {
    let begin = Date {
        year,
        month,
        day: 1,
    };
    let begin = begin.days();
    begin + (7 - weekday(begin)) % 7
}

/// The last Sunday of a month.
fn last(year: i64, month: i64) -> i64 {
    let next = Date {
        year,
        month: month + 1,
        day: 1,
    };
    let end = next.days() - 1;
    end - weekday(end)
}
