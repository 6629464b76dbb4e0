//! What a filter looks at, and whether it holds: the meaning of the language, without a database.

use std::borrow::Cow;

use tidemill_core::tags::Tag;

use crate::expr::{Comparison, Expr, Number, NumberOp, Test, TextOp};
use crate::like::is_like;

/// Something that can be searched for by fields `F`.
pub trait Document<F> {
    /// The field's values: none if the thing lacks it, several if it has many of a kind.
    fn values(&self, field: &F) -> Vec<Value<'_>>;
}

/// One value of a field.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'a> {
    /// A text.
    Text(Cow<'a, str>),
    /// An integer.
    Int(i64),
    /// A double, perhaps NaN.
    Float(f64),
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

/// The value of the tag `key`, if there is one.
pub(crate) fn tag<'a>(tags: &'a [Tag], key: &str) -> Vec<Value<'a>> {
    let tags = tags.iter().filter(|tag| tag.key == key);
    tags.map(|tag| Value::from(tag.value.as_str())).collect()
}

impl<F> Expr<F> {
    /// Whether the condition holds for `document`.
    pub fn matches(&self, document: &impl Document<F>) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.matches(document)),
            Self::Any(parts) => parts.iter().any(|part| part.matches(document)),
            Self::Not(part) => !part.matches(document),
            Self::Compare(comparison) => comparison.matches(document),
        }
    }

    /// Whether some comparison in it is with a field that `wanted` picks.
    pub fn mentions(&self, wanted: &impl Fn(&F) -> bool) -> bool {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().any(|part| part.mentions(wanted)),
            Self::Not(part) => part.mentions(wanted),
            Self::Compare(comparison) => wanted(&comparison.field),
        }
    }
}

impl<F> Comparison<F> {
    fn matches(&self, document: &impl Document<F>) -> bool {
        let values = document.values(&self.field);
        match self.test {
            Test::IsNull => values.is_empty(),
            _ => values.iter().any(|value| self.test.passes(value)),
        }
    }
}

impl Test {
    /// Whether `value` passes. A text never passes a test of numbers, nor the reverse.
    pub fn passes(&self, value: &Value<'_>) -> bool {
        match (self, value) {
            (Self::IsNull, _) => false,
            (Self::IsNotNull, _) => true,
            (Self::Number(operator, number), value) => operator.holds(value, *number),
            (Self::Between(low, high), value) => {
                NumberOp::Ge.holds(value, *low) && NumberOp::Le.holds(value, *high)
            }
            (Self::Text(operator, text), Value::Text(value)) => operator.holds(value, text),
            (Self::In(texts), Value::Text(value)) => texts.iter().any(|text| text == value),
            (Self::NotIn(texts), Value::Text(value)) => texts.iter().all(|text| text != value),
            (Self::Text(..) | Self::In(_) | Self::NotIn(_), _) => false,
        }
    }
}

impl NumberOp {
    fn holds(self, left: &Value<'_>, right: Number) -> bool {
        match (left, right) {
            (Value::Text(_), _) => false,
            (Value::Int(left), Number::Int(right)) => self.compares(left, &right),
            (Value::Int(left), Number::Float(right)) => self.compares(&(*left as f64), &right),
            (Value::Float(left), Number::Int(right)) => self.compares(left, &(right as f64)),
            (Value::Float(left), Number::Float(right)) => self.compares(left, &right),
        }
    }

    fn compares<N: PartialOrd>(self, left: &N, right: &N) -> bool {
        match self {
            Self::Eq => left == right,
            Self::Ne => left != right,
            Self::Lt => left < right,
            Self::Le => left <= right,
            Self::Gt => left > right,
            Self::Ge => left >= right,
        }
    }
}

impl TextOp {
    fn holds(self, text: &str, other: &str) -> bool {
        match self {
            Self::Eq => text == other,
            Self::Ne => text != other,
            Self::Like => is_like(text, other),
            Self::ILike => is_like(&text.to_ascii_lowercase(), &other.to_ascii_lowercase()),
        }
    }
}
