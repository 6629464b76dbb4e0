//! Orderings of experiments.

use tidemill_core::{Error, Result};

use super::filter::field;
use super::{ExperimentAttribute, ExperimentField, ExperimentOrder};
use crate::order::OrderBy;
use crate::syntax::order;

/// Parses the `order_by` of `experiments/search`. Without one, the newest come first, then the
/// smallest number; with one, ties go by the largest number.
pub fn parse_order_by(clauses: &[String]) -> Result<ExperimentOrder> {
    if clauses.is_empty() {
        return Ok(vec![
            OrderBy::descending(ExperimentAttribute::CreationTime),
            OrderBy::ascending(ExperimentAttribute::ExperimentId),
        ]);
    }
    let keys = order::parse(clauses, |name| match field(name)? {
        ExperimentField::Attribute(attribute) => Ok(attribute),
        ExperimentField::Tag(_) => Err(Error::invalid_parameter("Invalid order_by entity: tag")),
    })?;
    Ok(order::break_ties(
        keys,
        [OrderBy::descending(ExperimentAttribute::ExperimentId)],
    ))
}
