//! Days of the Gregorian calendar, and the day on which simulated time begins.

/// Seconds from 1970-01-01T00:00:00Z to tick 0 unless somebody says otherwise: 2025-01-01T00:00:00Z.
pub const EPOCH_SECONDS: i64 = 1_735_689_600;

/// Seconds of a day.
pub const DAY: i64 = 86_400;

/// A day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date {
    /// Year.
    pub year: i64,
    /// Month, 1 to 12.
    pub month: i64,
    /// Day of the month, from 1.
    pub day: i64,
}

impl Date {
    /// The date of a day counted from 1970-01-01.
    /// Algorithm: <https://howardhinnant.github.io/date_algorithms.html#civil_from_days>.
    #[must_use]
    pub const fn of_day(days: i64) -> Self {
        let shifted = days + 719_468;
        let era = shifted.div_euclid(146_097);
        let of_era = shifted.rem_euclid(146_097);
        let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let from_march = (5 * of_year + 2) / 153;
        let day = of_year - (153 * from_march + 2) / 5 + 1;
        let month = if from_march < 10 {
            from_march + 3
        } else {
            from_march - 9
        };
        let year = year_of_era + era * 400 + (month <= 2) as i64;
        Self { year, month, day }
    }

    /// The day counted from 1970-01-01.
    /// Algorithm: <https://howardhinnant.github.io/date_algorithms.html#days_from_civil>.
    #[must_use]
    pub const fn days(self) -> i64 {
        let year = self.year - (self.month <= 2) as i64;
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let from_march = (self.month + 9) % 12;
        let of_year = (153 * from_march + 2) / 5 + self.day - 1;
        let of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + of_year;
        era * 146_097 + of_era - 719_468
    }
}

/// Day of the week of a day counted from 1970-01-01: 0 is Sunday.
#[must_use]
pub const fn weekday(days: i64) -> i64 {
    (days + 4).rem_euclid(7)
}
