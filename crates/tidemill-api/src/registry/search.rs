use actix_web::web::Data;
use tidemill_proto::mlflow::{
    ListRegisteredModels, SearchModelVersions, SearchRegisteredModels, list_registered_models,
    search_model_versions, search_registered_models,
};
use tidemill_store::{ModelVersionSearch, RegisteredModelSearch};

use super::wire;
use crate::App;
use crate::extract::Body;
use crate::reply::{Answer, Reply};

/// What a page of models holds when the request does not say.
const MODELS: i64 = 100;
/// What a page of versions holds when the request does not say.
const VERSIONS: i64 = 200_000;

pub(crate) async fn search_models(
    app: Data<App>,
    request: Body<SearchRegisteredModels>,
) -> Answer<search_registered_models::Response> {
    let request = request.0;
    let page = app
        .registry
        .search_registered_models(RegisteredModelSearch {
            filter: request.filter.unwrap_or_default(),
            order_by: request.order_by,
            max_results: request.max_results.unwrap_or(MODELS),
            page_token: request.page_token,
        })
        .await?;
    Ok(Reply(search_registered_models::Response {
        registered_models: page.items.into_iter().map(wire::model).collect(),
        next_page_token: page.next_page_token,
    }))
}

/// The form of clients before 2.0.
pub(crate) async fn list_models(
    app: Data<App>,
    request: Body<ListRegisteredModels>,
) -> Answer<list_registered_models::Response> {
    let request = request.0;
    let page = app
        .registry
        .search_registered_models(RegisteredModelSearch {
            filter: String::new(),
            order_by: Vec::new(),
            max_results: request.max_results.unwrap_or(MODELS),
            page_token: request.page_token,
        })
        .await?;
    Ok(Reply(list_registered_models::Response {
        registered_models: page.items.into_iter().map(wire::model).collect(),
        next_page_token: page.next_page_token,
    }))
}

pub(crate) async fn search_versions(
    app: Data<App>,
    request: Body<SearchModelVersions>,
) -> Answer<search_model_versions::Response> {
    let request = request.0;
    let page = app
        .registry
        .search_model_versions(ModelVersionSearch {
            filter: request.filter.unwrap_or_default(),
            order_by: request.order_by,
            max_results: request.max_results.unwrap_or(VERSIONS),
            page_token: request.page_token,
        })
        .await?;
    Ok(Reply(search_model_versions::Response {
        model_versions: page.items.into_iter().map(wire::version).collect(),
        next_page_token: page.next_page_token,
    }))
}
