use actix_web::web::Data;
use tidemill_core::Result;
use tidemill_core::runs::RunId;
use tidemill_proto::mlflow::{LogInputs, LogOutputs, log_inputs, log_outputs};

use super::wire;
use crate::App;
use crate::extract::Body;
use crate::reply::{Answer, Reply};

/// Dataset profiles may have 16 MiB of text.
const INPUTS_BODY: usize = 64 << 20;

pub(crate) async fn log_inputs(
    app: Data<App>,
    request: Body<LogInputs, INPUTS_BODY>,
) -> Answer<log_inputs::Response> {
    let request = request.0;
    let run = RunId::parse(&request.run_id.unwrap_or_default())?;
    let datasets = request
        .datasets
        .into_iter()
        .map(wire::dataset_input_from_wire)
        .collect::<Result<_>>()?;
    let models = request
        .models
        .into_iter()
        .map(|model| model.model_id.unwrap_or_default())
        .collect();
    app.tracking.log_inputs(run, datasets, models).await?;
    Ok(Reply(log_inputs::Response {}))
}

pub(crate) async fn log_outputs(
    app: Data<App>,
    request: Body<LogOutputs>,
) -> Answer<log_outputs::Response> {
    let request = request.0;
    let models = request
        .models
        .into_iter()
        .map(wire::model_output_from_wire)
        .collect();
    app.tracking
        .log_outputs(RunId(request.run_id.unwrap_or_default()), models)
        .await?;
    Ok(Reply(log_outputs::Response {}))
}
