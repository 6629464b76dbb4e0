use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use tidemill_core::runs::RunId;
use tidemill_core::{Error, Result};
use tidemill_proto::{JsonWriter, query};

use super::count;
use crate::App;
use crate::error::ApiError;
use crate::reply::json;

/// About how many bytes a point takes.
const POINT: usize = 96;
/// Points in one answer at most; asking for more is not an error.
const POINTS: usize = 25_000;
/// Runs in one request at most.
const RUNS: usize = 100;

/// `metrics/get-history-bulk`, which has no message: its answer has all fields, even empty ones.
pub(crate) async fn history_bulk(
    app: Data<App>,
    http: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let question = Question::new(http.query_string())?;
    let key = question.key;
    let histories = app
        .tracking
        .metric_history_bulk(question.runs, key.clone(), question.most)
        .await?;
    let mut out = JsonWriter::with_capacity(64 + count(&histories) * POINT);
    out.begin_object();
    out.key("metrics").begin_array();
    for history in &histories {
        for point in &history.points {
            out.begin_object();
            out.key("key").string(&key);
            out.key("run_id").string(history.run.as_str());
            out.key("step").int(point.step);
            out.key("timestamp").int(point.timestamp);
            out.key("value").python_double(point.value);
            out.end_object();
        }
    }
    out.end_array();
    out.end_object();
    Ok(json(out.into_bytes()))
}

struct Question {
    runs: Vec<RunId>,
    key: String,
    most: usize,
}

impl Question {
    fn new(text: &str) -> Result<Self, ApiError> {
        let (mut runs, mut key, mut most) = (Vec::new(), None, None);
        for (name, value) in query::pairs(text)? {
            match name.as_ref() {
                "run_id" => runs.push(RunId(value.into_owned())),
                "metric_key" if key.is_none() => key = Some(value.into_owned()),
                "max_results" if most.is_none() => most = Some(value.into_owned()),
                _ => {}
            }
        }
        Ok(Self {
            runs: checked(runs)?,
            key: key.ok_or_else(|| {
                Error::invalid_parameter("GetMetricHistoryBulk request must specify a metric_key.")
            })?,
            most: most.map_or(Ok(POINTS), |most| page_size(&most))?,
        })
    }
}

fn checked(runs: Vec<RunId>) -> Result<Vec<RunId>> {
    if runs.is_empty() {
        return Err(Error::invalid_parameter(
            "GetMetricHistoryBulk request must specify at least one run_id.",
        ));
    }
    if runs.len() > RUNS {
        return Err(Error::invalid_parameter(format!(
            "GetMetricHistoryBulk request cannot specify more than {RUNS} run_ids. Received {} \
             run_ids.",
            runs.len()
        )));
    }
    Ok(runs)
}

fn page_size(text: &str) -> Result<usize> {
    match text.trim().parse::<usize>() {
        Ok(most) => Ok(most.min(POINTS)),
        Err(_) => Err(Error::invalid_parameter(format!(
            "Invalid value '{text}' for parameter 'max_results' supplied. It must be a \
             non-negative integer."
        ))),
    }
}
