//! A point in time as people read it.

use std::time::{SystemTime, UNIX_EPOCH};

/// As `2026-01-15T10:30:45Z`: UTC, to the second (RFC 3339). A clock before 1970 reads 1970.
///
/// A dozen lines, so that one format of one field needs no crate of its own.
pub(super) fn utc(time: SystemTime) -> String {
    let seconds = time
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs());
    let (days, of_day) = (seconds / 86_400, seconds % 86_400);
    let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
    let (year, month, day) = date(days);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// Year, month and day of the Gregorian calendar, from days since 1970-01-01.
///
/// Howard Hinnant's `civil_from_days`: years begin in March, so that a leap day is a year's last.
fn date(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468; // since 0000-03-01
    let (era, day_of_era) = (days / 146_097, days % 146_097); // 400 years each
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153; // 0 is March
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[track_caller]
    fn check(seconds: u64, expected: &str) {
        assert_eq!(utc(UNIX_EPOCH + Duration::from_secs(seconds)), expected);
    }

    #[test]
    fn dates_are_the_calendars() {
        check(0, "1970-01-01T00:00:00Z");
        check(951_782_399, "2000-02-28T23:59:59Z");
        check(951_782_400, "2000-02-29T00:00:00Z");
        check(951_868_800, "2000-03-01T00:00:00Z");
        check(1_704_067_199, "2023-12-31T23:59:59Z");
        check(1_709_164_800, "2024-02-29T00:00:00Z");
        check(1_768_473_045, "2026-01-15T10:30:45Z");
        check(4_107_542_400, "2100-03-01T00:00:00Z");
        check(253_402_300_799, "9999-12-31T23:59:59Z");
    }

    #[test]
    fn a_clock_before_1970_reads_1970() {
        let before = UNIX_EPOCH - Duration::from_secs(1);
        assert_eq!(utc(before), "1970-01-01T00:00:00Z");
    }

    #[test]
    fn every_day_follows_the_one_before() {
        let mut before = date(0);
        for days in 1..=146_097 {
            let now = date(days);
            let next_day = (before.0, before.1, before.2 + 1) == now;
            let next_month = (before.0, before.1 + 1, 1) == now && before.2 >= 28;
            let next_year = (before.0 + 1, 1, 1) == now && (before.1, before.2) == (12, 31);
            assert!(next_day || next_month || next_year, "{before:?} {now:?}");
            before = now;
        }
    }
}
