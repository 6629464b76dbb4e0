//! From a clause as written to the test it stands for.

use std::borrow::Cow;

use tidemill_core::{Error, Result};

use super::list::{self, Item, List};
use super::{Clause, Operand, OperandKind, Operator, name, python};
use crate::expr::{Number, NumberOp, Test, TextOp};
use crate::limits::MAX_PATTERN_CHARS;

/// The null tests, which need no value.
pub(crate) fn null(clause: &Clause<'_>) -> Option<Test> {
    match clause.operator {
        Operator::IsNull => Some(Test::IsNull),
        Operator::IsNotNull => Some(Test::IsNotNull),
        _ => None,
    }
}

/// A test of a number: `read` makes one of an operand, `bad_operator` refuses an operator.
pub(crate) fn number(
    clause: &Clause<'_>,
    read: impl Fn(&Operand<'_>) -> Result<Number>,
    bad_operator: impl Fn(&str) -> Error,
) -> Result<Test> {
    if let Some(test) = null(clause) {
        return Ok(test);
    }
    let number = read(&clause.right)?;
    if clause.operator == Operator::Between {
        return between(number, read(&clause.upper)?);
    }
    let operator = number_op(clause.operator).ok_or_else(|| bad_operator(clause.written))?;
    Ok(finite(operator, number))
}

fn number_op(operator: Operator) -> Option<NumberOp> {
    Some(match operator {
        Operator::Eq => NumberOp::Eq,
        Operator::Ne => NumberOp::Ne,
        Operator::Lt => NumberOp::Lt,
        Operator::Le => NumberOp::Le,
        Operator::Gt => NumberOp::Gt,
        Operator::Ge => NumberOp::Ge,
        _ => return None,
    })
}

/// A test that means the same with a finite number. Stored numbers are finite or NaN, and
/// not every database can be given infinity.
fn finite(operator: NumberOp, number: Number) -> Test {
    let Number::Float(value) = number else {
        return Test::Number(operator, number);
    };
    let largest = Number::Float(f64::MAX.copysign(value));
    let positive = value > 0.0;
    match operator {
        _ if value.is_finite() => Test::Number(operator, number),
        NumberOp::Ne => Test::IsNotNull,
        NumberOp::Lt | NumberOp::Le if positive => Test::Number(NumberOp::Le, largest),
        NumberOp::Gt | NumberOp::Ge if !positive => Test::Number(NumberOp::Ge, largest),
        NumberOp::Lt => Test::Number(NumberOp::Lt, largest),
        NumberOp::Gt => Test::Number(NumberOp::Gt, largest),
        _ if positive => Test::Number(NumberOp::Gt, largest),
        _ => Test::Number(NumberOp::Lt, largest),
    }
}

fn between(low: Number, high: Number) -> Result<Test> {
    let is_finite = |number| !matches!(number, Number::Float(value) if !value.is_finite());
    if is_finite(low) && is_finite(high) {
        Ok(Test::Between(low, high))
    } else {
        Err(Error::invalid_parameter(
            "The bounds of BETWEEN must be finite numbers",
        ))
    }
}

/// The number that an operand is, if it is one, for a field that holds doubles.
pub(crate) fn double(operand: &Operand<'_>) -> Option<Number> {
    match operand.kind {
        OperandKind::Int | OperandKind::Float => operand.text.parse().ok().map(Number::Float),
        _ => None,
    }
}

/// A test of a text: `bad_value` refuses an operand that is no text, `bad_operator` an operator.
pub(crate) fn text(
    clause: &Clause<'_>,
    bad_value: impl Fn(&str) -> Error,
    bad_operator: impl Fn(&str) -> Error,
) -> Result<Test> {
    if let Some(test) = null(clause).map_or_else(|| among(clause), |test| Ok(Some(test)))? {
        return Ok(test);
    }
    if clause.operator == Operator::Between {
        return Err(bad_operator(clause.written));
    }
    let text = quoted(&clause.right)?.ok_or_else(|| bad_value(&python::clip(clause.right.text)))?;
    let operator = text_op(clause.operator).ok_or_else(|| bad_operator(clause.written))?;
    compare(operator, text)
}

/// `IN` and `NOT IN`.
fn among(clause: &Clause<'_>) -> Result<Option<Test>> {
    Ok(match clause.operator {
        Operator::In => Some(Test::In(texts(&clause.right)?)),
        Operator::NotIn => Some(Test::NotIn(texts(&clause.right)?)),
        _ => None,
    })
}

pub(crate) fn text_op(operator: Operator) -> Option<TextOp> {
    Some(match operator {
        Operator::Eq => TextOp::Eq,
        Operator::Ne => TextOp::Ne,
        Operator::Like => TextOp::Like,
        Operator::ILike => TextOp::ILike,
        _ => return None,
    })
}

/// A comparison with a text, unless the text is a pattern that is too long.
pub(crate) fn compare(operator: TextOp, text: &str) -> Result<Test> {
    let is_pattern = matches!(operator, TextOp::Like | TextOp::ILike);
    if is_pattern && text.chars().nth(MAX_PATTERN_CHARS).is_some() {
        return Err(Error::invalid_parameter(format!(
            "A LIKE pattern may have at most {MAX_PATTERN_CHARS} characters"
        )));
    }
    Ok(Test::Text(operator, text.to_owned()))
}

/// The text in quotes that an operand is; nothing if it is neither a text nor a name.
pub(crate) fn quoted<'a>(operand: &Operand<'a>) -> Result<Option<&'a str>> {
    match operand.kind {
        OperandKind::SingleQuoted | OperandKind::Name => name::unquoted(operand.text)
            .map(Some)
            .ok_or_else(|| not_quoted(operand.text)),
        _ => Ok(None),
    }
}

