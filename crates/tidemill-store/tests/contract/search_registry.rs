//! `registered-models/search` and `model-versions/search` against the filters' evaluators.

use tidemill_core::registry::{ModelVersion, NewModelVersion, RegisteredModel};
use tidemill_core::tags::Tag;
use tidemill_search::{model_versions, registered_models};
use tidemill_store::{ModelVersionSearch, RegisteredModelSearch, Store};
use tidemill_testkit::on_every_database;

use crate::given::refusal;
use crate::registry_given::{given_tagged_model, new_version};
use crate::search_paging::every_page;

const PROMPT: &str = "mlflow.prompt.is_prompt";
/// Shows prompts as well as models.
const EVERYTHING: &str = "tags.`mlflow.prompt.is_prompt` = 'true' OR name LIKE '%'";

const MODEL_FILTERS: [&str; 14] = [
    "",
    "name = 'alpha'",
    "name != 'alpha'",
    "name LIKE 'a%'",
    "name ILIKE 'A%'",
    "name IN ('alpha', 'beta')",
    "name NOT IN ('alpha', 'beta')",
    "tags.team = 'x'",
    "tags.team != 'x' AND tags.team LIKE '%'",
    "tags.team IS NULL",
    "NOT tags.team = 'x'",
    "tags.`mlflow.prompt.is_prompt` = 'true'",
    "tags.`mlflow.prompt.is_prompt` != 'false'",
    "tags.`mlflow.prompt.is_prompt` LIKE 'true'",
];

const VERSION_FILTERS: [&str; 13] = [
    "",
    "name = 'alpha'",
    "name ILIKE 'ALPHA%'",
    "version_number > 1",
    "version_number = 2 AND name = 'beta'",
    "version_number BETWEEN 1 AND 1",
    "run_id = 'run 1'",
    "run_id IN ('run 1', 'run 2')",
    "run_id NOT IN ('run 1')",
    "source_path LIKE '%2'",
    "tags.team = 'x'",
    "tags.team IS NULL",
    "tags.`mlflow.prompt.is_prompt` = 'true'",
];

async fn planted(store: &Store) {
    for (number, name) in ["alpha", "Alpha", "beta", "gamma", "prompt", "half"]
        .into_iter()
        .enumerate()
    {
        let team: &[(&str, &str)] = if number % 2 == 0 {
            &[("team", "x")]
        } else {
            &[("team", "x ")]
        };
        let tags = match name {
            "prompt" => &[(PROMPT, "true")],
            "gamma" => &[(PROMPT, "TRUE")],
            _ => team,
        };
        given_tagged_model(store, name, tags).await;
        for version in 1..=3 {
            let tags = match (name, version) {
                ("prompt", _) | ("half", 2) => vec![Tag::new(PROMPT, "true")],
                (_, 1) => vec![Tag::new("team", "x")],
                _ => Vec::new(),
            };
            let new = NewModelVersion {
                run_id: format!("run {version}"),
                source: if name == "prompt" {
                    "prompt-template".into()
                } else {
                    format!("s3://b/{version}")
                },
                tags,
                ..new_version(name)
            };
            store.create_model_version(new).await.unwrap();
        }
    }
    store.delete_model_version("beta".into(), 3).await.unwrap();
}

async fn models(store: &Store, filter: &str, order: &[&str], size: i64) -> Vec<RegisteredModel> {
    every_page(size, |page_token| {
        store.search_registered_models(RegisteredModelSearch {
            filter: filter.to_owned(),
            order_by: order.iter().map(|by| (*by).to_owned()).collect(),
            max_results: size,
            page_token,
        })
    })
    .await
}

async fn versions(store: &Store, filter: &str, order: &[&str], size: i64) -> Vec<ModelVersion> {
    every_page(size, |page_token| {
        store.search_model_versions(ModelVersionSearch {
            filter: filter.to_owned(),
            order_by: order.iter().map(|by| (*by).to_owned()).collect(),
            max_results: size,
            page_token,
        })
    })
    .await
}

