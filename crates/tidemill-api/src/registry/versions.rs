use actix_web::web::Data;
use tidemill_core::registry::versions::number;
use tidemill_core::registry::{VersionDraft, VersionRequest};
use tidemill_core::{Error, Result};
use tidemill_proto::mlflow::{
    CreateModelVersion, DeleteModelVersion, GetModelVersion, GetModelVersionDownloadUri,
    UpdateModelVersion, create_model_version, delete_model_version, get_model_version,
    get_model_version_download_uri, update_model_version,
};

use super::wire;
use crate::App;
use crate::extract::Body;
use crate::reply::{Answer, Reply};

/// The registry resolves a copied version, the tracking store finds the run or logged model
/// that the source must belong to; the two may be different databases.
pub(crate) async fn create_version(
    app: Data<App>,
    request: Body<CreateModelVersion>,
) -> Answer<create_model_version::Response> {
    let request = request.0;
    let source = request.source.unwrap_or_default();
    check_pattern(&app, &source)?;
    let mut draft = VersionDraft::new(
        VersionRequest {
            name: request.name.unwrap_or_default(),
            source,
            run_id: request.run_id,
            model_id: request.model_id,
            run_link: request.run_link.unwrap_or_default(),
            description: request.description,
            tags: request
                .tags
                .into_iter()
                .map(wire::version_tag_from_wire)
                .collect(),
        },
        app.artifacts.policy(),
    )?;
    if let Some(reference) = draft.copied() {
        draft = draft.copy_of(app.registry.resolve_reference(reference).await?)?;
    }
    let owners = app.tracking.find_owners(&draft).await?;
    let new = draft.check(owners)?;
    let model_id = new.model_id.clone();
    let version = app.registry.create_model_version(new).await?;
    if let Some(model_id) = model_id {
        app.tracking
            .record_model_version(model_id, version.name.clone(), version.version)
            .await?;
    }
    Ok(Reply(create_model_version::Response {
        model_version: Some(wire::version(version)),
    }))
}

/// The operator may ask for more than the rules for every source.
fn check_pattern(app: &App, source: &str) -> Result<()> {
    match &app.config.version_source_pattern {
        Some(pattern) if !pattern.is_match(source) => Err(Error::invalid_parameter(format!(
            "Invalid model version source: '{source}'."
        ))),
        _ => Ok(()),
    }
}

pub(crate) async fn get_version(
    app: Data<App>,
    request: Body<GetModelVersion>,
) -> Answer<get_model_version::Response> {
    let request = request.0;
    let name = request.name.unwrap_or_default();
    let number = number(&name, &request.version.unwrap_or_default())?;
    let version = app.registry.get_model_version(name, number).await?;
    Ok(Reply(get_model_version::Response {
        model_version: Some(wire::version(version)),
    }))
}

pub(crate) async fn update_version(
    app: Data<App>,
    request: Body<UpdateModelVersion>,
) -> Answer<update_model_version::Response> {
    let request = request.0;
    let name = request.name.unwrap_or_default();
    let number = number(&name, &request.version.unwrap_or_default())?;
    let version = app
        .registry
        .update_model_version(name, number, request.description)
        .await?;
    Ok(Reply(update_model_version::Response {
        model_version: Some(wire::version(version)),
    }))
}

pub(crate) async fn delete_version(
    app: Data<App>,
    request: Body<DeleteModelVersion>,
) -> Answer<delete_model_version::Response> {
    let request = request.0;
    let name = request.name.unwrap_or_default();
    let number = number(&name, &request.version.unwrap_or_default())?;
    app.registry.delete_model_version(name, number).await?;
    Ok(Reply(delete_model_version::Response {}))
}

pub(crate) async fn download_uri(
    app: Data<App>,
    request: Body<GetModelVersionDownloadUri>,
) -> Answer<get_model_version_download_uri::Response> {
    let request = request.0;
    let name = request.name.unwrap_or_default();
    let number = number(&name, &request.version.unwrap_or_default())?;
    let uri = app
        .registry
        .get_model_version_download_uri(name, number)
        .await?;
    Ok(Reply(get_model_version_download_uri::Response {
        artifact_uri: Some(uri),
    }))
}
