//! Orderings of model versions.

use tidemill_core::{Error, Result};

use super::{ModelVersionOrder, ModelVersionSort};
use crate::order::OrderBy;
use crate::syntax::name::{self, TagOrAttribute};
use crate::syntax::refusals::unknown_attribute;
use crate::syntax::{order, python};

const KEYS: [(&str, ModelVersionSort); 4] = [
    ("name", ModelVersionSort::Name),
    ("version_number", ModelVersionSort::VersionNumber),
    ("creation_timestamp", ModelVersionSort::CreationTime),
    ("last_updated_timestamp", ModelVersionSort::LastUpdatedTime),
];

/// Parses the `order_by` of `model-versions/search`. Without one, the last updated come first.
/// Ties go by name, then by the larger version.
pub fn parse_order_by(clauses: &[String]) -> Result<ModelVersionOrder> {
    let mut keys = order::parse(clauses, field)?;
    order::refuse_repeats(&keys, clauses)?;
    if keys.is_empty() {
        keys.push(OrderBy::descending(ModelVersionSort::LastUpdatedTime));
    }
    let ties = [
        OrderBy::ascending(ModelVersionSort::Name),
        OrderBy::descending(ModelVersionSort::VersionNumber),
    ];
    Ok(order::break_ties(keys, ties))
}

fn field(text: &str) -> Result<ModelVersionSort> {
    let find = |key| {
        KEYS.iter()
            .find(|(known, _)| *known == key)
            .map(|(_, sort)| *sort)
    };
    let valid = KEYS.map(|(key, _)| key);
    match TagOrAttribute::read(text)? {
        TagOrAttribute::Attribute(key) => {
            let key = name::key(key);
            find(key).ok_or_else(|| unknown_attribute(key, &valid))
        }
        // MLflow forgets that this is a tag and would order by the attribute of that name.
        TagOrAttribute::Tag(key) => Err(Error::invalid_parameter(format!(
            "Invalid order by key '{}' specified. Valid keys are {}",
            python::clip(name::key(key)),
            python::set(&valid)
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ModelVersionSort::*;

    #[test]
    fn the_last_updated_come_first_unless_asked_otherwise() {
        let ties = [OrderBy::ascending(Name), OrderBy::descending(VersionNumber)];
        let by_update = [&[OrderBy::descending(LastUpdatedTime)], &ties[..]].concat();
        assert_eq!(parse_order_by(&[]).unwrap(), by_update);
        assert_eq!(parse_order_by(&["name".to_owned()]).unwrap(), ties);
    }

    #[test]
    fn a_field_twice_is_refused() {
        assert!(parse_order_by(&["name".to_owned(), "name DESC".to_owned()]).is_err());
    }
}
