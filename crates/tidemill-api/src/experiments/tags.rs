use actix_web::web::Data;
use tidemill_core::tags::Tag;
use tidemill_proto::mlflow::{
    DeleteExperimentTag, SetExperimentTag, delete_experiment_tag, set_experiment_tag,
};

use super::id;
use crate::App;
use crate::extract::Body;
use crate::reply::{Answer, Reply};

pub(crate) async fn set_tag(
    app: Data<App>,
    request: Body<SetExperimentTag>,
) -> Answer<set_experiment_tag::Response> {
    let request = request.0;
    let tag = Tag::new(
        request.key.unwrap_or_default(),
        request.value.unwrap_or_default(),
    );
    app.tracking
        .set_experiment_tag(id(&request.experiment_id)?, tag)
        .await?;
    Ok(Reply(set_experiment_tag::Response {}))
}

pub(crate) async fn delete_tag(
    app: Data<App>,
    request: Body<DeleteExperimentTag>,
) -> Answer<delete_experiment_tag::Response> {
    let key = request.key.clone().unwrap_or_default();
    app.tracking
        .delete_experiment_tag(id(&request.experiment_id)?, key)
        .await?;
    Ok(Reply(delete_experiment_tag::Response {}))
}
