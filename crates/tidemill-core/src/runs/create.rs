//! Runs to be created.

use super::name;
use crate::experiments::ExperimentId;
use crate::tags::{self, RUN_NAME, Tag};
use crate::{Error, Result};

/// A run to create, already checked: it has a name, and a tag that says the same.
#[derive(Debug, Clone, PartialEq)]
pub struct NewRun {
    /// The experiment it belongs to.
    pub experiment_id: ExperimentId,
    /// Who runs it; may be empty.
    pub user_id: String,
    /// Its name.
    pub name: String,
    /// Milliseconds since the epoch.
    pub start_time: i64,
    /// Contains `mlflow.runName`; keys are distinct.
    pub tags: Vec<Tag>,
}

impl NewRun {
    /// A run as `runs/create` asks for it. An empty name counts as none: then the tag
    /// `mlflow.runName` names the run, and without that, chance does. `runs/create` does not
    /// check the tags any further than that their keys differ.
    pub fn new(
        experiment_id: ExperimentId,
        user_id: String,
        name: Option<String>,
        start_time: i64,
        mut tags: Vec<Tag>,
    ) -> Result<Self> {
        let name = name.filter(|name| !name.is_empty());
        let tag = tags
            .iter()
            .find(|tag| tag.key == RUN_NAME)
            .map(|tag| tag.value.clone())
            .filter(|name| !name.is_empty());
        let has_tag = tag.is_some();
        let name = match (name, tag) {
            (Some(name), Some(tag)) if name != tag => return Err(conflicting_names(&name, &tag)),
            (Some(name), _) | (None, Some(name)) => name,
            (None, None) => name::random(),
        };
        if !has_tag {
            tags.push(Tag::new(RUN_NAME, name.as_str()));
        }
        if let Some(key) = tags::repeated_key(&tags) {
            return Err(Error::bad_request(format!(
                "Duplicate tag keys have been submitted: ['{key}']. Please ensure the request \
                 contains only one tag value per tag key."
            )));
        }
        Ok(Self {
            experiment_id,
            user_id,
            name,
            start_time,
            tags,
        })
    }
}

fn conflicting_names(name: &str, tag: &str) -> Error {
    Error::invalid_parameter(format!(
        "Both 'run_name' argument and 'mlflow.runName' tag are specified, but with different \
         values (run_name='{name}', mlflow.runName='{tag}')."
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new(name: Option<&str>, tags: Vec<Tag>) -> Result<NewRun> {
        NewRun::new(
            ExperimentId(1),
            String::new(),
            name.map(String::from),
            0,
            tags,
        )
    }

    #[test]
    fn the_name_is_mirrored_in_a_tag() {
        let run = new(Some("a"), vec![Tag::new("k", "v")]).unwrap();
        assert_eq!(run.name, "a");
        assert_eq!(run.tags, [Tag::new("k", "v"), Tag::new(RUN_NAME, "a")]);
    }

    #[test]
    fn the_tag_names_a_run_without_name() {
        for name in [None, Some("")] {
            let run = new(name, vec![Tag::new(RUN_NAME, "t")]).unwrap();
            assert_eq!(run.name, "t");
            assert_eq!(run.tags, [Tag::new(RUN_NAME, "t")]);
        }
    }

    #[test]
    fn a_run_without_any_name_is_given_one() {
        let run = new(None, vec![]).unwrap();
        assert!(!run.name.is_empty());
        assert_eq!(run.tags, [Tag::new(RUN_NAME, run.name.as_str())]);
    }

    #[test]
    fn a_name_and_a_tag_that_differ_are_refused() {
        assert_eq!(
            new(Some("a"), vec![Tag::new(RUN_NAME, "b")])
                .unwrap_err()
                .to_string(),
            "Both 'run_name' argument and 'mlflow.runName' tag are specified, but with different \
             values (run_name='a', mlflow.runName='b')."
        );
    }

    #[test]
    fn a_repeated_key_is_a_bad_request_also_when_the_values_agree() {
        let twice = vec![Tag::new("k", "v"), Tag::new("k", "v")];
        assert!(matches!(new(None, twice), Err(Error::BadRequest(_))));
    }

    #[test]
    fn an_empty_name_tag_clashes_with_the_one_that_is_added() {
        let empty = vec![Tag::new(RUN_NAME, "")];
        assert!(matches!(new(Some("a"), empty), Err(Error::BadRequest(_))));
    }

    #[test]
    fn tags_are_not_checked() {
        let odd = vec![Tag::new("", "v"), Tag::new("../%", "x".repeat(9000))];
        assert!(new(Some("a"), odd).is_ok());
    }
}
