//! `runs/set-tag` and `runs/delete-tag`.

use tidemill_core::tags::{RUN_NAME, Tag};
use tidemill_store::Store;
use tidemill_testkit::on_every_database;

use crate::given;
use crate::log_given::batch;

async fn a_later_value_takes_the_place_of_an_older_one(store: Store) {
    let run = given::run(&store).await;
    store
        .set_tag(run.clone(), Tag::new("team", "a"))
        .await
        .unwrap();
    store
        .set_tag(run.clone(), Tag::new("team", "b"))
        .await
        .unwrap();
    let tags = given::stored(&store, &run).await.tags;
    assert!(tags.contains(&Tag::new("team", "b")));
    assert_eq!(tags.len(), 2);
}
on_every_database!(a_later_value_takes_the_place_of_an_older_one);

async fn the_name_tag_renames_the_run_unless_it_is_empty(store: Store) {
    let run = given::run(&store).await;
    store
        .set_tag(run.clone(), Tag::new(RUN_NAME, "first"))
        .await
        .unwrap();
    store
        .set_tag(run.clone(), Tag::new(RUN_NAME, ""))
        .await
        .unwrap();
    let stored = given::stored(&store, &run).await;
    assert_eq!(stored.info.name, "first");
    assert_eq!(stored.tags, [Tag::new(RUN_NAME, "first")]);
    let logged = batch(vec![], vec![], vec![Tag::new(RUN_NAME, "second")]);
    store.log_batch(run.clone(), logged).await.unwrap();
    let stored = given::stored(&store, &run).await;
    assert_eq!(stored.info.name, "second");
    assert_eq!(stored.tags, [Tag::new(RUN_NAME, "second")]);
}
on_every_database!(the_name_tag_renames_the_run_unless_it_is_empty);

async fn a_tag_is_removed_once(store: Store) {
    let run = given::run(&store).await;
    store
        .set_tag(run.clone(), Tag::new("team", "a"))
        .await
        .unwrap();
    store.delete_tag(run.clone(), "team".into()).await.unwrap();
    for key in ["team", "never"] {
        let error = store.delete_tag(run.clone(), key.into()).await.unwrap_err();
        let words = format!("No tag with name: {key} in run with id {run}");
        assert_eq!(error.to_string(), words);
    }
    assert_eq!(given::stored(&store, &run).await.tags.len(), 1);
}
on_every_database!(a_tag_is_removed_once);

async fn removing_the_name_tag_leaves_the_name(store: Store) {
    let run = given::run(&store).await;
    let name = given::stored(&store, &run).await.info.name;
    store
        .delete_tag(run.clone(), RUN_NAME.into())
        .await
        .unwrap();
    let stored = given::stored(&store, &run).await;
    assert_eq!((stored.info.name, stored.tags), (name, vec![]));
}
on_every_database!(removing_the_name_tag_leaves_the_name);
