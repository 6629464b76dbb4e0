use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, Responder};
use tidemill_artifacts::{FileInfo, Listing, Repository};
use tidemill_core::artifact_path::ArtifactPath;
use tidemill_core::{Error, Result};
use tidemill_proto::JsonWriter;
use tidemill_proto::mlflow::{
    self, ListArtifacts, ListLoggedModelArtifacts, list_artifacts, list_logged_model_artifacts,
};

use super::location::{of_logged_model, of_run, path};
use crate::App;
use crate::error::ApiError;
use crate::extract::Body;
use crate::reply::{Answer, Reply, json, wants_protobuf};
use crate::runs;

/// `artifacts/list`
///
/// The UI's comparison of runs reads the list of files without looking whether there is one.
/// MLflow leaves an empty list out; the UI's own path gets it.
pub(crate) async fn list_run_artifacts(
    app: Data<App>,
    http: HttpRequest,
    request: Body<ListArtifacts>,
) -> Result<HttpResponse, ApiError> {
    let Reply(found) = list_run_artifacts_message(app, request).await?;
    let is_for_ui = http.path().contains("/ajax-api/") && !wants_protobuf(&http);
    Ok(match is_for_ui && found.files.is_empty() {
        true => json(without_files(&found)),
        false => Reply(found).respond_to(&http),
    })
}

fn without_files(found: &list_artifacts::Response) -> Vec<u8> {
    let mut out = JsonWriter::new();
    out.begin_object();
    out.key("root_uri").string(found.root_uri());
    out.key("files").begin_array();
    out.end_array();
    out.end_object();
    out.into_bytes()
}

/// The same answer as a message.
pub(crate) async fn list_run_artifacts_message(
    app: Data<App>,
    request: Body<ListArtifacts>,
) -> Answer<list_artifacts::Response> {
    let request = request.0;
    let path = path(request.path.as_deref())?;
    let run = runs::id(request.run_id, request.run_uuid);
    let (repository, root) = of_run(&app, run).await?;
    let listing = page(&repository, &path, request.page_token.as_deref()).await?;
    Ok(Reply(list_artifacts::Response {
        root_uri: Some(root),
        files: listing.files.into_iter().map(to_wire).collect(),
        next_page_token: listing.next,
    }))
}

/// `logged-models/{model_id}/artifacts/directories`
pub(crate) async fn list_logged_model_artifacts(
    app: Data<App>,
    request: Body<ListLoggedModelArtifacts>,
) -> Answer<list_logged_model_artifacts::Response> {
    let request = request.0;
    let path = path(request.artifact_directory_path.as_deref())?;
    let model_id = request.model_id.unwrap_or_default();
    let (repository, root) = of_logged_model(&app, &model_id).await?;
    let listing = page(&repository, &path, request.page_token.as_deref()).await?;
    Ok(Reply(list_logged_model_artifacts::Response {
        root_uri: Some(root),
        files: listing.files.into_iter().map(to_wire).collect(),
        next_page_token: listing.next,
    }))
}

/// The token of a page is the last path of the page before.
async fn page(
    repository: &Repository,
    path: &ArtifactPath,
    token: Option<&str>,
) -> Result<Listing> {
    let token = token.filter(|token| !token.is_empty());
    if token.is_some_and(|token| ArtifactPath::parse(token).is_err()) {
        return Err(Error::invalid_parameter("Invalid page token."));
    }
    repository.list(path, token).await
}

pub(super) fn to_wire(file: FileInfo) -> mlflow::FileInfo {
    mlflow::FileInfo {
        path: Some(file.path),
        is_dir: Some(file.is_dir),
        file_size: size(file.file_size),
    }
}

/// An empty file has no size in these answers, as in MLflow's.
pub(super) fn size(bytes: Option<u64>) -> Option<i64> {
    i64::try_from(bytes?).ok().filter(|size| *size > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_file_has_no_size() {
        assert_eq!(size(Some(0)), None);
        assert_eq!(size(Some(7)), Some(7));
    }
}
