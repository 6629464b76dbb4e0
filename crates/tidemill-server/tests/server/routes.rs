//! Every route, with ids that exist nowhere.

pub(crate) struct Route {
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
}

const fn route(method: &'static str, path: &'static str) -> Route {
    Route { method, path }
}

/// Routes that read a message from their body.
pub(crate) const JSON: &[Route] = &[
    route("POST", "/api/2.0/mlflow/experiments/create"),
    route("POST", "/api/2.0/mlflow/experiments/search"),
    route("POST", "/api/2.0/mlflow/experiments/delete"),
    route("POST", "/api/2.0/mlflow/experiments/restore"),
    route("POST", "/api/2.0/mlflow/experiments/update"),
    route("POST", "/api/2.0/mlflow/experiments/set-experiment-tag"),
    route("POST", "/api/2.0/mlflow/experiments/delete-experiment-tag"),
    route("POST", "/api/2.0/mlflow/experiments/search-datasets"),
    route("POST", "/api/2.0/mlflow/runs/create"),
    route("POST", "/api/2.0/mlflow/runs/delete"),
    route("POST", "/api/2.0/mlflow/runs/restore"),
    route("POST", "/api/2.0/mlflow/runs/log-metric"),
    route("POST", "/api/2.0/mlflow/runs/log-batch"),
    route("POST", "/api/2.0/mlflow/runs/log-model"),
    route("POST", "/api/2.0/mlflow/runs/log-inputs"),
    route("POST", "/api/2.0/mlflow/runs/outputs"),
    route("POST", "/api/2.0/mlflow/runs/set-tag"),
    route("POST", "/api/2.0/mlflow/runs/delete-tag"),
    route("POST", "/api/2.0/mlflow/runs/log-parameter"),
    route("POST", "/api/2.0/mlflow/runs/search"),
    route("POST", "/api/2.0/mlflow/runs/update"),
    route("POST", "/api/2.0/mlflow/artifacts/presigned-upload-url"),
    route("POST", "/api/2.0/mlflow/artifacts/presigned-download-url"),
    route("POST", "/api/2.0/mlflow/logged-models"),
    route("POST", "/api/2.0/mlflow/logged-models/search"),
    route("PATCH", "/api/2.0/mlflow/logged-models/m-0"),
    route("DELETE", "/api/2.0/mlflow/logged-models/m-0"),
    route("POST", "/api/2.0/mlflow/logged-models/m-0/params"),
    route("PATCH", "/api/2.0/mlflow/logged-models/m-0/tags"),
    route("DELETE", "/api/2.0/mlflow/logged-models/m-0/tags/t"),
    route("POST", "/api/2.0/mlflow/registered-models/create"),
    route("POST", "/api/2.0/mlflow/registered-models/rename"),
    route("PATCH", "/api/2.0/mlflow/registered-models/update"),
    route("DELETE", "/api/2.0/mlflow/registered-models/delete"),
    route(
        "POST",
        "/api/2.0/mlflow/registered-models/get-latest-versions",
    ),
    route("POST", "/api/2.0/mlflow/registered-models/set-tag"),
    route("DELETE", "/api/2.0/mlflow/registered-models/delete-tag"),
    route("POST", "/api/2.0/mlflow/registered-models/alias"),
    route("DELETE", "/api/2.0/mlflow/registered-models/alias"),
    route("POST", "/api/2.0/mlflow/model-versions/create"),
    route("PATCH", "/api/2.0/mlflow/model-versions/update"),
    route("DELETE", "/api/2.0/mlflow/model-versions/delete"),
    route("POST", "/api/2.0/mlflow/model-versions/transition-stage"),
    route("POST", "/api/2.0/mlflow/model-versions/set-tag"),
    route("DELETE", "/api/2.0/mlflow/model-versions/delete-tag"),
    route("POST", "/api/2.0/mlflow-artifacts/mpu/create/x"),
    route("POST", "/api/2.0/mlflow-artifacts/mpu/complete/x"),
    route("POST", "/api/2.0/mlflow-artifacts/mpu/abort/x"),
];

/// Routes that carry files.
pub(crate) const PROXY_FILES: &[Route] = &[
    route("GET", "/api/2.0/mlflow-artifacts/artifacts/x"),
    route("PUT", "/api/2.0/mlflow-artifacts/artifacts/x"),
    route("DELETE", "/api/2.0/mlflow-artifacts/artifacts/x"),
    route("POST", "/api/2.0/mlflow/upload-artifact"),
];
/// Routes that read a message from their query.
pub(crate) const QUERY: &[Route] = &[
    route("GET", "/api/2.0/mlflow/experiments/search"),
    route("GET", "/api/2.0/mlflow/experiments/list"),
    route("GET", "/api/2.0/mlflow/experiments/get"),
    route("GET", "/api/2.0/mlflow/experiments/get-by-name"),
    route("GET", "/api/2.0/mlflow/runs/get"),
    route("GET", "/api/2.0/mlflow/metrics/get-history"),
    route("GET", "/api/2.0/mlflow/metrics/get-history-bulk"),
    route("GET", "/api/2.0/mlflow/metrics/get-history-bulk-interval"),
    route("GET", "/api/2.0/mlflow/artifacts/list"),
    route("GET", "/api/2.0/mlflow/logged-models/m-0"),
    route(
        "GET",
        "/api/2.0/mlflow/logged-models/m-0/artifacts/directories",
    ),
    route("GET", "/api/2.0/mlflow/logged-models/m-0/artifacts/files"),
    route("GET", "/api/2.0/mlflow/registered-models/get"),
    route(
        "GET",
        "/api/2.0/mlflow/registered-models/get-latest-versions",
    ),
    route("GET", "/api/2.0/mlflow/registered-models/search"),
    route("GET", "/api/2.0/mlflow/registered-models/list"),
    route("GET", "/api/2.0/mlflow/registered-models/alias"),
    route("GET", "/api/2.0/mlflow/model-versions/get"),
    route("GET", "/api/2.0/mlflow/model-versions/search"),
    route("GET", "/api/2.0/mlflow/model-versions/get-download-uri"),
    route("GET", "/api/2.0/mlflow-artifacts/artifacts"),
    route("GET", "/get-artifact"),
    route("GET", "/model-versions/get-artifact"),
];
