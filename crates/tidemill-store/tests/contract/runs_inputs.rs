//! What runs read and made.

use tidemill_core::datasets::CONTEXT;
use tidemill_core::runs::{ModelOutput, RunId};
use tidemill_core::tags::Tag;
use tidemill_store::Store;
use tidemill_testkit::on_every_database;

use crate::given::{self, input, refusal, stored};

fn output(model_id: &str, step: i64) -> ModelOutput {
    ModelOutput {
        model_id: model_id.into(),
        step,
    }
}

async fn the_first_source_and_the_first_context_of_a_dataset_stay(store: Store) {
    let id = given::run(&store).await;
    let first = input("a", "1", "first", &[(CONTEXT, "train")]);
    let same = input("a", "1", "second", &[(CONTEXT, "eval")]);
    store
        .log_inputs(id.clone(), vec![first.clone(), same.clone()], vec![])
        .await
        .unwrap();
    store
        .log_inputs(id.clone(), vec![same], vec![])
        .await
        .unwrap();
    assert_eq!(stored(&store, &id).await.dataset_inputs, [first]);
}

async fn another_run_reads_the_same_dataset_in_its_own_context(store: Store) {
    let experiment = given::experiment(&store, "a").await;
    let (one, two) = (
        given::run_in(&store, experiment).await,
        given::run_in(&store, experiment).await,
    );
    let first = input("a", "1", "first", &[(CONTEXT, "train")]);
    let second = input("a", "1", "second", &[(CONTEXT, "eval"), ("more", "")]);
    store.log_inputs(one, vec![first], vec![]).await.unwrap();
    store
        .log_inputs(two.clone(), vec![second], vec![])
        .await
        .unwrap();
    let expected = input("a", "1", "first", &[(CONTEXT, "eval"), ("more", "")]);
    assert_eq!(stored(&store, &two).await.dataset_inputs, [expected]);
}

async fn another_experiment_has_its_own_dataset_of_that_name(store: Store) {
    for source in ["one", "two"] {
        let id = given::run(&store).await;
        let read = input("a", "1", source, &[]);
        store
            .log_inputs(id.clone(), vec![read.clone()], vec![])
            .await
            .unwrap();
        assert_eq!(stored(&store, &id).await.dataset_inputs, [read]);
    }
}

async fn datasets_are_answered_in_the_order_in_which_they_were_logged(store: Store) {
    let id = given::run(&store).await;
    for names in [["b", "c"], ["a", "b"]] {
        let inputs = names.map(|name| input(name, "", "s", &[])).into();
        store.log_inputs(id.clone(), inputs, vec![]).await.unwrap();
    }
    let read = stored(&store, &id).await.dataset_inputs;
    let names: Vec<&str> = read.iter().map(|read| &*read.dataset.name).collect();
    assert_eq!(names, ["b", "c", "a"]);
    assert!(read.iter().all(|read| read.dataset.digest.is_empty()));
}

async fn a_repeated_tag_key_is_refused_and_nothing_is_logged(store: Store) {
    let id = given::run(&store).await;
    let twice = input("b", "1", "s", &[("k", "1"), ("k", "2")]);
    let inputs = vec![input("a", "1", "s", &[]), twice];
    let logged = store.log_inputs(id.clone(), inputs, vec!["m".into()]).await;
    assert!(refusal(logged).starts_with("BadRequest: "));
    let run = stored(&store, &id).await;
    assert_eq!(run.dataset_inputs, []);
    assert_eq!(run.model_inputs, Vec::<String>::new());
}

async fn unknown_models_are_read_once_however_often_they_are_logged(store: Store) {
    let id = given::run(&store).await;
    for models in [vec!["m2", "m1", "m2"], vec!["m1"]] {
        let models = models.into_iter().map(String::from).collect();
        store.log_inputs(id.clone(), vec![], models).await.unwrap();
    }
    assert_eq!(stored(&store, &id).await.model_inputs, ["m1", "m2"]);
}

async fn a_model_is_made_once_and_at_one_step(store: Store) {
    let id = given::run(&store).await;
    let log = |outputs| store.log_outputs(id.clone(), outputs);
    log(vec![output("b", 5), output("a", 0)]).await.unwrap();
    for again in [
        vec![output("b", 6)],
        vec![output("c", 1), output("b", 5)],
        vec![output("c", 1), output("c", 1)],
    ] {
        assert!(refusal(log(again).await).starts_with("BadRequest: "));
    }
    assert_eq!(
        stored(&store, &id).await.model_outputs,
        [output("a", 0), output("b", 5)]
    );
}

async fn a_deleted_run_reads_and_makes_nothing(store: Store) {
    let id = given::run(&store).await;
    store.delete_run(id.clone()).await.unwrap();
    let words = format!(
        "InvalidParameter: The run {id} must be in the 'active' state. Current state is deleted."
    );
    let inputs = store.log_inputs(id.clone(), vec![], vec![]).await;
    assert_eq!(refusal(inputs), words);
    assert_eq!(refusal(store.log_outputs(id, vec![]).await), words);
}

async fn an_unknown_run_reads_and_makes_nothing(store: Store) {
    let id = RunId::from("nope");
    let words = "NotFound: Run with id=nope not found";
    let inputs = store.log_inputs(id.clone(), vec![], vec![]).await;
    assert_eq!(refusal(inputs), words);
    assert_eq!(refusal(store.log_outputs(id, vec![]).await), words);
}

async fn a_logged_model_is_added_to_the_history_tag(store: Store) {
    let id = given::run(&store).await;
    for path in ["one", "two"] {
        let model = format!(
            r#"{{"artifact_path":"{path}","flavors":{{"z":{{"config":{{}}}},"a":{{}}}},"run_id":"{id}","utc_time_created":"t"}}"#
        );
        store.record_logged_model(id.clone(), model).await.unwrap();
    }
    let tags = stored(&store, &id).await.tags;
    let entry = |path: &str| {
        format!(
            r#"{{"run_id": "{id}", "artifact_path": "{path}", "utc_time_created": "t", "model_uuid": null, "flavors": {{"z": {{}}, "a": {{}}}}}}"#
        )
    };
    let history = format!("[{}, {}]", entry("one"), entry("two"));
    assert!(
        tags.contains(&Tag::new("mlflow.log-model.history", history)),
        "{tags:?}"
    );
}

on_every_database!(
    the_first_source_and_the_first_context_of_a_dataset_stay,
    another_run_reads_the_same_dataset_in_its_own_context,
    another_experiment_has_its_own_dataset_of_that_name,
    datasets_are_answered_in_the_order_in_which_they_were_logged,
    a_repeated_tag_key_is_refused_and_nothing_is_logged,
    unknown_models_are_read_once_however_often_they_are_logged,
    a_model_is_made_once_and_at_one_step,
    a_deleted_run_reads_and_makes_nothing,
    an_unknown_run_reads_and_makes_nothing,
    a_logged_model_is_added_to_the_history_tag,
);