async fn models_are_found_as_the_filter_says(store: Store) {
    planted(&store).await;
    let names = ["Alpha", "alpha", "beta", "gamma", "half", "prompt"];
    let mut all = Vec::new();
    for name in names {
        let mut model = store.get_registered_model(name.to_owned()).await.unwrap();
        model
            .latest_versions
            .sort_by_key(|version| version.stage.as_str());
        all.push(model);
    }
    for filter in MODEL_FILTERS {
        let condition = registered_models::parse_filter(filter).unwrap();
        let expected: Vec<&str> = all
            .iter()
            .filter(|model| condition.matches(model))
            .map(|model| model.name.as_str())
            .collect();
        let found = models(&store, filter, &[], 2).await;
        let found: Vec<&str> = found.iter().map(|model| model.name.as_str()).collect();
        assert_eq!(found, expected, "{filter}");
    }
}

async fn models_come_with_their_latest_versions(store: Store) {
    planted(&store).await;
    let found = models(&store, "name = 'beta'", &[], 10).await;
    let latest: Vec<i64> = found[0]
        .latest_versions
        .iter()
        .map(|version| version.version)
        .collect();
    assert_eq!(latest, [2]);
}

async fn versions_are_found_as_the_filter_says(store: Store) {
    planted(&store).await;
    let order = ["name ASC", "version_number ASC"];
    let mut all = versions(&store, EVERYTHING, &order, 100).await;
    // Two models have a version that makes prompts of all of theirs.
    all.retain(|version| {
        version.name != "half" || version.tags.iter().any(|tag| tag.key == PROMPT)
    });
    for filter in VERSION_FILTERS {
        let condition = model_versions::parse_filter(filter).unwrap();
        let expected: Vec<(&str, i64)> = all
            .iter()
            .filter(|version| {
                condition.matches(version, ["half", "prompt"].contains(&version.name.as_str()))
            })
            .map(|version| (version.name.as_str(), version.version))
            .collect();
        let mut found = versions(&store, filter, &order, 2).await;
        found.retain(|version| {
            version.name != "half" || version.tags.iter().any(|tag| tag.key == PROMPT)
        });
        let found: Vec<(&str, i64)> = found
            .iter()
            .map(|version| (version.name.as_str(), version.version))
            .collect();
        assert_eq!(found, expected, "{filter}");
    }
}

async fn the_newest_versions_come_first(store: Store) {
    planted(&store).await;
    let found = versions(&store, "", &[], 3).await;
    let mut expected = found.clone();
    expected.sort_by(|a, b| {
        let newest = b.last_updated_time.cmp(&a.last_updated_time);
        newest
            .then_with(|| a.name.cmp(&b.name))
            .then(b.version.cmp(&a.version))
    });
    assert_eq!(found, expected);
    assert_eq!(found.len(), 11);
}

async fn pages_are_limited(store: Store) {
    let models = |max_results| {
        store.search_registered_models(RegisteredModelSearch {
            max_results,
            ..RegisteredModelSearch::default()
        })
    };
    let versions = |max_results| {
        store.search_model_versions(ModelVersionSearch {
            max_results,
            ..ModelVersionSearch::default()
        })
    };
    assert_eq!(
        refusal(models(1001).await),
        "InvalidParameter: Invalid value for request parameter max_results. It must be at most 1000, but got value 1001"
    );
    assert_eq!(
        refusal(versions(200_001).await),
        "InvalidParameter: Invalid value for request parameter max_results. It must be at most 200000, but got value 200001"
    );
    assert_eq!(
        refusal(versions(0).await),
        "InvalidParameter: Invalid value for max_results. It must be a positive integer, but got 0"
    );
    let none = models(0).await.unwrap();
    assert!(none.items.is_empty() && none.next_page_token.is_some());
}

on_every_database!(
    models_are_found_as_the_filter_says,
    models_come_with_their_latest_versions,
    versions_are_found_as_the_filter_says,
    the_newest_versions_come_first,
    pages_are_limited,
);
