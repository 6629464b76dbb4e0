//! Nothing of a purged run stays in any table, also in those that are to come.

use std::collections::BTreeSet;

use diesel::prelude::*;
use diesel::sql_types::BigInt;
use tidemill_core::logged_models::NewLoggedModel;
use tidemill_core::runs::{ModelOutput, RunId};
use tidemill_core::tags::Tag;
use tidemill_store::gc::Kind;
use tidemill_store::{DatabaseUrl, Store};
use tidemill_testkit::TestDatabase;

use crate::given::{self, input};
use crate::log_given::{batch, log, metric, param, point};
use crate::schema_march::facts;

/// Columns that hold the number or the id of a run; what is in their tables is the run's.
const OF_A_RUN: [&str; 2] = ["run_id", "run_uuid"];
/// Tables with such a column that hold what is not the run's: a version outlives its run.
const NOT_ITS_OWN: [&str; 1] = ["model_version"];
/// Tables without such a column. Whoever adds a table decides here, or in the purge, what becomes
/// of it.
const OF_NO_RUN: [&str; 15] = [
    "carried",
    "carried_source",
    "dataset",
    "experiment",
    "experiment_tag",
    "key",
    "logged_model",
    "logged_model_param",
    "logged_model_tag",
    "model_version_tag",
    "registered_model",
    "registered_model_alias",
    "registered_model_tag",
    "run",
    "tidemill_schema",
];

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

fn count(database: &TestDatabase, what: &str) -> i64 {
    let sql = diesel::sql_query(format!("SELECT count(*) AS n FROM {what}"));
    let uri = database.uri();
    let count: Count = match database.url() {
        DatabaseUrl::Sqlite(path) => {
            let mut db = diesel::SqliteConnection::establish(&path.to_string_lossy()).unwrap();
            sql.get_result(&mut db).unwrap()
        }
        #[cfg(feature = "postgres")]
        DatabaseUrl::Postgres(_) => {
            let mut db = diesel::PgConnection::establish(&uri).unwrap();
            sql.get_result(&mut db).unwrap()
        }
        #[cfg(feature = "mysql")]
        DatabaseUrl::Mysql(_) => {
            let mut db = diesel::MysqlConnection::establish(&uri).unwrap();
            sql.get_result(&mut db).unwrap()
        }
    };
    drop(uri);
    count.n
}

/// A run that has something of everything.
async fn rich_run(store: &Store) -> RunId {
    let experiment = given::experiment(store, "rich").await;
    let run = given::run_in(store, experiment).await;
    let text = String::new;
    let model = NewLoggedModel::new(experiment, None, text(), text(), vec![], vec![]).unwrap();
    let model = store.create_logged_model(model).await.unwrap();
    let points: Vec<_> = (0..500).map(|step| point(step, step, 0.5)).collect();
    log(store, &run, &points).await;
    store.seal_run(run.clone(), 1).await.unwrap();
    let mut of_model = metric("m", point(1000, 1, 1.0));
    of_model.model_id = Some(model.id.clone());
    let logged = batch(
        vec![of_model],
        vec![param("p", "v")],
        vec![Tag::new("t", "v")],
    );
    store.log_batch(run.clone(), logged).await.unwrap();
    let inputs = vec![input("d", "1", "s", &[("context", "train")])];
    let read = vec![model.id.clone()];
    store.log_inputs(run.clone(), inputs, read).await.unwrap();
    let made = ModelOutput {
        model_id: model.id,
        step: 1,
    };
    store.log_outputs(run.clone(), vec![made]).await.unwrap();
    run
}

/// Tables and their columns that name a run; every table is one of these or known to hold none.
fn columns_of_runs(database: &TestDatabase) -> Vec<(String, String)> {
    let facts = facts(database);
    let columns: Vec<(&str, &str)> = facts
        .iter()
        .filter_map(|fact| fact.strip_prefix("column ")?.split_once('.'))
        .map(|(table, column)| (table, column.trim_end_matches(" or null")))
        .collect();
    let of_runs = columns
        .iter()
        .filter(|(_, column)| OF_A_RUN.contains(column));
    let of_runs: Vec<(String, String)> = of_runs
        .filter(|(table, _)| !NOT_ITS_OWN.contains(table))
        .map(|(table, column)| (table.to_string(), column.to_string()))
        .collect();
    let known = |table: &str| {
        OF_NO_RUN.contains(&table)
            || NOT_ITS_OWN.contains(&table)
            || of_runs.iter().any(|(of_run, _)| of_run == table)
    };
    let tables: BTreeSet<&str> = columns.iter().map(|(table, _)| *table).collect();
    let unknown: Vec<&str> = tables.into_iter().filter(|table| !known(table)).collect();
    assert!(unknown.is_empty(), "what becomes of these? {unknown:?}");
    assert!(of_runs.len() >= 10, "{of_runs:?}");
    of_runs
}

