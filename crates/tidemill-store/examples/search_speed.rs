//! How long `runs/search` takes as the number of runs grows.
//!
//! ```text
//! cargo run --release -p tidemill-store --example search_speed -- sqlite:////tmp/speed.db 100000 1
//! ```
//!
//! The arguments are a database that may be filled, the number of runs, and the number of
//! experiments they are spread over. Times are the median of several searches in milliseconds,
//! with a page of 100 whole runs; "ids" is the same search with a page of one.

#![expect(clippy::print_stdout, reason = "the table is the point")]

use std::time::Instant;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use tidemill_core::experiments::ExperimentId;
use tidemill_core::lifecycle::LifecycleStage;
use tidemill_store::{DatabaseUrl, RunSearch, Store, StoreConfig};

/// Three metrics, two params and three tags for each run.
const PLANT: &str = "
INSERT INTO experiment (id, name, artifact_location, stage, creation_time, last_update_time)
    SELECT i + 1, 'speed ' || i, '', :stage, 0, 0 FROM series WHERE i < :places;
INSERT INTO run (id, uuid, experiment_id, stage, status, start_time, name, user_id, artifact_uri)
    SELECT i, 'run' || ((i * 7919) % 1000003) || 'x' || i, 1 + i % :places, :stage, 3, 1700000000000 + i * 7, 'name', 'me', 'file' FROM series;
INSERT INTO \"key\" (id, experiment_id, kind, name)
    SELECT p.i * 10 + k.n, p.i + 1, k.kind, k.name FROM series p, (
        SELECT 1 AS n, 1 AS kind, 'acc' AS name UNION ALL SELECT 2, 1, 'coarse' UNION ALL SELECT 3, 1, 'sparse'
        UNION ALL SELECT 4, 2, 'lr' UNION ALL SELECT 5, 2, 'seed'
        UNION ALL SELECT 6, 3, 'team' UNION ALL SELECT 7, 3, 'mlflow.runName' UNION ALL SELECT 8, 3, 'note') k
    WHERE p.i < :places;
INSERT INTO metric_latest (run_id, key_id, step, ts, value)
    SELECT i, (i % :places) * 10 + 1, 0, 0, ((i * 7919) % 1000003) / 1000003.0 FROM series;
INSERT INTO metric_latest (run_id, key_id, step, ts, value)
    SELECT i, (i % :places) * 10 + 2, 0, 0, (i * 31) % 7 FROM series;
INSERT INTO metric_latest (run_id, key_id, step, ts, value)
    SELECT i, (i % :places) * 10 + 3, 0, 0, CASE WHEN i % 40 = 0 THEN NULL ELSE i END FROM series WHERE i % 20 = 0;
INSERT INTO param (run_id, key_id, value)
    SELECT i, (i % :places) * 10 + 4, CASE (i * 13) % 5 WHEN 0 THEN '0.1' WHEN 1 THEN '0.01' ELSE '0.' || ((i * 13) % 5) END FROM series;
INSERT INTO param (run_id, key_id, value) SELECT i, (i % :places) * 10 + 5, 'seed-' || i FROM series;
INSERT INTO run_tag (run_id, key_id, value) SELECT i, (i % :places) * 10 + 6, 'team-' || ((i * 17) % 10) FROM series;
INSERT INTO run_tag (run_id, key_id, value) SELECT i, (i % :places) * 10 + 7, 'name' FROM series;
INSERT INTO run_tag (run_id, key_id, value) SELECT i, (i % :places) * 10 + 8, 'Note number ' || i FROM series;
";

