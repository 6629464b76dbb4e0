//! The model registry: named models, their numbered versions, stages and aliases.

use crate::tags::Tag;

/// A registered model as stored.
#[derive(Debug, Clone, PartialEq)]
pub struct RegisteredModel {
    /// Unique.
    pub name: String,
    /// Milliseconds since the epoch.
    pub creation_time: i64,
    /// Milliseconds since the epoch; changes of its versions count.
    pub last_updated_time: i64,
    /// Free text.
    pub description: Option<String>,
    /// The newest version in each stage that has one.
    pub latest_versions: Vec<ModelVersion>,
    /// One value per key.
    pub tags: Vec<Tag>,
    /// Names for versions.
    pub aliases: Vec<Alias>,
}

/// A name for one version of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alias {
    /// Case-sensitive, unique within the model.
    pub alias: String,
    /// The version's number.
    pub version: i64,
}

/// A model version as stored.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelVersion {
    /// The model's name.
    pub name: String,
    /// Its number; never used again within the model.
    pub version: i64,
    /// Milliseconds since the epoch.
    pub creation_time: i64,
    /// Milliseconds since the epoch.
    pub last_updated_time: i64,
    /// Free text.
    pub description: Option<String>,
    /// Who made it.
    pub user_id: Option<String>,
    /// Its stage.
    pub stage: Stage,
    /// Where it was copied from, as the client said.
    pub source: String,
    /// Where its files are, when that is not `source` (copies).
    pub storage_location: Option<String>,
    /// The run that made it; may be empty.
    pub run_id: String,
    /// A link to that run; may be empty.
    pub run_link: String,
    /// Whether it can be used. MLflow's own server makes versions that are ready at once.
    pub status: VersionStatus,
    /// More about the status.
    pub status_message: Option<String>,
    /// The logged model it was made from.
    pub model_id: Option<String>,
    /// One value per key.
    pub tags: Vec<Tag>,
    /// Filled in when one version is asked for, not by searches.
    pub aliases: Vec<String>,
}

/// The four stages of a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(i16)]
pub enum Stage {
    /// None yet.
    None = 0,
    /// Being tried.
    Staging = 1,
    /// In use.
    Production = 2,
    /// Put away.
    Archived = 3,
}

impl Stage {
    /// All of them, in MLflow's order.
    pub const ALL: [Self; 4] = [Self::None, Self::Staging, Self::Production, Self::Archived];

    /// The canonical name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "None",
            Self::Staging => "Staging",
            Self::Production => "Production",
            Self::Archived => "Archived",
        }
    }

    /// The stage with this number.
    pub fn from_number(number: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| *stage as i16 == number)
    }
}

/// Whether a version can be used. The numbers are MLflow's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(i16)]
pub enum VersionStatus {
    /// Files are on their way.
    PendingRegistration = 1,
    /// They never came.
    FailedRegistration = 2,
    /// Can be used.
    Ready = 3,
}

impl VersionStatus {
    /// The status with this number.
    pub fn from_number(number: i16) -> Option<Self> {
        [Self::PendingRegistration, Self::FailedRegistration, Self::Ready]
            .into_iter()
            .find(|status| *status as i16 == number)
    }
}

/// A registered model to create, already checked.
#[derive(Debug, Clone, PartialEq)]
pub struct NewRegisteredModel {
    /// Checked.
    pub name: String,
    /// Free text.
    pub description: Option<String>,
    /// Keys are distinct.
    pub tags: Vec<Tag>,
}

/// A version to create, already checked.
#[derive(Debug, Clone, PartialEq)]
pub struct NewModelVersion {
    /// The model's name.
    pub name: String,
    /// Where it comes from.
    pub source: String,
    /// Where its files are, when that is not `source`.
    pub storage_location: Option<String>,
    /// May be empty.
    pub run_id: String,
    /// May be empty.
    pub run_link: String,
    /// Free text.
    pub description: Option<String>,
    /// The logged model it was made from.
    pub model_id: Option<String>,
    /// Keys are distinct.
    pub tags: Vec<Tag>,
}
