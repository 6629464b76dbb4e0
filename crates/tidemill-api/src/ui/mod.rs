//! The stock web UI, and what stands in its place while there is none.
//!
//! The UI is MLflow's own build. It asks for everything relative to the page it is on, so it
//! works below any prefix and behind any proxy.

mod absent;
mod folder;
mod page;
mod proxy;

use actix_web::http::header::{self, HeaderValue};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

use crate::App;
use crate::error::{ApiError, no_route};

pub(crate) use absent::{ABSENT_2, ABSENT_3};
pub use folder::UiFolder;
pub(crate) use page::status;
pub use proxy::UiProxy;

/// Where the UI comes from.
#[derive(Debug, Clone)]
pub enum Ui {
    /// MLflow's build in a folder.
    Folder(UiFolder),
    /// Another server that has one.
    Proxy(UiProxy),
    /// None: the root page says how to get one.
    Missing,
}

/// What a page of the UI may load and run. Scripts that are part of a page are needed for HTML
/// artifacts such as plots, which the UI shows in a sandboxed frame that inherits this policy;
/// attributes such as `onerror` are not, and are refused. Only this server can be asked for data.
const POLICY: &str = "default-src 'self'; \
    script-src 'self' 'unsafe-inline' 'unsafe-eval' blob: https:; script-src-attr 'none'; \
    style-src 'self' 'unsafe-inline' https:; font-src 'self' data: https:; \
    img-src 'self' data: blob: https:; media-src 'self' data: blob: https:; \
    connect-src 'self' data: blob:; worker-src 'self' blob:; frame-src 'self' data: blob:; \
    object-src 'none'; base-uri 'self'; form-action 'self'";

/// The page that everything starts from.
pub(crate) async fn index(app: Data<App>, request: HttpRequest) -> HttpResponse {
    let mut page = match &app.config.ui {
        Ui::Folder(folder) => folder.index(&request),
        Ui::Proxy(proxy) => proxy.fetch("", &request).await,
        Ui::Missing => return page::how_to_get_it(),
    };
    let headers = page.headers_mut();
    let policy = HeaderValue::from_static(POLICY);
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    page
}

/// The server's prefix without the slash at its end, from where the UI's links would not work.
/// The new address is relative: a proxy may have put another prefix in front.
pub(crate) async fn with_slash(request: HttpRequest) -> Result<HttpResponse, ApiError> {
    match request.path().rsplit_once('/') {
        Some((_, last)) => Ok(HttpResponse::TemporaryRedirect()
            .insert_header((header::LOCATION, format!("./{last}/")))
            .finish()),
        None => no_route().await,
    }
}

/// A script, a style, an image.
pub(crate) async fn file(app: Data<App>, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let path = request.match_info().query("path");
    match &app.config.ui {
        Ui::Folder(folder) => match folder.file(path, &request) {
            Some(file) => Ok(file),
            None => no_route().await,
        },
        Ui::Proxy(proxy) if proxy::is_plain(path) => {
            Ok(proxy.fetch(&format!("static-files/{path}"), &request).await)
        }
        Ui::Proxy(_) | Ui::Missing => no_route().await,
    }
}
