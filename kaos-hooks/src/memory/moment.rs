//! A moment as KAOS writes it.

use kaos_events::Time;

/// As `2026-01-15T10:30:45.584769+00:00`: UTC, to the microsecond (RFC 3339).
pub(super) fn utc(time: Time) -> String {
    let seconds = time.unix_nanos / 1_000_000_000;
    let micros = time.unix_nanos / 1000 % 1_000_000;
    let (days, of_day) = (seconds / 86_400, seconds % 86_400);
    let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
    let (year, month, day) = date(days);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{micros:06}+00:00")
}

/// Year, month and day of the Gregorian calendar, from days since 1970-01-01.
///
/// Howard Hinnant's `civil_from_days`: years begin in March, so that a leap day is a year's last.
fn date(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468; // since 0000-03-01
    let (era, of_era) = (days / 146_097, days % 146_097); // 400 years each
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153; // 0 is March
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_the_calendars() {
        for (nanos, expected) in [
            (0, "1970-01-01T00:00:00.000000+00:00"),
            (951_782_400_000_001_999, "2000-02-29T00:00:00.000001+00:00"),
            (
                1_768_473_045_584_769_000,
                "2026-01-15T10:30:45.584769+00:00",
            ),
            (
                4_107_542_400_999_999_999,
                "2100-03-01T00:00:00.999999+00:00",
            ),
        ] {
            let time = Time {
                unix_nanos: nanos,
                monotonic_nanos: 0,
            };
            assert_eq!(utc(time), expected);
        }
    }
}
