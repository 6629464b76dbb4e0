//! Uploads in parts that clients send to the storage themselves.

use actix_web::HttpRequest;
use actix_web::web::Data;
use tidemill_artifacts::CompletedPart;
use tidemill_core::Result;
use tidemill_core::artifact_path::{ArtifactPath, invalid_path};
use tidemill_proto::mlflow::artifacts::{
    AbortMultipartUpload, CompleteMultipartUpload, CreateMultipartUpload,
    MultipartUploadCredential, abort_multipart_upload, complete_multipart_upload,
    create_multipart_upload,
};

use super::location::path_after;
use crate::App;
use crate::extract::Body;
use crate::reply::{Answer, Reply};

pub(crate) async fn create_multipart(
    app: Data<App>,
    request: HttpRequest,
    body: Body<CreateMultipartUpload>,
) -> Answer<create_multipart_upload::Response> {
    let path = target(&request, "/mpu/create/", body.path.as_deref())?;
    let upload = app
        .artifacts
        .proxied()
        .await?
        .begin_multipart(&path, body.num_parts.unwrap_or_default())
        .await?;
    Ok(Reply(create_multipart_upload::Response {
        upload_id: upload.upload_id,
        credentials: upload
            .parts
            .into_iter()
            .map(|part| MultipartUploadCredential {
                url: Some(part.url),
                part_number: Some(i64::from(part.part_number)),
                ..Default::default()
            })
            .collect(),
    }))
}

pub(crate) async fn complete_multipart(
    app: Data<App>,
    request: HttpRequest,
    body: Body<CompleteMultipartUpload>,
) -> Answer<complete_multipart_upload::Response> {
    let path = target(&request, "/mpu/complete/", body.path.as_deref())?;
    let body = body.0;
    let parts: Vec<CompletedPart> = body
        .parts
        .into_iter()
        .map(|part| CompletedPart {
            part_number: part.part_number.unwrap_or_default(),
            etag: part.etag,
            url: part.url,
        })
        .collect();
    app.artifacts
        .proxied()
        .await?
        .complete_multipart(&path, body.upload_id.as_deref(), &parts)
        .await?;
    Ok(Reply(complete_multipart_upload::Response {}))
}

pub(crate) async fn abort_multipart(
    app: Data<App>,
    request: HttpRequest,
    body: Body<AbortMultipartUpload>,
) -> Answer<abort_multipart_upload::Response> {
    let path = target(&request, "/mpu/abort/", body.path.as_deref())?;
    app.artifacts
        .proxied()
        .await?
        .abort_multipart(&path, body.upload_id.as_deref())
        .await?;
    Ok(Reply(abort_multipart_upload::Response {}))
}

/// The folder is in the URL; the file's name is the last part of the client's own path.
fn target(request: &HttpRequest, marker: &str, file: Option<&str>) -> Result<ArtifactPath> {
    let folder = path_after(request, marker)?;
    let name = file.and_then(|file| file.rsplit('/').next());
    match ArtifactPath::parse(name.unwrap_or_default())? {
        name if name.is_root() => Err(invalid_path()),
        name => Ok(folder.join(&name)),
    }
}
