//! Logged models: models as experiments make them, before anyone registers them.
//!
//! MLflow checks next to nothing here: tags and params may have any key, any status may follow
//! any other, and a deleted model can still be written.

use std::collections::HashSet;

use crate::experiments::ExperimentId;
use crate::lifecycle::LifecycleStage;
use crate::location;
use crate::params::Param;
use crate::quote::quote;
use crate::runs::name;
use crate::tags::Tag;
use crate::{Error, Result};

/// The tag that lists the versions registered from a logged model.
pub const MODEL_VERSIONS: &str = "mlflow.modelVersions";

/// Characters that no name may have, as MLflow's message lists them.
const FORBIDDEN: [char; 6] = ['/', ':', '.', '%', '"', '\''];

/// Whether a logged model's files are complete. The numbers are MLflow's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(i16)]
pub enum LoggedModelStatus {
    /// What a number without a meaning becomes when a model is finalized with it.
    Unspecified = 0,
    /// Files may still be uploaded.
    Pending = 1,
    /// Complete.
    Ready = 2,
    /// The upload failed.
    UploadFailed = 3,
}

impl LoggedModelStatus {
    /// The status with this number.
    pub fn from_number(number: i16) -> Option<Self> {
        [
            Self::Unspecified,
            Self::Pending,
            Self::Ready,
            Self::UploadFailed,
        ]
        .into_iter()
        .find(|status| *status as i16 == number)
    }
}

/// A logged model as stored.
#[derive(Debug, Clone, PartialEq)]
pub struct LoggedModel {
    /// `m-` and 32 hexadecimal digits when made here.
    pub id: String,
    /// The experiment it belongs to.
    pub experiment_id: ExperimentId,
    /// Need not be unique.
    pub name: String,
    /// Root of its files.
    pub artifact_location: String,
    /// Milliseconds since the epoch.
    pub creation_time: i64,
    /// Milliseconds since the epoch.
    pub last_updated_time: i64,
    /// Whether its files are complete.
    pub status: LoggedModelStatus,
    /// More about the status.
    pub status_message: Option<String>,
    /// Such as `Agent` or `Classifier`; free text, may be empty. MLflow's own Python code leaves it
    /// out where its server writes an empty one.
    pub model_type: Option<String>,
    /// The run that made it; may be empty or left out, too.
    pub source_run_id: Option<String>,
    /// Active or deleted.
    pub stage: LifecycleStage,
    /// One value per key.
    pub tags: Vec<Tag>,
    /// One value per key.
    pub params: Vec<Param>,
    /// Every logged point.
    pub metrics: Vec<ModelMetric>,
}

/// A metric point of a logged model, with the run that logged it.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelMetric {
    /// The metric's name.
    pub key: String,
    /// Never NaN: MLflow keeps 0 for it here.
    pub value: f64,
    /// Milliseconds since the epoch.
    pub timestamp: i64,
    /// May be negative.
    pub step: i64,
    /// The run that logged it.
    pub run_id: String,
    /// The dataset it was measured on.
    pub dataset_name: Option<String>,
    /// That dataset's digest.
    pub dataset_digest: Option<String>,
}

/// A logged model to create, already checked.
#[derive(Debug, Clone, PartialEq)]
pub struct NewLoggedModel {
    /// The experiment it belongs to.
    pub experiment_id: ExperimentId,
    /// Given or made up.
    pub name: String,
    /// May be empty.
    pub model_type: String,
    /// May be empty.
    pub source_run_id: String,
    /// Keys are distinct.
    pub params: Vec<Param>,
    /// Keys are distinct.
    pub tags: Vec<Tag>,
}

