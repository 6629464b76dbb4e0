//! Sealed points as bytes: three columns, byte-shuffled, then zstd.
//!
//! Steps and times are kept as differences, which are mostly equal; values as they are, since
//! combining neighbours gains nothing. Shuffling puts the first bytes of all numbers side by
//! side, then the second ones, and so on, which is what makes them compress.

use tidemill_core::metrics::Point;
use tidemill_core::{Error, Result};

/// How many points a chunk holds at most.
pub(crate) const CAPACITY: usize = 4096;
/// The only form so far.
pub(crate) const CODEC: i16 = 1;

const COLUMN: usize = size_of::<u64>();
const ROW: usize = 3 * COLUMN;
const LEVEL: i32 = 1;

/// The bytes of at most [`CAPACITY`] points.
pub(crate) fn encode(points: &[Point]) -> Result<Vec<u8>> {
    let mut plain = Vec::with_capacity(points.len() * ROW);
    shuffle(&mut plain, differences(points.iter().map(|p| p.step)));
    shuffle(&mut plain, differences(points.iter().map(|p| p.timestamp)));
    shuffle(&mut plain, points.iter().map(|p| p.value.to_bits()));
    zstd::bulk::compress(&plain, LEVEL).map_err(Error::internal)
}

/// Appends the `count` points in `data` to `points`.
pub(crate) fn decode(codec: i16, count: i64, data: &[u8], points: &mut Vec<Point>) -> Result<()> {
    let damaged = || Error::internal("a chunk of metric points is damaged");
    let count = usize::try_from(count)
        .ok()
        .filter(|count| codec == CODEC && *count <= CAPACITY)
        .ok_or_else(damaged)?;
    let plain = zstd::bulk::decompress(data, count * ROW).map_err(Error::internal)?;
    if plain.len() != count * ROW {
        return Err(damaged());
    }
    let (steps, rest) = plain.split_at(count * COLUMN);
    let (times, values) = rest.split_at(count * COLUMN);
    let rows = sums(unshuffle(steps, count))
        .zip(sums(unshuffle(times, count)))
        .zip(unshuffle(values, count));
    points.extend(rows.map(|((step, timestamp), value)| Point {
        step,
        timestamp,
        value: f64::from_bits(value),
    }));
    Ok(())
}

/// Each number without the one before it.
fn differences(numbers: impl Iterator<Item = i64>) -> impl Iterator<Item = u64> {
    numbers.scan(0i64, |before, number| {
        let difference = number.wrapping_sub(*before);
        *before = number;
        Some(difference.cast_unsigned())
    })
}

/// The numbers whose differences these are.
fn sums(differences: impl Iterator<Item = u64>) -> impl Iterator<Item = i64> {
    differences.scan(0i64, |sum, difference| {
        *sum = sum.wrapping_add(difference.cast_signed());
        Some(*sum)
    })
}

fn shuffle(plain: &mut Vec<u8>, numbers: impl Iterator<Item = u64>) {
    let rows: Vec<[u8; COLUMN]> = numbers.map(u64::to_le_bytes).collect();
    for byte in 0..COLUMN {
        plain.extend(rows.iter().map(|row| row[byte]));
    }
}

/// The numbers of a column of `count`.
fn unshuffle(column: &[u8], count: usize) -> impl Iterator<Item = u64> {
    let plane = |byte: usize| &column[byte * count..][..count];
    let [a, b, c, d, e, f, g, h] = std::array::from_fn(plane);
    (0..count).map(move |i| u64::from_le_bytes([a[i], b[i], c[i], d[i], e[i], f[i], g[i], h[i]]))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bits(points: &[Point]) -> Vec<(i64, i64, u64)> {
        let bits = |p: &Point| (p.step, p.timestamp, p.value.to_bits());
        points.iter().map(bits).collect()
    }

    proptest! {
        #[test]
        fn what_was_encoded_is_decoded(rows: Vec<(i64, i64, f64)>) {
            let points: Vec<Point> = rows
                .into_iter()
                .map(|(step, timestamp, value)| Point { step, timestamp, value })
                .collect();
            let data = encode(&points).unwrap();
            let mut decoded = Vec::new();
            decode(CODEC, points.len() as i64, &data, &mut decoded).unwrap();
            prop_assert_eq!(bits(&decoded), bits(&points));
        }

        #[test]
        fn damaged_bytes_are_an_error_or_other_points(data: Vec<u8>, count: i64, codec: i16) {
            let _ = decode(codec, count, &data, &mut Vec::new());
        }
    }

    #[test]
    fn a_smooth_series_takes_less_than_nine_bytes_a_point() {
        let points: Vec<Point> = (0..4096)
            .map(|step| Point {
                step,
                timestamp: 1_700_000_000_000 + step * 250 + step % 7,
                value: (step as f64 / 100.0).sin(),
            })
            .collect();
        assert!(encode(&points).unwrap().len() < 9 * points.len());
    }

    #[test]
    fn a_count_that_does_not_fit_the_data_is_an_error() {
        let point = Point {
            step: 1,
            timestamp: 2,
            value: 3.0,
        };
        let data = encode(&[point]).unwrap();
        assert!(decode(CODEC, 2, &data, &mut Vec::new()).is_err());
        assert!(decode(CODEC, 0, &data, &mut Vec::new()).is_err());
    }
}
