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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_names_of_the_update_time_are_one_field() {
        let both = [
            "timestamp".to_owned(),
            "last_updated_timestamp DESC".to_owned(),
        ];
        assert!(parse_order_by(&both).is_err());
        assert_eq!(
            parse_order_by(&both[1..]).unwrap(),
            [
                OrderBy::descending(RegisteredModelSort::LastUpdatedTime),
                OrderBy::ascending(RegisteredModelSort::Name),
            ]
        );
    }
}
