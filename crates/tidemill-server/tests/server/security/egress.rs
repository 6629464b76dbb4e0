//! Section D: the server calls nobody whom a client names.

use serde_json::json;

use super::site::{Case, all_hold, case, on_every_surface, post};

const TARGETS: [&str; 15] = [
    "http://{listener}/x",
    "https://{listener}/x",
    "http://x",
    "https://127.0.0.1",
    "https://localhost",
    "http://169.254.169.254/",
    "https://[::1]",
    "https://[::ffff:127.0.0.1]",
    "https://0x7f000001",
    "https://2130706433",
    "https://0177.0.0.1",
    "https://100.64.0.1",
    "https://[64:ff9b::7f00:1]",
    "ftp://{listener}/",
    "file:///etc/passwd",
];

#[test]
fn webhooks_and_the_gateway_are_not_there() {
    let mut cases = Vec::new();
    for url in TARGETS {
        let hook = json!({"name": "w", "url": url, "events": [{"entity": "REGISTERED_MODEL", "action": "CREATED"}]});
        cases.push(post("CVE-2026-2393", "/api/2.0/mlflow/webhooks", hook).has_no_route());
        cases.push(
            case(
                "CVE-2025-52967",
                "GET",
                &format!("/ajax-api/2.0/mlflow/gateway-proxy?gateway_path={url}"),
            )
            .answers(200, ""),
        );
        cases.push(
            case(
                "CVE-2025-52967",
                "GET",
                &format!("/api/2.0/mlflow/gateway?gateway_path={url}"),
            )
            .has_no_route(),
        );
        cases.push(
            post(
                "CVE-2025-52967",
                "/api/2.0/mlflow/gateway-proxy",
                json!({"gateway_path": url}),
            )
            .has_no_route(),
        );
        let secret = json!({"secret_name": "s", "secret_value": {"api_key": "$HOME"}, "auth_config": {"api_base": url}});
        cases.push(
            post(
                "CVE-2026-71211",
                "/api/3.0/mlflow/gateway/secrets/create",
                secret,
            )
            .has_no_route(),
        );
        cases.push(
            post(
                "MCP icon URL",
                "/api/3.0/mlflow/mcp-servers",
                json!({"name": "i", "icon": url}),
            )
            .has_no_route(),
        );
    }
    cases.push(
        post(
            "CVE-2026-64849",
            "/api/2.0/mlflow/webhooks/1/test",
            json!({}),
        )
        .has_no_route(),
    );
    all_hold(&cases);
}

#[test]
fn a_location_or_source_makes_nobody_call_its_host() {
    let mut cases: Vec<Case> = Vec::new();
    for scheme in [
        "http",
        "https",
        "ftp",
        "sftp",
        "hdfs",
        "viewfs",
        "mlflow-artifacts",
    ] {
        let uri = format!("{scheme}://{{listener}}/a");
        let id = "host-addressed artifact schemes";
        cases.push(post(
            id,
            "/api/2.0/mlflow/experiments/create",
            json!({"name": "hostile", "artifact_location": uri}),
        ));
        cases.push(post(
            id,
            "/api/2.0/mlflow/model-versions/create",
            json!({"name": "m", "source": uri}),
        ));
        cases.push(post(
            id,
            "/api/2.0/mlflow/model-versions/create",
            json!({"name": "m", "source": uri, "run_id": "{run}"}),
        ));
    }
    all_hold(&cases);
}

#[test]
fn a_datasets_source_is_kept_and_never_fetched() {
    on_every_surface(|surface| {
        let dataset = json!({"name": "d", "digest": "1", "source_type": "http",
            "source": "{\"url\": \"http://{listener}/302\"}"});
        let body = json!({"run_id": "{run}", "datasets": [{"dataset": dataset}]});
        let logged = surface.post("/api/2.0/mlflow/runs/log-inputs", &body);
        assert_eq!(logged.status, 200, "{}", logged.text());
        let found = surface.get("/api/2.0/mlflow/runs/get?run_id={run}");
        assert!(found.text().contains("/302"), "{}", found.text());
        surface.site.is_unharmed("CVE-2023-6974");
    });
}
