//! Searching runs (`runs/search`).

mod document;
mod filter;
mod order;

pub use filter::parse_filter;
pub use order::parse_order_by;

use crate::expr::Expr;
use crate::order::OrderBy;

/// A condition on runs.
pub type RunFilter = Expr<RunField>;

/// What a run can be filtered by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum RunField {
    /// The latest value of this metric; a number.
    Metric(String),
    /// The value of this param.
    Param(String),
    /// The value of this tag.
    Tag(String),
    /// A property of the run.
    Attribute(RunAttribute),
    /// A property of each dataset the run read.
    Dataset(DatasetAttribute),
}

/// Properties of runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RunAttribute {
    /// The run's id.
    RunId,
    /// When filtering: the tag `mlflow.runName`, as MLflow does. When ordering: the run's name.
    RunName,
    /// The status's upper-case name, such as `FINISHED`.
    Status,
    /// Root of the run's artifacts.
    ArtifactUri,
    /// Who ran it; empty unless the client said.
    UserId,
    /// Milliseconds since the epoch; a number.
    StartTime,
    /// Milliseconds since the epoch; a number, missing until the run ends.
    EndTime,
}

/// Properties of the datasets that a run read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DatasetAttribute {
    /// The dataset's name.
    Name,
    /// The dataset's digest.
    Digest,
    /// For what the run used it: the input's tag `mlflow.data.context`.
    Context,
}

/// What runs can be ordered by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum RunSort {
    /// The latest value of this metric.
    Metric(String),
    /// The value of this param, as text.
    Param(String),
    /// The value of this tag.
    Tag(String),
    /// A property of the run.
    Attribute(RunAttribute),
}

/// An ordering of runs.
pub type RunOrder = Vec<OrderBy<RunSort>>;
