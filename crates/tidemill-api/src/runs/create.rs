use actix_web::web::Data;
use tidemill_core::experiments::ExperimentId;
use tidemill_core::runs::create::NewRun;
use tidemill_proto::mlflow::{self, CreateRun, create_run::Response};

use super::wire;
use crate::App;
use crate::extract::Body;
use crate::reply::{Answer, Reply};

pub(crate) async fn create(app: Data<App>, request: Body<CreateRun>) -> Answer<Response> {
    let request = request.0;
    let new = NewRun::new(
        ExperimentId::parse(&request.experiment_id.unwrap_or_default())?,
        request.user_id.unwrap_or_default(),
        request.run_name,
        request.start_time.unwrap_or_default(),
        request.tags.into_iter().map(wire::tag_from_wire).collect(),
    )?;
    let run = app.tracking.create_run(new).await?;
    Ok(Reply(Response {
        run: Some(mlflow::Run {
            outputs: None,
            ..wire::run(run)
        }),
    }))
}
