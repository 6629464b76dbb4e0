//! Sources that name other versions, and owners of sources.

use tidemill_core::Error;
use tidemill_core::logged_models::NewLoggedModel;
use tidemill_core::registry::{Reference, Stage, VersionDraft, VersionRequest};
use tidemill_core::storage_uri::{LocationPolicy, StorageUri};
use tidemill_store::Store;
use tidemill_testkit::on_every_database;

use super::given;
use super::registry_given::{given_model, given_tagged_model, given_version, given_versions_in};

fn draft(source: &str, run_id: Option<&str>, model_id: Option<&str>) -> VersionDraft {
    let policy = LocationPolicy::new(vec![StorageUri::parse("/srv/art").unwrap()]);
    let request = VersionRequest {
        name: "copy".into(),
        source: source.into(),
        run_id: run_id.map(str::to_owned),
        model_id: model_id.map(str::to_owned),
        ..VersionRequest::default()
    };
    VersionDraft::new(request, &policy).unwrap()
}

fn reference(source: &str) -> Reference {
    draft(source, None, None).copied().unwrap()
}

async fn every_form_of_reference_finds_its_version(store: Store) {
    given_model(&store, "m").await;
    let stages = [Stage::Staging, Stage::Production, Stage::None];
    given_versions_in(&store, "m", &stages).await;
    store
        .set_registered_model_alias("m".into(), "best".into(), 1)
        .await
        .unwrap();
    for (source, version) in [
        ("models:/m/2", 2),
        ("models:/m/latest", 3),
        ("models:/m/LATEST", 3),
        ("models:/m/production", 2),
        ("models:/m@best", 1),
        ("models:/m@latest", 3),
    ] {
        let original = store.resolve_reference(reference(source)).await.unwrap();
        assert_eq!(original.version, version, "{source}");
    }
}

async fn a_reference_to_nothing_says_what_is_missing(store: Store) {
    given_model(&store, "m").await;
    given_tagged_model(&store, "p", &[("mlflow.prompt.is_prompt", "True")]).await;
    for (source, words) in [
        ("models:/q/1", "Registered Model with name=q not found"),
        ("models:/m/7", "Model Version (name=m, version=7) not found"),
        (
            "models:/m/99999999999999999999",
            "Model Version (name=m, version=99999999999999999999) not found",
        ),
        (
            "models:/m/Staging",
            "No versions of model with name 'm' and stage 'Staging' found",
        ),
        (
            "models:/m/latest",
            "No versions of model with name 'm' found",
        ),
        ("models:/m@best", "Registered model alias best not found."),
        (
            "models:/m/prod",
            "Invalid Model Version stage: prod. Value must be one of None, Staging, Production, \
             Archived.",
        ),
        (
            "models:/p/1",
            "Invalid model version source: 'models:/p/1'. Prompt versions cannot be used as \
             model version sources.",
        ),
    ] {
        let error = store.resolve_reference(reference(source)).await;
        assert_eq!(error.unwrap_err().to_string(), words);
    }
}

async fn a_copy_of_a_copy_points_at_the_files_of_the_first(store: Store) {
    given_model(&store, "m").await;
    given_model(&store, "copy").await;
    given_version(&store, "m").await;
    for (source, resolved) in [
        ("models:/m/latest", "models:/m/1"),
        ("models:/copy/1", "models:/copy/1"),
    ] {
        let draft = draft(source, None, None);
        let original = store.resolve_reference(draft.copied().unwrap()).await;
        let draft = draft.copy_of(original.unwrap()).unwrap();
        let owners = store.find_owners(&draft).await.unwrap();
        let new = draft.check(owners).unwrap();
        let version = store.create_model_version(new).await.unwrap();
        assert_eq!(
            (version.source.as_str(), version.run_id.as_deref()),
            (resolved, Some("run"))
        );
        let uri = store.get_model_version_download_uri("copy".into(), version.version);
        assert_eq!(uri.await.unwrap(), "s3://bucket/model");
    }
}

async fn owners_are_found_unless_they_are_missing_or_deleted(store: Store) {
    let experiment = given::experiment(&store, "e").await;
    let model = store
        .create_logged_model(
            NewLoggedModel::new(experiment, None, String::new(), "r1".into(), vec![], vec![])
                .unwrap(),
        )
        .await
        .unwrap();
    let source = format!("models:/{}", model.id);
    let draft = draft(&source, None, Some(&model.id));
    let owners = store.find_owners(&draft).await.unwrap();
    let new = draft.clone().check(owners).unwrap();
    assert_eq!(new.run_id, "r1");
    assert_eq!(new.storage_location, Some(model.artifact_location));
    store.delete_logged_model(model.id).await.unwrap();
    let owners = store.find_owners(&draft).await.unwrap();
    assert!(matches!(draft.check(owners), Err(Error::NotFound(_))));
}

async fn a_proxied_source_is_held_against_its_run(store: Store) {
    let run = given::run(&store).await;
    let run = store.get_run_info(run).await.unwrap();
    let inside = format!("{}/model", run.artifact_uri);
    let inside = draft(&inside, Some(run.id.as_str()), None);
    let owners = store.find_owners(&inside).await.unwrap();
    assert_eq!(owners.run_artifact_uri.as_ref(), Some(&run.artifact_uri));
    assert!(inside.check(owners).is_ok());
    let missing = draft("mlflow-artifacts:/x/y", Some("nobody"), None);
    let owners = store.find_owners(&missing).await.unwrap();
    assert_eq!(
        missing.check(owners).unwrap_err().to_string(),
        "Invalid model version source: 'mlflow-artifacts:/x/y'. The run_id request parameter \
         must identify the resource that contains the source."
    );
}

on_every_database!(
    every_form_of_reference_finds_its_version,
    a_reference_to_nothing_says_what_is_missing,
    a_copy_of_a_copy_points_at_the_files_of_the_first,
    owners_are_found_unless_they_are_missing_or_deleted,
    a_proxied_source_is_held_against_its_run,
);
