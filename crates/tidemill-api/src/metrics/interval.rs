use std::rc::Rc;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, Responder};
use tidemill_core::Result;
use tidemill_core::metrics::{History, Point};
use tidemill_core::runs::RunId;
use tidemill_proto::mlflow::{
    GetMetricHistoryBulkInterval, MetricWithRunId, get_metric_history_bulk_interval,
};

use super::{count, write_point};
use crate::App;
use crate::error::ApiError;
use crate::extract::Body;
use crate::listing::listing;
use crate::reply::{Answer, Reply, wants_protobuf};

/// How many points of each run a chart gets when the request does not say.
const POINTS: usize = 2500;

/// `metrics/get-history-bulk-interval`
pub(crate) async fn history_interval(
    app: Data<App>,
    http: HttpRequest,
    request: Body<GetMetricHistoryBulkInterval>,
) -> Result<HttpResponse, ApiError> {
    let (key, histories) = histories(&app, request.0).await?;
    Ok(match wants_protobuf(&http) {
        true => Reply(message(&key, &histories)).respond_to(&http),
        false => listing(
            "metrics",
            histories.into_iter().flat_map(points),
            move |out, (run, point)| {
                write_point(out, &key, &point);
                out.key("run_id").string(run.as_str());
                out.end_object();
            },
            None,
        ),
    })
}

/// The same answer, whole in memory.
pub(crate) async fn history_interval_message(
    app: Data<App>,
    request: Body<GetMetricHistoryBulkInterval>,
) -> Answer<get_metric_history_bulk_interval::Response> {
    let (key, histories) = histories(&app, request.0).await?;
    Ok(Reply(message(&key, &histories)))
}

/// The key of the metric, and what its histories hold of the interval.
async fn histories(
    app: &App,
    request: GetMetricHistoryBulkInterval,
) -> Result<(String, Vec<History>)> {
    let key = request.metric_key.unwrap_or_default();
    let most = request
        .max_results
        .and_then(|most| usize::try_from(most).ok());
    let histories = app
        .tracking
        .metric_history_interval(
            request.run_ids.into_iter().map(RunId).collect(),
            key.clone(),
            request.start_step.map(i64::from),
            request.end_step.map(i64::from),
            most.unwrap_or(POINTS),
        )
        .await?;
    Ok((key, histories))
}

/// The points of a run, each with its run.
fn points(history: History) -> impl Iterator<Item = (Rc<RunId>, Point)> {
    let run = Rc::new(history.run);
    let points = history.points.into_iter();
    points.map(move |point| (Rc::clone(&run), point))
}

fn message(key: &str, histories: &[History]) -> get_metric_history_bulk_interval::Response {
    let mut metrics = Vec::with_capacity(count(histories));
    for history in histories {
        metrics.extend(history.points.iter().map(|point| MetricWithRunId {
            key: Some(key.to_owned()),
            value: Some(point.value),
            timestamp: Some(point.timestamp),
            step: Some(point.step),
            run_id: Some(history.run.to_string()),
        }));
    }
    get_metric_history_bulk_interval::Response { metrics }
}
