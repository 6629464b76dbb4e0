//! Searches that would cost a database dearly.

use std::time::Instant;

use serde_json::{Value, json};
use tidemill_testkit::TestServer;
use tidemill_testkit::http::Answer;

use super::{assert_no_failure, assert_refused, on_every_database, soon};
use crate::support::is_long;

/// A search that takes a filter, and an attribute and a tag that it knows.
struct Search {
    path: &'static str,
    attribute: &'static str,
    by_query: bool,
    /// What has to be there beside the filter.
    more: fn() -> Value,
}

const SEARCHES: [Search; 5] = [
    Search {
        path: "/api/2.0/mlflow/runs/search",
        attribute: "run_name",
        by_query: false,
        more: || json!({"experiment_ids": ["0"]}),
    },
    Search {
        path: "/api/2.0/mlflow/experiments/search",
        attribute: "name",
        by_query: false,
        more: || json!({"max_results": 10}),
    },
    Search {
        path: "/api/2.0/mlflow/logged-models/search",
        attribute: "name",
        by_query: false,
        more: || json!({"experiment_ids": ["0"]}),
    },
    Search {
        path: "/api/2.0/mlflow/registered-models/search",
        attribute: "name",
        by_query: true,
        more: || json!({}),
    },
    Search {
        path: "/api/2.0/mlflow/model-versions/search",
        attribute: "name",
        by_query: true,
        more: || json!({}),
    },
];

impl Search {
    fn with(&self, server: &TestServer, field: &str, value: Value) -> Answer {
        let mut body = (self.more)();
        body[field] = value;
        let what = format!("{} {field}", self.path);
        soon(&what, || match self.by_query {
            true => ask_by_query(server, self.path, &body),
            false => server.post(self.path, &body),
        })
    }
}

fn ask_by_query(server: &TestServer, path: &str, body: &Value) -> Answer {
    let fields = body.as_object().unwrap().iter();
    let pairs = fields.map(|(name, value)| {
        let text = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        let encoded: String = text.bytes().map(|byte| format!("%{byte:02x}")).collect();
        format!("{name}={encoded}")
    });
    server.get(&format!("{path}?{}", pairs.collect::<Vec<_>>().join("&")))
}

fn refused(server: &TestServer, field: &str, value: impl Fn(&Search) -> Value) {
    for search in &SEARCHES {
        let answer = search.with(server, field, value(search));
        assert_refused(&format!("{} {field}", search.path), &answer);
    }
}

/// What a filter of this length costs is paid at the front door when it is in a query: there the
/// head of the request has a limit of its own.
#[test]
fn a_filter_without_end_is_refused() {
    let filters: [fn(&Search) -> String; 8] = [
        |s| format!("{} = '{}'", s.attribute, "x".repeat(1 << 20)),
        |s| vec![format!("{} = 'x'", s.attribute); 100_000].join(" AND "),
        |_| "(".repeat(100_000),
        |s| {
            format!(
                "{}{} = 'x'{}",
                "(".repeat(50_000),
                s.attribute,
                ")".repeat(50_000)
            )
        },
        |s| format!("{} IN ({})", s.attribute, vec!["'x'"; 100_000].join(",")),
        |_| "'".repeat(100_001),
        |_| "`".repeat(100_001),
        |_| "\u{0}".repeat(1000),
    ];
    on_every_database(|server| {
        for filter in filters {
            refused(server, "filter", |search| filter(search).into());
        }
    });
}

#[test]
fn a_hundred_thousand_ids_are_no_failure() {
    let ids: Vec<_> = (0..100_000).map(|n| n.to_string()).collect();
    on_every_database(|server| {
        let answer = soon("ids", || {
            server.post(
                "/api/2.0/mlflow/runs/search",
                &json!({"experiment_ids": ids}),
            )
        });
        assert_no_failure("ids", &answer);
        let filter = format!("run_id IN ('{}')", ids.join("','"));
        let answer = soon("ids in a filter", || {
            let body = json!({"experiment_ids": ["0"], "filter": filter});
            server.post("/api/2.0/mlflow/runs/search", &body)
        });
        assert_refused("ids in a filter", &answer);
        for (path, field) in [
            ("logged-models/search", "experiment_ids"),
            ("experiments/search-datasets", "experiment_ids"),
        ] {
            let answer = soon(path, || {
                server.post(&format!("/api/2.0/mlflow/{path}"), &json!({field: ids}))
            });
            assert_no_failure(path, &answer);
        }
    });
}

