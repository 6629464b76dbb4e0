//! Conditions on logged models, which MLflow parses with a looser parser of its own.

use tidemill_core::{Error, Result};

use super::{LoggedModelAttribute, LoggedModelField, LoggedModelFilter};
use crate::expr::{Comparison, Number, Test};
use crate::syntax::refusals::unknown_attribute;
use crate::syntax::{self, Clause, Operand, OperandKind, Operator, Wording, python, test};

const NUMERIC_OPERATORS: [&str; 6] = ["<", "<=", ">", ">=", "=", "!="];
const TEXT_OPERATORS: [&str; 6] = ["=", "!=", "LIKE", "ILIKE", "IN", "NOT IN"];

/// The columns of MLflow's table.
const COLUMNS: [(&str, LoggedModelAttribute); 11] = [
    ("model_id", LoggedModelAttribute::ModelId),
    ("experiment_id", LoggedModelAttribute::ExperimentId),
    ("name", LoggedModelAttribute::Name),
    ("artifact_location", LoggedModelAttribute::ArtifactLocation),
    ("creation_timestamp_ms", LoggedModelAttribute::CreationTime),
    (
        "last_updated_timestamp_ms",
        LoggedModelAttribute::LastUpdatedTime,
    ),
    ("status", LoggedModelAttribute::Status),
    ("lifecycle_stage", LoggedModelAttribute::LifecycleStage),
    ("model_type", LoggedModelAttribute::ModelType),
    ("source_run_id", LoggedModelAttribute::SourceRunId),
    ("status_message", LoggedModelAttribute::StatusMessage),
];
/// Other names, for bare keys only.
const ALIASES: [(&str, LoggedModelAttribute); 3] = [
    ("creation_time", LoggedModelAttribute::CreationTime),
    ("creation_timestamp", LoggedModelAttribute::CreationTime),
    (
        "last_updated_timestamp",
        LoggedModelAttribute::LastUpdatedTime,
    ),
];

/// Parses the `filter` of `logged-models/search`.
pub fn parse_filter(filter: &str) -> Result<LoggedModelFilter> {
    syntax::parse(filter, Wording::LoggedModels, comparison)
}

fn comparison(clause: &Clause<'_>) -> Result<Comparison<LoggedModelField>> {
    let field = field(clause.left)?;
    let valid = if field.is_numeric() {
        &NUMERIC_OPERATORS
    } else {
        &TEXT_OPERATORS
    };
    let is_extra = matches!(clause.operator, Operator::IsNull | Operator::IsNotNull)
        || clause.operator == Operator::Between && field.is_numeric();
    let bad_operator = || bad_operator(&field, clause.written, valid);
    if !is_extra && !valid.iter().any(|operator| clause.is_written(operator)) {
        return Err(bad_operator());
    }
    let test = if field.is_numeric() {
        test::number(clause, number, |_| bad_operator())
    } else {
        text_test(clause).and_then(|test| test.ok_or_else(bad_operator))
    }?;
    Ok(Comparison { field, test })
}

impl LoggedModelField {
    /// Whether it holds numbers.
    fn is_numeric(&self) -> bool {
        matches!(
            self,
            Self::Metric(_)
                | Self::Attribute(
                    LoggedModelAttribute::CreationTime | LoggedModelAttribute::LastUpdatedTime
                )
        )
    }
}

fn field(text: &str) -> Result<LoggedModelField> {
    let Some((entity, key)) = entity_and_key(text) else {
        return attribute(text).map(LoggedModelField::Attribute);
    };
    let key = key.trim_matches('`');
    Ok(match entity {
        "attributes" => {
            LoggedModelField::Attribute(find(&COLUMNS, key).ok_or_else(|| unknown(key))?)
        }
        "metrics" => LoggedModelField::Metric(key.to_owned()),
        "params" => LoggedModelField::Param(key.to_owned()),
        "tags" => LoggedModelField::Tag(key.to_owned()),
        _ => {
            return Err(Error::invalid_parameter(format!(
                "Invalid entity type: {}. Expected one of {}.",
                python::repr(entity),
                python::list(&["attributes", "metrics", "params", "tags"])
            )));
        }
    })
}

/// Splits `entity.key`; anything else than small letters before the dot is no entity.
fn entity_and_key(text: &str) -> Option<(&str, &str)> {
    text.split_once('.').filter(|(entity, key)| {
        !entity.is_empty() && entity.bytes().all(|b| b.is_ascii_lowercase()) && !key.is_empty()
    })
}

/// The attribute that a bare name means.
pub(super) fn attribute(text: &str) -> Result<LoggedModelAttribute> {
    find(&ALIASES, text)
        .or_else(|| find(&COLUMNS, text.trim_matches('`')))
        .ok_or_else(|| unknown(text))
}

fn find(keys: &[(&str, LoggedModelAttribute)], key: &str) -> Option<LoggedModelAttribute> {
    keys.iter()
        .find(|(known, _)| *known == key)
        .map(|(_, attribute)| *attribute)
}

fn unknown(key: &str) -> Error {
    unknown_attribute(key, &COLUMNS.map(|(key, _)| key))
}

/// Integers stay integers; `inf` is a number, as it is in Python.
fn number(value: &Operand<'_>) -> Result<Number> {
    let lower = value.text.to_ascii_lowercase();
    let number = match value.kind {
        OperandKind::Int => value.text.parse().ok().map(Number::Int),
        OperandKind::Name if lower == "inf" || lower == "infinity" => {
            Some(Number::Float(f64::INFINITY))
        }
        _ => None,
    };
    number.or_else(|| test::double(value)).ok_or_else(|| {
        Error::invalid_parameter(format!(
            "could not convert string to float: {}",
            python::repr(value.text)
        ))
    })
}

/// A test of a text; nothing if the operator and the value do not go together.
fn text_test(clause: &Clause<'_>) -> Result<Option<Test>> {
    Ok(match (clause.operator, clause.right.kind) {
        (Operator::In, _) => Some(Test::In(test::loose_texts(&clause.right)?)),
        (Operator::NotIn, _) => Some(Test::NotIn(test::loose_texts(&clause.right)?)),
        (_, OperandKind::List) => None,
        (operator, _) => match test::text_op(operator) {
            Some(operator) => Some(test::compare(
                operator,
                clause.right.text.trim_matches('\''),
            )?),
            None => test::null(clause),
        },
    })
}

fn bad_operator(field: &LoggedModelField, operator: &str, valid: &[&str]) -> Error {
    let (entity, key) = match field {
        LoggedModelField::Attribute(attribute) => ("attributes", attribute.to_string()),
        LoggedModelField::Metric(key) => ("metrics", key.clone()),
        LoggedModelField::Param(key) => ("params", key.clone()),
        LoggedModelField::Tag(key) => ("tags", key.clone()),
    };
    Error::invalid_parameter(format!(
        "Invalid comparison operator for {entity}.{}: {}. Expected one of {}.",
        python::clip(&key),
        python::repr(&operator.to_ascii_uppercase()),
        python::tuple(valid)
    ))
}
