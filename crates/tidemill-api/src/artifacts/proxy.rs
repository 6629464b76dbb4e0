//! The artifact proxy: `mlflow-artifacts:` locations.

use actix_web::http::header;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use tidemill_proto::mlflow::artifacts::{FileInfo, ListArtifacts, delete_artifact, list_artifacts};

use super::download::send;
use super::list::size;
use super::location::{path, path_after};
use crate::App;
use crate::error::ApiError;
use crate::extract::Body;
use crate::incoming::Incoming;
use crate::reply::{Answer, Reply};

/// What stands before the path of an artifact.
const ARTIFACTS: &str = "/mlflow-artifacts/artifacts/";

/// Answers names, not paths, unlike `artifacts/list`.
pub(crate) async fn list(
    app: Data<App>,
    request: Body<ListArtifacts>,
) -> Answer<list_artifacts::Response> {
    let path = path(request.path.as_deref())?;
    let repository = app.artifacts.proxied().await?;
    let mut files = Vec::new();
    let mut after = None;
    loop {
        let listing = repository.list(&path, after.as_deref()).await?;
        files.extend(listing.files.into_iter().map(|file| FileInfo {
            path: file.path.rsplit('/').next().map(str::to_owned),
            is_dir: Some(file.is_dir),
            file_size: size(file.file_size),
        }));
        after = listing.next;
        if after.is_none() {
            return Ok(Reply(list_artifacts::Response { files }));
        }
    }
}

pub(crate) async fn download(
    app: Data<App>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let path = path_after(&request, ARTIFACTS)?;
    let repository = app.artifacts.proxied().await?;
    Ok(send(&repository, &path, &request).await?)
}

pub(crate) async fn upload(
    app: Data<App>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let path = path_after(&request, ARTIFACTS)?;
    let size = request
        .headers()
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse().ok());
    let incoming = Incoming::new(payload.into_inner());
    let pieces = futures::stream::try_unfold(incoming, async |mut incoming| {
        let piece = incoming.next().await?;
        Ok(piece.map(|piece| (piece, incoming)))
    });
    let repository = app.artifacts.proxied().await?;
    repository.put(&path, size, pieces).await?;
    Ok(HttpResponse::Ok().finish())
}

pub(crate) async fn delete(
    app: Data<App>,
    request: HttpRequest,
) -> Answer<delete_artifact::Response> {
    let path = path_after(&request, ARTIFACTS)?;
    app.artifacts.proxied().await?.delete(&path).await?;
    Ok(Reply(delete_artifact::Response {}))
}
