use actix_web::web::Data;
use tidemill_core::datasets::{DatasetSummary, experiments_to_search};
use tidemill_proto::mlflow::{self, SearchDatasets, search_datasets::Response};

use crate::App;
use crate::extract::Body;
use crate::reply::{Answer, Reply};

pub(crate) async fn search(app: Data<App>, request: Body<SearchDatasets>) -> Answer<Response> {
    let experiments = experiments_to_search(&request.experiment_ids)?;
    let summaries = app.tracking.search_datasets(experiments).await?;
    Ok(Reply(Response {
        dataset_summaries: summaries.into_iter().map(to_wire).collect(),
    }))
}

fn to_wire(summary: DatasetSummary) -> mlflow::DatasetSummary {
    mlflow::DatasetSummary {
        experiment_id: Some(summary.experiment_id.to_string()),
        name: Some(summary.name),
        digest: Some(summary.digest),
        context: summary.context,
    }
}
