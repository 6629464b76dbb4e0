//! Orderings of logged models.

use tidemill_core::{Error, Result};

use super::filter::attribute;
use super::{LoggedModelAttribute, LoggedModelOrder, LoggedModelSort, OrderByClause};
use crate::order::OrderBy;
use crate::syntax::order::{break_ties, check_count};
use crate::syntax::{check_text, python};

/// Reads the `order_by` of `logged-models/search`. Ties go by creation time, newest first, then
/// by model id.
pub fn parse_order_by(clauses: &[OrderByClause]) -> Result<LoggedModelOrder> {
    check_count(clauses.len())?;
    let keys = clauses.iter().map(sort_key).collect::<Result<_>>()?;
    let ties = [
        OrderBy::descending(LoggedModelSort::Attribute(
            LoggedModelAttribute::CreationTime,
        )),
        OrderBy::ascending(LoggedModelSort::Attribute(LoggedModelAttribute::ModelId)),
    ];
    Ok(break_ties(keys, ties))
}

fn sort_key(clause: &OrderByClause) -> Result<OrderBy<LoggedModelSort>> {
    let name = &clause.field_name;
    check_text(name)?;
    let field = match name.split_once('.') {
        None => LoggedModelSort::Attribute(
            attribute(name)
                .ok()
                .filter(|_| !name.contains('`'))
                .ok_or_else(|| Error::unknown_attribute(bad_name(name)))?,
        ),
        Some(("metrics", key)) => LoggedModelSort::Metric {
            key: key.to_owned(),
            dataset_name: given(&clause.dataset_name)?,
            dataset_digest: given(&clause.dataset_digest)?,
        },
        Some(_) => {
            return Err(Error::invalid_parameter(format!(
                "{}. Only metrics are supported.",
                bad_name(name)
            )));
        }
    };
    Ok(OrderBy {
        field,
        ascending: clause.ascending,
    })
}

/// A limit on datasets, unless it is empty.
fn given(text: &Option<String>) -> Result<Option<String>> {
    let text = text.as_ref().filter(|text| !text.is_empty());
    text.map(|text| check_text(text).map(|()| text.clone()))
        .transpose()
}

fn bad_name(name: &str) -> String {
    format!("Invalid order by field name: {}", python::clip(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clause(field_name: &str, dataset_name: Option<&str>) -> OrderByClause {
        OrderByClause {
            field_name: field_name.to_owned(),
            ascending: true,
            dataset_name: dataset_name.map(str::to_owned),
            dataset_digest: None,
        }
    }

    #[test]
    fn a_metric_can_be_limited_to_a_dataset() {
        let order = parse_order_by(&[clause("metrics.a.b", Some("d"))]).unwrap();
        let metric = LoggedModelSort::Metric {
            key: "a.b".to_owned(),
            dataset_name: Some("d".to_owned()),
            dataset_digest: None,
        };
        assert_eq!(
            order,
            [
                OrderBy::ascending(metric),
                OrderBy::descending(LoggedModelSort::Attribute(
                    LoggedModelAttribute::CreationTime
                )),
                OrderBy::ascending(LoggedModelSort::Attribute(LoggedModelAttribute::ModelId)),
            ]
        );
    }

    #[test]
    fn only_metrics_and_columns_order() {
        let refusal = |name| parse_order_by(&[clause(name, None)]).unwrap_err();
        assert!(matches!(refusal("params.k"), Error::InvalidParameter(_)));
        assert_eq!(
            refusal("params.k").to_string(),
            "Invalid order by field name: params.k. Only metrics are supported."
        );
        assert!(matches!(refusal("foo"), Error::UnknownAttribute(_)));
        assert_eq!(
            refusal("foo").to_string(),
            "Invalid order by field name: foo"
        );
        assert!(parse_order_by(&[clause("creation_timestamp", None)]).is_ok());
    }
}
