//! Orderings of registered models.

use tidemill_core::{Error, Result};

use super::{RegisteredModelOrder, RegisteredModelSort};
use crate::order::OrderBy;
use crate::syntax::{order, python};

/// Parses the `order_by` of `registered-models/search`. Ties go by name.
pub fn parse_order_by(clauses: &[String]) -> Result<RegisteredModelOrder> {
    let keys = order::parse(clauses, |name| match name {
        "name" => Ok(RegisteredModelSort::Name),
        "timestamp" | "last_updated_timestamp" => Ok(RegisteredModelSort::LastUpdatedTime),
        other => Err(Error::invalid_parameter(format!(
            "Invalid order by key '{}' specified. Valid keys are '{}'",
            python::clip(other),
            python::set(&["name", "timestamp"])
        ))),
    })?;
    order::refuse_repeats(&keys, clauses)?;
    Ok(order::break_ties(
        keys,
        [OrderBy::ascending(RegisteredModelSort::Name)],
    ))
}
