//! Statements that take too long.

use std::time::{Duration, Instant};

use tidemill_core::Error;
use tidemill_store::{Store, StoreConfig};
use tidemill_testkit::TestDatabase;

use crate::registry_given::given_model;

async fn is_given_up(database: TestDatabase, sleep: &str) {
    let store = Store::open(&StoreConfig {
        pool_size: 1,
        answer_within: Duration::from_secs(1),
        ..StoreConfig::new(database.url().clone())
    });
    let store = store.unwrap();
    given_model(&database.open(), "m").await;
    database.execute("ALTER TABLE registered_model RENAME TO moved");
    database.execute(&format!(
        "CREATE VIEW registered_model AS SELECT moved.* FROM {sleep} LEFT JOIN moved ON true"
    ));
    let began = Instant::now();
    let outcome = store.get_registered_model("m".into()).await;
    assert!(matches!(outcome, Err(Error::Unavailable(_))), "{outcome:?}");
    while store.load().1 > 0 {
        assert!(began.elapsed() < Duration::from_secs(15), "it goes on");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(store.is_ready().await.unwrap());
}

#[cfg(feature = "postgres")]
#[tokio::test]
async fn postgres_gives_up_a_slow_statement() {
    if let Some(database) = TestDatabase::postgres() {
        is_given_up(database, "pg_sleep(30)").await;
    }
}

#[cfg(feature = "mysql")]
#[tokio::test]
async fn mysql_gives_up_a_slow_statement() {
    if let Some(database) = TestDatabase::mysql() {
        is_given_up(database, "(SELECT SLEEP(30)) AS slow").await;
    }
}
