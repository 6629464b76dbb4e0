//! `POST /graphql`, as the stock UI and as strangers use it.

use serde_json::{Value, json};
use tidemill_testkit::TestServer;

use crate::support::server;

fn ask(server: &TestServer, query: &str, variables: Value) -> Value {
    let answer = server.post("/graphql", &json!({"query": query, "variables": variables}));
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

fn errors(server: &TestServer, query: &str) -> String {
    let answer = ask(server, query, json!({}));
    answer["errors"].as_array().unwrap()[0]
        .as_str()
        .unwrap()
        .to_owned()
}

/// A run with one of everything, and its id.
fn run(server: &TestServer) -> String {
    let post = |path: &str, body: Value| {
        let answer = server.post(&format!("/api/2.0/mlflow/{path}"), &body);
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    };
    let made = post(
        "runs/create",
        json!({"experiment_id": "0", "run_name": "one", "start_time": 7}),
    );
    let id = made["run"]["info"]["run_id"].as_str().unwrap().to_owned();
    post(
        "runs/log-batch",
        json!({"run_id": id,
            "metrics": [{"key": "loss", "value": 0.5, "timestamp": 9_007_199_254_740_993_i64, "step": 3},
                        {"key": "none", "value": "NaN", "timestamp": 1, "step": 0}],
            "params": [{"key": "lr", "value": "0.1"}]}),
    );
    post("registered-models/create", json!({"name": "m"}));
    post(
        "model-versions/create",
        json!({"name": "m", "source": format!("runs:/{id}/x"), "run_id": id}),
    );
    id
}

#[test]
fn the_page_of_a_run_gets_all_it_asks_for() {
    let (server, _folder) = server(&[]);
    let id = run(&server);
    let query = r#"query GetRun($data: MlflowGetRunInput!) @component(name: "MLflow.Runs") {
        mlflowGetRun(input: $data) {
            apiError { code }
            run {
                info { runUuid runName startTime endTime status userId }
                data { metrics { key value step timestamp runId } params { key value } }
                inputs { datasetInputs { dataset { name } } modelInputs { modelId } }
                outputs { modelOutputs { modelId step } }
                experiment { experimentId name tags { key } }
                modelVersions { name version status aliases runId
                    deploymentJobState { jobId jobState } }
            }
        }
    }"#;
    let answer = ask(&server, query, json!({"data": {"runId": id}}));
    assert_eq!(
        answer,
        json!({"errors": null, "data": {"mlflowGetRun": {"apiError": null, "run": {
            "info": {"runUuid": id, "runName": "one", "startTime": "7", "endTime": "0",
                     "status": "RUNNING", "userId": ""},
            "data": {
                "metrics": [
                    {"key": "loss", "value": 0.5, "step": "3", "timestamp": "9007199254740993", "runId": ""},
                    {"key": "none", "value": null, "step": "0", "timestamp": "1", "runId": ""}],
                "params": [{"key": "lr", "value": "0.1"}]},
            "inputs": {"datasetInputs": [], "modelInputs": []},
            "outputs": {"modelOutputs": []},
            "experiment": {"experimentId": "0", "name": "Default", "tags": []},
            "modelVersions": [{"name": "m", "version": "1", "status": "READY", "aliases": [],
                "runId": id, "deploymentJobState": {"jobId": "", "jobState": null}}],
        }}}})
    );
}

#[test]
fn searches_histories_and_files_are_there_as_well() {
    let (server, _folder) = server(&[]);
    let id = run(&server);
    let query = r#"query($run: String, $long: LongString) {
        mlflowSearchRuns(input: {experimentIds: ["0"], runViewType: ACTIVE_ONLY, maxResults: 5}) {
            runs { info { runName } } nextPageToken }
        mlflowSearchModelVersions(input: {filter: "name='m'", maxResults: $long}) {
            modelVersions { version } }
        mlflowGetMetricHistoryBulkInterval(input: {runIds: [$run], metricKey: "loss"}) {
            metrics { step value runId } }
        mlflowListArtifacts(input: {runUuid: $run}) { files { path } rootUri }
        mlflowGetExperiment(input: {experimentId: "0"}) { experiment { lifecycleStage } }
    }"#;
    let answer = ask(&server, query, json!({"run": id, "long": "10"}));
    assert_eq!(answer["errors"], Value::Null);
    let data = &answer["data"];
    assert_eq!(
        data["mlflowSearchRuns"]["runs"],
        json!([{"info": {"runName": "one"}}])
    );
    assert_eq!(data["mlflowSearchRuns"]["nextPageToken"], "");
    assert_eq!(
        data["mlflowSearchModelVersions"]["modelVersions"],
        json!([{"version": "1"}])
    );
    assert_eq!(
        data["mlflowGetMetricHistoryBulkInterval"]["metrics"],
        json!([{"step": "3", "value": 0.5, "runId": id}])
    );
    assert_eq!(data["mlflowListArtifacts"]["files"], json!([]));
    assert_eq!(
        data["mlflowGetExperiment"]["experiment"]["lifecycleStage"],
        "active"
    );
    let found = ask(
        &server,
        r#"mutation { mlflowSearchDatasets(input: {experimentIds: ["0"]}) { datasetSummaries { name } } }"#,
        json!({}),
    );
    assert_eq!(
        found,
        json!({"errors": null, "data": {"mlflowSearchDatasets": {"datasetSummaries": []}}})
    );
}

