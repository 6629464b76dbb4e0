//! Conditions on model versions.

use tidemill_core::{Error, Result};

use super::{ModelVersionAttribute, ModelVersionField, ModelVersionFilter};
use crate::expr::{Comparison, Number, Test};
use crate::prompts;
use crate::registered_models::filter::{bad_operator, no_attribute_text};
use crate::syntax::name::TagOrAttribute;
use crate::syntax::refusals::{no_list, no_text, unknown_attribute};
use crate::syntax::{self, Clause, Operand, OperandKind, Wording, name, python, test};

const ATTRIBUTES: [(&str, ModelVersionAttribute); 4] = [
    ("name", ModelVersionAttribute::Name),
    ("version_number", ModelVersionAttribute::VersionNumber),
    ("run_id", ModelVersionAttribute::RunId),
    ("source_path", ModelVersionAttribute::SourcePath),
];
const NUMERIC: [&str; 3] = [
    "version_number",
    "creation_timestamp",
    "last_updated_timestamp",
];

/// Parses the `filter` of `model-versions/search`.
pub fn parse_filter(filter: &str) -> Result<ModelVersionFilter> {
    let condition = syntax::parse(filter, Wording::Plain, comparison)?;
    Ok(prompts::settle(condition, |field| match field {
        ModelVersionField::Tag(key) => Some(key),
        ModelVersionField::Attribute(_) => None,
    }))
}

fn comparison(clause: &Clause<'_>) -> Result<Comparison<ModelVersionField>> {
    let field = field(clause.left)?;
    let test = match &field {
        ModelVersionField::Tag(_) => tag_test(clause),
        ModelVersionField::Attribute(ModelVersionAttribute::VersionNumber) => version_test(clause),
        ModelVersionField::Attribute(attribute) => attribute_test(clause, *attribute),
    }?;
    Ok(Comparison { field, test })
}

fn field(text: &str) -> Result<ModelVersionField> {
    match TagOrAttribute::read(text)? {
        TagOrAttribute::Tag(key) => Ok(ModelVersionField::Tag(name::key(key).to_owned())),
        // No quotes are taken off before MLflow looks at the key, so it may have none.
        TagOrAttribute::Attribute(key) => ATTRIBUTES
            .iter()
            .find(|(known, _)| *known == key)
            .map(|(_, attribute)| ModelVersionField::Attribute(*attribute))
            .ok_or_else(|| unknown_attribute(key, &ATTRIBUTES.map(|(key, _)| key))),
    }
}

fn tag_test(clause: &Clause<'_>) -> Result<Test> {
    let bad_operator = |operator: &str| bad_operator("tag", operator);
    test::text(
        clause,
        |value| no_text("tag (e.g. 'my-value')", value),
        bad_operator,
    )
}

fn attribute_test(clause: &Clause<'_>, attribute: ModelVersionAttribute) -> Result<Test> {
    match clause.right.kind {
        OperandKind::List if attribute == ModelVersionAttribute::SourcePath => {
            return Err(no_list(&["name", "run_id"]));
        }
        OperandKind::Int | OperandKind::Float => {
            return Err(Error::invalid_parameter(format!(
                "Only the '{}' attributes support comparison with numeric values.",
                python::set(&NUMERIC)
            )));
        }
        _ => {}
    }
    test::text(clause, no_attribute_text, |operator| {
        bad_operator("attribute", operator)
    })
}

fn version_test(clause: &Clause<'_>) -> Result<Test> {
    if clause.right.kind == OperandKind::List {
        return Err(no_list(&["name", "run_id"]));
    }
    let bad_operator = |operator: &str| bad_operator("attribute version_number", operator);
    test::number(clause, version, bad_operator)
}

/// A version, which may be in quotes.
fn version(value: &Operand<'_>) -> Result<Number> {
    let text = match value.kind {
        OperandKind::Int | OperandKind::Float => value.text,
        _ => test::quoted(value)?.ok_or_else(|| no_attribute_text(&python::clip(value.text)))?,
    };
    text.trim().parse().map(Number::Int).map_err(|_| {
        let shown = match value.kind {
            OperandKind::Int => python::clip(text).into_owned(),
            OperandKind::Float => python::float(text),
            _ => python::repr(text),
        };
        Error::invalid_parameter(format!(
            "Invalid value for numeric attribute 'version_number': {shown}"
        ))
    })
}
