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

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(clauses: &[&str]) -> Result<RunOrder> {
        let clauses: Vec<_> = clauses.iter().map(|clause| (*clause).to_owned()).collect();
        parse_order_by(&clauses)
    }

    #[test]
    fn runs_go_by_start_time_and_id_unless_asked_otherwise() {
        let start_time = RunSort::Attribute(RunAttribute::StartTime);
        let run_id = RunSort::Attribute(RunAttribute::RunId);
        let default = [
            OrderBy::descending(start_time.clone()),
            OrderBy::ascending(run_id.clone()),
        ];
        assert_eq!(parsed(&[]).unwrap(), default);
        let oldest_first = [OrderBy::ascending(start_time), OrderBy::ascending(run_id)];
        assert_eq!(parsed(&["created"]).unwrap(), oldest_first);
    }

    #[test]
    fn a_field_twice_is_refused_also_under_another_name() {
        assert_eq!(
            parsed(&["start_time", "Created DESC"])
                .unwrap_err()
                .to_string(),
            "`order_by` contains duplicate fields: ['start_time', 'Created DESC']"
        );
        assert!(parsed(&["metrics.a", "metric.a"]).is_err());
        assert!(parsed(&["metrics.a", "params.a", "tags.a"]).is_ok());
    }

    #[test]
    fn sort_keys_are_few() {
        assert!(
            parsed(&["metrics.a"; 33])
                .unwrap_err()
                .to_string()
                .contains("At most 32")
        );
    }
}