/// A name, a filter, an ordering.
const SEARCHES: [(&str, &str, &[&str]); 13] = [
    ("default order", "", &[]),
    ("oldest first", "", &["attributes.start_time ASC"]),
    ("by metric", "", &["metrics.acc DESC"]),
    ("by metric with few values", "", &["metrics.coarse ASC"]),
    ("by metric that few runs have", "", &["metrics.sparse ASC"]),
    ("by param", "", &["params.seed ASC"]),
    (
        "metric, param and tag, by metric",
        "metrics.acc > 0.9 AND params.lr = '0.01' AND tags.team = 'team-9'",
        &["metrics.acc DESC"],
    ),
    (
        "metric, param and tag",
        "metrics.acc > 0.9 AND params.lr = '0.01' AND tags.team = 'team-9'",
        &[],
    ),
    (
        "conditions that never meet",
        "metrics.acc > 0.9 AND params.lr = '0.01' AND tags.team = 'team-3'",
        &[],
    ),
    ("one param value", "params.seed = 'seed-77'", &[]),
    (
        "narrow metric range",
        "metrics.acc > 0.999",
        &["params.seed ASC"],
    ),
    ("tag that many have", "tags.team != 'team-3'", &[]),
    ("LIKE on a long text", "tags.note LIKE '%number 77%'", &[]),
];

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, url, runs, places] = &arguments[..] else {
        println!("usage: search_speed DATABASE-URL RUNS EXPERIMENTS");
        return;
    };
    let url: DatabaseUrl = url.parse().expect("a database URL");
    let runs: i64 = runs.parse().expect("a number of runs");
    let places: i64 = places.parse().expect("a number of experiments");
    let store = Store::open(&StoreConfig::new(url.clone())).expect("the database opens");
    plant(&url, runs, places);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime starts");
    println!(
        "{runs} runs in {places} experiments, ms{:>14}{:>10}{:>10}",
        "first", "tenth", "ids"
    );
    for (name, filter, order) in SEARCHES {
        let search = |size, token| RunSearch {
            experiments: (1..=places).map(ExperimentId).collect(),
            filter: filter.to_owned(),
            order_by: order.iter().map(|by| (*by).to_owned()).collect(),
            max_results: size,
            page_token: token,
            ..RunSearch::default()
        };
        let deep = runtime.block_on(token_after(&store, &search, 9));
        let first = runtime.block_on(median(&store, || search(100, None)));
        let tenth = runtime.block_on(median(&store, || search(100, deep.clone())));
        let ids = runtime.block_on(median(&store, || search(1, None)));
        println!("{name:36}{first:>12.2}{tenth:>10.2}{ids:>10.2}");
    }
}

async fn token_after(
    store: &Store,
    search: &impl Fn(i64, Option<String>) -> RunSearch,
    pages: usize,
) -> Option<String> {
    let mut token = None;
    for _ in 0..pages {
        let page = store
            .search_runs(search(100, token))
            .await
            .expect("the search is valid");
        token = Some(page.next_page_token?);
    }
    token
}

async fn median(store: &Store, search: impl Fn() -> RunSearch) -> f64 {
    let mut times = Vec::new();
    for _ in 0..11 {
        let start = Instant::now();
        store
            .search_runs(search())
            .await
            .expect("the search is valid");
        times.push(start.elapsed().as_secs_f64() * 1000.0);
        if times.iter().sum::<f64>() > 3000.0 {
            break;
        }
    }
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn plant(url: &DatabaseUrl, runs: i64, places: i64) {
    let script = |head: &str, tail: &str| {
        let text = PLANT
            .replace(":places", &places.to_string())
            .replace(":stage", &(LifecycleStage::Active as i16).to_string());
        format!("{head}; BEGIN; {text} COMMIT; {tail}")
    };
    let outcome = match url {
        DatabaseUrl::Sqlite(path) => {
            let series = format!(
                "CREATE TEMP TABLE series AS WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {runs} - 1) SELECT i FROM n"
            );
            diesel::SqliteConnection::establish(&path.to_string_lossy())
                .expect("the database opens")
                .batch_execute(&script(&series, ""))
        }
        #[cfg(feature = "postgres")]
        DatabaseUrl::Postgres(uri) => {
            let series = format!(
                "CREATE TEMP TABLE series AS SELECT generate_series(0, {runs}::bigint - 1) AS i"
            );
            let mut db = diesel::PgConnection::establish(uri).expect("the database opens");
            db.batch_execute(&script(&series, ""))
                .and_then(|()| db.batch_execute("VACUUM ANALYZE"))
        }
        #[cfg(feature = "mysql")]
        DatabaseUrl::Mysql(uri) => {
            let series = format!(
                "CREATE TEMPORARY TABLE series AS SELECT seq AS i FROM seq_0_to_{}",
                runs - 1
            );
            let mut db = diesel::MysqlConnection::establish(uri).expect("the database opens");
            db.batch_execute("SET sql_mode = 'ANSI_QUOTES,PIPES_AS_CONCAT,NO_AUTO_VALUE_ON_ZERO'")
                .and_then(|()| db.batch_execute(&script(&series, "")))
        }
    };
    outcome.expect("the runs can be planted");
}
