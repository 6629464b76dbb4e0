//! What the server's answers look like, and what they mean in our types. Fields that we do not
//! know are ignored; an empty list is simply absent.

mod experiments;
mod logged_models;
mod registry;
mod runs;

pub(super) use experiments::Experiment;
pub(super) use logged_models::LoggedModel;
pub(super) use registry::{ModelVersion, RegisteredModel};
pub(super) use runs::Run;

use std::collections::HashSet;

use serde::Deserialize;
use tidemill_core::lifecycle::LifecycleStage;
use tidemill_core::params::Param;
use tidemill_core::tags::{self, Tag};

use super::json::Int;

/// What is wrong with a thing, for people.
pub(super) type Why = String;

#[derive(Deserialize)]
pub(super) struct KeyValue {
    key: String,
    #[serde(default)]
    value: String,
}

fn to_tags(pairs: Vec<KeyValue>) -> Vec<Tag> {
    let tags = pairs.into_iter().map(|pair| Tag::new(pair.key, pair.value));
    tags::last_per_key(tags.collect())
}

fn to_params(pairs: Vec<KeyValue>) -> Vec<Param> {
    let params = pairs.into_iter().map(|pair| Param {
        key: pair.key,
        value: pair.value,
    });
    first_per_key(params, |param| param.key.clone())
}

/// The first of those that say the same of themselves.
fn first_per_key<T>(items: impl Iterator<Item = T>, key: impl Fn(&T) -> String) -> Vec<T> {
    let mut seen = HashSet::new();
    items.filter(|item| seen.insert(key(item))).collect()
}

/// A moment that may be missing, in milliseconds since the epoch.
fn time(what: &str, time: Option<Int>) -> Result<Option<i64>, Why> {
    match time {
        Some(Int(time)) if time < 0 => Err(format!("its {what} is negative: {time}")),
        time => Ok(time.map(|time| time.0)),
    }
}

fn stage(word: Option<&str>) -> Result<LifecycleStage, Why> {
    let Some(word) = word.filter(|word| !word.is_empty()) else {
        return Ok(LifecycleStage::Active);
    };
    LifecycleStage::ALL
        .into_iter()
        .find(|stage| stage.as_str() == word)
        .ok_or_else(|| unknown("lifecycle stage", word))
}

fn unknown(what: &str, word: &str) -> Why {
    let word: String = word.chars().take(50).collect();
    format!("its {what} is unknown: {word:?}")
}

/// Refuses a name or an id that is empty.
fn filled(what: &str, text: String) -> Result<String, Why> {
    match text.is_empty() {
        true => Err(format!("it has no {what}")),
        false => Ok(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_before_the_epoch_and_unknown_stages_make_no_sense() {
        assert_eq!(time("end time", None), Ok(None));
        assert_eq!(time("end time", Some(Int(5))), Ok(Some(5)));
        assert_eq!(
            time("end time", Some(Int(-5))),
            Err("its end time is negative: -5".into())
        );
        assert_eq!(stage(None), Ok(LifecycleStage::Active));
        assert_eq!(stage(Some("deleted")), Ok(LifecycleStage::Deleted));
        assert_eq!(
            stage(Some("x")),
            Err("its lifecycle stage is unknown: \"x\"".into())
        );
    }
}
