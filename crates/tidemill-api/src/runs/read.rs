use actix_web::web::Data;
use tidemill_proto::mlflow::{GetRun, get_run::Response};

use super::{id, wire};
use crate::App;
use crate::extract::Body;
use crate::reply::{Answer, Reply};

pub(crate) async fn get(app: Data<App>, request: Body<GetRun>) -> Answer<Response> {
    let id = id(request.0.run_id, request.0.run_uuid);
    let run = app.tracking.get_run(id).await?;
    Ok(Reply(Response {
        run: Some(wire::run(run)),
    }))
}
