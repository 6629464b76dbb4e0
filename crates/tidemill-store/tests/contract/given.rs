//! What tests start from. A builder says only what matters to the test.

use tidemill_core::Error;
use tidemill_core::datasets::{Dataset, DatasetInput};
use tidemill_core::experiments::{ArtifactLocation, ExperimentId, NewExperiment};
use tidemill_core::runs::create::NewRun;
use tidemill_core::runs::{Run, RunId};
use tidemill_core::tags::Tag;
use tidemill_store::Store;

/// An experiment to create, below `mlflow-artifacts:/`.
pub(crate) fn new_experiment(name: &str) -> NewExperiment {
    NewExperiment {
        name: name.into(),
        artifact_location: ArtifactLocation::Below("mlflow-artifacts:/".into()),
        tags: Vec::new(),
    }
}

/// A run to create, with these tags.
pub(crate) fn new_run(experiment: ExperimentId, tags: &[(&str, &str)]) -> NewRun {
    let tags = tags.iter().map(|(key, value)| Tag::new(*key, *value));
    NewRun::new(experiment, String::new(), None, 0, tags.collect()).expect("a valid run")
}

/// An experiment of this name.
pub(crate) async fn experiment(store: &Store, name: &str) -> ExperimentId {
    store
        .create_experiment(new_experiment(name))
        .await
        .expect("an experiment is created")
}

/// A run in this experiment.
pub(crate) async fn run_in(store: &Store, experiment: ExperimentId) -> RunId {
    let run = store.create_run(new_run(experiment, &[])).await;
    run.expect("a run is created").info.id
}

/// A run in an experiment of its own.
pub(crate) async fn run(store: &Store) -> RunId {
    let experiment = experiment(store, &RunId::random().0).await;
    run_in(store, experiment).await
}

/// The run as it is now. Tags come in no particular order; here they are sorted.
pub(crate) async fn stored(store: &Store, run: &RunId) -> Run {
    let mut run = store.get_run(run.clone()).await.expect("the run is there");
    run.tags.sort_by(|a, b| a.key.cmp(&b.key));
    run
}

/// A dataset input with this source and these tags.
pub(crate) fn input(name: &str, digest: &str, source: &str, tags: &[(&str, &str)]) -> DatasetInput {
    let dataset = Dataset::new(
        name.into(),
        digest.into(),
        "local".into(),
        source.into(),
        None,
        None,
    );
    let tags = tags.iter().map(|(key, value)| Tag::new(*key, *value));
    DatasetInput::new(dataset.expect("a valid dataset"), tags.collect()).expect("valid tags")
}

/// The value of a tag.
pub(crate) fn tag<'t>(tags: &'t [Tag], key: &str) -> Option<&'t str> {
    let tag = tags.iter().find(|tag| tag.key == key)?;
    Some(&tag.value)
}

/// What an error says, after its kind: `NotFound: ..`.
pub(crate) fn refusal<T: std::fmt::Debug>(outcome: tidemill_core::Result<T>) -> String {
    let error = outcome.expect_err("this is refused");
    let kind = match error {
        Error::InvalidParameter(_) => "InvalidParameter",
        Error::BadRequest(_) => "BadRequest",
        Error::NotFound(_) => "NotFound",
        Error::AlreadyExists(_) => "AlreadyExists",
        Error::InvalidState(_) => "InvalidState",
        _ => "other",
    };
    format!("{kind}: {error}")
}
