//! Our own two pages: how to get the UI, and how the server is.

use std::fmt::Write;

use actix_web::HttpResponse;
use actix_web::web::Data;

use crate::{App, RequestLog, health};

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;margin:3rem auto;max-width:42rem;\
    padding:0 1rem;color:#1f272e}code{background:#f0f2f4;padding:.1rem .3rem;border-radius:3px}\
    td{padding:.2rem 1.5rem .2rem 0}";

fn page(title: &str, content: &str) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((
            "content-security-policy",
            "default-src 'none'; style-src 'unsafe-inline'",
        ))
        .insert_header(("cache-control", "no-store"))
        .body(format!(
            "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>{title}</title>\
             <style>{STYLE}</style><h1>{title}</h1>{content}</html>"
        ))
}

/// The root page while there is no UI.
pub(super) fn how_to_get_it() -> HttpResponse {
    page(
        "Tidemill",
        "<p>The server is running, and MLflow clients can use it; MLflow's web UI is not installed.<br>\
         Run <code>tidemill ui install</code> in the folder where the server was started, and start it again.<br>\
         Or start it with <code>--ui-dir</code> and a folder, or <code>--ui-proxy</code> and an MLflow server.</p>\
         <p><a href=\"status\">Status of this server</a></p>",
    )
}

/// How the server is, for people.
pub(crate) async fn status(app: Data<App>, log: Data<RequestLog>) -> HttpResponse {
    let ready = match health::is_ready(&app).await {
        true => "ready",
        false => "does not answer, or has another schema",
    };
    let (waiting, connections) = app.tracking.load();
    let rows = [
        ("Tidemill", app.config.version.to_owned()),
        ("Speaks MLflow", app.config.mlflow_version.to_owned()),
        ("Database", ready.to_owned()),
        (
            "Requests under way",
            log.under_way().saturating_sub(1).to_string(),
        ),
        ("Database connections in use", connections.to_string()),
        ("Writes that wait", waiting.to_string()),
    ];
    let mut table = "<table>".to_owned();
    for (name, value) in rows {
        let _ = write!(table, "<tr><td>{name}<td>{value}");
    }
    page("Tidemill", &format!("{table}</table>"))
}
