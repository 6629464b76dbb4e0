//! Every route there is, with ids that exist nowhere.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use tidemill_api::routes::served;

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Route {
    pub(crate) method: &'static str,
    pub(crate) path: String,
}

/// Routes that read a message from their body.
pub(crate) static JSON: LazyLock<Vec<Route>> = LazyLock::new(|| {
    let is_get = |route: &Route| ["GET", "HEAD"].contains(&route.method);
    given(|route| !is_get(route) && !carries_a_file(route))
});

/// Routes that carry files.
pub(crate) static PROXY_FILES: LazyLock<Vec<Route>> =
    LazyLock::new(|| given(|route| route.method != "HEAD" && carries_a_file(route)));

/// Routes that read a message from their query.
pub(crate) static QUERY: LazyLock<Vec<Route>> =
    LazyLock::new(|| given(|route| route.method == "GET" && !carries_a_file(route)));

fn carries_a_file(route: &Route) -> bool {
    route.path.contains("/mlflow-artifacts/artifacts/") || route.path.ends_with("/upload-artifact")
}

/// The routes of these among those that programs use; each stands for its twins, which share
/// its handler.
fn given(these: impl Fn(&Route) -> bool) -> Vec<Route> {
    let is_twin = |path: &str| path.starts_with("/ajax-api/") || path.contains("/preview/");
    let says_how_it_is = |path: &str| {
        let paths = ["/health", "/livez", "/readyz", "/version", "/metrics"];
        paths.contains(&path) || path.ends_with("/server-info")
    };
    let all = served().into_iter();
    all.filter(|(_, path)| !is_twin(path) && !says_how_it_is(path))
        .map(|(method, path)| Route {
            method: method.as_str(),
            path: with_ids(&path),
        })
        .filter(these)
        .collect()
}

fn with_ids(pattern: &str) -> String {
    pattern
        .replace("{model_id}", "m-0")
        .replace("{tag_key}", "t")
        .replace("{artifact_path:.*}", "x")
        .replace("{path:.*}", "favicon.ico")
}

/// The routes of MLflow 3.17.2 for experiments, runs, models and artifacts; `(ajax-)` stands for
/// two routes. Left out are those whose only answer there is a failure (a path without a slash),
/// and those for traces and prompts.
const MLFLOW: &str = include_str!("mlflow_routes.txt");

#[test]
fn every_route_of_mlflow_is_served() {
    let served: BTreeSet<(String, String)> = served()
        .into_iter()
        .map(|(method, path)| (method.to_string(), path.replace(":.*}", "}")))
        .collect();
    let lines = MLFLOW.lines().filter(|line| !line.starts_with('#'));
    let missing: Vec<_> = lines
        .flat_map(|line| {
            [
                line.replace("(ajax-)", ""),
                line.replace("(ajax-)", "ajax-"),
            ]
        })
        .filter(|line| {
            let (method, path) = line.split_once(' ').unwrap();
            !served.contains(&(method.to_owned(), path.to_owned()))
        })
        .collect();
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn what_is_listed_is_what_answers() {
    let (server, _folder) = crate::ui::with_ui(&["--static-prefix", "/below"]);
    for (method, path) in served() {
        let path = format!("/below{path}");
        let headers = [("Content-Type", "application/json")];
        let answer = server.send(method.as_str(), &with_ids(&path), &headers, b"{}");
        let is_served = answer.status != 405 && answer.error_code() != "ENDPOINT_NOT_FOUND";
        assert!(is_served, "{method} {path}: {answer:?}");
    }
}
