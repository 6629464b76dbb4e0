//! Params: values that a run sets once.

use std::collections::{HashMap, HashSet};
use std::fmt::Display;

use crate::keys::{self, Limits};
use crate::runs::RunId;
use crate::{Error, Result};

/// How long a value may be, in characters.
pub const MAX_VALUE_LENGTH: usize = 6000;

/// A key with a text value that never changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Param {
    /// The key, unique within the run.
    pub key: String,
    /// The value; may be empty.
    pub value: String,
}

impl Param {
    /// A param for `runs/log-parameter`, checked.
    pub fn new(key: impl Into<String>, value: impl Into<String>, limits: Limits) -> Result<Self> {
        Self {
            key: key.into(),
            value: value.into(),
        }
        .checked("key", limits)
    }

    /// The param after its checks; `path` says where in the request its key stands.
    pub fn checked(self, path: impl Display, limits: Limits) -> Result<Self> {
        keys::check_name(&self.key, path)?;
        keys::check_length("Param key", keys::MAX_LENGTH, &self.key)?;
        Ok(Self {
            key: self.key,
            value: keys::fit("Param value", MAX_VALUE_LENGTH, self.value, limits)?,
        })
    }
}

/// How params were sent, which decides the words of the refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// By `runs/log-parameter`.
    Alone,
    /// By `runs/log-batch`.
    InBatch,
}

/// Which of `incoming` still have to be written; a changed value is an error, a repeat is not.
pub fn unwritten<'a>(
    run: &RunId,
    existing: &[Param],
    incoming: &'a [Param],
    sent: Sent,
) -> Result<Vec<&'a Param>> {
    let existing: HashMap<&str, &str> = existing
        .iter()
        .map(|param| (&*param.key, &*param.value))
        .collect();
    let mut new = Vec::new();
    let mut changed = Vec::new();
    for param in incoming {
        match existing.get(&*param.key) {
            None => new.push(param),
            Some(old) if *old != param.value => changed.push((param, *old)),
            Some(_) => {}
        }
    }
    match changed.first() {
        None => Ok(new),
        Some((param, old)) if sent == Sent::Alone => Err(Error::invalid_parameter(format!(
            "Changing param values is not allowed. Param with key='{}' was already logged with \
             value='{old}' for run ID='{run}'. Attempted logging new value '{}'.",
            param.key, param.value
        ))),
        Some(_) => Err(changed_in_batch(run, &changed)),
    }
}

fn changed_in_batch(run: &RunId, changed: &[(&Param, &str)]) -> Error {
    let listed: Vec<String> = changed
        .iter()
        .map(|(param, old)| {
            format!(
                "{{'key': {}, 'old_value': {}, 'new_value': {}}}",
                listed_text(&param.key),
                listed_text(old),
                listed_text(&param.value)
            )
        })
        .collect();
    Error::invalid_parameter(format!(
        "Changing param values is not allowed. Params were already logged='[{}]' for run ID='{run}'.",
        listed.join(", ")
    ))
}

/// Refuses a key that comes twice, even with equal values.
pub(crate) fn check_keys_unique(params: &[Param]) -> Result<()> {
    let mut seen = HashSet::with_capacity(params.len());
    let repeated: Vec<String> = params
        .iter()
        .filter(|param| !seen.insert(&*param.key))
        .map(|param| listed_text(&param.key))
        .collect();
    if repeated.is_empty() {
        return Ok(());
    }
    Err(Error::invalid_parameter(format!(
        "Duplicate parameter keys have been submitted: [{}]. Please ensure the request contains \
         only one param value per param key.",
        repeated.join(", ")
    )))
}

/// A text as MLflow lists it in these messages: in single quotes, unless that needs escapes
/// and double quotes do not.
fn listed_text(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') {
        '"'
    } else {
        '\''
    };
    let mut listed = String::from(quote);
    for c in text.chars() {
        match c {
            '\n' => listed.push_str("\\n"),
            '\r' => listed.push_str("\\r"),
            '\t' => listed.push_str("\\t"),
            '\\' => listed.push_str("\\\\"),
            c if c == quote => listed.extend(['\\', c]),
            c if c.is_ascii_control() => listed.push_str(&format!("\\x{:02x}", u32::from(c))),
            c => listed.push(c),
        }
    }
    listed.push(quote);
    listed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn param(key: &str, value: &str) -> Param {
        Param::new(key, value, Limits::default()).unwrap()
    }

    fn run() -> RunId {
        RunId::from("r1")
    }

    fn refusal(old: &str, new: &str, sent: Sent) -> String {
        unwritten(&run(), &[param("lr", old)], &[param("lr", new)], sent)
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn a_repeated_value_needs_no_writing() {
        let incoming = [param("lr", "0.1"), param("depth", "3")];
        let new = unwritten(&run(), &[param("lr", "0.1")], &incoming, Sent::InBatch).unwrap();
        assert_eq!(new, [&incoming[1]]);
    }

    #[test]
    fn a_changed_value_is_refused_in_the_words_of_log_parameter() {
        assert_eq!(
            refusal("1", "2", Sent::Alone),
            "Changing param values is not allowed. Param with key='lr' was already logged with \
             value='1' for run ID='r1'. Attempted logging new value '2'."
        );
    }

    #[test]
    fn changed_values_are_listed_in_the_words_of_log_batch() {
        assert_eq!(
            refusal("it's", "2", Sent::InBatch),
            "Changing param values is not allowed. Params were already logged='[{'key': 'lr', \
             'old_value': \"it's\", 'new_value': '2'}]' for run ID='r1'."
        );
    }

    #[test]
    fn a_key_that_comes_twice_is_refused() {
        let params = [param("a", "1"), param("a", "1")];
        assert_eq!(
            check_keys_unique(&params).unwrap_err().to_string(),
            "Duplicate parameter keys have been submitted: ['a']. Please ensure the request \
             contains only one param value per param key."
        );
    }

    #[test]
    fn a_long_value_is_cut_to_6000_characters() {
        assert_eq!(param("k", &"x".repeat(7000)).value.len(), 6000);
    }
}
