"""The server itself: health, version, info, hosts, origins, methods and unknown routes."""

import gzip

from differential.builders import EXPERIMENT
from differential.steps import case, get, post, raw

CREATE = '{"name": "<u>"}'


def create_from(**headers):
    return raw("POST", "experiments/create", CREATE, Content_Type="application/json", **headers)


CASES = [
    case("health and version", get("/health"), get("/version")),
    case("server-info", get("/api/3.0/mlflow/server-info")),
    case(
        "security headers",
        get("experiments/get", experiment_id="0").comparing("x-content-type-options", "x-frame-options"),
    ),
    *[
        case(f"host {host}", raw("GET", "/api/2.0/mlflow/experiments/get?experiment_id=0", Host=host))
        for host in (
            "evil.com",
            "10.evil.com",
            "localhost.evil.com",
            "192.168.1.1.evil.com",
            "localhost",
            "127.0.0.1:5000",
            "10.0.0.5",
            "192.168.1.7:80",
            "[::1]:5000",
        )
    ],
    *[
        case(f"writing from origin {origin}", create_from(Origin=origin))
        for origin in (
            "https://evil.com",
            "null",
            "http://localhost.evil",
            "http://localhost:3000",
            "http://127.0.0.1:8080",
        )
    ],
    *[
        case(
            f"reading from origin {origin}",
            raw("GET", "/api/2.0/mlflow/experiments/get?experiment_id=0", Origin=origin),
        )
        for origin in ("https://evil.com", "http://localhost:3000")
    ],
    case(
        "the workspace header while workspaces are off",
        raw("GET", "/api/2.0/mlflow/experiments/get?experiment_id=0", **{"X-MLFLOW-WORKSPACE": "team"}),
    ),
    case(
        "unknown routes",
        get("/api/2.0/mlflow/bogus"),
        post("/api/2.0/mlflow/bogus/deep", a=1),
        get("/api/bogus"),
        get("/bogus"),
        get("/api/3.0/mlflow/experiments/get", experiment_id="0"),
        get("/api/2.0/mlflow/"),
        get("/api/2.0/mlflow/runs/get/"),
    ),
    case(
        "wrong methods",
        raw("GET", "runs/create"),
        raw("POST", "runs/get"),
        raw("PUT", "runs/update"),
        raw("DELETE", "runs/delete"),
        raw("PATCH", "experiments/update"),
        raw("POST", "model-versions/delete"),
        raw("POST", "registered-models/update"),
    ),
    case(
        "OPTIONS and HEAD",
        raw("OPTIONS", "experiments/create"),
        raw("HEAD", "/api/2.0/mlflow/experiments/get?experiment_id=0"),
        raw("HEAD", "/health"),
    ),
    case(
        "any content type for PATCH and DELETE",
        EXPERIMENT,
        post("registered-models/create", name="<u>"),
        raw("PATCH", "registered-models/update", '{"name": "<u>", "description": "x"}'),
        raw("PATCH", "registered-models/update", '{"name": "<u>", "description": "y"}', Content_Type="text/plain"),
        raw("DELETE", "registered-models/delete", '{"name": "<u>"}'),
    ),
    case(
        "a compressed body is not decoded",
        raw(
            "POST",
            "experiments/create",
            gzip.compress(b'{"name": "x"}', mtime=0),
            Content_Type="application/json",
            Content_Encoding="gzip",
        ),
    ),
    case(
        "both spellings of one field",
        EXPERIMENT,
        post("experiments/create", {"name": "<u>-2", "artifactLocation": "x", "artifact_location": "y"}),
        post("runs/create", {"experiment_id": "<exp>", "experimentId": "0"}),
    ),
    case(
        "a double slash and a trailing one",
        get("/api/2.0/mlflow//experiments/get", experiment_id="0"),
        get("/api/2.0/mlflow/experiments/get/", experiment_id="0"),
    ),
    case(
        "a DELETE ignores its query",
        post("registered-models/create", name="<u>"),
        raw("DELETE", "/api/2.0/mlflow/registered-models/delete?name=<u>"),
        get("registered-models/get", name="<u>"),
    ),
    case(
        "text comes back in ASCII",
        post("experiments/create", name="<u> ü 日本 🚀 \u0007").keep(exp="experiment_id"),
        get("experiments/get", experiment_id="<exp>"),
    ),
    case(
        "deep JSON",
        raw(
            "POST",
            "experiments/create",
            '{"name": "<u>", "x": ' + "[" * 50 + "]" * 50 + "}",
            Content_Type="application/json",
        ),
    ),
]
