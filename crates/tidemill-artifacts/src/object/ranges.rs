//! Answers that are not the range asked for, turned into errors.
//!
//! `object_store` goes on with a download that broke by asking for the rest of it. It compares
//! the entity tags, but would append whatever comes: a storage, or a proxy before it, that
//! ignores the range and sends the whole file again would leave the client with wrong bytes
//! and no error.

use futures::future::BoxFuture;
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpService,
    ReqwestConnector,
};

/// Makes clients that take exactly the range they ask for, or nothing.
#[derive(Debug)]
pub(super) struct ExactRanges;

impl HttpConnector for ExactRanges {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        let client = ReqwestConnector::default().connect(options)?;
        Ok(HttpClient::new(Checked(client)))
    }
}

#[derive(Debug)]
struct Checked(HttpClient);

impl HttpService for Checked {
    fn call<'a, 'f>(
        &'a self,
        request: HttpRequest,
    ) -> BoxFuture<'f, Result<HttpResponse, HttpError>>
    where
        'a: 'f,
        Self: 'f,
    {
        let asked = request.headers().get("range").cloned();
        let is_pinned = request.headers().contains_key("if-match");
        Box::pin(async move {
            let answer = self.0.execute(request).await?;
            if let Some(asked) = asked.filter(|_| answer.status().is_success()) {
                check(&answer, asked.to_str().unwrap_or_default(), is_pinned)?;
            }
            Ok(answer)
        })
    }
}

fn check(answer: &HttpResponse, asked: &str, is_pinned: bool) -> Result<(), HttpError> {
    let header = |name| answer.headers().get(name)?.to_str().ok();
    let given = header("content-range").unwrap_or_default();
    if answer.status().as_u16() != 206 || !is_range(given, asked) {
        let status = answer.status();
        return Err(refused(format!(
            "asked for {asked}, got {status} with content range '{given}'"
        )));
    }
    // A weak tag does not promise the same bytes; where the storage was told which version is
    // meant, it has compared them itself.
    let is_weak = header("etag").is_some_and(|tag| tag.starts_with("W/"));
    if is_weak && !is_pinned {
        return Err(refused("the entity tag is weak".to_owned()));
    }
    Ok(())
}

/// Whether `bytes 2-4/10` is what `bytes=2-4` asked for.
fn is_range(given: &str, asked: &str) -> bool {
    let given = given.trim().strip_prefix("bytes ");
    let given = given.and_then(|given| given.split_once('/'));
    given.is_some_and(|(span, _)| asked.strip_prefix("bytes=") == Some(span.trim()))
}

/// `Decode` is the kind that is not tried again.
fn refused(why: String) -> HttpError {
    HttpError::new(HttpErrorKind::Decode, std::io::Error::other(why))
}
