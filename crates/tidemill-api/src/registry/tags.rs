use actix_web::web::Data;
use tidemill_core::registry::versions;
use tidemill_core::tags::Tag;
use tidemill_proto::mlflow::{
    DeleteModelVersionTag, DeleteRegisteredModelTag, SetModelVersionTag, SetRegisteredModelTag,
    delete_model_version_tag, delete_registered_model_tag, set_model_version_tag,
    set_registered_model_tag,
};

use crate::App;
use crate::extract::Body;
use crate::reply::{Answer, Reply};

pub(crate) async fn set_model_tag(
    app: Data<App>,
    request: Body<SetRegisteredModelTag>,
) -> Answer<set_registered_model_tag::Response> {
    let request = request.0;
    let tag = Tag::new(
        request.key.unwrap_or_default(),
        request.value.unwrap_or_default(),
    );
    app.registry
        .set_registered_model_tag(request.name.unwrap_or_default(), tag)
        .await?;
    Ok(Reply(set_registered_model_tag::Response {}))
}

pub(crate) async fn delete_model_tag(
    app: Data<App>,
    request: Body<DeleteRegisteredModelTag>,
) -> Answer<delete_registered_model_tag::Response> {
    let request = request.0;
    app.registry
        .delete_registered_model_tag(
            request.name.unwrap_or_default(),
            request.key.unwrap_or_default(),
        )
        .await?;
    Ok(Reply(delete_registered_model_tag::Response {}))
}

pub(crate) async fn set_version_tag(
    app: Data<App>,
    request: Body<SetModelVersionTag>,
) -> Answer<set_model_version_tag::Response> {
    let request = request.0;
    let name = request.name.unwrap_or_default();
    let number = versions::number(&name, &request.version.unwrap_or_default())?;
    let tag = Tag::new(
        request.key.unwrap_or_default(),
        request.value.unwrap_or_default(),
    );
    app.registry
        .set_model_version_tag(name, number, tag)
        .await?;
    Ok(Reply(set_model_version_tag::Response {}))
}

pub(crate) async fn delete_version_tag(
    app: Data<App>,
    request: Body<DeleteModelVersionTag>,
) -> Answer<delete_model_version_tag::Response> {
    let request = request.0;
    let name = request.name.unwrap_or_default();
    let number = versions::number(&name, &request.version.unwrap_or_default())?;
    app.registry
        .delete_model_version_tag(name, number, request.key.unwrap_or_default())
        .await?;
    Ok(Reply(delete_model_version_tag::Response {}))
}
