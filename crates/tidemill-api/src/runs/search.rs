use actix_web::web::Data;
use tidemill_core::Result;
use tidemill_core::experiments::ExperimentId;
use tidemill_proto::mlflow::{self, SearchRuns, search_runs::Response};
use tidemill_store::RunSearch;

use super::wire;
use crate::App;
use crate::experiments::view_type;
use crate::extract::Body;
use crate::reply::{Answer, Reply};

/// What a page holds when the request does not say.
const PAGE: i32 = 1000;

pub(crate) async fn search(app: Data<App>, request: Body<SearchRuns>) -> Answer<Response> {
    let request = request.0;
    let experiments = request
        .experiment_ids
        .iter()
        .map(|id| ExperimentId::parse(id))
        .collect::<Result<Vec<_>>>()?;
    let page = app
        .tracking
        .search_runs(RunSearch {
            experiments,
            filter: request.filter.unwrap_or_default(),
            order_by: request.order_by,
            view: view_type(request.run_view_type),
            max_results: i64::from(request.max_results.unwrap_or(PAGE)),
            page_token: request.page_token,
        })
        .await?;
    Ok(Reply(Response {
        runs: page.items.into_iter().map(found).collect(),
        next_page_token: page.next_page_token,
    }))
}

/// Searches leave a run's model inputs out.
fn found(run: tidemill_core::runs::Run) -> mlflow::Run {
    wire::run(tidemill_core::runs::Run {
        model_inputs: Vec::new(),
        ..run
    })
}
