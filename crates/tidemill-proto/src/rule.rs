//! What a request's parameters are held to, and MLflow's words for a parameter that breaks a rule.
//!
//! The stock server checks the raw JSON, parameter by parameter in a fixed order. Here a request
//! that decodes is checked as a message, which is quick; only one that fails is looked at again as
//! raw JSON, to name the parameter and quote the value as the stock server does.

use std::collections::HashMap;

use serde_json::Value;

use crate::JsonWriter;
use crate::codec::{Held, JsonMessage, Presence};

/// A parameter and its rules, both in the order in which they are checked.
#[derive(Debug)]
pub struct Param {
    pub(crate) name: &'static str,
    pub(crate) rules: &'static [Rule],
}

/// One rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rule {
    Required,
    Str,
    IntLike,
    FloatLike,
    Bool,
    Array,
    StrItems,
    AtMost(i64),
    Between(i64, i64),
    AtMostRuns(usize),
}

impl Rule {
    /// Rules that hold by themselves once the request has decoded.
    fn is_about_type(self) -> bool {
        use Rule::{Array, Bool, FloatLike, IntLike, Str, StrItems};
        matches!(self, Str | IntLike | FloatLike | Bool | Array | StrItems)
    }

    fn accepts_message(self, held: Held, sent: bool) -> bool {
        match (self, held) {
            (Rule::Required, Held::Items(_)) => sent,
            (Rule::Required, _) => !matches!(held, Held::Nothing | Held::Blank),
            (Rule::AtMost(most), Held::Int(value)) => value <= most,
            (Rule::Between(least, most), Held::Int(value)) => (least..=most).contains(&value),
            (Rule::AtMostRuns(most), Held::Items(count)) => count <= most,
            _ => true,
        }
    }

    fn accepts_json(self, json: &str) -> bool {
        let first = json.bytes().next().unwrap_or_default();
        match self {
            Rule::Required => json != "null" && json != "\"\"",
            Rule::Str => first == b'"',
            Rule::IntLike => integer(json).is_some(),
            Rule::FloatLike => is_float_like(json),
            Rule::Bool => json == "true" || json == "false",
            Rule::Array => first == b'[',
            Rule::StrItems => serde_json::from_str::<Vec<String>>(json).is_ok(),
            Rule::AtMost(most) => integer(json).is_none_or(|value| value <= i128::from(most)),
            Rule::Between(least, most) => integer(json)
                .is_none_or(|value| (i128::from(least)..=i128::from(most)).contains(&value)),
            Rule::AtMostRuns(most) => count(json) <= most,
        }
    }

    /// MLflow's words; every text about a parameter ends with the same advice.
    fn broken_text(self, name: &str, json: &str) -> String {
        let text = match self {
            Rule::Required => format!("Missing value for required parameter '{name}'."),
            Rule::Between(least, most) => format!("{name} must be between {least} and {most}."),
            Rule::AtMostRuns(most) => format!(
                "GetMetricHistoryBulkInterval request must specify at most {most} {name}. \
                 Received {} {name}.",
                count(json)
            ),
            _ => invalid_value(name, json),
        };
        with_advice(&text)
    }
}

/// The sentence that ends all these texts.
pub(crate) fn with_advice(text: &str) -> String {
    format!("{text} See the API docs for more information about request parameters.")
}

/// `null` or absent counts as `null`; the text is JSON with sorted keys and Python's doubles.
fn invalid_value(name: &str, json: &str) -> String {
    const LONGEST_QUOTE: usize = 16 << 10;
    let quotable = (json.len() <= LONGEST_QUOTE).then(|| serde_json::from_str(json).ok());
    let Some(value) = quotable.flatten() else {
        return format!("Invalid value for parameter '{name}' supplied.");
    };
    let mut quote = JsonWriter::new();
    write_value(&value, &mut quote);
    let quote = String::from_utf8_lossy(&quote.into_bytes()).into_owned();
    let kind = python_type(&value);
    format!(
        "Invalid value {quote} for parameter '{name}' supplied:  Hint: Value was of type '{kind}'."
    )
}

