//! Opening and migrating.

use tidemill_store::Store;
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
