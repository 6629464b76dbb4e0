//! Several replicas on one PostgreSQL.

use std::future::Future;

use tidemill_core::Error;
use tidemill_core::registry::{NewRegisteredModel, Stage};
use tidemill_store::Store;
use tidemill_testkit::TestDatabase;
use tokio::task::JoinSet;

use super::registry_given::{given_model, given_version, new_version};

fn with_two_stores<F: Future<Output = ()>>(test: impl FnOnce(Store, Store) -> F) {
    let Some(database) = TestDatabase::postgres() else {
        return;
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(test(database.open(), database.open()));
}

#[test]
fn fifty_versions_made_at_once_are_numbered_without_gaps_or_repeats() {
    with_two_stores(|one, other| async move {
        given_model(&one, "m").await;
        let mut tasks = JoinSet::new();
        for number in 0..50 {
            let store = if number % 2 == 0 { &one } else { &other }.clone();
            tasks.spawn(async move { given_version(&store, "m").await.version });
        }
        let mut numbers = tasks.join_all().await;
        numbers.sort_unstable();
        assert_eq!(numbers, (1..=50).collect::<Vec<i64>>());
    });
}

#[test]
fn one_of_many_takes_a_name() {
    with_two_stores(|one, other| async move {
        let mut tasks = JoinSet::new();
        for number in 0..20 {
            let store = if number % 2 == 0 { &one } else { &other }.clone();
            let new = NewRegisteredModel::new("m".into(), None, vec![]).unwrap();
            tasks.spawn(async move { store.create_registered_model(new).await });
        }
        let outcomes = tasks.join_all().await;
        let made = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        let taken = outcomes
            .iter()
            .filter(|outcome| matches!(outcome, Err(Error::AlreadyExists(_))))
            .count();
        assert_eq!((made, taken), (1, 19));
    });
}

#[test]
fn one_version_is_in_production_when_many_move_there_and_archive_the_others() {
    with_two_stores(|one, other| async move {
        given_model(&one, "m").await;
        let mut tasks = JoinSet::new();
        for number in 0..10 {
            let store = if number % 2 == 0 { &one } else { &other }.clone();
            let version = given_version(&store, "m").await.version;
            tasks.spawn(async move {
                store
                    .transition_model_version_stage("m".into(), version, Stage::Production, true)
                    .await
                    .unwrap()
            });
        }
        tasks.join_all().await;
        let mut in_production = 0;
        for version in 1..=10 {
            let read = one.get_model_version("m".into(), version).await.unwrap();
            in_production += usize::from(read.stage == Stage::Production);
        }
        assert_eq!(in_production, 1);
    });
}

#[test]
fn an_alias_never_outlives_its_version() {
    with_two_stores(|one, other| async move {
        given_model(&one, "m").await;
        for version in 1..=20 {
            given_version(&one, "m").await;
            let alias = format!("a{version}");
            let (_, deleted) = tokio::join!(
                one.set_registered_model_alias("m".into(), alias, version),
                other.delete_model_version("m".into(), version),
            );
            deleted.unwrap();
        }
        let model = one.get_registered_model("m".into()).await.unwrap();
        assert_eq!(model.aliases, []);
    });
}

#[test]
fn a_version_is_not_made_in_a_model_that_is_being_deleted() {
    with_two_stores(|one, other| async move {
        for round in 0..10 {
            let name = format!("m{round}");
            given_model(&one, &name).await;
            let (made, deleted) = tokio::join!(
                one.create_model_version(new_version(&name)),
                other.delete_registered_model(name.clone()),
            );
            deleted.unwrap();
            assert!(matches!(made, Ok(_) | Err(Error::NotFound(_))), "{made:?}");
            let gone = one.get_model_version(name, 1).await;
            assert!(matches!(gone, Err(Error::NotFound(_))));
        }
    });
}

#[test]
fn versions_noted_at_once_on_a_logged_model_are_all_there() {
    with_two_stores(|one, other| async move {
        let model = super::logged_models_create::given_logged_model(&one).await;
        let mut tasks = JoinSet::new();
        for version in 1..=20 {
            let store = if version % 2 == 0 { &one } else { &other }.clone();
            let id = model.id.clone();
            tasks.spawn(async move { store.record_model_version(id, "m".into(), version).await });
        }
        for outcome in tasks.join_all().await {
            outcome.unwrap();
        }
        let model = one.get_logged_model(model.id).await.unwrap();
        for version in 1..=20 {
            let noted = format!("\"version\": {version}}}");
            assert!(model.tags[0].value.contains(&noted), "{version}");
        }
    });
}
