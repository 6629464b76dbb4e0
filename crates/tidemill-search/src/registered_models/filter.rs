//! Conditions on registered models.

use tidemill_core::{Error, Result};

use super::{RegisteredModelField, RegisteredModelFilter};
use crate::expr::Comparison;
use crate::prompts;
use crate::syntax::name::TagOrAttribute;
use crate::syntax::refusals::{no_text, unknown_attribute};
use crate::syntax::{self, Clause, Wording, name, test};

/// Parses the `filter` of `registered-models/search`.
pub fn parse_filter(filter: &str) -> Result<RegisteredModelFilter> {
    let condition = syntax::parse(filter, Wording::Plain, comparison)?;
    Ok(prompts::settle(condition, |field| match field {
        RegisteredModelField::Tag(key) => Some(key),
        RegisteredModelField::Name => None,
    }))
}

fn comparison(clause: &Clause<'_>) -> Result<Comparison<RegisteredModelField>> {
    Ok(match TagOrAttribute::read(clause.left)? {
        TagOrAttribute::Tag(key) => Comparison {
            field: RegisteredModelField::Tag(name::key(key).to_owned()),
            test: test::text(
                clause,
                |value| no_text("tag (e.g. 'my-value')", value),
                |operator| bad_operator("tag", operator),
            )?,
        },
        // No quotes are taken off before MLflow looks at the key, so it may have none.
        TagOrAttribute::Attribute("name") => Comparison {
            field: RegisteredModelField::Name,
            test: test::text(clause, no_attribute_text, |operator| {
                bad_operator("attribute", operator)
            })?,
        },
        TagOrAttribute::Attribute(key) => return Err(unknown_attribute(key, &["name"])),
    })
}

/// Refuses an operator for `what`, as the registry says it.
pub(crate) fn bad_operator(what: &str, operator: &str) -> Error {
    Error::invalid_parameter(format!("Invalid comparator for {what}: {operator}"))
}

/// Refuses a value that an attribute of the registry cannot be compared with.
pub(crate) fn no_attribute_text(value: &str) -> Error {
    Error::invalid_parameter(format!(
        "Expected a quoted string value or a list of quoted string values for attributes. \
         Got value {value}"
    ))
}
