//! Absurd query strings, on every route that reads one.

use super::{assert_no_failure, on_every_database, soon};
use crate::routes::QUERY;

const FIELDS: [&str; 24] = [
    "experiment_id",
    "experiment_name",
    "experiment_ids",
    "run_id",
    "run_uuid",
    "run_ids",
    "path",
    "page_token",
    "metric_key",
    "max_results",
    "start_step",
    "end_step",
    "name",
    "version",
    "alias",
    "stages",
    "filter",
    "order_by",
    "view_type",
    "filter_string",
    "model_id",
    "artifact_file_path",
    "artifact_directory_path",
    "steps",
];

#[test]
fn absurd_values_are_no_failure_in_any_parameter() {
    let long = "x".repeat(20_000);
    let values = [
        "",
        "%00",
        "a%00b",
        "%ff%fe",
        "%",
        "%zz",
        "%ed%a0%80",
        "-1",
        "0",
        "1e9",
        "99999999999999999999",
        "NaN",
        "'%20OR%201=1%20--",
        "a%0d%0aSet-Cookie:%20x=1",
        "../x",
        "%F0%9F%98%80",
        "a;b",
        "a&a=b",
        "[]",
        "{}",
        "+",
        &long,
    ];
    on_every_database(|server| {
        for route in QUERY.iter() {
            for value in values {
                let fields = FIELDS.map(|field| format!("{field}={value}"));
                let path = format!("{}?{}", route.path, fields.join("&"));
                let what = &path[..path.len().min(200)];
                let answer = soon(what, || server.get(&path));
                assert_no_failure(what, &answer);
                assert_eq!(answer.header("set-cookie"), None, "{what}");
            }
        }
    });
}

#[test]
fn one_absurd_parameter_alone_is_no_failure() {
    on_every_database(|server| {
        for route in QUERY.iter() {
            for field in FIELDS {
                for value in ["%00", "-1", "99999999999999999999", "%27"] {
                    let path = format!("{}?{field}={value}", route.path);
                    assert_no_failure(&path, &server.get(&path));
                }
            }
        }
    });
}

#[test]
fn a_query_without_form_is_no_failure() {
    let many = "a=1&".repeat(10_000);
    let (server, _folder) = crate::support::server(&[]);
    for route in QUERY.iter() {
        for query in ["", "&&&", "=", "=&=", "%3d", "?", "a", "a==b", &many] {
            let path = format!("{}?{query}", route.path);
            let what = &path[..path.len().min(200)];
            assert_no_failure(what, &soon(what, || server.get(&path)));
        }
    }
}