/// The first broken rule of a request that has decoded.
pub(crate) fn broken_in_message<M: JsonMessage>(
    params: &'static [Param],
    message: &M,
    sent: Presence,
) -> Option<String> {
    for param in params {
        let (held, sent) = look_up(message, param.name, sent);
        for rule in param.rules {
            if !rule.accepts_message(held, sent) {
                return Some(rule.broken_text(param.name, &json_of(held)));
            }
        }
    }
    None
}

/// `run_uuid` is the old name of `run_id`, and stands in for it where the message has both.
fn look_up<M: JsonMessage>(message: &M, name: &str, sent: Presence) -> (Held, bool) {
    let held = |name| M::index_of(name).map(|index| (message.held(index), sent.has(index)));
    match held(name) {
        Some((Held::Nothing, _)) if name == "run_id" => held("run_uuid"),
        found => found,
    }
    .unwrap_or((Held::Nothing, false))
}

/// JSON of which the texts above say the same as of the field.
fn json_of(held: Held) -> String {
    match held {
        Held::Int(value) => value.to_string(),
        Held::Items(count) => format!("[{}]", vec!["0"; count].join(",")),
        Held::Nothing | Held::Blank | Held::Value => "null".to_string(),
    }
}

/// The parameters of a request as they were sent: each one's JSON text.
pub(crate) type RawParams<'a> = HashMap<String, &'a str>;

/// The first rule that the parameters as sent break. Types are checked only for a request that
/// does not decode, since decoding is more lenient than MLflow's own checks.
pub(crate) fn broken_in_json(
    params: &'static [Param],
    raw: &RawParams,
    decoded: bool,
) -> Option<String> {
    for param in params {
        let given = raw.get(param.name).copied();
        if given.is_none() && !param.rules.contains(&Rule::Required) {
            continue;
        }
        let json = match (given.unwrap_or("null"), raw.get("run_uuid")) {
            ("null", Some(old)) if param.name == "run_id" => old,
            (json, _) => json,
        };
        for rule in param.rules {
            let known_to_hold = decoded && rule.is_about_type();
            if !known_to_hold && !rule.accepts_json(json) {
                return Some(rule.broken_text(param.name, json));
            }
        }
    }
    None
}

/// What Python's `int()` makes of the value.
fn integer(json: &str) -> Option<i128> {
    match serde_json::from_str(json).ok()? {
        Value::Bool(value) => Some(i128::from(value)),
        Value::Number(number) => match number.as_i64() {
            Some(value) => Some(i128::from(value)),
            None => number.as_f64().map(|value| value as i128),
        },
        Value::String(text) => text.trim().parse().ok(),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn is_float_like(json: &str) -> bool {
    match serde_json::from_str(json) {
        Ok(Value::Bool(_) | Value::Number(_)) => true,
        Ok(Value::String(text)) => text.trim().parse::<f64>().is_ok(),
        _ => false,
    }
}

fn count(json: &str) -> usize {
    serde_json::from_str::<Vec<serde::de::IgnoredAny>>(json).map_or(0, |items| items.len())
}

fn python_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "NoneType",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float",
        Value::Number(_) => "int",
        Value::String(_) => "str",
        Value::Array(_) => "list",
        Value::Object(_) => "dict",
    }
}

fn write_value(value: &Value, out: &mut JsonWriter) {
    match value {
        Value::Null => out.null(),
        Value::Bool(value) => out.bool(*value),
        Value::Number(number) => match number.as_i64() {
            Some(value) => out.int(value),
            None => out.double(number.as_f64().unwrap_or_default()),
        },
        Value::String(text) => out.string(text),
        Value::Array(items) => {
            out.begin_array();
            items.iter().for_each(|item| write_value(item, out));
            out.end_array();
        }
        Value::Object(fields) => {
            out.begin_object();
            for (key, field) in fields {
                write_value(field, out.text_key(key));
            }
            out.end_object();
        }
    }
}
