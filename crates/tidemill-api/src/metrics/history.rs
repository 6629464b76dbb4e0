use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, Responder};
use tidemill_core::metrics::{HistoryPage, Metric, Point};
use tidemill_core::page::Page;
use tidemill_proto::mlflow::{GetMetricHistory, get_metric_history};

use super::write_point;
use crate::App;
use crate::error::ApiError;
use crate::extract::Body;
use crate::listing::listing;
use crate::reply::{Reply, wants_protobuf};
use crate::runs;

/// `metrics/get-history`
pub(crate) async fn history(
    app: Data<App>,
    http: HttpRequest,
    request: Body<GetMetricHistory>,
) -> Result<HttpResponse, ApiError> {
    let request = request.0;
    let page = HistoryPage::new(request.max_results.map(i64::from), request.page_token)?;
    let run = runs::id(request.run_id, request.run_uuid);
    let key = request.metric_key.unwrap_or_default();
    let points = app.tracking.metric_history(run, key.clone(), page).await?;
    Ok(match wants_protobuf(&http) {
        true => Reply(message(&key, points)).respond_to(&http),
        false => listing(
            "metrics",
            points.items.into_iter(),
            move |out, point| {
                write_point(out, &key, &point);
                out.end_object();
            },
            points.next_page_token,
        ),
    })
}

fn message(key: &str, page: Page<Point>) -> get_metric_history::Response {
    let metric = |point: Point| {
        runs::metric_to_wire(Metric {
            key: key.to_owned(),
            value: point.value,
            timestamp: point.timestamp,
            step: point.step,
            model_id: None,
            dataset_name: None,
            dataset_digest: None,
        })
    };
    get_metric_history::Response {
        metrics: page.items.into_iter().map(metric).collect(),
        next_page_token: page.next_page_token,
    }
}
