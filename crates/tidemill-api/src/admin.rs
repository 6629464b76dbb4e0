//! Who may use the routes for operators.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};
use tidemill_core::Error;

use crate::App;
use crate::error::{ApiError, no_such_route};

/// The fewest characters that are hard to guess.
const LEAST: usize = 16;

/// What operators say to be let in. It is never shown.
#[derive(Clone)]
pub struct AdminToken(String);

impl AdminToken {
    /// Takes a token of at least 16 characters that a header can hold.
    pub fn new(token: &str) -> Result<Self, &'static str> {
        if token.chars().count() < LEAST {
            return Err("it is shorter than 16 characters");
        }
        match token.bytes().all(|b| b.is_ascii_graphic()) {
            true => Ok(Self(token.to_owned())),
            false => Err("it has characters that a header cannot hold"),
        }
    }

    /// Compares in a time that says nothing about where a wrong token differs.
    fn is(&self, given: &str) -> bool {
        let pairs = self.0.bytes().zip(given.bytes());
        let differing = pairs.fold(0, |differing, (a, b)| differing | (a ^ b));
        std::hint::black_box(differing) == 0 && self.0.len() == given.len()
    }
}

impl std::fmt::Debug for AdminToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AdminToken(hidden)")
    }
}

/// A request that has shown the token.
pub(crate) struct Admin;

impl FromRequest for Admin {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(check(request))
    }
}

fn check(request: &HttpRequest) -> Result<Admin, ApiError> {
    let app = request.app_data::<Data<App>>();
    let token = app.and_then(|app| app.config.admin_token.as_ref());
    let token = token.ok_or_else(no_such_route)?;
    let header = request.headers().get(header::AUTHORIZATION);
    let given = header.and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    match given {
        Some(given) if token.is(given) => Ok(Admin),
        Some(_) => Err(ApiError(Error::PermissionDenied(
            "The token is not the admin token of this server.".into(),
        ))),
        None => Err(ApiError(Error::Unauthenticated(
            "This route needs the header 'Authorization: Bearer' with the admin token.".into(),
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_token_itself_is_the_token() {
        let token = AdminToken::new("0123456789abcdef").unwrap();
        assert!(token.is("0123456789abcdef"));
        for other in [
            "",
            "0123456789abcde",
            "0123456789abcdef0",
            "0123456789abcdeF",
        ] {
            assert!(!token.is(other), "{other}");
        }
    }

    #[test]
    fn a_token_is_long_and_is_not_shown() {
        assert!(AdminToken::new("0123456789abcde").is_err());
        assert!(AdminToken::new("0123456789 abcdef").is_err());
        let shown = format!("{:?}", AdminToken::new("0123456789abcdef"));
        assert!(!shown.contains("0123"), "{shown}");
    }
}
