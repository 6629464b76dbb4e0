//! Every path on one page, in the order of MLflow's documentation.

use std::rc::Rc;
use std::sync::Arc;

use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::middleware::from_fn;
use actix_web::web::{self, Data, ServiceConfig, delete, get, head, patch, post, put};
use actix_web::{Error, Scope};

use crate::error::no_route;
use crate::{
    App, Guard, RequestLog, artifacts, datasets, experiments, health, logged_models, metrics,
    registry, runs, workspace,
};

/// Where the routes of MLflow's first API generation live: for programs, for the stock UI, and
/// twice again under the name that clients before 2.0 use.
const TRACKING: [&str; 4] = [
    "/api/2.0/mlflow",
    "/ajax-api/2.0/mlflow",
    "/api/2.0/preview/mlflow",
    "/ajax-api/2.0/preview/mlflow",
];
/// Where the artifact proxy lives.
const PROXY: [&str; 2] = [
    "/api/2.0/mlflow-artifacts",
    "/ajax-api/2.0/mlflow-artifacts",
];
/// Where the second API generation lives.
const GENERATION_3: [&str; 2] = ["/api/3.0/mlflow", "/ajax-api/3.0/mlflow"];

/// The whole server below `prefix` (empty or starting with a slash), as one scope.
pub fn scope(
    prefix: &str,
    app: App,
    guard: Guard,
    log: Arc<RequestLog>,
) -> Scope<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse,
        Error = Error,
        InitError = (),
    > + use<>,
> {
    let guard = Rc::new(guard);
    let below: Rc<str> = Rc::from(prefix);
    let counts = Arc::clone(&log);
    web::scope(prefix)
        .app_data(Data::new(app.clone()))
        .app_data(Data::from(log))
        .app_data(Data::new(app.bodies.clone()))
        .configure(|routes| all(routes, &app))
        .default_service(web::to(no_route))
        .wrap(from_fn(workspace::refuse))
        .wrap(from_fn(move |request, next| {
            Rc::clone(&guard).check(Rc::clone(&below), request, next)
        }))
        .wrap(from_fn(move |request, next| {
            let counts = Arc::clone(&counts);
            async move { counts.record(request, next).await }
        }))
}

fn all(routes: &mut ServiceConfig, app: &App) {
    routes
        .service(
            web::resource(["/health", "/livez"])
                .route(get().to(health::health))
                .route(head().to(health::health)),
        )
        .service(
            web::resource("/readyz")
                .route(get().to(health::ready))
                .route(head().to(health::ready)),
        )
        .route("/version", get().to(health::version))
        .route("/metrics", get().to(health::prometheus));
    for base in GENERATION_3 {
        let scope = web::scope(base).route("/server-info", get().to(health::server_info));
        routes.service(scope.default_service(web::to(no_route)));
    }
    for base in TRACKING {
        let mut scope = web::scope(base);
        scope = match app.config.artifacts_only {
            true => scope.default_service(web::to(health::artifacts_only)),
            false => scope
                .configure(tracking)
                .configure(model_registry)
                .default_service(web::to(no_route)),
        };
        routes.service(scope);
    }
    for base in PROXY {
        let mut scope = web::scope(base);
        scope = match app.config.serve_artifacts {
            true => scope
                .configure(artifact_proxy)
                .default_service(web::to(no_route)),
            false => scope.default_service(web::to(health::artifacts_not_served)),
        };
        routes.service(scope);
    }
    if !app.config.artifacts_only {
        routes
            .route("/get-artifact", get().to(artifacts::get_run_artifact))
            .route(
                "/model-versions/get-artifact",
                get().to(artifacts::get_version_artifact),
            );
    }
}

