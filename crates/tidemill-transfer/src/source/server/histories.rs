//! Every point of a metric. Servers that know pages of histories are asked for pages; older
//! ones answer with everything, which then has to fit into one answer.

use serde::Deserialize;
use serde_json::value::RawValue;
use tidemill_core::metrics::{Point, finite};
use tidemill_core::runs::RunId;
use tidemill_core::transfer::{Fault, RunPiece};

use super::client::Client;
use super::json::{self, Float, Int};
use super::listing::Tokens;
use crate::Result;

const GET: &str = "/api/2.0/mlflow/metrics/get-history";
/// How many points are asked for at once.
const MAX_RESULTS: &str = "20000";
/// How many points a piece has at most.
const MAX_PIECE: usize = 50_000;

#[derive(Deserialize)]
struct Answer {
    /// Read on its own, so that a point that makes no sense does not look like an answer that
    /// makes no sense.
    metrics: Option<Box<RawValue>>,
    next_page_token: Option<String>,
}

#[derive(Deserialize)]
struct WirePoint {
    value: Float,
    timestamp: Int,
    step: Option<Int>,
}

/// Hands over all points of one metric.
pub(super) fn read(
    client: &Client,
    run: &RunId,
    key: &str,
    each: &mut dyn FnMut(RunPiece) -> Result<()>,
    faults: &mut Vec<Fault>,
) -> Result<()> {
    let what = || format!("metric {key:?} of run {run}");
    let mut tokens = Tokens::default();
    loop {
        let answer = match page(client, run, key, tokens.current()) {
            Ok(answer) => answer,
            Err(failure) => {
                let why = failure.of_one_thing()?;
                faults.push(Fault::new(what(), format!("{why}; points are left out")));
                return Ok(());
            }
        };
        let points = match answer.metrics.as_deref().map_or(Ok(Vec::new()), points) {
            Ok(points) => points,
            Err(why) => {
                faults.push(Fault::new(what(), format!("{why}; points are left out")));
                return Ok(());
            }
        };
        let asked = points.len();
        let points = sensible(points, what, faults);
        for points in points.chunks(MAX_PIECE) {
            each(RunPiece::Points {
                key: key.to_owned(),
                points: points.to_vec(),
            })?;
        }
        if !tokens.advance(answer.next_page_token, asked)? {
            return Ok(());
        }
    }
}

fn page(
    client: &Client,
    run: &RunId,
    key: &str,
    token: Option<&str>,
) -> Result<Answer, super::failure::Failure> {
    let mut query = vec![
        ("run_id", run.as_str()),
        ("metric_key", key),
        ("max_results", MAX_RESULTS),
    ];
    query.extend(token.map(|token| ("page_token", token)));
    client.get(GET, &query)
}

fn points(list: &RawValue) -> Result<Vec<Point>, String> {
    let points: Vec<WirePoint> = json::read_one(list)?;
    let point = |point: WirePoint| Point {
        step: point.step.map_or(0, |step| step.0),
        timestamp: point.timestamp.0,
        value: finite(point.value.0),
    };
    Ok(points.into_iter().map(point).collect())
}

/// The points whose time can be.
fn sensible(
    mut points: Vec<Point>,
    what: impl Fn() -> String,
    faults: &mut Vec<Fault>,
) -> Vec<Point> {
    let before = points.len();
    points.retain(|point| point.timestamp >= 0);
    let refused = before - points.len();
    if refused > 0 {
        let why = format!("{refused} points with negative times are left out");
        faults.push(Fault::new(what(), why));
    }
    points
}
