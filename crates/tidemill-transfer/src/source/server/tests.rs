//! The source against made-up servers.

use tidemill_core::metrics::Point;
use tidemill_core::runs::{RunId, RunStatus};
use tidemill_core::transfer::{Fault, RunPiece};

use super::test_server::{Answer, Asked, TestServer};
use super::{Server, Source};
use crate::Result;

const EXPERIMENTS: &str = "/api/2.0/mlflow/experiments/search";
const RUNS: &str = "/api/2.0/mlflow/runs/search";
const RUN: &str = "/api/2.0/mlflow/runs/get";
const HISTORY: &str = "/api/2.0/mlflow/metrics/get-history";
const LOGGED_MODELS: &str = "/api/2.0/mlflow/logged-models/search";
const MODELS: &str = "/api/2.0/mlflow/registered-models/search";
const MODEL: &str = "/api/2.0/mlflow/registered-models/get";
const VERSIONS: &str = "/api/2.0/mlflow/model-versions/search";

const TWO_EXPERIMENTS: &str = r#"{"experiments": [
    {"experiment_id": "2", "name": "b", "lifecycle_stage": "deleted", "creation_time": "7",
     "tags": [{"key": "k", "value": "v"}], "workspace": "default"},
    {"experiment_id": "0", "name": "Default", "artifact_location": "s3://b/0"}]}"#;

