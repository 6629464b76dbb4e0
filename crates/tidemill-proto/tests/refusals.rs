//! Requests that MLflow's server refuses, with the texts it gives.

use tidemill_proto::Request;
use tidemill_proto::mlflow::*;

struct Case {
    request: String,
    given: Option<String>,
    expected: String,
}

fn body<M: Request>(request: &str, expected: String) -> Case {
    let given = M::from_json(request.as_bytes())
        .err()
        .map(|error| error.to_string());
    Case {
        request: request.to_string(),
        given,
        expected,
    }
}

fn query<M: Request>(request: &str, expected: String) -> Case {
    let given = M::from_query(request).err().map(|error| error.to_string());
    Case {
        request: request.to_string(),
        given,
        expected,
    }
}

fn missing(name: &str) -> String {
    advice(&format!("Missing value for required parameter '{name}'."))
}

fn invalid(value: &str, name: &str, kind: &str) -> String {
    advice(&format!(
        "Invalid value {value} for parameter '{name}' supplied:  Hint: Value was of type '{kind}'."
    ))
}

fn advice(text: &str) -> String {
    format!("{text} See the API docs for more information about request parameters.")
}

#[test]
fn refusals_use_the_words_of_mlflow() {
    let cases = [
        body::<CreateExperiment>("{}", missing("name")),
        body::<CreateExperiment>(r#"{"name":""}"#, missing("name")),
        body::<CreateExperiment>(r#"{"name":null}"#, missing("name")),
        body::<CreateExperiment>(r#"{"name":5}"#, invalid("5", "name", "int")),
        body::<CreateExperiment>(r#"{"name":{"b":[1.0,"é",1e22,true],"a":null}}"#, invalid(r#"{"a":null,"b":[1.0,"\u00e9",1e+22,true]}"#, "name", "dict")),
        body::<CreateExperiment>(r#"{"name":"n","tags":{"key":"a"}}"#, invalid(r#"{"key":"a"}"#, "tags", "dict")),
        body::<CreateExperiment>(r#"{"name":"n","artifact_location":1.5}"#, invalid("1.5", "artifact_location", "float")),
        body::<CreateExperiment>(r#"{"name":"n","artifact_location":"a","artifactLocation":"b"}"#, "Request specifies both 'artifact_location' and 'artifactLocation'; provide only one of them.".to_string()),
        body::<SetExperimentTag>(r#"{"experimentId":"0","key":"k","value":"v"}"#, missing("experiment_id")),
        body::<SetExperimentTag>(r#"{"experiment_id":0,"key":"k","value":"v"}"#, invalid("0", "experiment_id", "int")),
        body::<SetExperimentTag>(r#"{"experiment_id":"0","value":7}"#, missing("key")),
        body::<UpdateExperiment>(r#"{"experiment_id":"0"}"#, missing("new_name")),
        body::<UpdateExperiment>(r#"{"experiment_id":"0","new_name":[]}"#, invalid("[]", "new_name", "list")),
        body::<SearchRuns>(r#"{"experiment_ids":"0"}"#, invalid(r#""0""#, "experiment_ids", "str")),
        body::<SearchRuns>(r#"{"experiment_ids":["0"],"max_results":50001}"#, invalid("50001", "max_results", "int")),
        body::<SearchRuns>(r#"{"experiment_ids":["0"],"max_results":"50001"}"#, invalid(r#""50001""#, "max_results", "str")),
        body::<SearchRuns>(r#"{"experiment_ids":["0"],"order_by":["a",2]}"#, invalid(r#"["a",2]"#, "order_by", "list")),
        body::<LogBatch>(r#"{"run_id":"x","metrics":[{"key":"a","value":1,"timestamp":1},{"key":"b","value":1}]}"#, missing("metrics[1].timestamp")),
        body::<LogBatch>(r#"{"run_id":"x","metrics":[{"value":1,"timestamp":1}]}"#, missing("metrics[0].key")),
        body::<LogBatch>(r#"{"run_id":"x","metrics":[{"key":"k","value":null,"timestamp":1}]}"#, missing("metrics[0].value")),
        body::<LogBatch>(r#"{"run_id":"x","params":[{"key":"a","value":"1"},{"key":"","value":"1"}]}"#, missing("params[1].key")),
        body::<LogBatch>(r#"{"run_id":"x","tags":[{"value":"1"}]}"#, missing("tags[0].key")),
        body::<LogBatch>(r#"{"run_id":"x","metrics":"[]"}"#, invalid(r#""[]""#, "metrics", "str")),
        body::<LogBatch>(r#"{"metrics":[{}]}"#, missing("run_id")),
        body::<LogMetric>(r#"{"run_id":"x","key":"a","value":"zz","timestamp":1}"#, invalid(r#""zz""#, "value", "str")),
        body::<LogMetric>(r#"{"run_id":"x","key":"a","value":"","timestamp":1}"#, missing("value")),
        body::<LogMetric>(r#"{"run_uuid":"x","key":"a","value":1}"#, missing("timestamp")),
        body::<LogMetric>(r#"{"run_id":"x","key":"a","value":1,"timestamp":"soon"}"#, invalid(r#""soon""#, "timestamp", "str")),
        body::<UpdateRun>(r#"{"run_id":"x","status":99}"#, invalid("99", "status", "int")),
        body::<TransitionModelVersionStage>(r#"{"name":"a","version":"1","stage":"None","archive_existing_versions":"true"}"#, invalid(r#""true""#, "archive_existing_versions", "str")),
        body::<TransitionModelVersionStage>(r#"{"name":"a","version":1,"stage":"None"}"#, invalid("1", "version", "int")),
        body::<LogOutputs>(r#"{"run_id":"x"}"#, missing("models")),
        body::<SearchLoggedModels>(r#"{"experiment_ids":[1]}"#, invalid("[1]", "experiment_ids", "list")),
        body::<SearchLoggedModels>("{}", missing("experiment_ids")),
        body::<FinalizeLoggedModel>(r#"{"status":"LOGGED_MODEL_READY"}"#, missing("model_id")),
        body::<LogLoggedModelParamsRequest>(r#"{"params":[]}"#, missing("model_id")),
        query::<GetExperiment>("experiment_id=", missing("experiment_id")),
        query::<GetExperiment>("experimentId=1", missing("experiment_id")),
        query::<SearchExperiments>("max_results=abc", invalid(r#""abc""#, "max_results", "str")),
        query::<SearchExperiments>("max_results=1.5", invalid(r#""1.5""#, "max_results", "str")),
        query::<SearchRegisteredModels>("max_results=1001", invalid(r#""1001""#, "max_results", "str")),
        query::<SearchModelVersions>("max_results=200001", invalid(r#""200001""#, "max_results", "str")),
        query::<GetMetricHistoryBulkInterval>("run_ids=a&metric_key=k&max_results=9999", advice("max_results must be between 1 and 2500.")),
        query::<GetMetricHistoryBulkInterval>("metric_key=k&max_results=0", missing("run_ids")),
    ];
    for Case {
        request,
        given,
        expected,
    } in cases
    {
        assert_eq!(given.as_deref(), Some(expected.as_str()), "{request}");
    }
}

#[test]
fn too_many_runs_for_one_chart_are_counted() {
    let runs = vec!["run_ids=a"; 101].join("&");
    let case = query::<GetMetricHistoryBulkInterval>(
        &format!("{runs}&metric_key=k"),
        advice(
            "GetMetricHistoryBulkInterval request must specify at most 100 run_ids. \
             Received 101 run_ids.",
        ),
    );
    assert_eq!(case.given, Some(case.expected));
}

#[test]
fn a_binary_request_is_held_to_the_same_rules() {
    use prost::Message;
    let given = |request: SearchRuns| SearchRuns::from_protobuf(&request.encode_to_vec());
    let many = SearchRuns {
        max_results: Some(50_001),
        ..Default::default()
    };
    let refused = given(many).unwrap_err().to_string();
    assert_eq!(refused, invalid("50001", "max_results", "int"));
    assert!(given(SearchRuns::default()).is_ok());
    let refused = GetRun::from_protobuf(b"").unwrap_err().to_string();
    assert_eq!(refused, missing("run_id"));
    assert!(GetRun::from_protobuf(b"\x0a\xff").is_err());
    assert!(LogOutputs::from_protobuf(b"\x0a\x01x").is_ok());
}
