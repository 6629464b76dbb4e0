//! The route for operators.

use serde_json::{Value, json};
use tidemill_testkit::http::Answer;

use super::site::Site;
use crate::support::{launch, server};

const PATH: &str = "/api/2.0/tidemill/gc";
const TOKEN: &str = "correct horse battery";
const PLAIN: &str = "correct-horse-battery";

fn ask(site: &Site, token: Option<&str>, body: &Value) -> Answer {
    let bearer = format!("Bearer {}", token.unwrap_or_default());
    let mut headers = vec![("Content-Type", "application/json")];
    headers.extend(token.map(|_| ("Authorization", bearer.as_str())));
    site.server
        .send("POST", PATH, &headers, body.to_string().as_bytes())
}

#[test]
fn without_an_admin_token_there_is_no_such_route() {
    let site = Site::new(&[]);
    let answer = ask(&site, Some(PLAIN), &json!({}));
    assert_eq!(
        (answer.status, &*answer.error_code()),
        (404, "ENDPOINT_NOT_FOUND")
    );
}

#[test]
fn only_the_token_lets_in() {
    let site = Site::new(&["--admin-token", PLAIN]);
    let run = site.deleted_run_in("0");
    let all = json!({"older_than": "0s"});
    let nobody = ask(&site, None, &all);
    assert_eq!(
        (nobody.status, &*nobody.error_code()),
        (401, "UNAUTHENTICATED")
    );
    for wrong in ["x", "correct-horse-batterx", "correct-horse-battery2"] {
        let answer = ask(&site, Some(wrong), &all);
        assert_eq!(
            (answer.status, &*answer.error_code()),
            (403, "PERMISSION_DENIED"),
            "{wrong}"
        );
    }
    assert!(site.has_run(&run));
    let answer = ask(&site, Some(PLAIN), &all);
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.json()["runs"]["first"], json!([run]));
    assert!(!site.has_run(&run) && !site.has_artifact("0", &run));
    assert!(!site.server.log().contains(PLAIN), "{}", site.server.log());
}

#[test]
fn a_page_of_another_site_is_refused_even_with_the_token() {
    let site = Site::new(&["--admin-token", PLAIN]);
    let bearer = format!("Bearer {PLAIN}");
    let headers = [
        ("Content-Type", "application/json"),
        ("Authorization", bearer.as_str()),
        ("Origin", "https://evil.example"),
    ];
    assert_eq!(site.server.send("POST", PATH, &headers, b"{}").status, 403);
}

#[test]
fn what_is_asked_is_checked() {
    let site = Site::new(&["--admin-token", PLAIN]);
    let run = site.run_in("0");
    for body in [
        json!({"older_than": "soon"}),
        json!({"olderthan": "1d"}),
        json!({"run_ids": [run]}),
        json!({"experiment_ids": ["x"]}),
        json!([]),
        json!({"run_ids": "x".repeat(70_000)}),
    ] {
        let answer = ask(&site, Some(PLAIN), &body);
        let status = if body.to_string().len() > 65_536 {
            413
        } else {
            400
        };
        assert_eq!(answer.status, status, "{answer:?}");
        assert_eq!(answer.error_code(), "INVALID_PARAMETER_VALUE");
    }
    let unknown = ask(&site, Some(PLAIN), &json!({"run_ids": ["x"]}));
    assert_eq!(unknown.error_code(), "RESOURCE_DOES_NOT_EXIST");
    let dry = ask(
        &site,
        Some(PLAIN),
        &json!({"dry_run": true, "experiment_ids": []}),
    );
    assert_eq!(dry.json()["older_than"], "30d");
}

#[test]
fn one_purge_happens_at_a_time() {
    let site = Site::new(&["--admin-token", PLAIN]);
    let run = site.deleted_run_in("0");
    let all = json!({"older_than": "0s"});
    let lock = site.database.hold("BEGIN IMMEDIATE");
    let until = |body: &Value, wanted: fn(u16) -> bool| {
        let answers = (0..1000).map(|_| ask(&site, Some(PLAIN), body));
        answers.into_iter().find(|answer| wanted(answer.status))
    };
    std::thread::scope(|scope| {
        let first = scope.spawn(|| until(&all, |status| status != 409).unwrap());
        let second = until(&json!({"dry_run": true}), |status| status == 409).unwrap();
        assert_eq!(second.error_code(), "RESOURCE_CONFLICT");
        drop(lock);
        assert_eq!(first.join().unwrap().status, 200);
    });
    assert!(!site.has_run(&run));
    assert_eq!(ask(&site, Some(PLAIN), &all).status, 200);
}

#[test]
fn a_token_that_is_short_or_odd_stops_the_start() {
    let folder = tempfile::tempdir().unwrap();
    for token in ["0123456789abcde", TOKEN] {
        let (status, log) = launch(folder.path())
            .args(&["--admin-token", token])
            .refused();
        assert!(!status.success());
        assert!(
            log.contains("--admin-token") && !log.contains(token),
            "{log}"
        );
    }
    let (server, _folder) = server(&["--admin-token", ""]);
    assert_eq!(server.post(PATH, &json!({})).status, 404);
}
