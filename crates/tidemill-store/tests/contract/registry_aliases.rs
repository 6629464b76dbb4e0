//! Aliases of versions.

use tidemill_core::Error;
use tidemill_store::Store;
use tidemill_testkit::on_every_database;

use super::registry_given::{given_model, given_version};

async fn given_two_versions(store: &Store) {
    given_model(store, "m").await;
    given_version(store, "m").await;
    given_version(store, "m").await;
}

async fn set(store: &Store, alias: &str, version: i64) {
    store
        .set_registered_model_alias("m".into(), alias.into(), version)
        .await
        .unwrap();
}

async fn numbered(store: &Store, alias: &str) -> Result<i64, Error> {
    let found = store.get_model_version_by_alias("m".into(), alias.into());
    Ok(found.await?.version)
}

async fn an_alias_names_one_version_and_moves_when_set_again(store: Store) {
    given_two_versions(&store).await;
    set(&store, "best", 1).await;
    assert_eq!(numbered(&store, "best").await.unwrap(), 1);
    set(&store, "best", 2).await;
    assert_eq!(numbered(&store, "best").await.unwrap(), 2);
    let first = store.get_model_version("m".into(), 1).await.unwrap();
    assert!(first.aliases.is_empty());
    let model = store.get_registered_model("m".into()).await.unwrap();
    assert_eq!(model.aliases.len(), 1);
}

async fn aliases_differ_by_case(store: Store) {
    given_two_versions(&store).await;
    set(&store, "best", 1).await;
    set(&store, "Best", 2).await;
    assert_eq!(numbered(&store, "best").await.unwrap(), 1);
    assert_eq!(numbered(&store, "Best").await.unwrap(), 2);
}

async fn latest_is_the_highest_number_whatever_the_stages(store: Store) {
    given_two_versions(&store).await;
    for alias in ["latest", "LATEST"] {
        assert_eq!(numbered(&store, alias).await.unwrap(), 2);
    }
    for version in [1, 2] {
        store
            .delete_model_version("m".into(), version)
            .await
            .unwrap();
    }
    match numbered(&store, "latest").await {
        Err(Error::NotFound(message)) => {
            assert_eq!(message, "Latest version not found for model m.");
        }
        other => panic!("{other:?}"),
    }
}

async fn an_unknown_alias_is_an_invalid_parameter(store: Store) {
    given_two_versions(&store).await;
    match numbered(&store, "v1").await {
        Err(Error::InvalidParameter(message)) => {
            assert_eq!(message, "Registered model alias v1 not found.");
        }
        other => panic!("{other:?}"),
    }
}

async fn reserved_aliases_cannot_be_set(store: Store) {
    given_two_versions(&store).await;
    for alias in ["latest", "v1", "a b", ""] {
        let refused = store.set_registered_model_alias("m".into(), alias.into(), 1);
        assert!(matches!(refused.await, Err(Error::InvalidParameter(_))));
    }
}

async fn deleting_an_alias_is_fine_whether_it_is_there_or_not(store: Store) {
    given_two_versions(&store).await;
    set(&store, "best", 1).await;
    for _ in 0..2 {
        store
            .delete_registered_model_alias("m".into(), "best".into())
            .await
            .unwrap();
        assert!(numbered(&store, "best").await.is_err());
    }
}

on_every_database!(
    an_alias_names_one_version_and_moves_when_set_again,
    aliases_differ_by_case,
    latest_is_the_highest_number_whatever_the_stages,
    an_unknown_alias_is_an_invalid_parameter,
    reserved_aliases_cannot_be_set,
    deleting_an_alias_is_fine_whether_it_is_there_or_not,
);
