//! The UI from another server.

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use futures::TryStreamExt;
use reqwest::{Client, Url};
use tidemill_core::artifact_path::ArtifactPath;

/// How long the other server may take to begin its answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Headers of a request and of an answer that are about the file.
const ASKED: [&str; 3] = ["accept-encoding", "if-none-match", "if-modified-since"];
const ANSWERED: [&str; 6] = [
    "content-type",
    "content-encoding",
    "cache-control",
    "etag",
    "last-modified",
    "vary",
];

/// A server that has the UI's files, such as MLflow's own.
#[derive(Debug, Clone)]
pub struct UiProxy {
    base: Url,
    client: Client,
}

impl UiProxy {
    /// The server at `base`, an `http` or `https` address. Redirects are not followed.
    pub fn new(base: &str) -> Result<Self, String> {
        let base = format!("{}/", base.trim_end_matches('/'));
        let base = Url::parse(&base).map_err(|error| error.to_string())?;
        if !matches!(base.scheme(), "http" | "https") {
            return Err("only http and https addresses are accepted".into());
        }
        let client = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(PATIENCE)
            .read_timeout(PATIENCE)
            .build()
            .map_err(|error| error.to_string())?;
        Ok(Self { base, client })
    }

    /// The other server's answer for a path below its address.
    pub(super) async fn fetch(&self, path: &str, request: &HttpRequest) -> HttpResponse {
        let Ok(url) = self.base.join(path) else {
            return HttpResponse::NotFound().finish();
        };
        let mut asked = self.client.get(url);
        for name in ASKED {
            if let Some(value) = request.headers().get(name).and_then(|v| v.to_str().ok()) {
                asked = asked.header(name, value);
            }
        }
        match asked.send().await {
            Ok(answer) if answer.status().is_redirection() && answer.status() != 304 => {
                tracing::warn!(to = ?answer.headers().get("location"), "the server of --ui-proxy sends elsewhere");
                unavailable()
            }
            Ok(answer) => relay(answer),
            Err(error) => {
                tracing::warn!(%error, "the server of --ui-proxy does not answer");
                unavailable()
            }
        }
    }
}

fn unavailable() -> HttpResponse {
    HttpResponse::BadGateway()
        .content_type("text/plain; charset=utf-8")
        .body("The server that has the web UI does not answer.")
}

fn relay(answer: reqwest::Response) -> HttpResponse {
    let status = StatusCode::from_u16(answer.status().as_u16());
    let mut relayed = HttpResponse::build(status.unwrap_or(StatusCode::BAD_GATEWAY));
    for name in ANSWERED {
        if let Some(value) = answer.headers().get(name).and_then(|v| v.to_str().ok()) {
            relayed.insert_header((name, value));
        }
    }
    relayed.streaming(answer.bytes_stream().map_err(std::io::Error::other))
}

/// Whether a path stays below the folder it is put under.
pub(super) fn is_plain(path: &str) -> bool {
    ArtifactPath::parse(path).is_ok() && !path.contains(['?', '#', '%', '\\'])
}
