use actix_web::web::Data;
use tidemill_core::Result;
use tidemill_core::registry::Stage;
use tidemill_core::registry::versions;
use tidemill_proto::mlflow::{
    GetLatestVersions, TransitionModelVersionStage, get_latest_versions,
    transition_model_version_stage,
};

use super::wire;
use crate::App;
use crate::extract::Body;
use crate::reply::{Answer, Reply};

pub(crate) async fn latest_versions(
    app: Data<App>,
    request: Body<GetLatestVersions>,
) -> Answer<get_latest_versions::Response> {
    let request = request.0;
    let stages = match request.stages.is_empty() {
        true => None,
        false => Some(
            request
                .stages
                .iter()
                .map(|stage| Stage::parse(stage))
                .collect::<Result<Vec<_>>>()?,
        ),
    };
    let versions = app
        .registry
        .latest_versions(request.name.unwrap_or_default(), stages)
        .await?;
    Ok(Reply(get_latest_versions::Response {
        model_versions: versions.into_iter().map(wire::version).collect(),
    }))
}

pub(crate) async fn transition_stage(
    app: Data<App>,
    request: Body<TransitionModelVersionStage>,
) -> Answer<transition_model_version_stage::Response> {
    let request = request.0;
    let name = request.name.unwrap_or_default();
    let number = versions::number(&name, &request.version.unwrap_or_default())?;
    let version = app
        .registry
        .transition_model_version_stage(
            name,
            number,
            Stage::parse(&request.stage.unwrap_or_default())?,
            request.archive_existing_versions.unwrap_or_default(),
        )
        .await?;
    Ok(Reply(transition_model_version_stage::Response {
        model_version: Some(wire::version(version)),
    }))
}
