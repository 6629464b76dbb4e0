//! Datasets that runs read.

use crate::experiments::ExperimentId;
use crate::tags::Tag;

/// A dataset; name and digest identify it within an experiment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dataset {
    /// Its name.
    pub name: String,
    /// Fingerprint of its content; may be empty.
    pub digest: String,
    /// Kind of source, such as `local` or `delta_table`.
    pub source_type: String,
    /// Where it comes from, as JSON text.
    pub source: String,
    /// Its columns, as JSON text.
    pub schema: Option<String>,
    /// Its statistics, as JSON text.
    pub profile: Option<String>,
}

/// A dataset with the tags of its use by one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatasetInput {
    /// What was read.
    pub dataset: Dataset,
    /// How: `mlflow.data.context` says for what.
    pub tags: Vec<Tag>,
}

/// A dataset as `experiments/search-datasets` lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatasetSummary {
    /// Where it was used.
    pub experiment_id: ExperimentId,
    /// Its name.
    pub name: String,
    /// Its digest.
    pub digest: String,
    /// For what it was used.
    pub context: Option<String>,
}
