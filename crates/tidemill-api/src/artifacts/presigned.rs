//! Links by which clients reach the storage themselves.

use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::web::Data;
use tidemill_core::artifact_path::ArtifactPath;
use tidemill_core::runs::RunId;
use tidemill_core::{Error, Result};
use tidemill_proto::mlflow::artifacts::get_presigned_download_url;
use tidemill_proto::mlflow::{
    CreatePresignedDownloadUrl, CreatePresignedUploadUrl, create_presigned_download_url,
    create_presigned_upload_url,
};

use super::location::{of_logged_model, of_run, path_after};
use crate::App;
use crate::extract::Body;
use crate::reply::{Answer, Reply};

/// How long an upload link lives unless the request says.
const UPLOAD_SECONDS: i64 = 900;
/// The longest life that object stores give a link: seven days.
const MOST_SECONDS: i64 = 604_800;

/// `mlflow-artifacts/presigned/{path}`
pub(crate) async fn presigned(
    app: Data<App>,
    request: HttpRequest,
) -> Answer<get_presigned_download_url::Response> {
    let path = path_after(&request, "/mlflow-artifacts/presigned/")?;
    let link = app
        .artifacts
        .proxied()
        .await?
        .presign_download(&path, app.artifacts.link_lifetime)
        .await?;
    Ok(Reply(get_presigned_download_url::Response {
        url: Some(link.url),
        headers: link.headers.into_iter().collect(),
        file_size: link.file_size.and_then(|size| i64::try_from(size).ok()),
    }))
}

/// `artifacts/presigned-download-url`
pub(crate) async fn presigned_download(
    app: Data<App>,
    request: Body<CreatePresignedDownloadUrl>,
) -> Answer<create_presigned_download_url::Response> {
    let request = request.0;
    let path = ArtifactPath::parse(&request.path.unwrap_or_default())?;
    let usual = app.artifacts.link_lifetime.as_secs();
    let lifetime = lifetime(
        request
            .expiration
            .unwrap_or(i64::try_from(usual).unwrap_or(MOST_SECONDS)),
    )?;
    let run = RunId(request.run_id.unwrap_or_default());
    let (repository, root) = of_run(&app, run).await?;
    refuse_proxied(
        &root,
        "Presigned download is not supported for runs with proxied artifact storage",
        "This endpoint requires a run with a direct cloud storage artifact URI.",
    )?;
    let link = repository.presign_download(&path, lifetime).await?;
    Ok(Reply(create_presigned_download_url::Response {
        presigned_url: Some(link.url),
        headers: link.headers.into_iter().collect(),
        file_size: link.file_size.and_then(|size| i64::try_from(size).ok()),
    }))
}

/// `artifacts/presigned-upload-url`
pub(crate) async fn presigned_upload(
    app: Data<App>,
    request: Body<CreatePresignedUploadUrl>,
) -> Answer<create_presigned_upload_url::Response> {
    let request = request.0;
    let given = |id: Option<String>| id.filter(|id| !id.is_empty());
    let (run, model) = (given(request.run_id), given(request.model_id));
    if run.is_some() == model.is_some() {
        return Err(Error::invalid_parameter(
            "Exactly one of run_id and model_id must be provided.",
        )
        .into());
    }
    let path = ArtifactPath::parse(&request.path.unwrap_or_default())?;
    let lifetime = lifetime(request.expiration.unwrap_or(UPLOAD_SECONDS))?;
    let (repository, root) = match run {
        Some(run) => of_run(&app, RunId(run)).await?,
        None => of_logged_model(&app, &model.unwrap_or_default()).await?,
    };
    refuse_proxied(
        &root,
        "Presigned upload is not supported for proxied artifact storage",
        "This endpoint requires a direct cloud storage artifact URI.",
    )?;
    let link = repository.presign_upload(&path, lifetime).await?;
    Ok(Reply(create_presigned_upload_url::Response {
        presigned_url: Some(link.url),
        headers: link.headers.into_iter().collect(),
    }))
}

fn lifetime(seconds: i64) -> Result<Duration> {
    match u64::try_from(seconds) {
        Ok(n) if (1..=MOST_SECONDS).contains(&seconds) => Ok(Duration::from_secs(n)),
        _ => Err(Error::invalid_parameter(format!(
            "expiration must be between 1 and {MOST_SECONDS} seconds (got {seconds})."
        ))),
    }
}

fn refuse_proxied(root: &str, refusal: &str, hint: &str) -> Result<()> {
    match root.split_once(':') {
        Some((scheme @ ("http" | "https" | "mlflow-artifacts"), _)) => Err(
            Error::invalid_parameter(format!("{refusal} (artifact URI scheme: {scheme}). {hint}")),
        ),
        _ => Ok(()),
    }
}
