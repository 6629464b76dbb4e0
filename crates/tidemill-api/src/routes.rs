//! Every path on one page, in the order of MLflow's documentation.

use std::rc::Rc;
use std::sync::Arc;

use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::middleware::{Compress, from_fn};
use actix_web::web::{self, Data, ServiceConfig, to};
use actix_web::{Error, Route, Scope};

use crate::error::no_route;
use crate::{
    ApiConfig, App, Guard, RequestLog, artifacts, datasets, experiments, gc, graphql, health,
    logged_models, metrics, registry, runs, ui, workspace,
};

/// Where the routes of MLflow's first API generation live: for programs, for the stock UI, and
/// twice again under the name that clients before 2.0 use.
const TRACKING_BASES: [(&str, &[&[Row]]); 4] = [
    ("/api/2.0/mlflow", &[TRACKING, REGISTRY]),
    ("/ajax-api/2.0/mlflow", &[TRACKING, REGISTRY, ui::ABSENT_2]),
    ("/api/2.0/preview/mlflow", &[TRACKING, REGISTRY]),
    ("/ajax-api/2.0/preview/mlflow", &[TRACKING, REGISTRY]),
];
/// Where the artifact proxy lives.
const PROXY_BASES: [&str; 2] = [
    "/api/2.0/mlflow-artifacts",
    "/ajax-api/2.0/mlflow-artifacts",
];
/// Where the second API generation lives.
const GENERATION_3_BASES: [(&str, &[&[Row]]); 2] = [
    ("/api/3.0/mlflow", &[GENERATION_3]),
    ("/ajax-api/3.0/mlflow", &[GENERATION_3, ui::ABSENT_3]),
];

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
        .default_service(to(no_route))
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
    let ApiConfig {
        artifacts_only,
        serve_artifacts,
        ..
    } = app.config;
    rows(routes, WELL_BEING);
    for (base, tables) in GENERATION_3_BASES {
        let tables = if artifacts_only {
            &[GENERATION_3]
        } else {
            tables
        };
        routes.service(below(base, tables, to(no_route)));
    }
    for (base, tables) in TRACKING_BASES {
        routes.service(match artifacts_only {
            true => below(base, &[], to(health::artifacts_only)),
            false => below(base, tables, to(no_route)),
        });
    }
    for base in PROXY_BASES {
        routes.service(match serve_artifacts {
            true => below(base, &[PROXY], to(no_route)),
            false => below(base, &[], to(health::artifacts_not_served)),
        });
    }
    if !artifacts_only {
        if app.config.admin_token.is_some() {
            rows(routes, OPERATORS);
        }
        rows(routes, DOWNLOADS);
        rows(routes, UI);
    }
}

