//! How long deleted things are kept before they are purged.

use std::fmt;
use std::str::FromStr;

use crate::quote::quote;
use crate::{Error, Result};

/// How long something stays in the bin: a time in days, hours, minutes and seconds, in this order,
/// each of which may be left out, such as `30d` or `1d2h3m4s`. Each may be a fraction.
///
/// ```
/// use tidemill_core::retention::Retention;
///
/// let retention: Retention = "1.5d30m".parse()?;
/// assert_eq!(retention.millis(), (36 * 60 + 30) * 60_000);
/// # Ok::<(), tidemill_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Retention {
    text: String,
    millis: i64,
}

/// The units in their order, in milliseconds.
const UNITS: [(char, f64); 4] = [
    ('d', 86_400_000.0),
    ('h', 3_600_000.0),
    ('m', 60_000.0),
    ('s', 1_000.0),
];

impl Retention {
    /// What is kept unless somebody says otherwise.
    pub const DEFAULT: &'static str = "30d";

    /// The time in milliseconds.
    pub fn millis(&self) -> i64 {
        self.millis
    }

    /// The last moment at which something must have been deleted to be purged now.
    pub fn cutoff(&self, now: i64) -> i64 {
        now.saturating_sub(self.millis)
    }
}

impl FromStr for Retention {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let refused = || {
            Error::invalid_parameter(format!(
                "{} is no length of time; write it as in '30d', '12h' or '1d2h3m4s'.",
                quote(text)
            ))
        };
        let mut rest = text;
        let mut millis = 0.0;
        for (unit, length) in UNITS {
            if let Some((number, after)) = rest.split_once(unit) {
                millis += number_of(number).ok_or_else(refused)? * length;
                rest = after;
            }
        }
        match rest.is_empty() && !text.is_empty() {
            // A time before all times is no time at all: the cut-off saturates.
            true => Ok(Self {
                text: text.to_owned(),
                millis: millis as i64,
            }),
            false => Err(refused()),
        }
    }
}

fn number_of(digits: &str) -> Option<f64> {
    let plain = digits.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    digits.parse().ok().filter(|_| plain)
}

impl fmt::Display for Retention {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(text: &str) -> Option<i64> {
        text.parse()
            .ok()
            .map(|retention: Retention| retention.millis())
    }

    #[test]
    fn each_unit_may_be_left_out_or_a_fraction() {
        assert_eq!(millis("1d2h3m4s"), Some(93_784_000));
        assert_eq!(millis("0s"), Some(0));
        assert_eq!(millis("2m4s"), Some(124_000));
        assert_eq!(millis("1.2d"), Some(103_680_000));
        assert_eq!(millis(Retention::DEFAULT), Some(2_592_000_000));
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "", "30", "d", "1h2d", "-1d", "1d 2h", "1e3d", "inf s", "infd", "1w", "1..2d",
        ] {
            assert_eq!(millis(text), None, "{text}");
        }
    }

    #[test]
    fn a_time_beyond_all_times_purges_nothing() {
        let endless: Retention = "99999999999999999999d".parse().unwrap();
        assert!(endless.cutoff(1_700_000_000_000) < 0);
    }
}
