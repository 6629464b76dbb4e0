//! The one table from our errors to MLflow's codes and HTTP statuses.

use actix_web::body::BoxBody;
use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, ResponseError};
use tidemill_core::Error;
use tidemill_proto::{DecodeError, JsonWriter};

/// An error on its way to a client.
#[derive(Debug)]
pub(crate) struct ApiError(pub(crate) Error);

impl ApiError {
    /// Tells the operator what the client is not told.
    pub(crate) fn log(&self) {
        if let Error::Internal { source } = &self.0 {
            tracing::error!(error = %source, "request failed");
        }
    }
}

/// What an error looks like from outside.
struct Face {
    status: u16,
    code: &'static str,
    /// Newer clients' classification: `sqlstate` and `error_class`. Absent for some codes.
    class: Option<(&'static str, &'static str)>,
}

const PARAMETER: Option<(&str, &str)> = Some(("KAM00", "INVALID_PARAMETER_VALUE"));
const ATTRIBUTE: Option<(&str, &str)> = Some(("KAM04", "ATTRIBUTE_NOT_FOUND"));
const NOT_FOUND: Option<(&str, &str)> = Some(("KAM00", "RESOURCE_NOT_FOUND"));
const DENIED: Option<(&str, &str)> = Some(("KAM00", "PERMISSION_DENIED"));
const INTERNAL: Option<(&str, &str)> = Some(("XXM00", "CLIENT_INTERNAL_ERROR"));

fn face(error: &Error) -> Face {
    let (status, code, class) = match error {
        Error::InvalidParameter(_) => (400, "INVALID_PARAMETER_VALUE", PARAMETER),
        Error::UnknownAttribute(_) => (400, "INVALID_PARAMETER_VALUE", ATTRIBUTE),
        Error::BadRequest(_) => (400, "BAD_REQUEST", PARAMETER),
        Error::NotFound(_) => (404, "RESOURCE_DOES_NOT_EXIST", NOT_FOUND),
        Error::EndpointNotFound(_) => (404, "ENDPOINT_NOT_FOUND", NOT_FOUND),
        Error::AlreadyExists(_) => (
            400,
            "RESOURCE_ALREADY_EXISTS",
            Some(("KAM00", "RESOURCE_ALREADY_EXISTS")),
        ),
        Error::Conflict(_) => (409, "RESOURCE_CONFLICT", None),
        Error::InvalidState(_) => (500, "INVALID_STATE", INTERNAL),
        Error::Unauthenticated(_) => (401, "UNAUTHENTICATED", None),
        Error::PermissionDenied(_) => (403, "PERMISSION_DENIED", DENIED),
        Error::TooLarge(_) => (413, "INVALID_PARAMETER_VALUE", PARAMETER),
        Error::NotImplemented(_) => (501, "NOT_IMPLEMENTED", None),
        Error::FeatureDisabled(_) => (500, "FEATURE_DISABLED", Some(("KAM00", "FEATURE_DISABLED"))),
        Error::Unavailable(_) => (503, "TEMPORARILY_UNAVAILABLE", INTERNAL),
        Error::Internal { .. } => (500, "INTERNAL_ERROR", INTERNAL),
    };
    Face {
        status,
        code,
        class,
    }
}

/// Seconds after which a client may try again.
const RETRY_AFTER: &str = "1";

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(face(&self.0).status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse<BoxBody> {
        self.log();
        let mut response = HttpResponse::build(self.status_code());
        if matches!(self.0, Error::Unavailable(_)) {
            response.insert_header((header::RETRY_AFTER, RETRY_AFTER));
        }
        response
            .content_type("application/json")
            .body(body(&self.0))
    }
}

fn body(error: &Error) -> Vec<u8> {
    let face = face(error);
    let mut out = JsonWriter::new();
    out.begin_object();
    out.key("error_code").string(face.code);
    out.key("message").string(&error.to_string());
    if let Some((sqlstate, class)) = face.class {
        out.key("sqlstate").string(sqlstate);
        out.key("error_class").string(class);
    }
    out.end_object();
    out.into_bytes()
}

impl std::fmt::Display for ApiError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

impl From<DecodeError> for ApiError {
    fn from(error: DecodeError) -> Self {
        Self(Error::invalid_parameter(error.to_string()))
    }
}

/// No such route. JSON with this code makes clients fall back to older routes, as a page of
/// HTML from MLflow's own server does.
pub(crate) async fn no_route() -> Result<HttpResponse, ApiError> {
    Err(no_such_route())
}

pub(crate) fn no_such_route() -> ApiError {
    ApiError(Error::EndpointNotFound(
        "No route of this server matches the request.".into(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_body_has_mlflows_four_fields() {
        let body = String::from_utf8(body(&Error::not_found("No Run"))).unwrap();
        assert_eq!(
            body,
            r#"{"error_code":"RESOURCE_DOES_NOT_EXIST","message":"No Run","sqlstate":"KAM00","error_class":"RESOURCE_NOT_FOUND"}"#
        );
    }

    #[test]
    fn an_unknown_attribute_has_a_class_of_its_own() {
        let body = String::from_utf8(body(&Error::unknown_attribute("no"))).unwrap();
        assert_eq!(
            body,
            r#"{"error_code":"INVALID_PARAMETER_VALUE","message":"no","sqlstate":"KAM04","error_class":"ATTRIBUTE_NOT_FOUND"}"#
        );
    }

    #[test]
    fn an_internal_error_does_not_say_what_happened() {
        let body = String::from_utf8(body(&Error::internal("SELECT secret"))).unwrap();
        assert!(!body.contains("secret"), "{body}");
    }
}
