use actix_web::web::Data;
use tidemill_core::metrics::Metric;
use tidemill_core::params::Param;
use tidemill_core::runs::RunId;
use tidemill_core::runs::batch::LogBatch;
use tidemill_proto::mlflow::{self, log_batch::Response};

use super::wire;
use crate::App;
use crate::extract::Body;
use crate::reply::{Answer, Reply};

pub(crate) async fn log_batch(app: Data<App>, request: Body<mlflow::LogBatch>) -> Answer<Response> {
    let request = request.0;
    let run = RunId::parse(&request.run_id.unwrap_or_default())?;
    let batch = LogBatch::new(
        request.metrics.into_iter().map(metric).collect(),
        request.params.into_iter().map(param).collect(),
        request.tags.into_iter().map(wire::tag_from_wire).collect(),
        app.config.limits,
    )?;
    app.tracking.log_batch(run, batch).await?;
    Ok(Reply(Response {}))
}

fn metric(metric: mlflow::Metric) -> Metric {
    Metric {
        key: metric.key.unwrap_or_default(),
        value: metric.value.unwrap_or_default(),
        timestamp: metric.timestamp.unwrap_or_default(),
        step: metric.step.unwrap_or_default(),
        model_id: metric.model_id,
        dataset_name: metric.dataset_name,
        dataset_digest: metric.dataset_digest,
    }
}

fn param(param: mlflow::Param) -> Param {
    Param {
        key: param.key.unwrap_or_default(),
        value: param.value.unwrap_or_default(),
    }
}
