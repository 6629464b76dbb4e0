use actix_web::web::Data;
use tidemill_proto::mlflow::{
    DeleteLoggedModelTag, LogLoggedModelParamsRequest, SetLoggedModelTags, delete_logged_model_tag,
    log_logged_model_params_request, set_logged_model_tags,
};

use super::wire;
use crate::App;
use crate::extract::Body;
use crate::reply::{Answer, Reply};

pub(crate) async fn set_tags(
    app: Data<App>,
    request: Body<SetLoggedModelTags>,
) -> Answer<set_logged_model_tags::Response> {
    let request = request.0;
    let id = request.model_id.unwrap_or_default();
    let tags = request.tags.into_iter().map(wire::tag_from_wire).collect();
    app.tracking.set_logged_model_tags(id, tags).await?;
    Ok(Reply(set_logged_model_tags::Response::default()))
}

pub(crate) async fn delete_tag(
    app: Data<App>,
    request: Body<DeleteLoggedModelTag>,
) -> Answer<delete_logged_model_tag::Response> {
    let request = request.0;
    app.tracking
        .delete_logged_model_tag(
            request.model_id.unwrap_or_default(),
            request.tag_key.unwrap_or_default(),
        )
        .await?;
    Ok(Reply(delete_logged_model_tag::Response {}))
}

pub(crate) async fn log_params(
    app: Data<App>,
    request: Body<LogLoggedModelParamsRequest>,
) -> Answer<log_logged_model_params_request::Response> {
    let request = request.0;
    let params = request
        .params
        .into_iter()
        .map(wire::param_from_wire)
        .collect();
    app.tracking
        .log_logged_model_params(request.model_id.unwrap_or_default(), params)
        .await?;
    Ok(Reply(log_logged_model_params_request::Response {}))
}
