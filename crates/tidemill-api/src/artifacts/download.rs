//! Sending files. They are always attachments, so that a page stored as an artifact never
//! runs in this server's origin.

use std::time::SystemTime;

use actix_web::body::SizedStream;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HttpDate, LastModified};
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use tidemill_artifacts::{
    ByteRange, Content, GetOptions, Got, Metadata, Repository, attachment, content_type,
};
use tidemill_core::artifact_path::ArtifactPath;
use tidemill_core::registry::versions::number;
use tidemill_core::runs::RunId;
use tidemill_core::{Error, Result};

use super::location::{of_logged_model, of_run, open, parameter, required};
use crate::App;
use crate::error::ApiError;

/// `/get-artifact`
pub(crate) async fn get_run_artifact(
    app: Data<App>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let path = ArtifactPath::parse(&required(&request, "path")?)?;
    let run = match parameter(&request, "run_uuid")?.filter(|id| !id.is_empty()) {
        Some(id) => id,
        None => required(&request, "run_id")?,
    };
    let (repository, _) = of_run(&app, RunId(run)).await?;
    Ok(send(&repository, &path, &request).await?)
}

/// `/model-versions/get-artifact`
pub(crate) async fn get_version_artifact(
    app: Data<App>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let path = ArtifactPath::parse(&required(&request, "path")?)?;
    let name = required(&request, "name")?;
    let version = number(&name, &required(&request, "version")?)?;
    let location = app
        .registry
        .get_model_version_download_uri(name, version)
        .await?;
    let repository = open(&app, &location).await?;
    Ok(send(&repository, &path, &request).await?)
}

/// `/logged-models/{model_id}/artifacts/files`
pub(crate) async fn get_logged_model_artifact(
    app: Data<App>,
    model_id: Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let Some(path) = parameter(&request, "artifact_file_path")?.filter(|path| !path.is_empty())
    else {
        return Err(ApiError(Error::bad_request(
            "Request must include the \"artifact_file_path\" query parameter.",
        )));
    };
    let path = ArtifactPath::parse(&path)?;
    let (repository, _) = of_logged_model(&app, &model_id).await?;
    Ok(send(&repository, &path, &request).await?)
}

/// A file, a part of it, or word that the client has it already.
pub(super) async fn send(
    repository: &Repository,
    path: &ArtifactPath,
    request: &HttpRequest,
) -> Result<HttpResponse> {
    let name = path.file_name().unwrap_or_default();
    Ok(match repository.get(path, options(request)).await? {
        Got::Content(content) => content_response(content, name),
        Got::NotModified(file) => described(HttpResponse::NotModified(), &file).finish(),
        Got::RangeNotSatisfiable(file) => described(
            HttpResponse::build(StatusCode::RANGE_NOT_SATISFIABLE),
            &file,
        )
        .insert_header((header::CONTENT_RANGE, format!("bytes */{}", file.size)))
        .insert_header((header::CONTENT_TYPE, content_type(name)))
        .finish(),
    })
}

fn content_response(content: Content, name: &str) -> HttpResponse {
    let Content {
        metadata,
        range,
        body,
    } = content;
    let whole = range.start == 0 && range.end == metadata.size;
    let mut response = described(
        match whole {
            true => HttpResponse::Ok(),
            false => HttpResponse::PartialContent(),
        },
        &metadata,
    );
    if !whole {
        let span = format!("bytes {}-{}/{}", range.start, range.end - 1, metadata.size);
        response.insert_header((header::CONTENT_RANGE, span));
    }
    response
        .insert_header((header::ACCEPT_RANGES, "bytes"))
        .insert_header((header::CONTENT_TYPE, content_type(name)))
        .insert_header((header::CONTENT_DISPOSITION, attachment(name)))
        .insert_header((header::CONTENT_SECURITY_POLICY, "sandbox"))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .body(SizedStream::new(range.end - range.start, body))
}

fn described(mut response: HttpResponseBuilder, file: &Metadata) -> HttpResponseBuilder {
    if let Some(etag) = &file.etag {
        response.insert_header((header::ETAG, etag.as_str()));
    }
    if file.last_modified != SystemTime::UNIX_EPOCH {
        response.insert_header(LastModified(HttpDate::from(file.last_modified)));
    }
    response
}

fn options(request: &HttpRequest) -> GetOptions {
    let text = |name| {
        let value = request.headers().get(name)?.to_str().ok()?;
        Some(value.to_owned())
    };
    GetOptions {
        range: text(header::RANGE).as_deref().and_then(byte_range),
        if_none_match: text(header::IF_NONE_MATCH),
        if_range: text(header::IF_RANGE),
    }
}

/// A single range. Several, and what is not understood, mean the whole file.
fn byte_range(header: &str) -> Option<ByteRange> {
    let (first, last) = header.trim().strip_prefix("bytes=")?.split_once('-')?;
    let (first, last) = (first.trim(), last.trim());
    match (first.is_empty(), last.is_empty()) {
        (true, false) => Some(ByteRange::Last(last.parse().ok()?)),
        (false, true) => Some(ByteRange::From(first.parse().ok()?)),
        (false, false) => {
            let (first, last) = (first.parse().ok()?, last.parse().ok()?);
            (first <= last).then_some(ByteRange::FromTo(first, last))
        }
        (true, true) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_plain_range_is_understood() {
        assert_eq!(byte_range("bytes=0-4"), Some(ByteRange::FromTo(0, 4)));
        assert_eq!(byte_range("bytes=5-"), Some(ByteRange::From(5)));
        assert_eq!(byte_range("bytes=-3"), Some(ByteRange::Last(3)));
        for odd in [
            "bytes=0-1,3-4",
            "bytes=4-1",
            "bytes=-",
            "lines=1-2",
            "bytes=a-b",
        ] {
            assert_eq!(byte_range(odd), None, "{odd}");
        }
    }
}
