use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, Responder};
use tidemill_core::Result;
use tidemill_core::experiments::ExperimentId;
use tidemill_core::page::Page;
use tidemill_core::runs::Run;
use tidemill_proto::mlflow::{self, SearchRuns, search_runs::Response};
use tidemill_proto::{EncodeJson, JsonWriter};
use tidemill_store::RunSearch;

use super::wire;
use crate::App;
use crate::error::ApiError;
use crate::experiments::view_type;
use crate::extract::Body;
use crate::listing::listing;
use crate::reply::{Answer, Reply, wants_protobuf};

/// What a page holds when the request does not say.
const PAGE: i32 = 1000;

pub(crate) async fn search(
    app: Data<App>,
    http: HttpRequest,
    request: Body<SearchRuns>,
) -> Result<HttpResponse, ApiError> {
    let page = page(&app, request.0).await?;
    Ok(match wants_protobuf(&http) {
        true => Reply(message(page)).respond_to(&http),
        false => {
            let write = |out: &mut JsonWriter, run| found(run).encode_json(out);
            listing("runs", page.items.into_iter(), write, page.next_page_token)
        }
    })
}

/// The same answer, whole in memory.
pub(crate) async fn search_message(app: Data<App>, request: Body<SearchRuns>) -> Answer<Response> {
    Ok(Reply(message(page(&app, request.0).await?)))
}

async fn page(app: &App, request: SearchRuns) -> Result<Page<Run>> {
    let experiments = request
        .experiment_ids
        .iter()
        .map(|id| ExperimentId::parse(id))
        .collect::<Result<Vec<_>>>()?;
    app.tracking
        .search_runs(RunSearch {
            experiments,
            filter: request.filter.unwrap_or_default(),
            order_by: request.order_by,
            view: view_type(request.run_view_type),
            max_results: i64::from(request.max_results.unwrap_or(PAGE)),
            page_token: request.page_token,
        })
        .await
}

fn message(page: Page<Run>) -> Response {
    Response {
        runs: page.items.into_iter().map(found).collect(),
        next_page_token: page.next_page_token,
    }
}

/// Searches leave a run's model inputs out.
fn found(run: Run) -> mlflow::Run {
    wire::run(Run {
        model_inputs: Vec::new(),
        ..run
    })
}
