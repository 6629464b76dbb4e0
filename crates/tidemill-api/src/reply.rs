//! From a message to the bytes of an answer.

use actix_web::body::BoxBody;
use actix_web::http::header;
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
                .body(self.0.encode_to_vec()),
            false => HttpResponse::Ok()
                .content_type("application/json")
                .body(to_json(&self.0)),
        }
    }
}

/// Whether the client accepts only binary messages.
pub(crate) fn wants_protobuf(request: &HttpRequest) -> bool {
    request
        .headers()
        .get(header::ACCEPT)
        .is_some_and(|accept| accept == "application/x-protobuf")
}
