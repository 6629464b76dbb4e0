//! Pages of a history. A token names the last point of its page, so that points which are
//! logged meanwhile neither repeat nor hide others.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};
use tidemill_core::metrics::{Point, by_time};
use tidemill_core::page::Page;
use tidemill_core::{Error, Result};

#[derive(Serialize, Deserialize)]
struct Token {
    timestamp: i64,
    step: i64,
    /// The bits of the value, which may be NaN.
    value: u64,
}

/// The point after which the page begins.
pub(super) fn read_token(token: &str) -> Result<Point> {
    let bytes = BASE64_STANDARD
        .decode(token)
        .map_err(|_| Error::invalid_parameter("Invalid page token, could not base64-decode"))?;
    let token: Token = serde_json::from_slice(&bytes).map_err(|_| {
        Error::invalid_parameter(format!(
            "Invalid page token, decoded value=b'{}'",
            bytes.escape_ascii()
        ))
    })?;
    Ok(Point {
        step: token.step,
        timestamp: token.timestamp,
        value: f64::from_bits(token.value),
    })
}

/// The points after `after`, `max_results` at most; sorted before and after.
pub(super) fn cut(
    mut points: Vec<Point>,
    after: Option<Point>,
    max_results: Option<usize>,
) -> Page<Point> {
    if let Some(after) = after {
        let seen = points.partition_point(|point| by_time(point, &after).is_le());
        points.drain(..seen);
    }
    let size = max_results.unwrap_or(points.len());
    let next_page_token = match points.get(..size).and_then(<[Point]>::last) {
        Some(last) if points.len() > size => Some(write_token(last)),
        _ => None,
    };
    points.truncate(size);
    Page {
        items: points,
        next_page_token,
    }
}

fn write_token(last: &Point) -> String {
    let json = format!(
        "{{\"timestamp\": {}, \"step\": {}, \"value\": {}}}",
        last.timestamp,
        last.step,
        last.value.to_bits()
    );
    BASE64_STANDARD.encode(json)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points() -> Vec<Point> {
        [(1, 0.5), (2, f64::NAN), (3, -1.0)]
            .map(|(step, value)| Point {
                step,
                timestamp: 7,
                value,
            })
            .to_vec()
    }

    fn steps(page: &Page<Point>) -> Vec<i64> {
        page.items.iter().map(|point| point.step).collect()
    }

    #[test]
    fn pages_follow_each_other_without_gap_or_repetition() {
        let mut seen = Vec::new();
        let mut after = None;
        loop {
            let page = cut(points(), after, Some(1));
            seen.extend(steps(&page));
            match page.next_page_token {
                Some(token) => after = Some(read_token(&token).unwrap()),
                None => break,
            }
        }
        assert_eq!(seen, [1, 2, 3]);
    }

    #[test]
    fn a_full_last_page_has_no_token() {
        assert_eq!(cut(points(), None, Some(3)).next_page_token, None);
        assert_eq!(cut(points(), None, None).items.len(), 3);
    }

    #[test]
    fn a_token_that_is_not_ours_is_refused() {
        let said = |token| read_token(token).unwrap_err().to_string();
        assert_eq!(said("abc"), "Invalid page token, could not base64-decode");
        assert_eq!(said("e30="), "Invalid page token, decoded value=b'{}'");
    }
}
