//! Several servers on one database log to and seal the same metric.

use tidemill_core::metrics::Point;
use tidemill_core::runs::RunId;
use tidemill_store::Store;
use tidemill_testkit::TestDatabase;

use crate::given;
use crate::log_given::{history, log, point};

/// How many points each server logs.
const POINTS: i64 = 600;

fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime starts")
        .block_on(future)
}

/// Odd and even steps, so that servers change places as the one with the latest point.
async fn log_share(store: Store, run: RunId, server: i64) {
    for first in (0..POINTS).step_by(5) {
        let points: Vec<Point> = (first..first + 5)
            .map(|i| point(2 * i + server, i, i as f64))
            .collect();
        log(&store, &run, &points).await;
    }
}

async fn seal_again_and_again(store: Store, run: RunId) {
    for _ in 0..60 {
        store.seal_run(run.clone(), 1).await.expect("it is sealed");
        tokio::time::sleep(std::time::Duration::from_millis(3)).await;
    }
}

async fn nothing_is_lost_between(servers: [Store; 2]) {
    let run = given::run(&servers[0]).await;
    let mut tasks = tokio::task::JoinSet::new();
    for (number, store) in (0..).zip(&servers) {
        tasks.spawn(log_share(store.clone(), run.clone(), number));
        tasks.spawn(seal_again_and_again(store.clone(), run.clone()));
    }
    while let Some(task) = tasks.join_next().await {
        task.unwrap();
    }
    for store in &servers {
        let mut steps: Vec<i64> = history(store, &run).await.iter().map(|p| p.step).collect();
        steps.sort_unstable();
        assert_eq!(steps, (0..2 * POINTS).collect::<Vec<_>>());
        let latest = given::stored(store, &run).await.metrics.remove(0);
        assert_eq!(latest.step, 2 * POINTS - 1);
        store.seal_run(run.clone(), 1).await.unwrap();
        assert_eq!(store.unsealed_points(run.clone()).await.unwrap(), 0);
    }
}

fn two_servers(database: &TestDatabase) -> [Store; 2] {
    [database.open(), database.open()]
}

#[test]
fn nothing_is_lost_between_two_servers_on_sqlite() {
    let database = TestDatabase::sqlite();
    block_on(nothing_is_lost_between(two_servers(&database)));
}

#[cfg(feature = "postgres")]
#[test]
fn nothing_is_lost_between_two_servers_on_postgres() {
    if let Some(database) = TestDatabase::postgres() {
        block_on(nothing_is_lost_between(two_servers(&database)));
    }
}

#[cfg(feature = "mysql")]
#[test]
fn nothing_is_lost_between_two_servers_on_mysql() {
    if let Some(database) = TestDatabase::mysql() {
        block_on(nothing_is_lost_between(two_servers(&database)));
    }
}