fn not_quoted(text: &str) -> Error {
    Error::invalid_parameter(format!(
        "Parameter value is either not quoted or unidentified quote types used for string value \
         {}. Use either single or double quotes.",
        python::clip(text)
    ))
}

/// A list as Python prints it: a value that stands alone gets a comma.
fn shown<'a>(list: &Operand<'a>, alone: bool) -> Cow<'a, str> {
    match list.text.strip_suffix(')') {
        Some(open) if alone => Cow::Owned(format!("{},)", python::clip(open.trim_end()))),
        _ => python::clip(list.text),
    }
}

/// The texts of a list, which must not be empty.
pub(crate) fn texts(operand: &Operand<'_>) -> Result<Vec<String>> {
    let list = read_list(operand)?;
    if list.items.is_empty() {
        return Err(bad_list(
            "a non-empty list of string values, but got empty list",
        ));
    }
    let alone = list.items.len() == 1 && !list.has_comma;
    let text_of = |item| match item {
        Item::Text(text) => Ok(text),
        Item::Number(_) => Err(bad_list(&format!(
            "string value, punctuation, or whitespace, but got different type in list: {}",
            shown(operand, alone)
        ))),
    };
    list.items.into_iter().map(text_of).collect()
}

/// The texts of a list that may be empty and may have numbers. MLflow leaves what it means to
/// the database, which does not understand a number in parentheses that is no list.
pub(crate) fn loose_texts(operand: &Operand<'_>) -> Result<Vec<String>> {
    let list = read_list(operand)?;
    if let ([Item::Number(number)], false) = (list.items.as_slice(), list.has_comma) {
        return Err(Error::bad_request(format!("{number} is no list of values")));
    }
    let text_of = |item| match item {
        Item::Text(text) | Item::Number(text) => text,
    };
    Ok(list.items.into_iter().map(text_of).collect())
}

fn read_list(operand: &Operand<'_>) -> Result<List> {
    list::read(operand.text)
        .ok_or_else(|| bad_list("a non-empty list of string values, but got ill-formed list."))
}

fn bad_list(expected: &str) -> Error {
    Error::invalid_parameter(format!(
        "While parsing a list in the query, expected {expected}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_one_number_is_shown_as_python_shows_it() {
        let refusal = |text| {
            let kind = OperandKind::List;
            texts(&Operand { kind, text }).unwrap_err().to_string()
        };
        assert!(refusal("(1)").ends_with("in list: (1,)"));
        assert!(refusal("('a', 1)").ends_with("in list: ('a', 1)"));
    }

    #[test]
    fn comparing_with_infinity_means_the_same_without_it() {
        let values = [f64::MIN, -1.0, 0.0, 1.0, f64::MAX, f64::NAN];
        let operators = [
            NumberOp::Eq,
            NumberOp::Ne,
            NumberOp::Lt,
            NumberOp::Le,
            NumberOp::Gt,
            NumberOp::Ge,
        ];
        for infinity in [f64::INFINITY, f64::NEG_INFINITY] {
            for operator in operators {
                let infinity = Number::Float(infinity);
                let finite = finite(operator, infinity);
                assert_ne!(finite, Test::Number(operator, infinity));
                for value in values {
                    let value = crate::document::Value::Float(value);
                    let expected = Test::Number(operator, infinity).passes(&value);
                    assert_eq!(finite.passes(&value), expected, "{operator:?} {value:?}");
                }
            }
        }
    }
}
