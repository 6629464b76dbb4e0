mod create;
mod lifecycle;
mod read;
mod search;
mod tags;

pub(crate) use create::create;
pub(crate) use lifecycle::{delete, restore, update};
pub(crate) use read::{get, get_by_name};
pub(crate) use search::{list, search};
pub(crate) use tags::{delete_tag, set_tag};

use tidemill_core::Result;
use tidemill_core::experiments::{Experiment, ExperimentId};
use tidemill_core::lifecycle::ViewType;
use tidemill_core::tags::Tag;
use tidemill_proto::mlflow;

/// The one workspace there is while workspaces are off.
const WORKSPACE: &str = "default";

fn id(text: &Option<String>) -> Result<ExperimentId> {
    ExperimentId::parse(text.as_deref().unwrap_or_default())
}

fn to_wire(experiment: Experiment) -> mlflow::Experiment {
    mlflow::Experiment {
        experiment_id: Some(experiment.id.to_string()),
        name: Some(experiment.name),
        artifact_location: Some(experiment.artifact_location),
        lifecycle_stage: Some(experiment.stage.as_str().to_owned()),
        last_update_time: Some(experiment.last_update_time),
        creation_time: Some(experiment.creation_time),
        tags: experiment.tags.into_iter().map(tag_to_wire).collect(),
        workspace: Some(WORKSPACE.to_owned()),
        ..Default::default()
    }
}

fn tag_to_wire(tag: Tag) -> mlflow::ExperimentTag {
    mlflow::ExperimentTag {
        key: Some(tag.key),
        value: Some(tag.value),
    }
}

/// An unset or unknown view type means the active things.
pub(crate) fn view_type(number: Option<i32>) -> ViewType {
    match number.map(mlflow::ViewType::try_from) {
        Some(Ok(mlflow::ViewType::DeletedOnly)) => ViewType::DeletedOnly,
        Some(Ok(mlflow::ViewType::All)) => ViewType::All,
        _ => ViewType::ActiveOnly,
    }
}
