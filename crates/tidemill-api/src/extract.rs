//! From the bytes of a request to a checked message.

use std::future::Future;
use std::ops::Deref;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::{Method, header};
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};
use bytes::BytesMut;
use tidemill_core::Error;
use tidemill_proto::Request;

use crate::error::ApiError;
use crate::incoming::{BodyRoom, Incoming, Share};

/// The largest body that most routes read, in bytes. A full log-batch needs about two MiB.
const BODY: usize = 16 << 20;

/// A decoded request message: from the query string of a GET, otherwise from the body, as JSON
/// or binary protobuf, and from the path.
///
/// Holds its share of the room for bodies until the handler is done.
#[derive(Debug)]
pub(crate) struct Body<M, const LIMIT: usize = BODY>(
    pub(crate) M,
    #[expect(dead_code, reason = "held, not read")] Option<Share>,
);

impl<M> Body<M> {
    /// A message that came inside another request.
    pub(crate) fn new(message: M) -> Self {
        Self(message, None)
    }
}

impl<M, const LIMIT: usize> Deref for Body<M, LIMIT> {
    type Target = M;

    fn deref(&self) -> &M {
        &self.0
    }
}

impl<M: Request + 'static, const LIMIT: usize> FromRequest for Body<M, LIMIT> {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let payload = payload.take();
        Box::pin(async move {
            let (message, room) = decode(&request, payload, LIMIT).await?;
            Ok(Self(message, room))
        })
    }
}

/// The text of a JSON body that is no message of MLflow's.
#[derive(Debug)]
pub(crate) struct JsonText<const LIMIT: usize>(
    BytesMut,
    #[expect(dead_code, reason = "held, not read")] Option<Share>,
);

impl<const LIMIT: usize> Deref for JsonText<LIMIT> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl<const LIMIT: usize> FromRequest for JsonText<LIMIT> {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let payload = payload.take();
        Box::pin(async move {
            let Encoding::Json = Encoding::of(&request)? else {
                return Err(refuse(
                    "Bad Request. Content-Type must be one of ['application/json'].",
                ));
            };
            let (text, room) = read(&request, payload, LIMIT).await?;
            Ok(Self(text, room))
        })
    }
}

async fn decode<M: Request>(
    request: &HttpRequest,
    payload: Payload,
    limit: usize,
) -> Result<(M, Option<Share>), ApiError> {
    let path: Vec<(&str, &str)> = request.match_info().iter().collect();
    let is_get = request.method() == Method::GET || request.method() == Method::HEAD;
    if is_get && !request.query_string().is_empty() {
        return Ok((M::from_query_with(request.query_string(), &path)?, None));
    }
    let encoding = Encoding::of(request)?;
    let (body, room) = read(request, payload, limit).await?;
    let message = match encoding {
        Encoding::Json if is_get && body.is_empty() => M::from_query_with("", &path)?,
        Encoding::Json => M::from_json_with(&body, &path)?,
        Encoding::Protobuf => M::from_protobuf_with(&body, &path)?,
    };
    Ok((message, room))
}

/// How a body is written down.
enum Encoding {
    Json,
    Protobuf,
}

impl Encoding {
    /// MLflow looks at the type for POST and PUT only, and wants it spelled in lower case. A page
    /// of another site cannot send these types without asking first.
    fn of(request: &HttpRequest) -> Result<Self, ApiError> {
        let checked = request.method() == Method::POST || request.method() == Method::PUT;
        let Some(value) = request.headers().get(header::CONTENT_TYPE) else {
            return match checked {
                true => Err(refuse("Bad Request. Content-Type header is missing.")),
                false => Ok(Self::Json),
            };
        };
        match value.to_str().unwrap_or_default().split(';').next() {
            Some("application/json") => Ok(Self::Json),
            Some("application/x-protobuf") => Ok(Self::Protobuf),
            _ if checked => Err(refuse(
                "Bad Request. Content-Type must be one of ['application/json'].",
            )),
            _ => Ok(Self::Json),
        }
    }
}

/// Reads the body, giving up as soon as it is known to be too long or its sender pauses for
/// too long. A body of unknown length counts as the longest that is allowed.
async fn read(
    request: &HttpRequest,
    payload: Payload,
    limit: usize,
) -> Result<(BytesMut, Option<Share>), ApiError> {
    let announced = request
        .headers()
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    let mut body = BytesMut::new();
    match announced {
        Some(0) => return Ok((body, None)),
        None if !request.headers().contains_key(header::TRANSFER_ENCODING) => {
            return Ok((body, None));
        }
        Some(length) if length > limit => return Err(too_large(limit)),
        _ => {}
    }
    let mut room = request
        .app_data::<Data<BodyRoom>>()
        .map(|room| room.enter(announced.unwrap_or(limit)));
    let mut incoming = Incoming::new(payload);
    body.reserve(announced.unwrap_or(0).min(64 << 10));
    while let Some(piece) = incoming.next().await? {
        let length = body.len() + piece.len();
        if length > limit {
            return Err(too_large(limit));
        }
        if let Some(room) = &mut room {
            room.hold(length).await?;
        }
        body.extend_from_slice(&piece);
    }
    Ok((body, room))
}

fn refuse(message: &str) -> ApiError {
    ApiError(Error::invalid_parameter(message))
}

fn too_large(limit: usize) -> ApiError {
    ApiError(Error::TooLarge(format!(
        "The request body is larger than the {limit} bytes that this route reads."
    )))
}