fn tracking(routes: &mut ServiceConfig) {
    routes
        .route("/experiments/create", post().to(experiments::create))
        .service(
            web::resource("/experiments/search")
                .route(get().to(experiments::search))
                .route(post().to(experiments::search)),
        )
        .route("/experiments/list", get().to(experiments::list))
        .route("/experiments/get", get().to(experiments::get))
        .route(
            "/experiments/get-by-name",
            get().to(experiments::get_by_name),
        )
        .route("/experiments/delete", post().to(experiments::delete))
        .route("/experiments/restore", post().to(experiments::restore))
        .route("/experiments/update", post().to(experiments::update))
        .route(
            "/experiments/set-experiment-tag",
            post().to(experiments::set_tag),
        )
        .route(
            "/experiments/delete-experiment-tag",
            post().to(experiments::delete_tag),
        )
        .route("/experiments/search-datasets", post().to(datasets::search))
        .route("/runs/create", post().to(runs::create))
        .route("/runs/delete", post().to(runs::delete))
        .route("/runs/restore", post().to(runs::restore))
        .route("/runs/get", get().to(runs::get))
        .route("/runs/log-metric", post().to(runs::log_metric))
        .route("/runs/log-batch", post().to(runs::log_batch))
        .route("/runs/log-model", post().to(runs::log_model))
        .route("/runs/log-inputs", post().to(runs::log_inputs))
        .route("/runs/outputs", post().to(runs::log_outputs))
        .route("/runs/set-tag", post().to(runs::set_tag))
        .route("/runs/delete-tag", post().to(runs::delete_tag))
        .route("/runs/log-parameter", post().to(runs::log_param))
        .route("/runs/search", post().to(runs::search))
        .route("/runs/update", post().to(runs::update))
        .route("/metrics/get-history", get().to(metrics::history))
        .route("/metrics/get-history-bulk", get().to(metrics::history_bulk))
        .route(
            "/metrics/get-history-bulk-interval",
            get().to(metrics::history_interval),
        )
        .route("/artifacts/list", get().to(artifacts::list_run_artifacts))
        .route(
            "/artifacts/presigned-upload-url",
            post().to(artifacts::presigned_upload),
        )
        .route(
            "/artifacts/presigned-download-url",
            post().to(artifacts::presigned_download),
        )
        .route(
            "/upload-artifact",
            post().to(artifacts::upload_run_artifact),
        )
        .route("/logged-models", post().to(logged_models::create))
        .route("/logged-models/search", post().to(logged_models::search))
        .service(
            web::resource("/logged-models/{model_id}")
                .route(get().to(logged_models::get))
                .route(patch().to(logged_models::finalize))
                .route(delete().to(logged_models::delete)),
        )
        .route(
            "/logged-models/{model_id}/params",
            post().to(logged_models::log_params),
        )
        .route(
            "/logged-models/{model_id}/tags",
            patch().to(logged_models::set_tags),
        )
        .route(
            "/logged-models/{model_id}/tags/{tag_key}",
            delete().to(logged_models::delete_tag),
        )
        .route(
            "/logged-models/{model_id}/artifacts/directories",
            get().to(artifacts::list_logged_model_artifacts),
        )
        .route(
            "/logged-models/{model_id}/artifacts/files",
            get().to(artifacts::get_logged_model_artifact),
        );
}

fn model_registry(routes: &mut ServiceConfig) {
    routes
        .route(
            "/registered-models/create",
            post().to(registry::create_model),
        )
        .route("/registered-models/get", get().to(registry::get_model))
        .route(
            "/registered-models/rename",
            post().to(registry::rename_model),
        )
        .route(
            "/registered-models/update",
            patch().to(registry::update_model),
        )
        .route(
            "/registered-models/delete",
            delete().to(registry::delete_model),
        )
        .service(
            web::resource("/registered-models/get-latest-versions")
                .route(get().to(registry::latest_versions))
                .route(post().to(registry::latest_versions)),
        )
        .route(
            "/registered-models/search",
            get().to(registry::search_models),
        )
        .route("/registered-models/list", get().to(registry::list_models))
        .route(
            "/registered-models/set-tag",
            post().to(registry::set_model_tag),
        )
        .route(
            "/registered-models/delete-tag",
            delete().to(registry::delete_model_tag),
        )
        .service(
            web::resource("/registered-models/alias")
                .route(get().to(registry::get_version_by_alias))
                .route(post().to(registry::set_alias))
                .route(delete().to(registry::delete_alias)),
        )
        .route(
            "/model-versions/create",
            post().to(registry::create_version),
        )
        .route("/model-versions/get", get().to(registry::get_version))
        .route(
            "/model-versions/update",
            patch().to(registry::update_version),
        )
        .route(
            "/model-versions/delete",
            delete().to(registry::delete_version),
        )
        .route(
            "/model-versions/search",
            get().to(registry::search_versions),
        )
        .route(
            "/model-versions/get-download-uri",
            get().to(registry::download_uri),
        )
        .route(
            "/model-versions/transition-stage",
            post().to(registry::transition_stage),
        )
        .route(
            "/model-versions/set-tag",
            post().to(registry::set_version_tag),
        )
        .route(
            "/model-versions/delete-tag",
            delete().to(registry::delete_version_tag),
        );
}

fn artifact_proxy(routes: &mut ServiceConfig) {
    routes
        .route("/artifacts", get().to(artifacts::list))
        .service(
            web::resource("/artifacts/{artifact_path:.*}")
                .route(get().to(artifacts::download))
                .route(head().to(artifacts::download))
                .route(put().to(artifacts::upload))
                .route(delete().to(artifacts::delete)),
        )
        .route(
            "/mpu/create/{artifact_path:.*}",
            post().to(artifacts::create_multipart),
        )
        .route(
            "/mpu/complete/{artifact_path:.*}",
            post().to(artifacts::complete_multipart),
        )
        .route(
            "/mpu/abort/{artifact_path:.*}",
            post().to(artifacts::abort_multipart),
        )
        .route(
            "/presigned/{artifact_path:.*}",
            get().to(artifacts::presigned),
        );
}
