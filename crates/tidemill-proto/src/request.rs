//! From the bytes of a body or a query string to a checked request.

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

use serde_json::Value;
use serde_json::value::RawValue;

use crate::DecodeError;
use crate::codec::{Held, JsonMessage, Presence, Unreadable, parse};
use crate::error::is_about_spellings;
use crate::query;
use crate::rule::{Param, broken_in_json, broken_in_message, with_advice};

/// A message that arrives as a request.
///
/// Whichever way it came, required fields are there and not empty, and limits hold.
pub trait Request: prost::Message + JsonMessage + Clone + PartialEq {
    /// The parameters that MLflow checks by name.
    #[doc(hidden)]
    const PARAMS: &'static [Param];

    /// The path of a required field that an element of a list lacks.
    #[doc(hidden)]
    fn gap(&self) -> Option<String> {
        None
    }

    /// Reads a JSON body. An empty body and `null` count as an empty object, and a JSON string
    /// that holds JSON, which old clients send, is decoded once more.
    fn from_json(body: &[u8]) -> Result<Self, DecodeError> {
        let body = unquoted(body)?;
        match parse::<Self>(&body, Self::PARAMS) {
            Ok((message, sent)) => checked(message, sent, || {
                let raw = raw_params(&body).ok()?;
                broken_in_json(Self::PARAMS, &raw, true)
            }),
            Err(error) => Err(refusal::<Self>(&body, &error)),
        }
    }

    /// Reads a JSON body for a route with parameters in its path.
    ///
    /// They are filled in after the checks: a body that has to repeat such a parameter must do
    /// so, and one that names another value is refused.
    fn from_json_with(body: &[u8], path: &[(&str, &str)]) -> Result<Self, DecodeError> {
        fill(Self::from_json(body)?, path)
    }

    /// Reads a query string. For a GET without any query, MLflow reads the body instead.
    fn from_query(query: &str) -> Result<Self, DecodeError> {
        let mut given = Query::<Self>::default();
        for (name, text) in query::pairs(query)? {
            given.take(&name, text)?;
        }
        given.finish()
    }

    /// Reads a query string for a route with parameters in its path.
    fn from_query_with(query: &str, path: &[(&str, &str)]) -> Result<Self, DecodeError> {
        fill(Self::from_query(query)?, path)
    }

    /// Reads a binary body for a route with parameters in its path.
    fn from_protobuf_with(body: &[u8], path: &[(&str, &str)]) -> Result<Self, DecodeError> {
        fill(Self::from_protobuf(body)?, path)
    }

    /// Reads a binary body. An empty list cannot be told from none there, so it passes.
    fn from_protobuf(body: &[u8]) -> Result<Self, DecodeError> {
        match Self::decode(body) {
            Ok(message) => checked(message, Presence::ALL, || None),
            Err(error) => Err(DecodeError::new(format!(
                "Malformed protobuf in the request body: {error}"
            ))),
        }
    }
}

/// Hands out the message if it keeps the rules. `explain` knows better than the message what was
/// sent, and is asked only for the text.
fn checked<M: Request>(
    message: M,
    sent: Presence,
    explain: impl FnOnce() -> Option<String>,
) -> Result<M, DecodeError> {
    if let Some(text) = broken_in_message(M::PARAMS, &message, sent) {
        return Err(DecodeError::new(explain().unwrap_or(text)));
    }
    match message.gap() {
        None => Ok(message),
        Some(path) => Err(DecodeError::new(with_advice(&format!(
            "Missing value for required parameter '{path}'."
        )))),
    }
}

/// Why a body did not decode, in MLflow's words if it is about a parameter that MLflow checks.
fn refusal<M: Request>(body: &[u8], error: &serde_json::Error) -> DecodeError {
    match raw_params(body) {
        Ok(_) if is_about_spellings(error) => DecodeError::wrong_field(error),
        Ok(raw) => match broken_in_json(M::PARAMS, &raw, false) {
            Some(text) => DecodeError::new(text),
            None => DecodeError::wrong_field(error),
        },
        Err(syntax) if !syntax.is_data() => DecodeError::malformed(&syntax),
        Err(_) => DecodeError::wrong_field(error),
    }
}

fn unquoted(body: &[u8]) -> Result<Cow<'_, [u8]>, DecodeError> {
    match body.trim_ascii_start().first() {
        Some(b'"') => match serde_json::from_slice::<String>(body) {
            Ok(inner) => Ok(Cow::Owned(inner.into_bytes())),
            Err(error) => Err(DecodeError::malformed(&error)),
        },
        _ => Ok(Cow::Borrowed(body)),
    }
}

