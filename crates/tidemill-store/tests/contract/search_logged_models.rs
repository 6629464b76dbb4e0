//! `logged-models/search` against the filter's own evaluator.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use tidemill_core::experiments::ExperimentId;
use tidemill_core::logged_models::{LoggedModel, LoggedModelStatus, NewLoggedModel};
use tidemill_core::metrics::Metric;
use tidemill_core::tags::Tag;
use tidemill_search::logged_models::{DatasetFilter, OrderByClause, matches, parse_filter};
use tidemill_store::{LoggedModelSearch, Store};
use tidemill_testkit::{TestDatabase, on_every_database};

use crate::given::{self, refusal};
use crate::search_paging::every_page;
use crate::search_planting::{metric, param};

const FILTERS: [&str; 20] = [
    "",
    "name = 'a'",
    "name ILIKE 'A%'",
    "name IN ('a', 'b')",
    "name NOT IN ('a')",
    "status = 2",
    "status = 'READY'",
    "attributes.model_type LIKE 'Ag%'",
    "creation_time > 0",
    "last_updated_timestamp < 5.5",
    "metrics.m > 1",
    "metrics.m != 1",
    "metrics.m < 1 AND metrics.m > 2",
    "NOT metrics.m > 1",
    "metrics.m IS NULL",
    "params.p = '1'",
    "params.p IN ('1', '2')",
    "tags.t LIKE 'v%'",
    "tags.t IS NULL OR params.p = '2'",
    "lifecycle_stage = 'active'",
];

fn at(value: f64, step: i64, model: &LoggedModel, dataset: Option<(&str, &str)>) -> Metric {
    Metric {
        step,
        timestamp: step,
        model_id: Some(model.id.clone()),
        dataset_name: dataset.map(|dataset| dataset.0.to_owned()),
        dataset_digest: dataset.map(|dataset| dataset.1.to_owned()),
        ..metric("m", value)
    }
}

async fn planted(store: &Store) -> ExperimentId {
    let experiment = given::experiment(store, "models").await;
    let run = given::run_in(store, experiment).await;
    for (number, name) in ["a", "A", "b", "c", "a"].into_iter().enumerate() {
        let new = NewLoggedModel::new(
            experiment,
            Some(name.to_owned()),
            String::from(if number % 2 == 0 { "Agent" } else { "agent" }),
            run.0.clone(),
            vec![param("p", ["1", "2", "3"][number % 3])],
            if number == 1 {
                Vec::new()
            } else {
                vec![Tag::new("t", if number < 3 { "v" } else { "V" })]
            },
        );
        let model = store.create_logged_model(new.unwrap()).await.unwrap();
        let points = match number {
            0 => vec![
                at(0.5, 1, &model, None),
                at(3.0, 2, &model, Some(("d", "1"))),
            ],
            1 => vec![
                at(3.0, 1, &model, Some(("d", "1"))),
                at(1.0, 2, &model, Some(("d", "2"))),
            ],
            2 => vec![at(1.0, 1, &model, Some(("e", "1")))],
            _ => Vec::new(),
        };
        for point in points {
            store.log_metric(run.clone(), point).await.unwrap();
        }
        if number == 3 {
            store
                .finalize_logged_model(model.id, LoggedModelStatus::Ready)
                .await
                .unwrap();
        }
    }
    experiment
}

fn by(field_name: &str, ascending: bool) -> OrderByClause {
    OrderByClause {
        field_name: field_name.to_owned(),
        ascending,
        dataset_name: None,
        dataset_digest: None,
    }
}

async fn search(store: &Store, search: LoggedModelSearch) -> Vec<LoggedModel> {
    every_page(search.max_results, |page_token| {
        store.search_logged_models(LoggedModelSearch {
            page_token,
            ..search.clone()
        })
    })
    .await
}

async fn models_are_found_as_the_filter_says(store: Store) {
    let experiment = planted(&store).await;
    let ask = |filter: &str, datasets: &[DatasetFilter], max_results| LoggedModelSearch {
        experiments: vec![experiment],
        filter: filter.to_owned(),
        datasets: datasets.to_vec(),
        max_results,
        ..LoggedModelSearch::default()
    };
    let dataset = |name: &str, digest: Option<&str>| DatasetFilter {
        name: name.to_owned(),
        digest: digest.map(str::to_owned),
    };
    let all = search(&store, ask("", &[], 100)).await;
    assert_eq!(all.len(), 5);
    let limits = [
        vec![],
        vec![dataset("d", Some("1"))],
        vec![dataset("d", Some("2")), dataset("e", Some("1"))],
        vec![dataset("d", None)],
    ];
    for filter in FILTERS {
        let condition = parse_filter(filter).unwrap();
        for datasets in &limits {
            let expected: Vec<&str> = all
                .iter()
                .filter(|model| matches(&condition, datasets, model))
                .map(|model| model.id.as_str())
                .collect();
            let found = search(&store, ask(filter, datasets, 2)).await;
            let found: Vec<&str> = found.iter().map(|model| model.id.as_str()).collect();
            assert_eq!(found, expected, "{filter} on {datasets:?}");
        }
    }
}

