//! Unsealed points as bytes: all that one write brought for one run.
//!
//! A write adds one row to the tail, however many metrics it brings points of. A row for each
//! point, kept by metric, would touch a page for each metric, and pages are what a commit
//! costs. Keys, steps and times are kept as differences to the point before, in seven-bit
//! groups with the lowest first; values are eight bytes.

use tidemill_core::metrics::Point;
use tidemill_core::{Error, Result};

/// The bytes of some points with the numbers of their keys.
pub(crate) fn encode(points: impl Iterator<Item = (i64, Point)>) -> Vec<u8> {
    let mut data = Vec::with_capacity(points.size_hint().0 * 12);
    let mut before = [0; 3];
    for (key, point) in points {
        let numbers = [key, point.step, point.timestamp];
        for (number, before) in numbers.into_iter().zip(before) {
            write_number(&mut data, zigzag(number.wrapping_sub(before)));
        }
        data.extend_from_slice(&point.value.to_le_bytes());
        before = numbers;
    }
    data
}

/// Hands every point in `data` to `each`, with the number of its key.
pub(crate) fn decode(mut data: &[u8], mut each: impl FnMut(i64, Point)) -> Result<()> {
    let damaged = || Error::internal("unsealed metric points are damaged");
    let mut numbers = [0i64; 3];
    while !data.is_empty() {
        for number in &mut numbers {
            let difference = read_number(&mut data).ok_or_else(damaged)?;
            *number = number.wrapping_add(unzigzag(difference));
        }
        let (value, rest) = data.split_first_chunk().ok_or_else(damaged)?;
        data = rest;
        let [key, step, timestamp] = numbers;
        let value = f64::from_le_bytes(*value);
        each(
            key,
            Point {
                step,
                timestamp,
                value,
            },
        );
    }
    Ok(())
}

/// Small numbers of either sign as small ones without.
fn zigzag(number: i64) -> u64 {
    (number.cast_unsigned() << 1) ^ (number >> 63).cast_unsigned()
}

fn unzigzag(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -(number & 1).cast_signed()
}

fn write_number(data: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        data.push(number as u8 | 0x80);
        number >>= 7;
    }
    data.push(number as u8);
}

fn read_number(data: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..u64::BITS).step_by(7) {
        let (byte, rest) = data.split_first()?;
        *data = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decoded(data: &[u8]) -> Result<Vec<(i64, i64, i64, u64)>> {
        let mut points = Vec::new();
        decode(data, |key, p| {
            points.push((key, p.step, p.timestamp, p.value.to_bits()));
        })?;
        Ok(points)
    }

    proptest! {
        #[test]
        fn what_was_encoded_is_decoded(rows: Vec<(i64, i64, i64, u64)>) {
            let points = rows.iter().map(|&(key, step, timestamp, value)| {
                (key, Point { step, timestamp, value: f64::from_bits(value) })
            });
            prop_assert_eq!(decoded(&encode(points)).unwrap(), rows);
        }

        #[test]
        fn damaged_bytes_are_an_error_or_other_points(data: Vec<u8>) {
            let _ = decoded(&data);
        }
    }

    #[test]
    fn one_step_of_many_metrics_takes_twelve_bytes_a_point() {
        let points = (7..107).map(|key| {
            let (step, timestamp, value) = (900, 1_700_000_000_000, 0.1);
            (
                key,
                Point {
                    step,
                    timestamp,
                    value,
                },
            )
        });
        assert!(encode(points).len() < 12 * 100);
    }

    #[test]
    fn bytes_that_end_early_are_an_error() {
        let point = Point {
            step: 1,
            timestamp: 2,
            value: 3.0,
        };
        let data = encode(std::iter::once((1, point)));
        assert!(decoded(&data[..data.len() - 1]).is_err());
        assert!(decoded(&[0x80]).is_err());
    }
}
