//! Other spellings of a request: they mean the same, or nothing.

use serde_json::json;

use super::site::{Case, all_hold, case, on_every_surface, post};

#[test]
fn another_spelling_of_a_path_has_no_route() {
    let base = "/api/2.0/mlflow/experiments";
    let spellings = [
        format!("{base}/get/?experiment_id=0"),
        format!("/{base}/get?experiment_id=0"),
        format!("{base}/./get?experiment_id=0"),
        format!("{base}//get?experiment_id=0"),
        format!("{base}%2Fget?experiment_id=0"),
        format!("{base}/x/../get?experiment_id=0"),
        format!("{base}/GET?experiment_id=0"),
        format!("{base}/get;jsessionid=1?experiment_id=0"),
        format!("{base}/get%00?experiment_id=0"),
        format!("{base}/get%20?experiment_id=0"),
        format!("{base}/get.json?experiment_id=0"),
        "/API/2.0/mlflow/experiments/get?experiment_id=0".into(),
        "/api/2.0/MLFLOW/experiments/get?experiment_id=0".into(),
        "/api/2.0/mlflow/mlflow/experiments/get?experiment_id=0".into(),
        "/mlflow/mlflow/api/2.0/mlflow/experiments/get?experiment_id=0".into(),
    ];
    let cases: Vec<Case> = (spellings.iter())
        .map(|path| case("generic: path tricks", "GET", path).has_no_route())
        .collect();
    all_hold(&cases);
}

#[test]
fn the_verb_is_the_one_on_the_first_line() {
    on_every_surface(|surface| {
        let path = "/api/2.0/mlflow/experiments/get?experiment_id=0";
        for name in [
            "X-HTTP-Method-Override",
            "X-HTTP-Method",
            "X-Method-Override",
        ] {
            let answer = surface.send("GET", path, &[(name, "DELETE")], b"");
            assert_eq!(answer.status, 200, "{name}: {}", answer.text());
            let created = surface.send(
                "GET",
                "/api/2.0/mlflow/experiments/create?_method=POST&name=sneaked",
                &[(name, "POST")],
                b"",
            );
            assert!(
                (400..500).contains(&created.status),
                "{name}: {}",
                created.status
            );
        }
        let sneaked = "/api/2.0/mlflow/experiments/get-by-name?experiment_name=sneaked";
        assert_eq!(surface.get(sneaked).status, 404);
        for verb in ["TRACE", "CONNECT", "PROPFIND", "get", "FOO"] {
            let answer = surface.send(verb, path, &[], b"");
            assert!(
                (400..500).contains(&answer.status),
                "{verb}: {}",
                answer.status
            );
            surface.is_discreet(verb, &answer, b"");
        }
    });
}

#[test]
fn a_route_below_a_prefix_is_not_there_without_it() {
    on_every_surface(|surface| {
        let path = surface.path("/api/2.0/mlflow/experiments/get?experiment_id=0");
        assert_eq!(surface.site.server.get(&path).status, 200);
        let other = match path.strip_prefix("/mlflow") {
            Some(rest) => rest.to_owned(),
            None => format!("/mlflow{path}"),
        };
        assert_eq!(surface.site.server.get(&other).status, 404, "{other}");
    });
}

#[test]
fn only_the_body_of_a_write_counts() {
    on_every_surface(|surface| {
        let two = ["mine", "victim"].map(|name| {
            let name = format!("{name} {}", surface.path("/api/"));
            let body = json!({"name": name});
            let made = surface.post("/api/2.0/mlflow/experiments/create", &body);
            made.json()["experiment_id"].as_str().unwrap().to_owned()
        });
        let [mine, victim] = &two;
        let path = format!("/api/2.0/mlflow/experiments/delete?experiment_id={victim}");
        let deleted = surface.post(&path, &json!({"experiment_id": mine}));
        assert_eq!(deleted.status, 200, "{}", deleted.text());
        let stage = |id: &str| {
            let path = format!("/api/2.0/mlflow/experiments/get?experiment_id={id}");
            surface.get(&path).json()["experiment"]["lifecycle_stage"].clone()
        };
        assert_eq!(
            (stage(mine), stage(victim)),
            (json!("deleted"), json!("active"))
        );
        let only_in_query = surface.post(&path, &json!({}));
        assert_eq!(only_in_query.status, 400, "{}", only_in_query.text());
    });
}

#[test]
fn only_the_query_of_a_read_counts() {
    on_every_surface(|surface| {
        let answer = surface.send(
            "GET",
            "/api/2.0/mlflow/experiments/get?experiment_id=0",
            &[("Content-Type", "application/json")],
            br#"{"experiment_id": "999"}"#,
        );
        assert_eq!(answer.json()["experiment"]["experiment_id"], "0");
    });
}

#[test]
fn two_names_for_one_value_do_not_contradict_each_other() {
    on_every_surface(|surface| {
        let id = "generic: aliases";
        let both = json!({"run_id": "{run}", "runId": "other", "key": "k", "value": "v"});
        surface.holds(&post(id, "/api/2.0/mlflow/runs/set-tag", both));
        let form = case(id, "POST", "/api/2.0/mlflow/runs/delete")
            .header("Content-Type", "application/x-www-form-urlencoded")
            .body(b"run_id={run}");
        surface.holds(&form);
        let found = surface.get("/api/2.0/mlflow/runs/get?run_id={run}&run_uuid=other");
        assert_eq!(found.status, 200, "{}", found.text());
        let found = surface.get("/api/2.0/mlflow/runs/get?run_id=other&run_uuid={run}");
        assert_eq!(found.status, 404, "{}", found.text());
    });
}
