use actix_web::web::Data;
use tidemill_proto::mlflow::{
    GetExperiment, GetExperimentByName, get_experiment, get_experiment_by_name,
};

use super::{id, to_wire};
use crate::App;
use crate::extract::Body;
use crate::reply::{Answer, Reply};

pub(crate) async fn get(
    app: Data<App>,
    request: Body<GetExperiment>,
) -> Answer<get_experiment::Response> {
    let experiment = app
        .tracking
        .get_experiment(id(&request.experiment_id)?)
        .await?;
    Ok(Reply(get_experiment::Response {
        experiment: Some(to_wire(experiment)),
    }))
}

pub(crate) async fn get_by_name(
    app: Data<App>,
    request: Body<GetExperimentByName>,
) -> Answer<get_experiment_by_name::Response> {
    let name = request.0.experiment_name.unwrap_or_default();
    let experiment = app.tracking.get_experiment_by_name(name).await?;
    Ok(Reply(get_experiment_by_name::Response {
        experiment: Some(to_wire(experiment)),
    }))
}
