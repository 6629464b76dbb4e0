//! Opening and migrating.

use tidemill_store::{Store, StoreConfig};
use tidemill_testkit::{TestDatabase, on_every_database};

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
