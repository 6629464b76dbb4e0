//! The workspace that a request names: there are none.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{Error, ResponseError};

use crate::error::ApiError;

/// Names the workspace.
const HEADER: &str = "x-mlflow-workspace";

/// Refuses a request for a workspace, except for what clients ask to learn that there are none.
/// Whoever believes to write to a team's own corner must not reach everybody's.
pub(crate) async fn refuse(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let named = (request.headers().get(HEADER)).is_some_and(|name| !is_blank(name.as_bytes()));
    let asks_what_there_is = request.path().ends_with("/mlflow/server-info");
    if named && !asks_what_there_is {
        let refusal = ApiError(tidemill_core::Error::FeatureDisabled(
            "Workspace APIs are not available: workspaces are not enabled on this server".into(),
        ));
        return Ok(request.into_response(refusal.error_response()));
    }
    Ok(next.call(request).await?.map_into_boxed_body())
}

fn is_blank(text: &[u8]) -> bool {
    text.trim_ascii().is_empty()
}

#[cfg(test)]
mod tests {
    use actix_web::middleware::from_fn;
    use actix_web::test::{TestRequest, call_service, init_service};
    use actix_web::{App, HttpResponse, web};

    use super::*;

    async fn status(path: &str, workspace: &str) -> u16 {
        let app = App::new()
            .default_service(web::to(|| async { HttpResponse::Ok().finish() }))
            .wrap(from_fn(refuse));
        let app = init_service(app).await;
        let request = TestRequest::get().uri(path);
        let request = request.insert_header((HEADER, workspace)).to_request();
        call_service(&app, request).await.status().as_u16()
    }

    #[actix_web::test]
    async fn a_request_for_a_workspace_is_refused() {
        assert_eq!(status("/api/2.0/mlflow/runs/get", "team").await, 500);
        assert_eq!(status("/api/2.0/mlflow/runs/get", " ").await, 200);
    }

    #[actix_web::test]
    async fn what_the_server_can_do_may_be_asked_for_any_workspace() {
        assert_eq!(status("/api/3.0/mlflow/server-info", "team").await, 200);
    }
}
