use actix_web::web::Data;
use tidemill_core::metrics::Metric;
use tidemill_core::params::Param;
use tidemill_core::runs::batch::check_tag;
use tidemill_core::tags::Tag;
use tidemill_proto::mlflow::{
    DeleteTag, LogMetric, LogModel, LogParam, SetTag, delete_tag, log_metric, log_model, log_param,
    set_tag,
};

use super::id;
use crate::App;
use crate::extract::Body;
use crate::reply::{Answer, Reply};

pub(crate) async fn log_metric(
    app: Data<App>,
    request: Body<LogMetric>,
) -> Answer<log_metric::Response> {
    let request = request.0;
    let metric = Metric::new(
        request.key.unwrap_or_default(),
        request.value.unwrap_or_default(),
        request.timestamp.unwrap_or_default(),
        request.step.unwrap_or_default(),
    )?
    .of_model(
        given(request.model_id),
        given(request.dataset_name),
        given(request.dataset_digest),
    )?;
    app.tracking
        .log_metric(id(request.run_id, request.run_uuid), metric)
        .await?;
    Ok(Reply(log_metric::Response {}))
}

/// An empty text counts as none.
fn given(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

pub(crate) async fn log_param(
    app: Data<App>,
    request: Body<LogParam>,
) -> Answer<log_param::Response> {
    let request = request.0;
    let param = Param::new(
        request.key.unwrap_or_default(),
        request.value.unwrap_or_default(),
        app.config.limits,
    )?;
    app.tracking
        .log_param(id(request.run_id, request.run_uuid), param)
        .await?;
    Ok(Reply(log_param::Response {}))
}

pub(crate) async fn set_tag(app: Data<App>, request: Body<SetTag>) -> Answer<set_tag::Response> {
    let request = request.0;
    let tag = Tag::new(
        request.key.unwrap_or_default(),
        request.value.unwrap_or_default(),
    );
    let tag = check_tag(tag, app.config.limits)?;
    app.tracking
        .set_tag(id(request.run_id, request.run_uuid), tag)
        .await?;
    Ok(Reply(set_tag::Response {}))
}

/// Knows the run by `run_id` only.
pub(crate) async fn delete_tag(
    app: Data<App>,
    request: Body<DeleteTag>,
) -> Answer<delete_tag::Response> {
    let request = request.0;
    app.tracking
        .delete_tag(id(request.run_id, None), request.key.unwrap_or_default())
        .await?;
    Ok(Reply(delete_tag::Response {}))
}

pub(crate) async fn log_model(
    app: Data<App>,
    request: Body<LogModel>,
) -> Answer<log_model::Response> {
    let request = request.0;
    app.tracking
        .record_logged_model(
            id(request.run_id, None),
            request.model_json.unwrap_or_default(),
        )
        .await?;
    Ok(Reply(log_model::Response {}))
}
