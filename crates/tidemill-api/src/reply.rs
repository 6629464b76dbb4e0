//! From a message to the bytes of an answer.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::http::header;
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, Responder};
use tidemill_proto::{EncodeJson, to_json};

use crate::error::ApiError;

/// What handlers return.
pub(crate) type Answer<M> = Result<Reply<M>, ApiError>;

/// A message that answers a request: as JSON, or as binary protobuf for those who accept only that.
pub(crate) struct Reply<M>(pub(crate) M);

impl<M: EncodeJson + prost::Message> Responder for Reply<M> {
    type Body = BoxBody;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        match wants_protobuf(request) {
            true => HttpResponse::Ok()
                .content_type("application/x-protobuf")
                .body(Slices::new(self.0.encode_to_vec())),
            false => json(to_json(&self.0)),
        }
    }
}

/// An answer of finished JSON.
pub(crate) fn json(text: Vec<u8>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/json")
        .body(Slices::new(text))
}

/// A body that is handed on a slice at a time. The connection copies what it is given into a
/// buffer of its own, so an answer of megabytes would be there twice.
struct Slices(Bytes);

impl Slices {
    const LENGTH: usize = 64 * 1024;

    fn new(body: Vec<u8>) -> Self {
        Self(Bytes::from(body))
    }
}

impl MessageBody for Slices {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Sized(self.0.len() as u64)
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let length = self.0.len().min(Self::LENGTH);
        let slice = (length > 0).then(|| self.0.split_to(length));
        Poll::Ready(slice.map(Ok))
    }
}

/// Whether the client accepts only binary messages.
pub(crate) fn wants_protobuf(request: &HttpRequest) -> bool {
    request
        .headers()
        .get(header::ACCEPT)
        .is_some_and(|accept| accept == "application/x-protobuf")
}
