//! Conditions on runs.

use tidemill_core::{Error, Result};

use super::{DatasetAttribute, RunAttribute, RunField, RunFilter};
use crate::expr::{Comparison, Number, Test};
use crate::syntax::refusals::{bad_operator, no_list, no_text, unknown_attribute};
use crate::syntax::{self, Clause, Operand, OperandKind, Wording, name, python, test};

const METRIC_OPERATORS: [&str; 6] = ["=", "!=", "<", "<=", ">", ">="];
const TAG_OPERATORS: [&str; 6] = ["=", "!=", "LIKE", "ILIKE", "IS NULL", "IS NOT NULL"];
const TEXT_OPERATORS: [&str; 6] = ["=", "!=", "LIKE", "ILIKE", "IN", "NOT IN"];

/// Every key of an attribute, with what it means. Those with a blank cannot be ordered by.
const ATTRIBUTES: [(&str, RunAttribute); 12] = [
    ("run_id", RunAttribute::RunId),
    ("run_name", RunAttribute::RunName),
    ("user_id", RunAttribute::UserId),
    ("status", RunAttribute::Status),
    ("start_time", RunAttribute::StartTime),
    ("end_time", RunAttribute::EndTime),
    ("artifact_uri", RunAttribute::ArtifactUri),
    ("created", RunAttribute::StartTime),
    ("Created", RunAttribute::StartTime),
    ("run name", RunAttribute::RunName),
    ("Run name", RunAttribute::RunName),
    ("Run Name", RunAttribute::RunName),
];
const DATASET_KEYS: [(&str, DatasetAttribute); 3] = [
    ("name", DatasetAttribute::Name),
    ("digest", DatasetAttribute::Digest),
    ("context", DatasetAttribute::Context),
];

/// Parses the `filter` of `runs/search`.
pub fn parse_filter(filter: &str) -> Result<RunFilter> {
    syntax::parse(filter, Wording::Runs, comparison)
}

fn comparison(clause: &Clause<'_>) -> Result<Comparison<RunField>> {
    let field = field(clause.left, &ATTRIBUTES)?;
    let test = match &field {
        RunField::Metric(_) => metric_test(clause),
        RunField::Param(_) => tag_test(clause, "parameter", bad_operator),
        RunField::Tag(_) => tag_test(clause, "tag", bad_operator_unclosed),
        RunField::Attribute(RunAttribute::StartTime | RunAttribute::EndTime) => time_test(clause),
        RunField::Attribute(attribute) => attribute_test(clause, *attribute),
        RunField::Dataset(_) => dataset_test(clause),
    }?;
    Ok(Comparison { field, test })
}

/// The field called `text`, if its attribute is among `attributes`.
pub(super) fn field(text: &str, attributes: &[(&str, RunAttribute)]) -> Result<RunField> {
    let (entity, key) = text.split_once('.').unwrap_or(("attribute", text));
    let key = name::key(key);
    Ok(match name::without_backticks(entity) {
        "metric" | "metrics" => RunField::Metric(key.to_owned()),
        "parameter" | "parameters" | "param" | "params" => RunField::Param(key.to_owned()),
        "tag" | "tags" => RunField::Tag(key.to_owned()),
        "attribute" | "attributes" | "attr" | "run" => {
            RunField::Attribute(find(key, attributes).ok_or_else(|| {
                unknown_attribute(
                    key,
                    &attributes.iter().map(|(key, _)| *key).collect::<Vec<_>>(),
                )
            })?)
        }
        "dataset" | "datasets" => {
            RunField::Dataset(find(key, &DATASET_KEYS).ok_or_else(|| unknown_dataset_key(key))?)
        }
        entity => return Err(unknown_entity(entity)),
    })
}

/// The attributes that can be ordered by: those whose key has no blank.
pub(super) fn sortable() -> Vec<(&'static str, RunAttribute)> {
    ATTRIBUTES
        .into_iter()
        .filter(|(key, _)| !key.contains(' '))
        .collect()
}

fn find<A: Copy>(key: &str, keys: &[(&str, A)]) -> Option<A> {
    keys.iter()
        .find(|(known, _)| *known == key)
        .map(|(_, attribute)| *attribute)
}

fn metric_test(clause: &Clause<'_>) -> Result<Test> {
    let read = |value: &Operand<'_>| {
        test::double(value).ok_or_else(|| {
            Error::invalid_parameter(format!(
                "Expected numeric value type for metric. Found {}",
                python::clip(value.text)
            ))
        })
    };
    test::number(clause, read, |operator| {
        bad_operator(operator, &METRIC_OPERATORS)
    })
}

fn time_test(clause: &Clause<'_>) -> Result<Test> {
    let key = name::key(
        clause
            .left
            .rsplit_once('.')
            .map_or(clause.left, |(_, key)| key),
    );
    let read = |value: &Operand<'_>| time(value).ok_or_else(|| no_time(key, value.text));
    test::number(clause, read, |operator| {
        bad_operator(operator, &TEXT_OPERATORS)
    })
}

fn time(value: &Operand<'_>) -> Option<Number> {
    match value.kind {
        OperandKind::Int => value.text.parse().ok().map(Number::Int),
        _ => test::double(value),
    }
}

fn tag_test(
    clause: &Clause<'_>,
    what: &str,
    bad_operator: fn(&str, &[&str]) -> Error,
) -> Result<Test> {
    let no_text = |value: &str| no_text(&format!("{what} (e.g. 'my-value')"), value);
    test::text(clause, no_text, |operator| {
        bad_operator(operator, &TAG_OPERATORS)
    })
}

fn attribute_test(clause: &Clause<'_>, attribute: RunAttribute) -> Result<Test> {
    if clause.right.kind == OperandKind::List && attribute != RunAttribute::RunId {
        return Err(no_list(&["run_id"]));
    }
    let no_text = |value: &str| no_text("attributes", value);
    test::text(clause, no_text, |operator| {
        bad_operator(operator, &TEXT_OPERATORS)
    })
}

fn dataset_test(clause: &Clause<'_>) -> Result<Test> {
    let no_text = |value: &str| no_text("dataset attributes", value);
    test::text(clause, no_text, |operator| {
        bad_operator_unclosed(operator, &TEXT_OPERATORS)
    })
}

/// As for params; for these two, MLflow forgets the quote at the end.
fn bad_operator_unclosed(operator: &str, valid: &[&str]) -> Error {
    Error::invalid_parameter(format!(
        "Invalid comparator '{operator}' not one of '{}",
        python::set(valid)
    ))
}

fn no_time(key: &str, value: &str) -> Error {
    Error::invalid_parameter(format!(
        "Expected numeric value type for numeric attribute: {key}. Found {}",
        python::clip(value)
    ))
}

fn unknown_dataset_key(key: &str) -> Error {
    Error::invalid_parameter(format!(
        "Invalid dataset key '{}' specified. Valid keys are '{}'",
        python::clip(key),
        python::set(&DATASET_KEYS.map(|(key, _)| key))
    ))
}

fn unknown_entity(entity: &str) -> Error {
    let valid = ["metric", "parameter", "tag", "attribute", "dataset"];
    Error::invalid_parameter(format!(
        "Invalid entity type '{}'. Valid values are {}",
        python::clip(entity),
        python::list(&valid)
    ))
}
