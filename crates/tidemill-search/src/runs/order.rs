//! Orderings of runs.

use tidemill_core::{Error, Result};

use super::filter::{field, sortable};
use super::{RunAttribute, RunField, RunOrder, RunSort};
use crate::order::OrderBy;
use crate::syntax::order;

/// Parses the `order_by` of `runs/search`. Ties go by start time, newest first, then by run id.
pub fn parse_order_by(clauses: &[String]) -> Result<RunOrder> {
    let attributes = sortable();
    let keys = order::parse(clauses, |name| sort(field(name, &attributes)?))?;
    order::refuse_repeats(&keys, clauses)?;
    let ties = [
        OrderBy::descending(RunSort::Attribute(RunAttribute::StartTime)),
        OrderBy::ascending(RunSort::Attribute(RunAttribute::RunId)),
    ];
    Ok(order::break_ties(keys, ties))
}

fn sort(field: RunField) -> Result<RunSort> {
    Ok(match field {
        RunField::Metric(key) => RunSort::Metric(key),
        RunField::Param(key) => RunSort::Param(key),
        RunField::Tag(key) => RunSort::Tag(key),
        RunField::Attribute(attribute) => RunSort::Attribute(attribute),
        RunField::Dataset(_) => {
            return Err(Error::invalid_parameter(
                "Invalid identifier type 'dataset'",
            ));
        }
    })
}
