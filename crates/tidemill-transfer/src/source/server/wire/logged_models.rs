//! Logged models as servers answer them.

use serde::Deserialize;
use tidemill_core::lifecycle::LifecycleStage;
use tidemill_core::logged_models::{self, LoggedModelStatus, ModelMetric};
use tidemill_core::metrics::{comparable, finite};

use super::experiments::experiment_id;
use super::{Int, KeyValue, Why, filled, time, to_params, to_tags, unknown};
use crate::source::server::json::Float;

#[derive(Deserialize)]
pub(in crate::source::server) struct LoggedModel {
    info: Info,
    #[serde(default)]
    data: Data,
}

#[derive(Deserialize)]
struct Info {
    model_id: String,
    experiment_id: Int,
    #[serde(default)]
    name: String,
    creation_timestamp_ms: Option<Int>,
    last_updated_timestamp_ms: Option<Int>,
    #[serde(default)]
    artifact_uri: String,
    status: Option<String>,
    status_message: Option<String>,
    model_type: Option<String>,
    source_run_id: Option<String>,
    #[serde(default)]
    tags: Vec<KeyValue>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Data {
    params: Vec<KeyValue>,
    metrics: Vec<Metric>,
}

#[derive(Deserialize)]
struct Metric {
    key: String,
    value: Float,
    timestamp: Int,
    step: Option<Int>,
    #[serde(default)]
    run_id: String,
    dataset_name: Option<String>,
    dataset_digest: Option<String>,
}

impl LoggedModel {
    /// Servers list no others than active ones.
    pub(in crate::source::server) fn into_core(self) -> Result<logged_models::LoggedModel, Why> {
        let info = self.info;
        let creation_time = time("creation time", info.creation_timestamp_ms)?.unwrap_or(0);
        let updated = time("update time", info.last_updated_timestamp_ms)?;
        let metrics = self.data.metrics.into_iter();
        Ok(logged_models::LoggedModel {
            id: filled("id", info.model_id)?,
            experiment_id: experiment_id(info.experiment_id)?,
            name: info.name,
            artifact_location: info.artifact_uri,
            creation_time,
            last_updated_time: updated.unwrap_or(creation_time),
            status: status(info.status.as_deref())?,
            status_message: info.status_message.filter(|message| !message.is_empty()),
            model_type: info.model_type,
            source_run_id: info.source_run_id,
            stage: LifecycleStage::Active,
            tags: to_tags(info.tags),
            params: to_params(self.data.params),
            metrics: metrics.map(Metric::into_core).collect::<Result<_, _>>()?,
        })
    }
}

impl Metric {
    fn into_core(self) -> Result<ModelMetric, Why> {
        let what = format!("metric {:?} has a point whose time", self.key);
        Ok(ModelMetric {
            value: comparable(finite(self.value.0)),
            timestamp: time(&what, Some(self.timestamp))?.unwrap_or(0),
            step: self.step.map_or(0, |step| step.0),
            key: self.key,
            run_id: self.run_id,
            dataset_name: self.dataset_name.filter(|name| !name.is_empty()),
            dataset_digest: self.dataset_digest.filter(|digest| !digest.is_empty()),
        })
    }
}

fn status(word: Option<&str>) -> Result<LoggedModelStatus, Why> {
    match word {
        None | Some("" | "LOGGED_MODEL_STATUS_UNSPECIFIED") => Ok(LoggedModelStatus::Unspecified),
        Some("LOGGED_MODEL_PENDING") => Ok(LoggedModelStatus::Pending),
        Some("LOGGED_MODEL_READY") => Ok(LoggedModelStatus::Ready),
        Some("LOGGED_MODEL_UPLOAD_FAILED") => Ok(LoggedModelStatus::UploadFailed),
        Some(word) => Err(unknown("status", word)),
    }
}