fn nothing_of_a_purged_run_stays(database: TestDatabase) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let store = database.open();
    let (run, other) =
        runtime.block_on(async { (rich_run(&store).await, given::run(&store).await) });
    database.execute(&format!(
        "INSERT INTO carried_source (id, name) VALUES (7, 'somewhere'); \
         INSERT INTO carried (source_id, kind, name, signature, digest) VALUES \
         (7, 2, '{run}', 'a', 'b'), (7, 2, '{other}', 'a', 'b')"
    ));
    let number = runtime.block_on(async {
        store.delete_run(run.clone()).await.unwrap();
        let places = store.places(Kind::Run, 0).await.unwrap();
        places
            .iter()
            .find(|place| place.id == run.0)
            .unwrap()
            .number
    });
    let columns = columns_of_runs(&database);
    let rows = |(table, column): &(String, String)| {
        let value = match column.as_str() {
            "run_uuid" => format!("'{run}'"),
            _ => number.to_string(),
        };
        count(&database, &format!("{table} WHERE {column} = {value}"))
    };
    for column in &columns {
        assert!(
            rows(column) > 0,
            "the run should have something in {column:?}"
        );
    }
    runtime.block_on(async {
        assert_eq!(store.count_points(vec![number]).await.unwrap(), 501);
        store
            .claim(Kind::Run, vec![number], i64::MAX)
            .await
            .unwrap();
        let removed = store.remove(Kind::Run, vec![number]).await.unwrap();
        assert_eq!((removed.things, removed.datasets), (1, 1));
    });
    for column in &columns {
        assert_eq!(rows(column), 0, "left in {column:?}");
    }
    assert_eq!(count(&database, &format!("run WHERE uuid = '{run}'")), 0);
    assert_eq!(count(&database, "dataset"), 0);
    assert_eq!(
        count(&database, &format!("carried WHERE name = '{run}'")),
        0
    );
    assert_eq!(count(&database, "carried"), 1);
    assert_eq!(count(&database, "run"), 1);
}

/// A run of an import from a source that does not tell when runs were deleted.
fn a_run_without_a_time_of_deletion_has_to_be_named(database: TestDatabase) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let store = database.open();
    let run = runtime.block_on(given::run(&store));
    database.execute("UPDATE run SET stage = 2, deleted_time = NULL");
    let scope = tidemill_store::gc::Scope {
        cutoff: i64::MAX,
        ..Default::default()
    };
    let named = tidemill_store::gc::Scope {
        runs: vec![run.clone()],
        ..scope.clone()
    };
    runtime.block_on(async {
        assert!(store.expired(Kind::Run, scope, 0).await.unwrap().is_empty());
        let found = store.expired(Kind::Run, named, 0).await.unwrap();
        let claimed = store
            .claim(Kind::Run, vec![found[0].number], i64::MAX)
            .await;
        assert_eq!(claimed.unwrap().len(), 1);
    });
}

macro_rules! on_each_database {
    ($($test:ident),+ $(,)?) => {
        $(mod $test {
            use tidemill_testkit::TestDatabase;

            #[test]
            fn sqlite() {
                super::$test(TestDatabase::sqlite());
            }

            #[cfg(feature = "postgres")]
            #[test]
            fn postgres() {
                TestDatabase::postgres().into_iter().for_each(super::$test);
            }

            #[cfg(feature = "mysql")]
            #[test]
            fn mysql() {
                TestDatabase::mysql().into_iter().for_each(super::$test);
            }
        })+
    };
}
on_each_database!(
    nothing_of_a_purged_run_stays,
    a_run_without_a_time_of_deletion_has_to_be_named,
);
