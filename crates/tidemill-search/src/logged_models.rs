//! Searching logged models (`logged-models/search`).

mod document;
mod filter;
mod order;

pub use document::{matches, mentions_metrics};
pub use filter::parse_filter;
pub use order::parse_order_by;

use crate::expr::Expr;
use crate::order::OrderBy;

/// A condition on logged models.
pub type LoggedModelFilter = Expr<LoggedModelField>;

/// What a logged model can be filtered by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum LoggedModelField {
    /// A property of the model.
    Attribute(LoggedModelAttribute),
    /// Every logged value of this metric, limited to the datasets of the search; numbers.
    Metric(String),
    /// The value of this param.
    Param(String),
    /// The value of this tag.
    Tag(String),
}

/// Properties of logged models; they can all be ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LoggedModelAttribute {
    /// The model's id.
    ModelId,
    /// The experiment's number; filters compare it as text, orderings as a number.
    ExperimentId,
    /// The name.
    Name,
    /// Root of the model's files.
    ArtifactLocation,
    /// The status's number; filters compare it as text, orderings as a number.
    Status,
    /// More about the status.
    StatusMessage,
    /// `active`, because deleted models are never found.
    LifecycleStage,
    /// Free text.
    ModelType,
    /// The run that made it.
    SourceRunId,
    /// Milliseconds since the epoch; a number.
    CreationTime,
    /// Milliseconds since the epoch; a number.
    LastUpdatedTime,
}

/// What logged models can be ordered by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum LoggedModelSort {
    /// A property of the model.
    Attribute(LoggedModelAttribute),
    /// The value of a metric's newest row: by timestamp, then step, then the smaller run id.
    Metric {
        /// The metric's name.
        key: String,
        /// Only rows measured on a dataset of this name.
        dataset_name: Option<String>,
        /// Only rows measured on a dataset with this digest.
        dataset_digest: Option<String>,
    },
}

/// An ordering of logged models.
pub type LoggedModelOrder = Vec<OrderBy<LoggedModelSort>>;

/// One element of a request's `order_by`, as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderByClause {
    /// A property, or `metrics.` and a metric's name.
    pub field_name: String,
    /// Small values first; the default.
    pub ascending: bool,
    /// Only rows measured on a dataset of this name. Empty counts as absent.
    pub dataset_name: Option<String>,
    /// Only rows measured on a dataset with this digest. Empty counts as absent.
    pub dataset_digest: Option<String>,
}

/// A dataset that a search of logged models is limited to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatasetFilter {
    /// Its name.
    pub name: String,
    /// Its digest. Without one, only metrics that carry no digest are meant: that is what
    /// MLflow's REST API makes of an absent digest.
    pub digest: Option<String>,
}
