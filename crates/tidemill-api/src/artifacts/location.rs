//! From a run, version or logged model to the storage that holds its files.

use actix_web::HttpRequest;
use tidemill_artifacts::Repository;
use tidemill_core::artifact_path::{ArtifactPath, invalid_path};
use tidemill_core::runs::RunId;
use tidemill_core::{Error, Result};
use tidemill_proto::query;

use crate::App;

/// The storage behind a stored location. `runs:/` stays in a version's source when a client
/// has not resolved it.
pub(super) async fn open(app: &App, location: &str) -> Result<Repository> {
    let Some(rest) = location.strip_prefix("runs:/") else {
        return app.artifacts.open_location(location).await;
    };
    let (run, path) = rest.split_once('/').unwrap_or((rest, ""));
    let info = app.tracking.get_run_info(RunId::from(run)).await?;
    let repository = app.artifacts.open_location(&info.artifact_uri).await?;
    Ok(repository.below(&ArtifactPath::parse(path)?))
}

/// The storage of a run's artifacts, and where it is.
pub(super) async fn of_run(app: &App, run: RunId) -> Result<(Repository, String)> {
    let info = app.tracking.get_run_info(run).await?;
    let repository = app.artifacts.open_location(&info.artifact_uri).await?;
    Ok((repository, info.artifact_uri))
}

/// The storage of a logged model's files, and where it is.
pub(super) async fn of_logged_model(app: &App, model_id: &str) -> Result<(Repository, String)> {
    let model = app.tracking.get_logged_model(model_id.to_owned()).await?;
    let repository = app
        .artifacts
        .open_location(&model.artifact_location)
        .await?;
    Ok((repository, model.artifact_location))
}

/// The path of a request field; absent means the root.
pub(super) fn path(text: Option<&str>) -> Result<ArtifactPath> {
    match text {
        Some(text) => ArtifactPath::parse(text),
        None => Ok(ArtifactPath::root()),
    }
}

/// The end of the request's path after `marker`, decoded exactly once.
pub(super) fn path_after(request: &HttpRequest, marker: &str) -> Result<ArtifactPath> {
    let raw = request.uri().path();
    let (_, tail) = raw.split_once(marker).ok_or_else(invalid_path)?;
    ArtifactPath::parse_encoded(tail)
}

/// The first value of a parameter in the query string.
pub(super) fn parameter(request: &HttpRequest, name: &str) -> Result<Option<String>> {
    let pairs = query::pairs(request.query_string())
        .map_err(|error| Error::invalid_parameter(error.to_string()))?;
    Ok(pairs
        .into_iter()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned()))
}

/// A parameter that must be there.
pub(super) fn required(request: &HttpRequest, name: &str) -> Result<String> {
    parameter(request, name)?
        .filter(|value| !value.is_empty())
        .ok_or_else(|| {
            Error::invalid_parameter(format!(
                "Missing value for required parameter '{name}'. See the API docs for more \
                 information about request parameters."
            ))
        })
}
