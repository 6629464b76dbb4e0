//! Experiments: named groups of runs with one artifact location.

use crate::keys::check_length;
use crate::lifecycle::LifecycleStage;
use crate::storage_uri::LocationPolicy;
use crate::tags::{self, Tag};
use crate::{Error, Result};

/// How long a name may be, in characters.
pub const MAX_NAME_LENGTH: usize = 500;
/// How many tags of one experiment may hold custom views of the UI.
pub const MAX_CUSTOM_VIEWS: usize = 50;
/// What the keys of such tags start with.
const CUSTOM_VIEW_PREFIX: &str = "mlflow.customView.view";

/// An experiment's number. Experiment 0, "Default", exists from the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ExperimentId(pub i64);

impl ExperimentId {
    /// The experiment that exists from the start.
    pub const DEFAULT: Self = Self(0);
    /// Its name.
    pub const DEFAULT_NAME: &'static str = "Default";

    /// Reads an id from a request, as leniently as MLflow: blanks around it, a sign, leading
    /// zeros and single underscores between digits are fine. A number that no experiment can
    /// have does not exist.
    pub fn parse(text: &str) -> Result<Self> {
        let number = text.trim();
        let digits = number.strip_prefix(['+', '-']).unwrap_or(number);
        let is_number = digits
            .split('_')
            .all(|group| !group.is_empty() && group.bytes().all(|byte| byte.is_ascii_digit()));
        if !is_number {
            return Err(Error::invalid_parameter(format!(
                "Invalid experiment ID '{text}'. Experiment ID must be a valid integer."
            )));
        }
        let plain = number.replace('_', "");
        plain.parse().map(Self).map_err(|_| not_found(plain))
    }
}

impl std::fmt::Display for ExperimentId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// An experiment as stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Experiment {
    /// Its number.
    pub id: ExperimentId,
    /// Unique among all experiments, also deleted ones.
    pub name: String,
    /// Root of its runs' artifacts.
    pub artifact_location: String,
    /// Active or deleted.
    pub stage: LifecycleStage,
    /// Milliseconds since the epoch.
    pub creation_time: i64,
    /// Milliseconds since the epoch; renaming, deleting and restoring count as updates.
    pub last_update_time: i64,
    /// In no particular order.
    pub tags: Vec<Tag>,
}

/// Where a new experiment's artifacts go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ArtifactLocation {
    /// Exactly here, as the request says; already checked.
    At(String),
    /// In a folder named after the experiment's number below this root.
    Below(String),
}

impl ArtifactLocation {
    /// The location for the experiment with number `id`.
    pub fn resolve(self, id: ExperimentId) -> String {
        match self {
            Self::At(location) => location,
            Self::Below(root) => crate::location::append(&root, &id.to_string()),
        }
    }
}

/// An experiment to create, already checked.
#[derive(Debug, Clone, PartialEq)]
pub struct NewExperiment {
    /// Not empty, at most [`MAX_NAME_LENGTH`] characters.
    pub name: String,
    /// Where its artifacts go.
    pub artifact_location: ArtifactLocation,
    /// Keys are distinct.
    pub tags: Vec<Tag>,
}

impl NewExperiment {
    /// Checks a request in MLflow's order: custom views, location, name, tags. Without a
    /// location of its own, or with an empty one, the experiment's artifacts go below `root`.
    pub fn new(
        name: String,
        artifact_location: Option<&str>,
        root: &str,
        tags: Vec<Tag>,
        policy: &LocationPolicy,
    ) -> Result<Self> {
        if custom_views(&tags) > MAX_CUSTOM_VIEWS {
            return Err(too_many_custom_views(None));
        }
        let artifact_location = match artifact_location.filter(|location| !location.is_empty()) {
            Some(location) => {
                policy.location("artifact_location", location)?;
                ArtifactLocation::At(location.to_owned())
            }
            None => ArtifactLocation::Below(root.to_owned()),
        };
        check_name(&name)?;
        for tag in &tags {
            tags::check_experiment_tag(tag)?;
        }
        if let Some(key) = tags::repeated_key(&tags) {
            return Err(Error::already_exists(format!(
                "Experiment(name={name}) has more than one tag with the key '{key}'."
            )));
        }
        Ok(Self {
            name,
            artifact_location,
            tags,
        })
    }
}

