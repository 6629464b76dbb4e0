use actix_web::web::Data;
use tidemill_proto::mlflow::{DeleteRun, RestoreRun, delete_run, restore_run};

use super::id;
use crate::App;
use crate::extract::Body;
use crate::reply::{Answer, Reply};

pub(crate) async fn delete(
    app: Data<App>,
    request: Body<DeleteRun>,
) -> Answer<delete_run::Response> {
    app.tracking.delete_run(id(request.0.run_id, None)).await?;
    Ok(Reply(delete_run::Response {}))
}

pub(crate) async fn restore(
    app: Data<App>,
    request: Body<RestoreRun>,
) -> Answer<restore_run::Response> {
    app.tracking.restore_run(id(request.0.run_id, None)).await?;
    Ok(Reply(restore_run::Response {}))
}
