//! Decimal numbers that are exact to the nanosecond, which a double is not.

use std::fmt;
use std::time::Duration;

/// A whole number of nanoseconds, written in a larger unit of 10^`DIGITS` nanoseconds.
#[derive(Clone, Copy)]
pub(crate) struct Decimal<const DIGITS: usize>(u64);

/// Seconds with nine digits behind the point.
pub(crate) type Seconds = Decimal<9>;

/// Milliseconds with six digits behind the point.
pub(crate) type Millis = Decimal<6>;

impl<const DIGITS: usize> fmt::Display for Decimal<DIGITS> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = 10_u64.pow(u32::try_from(DIGITS).unwrap_or(9));
        write!(f, "{}.{:0DIGITS$}", self.0 / unit, self.0 % unit)
    }
}

impl<const DIGITS: usize> Decimal<DIGITS> {
    pub(crate) const fn of_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// A duration; one of over 584 years is cut.
    pub(crate) fn of(duration: Duration) -> Self {
        Self(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX))
    }

    pub(crate) const fn nanos(self) -> u64 {
        self.0
    }

    pub(crate) const fn duration(self) -> Duration {
        Duration::from_nanos(self.0)
    }

    /// Reads a JSON number; digits beyond the nanosecond are dropped. `None` if it is negative or
    /// too large.
    pub(crate) fn parse(json: &str) -> Option<Self> {
        let (mantissa, exponent) = match json.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
            None => (json, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = whole.bytes().chain(fraction.bytes());
        // Where the point stands, counted in digits from the left, once nanoseconds are the unit.
        let point = i64::try_from(whole.len() + DIGITS).ok()? + i64::from(exponent);
        let mut nanos: u64 = 0;
        let mut taken: i64 = 0;
        for digit in digits {
            let digit = digit.checked_sub(b'0').filter(|digit| *digit <= 9)?;
            if taken < point {
                nanos = nanos.checked_mul(10)?.checked_add(digit.into())?;
                taken += 1;
            }
        }
        while taken < point && nanos > 0 {
            nanos = nanos.checked_mul(10)?;
            taken += 1;
        }
        Some(Self(nanos))
    }
}
