//! Datasets that runs read.

use std::collections::HashSet;

use crate::experiments::ExperimentId;
use crate::keys::check_length;
use crate::tags::{self, Tag};
use crate::{Error, Result};

/// The tag of an input that says for what the dataset was used.
pub const CONTEXT: &str = "mlflow.data.context";
/// How many summaries `experiments/search-datasets` answers at most.
pub const MAX_SUMMARIES: usize = 1000;
/// In how many experiments it looks at most.
const MAX_SEARCHED_EXPERIMENTS: usize = 20;

/// A dataset; name and digest identify it within an experiment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dataset {
    /// Its name.
    pub name: String,
    /// Fingerprint of its content; may be empty.
    pub digest: String,
    /// Kind of source, such as `local` or `delta_table`.
    pub source_type: String,
    /// Where it comes from, as JSON text.
    pub source: String,
    /// Its columns, as JSON text.
    pub schema: Option<String>,
    /// Its statistics, as JSON text.
    pub profile: Option<String>,
}

/// A dataset with the tags of its use by one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatasetInput {
    /// What was read.
    pub dataset: Dataset,
    /// How: `mlflow.data.context` says for what.
    pub tags: Vec<Tag>,
}

/// A dataset as `experiments/search-datasets` lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatasetSummary {
    /// Where it was used.
    pub experiment_id: ExperimentId,
    /// Its name.
    pub name: String,
    /// Its digest.
    pub digest: String,
    /// For what it was used.
    pub context: Option<String>,
}

impl Dataset {
    /// Checks the lengths. An empty schema or profile is none.
    pub fn new(
        name: String,
        digest: String,
        source_type: String,
        source: String,
        schema: Option<String>,
        profile: Option<String>,
    ) -> Result<Self> {
        let schema = schema.filter(|schema| !schema.is_empty());
        let profile = profile.filter(|profile| !profile.is_empty());
        check_length("name", 500, &name)?;
        check_length("digest", 36, &digest)?;
        check_length("source", 65_535, &source)?;
        check_length("schema", 1_048_575, schema.as_deref().unwrap_or_default())?;
        check_length(
            "profile",
            16_777_215,
            profile.as_deref().unwrap_or_default(),
        )?;
        Ok(Self {
            name,
            digest,
            source_type,
            source,
            schema,
            profile,
        })
    }
}

impl DatasetInput {
    /// Checks the lengths of the tags.
    pub fn new(dataset: Dataset, tags: Vec<Tag>) -> Result<Self> {
        for tag in &tags {
            check_length("key", 255, &tag.key)?;
            check_length("value", 500, &tag.value)?;
        }
        Ok(Self { dataset, tags })
    }

    /// Refuses tags that repeat a key. MLflow looks only when a run reads the dataset for the
    /// first time; later the tags are ignored.
    pub fn check_tag_keys(&self) -> Result<()> {
        match tags::repeated_key(&self.tags) {
            None => Ok(()),
            Some(key) => Err(Error::bad_request(format!(
                "Duplicate tag keys have been submitted: ['{key}']. Please ensure the dataset \
                 '{}' has only one tag value per tag key.",
                self.dataset.name
            ))),
        }
    }
}

/// Keeps the first input of each dataset, by name and digest.
pub fn first_per_dataset(inputs: Vec<DatasetInput>) -> Vec<DatasetInput> {
    let mut seen = HashSet::with_capacity(inputs.len());
    inputs
        .into_iter()
        .filter(|input| seen.insert((input.dataset.name.clone(), input.dataset.digest.clone())))
        .collect()
}

/// The experiments that an `experiments/search-datasets` request names.
pub fn experiments_to_search<S: AsRef<str>>(ids: &[S]) -> Result<Vec<ExperimentId>> {
    if ids.is_empty() {
        return Err(Error::invalid_parameter(
            "SearchDatasets request must specify at least one experiment_id.",
        ));
    }
    if ids.len() > MAX_SEARCHED_EXPERIMENTS {
        return Err(Error::invalid_parameter(format!(
            "SearchDatasets request cannot specify more than {MAX_SEARCHED_EXPERIMENTS} \
             experiment_ids. Received {} experiment_ids.",
            ids.len()
        )));
    }
    ids.iter()
        .map(|id| ExperimentId::parse(id.as_ref()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dataset(name: &str, digest: &str, source: &str) -> Result<Dataset> {
        let text = String::from;
        Dataset::new(
            text(name),
            text(digest),
            text("local"),
            text(source),
            None,
            None,
        )
    }

    fn words<T: std::fmt::Debug>(outcome: Result<T>) -> String {
        outcome.unwrap_err().to_string()
    }

    #[test]
    fn long_fields_are_refused_by_name() {
        assert_eq!(
            words(dataset(&"n".repeat(501), "", "")),
            "'name' exceeds the maximum length of 500 characters"
        );
        assert_eq!(
            words(dataset("n", &"1".repeat(37), "")),
            "'digest' exceeds the maximum length of 36 characters"
        );
        assert_eq!(
            words(dataset("n", "1", &"s".repeat(65_536))),
            "'source' exceeds the maximum length of 65535 characters"
        );
        let input = |tag| DatasetInput::new(dataset("n", "1", "s")?, vec![tag]);
        assert_eq!(
            words(input(Tag::new("k", "v".repeat(501)))),
            "'value' exceeds the maximum length of 500 characters"
        );
        assert_eq!(
            words(input(Tag::new("k".repeat(256), "v"))),
            "'key' exceeds the maximum length of 255 characters"
        );
    }

    #[test]
    fn an_empty_schema_is_no_schema() {
        let (text, empty) = (String::from, Some(String::new()));
        let dataset = Dataset::new(
            text("n"),
            text("1"),
            text("t"),
            text("s"),
            empty.clone(),
            empty,
        );
        assert_eq!(dataset.unwrap().schema, None);
    }

    #[test]
    fn the_first_input_of_a_dataset_stays() {
        let input = |name, source| DatasetInput::new(dataset(name, "1", source).unwrap(), vec![]);
        let inputs = vec![
            input("a", "first").unwrap(),
            input("b", "other").unwrap(),
            input("a", "second").unwrap(),
        ];
        let kept: Vec<String> = first_per_dataset(inputs)
            .into_iter()
            .map(|input| input.dataset.source)
            .collect();
        assert_eq!(kept, ["first", "other"]);
    }

    #[test]
    fn a_search_names_1_to_20_experiments() {
        assert_eq!(
            experiments_to_search(&["1", "2"]).unwrap(),
            [ExperimentId(1), ExperimentId(2)]
        );
        assert_eq!(
            words(experiments_to_search::<&str>(&[])),
            "SearchDatasets request must specify at least one experiment_id."
        );
        assert_eq!(
            words(experiments_to_search(&["x"; 21])),
            "SearchDatasets request cannot specify more than 20 experiment_ids. Received 21 \
             experiment_ids."
        );
    }
}
