//! Opening and migrating.

use tidemill_store::{Store, StoreConfig};
use tidemill_testkit::{TestDatabase, on_every_database};

use crate::logged_models_create::given_logged_model;
use crate::{registry_given, schema_march};

async fn a_fresh_store_is_ready(store: Store) {
    assert!(store.is_ready().await.unwrap());
}

on_every_database!(a_fresh_store_is_ready);

#[test]
fn two_servers_may_open_one_database_at_once() {
    let database = TestDatabase::sqlite();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| drop(database.open()));
        }
    });
}

/// Databases that another build made, with what they are refused with.
fn a_database_with_another_layout_is_refused(database: &TestDatabase) {
    let refused = || {
        let outcome = Store::open(&StoreConfig::new(database.url().clone()));
        outcome.err().unwrap().to_string()
    };
    drop(database.open());
    drop(database.open());
    for change in [
        "UPDATE tidemill_schema SET checksum = checksum + 1",
        "ALTER TABLE tidemill_schema DROP COLUMN checksum",
    ] {
        database.execute(change);
        let said = refused();
        assert!(said.contains("made by another build"), "{said}");
    }
    database.execute("INSERT INTO tidemill_schema (version, name) VALUES (1000, 'later')");
    let said = refused();
    assert!(said.contains("made by a newer Tidemill"), "{said}");
}

#[test]
fn sqlite_refuses_another_layout() {
    a_database_with_another_layout_is_refused(&TestDatabase::sqlite());
}

#[cfg(feature = "postgres")]
#[test]
fn postgres_refuses_another_layout() {
    if let Some(database) = TestDatabase::postgres() {
        a_database_with_another_layout_is_refused(&database);
    }
}

#[cfg(feature = "mysql")]
#[test]
fn mysql_refuses_another_layout() {
    if let Some(database) = TestDatabase::mysql() {
        a_database_with_another_layout_is_refused(&database);
    }
}

/// What was written before texts could be left out is there afterwards.
fn an_older_database_keeps_what_it_has(database: &TestDatabase) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let store = database.open();
    let (model, version) = runtime.block_on(async {
        let model = given_logged_model(&store).await;
        registry_given::given_model(&store, "m").await;
        (model, registry_given::given_version(&store, "m").await)
    });
    drop(store);
    database.execute("DELETE FROM tidemill_schema WHERE version > 2");
    let store = database.open();
    runtime.block_on(async {
        let read = store.get_logged_model(model.id.clone()).await.unwrap();
        assert_eq!(read, model);
        let read = store.get_model_version("m".into(), version.version).await;
        assert_eq!(read.unwrap(), version);
    });
    assert_eq!(
        (version.run_link, model.model_type),
        (Some(String::new()), Some(String::new()))
    );
    let columns = schema_march::facts(database);
    for column in [
        "model_version.run_uuid",
        "model_version.run_link",
        "logged_model.model_type",
    ] {
        assert!(
            columns.contains(&format!("column {column} or null")),
            "{column}"
        );
    }
    assert!(
        columns.contains("index model_version_by_run on model_version(run_uuid)"),
        "{columns:?}"
    );
}

#[test]
fn an_older_sqlite_file_keeps_what_it_has() {
    an_older_database_keeps_what_it_has(&TestDatabase::sqlite());
}

#[cfg(feature = "postgres")]
#[test]
fn an_older_postgres_database_keeps_what_it_has() {
    if let Some(database) = TestDatabase::postgres() {
        an_older_database_keeps_what_it_has(&database);
    }
}

#[cfg(feature = "mysql")]
#[test]
fn an_older_mysql_database_keeps_what_it_has() {
    if let Some(database) = TestDatabase::mysql() {
        an_older_database_keeps_what_it_has(&database);
    }
}
