//! Searching experiments (`experiments/search`).

mod document;
mod filter;
mod order;

pub use filter::parse_filter;
pub use order::parse_order_by;

use crate::expr::Expr;
use crate::order::OrderBy;

/// A condition on experiments.
pub type ExperimentFilter = Expr<ExperimentField>;

/// What an experiment can be filtered by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ExperimentField {
    /// A property of the experiment.
    Attribute(ExperimentAttribute),
    /// The value of this tag.
    Tag(String),
}

/// Properties of experiments; they can all be ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ExperimentAttribute {
    /// The name.
    Name,
    /// The experiment's number. Filters compare it as text: only `=`, `!=`, `IN`, `NOT IN`,
    /// always with the usual decimal form of an `i64`. Orderings compare it as a number.
    ExperimentId,
    /// Milliseconds since the epoch; a number.
    CreationTime,
    /// Milliseconds since the epoch; a number.
    LastUpdateTime,
}

/// An ordering of experiments.
pub type ExperimentOrder = Vec<OrderBy<ExperimentAttribute>>;
