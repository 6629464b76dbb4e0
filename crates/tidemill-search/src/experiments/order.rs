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

#[cfg(test)]
mod tests {
    use super::*;
    use ExperimentAttribute::*;

    #[test]
    fn the_newest_come_first_unless_asked_otherwise() {
        let default = [
            OrderBy::descending(CreationTime),
            OrderBy::ascending(ExperimentId),
        ];
        assert_eq!(parse_order_by(&[]).unwrap(), default);
        let by_name = [OrderBy::ascending(Name), OrderBy::descending(ExperimentId)];
        assert_eq!(parse_order_by(&["name".to_owned()]).unwrap(), by_name);
    }

    #[test]
    fn a_field_may_come_twice() {
        assert!(parse_order_by(&["name".to_owned(), "name DESC".to_owned()]).is_ok());
    }
}
