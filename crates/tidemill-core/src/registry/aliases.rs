//! Aliases: names for versions, and which of them are reserved.

use crate::keys;
use crate::{Error, Result};

/// Longest alias, in characters.
const MAX_LENGTH: usize = 255;

/// A name for one version of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alias {
    /// Case-sensitive, unique within the model.
    pub alias: String,
    /// The version's number.
    pub version: i64,
}

/// Checks an alias that is asked for or deleted.
pub fn check(alias: &str) -> Result<()> {
    if alias.is_empty() {
        return Err(Error::invalid_parameter(
            "Registered model alias name cannot be empty.",
        ));
    }
    if !has_only_alias_characters(alias) {
        return Err(Error::invalid_parameter(format!(
            "Invalid alias name: '{alias}'. Names may only contain alphanumerics, underscores \
             (_), and dashes (-)."
        )));
    }
    keys::check_length("Registered model alias name", MAX_LENGTH, alias)
}

/// Checks an alias that is to be set: `latest` and `v1` have meanings of their own.
pub fn check_settable(alias: &str) -> Result<()> {
    check(alias)?;
    if is_latest(alias) {
        return Err(Error::invalid_parameter(
            "'latest' alias name (case insensitive) is reserved.",
        ));
    }
    if is_version(alias) {
        return Err(Error::invalid_parameter(format!(
            "Version alias name '{alias}' is reserved."
        )));
    }
    Ok(())
}

/// Whether this means the highest version, whatever aliases there are.
pub fn is_latest(alias: &str) -> bool {
    alias.to_lowercase() == "latest"
}

/// The model has no such alias. MLflow calls that a bad parameter, not a missing thing.
pub fn not_found(alias: &str) -> Error {
    Error::invalid_parameter(format!("Registered model alias {alias} not found."))
}

/// The highest version was asked for, of a model that has none.
pub fn no_latest_version(name: &str) -> Error {
    Error::not_found(format!("Latest version not found for model {name}."))
}

/// One newline at the end passes, because MLflow's pattern lets it pass.
fn has_only_alias_characters(alias: &str) -> bool {
    alias
        .strip_suffix('\n')
        .unwrap_or(alias)
        .chars()
        .all(|c| c.is_alphanumeric() || c == '_' || c == '-')
}

fn is_version(alias: &str) -> bool {
    alias
        .strip_prefix(['v', 'V'])
        .map(|rest| rest.strip_suffix('\n').unwrap_or(rest))
        .is_some_and(|rest| !rest.is_empty() && rest.chars().all(|c| c.is_numeric()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(alias: &str) -> String {
        check_settable(alias).unwrap_err().to_string()
    }

    #[test]
    fn latest_and_version_numbers_are_reserved() {
        for alias in ["latest", "LATEST"] {
            assert_eq!(
                refusal(alias),
                "'latest' alias name (case insensitive) is reserved."
            );
            assert!(check(alias).is_ok());
        }
        for alias in ["v1", "V22"] {
            assert_eq!(
                refusal(alias),
                format!("Version alias name '{alias}' is reserved.")
            );
        }
        for alias in ["v", "v1x", "é_-1", "champion"] {
            assert!(check_settable(alias).is_ok(), "{alias}");
        }
    }

    #[test]
    fn an_alias_is_a_word_of_at_most_255_characters() {
        assert_eq!(refusal(""), "Registered model alias name cannot be empty.");
        assert_eq!(
            refusal("a b"),
            "Invalid alias name: 'a b'. Names may only contain alphanumerics, underscores (_), \
             and dashes (-)."
        );
        assert_eq!(
            refusal(&"x".repeat(256)),
            "'Registered model alias name' exceeds the maximum length of 255 characters"
        );
    }
}
