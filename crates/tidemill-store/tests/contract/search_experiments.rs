//! `experiments/search` against the filter's own evaluator.

use tidemill_core::experiments::Experiment;
use tidemill_core::lifecycle::ViewType;
use tidemill_core::tags::Tag;
use tidemill_search::experiments::parse_filter;
use tidemill_store::{ExperimentSearch, Store};
use tidemill_testkit::on_every_database;

use crate::given;
use crate::search_paging::every_page;

const FILTERS: [&str; 22] = [
    "",
    "name = 'alpha'",
    "name != 'alpha'",
    "name LIKE 'a%'",
    "name LIKE 'A%'",
    "name ILIKE 'A%'",
    "name ILIKE 'É%'",
    "name LIKE '%|_%'",
    r"name LIKE '%\%'",
    "tags.team = 'x'",
    "tags.team != 'x'",
    "tags.team LIKE 'x%'",
    "tags.team IS NULL",
    "tags.team IS NOT NULL",
    "tags.team = 'x ' OR name = 'beta'",
    "NOT (tags.team = 'x')",
    "experiment_id = '0'",
    "experiment_id != '0'",
    "experiment_id IN ('0', '1', '77')",
    "experiment_id NOT IN ('0')",
    "creation_time > 0 AND last_update_time >= 1",
    "creation_time <= 0",
];

async fn planted(store: &Store) {
    let names = [
        "alpha",
        "Alpha",
        "beta",
        "école",
        "École",
        "a|_b",
        r"back\slash",
        "zeta ",
    ];
    for (number, name) in names.into_iter().enumerate() {
        let id = given::experiment(store, name).await;
        if let Some(value) = ["x", "x ", "X"].get(number % 4) {
            store
                .set_experiment_tag(id, Tag::new("team", *value))
                .await
                .unwrap();
        }
        if number % 3 == 2 {
            store.delete_experiment(id).await.unwrap();
        }
    }
}

async fn search(
    store: &Store,
    filter: &str,
    order: &[&str],
    view: ViewType,
    size: i64,
) -> Vec<Experiment> {
    every_page(size, |page_token| {
        store.search_experiments(ExperimentSearch {
            filter: filter.to_owned(),
            order_by: order.iter().map(|by| (*by).to_owned()).collect(),
            view,
            max_results: size,
            page_token,
        })
    })
    .await
}

async fn experiments_are_found_as_the_filter_says(store: Store) {
    planted(&store).await;
    let all = search(&store, "", &["name"], ViewType::All, 50_000).await;
    for filter in FILTERS {
        let condition = parse_filter(filter).unwrap();
        for view in [ViewType::ActiveOnly, ViewType::DeletedOnly, ViewType::All] {
            let expected: Vec<&Experiment> = all
                .iter()
                .filter(|experiment| view.shows(experiment.stage) && condition.matches(*experiment))
                .collect();
            let found = search(&store, filter, &["name"], view, 2).await;
            assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{filter}");
        }
    }
}

async fn experiments_come_in_the_order_asked_for(store: Store) {
    planted(&store).await;
    let names = |found: Vec<Experiment>| -> Vec<String> {
        found
            .into_iter()
            .map(|experiment| experiment.name)
            .collect()
    };
    let descending = names(search(&store, "", &["name DESC"], ViewType::All, 3).await);
    let mut sorted = descending.clone();
    sorted.sort_by(|a, b| b.cmp(a));
    assert_eq!(descending, sorted);
    let by_default = search(&store, "", &[], ViewType::All, 2).await;
    let mut expected = by_default.clone();
    expected.sort_by_key(|experiment| (std::cmp::Reverse(experiment.creation_time), experiment.id));
    assert_eq!(by_default, expected);
}

async fn a_token_of_another_ordering_or_none_is_refused(store: Store) {
    for token in ["!", "eA==", "eyJvZmZzZXQiOjF9", "W3sicyI6ImEifV0="] {
        let search = ExperimentSearch {
            max_results: 1,
            page_token: Some(token.to_owned()),
            ..ExperimentSearch::default()
        };
        let refusal = given::refusal(store.search_experiments(search).await);
        assert!(
            refusal.starts_with("InvalidParameter: Invalid page token, "),
            "{refusal}"
        );
    }
}

on_every_database!(
    experiments_are_found_as_the_filter_says,
    experiments_come_in_the_order_asked_for,
    a_token_of_another_ordering_or_none_is_refused,
);
