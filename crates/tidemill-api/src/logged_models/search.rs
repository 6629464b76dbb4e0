use actix_web::web::Data;
use tidemill_core::Result;
use tidemill_core::experiments::ExperimentId;
use tidemill_proto::mlflow::{SearchLoggedModels, search_logged_models::Response};
use tidemill_search::logged_models::{DatasetFilter, OrderByClause};
use tidemill_store::LoggedModelSearch;

use super::wire;
use crate::App;
use crate::extract::Body;
use crate::reply::{Answer, Reply};

/// What a page holds when the request does not say.
const PAGE: i32 = 50;

pub(crate) async fn search(app: Data<App>, request: Body<SearchLoggedModels>) -> Answer<Response> {
    let request = request.0;
    let experiments = request
        .experiment_ids
        .iter()
        .map(|id| ExperimentId::parse(id))
        .collect::<Result<Vec<_>>>()?;
    let page = app
        .tracking
        .search_logged_models(LoggedModelSearch {
            experiments,
            filter: request.filter.unwrap_or_default(),
            datasets: request
                .datasets
                .into_iter()
                .map(|dataset| DatasetFilter {
                    name: dataset.dataset_name.unwrap_or_default(),
                    digest: dataset.dataset_digest,
                })
                .collect(),
            order_by: request
                .order_by
                .into_iter()
                .map(|order| OrderByClause {
                    field_name: order.field_name.unwrap_or_default(),
                    ascending: order.ascending.unwrap_or(true),
                    dataset_name: order.dataset_name,
                    dataset_digest: order.dataset_digest,
                })
                .collect(),
            max_results: i64::from(request.max_results.unwrap_or(PAGE)),
            page_token: request.page_token,
        })
        .await?;
    Ok(Reply(Response {
        models: page.items.into_iter().map(wire::model).collect(),
        next_page_token: page.next_page_token,
    }))
}