fn run(id: &str, more: &str) -> String {
    format!(r#"{{"info": {{"run_id": "{id}", "experiment_id": "0", "status": "FINISHED"}}{more}}}"#)
}

fn with_experiments(rest: impl Fn(&Asked) -> Answer + Send + 'static) -> TestServer {
    TestServer::new(move |asked| match asked.is(EXPERIMENTS) {
        true => Answer::json(TWO_EXPERIMENTS),
        false => rest(asked),
    })
}

/// Two runs in experiment 0 on two pages, one in experiment 2.
fn three_runs(asked: &Asked) -> Answer {
    assert!(asked.is(RUNS) && asked.says("\"run_view_type\":\"ALL\""));
    Answer::json(if asked.says("[\"2\"]") {
        format!(r#"{{"runs": [{}]}}"#, run("c", ""))
    } else if asked.says("\"page_token\":\"t\"") {
        format!(r#"{{"runs": [{}]}}"#, run("b", ""))
    } else {
        format!(r#"{{"runs": [{}], "next_page_token": "t"}}"#, run("a", ""))
    })
}

fn heads(server: &mut Server, after: Option<&str>, limit: usize) -> Vec<String> {
    let after = after.map(RunId::from);
    let mut faults = Vec::new();
    let heads = server
        .run_heads(after.as_ref(), limit, &mut faults)
        .unwrap();
    assert_eq!(faults, []);
    heads.into_iter().map(|head| head.id.0).collect()
}

/// Everything about the first run.
fn whole(server: &mut Server) -> Result<(Vec<RunPiece>, Vec<Fault>)> {
    let (mut pieces, mut faults) = (Vec::new(), Vec::new());
    let heads = server.run_heads(None, 1, &mut faults)?;
    let mut each = |piece| {
        pieces.push(piece);
        Ok(())
    };
    server.runs(&heads, &mut each, &mut faults)?;
    Ok((pieces, faults))
}

#[test]
fn experiments_come_by_id_whatever_form_their_numbers_have() {
    let server = TestServer::new(|_| Answer::json(TWO_EXPERIMENTS));
    let experiments = server.source().experiments(&mut Vec::new()).unwrap();
    let ids: Vec<i64> = experiments.iter().map(|e| e.id.0).collect();
    assert_eq!(ids, [0, 2]);
    assert_eq!(experiments[1].creation_time, 7);
    assert_eq!(experiments[1].last_update_time, 7);
    assert_eq!(experiments[1].stage.as_str(), "deleted");
    assert!(server.asked()[0].says("\"view_type\":\"ALL\""));
}

#[test]
fn an_experiment_that_makes_no_sense_spoils_no_other() {
    let server = TestServer::new(|_| {
        Answer::json(
            r#"{"experiments": [{"experiment_id": "x", "name": "a"},
            {"experiment_id": "-3", "name": "b"}, {"experiment_id": "1", "name": "c"}]}"#,
        )
    });
    let mut faults = Vec::new();
    let experiments = server.source().experiments(&mut faults).unwrap();
    assert_eq!(experiments.len(), 1);
    let what: Vec<&str> = faults.iter().map(|fault| fault.what.as_str()).collect();
    assert_eq!(what, ["experiment x", "experiment -3"]);
}

#[test]
fn runs_are_listed_over_pages_and_experiments() {
    let server = with_experiments(three_runs);
    let mut source = server.source();
    assert_eq!(heads(&mut source, None, 2), ["a", "b"]);
    assert_eq!(heads(&mut source, Some("b"), 2), ["c"]);
    assert_eq!(heads(&mut source, Some("c"), 2), [""; 0]);
    assert_eq!(
        server.asked().len(),
        4,
        "one for experiments, three for runs"
    );
}

#[test]
fn a_list_is_taken_up_after_any_run() {
    let server = with_experiments(three_runs);
    assert_eq!(heads(&mut server.source(), Some("a"), 9), ["b", "c"]);
    assert_eq!(heads(&mut server.source(), Some("c"), 9), [""; 0]);
    assert_eq!(
        heads(&mut server.source(), Some("gone"), 9),
        ["a", "b", "c"]
    );
}

#[test]
fn page_tokens_in_circles_are_an_error() {
    let server = with_experiments(|_| {
        Answer::json(format!(
            r#"{{"runs": [{}], "next_page_token": "t"}}"#,
            run("a", "")
        ))
    });
    let error = server
        .source()
        .run_heads(None, 9, &mut Vec::new())
        .unwrap_err();
    assert!(error.to_string().contains("go in circles"), "{error}");
}

#[test]
fn a_run_that_makes_no_sense_spoils_no_other() {
    let bad = [
        run("a", r#", "data": {"params": 3}"#),
        r#"{"info": {"run_uuid": "b", "experiment_id": "0", "status": "DONE"}}"#.into(),
        r#"{"info": {"run_id": "c", "experiment_id": "0", "status": "FAILED", "start_time": -1}}"#
            .into(),
        r#"{"info": {"run_id": "d", "experiment_id": "9223372036854775808", "status": "FAILED"}}"#
            .into(),
        r#"{"info": {"experiment_id": "0", "status": "FAILED"}}"#.into(),
        run("e", ""),
    ];
    let answer = format!(r#"{{"runs": [{}]}}"#, bad.join(","));
    let server = with_experiments(move |asked| match asked.says("[\"0\"]") {
        true => Answer::json(&answer),
        false => Answer::json("{}"),
    });
    let mut faults = Vec::new();
    let heads = server.source().run_heads(None, 9, &mut faults).unwrap();
    assert_eq!(heads.len(), 1);
    assert_eq!(heads[0].id.as_str(), "e");
    let what: Vec<&str> = faults.iter().map(|fault| fault.what.as_str()).collect();
    assert_eq!(
        what,
        ["run a", "run b", "run c", "run d", "a run of experiment 0"]
    );
    assert_eq!(
        faults[2].why,
        "its start time is negative: -1; it is left out"
    );
}

const DATA: &str = r#", "data": {"metrics": [{"key": "m", "value": NaN, "timestamp": 3}],
    "params": [{"key": "p", "value": "NaN"}, {"key": "p", "value": "2"}],
    "tags": [{"key": "mlflow.runName", "value": "n"}, {"key": "t"}]},
    "inputs": {"dataset_inputs": [{"dataset": {"name": "d", "digest": "x", "schema": ""},
    "tags": [{"key": "mlflow.data.context", "value": "train"}]}]}"#;

#[test]
fn a_run_comes_whole_with_every_point_however_it_is_written() {
    let server = with_experiments(|asked| match asked {
        asked if asked.is(HISTORY) && asked.says("page_token=t") => Answer::json(
            r#"{"metrics": [{"key": "m", "value": -Infinity, "timestamp": "3", "step": "-4"}]}"#,
        ),
        asked if asked.is(HISTORY) => Answer::json(
            r#"{"metrics": [{"key": "m", "value": 1, "timestamp": 1},
                {"key": "m", "value": "NaN", "timestamp": 2, "step": 2},
                {"key": "m", "value": 5.0, "timestamp": -2, "step": 2}], "next_page_token": "t"}"#,
        ),
        _ => Answer::json(format!(r#"{{"runs": [{}]}}"#, run("a", DATA))),
    });
    let (pieces, faults) = whole(&mut server.source()).unwrap();
    let RunPiece::Run(carried) = &pieces[0] else {
        panic!("{pieces:?}")
    };
    assert_eq!(carried.run.info.name, "n");
    assert_eq!(carried.run.info.status, RunStatus::Finished);
    assert_eq!(carried.run.params.len(), 1);
    assert_eq!(carried.run.params[0].value, "NaN");
    assert_eq!(carried.run.tags[1].value, "");
    assert_eq!(carried.run.dataset_inputs[0].dataset.schema, None);
    assert_eq!(carried.run.dataset_inputs[0].tags[0].value, "train");
    assert_eq!(faults[0].what, "metric \"m\" of run a");
    let points = pieces[1..].iter().flat_map(|piece| match piece {
        RunPiece::Points { points, .. } => points.clone(),
        RunPiece::End { whole } => {
            assert!(!whole);
            Vec::new()
        }
        RunPiece::Run(_) => panic!("two runs"),
    });
    let points: Vec<Point> = points.collect();
    assert_eq!((points[0].step, points[0].value), (0, 1.0));
    assert!(points[1].value.is_nan());
    assert_eq!((points[2].step, points[2].value), (-4, f64::MIN));
    assert!(!server.asked().iter().any(|asked| asked.is(RUN)));
}

#[test]
fn models_that_a_run_read_are_asked_for_where_there_may_be_some() {
    let outputs = r#", "outputs": {"model_outputs": [{"model_id": "m-1", "step": "5"}]}"#;
    let inputs = r#", "inputs": {"model_inputs": [{"model_id": "m-2"}]}"#;
    let server = with_experiments(move |asked| match asked.is(RUN) {
        true => Answer::json(format!(r#"{{"run": {}}}"#, run("a", inputs))),
        false => Answer::json(format!(r#"{{"runs": [{}]}}"#, run("a", outputs))),
    });
    let (pieces, _) = whole(&mut server.source()).unwrap();
    let RunPiece::Run(carried) = &pieces[0] else {
        panic!("{pieces:?}")
    };
    assert_eq!(carried.run.model_outputs[0].step, 5);
    assert_eq!(carried.run.model_inputs, ["m-2"]);
}

#[test]
fn a_history_that_is_refused_or_makes_no_sense_costs_only_itself() {
    let metrics = r#", "data": {"metrics": [{"key": "a"}, {"key": "b"}, {"key": "c"}]}"#;
    let server = with_experiments(move |asked| match asked {
        asked if asked.says("metric_key=a") => Answer::new("400 BAD REQUEST", "", "{}"),
        asked if asked.says("metric_key=b") => {
            Answer::json(r#"{"metrics": [{"value": 1, "timestamp": 1e300}]}"#)
        }
        asked if asked.is(HISTORY) => {
            Answer::json(r#"{"metrics": [{"value": 1, "timestamp": 1}]}"#)
        }
        _ => Answer::json(format!(r#"{{"runs": [{}]}}"#, run("r", metrics))),
    });
    let (pieces, faults) = whole(&mut server.source()).unwrap();
    assert!(matches!(
        pieces[..],
        [
            RunPiece::Run(_),
            RunPiece::Points { .. },
            RunPiece::End { whole: false }
        ]
    ));
    let what: Vec<&str> = faults.iter().map(|fault| fault.what.as_str()).collect();
    assert_eq!(what, ["metric \"a\" of run r", "metric \"b\" of run r"]);
}

#[test]
fn a_server_that_turns_away_in_the_middle_is_an_error() {
    let metrics = r#", "data": {"metrics": [{"key": "a"}]}"#;
    for (status, body) in [
        ("200 OK", "<html>log in</html>"),
        ("401 UNAUTHORIZED", "who?"),
    ] {
        let server = with_experiments(move |asked| match asked.is(HISTORY) {
            true => Answer::new(status, "", body),
            false => Answer::json(format!(r#"{{"runs": [{}]}}"#, run("r", metrics))),
        });
        assert!(whole(&mut server.source()).is_err(), "{status}");
    }
}

#[test]
fn a_signature_stays_until_the_run_changes_or_while_it_goes_on() {
    let signature = |more: &str, status: &str| {
        let runs = run("a", more).replace("FINISHED", status);
        let answer = format!(r#"{{"runs": [{runs}]}}"#);
        let server = with_experiments(move |_| Answer::json(&answer));
        let heads = server.source().run_heads(None, 1, &mut Vec::new()).unwrap();
        heads[0].signature
    };
    assert_eq!(signature("", "FINISHED"), signature("", "FINISHED"));
    assert_ne!(signature("", "FINISHED"), signature(DATA, "FINISHED"));
    assert_ne!(signature("", "RUNNING"), signature("", "RUNNING"));
}

#[test]
fn logged_models_come_page_by_page_and_older_servers_have_none() {
    let old = with_experiments(|_| Answer::not_found());
    assert_eq!(
        old.source()
            .logged_models(None, 9, &mut Vec::new())
            .unwrap(),
        []
    );

    let server = with_experiments(|asked| {
        assert!(asked.is(LOGGED_MODELS) && asked.says("[\"0\",\"2\"]"));
        let model = |id: &str, status: &str| {
            format!(
                r#"{{"info": {{"model_id": "{id}", "experiment_id": "0", "status": "{status}"}},
                "data": {{"metrics": [{{"key": "k", "value": NaN, "timestamp": 1}}]}}}}"#
            )
        };
        let ready = "LOGGED_MODEL_READY";
        Answer::json(match asked.says("\"page_token\":\"t\"") {
            true => format!(
                r#"{{"models": [{}, {}]}}"#,
                model("m-2", "?"),
                model("m-3", ready)
            ),
            false => format!(
                r#"{{"models": [{}], "next_page_token": "t"}}"#,
                model("m-1", ready)
            ),
        })
    });
    let mut source = server.source();
    let mut faults = Vec::new();
    let first = source.logged_models(None, 1, &mut faults).unwrap();
    assert_eq!(first[0].id, "m-1");
    assert_eq!(first[0].metrics[0].value, 0.0);
    let second = source.logged_models(Some("m-1"), 5, &mut faults).unwrap();
    assert_eq!((second.len(), second[0].id.as_str()), (1, "m-3"));
    assert_eq!(faults[0].what, "logged model m-2");
    assert_eq!(
        source.logged_models(Some("m-3"), 5, &mut faults).unwrap(),
        []
    );
}

fn registry(asked: &Asked) -> Answer {
    let is_prompt_search = asked.says("mlflow.prompt.is_prompt");
    Answer::json(match asked {
        asked if asked.is(MODELS) && is_prompt_search => {
            r#"{"registered_models": [{"name": "a prompt"}]}"#
        }
        asked if asked.is(MODELS) && asked.says("page_token=t") => {
            r#"{"registered_models": [{"name": "B"}]}"#
        }
        asked if asked.is(MODELS) => {
            r#"{"registered_models": [{"name": "it's"}, {"name": 5}], "next_page_token": "t"}"#
        }
        asked if asked.is(MODEL) && asked.says("name=it%27s") => {
            r#"{"registered_model": {"name": "it's", "creation_timestamp": 5, "description": "d",
                "aliases": [{"alias": "best", "version": "2"}]}}"#
        }
        asked if asked.is(MODEL) && asked.says("name=B") => {
            return Answer::new("404 NOT FOUND", "", r#"{"message": "just deleted"}"#);
        }
        asked if asked.is(MODEL) => {
            r#"{"registered_model": {"name": "a prompt",
                "tags": [{"key": "mlflow.prompt.is_prompt", "value": "true"}]}}"#
        }
        asked if asked.is(VERSIONS) && is_prompt_search => {
            r#"{"model_versions": [{"name": "a prompt", "version": "1"}]}"#
        }
        asked if asked.is(VERSIONS) && asked.says("%22it%27s%22") => {
            r#"{"model_versions": [
                {"name": "it's", "version": "4", "current_stage": "production", "status": "READY"},
                {"name": "it's", "version": "2", "source": "models:/o/1"},
                {"name": "it's", "version": "-1"},
                {"name": "it is", "version": "9"}]}"#
        }
        asked if asked.is(VERSIONS) => "{}",
        _ => r#"{"artifact_uri": "s3://b/files"}"#,
    })
}

#[test]
fn registered_models_come_by_name_with_prompts_and_versions() {
    let server = TestServer::new(registry);
    let mut source = server.source();
    let mut faults = Vec::new();
    let first = source.registered_models(None, 1, &mut faults).unwrap();
    assert_eq!(first[0].name, "a prompt");
    assert_eq!((first[0].versions.len(), first[0].last_version), (1, 1));
    let rest = source
        .registered_models(Some("a prompt"), 9, &mut faults)
        .unwrap();
    assert_eq!(rest.len(), 1);
    let model = &rest[0];
    assert_eq!((model.name.as_str(), model.last_version), ("it's", 4));
    assert_eq!(
        (model.aliases[0].alias.as_str(), model.aliases[0].version),
        ("best", 2)
    );
    let numbers: Vec<i64> = model.versions.iter().map(|v| v.version).collect();
    assert_eq!(numbers, [2, 4]);
    assert_eq!(model.versions[0].location(), "s3://b/files");
    assert_eq!(model.versions[1].stage.as_str(), "Production");
    let what: Vec<&str> = faults.iter().map(|fault| fault.what.as_str()).collect();
    assert_eq!(
        what,
        [
            "a registered model",
            "registered model B",
            "version -1 of registered model it's"
        ]
    );
    assert!(
        source
            .registered_models(Some("it's"), 9, &mut faults)
            .unwrap()
            .is_empty()
    );
}

#[test]
fn a_server_that_refuses_to_look_for_prompts_has_its_other_models() {
    let server = TestServer::new(|asked| match asked.says("is_prompt") {
        true => Answer::new("400 BAD REQUEST", "", "{}"),
        false => Answer::json(r#"{"registered_models": [{"name": "m"}]}"#),
    });
    let counts = super::registry::names(&server.client(Default::default()), &mut Vec::new());
    assert_eq!(counts.unwrap().len(), 1);
}

#[test]
fn a_server_without_a_registry_can_be_read() {
    let server = TestServer::new(|_| {
        Answer::new(
            "400 Bad Request",
            "",
            r#"{"message": "registry unavailable"}"#,
        )
    });
    let mut faults = Vec::new();
    let models = server.source().registered_models(None, 9, &mut faults);
    assert_eq!(models.unwrap(), []);
    assert_eq!(faults.len(), 1);
}

#[test]
fn traces_are_told_by_how_many_experiments_have_some() {
    let server = with_experiments(|asked| match asked.says("\"experiment_id\":\"2\"") {
        true => Answer::json(r#"{"traces": [{}], "next_page_token": "t"}"#),
        false => Answer::json("{}"),
    });
    let left_out = server.source().left_out().unwrap();
    assert_eq!(left_out[0].count, 1);
    let old = with_experiments(|_| Answer::not_found());
    assert_eq!(old.source().left_out().unwrap(), []);
}
