use actix_web::web::Data;
use tidemill_proto::mlflow::{
    ListExperiments, SearchExperiments, list_experiments, search_experiments,
};
use tidemill_store::ExperimentSearch;

use super::{to_wire, view_type};
use crate::App;
use crate::extract::Body;
use crate::reply::{Answer, Reply};

/// What `experiments/list` of old clients gets when it names no page size.
const LIST_PAGE: i64 = 1000;

pub(crate) async fn search(
    app: Data<App>,
    request: Body<SearchExperiments>,
) -> Answer<search_experiments::Response> {
    let request = request.0;
    let page = app
        .tracking
        .search_experiments(ExperimentSearch {
            filter: request.filter.unwrap_or_default(),
            order_by: request.order_by,
            view: view_type(request.view_type),
            max_results: request.max_results.unwrap_or_default(),
            page_token: request.page_token,
        })
        .await?;
    Ok(Reply(search_experiments::Response {
        experiments: page.items.into_iter().map(to_wire).collect(),
        next_page_token: page.next_page_token,
    }))
}

/// The form of clients before 2.0.
pub(crate) async fn list(
    app: Data<App>,
    request: Body<ListExperiments>,
) -> Answer<list_experiments::Response> {
    let request = request.0;
    let page = app
        .tracking
        .search_experiments(ExperimentSearch {
            filter: String::new(),
            order_by: vec!["experiment_id ASC".to_owned()],
            view: view_type(request.view_type),
            max_results: request.max_results.filter(|n| *n > 0).unwrap_or(LIST_PAGE),
            page_token: request.page_token,
        })
        .await?;
    Ok(Reply(list_experiments::Response {
        experiments: page.items.into_iter().map(to_wire).collect(),
        next_page_token: page.next_page_token,
    }))
}
