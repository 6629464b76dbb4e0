use actix_web::web::Data;
use tidemill_core::registry::NewRegisteredModel;
use tidemill_proto::mlflow::{
    CreateRegisteredModel, DeleteRegisteredModel, GetRegisteredModel, RenameRegisteredModel,
    UpdateRegisteredModel, create_registered_model, delete_registered_model, get_registered_model,
    rename_registered_model, update_registered_model,
};

use super::wire;
use crate::App;
use crate::extract::Body;
use crate::reply::{Answer, Reply};

pub(crate) async fn create_model(
    app: Data<App>,
    request: Body<CreateRegisteredModel>,
) -> Answer<create_registered_model::Response> {
    let request = request.0;
    let new = NewRegisteredModel::new(
        request.name.unwrap_or_default(),
        request.description,
        request
            .tags
            .into_iter()
            .map(wire::model_tag_from_wire)
            .collect(),
    )?;
    let model = app.registry.create_registered_model(new).await?;
    Ok(Reply(create_registered_model::Response {
        registered_model: Some(wire::model(model)),
    }))
}

pub(crate) async fn get_model(
    app: Data<App>,
    request: Body<GetRegisteredModel>,
) -> Answer<get_registered_model::Response> {
    let name = request.0.name.unwrap_or_default();
    let model = app.registry.get_registered_model(name).await?;
    Ok(Reply(get_registered_model::Response {
        registered_model: Some(wire::model(model)),
    }))
}

pub(crate) async fn rename_model(
    app: Data<App>,
    request: Body<RenameRegisteredModel>,
) -> Answer<rename_registered_model::Response> {
    let request = request.0;
    let model = app
        .registry
        .rename_registered_model(
            request.name.unwrap_or_default(),
            request.new_name.unwrap_or_default(),
        )
        .await?;
    Ok(Reply(rename_registered_model::Response {
        registered_model: Some(wire::model(model)),
    }))
}

pub(crate) async fn update_model(
    app: Data<App>,
    request: Body<UpdateRegisteredModel>,
) -> Answer<update_registered_model::Response> {
    let request = request.0;
    let model = app
        .registry
        .update_registered_model(request.name.unwrap_or_default(), request.description)
        .await?;
    Ok(Reply(update_registered_model::Response {
        registered_model: Some(wire::model(model)),
    }))
}

pub(crate) async fn delete_model(
    app: Data<App>,
    request: Body<DeleteRegisteredModel>,
) -> Answer<delete_registered_model::Response> {
    let name = request.0.name.unwrap_or_default();
    app.registry.delete_registered_model(name).await?;
    Ok(Reply(delete_registered_model::Response {}))
}
