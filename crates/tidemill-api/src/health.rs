//! Whether the server is up, and what it can do.

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::web::Data;
use tidemill_core::Result;
use tidemill_proto::JsonWriter;

use crate::App;
use crate::error::ApiError;

/// How long a probe waits for the database.
const READY_WITHIN: Duration = Duration::from_secs(3);
/// Our own version, beside MLflow's.
const VERSION_HEADER: &str = "x-tidemill-version";

pub(crate) async fn health() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain").body("OK")
}

/// The MLflow version whose contract is served; clients switch features on by it.
pub(crate) async fn version(app: Data<App>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((VERSION_HEADER, app.config.version))
        .body(app.config.mlflow_version)
}

/// Whether the database answers and has the schema of this binary.
pub(crate) async fn ready(app: Data<App>) -> HttpResponse {
    match is_ready(&app).await {
        true => HttpResponse::Ok().content_type("text/plain").body("OK"),
        false => HttpResponse::ServiceUnavailable()
            .content_type("text/plain")
            .body("The database does not answer, or has another schema."),
    }
}

/// Whether the databases answer in time, with the schema of this binary.
pub(crate) async fn is_ready(app: &App) -> bool {
    let answer = tokio::time::timeout(READY_WITHIN, databases_are_ready(app)).await;
    matches!(answer, Ok(Ok(true)))
}

async fn databases_are_ready(app: &App) -> Result<bool> {
    Ok(app.tracking.is_ready().await? && app.registry.is_ready().await?)
}

/// What clients ask before they log in or upload.
pub(crate) async fn server_info(app: Data<App>) -> Result<HttpResponse, ApiError> {
    let multipart = app.config.serve_artifacts && app.artifacts.signs_urls;
    let mut out = JsonWriter::new();
    out.begin_object();
    out.key("store_type").string("SqlStore");
    out.key("workspaces_enabled").bool(false);
    out.key("trace_archival_enabled").bool(false);
    out.key("multipart_uploads_enabled").bool(multipart);
    out.key("multipart_downloads_enabled").bool(multipart);
    out.key("presigned_upload_run_id_supported").bool(true);
    out.key("presigned_upload_model_id_supported").bool(true);
    out.key("features_enabled").begin_object();
    out.key("gateway").bool(false);
    out.end_object();
    out.end_object();
    Ok(HttpResponse::Ok()
        .content_type("application/json")
        .body(out.into_bytes()))
}

/// Counts for Prometheus.
pub(crate) async fn prometheus(app: Data<App>, log: Data<crate::RequestLog>) -> HttpResponse {
    use std::fmt::Write;
    let mut out = String::new();
    log.write_prometheus(&mut out);
    let (waiting, connections) = app.tracking.load();
    let _ = writeln!(
        out,
        "# HELP tidemill_waiting_writes Writes that wait for the SQLite writer.\n\
         # TYPE tidemill_waiting_writes gauge\n\
         tidemill_waiting_writes {waiting}\n\
         # HELP tidemill_connections_in_use Database connections lent out.\n\
         # TYPE tidemill_connections_in_use gauge\n\
         tidemill_connections_in_use {connections}"
    );
    HttpResponse::Ok()
        .content_type("text/plain; version=0.0.4; charset=utf-8")
        .body(out)
}

/// Answers tracking and registry routes while only artifacts are served.
pub(crate) async fn artifacts_only(request: actix_web::HttpRequest) -> HttpResponse {
    switched_off(
        &request,
        "in `--artifacts-only` mode. To enable tracking server functionality, \
         run `mlflow server` without `--artifacts-only`",
    )
}

/// Answers the artifact proxy's routes while it is off.
pub(crate) async fn artifacts_not_served(request: actix_web::HttpRequest) -> HttpResponse {
    switched_off(
        &request,
        "with `--no-serve-artifacts`. To enable artifacts server functionality, \
         run `mlflow server` with `--serve-artifacts`",
    )
}

fn switched_off(request: &actix_web::HttpRequest, how: &str) -> HttpResponse {
    let path = request.path();
    HttpResponse::ServiceUnavailable()
        .content_type("text/html; charset=utf-8")
        .body(format!(
            "Endpoint: {} disabled due to the mlflow server running {how}",
            path.replace(['<', '>', '&', '"'], "")
        ))
}
