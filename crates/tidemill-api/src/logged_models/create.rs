use actix_web::web::Data;
use tidemill_core::experiments::ExperimentId;
use tidemill_core::logged_models::NewLoggedModel;
use tidemill_proto::mlflow::{CreateLoggedModel, create_logged_model::Response};

use super::wire;
use crate::App;
use crate::extract::Body;
use crate::reply::{Answer, Reply};

pub(crate) async fn create(app: Data<App>, request: Body<CreateLoggedModel>) -> Answer<Response> {
    let request = request.0;
    let new = NewLoggedModel::new(
        ExperimentId::parse(&request.experiment_id.unwrap_or_default())?,
        request.name,
        request.model_type.unwrap_or_default(),
        request.source_run_id.unwrap_or_default(),
        request
            .params
            .into_iter()
            .map(wire::param_from_wire)
            .collect(),
        request.tags.into_iter().map(wire::tag_from_wire).collect(),
    )?;
    let model = app.tracking.create_logged_model(new).await?;
    Ok(Reply(Response {
        model: Some(wire::model(model)),
    }))
}