#[test]
fn sizes_of_pages_have_limits() {
    on_every_database(|server| {
        for search in &SEARCHES {
            for (size, is_always_wrong) in [
                (json!("x"), true),
                (json!(1_i64 << 40), !search.path.contains("logged-models")),
                (json!(1_000_000_000), !search.path.contains("logged-models")),
                (json!(-1), !search.by_query),
                (json!(0), false),
            ] {
                let answer = search.with(server, "max_results", size.clone());
                let what = format!("{} max_results={size}", search.path);
                // MLflow has no maximum for logged models, and pages of nothing in its registry.
                match is_always_wrong {
                    true => assert_refused(&what, &answer),
                    false => assert_no_failure(&what, &answer),
                }
            }
        }
    });
}

#[test]
fn a_page_token_that_nobody_gave_is_refused() {
    let tokens = [
        "junk",
        "AAAA",
        "////",
        "eyJvZmZzZXQiOiAtMX0=",
        "eyJvZmZzZXQiOiAxZTQwMH0=",
        "'; --",
        "\u{0}",
        "eyJvZmZzZXQiOiA5OTk5OTk5OTk5OTk5OTk5OTk5OX0=",
    ];
    let long = "A".repeat(50_000);
    on_every_database(|server| {
        for token in tokens.iter().copied().chain([long.as_str()]) {
            refused(server, "page_token", |_| token.into());
        }
    });
}

#[test]
fn an_order_that_nobody_knows_is_refused() {
    on_every_database(|server| {
        for order in [
            "x'; DROP TABLE run; --",
            "metrics.`a` DESC, (SELECT 1)",
            "\u{0}",
            "ASC",
        ] {
            for search in SEARCHES
                .iter()
                .filter(|search| !search.path.contains("logged-models"))
            {
                let answer = match search.by_query {
                    true => search.with(server, "order_by", order.into()),
                    false => search.with(server, "order_by", json!([order])),
                };
                assert_refused(&format!("{} {order:?}", search.path), &answer);
            }
        }
        let keys = json!(vec!["attributes.start_time ASC"; 1000]);
        assert_refused("1000 keys", &SEARCHES[0].with(server, "order_by", keys));
    });
}

/// A hundred wildcards against texts that almost match.
#[test]
fn a_pattern_of_many_wildcards_takes_no_time() {
    let rows = if is_long() { 200 } else { 20 };
    on_every_database(|server| {
        let text = "a".repeat(400);
        for n in 0..rows {
            let body = json!({"experiment_id": "0", "run_name": format!("{text}{n}"),
                "tags": [{"key": "t", "value": "a".repeat(5000)}]});
            assert_eq!(
                server.post("/api/2.0/mlflow/runs/create", &body).status,
                200
            );
            let body = json!({"name": format!("{text}{n}")});
            server.post("/api/2.0/mlflow/experiments/create", &body);
            server.post(
                "/api/2.0/mlflow/registered-models/create",
                &json!({"name": format!("m{text}{n}")}),
            );
        }
        for wildcards in ["%a".repeat(100), "%_".repeat(100), "%a%".repeat(1000)] {
            let began = Instant::now();
            for search in &SEARCHES[..4] {
                for operator in ["LIKE", "ILIKE"] {
                    let filter = format!("{} {operator} '{wildcards}b'", search.attribute);
                    assert_no_failure(
                        &filter,
                        &search.with(server, "filter", filter.clone().into()),
                    );
                }
            }
            let filter = format!("tags.t LIKE '{wildcards}b'");
            assert_no_failure(
                &filter,
                &SEARCHES[0].with(server, "filter", filter.clone().into()),
            );
            assert!(began.elapsed() < super::SOON, "{:?}", began.elapsed());
        }
    });
}

#[test]
fn the_deepest_and_longest_filter_that_is_read_is_answered() {
    on_every_database(|server| {
        let terms = vec!["tags.a = 'x'"; 400].join(" AND ");
        for search in &SEARCHES {
            assert_no_failure(
                search.path,
                &search.with(server, "filter", terms.clone().into()),
            );
        }
        let metrics = vec!["metrics.m > 1"; 100].join(" AND ");
        let answer = SEARCHES[0].with(server, "filter", metrics.into());
        assert_eq!(answer.status, 200, "{}", answer.text());
    });
}
