//! Registered models and what they may be called.

use super::{Alias, ModelVersion, check_model_tag, prompts};
use crate::keys;
use crate::quote::quote;
use crate::tags::{self, Tag};
use crate::{Error, Result};

/// A registered model as stored.
#[derive(Debug, Clone, PartialEq)]
pub struct RegisteredModel {
    /// Unique.
    pub name: String,
    /// Milliseconds since the epoch.
    pub creation_time: i64,
    /// Milliseconds since the epoch; changes of its versions count.
    pub last_updated_time: i64,
    /// Free text.
    pub description: Option<String>,
    /// The newest version in each stage that has one.
    pub latest_versions: Vec<ModelVersion>,
    /// One value per key.
    pub tags: Vec<Tag>,
    /// Names for versions.
    pub aliases: Vec<Alias>,
}

/// A registered model to create, already checked.
#[derive(Debug, Clone, PartialEq)]
pub struct NewRegisteredModel {
    /// Checked.
    pub name: String,
    /// Free text.
    pub description: Option<String>,
    /// Keys are distinct.
    pub tags: Vec<Tag>,
}

impl NewRegisteredModel {
    /// Checks the name, then the tags; of a repeated tag the last value counts.
    pub fn new(name: String, description: Option<String>, tags: Vec<Tag>) -> Result<Self> {
        check_name(&name)?;
        tags.iter().try_for_each(check_model_tag)?;
        Ok(Self {
            name,
            description,
            tags: tags::last_per_key(tags),
        })
    }
}

/// Checks a registered model's name.
pub fn check_name(name: &str) -> Result<()> {
    if name.trim().is_empty() {
        return Err(missing("name"));
    }
    if name.contains(['/', ':']) {
        return Err(Error::invalid_parameter(format!(
            "Invalid model name '{name}'. Names cannot contain '/' or ':'."
        )));
    }
    if name == "." || name.starts_with("..") {
        return Err(keys::invalid_value(
            "name",
            &keys::quoted(name),
            &format!(
                "Names may be treated as files in certain cases, and must not resolve to other \
                 names when treated as such. This name would resolve to {}",
                quote(name)
            ),
        ));
    }
    Ok(())
}

/// Checks the name that a registered model is to get.
pub fn check_new_name(name: &str) -> Result<()> {
    if name.trim().is_empty() {
        return Err(missing("new_name"));
    }
    check_name(name)
}

/// There is no registered model with this name.
pub fn not_found(name: &str) -> Error {
    Error::not_found(format!("Registered Model with name={name} not found"))
}

/// The name of a new registered model is taken; `existing` are the tags of the one that has it.
pub fn name_taken(new: &NewRegisteredModel, existing: &[Tag]) -> Error {
    let kind = |tags| match prompts::has_prompt_tag(tags) {
        true => "Prompt",
        false => "Registered Model",
    };
    let (wanted, present) = (kind(&new.tags), kind(existing));
    if wanted == present {
        return Error::already_exists(format!("{wanted} (name={}) already exists.", new.name));
    }
    Error::already_exists(format!(
        "Tried to create a {} with name {}, but the name is already taken by a {}. MLflow does \
         not allow creating a model and a prompt with the same name.",
        wanted.to_lowercase(),
        quote(&new.name),
        present.to_lowercase(),
    ))
}

/// The name that a registered model is to get is taken.
pub fn new_name_taken(name: &str) -> Error {
    Error::already_exists(format!("Registered Model (name={name}) already exists."))
}

fn missing(field: &str) -> Error {
    Error::invalid_parameter(format!("Missing value for required parameter '{field}'."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new(tags: Vec<Tag>) -> NewRegisteredModel {
        NewRegisteredModel::new("it's".into(), None, tags).unwrap()
    }

    fn prompt_tag() -> Vec<Tag> {
        vec![Tag::new(prompts::IS_PROMPT, "true")]
    }

    #[test]
    fn a_name_is_not_blank_and_has_no_slash_or_colon() {
        for (name, words) in [
            (" ", "Missing value for required parameter 'name'."),
            (
                "a/b",
                "Invalid model name 'a/b'. Names cannot contain '/' or ':'.",
            ),
            (
                "a:b",
                "Invalid model name 'a:b'. Names cannot contain '/' or ':'.",
            ),
            (
                "..x",
                "Invalid value \"..x\" for parameter 'name' supplied: Names may be treated as \
                 files in certain cases, and must not resolve to other names when treated as \
                 such. This name would resolve to '..x'",
            ),
        ] {
            assert_eq!(check_name(name).unwrap_err().to_string(), words);
        }
        assert!(check_name("größe .x@y").is_ok());
    }

    #[test]
    fn a_blank_new_name_is_called_new_name() {
        assert_eq!(
            check_new_name("").unwrap_err().to_string(),
            "Missing value for required parameter 'new_name'."
        );
    }

    #[test]
    fn a_taken_name_is_refused_in_words_that_tell_models_from_prompts() {
        for (wanted, present, words) in [
            (
                vec![],
                vec![],
                "Registered Model (name=it's) already exists.",
            ),
            (
                prompt_tag(),
                prompt_tag(),
                "Prompt (name=it's) already exists.",
            ),
            (
                prompt_tag(),
                vec![],
                "Tried to create a prompt with name \"it's\", but the name is already taken by a \
                 registered model. MLflow does not allow creating a model and a prompt with the \
                 same name.",
            ),
        ] {
            assert_eq!(name_taken(&new(wanted), &present).to_string(), words);
        }
    }
}
