//! Tags: free key-value notes on experiments, runs, models and versions.

use std::collections::HashSet;

use crate::Result;
use crate::keys::{self, check_length, check_name};

/// How long an experiment tag's value may be, in characters.
const MAX_EXPERIMENT_VALUE_LENGTH: usize = 20_000;

/// The tag that mirrors a run's name.
pub const RUN_NAME: &str = "mlflow.runName";

/// A key with a text value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// The key, unique within the tagged thing.
    pub key: String,
    /// The value; may be empty.
    pub value: String,
}

impl Tag {
    /// A tag as given, unchecked.
    pub fn new(key: impl Into<String>, value: impl Into<String>) -> Self {
        Self {
            key: key.into(),
            value: value.into(),
        }
    }
}

/// Keeps the last value of each key, in the order in which keys were last given.
/// `runs/log-batch` and `set-tag` let the last value win.
pub fn last_per_key(tags: Vec<Tag>) -> Vec<Tag> {
    let mut seen = HashSet::with_capacity(tags.len());
    let mut kept: Vec<Tag> = Vec::with_capacity(tags.len());
    for tag in tags.into_iter().rev() {
        if seen.insert(tag.key.clone()) {
            kept.push(tag);
        }
    }
    kept.reverse();
    kept
}

/// A key that occurs more than once, if there is one.
pub fn repeated_key(tags: &[Tag]) -> Option<&str> {
    let mut seen = HashSet::with_capacity(tags.len());
    tags.iter()
        .map(|tag| tag.key.as_str())
        .find(|key| !seen.insert(*key))
}

/// Checks a tag for an experiment; its value is never cut.
pub fn check_experiment_tag(tag: &Tag) -> Result<()> {
    check_name(&tag.key, "key")?;
    check_length("key", keys::MAX_LENGTH, &tag.key)?;
    check_length("value", MAX_EXPERIMENT_VALUE_LENGTH, &tag.value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(key: &str, value: &str) -> String {
        check_experiment_tag(&Tag::new(key, value))
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn an_experiment_tag_that_is_too_long_is_refused() {
        assert!(check_experiment_tag(&Tag::new("k", "v".repeat(20_000))).is_ok());
        assert_eq!(
            refusal("k", &"v".repeat(20_001)),
            "'value' exceeds the maximum length of 20000 characters"
        );
        assert_eq!(
            refusal(&"k".repeat(251), ""),
            "'key' exceeds the maximum length of 250 characters"
        );
    }

    #[test]
    fn a_repeated_key_is_found() {
        let tags = [Tag::new("a", "1"), Tag::new("b", "1"), Tag::new("a", "1")];
        assert_eq!(repeated_key(&tags), Some("a"));
        assert_eq!(repeated_key(&tags[..2]), None);
    }

    #[test]
    fn the_last_value_of_a_key_wins() {
        let tags = vec![Tag::new("a", "1"), Tag::new("b", "2"), Tag::new("a", "3")];
        assert_eq!(last_per_key(tags), [Tag::new("b", "2"), Tag::new("a", "3")]);
    }
}
