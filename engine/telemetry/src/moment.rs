//! Times as logs and objects print them: RFC 3339, to the second.

use aegis_model::bundle::Moment;
use aegis_model::calendar::{DAY, Date};

/// Reads `2025-01-01T00:03:20Z`, with a fraction, with an offset, or with a space for the `T`.
/// Without an offset it is taken as UTC.
#[must_use]
pub fn moment(text: &str) -> Option<Moment> {
    let bytes = text.as_bytes();
    let shaped = bytes.len() >= 19
        && bytes[4] == b'-'
        && bytes[7] == b'-'
        && matches!(bytes[10], b'T' | b't' | b' ')
        && bytes[13] == b':'
        && bytes[16] == b':';
    if !shaped {
        return None;
    }
    let date = Date {
        year: digits(bytes, 0..4)?,
        month: digits(bytes, 5..7)?,
        day: digits(bytes, 8..10)?,
    };
    let (hour, minute, second) = (
        digits(bytes, 11..13)?,
        digits(bytes, 14..16)?,
        digits(bytes, 17..19)?,
    );
    if !(1..=12).contains(&date.month) || !(1..=31).contains(&date.day) || hour > 24 {
        return None;
    }
    let local = date.days() * DAY + hour * 3600 + minute * 60 + second;
    Some(local - offset(&bytes[19..]))
}

fn digits(bytes: &[u8], at: core::ops::Range<usize>) -> Option<i64> {
    bytes.get(at)?.iter().try_fold(0, |so_far, digit| {
        digit
            .is_ascii_digit()
            .then(|| so_far * 10 + i64::from(digit - b'0'))
    })
}

/// Seconds east of UTC, after the seconds and their fraction; 0 where none is given.
fn offset(rest: &[u8]) -> i64 {
    let fraction = rest
        .iter()
        .position(|byte| !byte.is_ascii_digit() && *byte != b'.' && *byte != b',');
    let Some(zone) = fraction.map(|at| &rest[at..]) else {
        return 0;
    };
    let sign = match zone.first() {
        Some(b'+') => 1,
        Some(b'-') => -1,
        _ => return 0,
    };
    let minutes = digits(zone, 4..6).or_else(|| digits(zone, 3..5));
    sign * (digits(zone, 1..3).unwrap_or(0) * 3600 + minutes.unwrap_or(0) * 60)
}

#[cfg(test)]
mod tests {
    use super::moment;

    #[test]
    fn times_are_read_with_their_offset() {
        let base = moment("2025-01-01T00:00:00Z");
        assert_eq!(base, Some(1_735_689_600));
        assert_eq!(moment("2025-01-01T08:00:00.123456+08:00"), base);
        assert_eq!(moment("2024-12-31T19:00:00-05:00 x"), base);
        assert_eq!(moment("2025-01-01 00:00:00,5 INFO"), base);
        assert_eq!(moment("2025-13-01T00:00:00Z"), None);
        assert_eq!(moment("hello, this is no time at all"), None);
        assert_eq!(moment("2025-01-01"), None);
    }
}