fn below(base: &str, tables: &[&'static [Row]], otherwise: Route) -> Scope {
    let scope = web::scope(base).default_service(otherwise);
    scope.configure(|routes| tables.iter().for_each(|table| rows(routes, table)))
}

fn rows(routes: &mut ServiceConfig, table: &[Row]) {
    for row in table {
        routes.route(row.path, (row.route)().method(row.method.clone()));
    }
}

/// Every method and path pattern that is served while nothing is switched off.
pub fn served() -> Vec<(&'static Method, String)> {
    let proxies = PROXY_BASES.map(|base| (base, &[PROXY] as &[&[Row]]));
    let bases = [("", &[WELL_BEING, DOWNLOADS, UI] as &[&[Row]])]
        .into_iter()
        .chain(GENERATION_3_BASES)
        .chain(TRACKING_BASES)
        .chain(proxies);
    let mut served = Vec::new();
    for (base, tables) in bases {
        let rows = tables.iter().copied().flatten();
        served.extend(rows.map(|row| (&row.method, format!("{base}{}", row.path))));
    }
    served
}

/// One line of the tables below.
pub(crate) struct Row {
    method: Method,
    path: &'static str,
    route: fn() -> Route,
}

pub(crate) const fn get(path: &'static str, route: fn() -> Route) -> Row {
    row(Method::GET, path, route)
}

const fn head(path: &'static str, route: fn() -> Route) -> Row {
    row(Method::HEAD, path, route)
}

pub(crate) const fn post(path: &'static str, route: fn() -> Route) -> Row {
    row(Method::POST, path, route)
}

const fn put(path: &'static str, route: fn() -> Route) -> Row {
    row(Method::PUT, path, route)
}

const fn patch(path: &'static str, route: fn() -> Route) -> Row {
    row(Method::PATCH, path, route)
}

const fn delete(path: &'static str, route: fn() -> Route) -> Row {
    row(Method::DELETE, path, route)
}

const fn row(method: Method, path: &'static str, route: fn() -> Route) -> Row {
    Row {
        method,
        path,
        route,
    }
}

/// Who the server is and how it feels.
const WELL_BEING: &[Row] = &[
    get("/health", || to(health::health)),
    head("/health", || to(health::health)),
    get("/livez", || to(health::health)),
    head("/livez", || to(health::health)),
    get("/readyz", || to(health::ready)),
    head("/readyz", || to(health::ready)),
    get("/version", || to(health::version)),
    get("/metrics", || to(health::prometheus)),
];

/// The second API generation.
const GENERATION_3: &[Row] = &[get("/server-info", || to(health::server_info))];

/// Experiments, runs, metrics, logged models and their artifacts.
const TRACKING: &[Row] = &[
    post("/experiments/create", || to(experiments::create)),
    get("/experiments/search", || to(experiments::search)),
    post("/experiments/search", || to(experiments::search)),
    get("/experiments/list", || to(experiments::list)),
    get("/experiments/get", || to(experiments::get)),
    get("/experiments/get-by-name", || to(experiments::get_by_name)),
    post("/experiments/delete", || to(experiments::delete)),
    post("/experiments/restore", || to(experiments::restore)),
    post("/experiments/update", || to(experiments::update)),
    post("/experiments/set-experiment-tag", || {
        to(experiments::set_tag)
    }),
    post("/experiments/delete-experiment-tag", || {
        to(experiments::delete_tag)
    }),
    post("/experiments/search-datasets", || to(datasets::search)),
    post("/runs/create", || to(runs::create)),
    post("/runs/delete", || to(runs::delete)),
    post("/runs/restore", || to(runs::restore)),
    get("/runs/get", || to(runs::get)),
    post("/runs/log-metric", || to(runs::log_metric)),
    post("/runs/log-batch", || to(runs::log_batch)),
    post("/runs/log-model", || to(runs::log_model)),
    post("/runs/log-inputs", || to(runs::log_inputs)),
    post("/runs/outputs", || to(runs::log_outputs)),
    post("/runs/set-tag", || to(runs::set_tag)),
    post("/runs/delete-tag", || to(runs::delete_tag)),
    post("/runs/log-parameter", || to(runs::log_param)),
    post("/runs/search", || to(runs::search)),
    post("/runs/update", || to(runs::update)),
    get("/metrics/get-history", || to(metrics::history)),
    get("/metrics/get-history-bulk", || to(metrics::history_bulk)),
    get("/metrics/get-history-bulk-interval", || {
        to(metrics::history_interval)
    }),
    get("/artifacts/list", || to(artifacts::list_run_artifacts)),
    post("/artifacts/presigned-upload-url", || {
        to(artifacts::presigned_upload)
    }),
    post("/artifacts/presigned-download-url", || {
        to(artifacts::presigned_download)
    }),
    post("/upload-artifact", || to(artifacts::upload_run_artifact)),
    post("/logged-models", || to(logged_models::create)),
    post("/logged-models/search", || to(logged_models::search)),
    get("/logged-models/{model_id}", || to(logged_models::get)),
    patch("/logged-models/{model_id}", || to(logged_models::finalize)),
    delete("/logged-models/{model_id}", || to(logged_models::delete)),
    post("/logged-models/{model_id}/params", || {
        to(logged_models::log_params)
    }),
    patch("/logged-models/{model_id}/tags", || {
        to(logged_models::set_tags)
    }),
    delete("/logged-models/{model_id}/tags/{tag_key}", || {
        to(logged_models::delete_tag)
    }),
    get("/logged-models/{model_id}/artifacts/directories", || {
        to(artifacts::list_logged_model_artifacts)
    }),
    get("/logged-models/{model_id}/artifacts/files", || {
        to(artifacts::get_logged_model_artifact)
    }),
];

/// Registered models and versions.
const REGISTRY: &[Row] = &[
    post("/registered-models/create", || to(registry::create_model)),
    get("/registered-models/get", || to(registry::get_model)),
    post("/registered-models/rename", || to(registry::rename_model)),
    patch("/registered-models/update", || to(registry::update_model)),
    delete("/registered-models/delete", || to(registry::delete_model)),
    get("/registered-models/get-latest-versions", || {
        to(registry::latest_versions)
    }),
    post("/registered-models/get-latest-versions", || {
        to(registry::latest_versions)
    }),
    get("/registered-models/search", || to(registry::search_models)),
    get("/registered-models/list", || to(registry::list_models)),
    post("/registered-models/set-tag", || to(registry::set_model_tag)),
    delete("/registered-models/delete-tag", || {
        to(registry::delete_model_tag)
    }),
    get("/registered-models/alias", || {
        to(registry::get_version_by_alias)
    }),
    post("/registered-models/alias", || to(registry::set_alias)),
    delete("/registered-models/alias", || to(registry::delete_alias)),
    post("/model-versions/create", || to(registry::create_version)),
    get("/model-versions/get", || to(registry::get_version)),
    patch("/model-versions/update", || to(registry::update_version)),
    delete("/model-versions/delete", || to(registry::delete_version)),
    get("/model-versions/search", || to(registry::search_versions)),
    get("/model-versions/get-download-uri", || {
        to(registry::download_uri)
    }),
    post("/model-versions/transition-stage", || {
        to(registry::transition_stage)
    }),
    post("/model-versions/set-tag", || to(registry::set_version_tag)),
    delete("/model-versions/delete-tag", || {
        to(registry::delete_version_tag)
    }),
];

/// Files by way of this server.
const PROXY: &[Row] = &[
    get("/artifacts", || to(artifacts::list)),
    get("/artifacts/{artifact_path:.*}", || to(artifacts::download)),
    head("/artifacts/{artifact_path:.*}", || to(artifacts::download)),
    put("/artifacts/{artifact_path:.*}", || to(artifacts::upload)),
    delete("/artifacts/{artifact_path:.*}", || to(artifacts::delete)),
    post("/mpu/create/{artifact_path:.*}", || {
        to(artifacts::create_multipart)
    }),
    post("/mpu/complete/{artifact_path:.*}", || {
        to(artifacts::complete_multipart)
    }),
    post("/mpu/abort/{artifact_path:.*}", || {
        to(artifacts::abort_multipart)
    }),
    get("/presigned/{artifact_path:.*}", || to(artifacts::presigned)),
];

/// Downloads for the stock UI.
const DOWNLOADS: &[Row] = &[
    get("/get-artifact", || to(artifacts::get_run_artifact)),
    get("/model-versions/get-artifact", || {
        to(artifacts::get_version_artifact)
    }),
];

/// For operators, where there is an admin token. Not listed by [`served`].
const OPERATORS: &[Row] = &[post("/api/2.0/tidemill/gc", || to(gc::route::gc))];

/// The web UI, and our own pages.
const UI: &[Row] = &[
    get("/", || to(ui::index)),
    head("/", || to(ui::index)),
    get("", || to(ui::with_slash)),
    get("/static-files/{path:.*}", || {
        to(ui::file).wrap(Compress::default())
    }),
    head("/static-files/{path:.*}", || to(ui::file)),
    get("/status", || to(ui::status)),
    post("/graphql", || to(graphql::answer)),
];