fn raw_params(body: &[u8]) -> Result<HashMap<String, &str>, serde_json::Error> {
    if body.trim_ascii().is_empty() {
        return Ok(HashMap::new());
    }
    let raw: Option<HashMap<String, &RawValue>> = serde_json::from_slice(body)?;
    let raw = raw.into_iter().flatten();
    Ok(raw.map(|(name, value)| (name, value.get())).collect())
}

/// Fills in what the path says. A part of it that no field is named after, such as the folder
/// of an upload, is the handler's. What the message says already must be the same: MLflow goes
/// by the body, proxies and logs by the path, so neither may win in silence.
fn fill<M: Request>(mut message: M, path: &[(&str, &str)]) -> Result<M, DecodeError> {
    for (name, text) in path {
        let Some(index) = M::index_of(name) else {
            continue;
        };
        let given = !matches!(message.held(index), Held::Nothing);
        let before = given.then(|| message.clone());
        if let Err(wrong) = message.read_text(index, text) {
            return Err(unreadable(name, text, wrong));
        }
        if before.is_some_and(|before| before != message) {
            return Err(DecodeError::new(format!(
                "The parameter '{name}' differs from the one in the path, '{text}'."
            )));
        }
    }
    Ok(message)
}

/// A query string on its way to a message.
struct Query<M> {
    message: M,
    sent: Presence,
    given: HashMap<String, Value>,
    wrong: Option<DecodeError>,
}

impl<M: Default> Default for Query<M> {
    fn default() -> Self {
        Self {
            message: M::default(),
            sent: Presence::default(),
            given: HashMap::new(),
            wrong: None,
        }
    }
}

impl<M: Request> Query<M> {
    /// A name that is not a field's is of no interest; of a field that is not a list, the first
    /// value counts. All that is wrong but a boolean waits until MLflow's checks have had a look.
    fn take(&mut self, name: &str, text: Cow<str>) -> Result<(), DecodeError> {
        let Some(index) = M::index_of(name) else {
            return Ok(());
        };
        let list = matches!(self.message.held(index), Held::Items(_));
        if self.sent.note(index) && !list {
            return Ok(());
        }
        match self.message.read_text(index, &text) {
            Err(Unreadable::NotABool) => return Err(not_a_bool(&text)),
            Err(wrong) if self.wrong.is_none() => self.wrong = Some(unreadable(name, &text, wrong)),
            _ => (),
        }
        let json = Value::from(text.as_ref());
        match list {
            true => append(self.given.entry(name.to_string()), json),
            false => drop(self.given.insert(name.to_string(), json)),
        }
        Ok(())
    }

    fn finish(self) -> Result<M, DecodeError> {
        match self.wrong {
            Some(wrong) => match broken_in_values(M::PARAMS, &self.given, false) {
                Some(text) => Err(DecodeError::new(text)),
                None => Err(wrong),
            },
            None => checked(self.message, self.sent, || {
                broken_in_values(M::PARAMS, &self.given, true)
            }),
        }
    }
}

fn append(list: Entry<String, Value>, item: Value) {
    if let Value::Array(items) = list.or_insert_with(|| Value::Array(Vec::new())) {
        items.push(item);
    }
}

/// The stock server turns a query into JSON of strings and lists of strings, and checks that.
fn broken_in_values(
    params: &'static [Param],
    given: &HashMap<String, Value>,
    decoded: bool,
) -> Option<String> {
    let texts: Vec<_> = (given.iter())
        .map(|(name, value)| (name, value.to_string()))
        .collect();
    let raw = texts
        .iter()
        .map(|(name, text)| (name.to_string(), text.as_str()));
    broken_in_json(params, &raw.collect(), decoded)
}

fn unreadable(name: &str, text: &str, wrong: Unreadable) -> DecodeError {
    match wrong {
        Unreadable::NotABool => not_a_bool(text),
        Unreadable::Expected(what) => DecodeError::new(format!(
            "Invalid value '{text}' for parameter '{name}' supplied: expected {what}."
        )),
    }
}

fn not_a_bool(text: &str) -> DecodeError {
    DecodeError::new(format!(
        "Invalid boolean value: {text}, must be 'true' or 'false'."
    ))
}
