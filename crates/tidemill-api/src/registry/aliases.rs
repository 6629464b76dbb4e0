use actix_web::web::Data;
use tidemill_core::registry::versions;
use tidemill_proto::mlflow::{
    DeleteRegisteredModelAlias, GetModelVersionByAlias, SetRegisteredModelAlias,
    delete_registered_model_alias, get_model_version_by_alias, set_registered_model_alias,
};

use super::wire;
use crate::App;
use crate::extract::Body;
use crate::reply::{Answer, Reply};

pub(crate) async fn set_alias(
    app: Data<App>,
    request: Body<SetRegisteredModelAlias>,
) -> Answer<set_registered_model_alias::Response> {
    let request = request.0;
    let name = request.name.unwrap_or_default();
    let number = versions::number(&name, &request.version.unwrap_or_default())?;
    app.registry
        .set_registered_model_alias(name, request.alias.unwrap_or_default(), number)
        .await?;
    Ok(Reply(set_registered_model_alias::Response {}))
}

pub(crate) async fn delete_alias(
    app: Data<App>,
    request: Body<DeleteRegisteredModelAlias>,
) -> Answer<delete_registered_model_alias::Response> {
    let request = request.0;
    app.registry
        .delete_registered_model_alias(
            request.name.unwrap_or_default(),
            request.alias.unwrap_or_default(),
        )
        .await?;
    Ok(Reply(delete_registered_model_alias::Response {}))
}

pub(crate) async fn get_version_by_alias(
    app: Data<App>,
    request: Body<GetModelVersionByAlias>,
) -> Answer<get_model_version_by_alias::Response> {
    let request = request.0;
    let version = app
        .registry
        .get_model_version_by_alias(
            request.name.unwrap_or_default(),
            request.alias.unwrap_or_default(),
        )
        .await?;
    Ok(Reply(get_model_version_by_alias::Response {
        model_version: Some(wire::version(version)),
    }))
}