async fn a_metric_sorts_by_its_newest_row_and_missing_ones_come_last(store: Store) {
    let experiment = planted(&store).await;
    let newest = |model: &LoggedModel| {
        let newest = model
            .metrics
            .iter()
            .max_by_key(|metric| (metric.timestamp, metric.step));
        newest.map(|metric| metric.value)
    };
    for ascending in [true, false] {
        let found = search(
            &store,
            LoggedModelSearch {
                experiments: vec![experiment],
                order_by: vec![by("metrics.m", ascending)],
                max_results: 1,
                ..LoggedModelSearch::default()
            },
        )
        .await;
        let values: Vec<Option<f64>> = found.iter().map(newest).collect();
        let largest_first = [Some(3.0), Some(1.0), Some(1.0), None, None];
        let smallest_first = [Some(1.0), Some(1.0), Some(3.0), None, None];
        assert_eq!(
            values,
            if ascending {
                smallest_first
            } else {
                largest_first
            }
        );
        let ties = |value: Option<f64>| -> Vec<(Reverse<i64>, &str)> {
            let tied = found.iter().filter(|model| newest(model) == value);
            tied.map(|model| (Reverse(model.creation_time), model.id.as_str()))
                .collect()
        };
        assert!(ties(None).is_sorted() && ties(Some(1.0)).is_sorted());
    }
}

async fn a_token_belongs_to_its_search(store: Store) {
    let experiment = planted(&store).await;
    let first = LoggedModelSearch {
        experiments: vec![experiment],
        filter: String::from("name = 'a'"),
        max_results: 1,
        ..LoggedModelSearch::default()
    };
    let page_token = store
        .search_logged_models(first.clone())
        .await
        .unwrap()
        .next_page_token;
    let next = LoggedModelSearch {
        page_token,
        ..first
    };
    let outcome = store
        .search_logged_models(LoggedModelSearch {
            filter: String::new(),
            ..next.clone()
        })
        .await;
    assert_eq!(
        refusal(outcome),
        "InvalidParameter: Filter string in the page token does not match the requested filter string. Expected: None. Found: name = 'a'"
    );
    let elsewhere = LoggedModelSearch {
        experiments: vec![ExperimentId(7)],
        ..next.clone()
    };
    assert_eq!(
        refusal(store.search_logged_models(elsewhere).await),
        format!(
            "InvalidParameter: Experiment IDs in the page token do not match the requested experiment IDs. Expected: ['7']. Found: ['{experiment}']"
        )
    );
    let reordered = LoggedModelSearch {
        order_by: vec![by("name", true)],
        ..next.clone()
    };
    assert_eq!(
        refusal(store.search_logged_models(reordered).await),
        "InvalidParameter: Order by in the page token does not match the requested order by. \
         Expected: [{'field_name': 'name', 'ascending': True, 'dataset_name': None, 'dataset_digest': None}]. \
         Found: None"
    );
    assert_eq!(
        store.search_logged_models(next).await.unwrap().items.len(),
        1
    );
}

on_every_database!(
    models_are_found_as_the_filter_says,
    a_metric_sorts_by_its_newest_row_and_missing_ones_come_last,
    a_token_belongs_to_its_search,
);

/// As an import may bring them.
fn models_without_a_type_are_found_once(database: &TestDatabase) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let store = database.open();
    let experiment = runtime.block_on(planted(&store));
    database.execute(
        "UPDATE logged_model SET model_type = NULL, source_run_id = NULL WHERE name IN ('b', 'c')",
    );
    let search = |filter: &str, order_by| {
        let search = LoggedModelSearch {
            experiments: vec![experiment],
            filter: filter.to_owned(),
            order_by,
            max_results: 1,
            ..LoggedModelSearch::default()
        };
        runtime.block_on(self::search(&store, search))
    };
    for field in ["model_type", "source_run_id"] {
        for ascending in [true, false] {
            let found = search("", vec![by(field, ascending)]);
            let ids: BTreeSet<&str> = found.iter().map(|model| model.id.as_str()).collect();
            assert_eq!((found.len(), ids.len()), (5, 5), "{field}");
            let without = found.iter().filter(|model| model.model_type.is_none());
            assert_eq!(without.count(), 2);
        }
    }
    let all = search("", Vec::new());
    for (text, count) in [
        ("model_type != 'Agent'", 1),
        ("model_type LIKE '%'", 3),
        ("model_type = ''", 0),
    ] {
        let filter = parse_filter(text).unwrap();
        let found = search(text, Vec::new());
        assert_eq!(found.len(), count, "{text}");
        let expected = all.iter().filter(|model| matches(&filter, &[], model));
        assert!(found.iter().eq(expected), "{text}");
    }
}

#[test]
fn models_without_a_type_are_found_once_in_sqlite() {
    models_without_a_type_are_found_once(&TestDatabase::sqlite());
}

#[cfg(feature = "postgres")]
#[test]
fn models_without_a_type_are_found_once_in_postgres() {
    if let Some(database) = TestDatabase::postgres() {
        models_without_a_type_are_found_once(&database);
    }
}

#[cfg(feature = "mysql")]
#[test]
fn models_without_a_type_are_found_once_in_mysql() {
    if let Some(database) = TestDatabase::mysql() {
        models_without_a_type_are_found_once(&database);
    }
}
