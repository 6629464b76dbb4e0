//! Tags of experiments.

use tidemill_core::experiments::ExperimentId;
use tidemill_core::tags::Tag;
use tidemill_store::Store;
use tidemill_testkit::on_every_database;

use crate::given::{self, new_experiment, refusal, tag};

async fn a_tag_is_set_replaced_and_deleted(store: Store) {
    let id = given::experiment(&store, "a").await;
    for value in ["1", "2", "2"] {
        store
            .set_experiment_tag(id, Tag::new("k", value))
            .await
            .unwrap();
    }
    let experiment = store.get_experiment(id).await.unwrap();
    assert_eq!(experiment.tags, [Tag::new("k", "2")]);
    store.delete_experiment_tag(id, "k".into()).await.unwrap();
    assert_eq!(store.get_experiment(id).await.unwrap().tags, []);
}

async fn tag_keys_differ_by_case(store: Store) {
    let id = given::experiment(&store, "a").await;
    for key in ["k", "K"] {
        store
            .set_experiment_tag(id, Tag::new(key, key))
            .await
            .unwrap();
    }
    let experiment = store.get_experiment(id).await.unwrap();
    assert_eq!(tag(&experiment.tags, "k"), Some("k"));
    assert_eq!(tag(&experiment.tags, "K"), Some("K"));
}

async fn a_missing_tag_cannot_be_deleted(store: Store) {
    let id = given::experiment(&store, "a").await;
    assert_eq!(
        refusal(store.delete_experiment_tag(id, "k".into()).await),
        format!("NotFound: No tag with name: k in experiment with id {id}")
    );
}

async fn tags_of_a_deleted_experiment_stay_as_they_are(store: Store) {
    let id = given::experiment(&store, "a").await;
    store.delete_experiment(id).await.unwrap();
    let words = format!(
        "InvalidParameter: The experiment {id} must be in the 'active' state. Current state is \
         deleted."
    );
    assert_eq!(
        refusal(store.set_experiment_tag(id, Tag::new("k", "v")).await),
        words
    );
    assert_eq!(
        refusal(store.delete_experiment_tag(id, "k".into()).await),
        words
    );
}

async fn tags_of_an_unknown_experiment_are_not_found(store: Store) {
    let (id, words) = (
        ExperimentId(77),
        "NotFound: No Experiment with id=77 exists",
    );
    assert_eq!(
        refusal(store.set_experiment_tag(id, Tag::new("k", "v")).await),
        words
    );
    assert_eq!(
        refusal(store.delete_experiment_tag(id, "k".into()).await),
        words
    );
}

async fn a_malformed_tag_is_refused_before_the_experiment_is_looked_up(store: Store) {
    let malformed = store.set_experiment_tag(ExperimentId(77), Tag::new("../a", "v"));
    assert!(refusal(malformed.await).starts_with("InvalidParameter: Invalid value \"../a\""));
}

async fn the_51st_custom_view_is_refused_and_a_changed_one_is_not(store: Store) {
    let view = |n: usize| Tag::new(format!("mlflow.customView.view.v1.{n}"), "{}");
    let mut new = new_experiment("a");
    new.tags = (0..50).map(view).collect();
    let id = store.create_experiment(new).await.unwrap();
    store.set_experiment_tag(id, view(7)).await.unwrap();
    assert_eq!(
        refusal(store.set_experiment_tag(id, view(50)).await),
        format!(
            "InvalidParameter: Unable to create another custom view for experiment {id}; the \
             maximum number of custom views per experiment is 50. Delete an existing custom view \
             before creating a new one."
        )
    );
    store.delete_experiment_tag(id, view(7).key).await.unwrap();
    store.set_experiment_tag(id, view(50)).await.unwrap();
}

on_every_database!(
    a_tag_is_set_replaced_and_deleted,
    tag_keys_differ_by_case,
    a_missing_tag_cannot_be_deleted,
    tags_of_a_deleted_experiment_stay_as_they_are,
    tags_of_an_unknown_experiment_are_not_found,
    a_malformed_tag_is_refused_before_the_experiment_is_looked_up,
    the_51st_custom_view_is_refused_and_a_changed_one_is_not,
);