/// Checks a name for a new or renamed experiment.
pub fn check_name(name: &str) -> Result<()> {
    if name.is_empty() {
        return Err(Error::invalid_parameter("Invalid experiment name: ''"));
    }
    check_length("name", MAX_NAME_LENGTH, name)
}

/// Whether the tag holds a custom view of the UI.
pub fn is_custom_view(tag: &Tag) -> bool {
    tag.key.starts_with(CUSTOM_VIEW_PREFIX)
}

/// Whether `tag` may be set beside the tags there are: a new custom view only while there is
/// room, everything else always.
pub fn check_room_for_view(id: ExperimentId, existing: &[Tag], tag: &Tag) -> Result<()> {
    let is_new = is_custom_view(tag) && !existing.iter().any(|other| other.key == tag.key);
    if is_new && custom_views(existing) >= MAX_CUSTOM_VIEWS {
        return Err(too_many_custom_views(Some(id)));
    }
    Ok(())
}

fn custom_views(tags: &[Tag]) -> usize {
    tags.iter().filter(|tag| is_custom_view(tag)).count()
}

fn too_many_custom_views(id: Option<ExperimentId>) -> Error {
    let which = id.map_or_else(String::new, |id| format!(" for experiment {id}"));
    Error::invalid_parameter(format!(
        "Unable to create another custom view{which}; the maximum number of custom views per \
         experiment is {MAX_CUSTOM_VIEWS}. Delete an existing custom view before creating a new \
         one."
    ))
}

/// Refuses to write to an experiment in the bin.
pub fn check_active(id: ExperimentId, stage: LifecycleStage) -> Result<()> {
    match stage {
        LifecycleStage::Active => Ok(()),
        LifecycleStage::Deleted => Err(Error::invalid_parameter(format!(
            "The experiment {id} must be in the 'active' state. Current state is {}.",
            stage.as_str()
        ))),
    }
}

/// Refuses to rename an experiment in the bin.
pub fn check_renamable(stage: LifecycleStage) -> Result<()> {
    match stage {
        LifecycleStage::Active => Ok(()),
        LifecycleStage::Deleted => Err(Error::invalid_state(
            "Cannot rename a non-active experiment.",
        )),
    }
}

/// No experiment has this id, or none in the stage that is needed.
pub fn not_found(id: impl std::fmt::Display) -> Error {
    Error::not_found(format!("No Experiment with id={id} exists"))
}

/// No experiment has this name.
pub fn name_not_found(name: &str) -> Error {
    Error::not_found(format!("Could not find experiment with name '{name}'"))
}

/// `experiments/create` with a name that is taken, if only by a deleted experiment.
pub fn already_exists(name: &str) -> Error {
    Error::already_exists(format!(
        "Experiment(name={name}) already exists. Error: the name belongs to another experiment, \
         active or deleted."
    ))
}

/// `experiments/update` with a name that is taken; MLflow has another code for that.
pub fn name_taken(name: &str) -> Error {
    Error::bad_request(format!(
        "Experiment(name={name}) already exists. Error: the name belongs to another experiment, \
         active or deleted."
    ))
}

