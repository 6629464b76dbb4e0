//! The model registry: named models, their numbered versions, stages and aliases.

pub mod aliases;
pub mod models;
pub mod prompts;
pub mod source;
pub mod stages;
pub mod versions;

pub use aliases::Alias;
pub use models::{NewRegisteredModel, RegisteredModel};
pub use source::{Original, Owners, Reference, VersionDraft, VersionRequest};
pub use stages::Stage;
pub use versions::{ModelVersion, NewModelVersion, VersionStatus};

use crate::keys;
use crate::tags::Tag;
use crate::{Error, Result};

/// Longest value of a registry tag, in characters.
const MAX_TAG_VALUE: usize = 100_000;

/// Checks a tag of a registered model, in MLflow's words.
pub fn check_model_tag(tag: &Tag) -> Result<()> {
    check_tag_key(&tag.key)?;
    keys::check_length("key", keys::MAX_LENGTH, &tag.key)?;
    keys::check_length("value", MAX_TAG_VALUE, &tag.value)
}

/// Checks a tag of a model version; a prompt's text has words of its own.
pub fn check_version_tag(tag: &Tag) -> Result<()> {
    check_tag_key(&tag.key)?;
    keys::check_length("key", keys::MAX_LENGTH, &tag.key)?;
    keys::check_length("value", MAX_TAG_VALUE, &tag.value).map_err(|error| {
        if tag.key != prompts::TEXT {
            return error;
        }
        Error::invalid_parameter(format!(
            "Prompt text exceeds max length of {MAX_TAG_VALUE} characters."
        ))
    })
}

/// Checks the key of a tag that is to be deleted.
pub fn check_tag_key(key: &str) -> Result<()> {
    keys::check_name(key, "key")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_value_has_at_most_100000_characters() {
        let longest = Tag::new("k", "é".repeat(100_000));
        assert!(check_model_tag(&longest).is_ok());
        let longer = Tag::new("k", "v".repeat(100_001));
        for refused in [check_model_tag(&longer), check_version_tag(&longer)] {
            assert_eq!(
                refused.unwrap_err().to_string(),
                "'value' exceeds the maximum length of 100000 characters"
            );
        }
    }

    #[test]
    fn a_prompt_text_that_is_too_long_is_called_a_prompt_text() {
        let tag = Tag::new("mlflow.prompt.text", "v".repeat(100_001));
        assert_eq!(
            check_version_tag(&tag).unwrap_err().to_string(),
            "Prompt text exceeds max length of 100000 characters."
        );
    }
}
