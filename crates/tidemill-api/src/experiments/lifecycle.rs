use actix_web::web::Data;
use tidemill_proto::mlflow::{
    DeleteExperiment, RestoreExperiment, UpdateExperiment, delete_experiment, restore_experiment,
    update_experiment,
};

use super::id;
use crate::App;
use crate::extract::Body;
use crate::reply::{Answer, Reply};

pub(crate) async fn delete(
    app: Data<App>,
    request: Body<DeleteExperiment>,
) -> Answer<delete_experiment::Response> {
    app.tracking
        .delete_experiment(id(&request.experiment_id)?)
        .await?;
    Ok(Reply(delete_experiment::Response {}))
}

pub(crate) async fn restore(
    app: Data<App>,
    request: Body<RestoreExperiment>,
) -> Answer<restore_experiment::Response> {
    app.tracking
        .restore_experiment(id(&request.experiment_id)?)
        .await?;
    Ok(Reply(restore_experiment::Response {}))
}

pub(crate) async fn update(
    app: Data<App>,
    request: Body<UpdateExperiment>,
) -> Answer<update_experiment::Response> {
    let name = request.new_name.clone().unwrap_or_default();
    app.tracking
        .rename_experiment(id(&request.experiment_id)?, name)
        .await?;
    Ok(Reply(update_experiment::Response {}))
}
