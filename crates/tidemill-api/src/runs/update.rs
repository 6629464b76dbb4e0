use actix_web::web::Data;
use tidemill_core::runs::RunUpdate;
use tidemill_proto::mlflow::{UpdateRun, update_run::Response};

use super::{id, wire};
use crate::App;
use crate::extract::Body;
use crate::reply::{Answer, Reply};

pub(crate) async fn update(app: Data<App>, request: Body<UpdateRun>) -> Answer<Response> {
    let request = request.0;
    let status = request.status.map(wire::status).transpose()?;
    let update = RunUpdate::new(status, request.end_time, request.run_name);
    let info = app
        .tracking
        .update_run(id(request.run_id, request.run_uuid), update)
        .await?;
    Ok(Reply(Response {
        run_info: Some(wire::info(info)),
    }))
}
