//! What the UI is told about parts of MLflow that this server does not have: nothing is there.
//!
//! Only the UI's own paths answer so. A program that asks for these gets a 404.

use actix_web::HttpResponse;
use actix_web::web::to;

use crate::routes::{Row, get, post};

/// Answers with a text that is part of the program.
macro_rules! always {
    ($json:literal) => {
        || {
            to(async || {
                HttpResponse::Ok()
                    .content_type("application/json")
                    .body($json)
            })
        }
    };
}

/// Of the first API generation.
pub(crate) const ABSENT_2: &[Row] = &[
    get("/gateway-proxy", always!(r#"{"endpoints":[]}"#)),
    get("/webhooks", always!("{}")),
];

/// Of the second.
pub(crate) const ABSENT_3: &[Row] = &[
    get(
        "/assistant/config",
        always!(r#"{"providers":{},"projects":{},"remote_access_allowed":false}"#),
    ),
    get(
        "/assistant/providers",
        always!(r#"{"providers":[],"resolved":null,"gateway_vendor_options":{}}"#),
    ),
    get(
        "/ui-telemetry",
        always!(
            r#"{"disable_ui_events":[],"disable_ui_telemetry":true,"ui_rollout_percentage":0}"#
        ),
    ),
    post("/ui-telemetry", always!(r#"{"status":"disabled"}"#)),
    post("/traces/metrics", always!(r#"{"data_points":[]}"#)),
    post("/traces/search", always!("{}")),
    post("/datasets/search", always!("{}")),
    get("/scorers/list", always!("{}")),
    get("/gateway/endpoints/bindings/list", always!("{}")),
    get("/gateway/endpoints/list", always!("{}")),
    get("/gateway/model-definitions/list", always!("{}")),
    get(
        "/gateway/secrets/config",
        always!(r#"{"secrets_available":false,"using_default_passphrase":false}"#),
    ),
    get("/gateway/secrets/list", always!("{}")),
    get(
        "/gateway/supported-providers",
        always!(r#"{"providers":[]}"#),
    ),
    get("/gateway/budgets/list", always!("{}")),
    get("/gateway/budgets/windows", always!("{}")),
    get(
        "/mcp-servers",
        always!(r#"{"mcp_servers":[],"next_page_token":null}"#),
    ),
    get(
        "/label-schemas/list",
        always!(r#"{"label_schemas":[],"next_page_token":""}"#),
    ),
    get("/review-queues/list", always!(r#"{"next_page_token":""}"#)),
    get(
        "/review-queues/items/list",
        always!(r#"{"next_page_token":""}"#),
    ),
    post("/review-queues/get-or-create-user", always!("{}")),
];
