mod create;
mod inputs;
mod lifecycle;
mod log;
mod log_batch;
mod read;
mod search;
mod update;
mod wire;

pub(crate) use create::create;
pub(crate) use inputs::{log_inputs, log_outputs};
pub(crate) use lifecycle::{delete, restore};
pub(crate) use log::{delete_tag, log_metric, log_model, log_param, set_tag};
pub(crate) use log_batch::log_batch;
pub(crate) use read::get;
pub(crate) use search::{search, search_message};
pub(crate) use update::update;
pub(crate) use wire::metric as metric_to_wire;

use tidemill_core::runs::RunId;

/// The run that a request names. `run_uuid` is the name of the field in clients before 1.0.
pub(crate) fn id(run_id: Option<String>, run_uuid: Option<String>) -> RunId {
    RunId(
        run_id
            .filter(|id| !id.is_empty())
            .or(run_uuid)
            .unwrap_or_default(),
    )
}
