//! Conditions on experiments.

use tidemill_core::{Error, Result};

use super::{ExperimentAttribute, ExperimentField, ExperimentFilter};
use crate::expr::{Comparison, Number, Test, TextOp};
use crate::syntax::name::TagOrAttribute;
use crate::syntax::refusals::{bad_operator, no_list, no_text, unknown_attribute};
use crate::syntax::{self, Clause, Operand, OperandKind, Operator, Wording, name, python, test};

pub(super) const ATTRIBUTES: [(&str, ExperimentAttribute); 4] = [
    ("name", ExperimentAttribute::Name),
    ("experiment_id", ExperimentAttribute::ExperimentId),
    ("creation_time", ExperimentAttribute::CreationTime),
    ("last_update_time", ExperimentAttribute::LastUpdateTime),
];
const TEXT_OPERATORS: [&str; 6] = ["=", "!=", "LIKE", "ILIKE", "IN", "NOT IN"];

/// Parses the `filter` of `experiments/search`. The words of operators have to be in upper
/// case, as for MLflow, except in `NOT IN`, the null tests, and what MLflow does not know.
pub fn parse_filter(filter: &str) -> Result<ExperimentFilter> {
    syntax::parse(filter, Wording::Plain, comparison)
}

fn comparison(clause: &Clause<'_>) -> Result<Comparison<ExperimentField>> {
    let field = field(clause.left)?;
    let test = match &field {
        ExperimentField::Tag(_) => tag_test(clause),
        ExperimentField::Attribute(attribute) => match attribute {
            ExperimentAttribute::Name => name_test(clause),
            ExperimentAttribute::ExperimentId => id_test(clause),
            ExperimentAttribute::CreationTime => time_test(clause, "creation_time"),
            ExperimentAttribute::LastUpdateTime => time_test(clause, "last_update_time"),
        },
    }?;
    Ok(Comparison { field, test })
}

/// The field called `text`.
pub(super) fn field(text: &str) -> Result<ExperimentField> {
    match TagOrAttribute::read(text)? {
        TagOrAttribute::Tag(key) => Ok(ExperimentField::Tag(name::key(key).to_owned())),
        TagOrAttribute::Attribute(key) => {
            let key = name::key(key);
            let known = ATTRIBUTES.iter().find(|(known, _)| *known == key);
            known
                .map(|(_, attribute)| ExperimentField::Attribute(*attribute))
                .ok_or_else(|| unknown_attribute(key, &ATTRIBUTES.map(|(key, _)| key)))
        }
    }
}

/// Refuses `like` and `in`: here, unlike elsewhere, MLflow knows only `LIKE` and `IN`.
fn check_case(clause: &Clause<'_>, bad_operator: impl Fn(&str) -> Error) -> Result<()> {
    let matters = matches!(
        clause.operator,
        Operator::Like | Operator::ILike | Operator::In
    );
    if matters && clause.written.chars().any(|c| c.is_ascii_lowercase()) {
        return Err(bad_operator(clause.written));
    }
    Ok(())
}

fn tag_test(clause: &Clause<'_>) -> Result<Test> {
    let bad_operator = |operator: &str| {
        Error::invalid_parameter(format!("Invalid comparator for tag: {operator}"))
    };
    check_case(clause, bad_operator)?;
    test::text(
        clause,
        |value| no_text("tag (e.g. 'my-value')", value),
        bad_operator,
    )
}

fn name_test(clause: &Clause<'_>) -> Result<Test> {
    if clause.right.kind == OperandKind::List {
        return Err(no_list(&["experiment_id"]));
    }
    let bad_operator = |operator: &str| bad_operator(operator, &TEXT_OPERATORS);
    check_case(clause, bad_operator)?;
    test::text(clause, |value| no_text("attributes", value), bad_operator)
}

fn id_test(clause: &Clause<'_>) -> Result<Test> {
    let bad_operator = |operator: &str| {
        Error::invalid_parameter(format!("Invalid comparator for experiment_id: {operator}"))
    };
    check_case(clause, bad_operator)?;
    let canonical = |ids: Vec<String>| {
        ids.iter()
            .map(|id| experiment_id(id))
            .collect::<Result<_>>()
    };
    Ok(
        match test::text(clause, |value| no_text("attributes", value), bad_operator)? {
            Test::In(ids) => Test::In(canonical(ids)?),
            Test::NotIn(ids) => Test::NotIn(canonical(ids)?),
            Test::Text(TextOp::Like | TextOp::ILike, _) => {
                return Err(bad_operator(clause.written));
            }
            Test::Text(operator, id) => Test::Text(operator, experiment_id(&id)?),
            other => other,
        },
    )
}

/// The usual form of a number that Python would read.
fn experiment_id(text: &str) -> Result<String> {
    let number: Option<i64> = text.trim().parse().ok();
    number.map(|id| id.to_string()).ok_or_else(|| {
        Error::invalid_parameter(format!(
            "Invalid experiment ID '{}'. Experiment ID must be a valid integer.",
            python::clip(text)
        ))
    })
}

fn time_test(clause: &Clause<'_>, key: &str) -> Result<Test> {
    let read = |value: &Operand<'_>| time(key, value);
    test::number(clause, read, |operator| {
        bad_operator(operator, &TEXT_OPERATORS)
    })
}

fn time(key: &str, value: &Operand<'_>) -> Result<Number> {
    let text = python::clip(value.text);
    let bad_value = |text: &str| {
        Error::invalid_parameter(format!(
            "Invalid value for numeric attribute '{key}': '{text}'"
        ))
    };
    match value.kind {
        OperandKind::Int => value
            .text
            .parse()
            .map(Number::Int)
            .map_err(|_| bad_value(&text)),
        OperandKind::Float => Err(bad_value(&python::float(value.text))),
        _ => Err(Error::invalid_parameter(format!(
            "Expected numeric value type for numeric attribute: {key}. Found {text}"
        ))),
    }
}