/// The experiment has no such tag.
pub fn tag_not_found(id: ExperimentId, key: &str) -> Error {
    Error::not_found(format!(
        "No tag with name: {key} in experiment with id {id}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new(name: &str, location: Option<&str>, tags: Vec<Tag>) -> Result<NewExperiment> {
        let policy = LocationPolicy::new(Vec::new());
        NewExperiment::new(name.into(), location, "mlflow-artifacts:/", tags, &policy)
    }

    fn views(count: usize) -> Vec<Tag> {
        (0..count)
            .map(|n| Tag::new(format!("mlflow.customView.view.v1.{n}"), "{}"))
            .collect()
    }

    fn words<T: std::fmt::Debug>(outcome: Result<T>) -> String {
        outcome.unwrap_err().to_string()
    }

    #[test]
    fn ids_are_read_as_leniently_as_mlflow_reads_them() {
        for (text, id) in [
            ("0", 0),
            (" 12 ", 12),
            ("+3", 3),
            ("007", 7),
            ("1_0", 10),
            ("-1", -1),
        ] {
            assert_eq!(
                ExperimentId::parse(text).unwrap(),
                ExperimentId(id),
                "{text}"
            );
        }
    }

    #[test]
    fn ids_that_are_no_integers_are_invalid() {
        for text in ["", "abc", "1.0", "1__0", "_1", "--1", "1e3", "0x1"] {
            assert_eq!(
                words(ExperimentId::parse(text)),
                format!("Invalid experiment ID '{text}'. Experiment ID must be a valid integer.")
            );
        }
    }

    #[test]
    fn an_id_beyond_64_bits_does_not_exist() {
        let error = ExperimentId::parse("99999999999999999999").unwrap_err();
        assert!(matches!(error, Error::NotFound(_)), "{error}");
    }

    #[test]
    fn names_have_at_most_500_characters() {
        assert!(new(&"ä".repeat(500), None, vec![]).is_ok());
        assert_eq!(
            words(new(&"ä".repeat(501), None, vec![])),
            "'name' exceeds the maximum length of 500 characters"
        );
        assert_eq!(words(new("", None, vec![])), "Invalid experiment name: ''");
    }

    #[test]
    fn an_experiment_without_location_lives_below_the_root() {
        for location in [None, Some("")] {
            let new = new("a", location, vec![]).unwrap();
            assert_eq!(
                new.artifact_location.resolve(ExperimentId(7)),
                "mlflow-artifacts:/7"
            );
        }
    }

    #[test]
    fn a_location_of_its_own_is_kept_as_given() {
        let new = new("a", Some("s3://bucket/p"), vec![]).unwrap();
        assert_eq!(
            new.artifact_location,
            ArtifactLocation::At("s3://bucket/p".into())
        );
    }

    #[test]
    fn a_location_is_checked_before_the_name() {
        assert_eq!(
            words(new("", Some("runs:/x"), vec![])),
            "Artifact location cannot be a runs:/ URI. Given: 'runs:/x'"
        );
    }

    #[test]
    fn a_new_experiment_has_at_most_50_custom_views() {
        assert!(new("a", None, views(50)).is_ok());
        assert_eq!(
            words(new("a", None, views(51))),
            "Unable to create another custom view; the maximum number of custom views per \
             experiment is 50. Delete an existing custom view before creating a new one."
        );
    }

    #[test]
    fn a_full_experiment_takes_changed_views_and_other_tags_but_no_new_view() {
        let id = ExperimentId(3);
        let existing = views(50);
        assert!(check_room_for_view(id, &existing, &existing[0]).is_ok());
        assert!(check_room_for_view(id, &existing, &Tag::new("team", "x")).is_ok());
        assert_eq!(
            words(check_room_for_view(id, &existing, &views(51)[50])),
            "Unable to create another custom view for experiment 3; the maximum number of custom \
             views per experiment is 50. Delete an existing custom view before creating a new one."
        );
    }

    #[test]
    fn a_repeated_tag_key_is_refused_as_existing() {
        let twice = vec![Tag::new("k", "1"), Tag::new("k", "2")];
        assert!(matches!(
            new("a", None, twice),
            Err(Error::AlreadyExists(_))
        ));
    }
}