#[test]
fn what_fails_is_null_and_an_error_in_mlflows_words() {
    let (server, _folder) = server(&[]);
    let answer = ask(
        &server,
        r#"{ mlflowGetRun(input: {runId: "nope"}) { run { info { runId } } } test(inputString: "x") { output } }"#,
        json!({}),
    );
    assert_eq!(
        answer,
        json!({"data": {"mlflowGetRun": null, "test": {"output": "x"}},
               "errors": ["Run with id=nope not found"]})
    );
}

#[test]
fn a_query_that_asks_for_too_much_is_refused_before_it_runs() {
    let (server, _folder) = server(&[]);
    let aliases: String = (0..20)
        .map(|n| {
            format!(
                "a{n}: mlflowSearchRuns(input: {{experimentIds: [\"0\"]}}) {{ nextPageToken }} "
            )
        })
        .collect();
    let deep = "{a".repeat(11) + &"}".repeat(11);
    let wide = "name ".repeat(1000);
    for (query, why) in [
        (format!("{{{aliases}}}"), "at most 10 root fields, got 20"),
        (deep, "maximum depth of 10"),
        (
            format!("{{ __schema {{ types {{ {wide} }} }} }}"),
            "maximum total selections of 1000",
        ),
        (
            "{ ...A } fragment A on Query { ...A }".to_owned(),
            "recursion depth",
        ),
    ] {
        let error = errors(&server, &query);
        assert!(error.contains(why), "{error}");
    }
    let hidden = ask(&server, "{ __schema { types { name } } }", json!({}));
    assert!(hidden["data"]["__schema"].is_null(), "{hidden}");
}

#[test]
fn pages_are_cut_to_what_fits_and_what_is_shown_is_counted() {
    let (server, _folder) = server(&[]);
    let id = run(&server);
    let search = |n| {
        format!(
            "a{n}: mlflowSearchRuns(input: {{experimentIds: [\"0\"]}}) {{ runs {{ experiment {{ name }} modelVersions {{ name }} }} }} "
        )
    };
    let all: String = (0..10).map(search).collect();
    let answer = ask(&server, &format!("{{{all}}}"), json!({}));
    assert_eq!(answer["errors"], Value::Null, "{answer}");
    assert_eq!(
        answer["data"]["a9"]["runs"],
        json!([{"experiment": {"name": "Default"}, "modelVersions": [{"name": "m"}]}])
    );
    let metrics: Vec<_> = (0..1000)
        .map(|n| json!({"key": format!("k{n}"), "value": 1.0, "timestamp": 1, "step": 0}))
        .collect();
    let logged = server.post(
        "/api/2.0/mlflow/runs/log-batch",
        &json!({"run_id": id, "metrics": metrics}),
    );
    assert_eq!(logged.status, 200);
    let many = "key ".repeat(900);
    let query = format!(
        "{{ mlflowGetRun(input: {{runId: \"{id}\"}}) {{ run {{ data {{ metrics {{ {many} }} }} }} }} }}"
    );
    let answer = ask(&server, &query, json!({}));
    assert_eq!(
        answer["errors"],
        json!(["Query exceeds maximum of 500000 values"])
    );
}

#[test]
fn an_operator_may_raise_the_limits() {
    let (server, _folder) = server(&[
        "--graphql-max-root-fields",
        "20",
        "--graphql-max-aliases",
        "20",
    ]);
    let fields: String = (0..15)
        .map(|n| format!("a{n}: test(inputString: \"x\") {{ output }} "))
        .collect();
    let answer = ask(&server, &format!("{{{fields}}}"), json!({}));
    assert_eq!(answer["data"]["a14"], json!({"output": "x"}));
}

/// A query that hides its brackets from whoever counts those that close.
fn hidden(nested: &str) -> String {
    json!({"query": format!("{{a(b:{nested}")}).to_string()
}

#[test]
fn what_is_no_query_is_a_typed_400() {
    let (server, _folder) = server(&[]);
    let nested =
        json!({"query": format!("{{a(b: {}{})}}", "[".repeat(50_000), "]".repeat(50_000))});
    for body in [
        "{",
        "[]",
        "{}",
        "null",
        "[{\"query\":\"{__typename}\"}]",
        "{\"query\":1}",
        "{\"query\":\"{\"}",
        "{\"query\":\"{a}\",\"variables\":\"x\"}",
        &hidden(&"[#]\n".repeat(50_000)),
        &hidden(&"[\"]\"".repeat(40_000)),
        "{\"query\":\"\"}",
        &nested.to_string(),
    ] {
        let headers = [("Content-Type", "application/json")];
        let answer = server.send("POST", "/graphql", &headers, body.as_bytes());
        assert_eq!(answer.status, 400, "{body:.80}: {}", answer.text());
        assert_eq!(answer.error_code(), "INVALID_PARAMETER_VALUE");
    }
    let plain = server.send("POST", "/graphql", &[("Content-Type", "text/plain")], b"{}");
    assert_eq!(plain.status, 400);
    let big = json!({"query": " ".repeat(300 << 10)}).to_string();
    let headers = [("Content-Type", "application/json")];
    assert_eq!(
        server
            .send("POST", "/graphql", &headers, big.as_bytes())
            .status,
        413
    );
    assert_eq!(server.get("/graphql?query={__typename}").status, 404);
}
