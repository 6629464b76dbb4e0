use actix_web::web::Data;
use tidemill_core::experiments::NewExperiment;
use tidemill_core::tags::Tag;
use tidemill_proto::mlflow::{CreateExperiment, create_experiment::Response};

use crate::App;
use crate::extract::Body;
use crate::reply::{Answer, Reply};

pub(crate) async fn create(app: Data<App>, request: Body<CreateExperiment>) -> Answer<Response> {
    let request = request.0;
    let tags = request
        .tags
        .into_iter()
        .map(|tag| Tag::new(tag.key.unwrap_or_default(), tag.value.unwrap_or_default()))
        .collect();
    let new = NewExperiment::new(
        request.name.unwrap_or_default(),
        request.artifact_location.as_deref(),
        &app.config.default_artifact_root,
        tags,
        app.artifacts.policy(),
    )?;
    let id = app.tracking.create_experiment(new).await?;
    Ok(Reply(Response {
        experiment_id: Some(id.to_string()),
    }))
}
