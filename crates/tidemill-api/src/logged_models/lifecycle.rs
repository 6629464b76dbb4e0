use actix_web::web::Data;
use tidemill_core::Error;
use tidemill_core::logged_models::LoggedModelStatus;
use tidemill_proto::mlflow::{
    DeleteLoggedModel, FinalizeLoggedModel, GetLoggedModel, delete_logged_model,
    finalize_logged_model, get_logged_model,
};

use super::wire;
use crate::App;
use crate::extract::Body;
use crate::reply::{Answer, Reply};

pub(crate) async fn get(
    app: Data<App>,
    request: Body<GetLoggedModel>,
) -> Answer<get_logged_model::Response> {
    let id = request.0.model_id.unwrap_or_default();
    let model = app.tracking.get_logged_model(id).await?;
    Ok(Reply(get_logged_model::Response {
        model: Some(wire::model(model)),
    }))
}

pub(crate) async fn finalize(
    app: Data<App>,
    request: Body<FinalizeLoggedModel>,
) -> Answer<finalize_logged_model::Response> {
    let request = request.0;
    let number = request.status.unwrap_or_default();
    let status = i16::try_from(number)
        .ok()
        .and_then(LoggedModelStatus::from_number)
        .ok_or_else(|| {
            Error::invalid_parameter(format!("Invalid value {number} for parameter 'status'."))
        })?;
    let model = app
        .tracking
        .finalize_logged_model(request.model_id.unwrap_or_default(), status)
        .await?;
    Ok(Reply(finalize_logged_model::Response {
        model: Some(wire::model(model)),
    }))
}

pub(crate) async fn delete(
    app: Data<App>,
    request: Body<DeleteLoggedModel>,
) -> Answer<delete_logged_model::Response> {
    let id = request.0.model_id.unwrap_or_default();
    app.tracking.delete_logged_model(id).await?;
    Ok(Reply(delete_logged_model::Response {}))
}
