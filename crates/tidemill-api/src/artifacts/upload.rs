use actix_web::dev;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use bytes::{Bytes, BytesMut};
use tidemill_core::Error;
use tidemill_core::artifact_path::ArtifactPath;
use tidemill_core::runs::RunId;

use super::location::{of_run, parameter};
use crate::App;
use crate::error::ApiError;
use crate::incoming::{Incoming, Share};

/// The largest file that the stock UI may upload, in bytes.
const MOST: usize = 10 << 20;

/// `upload-artifact`, by which the stock UI stores small files.
pub(crate) async fn upload_run_artifact(
    app: Data<App>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let run = given(&request, "run_uuid")?;
    let path = ArtifactPath::parse(&given(&request, "path")?)?;
    let mut room = app.bodies.enter(MOST);
    let data = read(payload.into_inner(), &mut room).await?;
    if data.is_empty() {
        return Err(refuse("Request must specify data."));
    }
    let (repository, _) = of_run(&app, RunId(run)).await?;
    let size = data.len() as u64;
    let pieces = futures::stream::iter([Ok(data)]);
    repository.put(&path, Some(size), pieces).await?;
    Ok(HttpResponse::Ok().content_type("application/json").finish())
}

fn given(request: &HttpRequest, name: &str) -> Result<String, ApiError> {
    parameter(request, name)?
        .filter(|value| !value.is_empty())
        .ok_or_else(|| refuse(&format!("Request must specify {name}.")))
}

async fn read(payload: dev::Payload, room: &mut Share) -> Result<Bytes, ApiError> {
    let mut data = BytesMut::new();
    let mut incoming = Incoming::new(payload);
    while let Some(piece) = incoming.next().await? {
        if data.len() + piece.len() > MOST {
            return Err(refuse("Artifact size is too large. Max size is 10MB."));
        }
        room.hold(data.len() + piece.len()).await?;
        data.extend_from_slice(&piece);
    }
    Ok(data.freeze())
}

fn refuse(message: &str) -> ApiError {
    ApiError(Error::invalid_parameter(message))
}