impl NewLoggedModel {
    /// Checks the name and that keys are distinct. A model without a name gets one.
    pub fn new(
        experiment_id: ExperimentId,
        name: Option<String>,
        model_type: String,
        source_run_id: String,
        params: Vec<Param>,
        tags: Vec<Tag>,
    ) -> Result<Self> {
        let name = match name.filter(|name| !name.is_empty()) {
            Some(name) => checked_name(name)?,
            None => name::random(),
        };
        check_distinct("tag", tags.iter().map(|tag| tag.key.as_str()))?;
        check_distinct("param", params.iter().map(|param| param.key.as_str()))?;
        Ok(Self {
            experiment_id,
            name,
            model_type,
            source_run_id,
            params,
            tags,
        })
    }
}

/// A fresh id.
pub fn random_id() -> String {
    format!("m-{}", uuid::Uuid::new_v4().simple())
}

/// Where the files of the model with this id go.
pub fn artifact_location(experiment_location: &str, id: &str) -> String {
    location::append(experiment_location, &format!("models/{id}/artifacts"))
}

/// Checks params to add: their keys must differ.
pub fn check_params(params: &[Param]) -> Result<()> {
    check_distinct("param", params.iter().map(|param| param.key.as_str()))
}

/// There is no logged model with this id, or it is deleted.
pub fn not_found(id: &str) -> Error {
    Error::not_found(format!("Logged model with ID '{id}' not found."))
}

/// The logged model does not have this tag.
pub fn tag_not_found(id: &str, key: &str) -> Error {
    Error::not_found(format!(
        "No tag with key {} found for model with ID {}.",
        quote(key),
        quote(id)
    ))
}

/// The logged model has one of the params already. MLflow answers with its SQL.
pub fn param_exists(id: &str) -> Error {
    Error::bad_request(format!(
        "A param of the logged model with ID '{id}' was set before. Params cannot be changed."
    ))
}

fn checked_name(name: String) -> Result<String> {
    if name.contains(FORBIDDEN) {
        return Err(Error::invalid_parameter(format!(
            "Invalid model name ({}) provided. Model name must be a non-empty string and cannot \
             contain the following characters: ('/', ':', '.', '%', '\"', \"'\")",
            quote(&name)
        )));
    }
    Ok(name)
}

fn check_distinct<'k>(what: &str, mut keys: impl Iterator<Item = &'k str>) -> Result<()> {
    let mut seen = HashSet::new();
    match keys.find(|key| !seen.insert(*key)) {
        None => Ok(()),
        Some(key) => Err(Error::bad_request(format!(
            "The {what} key {} was given more than once.",
            quote(key)
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new(name: &str) -> Result<NewLoggedModel> {
        let none = String::new;
        NewLoggedModel::new(
            ExperimentId(1),
            Some(name.into()),
            none(),
            none(),
            vec![],
            vec![],
        )
    }

    #[test]
    fn a_name_has_none_of_six_characters() {
        for (name, quoted) in [("a/b", "'a/b'"), ("a.b", "'a.b'"), ("it's", "\"it's\"")] {
            assert_eq!(
                new(name).unwrap_err().to_string(),
                format!(
                    "Invalid model name ({quoted}) provided. Model name must be a non-empty \
                     string and cannot contain the following characters: ('/', ':', '.', '%', \
                     '\"', \"'\")"
                )
            );
        }
        assert_eq!(new(" ").unwrap().name, " ");
    }

    #[test]
    fn a_model_without_a_name_gets_one() {
        assert!(!new("").unwrap().name.is_empty());
    }

    #[test]
    fn a_key_given_twice_is_refused() {
        let twice = vec![Tag::new("k", "1"), Tag::new("k", "1")];
        let refused = NewLoggedModel::new(
            ExperimentId(1),
            None,
            String::new(),
            String::new(),
            vec![],
            twice,
        );
        assert!(matches!(refused, Err(Error::BadRequest(_))));
    }

    #[test]
    fn files_go_below_the_experiment() {
        assert_eq!(
            artifact_location("mlflow-artifacts:/1", "m-1"),
            "mlflow-artifacts:/1/models/m-1/artifacts"
        );
        assert_eq!(random_id().len(), 34);
    }
}
