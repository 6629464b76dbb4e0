//! Binary messages in place of JSON.

use prost::Message;
use tidemill_proto::mlflow::{
    CreateExperiment, CreateRun, GetExperiment, GetRun, LogBatch, Metric, Param, RunTag,
    create_experiment, create_run, get_experiment, get_run, log_batch,
};
use tidemill_testkit::TestServer;
use tidemill_testkit::http::Answer;

use crate::routes::JSON;
use crate::support::server;

const BINARY: &str = "application/x-protobuf";
const BOTH: [(&str, &str); 2] = [("Content-Type", BINARY), ("Accept", BINARY)];

fn call(server: &TestServer, path: &str, message: &impl Message) -> Answer {
    let path = format!("/api/2.0/mlflow/{path}");
    let answer = server.send("POST", &path, &BOTH, &message.encode_to_vec());
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    assert_eq!(answer.header("content-type"), Some(BINARY));
    answer
}

fn get<M: Message + Default>(server: &TestServer, path: &str) -> M {
    let path = format!("/api/2.0/mlflow/{path}");
    let answer = server.send("GET", &path, &[("Accept", BINARY)], b"");
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    M::decode(&*answer.body).unwrap()
}

fn decoded<M: Message + Default>(answer: &Answer) -> M {
    M::decode(&*answer.body).unwrap()
}

#[test]
fn what_is_written_in_binary_is_read_in_binary() {
    let (server, _folder) = server(&[]);
    let name = Some("binary".to_owned());
    let create = CreateExperiment {
        name: name.clone(),
        ..Default::default()
    };
    let made: create_experiment::Response = decoded(&call(&server, "experiments/create", &create));
    let experiment_id = made.experiment_id;
    let create = CreateRun {
        experiment_id: experiment_id.clone(),
        ..Default::default()
    };
    let made: create_run::Response = decoded(&call(&server, "runs/create", &create));
    let run_id = made.run.unwrap().info.unwrap().run_id;
    let batch = LogBatch {
        run_id: run_id.clone(),
        metrics: vec![Metric {
            key: Some("loss".into()),
            value: Some(f64::NAN),
            timestamp: Some(7),
            step: Some(-3),
            ..Default::default()
        }],
        params: vec![Param {
            key: Some("lr".into()),
            value: Some("0.1".into()),
        }],
        tags: vec![RunTag {
            key: Some("t".into()),
            value: Some("größe".into()),
        }],
    };
    let logged: log_batch::Response = decoded(&call(&server, "runs/log-batch", &batch));
    assert_eq!(logged, log_batch::Response {});

    let path = format!("experiments/get?experiment_id={}", experiment_id.unwrap());
    let found: get_experiment::Response = get(&server, &path);
    assert_eq!(found.experiment.unwrap().name, name);
    let path = format!("runs/get?run_id={}", run_id.unwrap());
    let found: get_run::Response = get(&server, &path);
    let data = found.run.unwrap().data.unwrap();
    let metric = &data.metrics[0];
    assert!(metric.value.unwrap().is_nan());
    assert_eq!((metric.timestamp, metric.step), (Some(7), Some(-3)));
    assert_eq!(data.params, batch.params);
    assert!(data.tags.contains(&batch.tags[0]));
}

#[test]
fn a_binary_get_may_carry_its_message_in_the_body() {
    let (server, _folder) = server(&[]);
    let message = GetExperiment {
        experiment_id: Some("0".into()),
    };
    let path = "/api/2.0/mlflow/experiments/get";
    let answer = server.send("GET", path, &BOTH, &message.encode_to_vec());
    let found: get_experiment::Response = decoded(&answer);
    assert_eq!(found.experiment.unwrap().name.as_deref(), Some("Default"));
}

#[test]
fn an_error_is_json_whatever_was_sent() {
    let (server, _folder) = server(&[]);
    let message = GetRun {
        run_id: Some("absent".into()),
        ..Default::default()
    };
    let path = "/api/2.0/mlflow/runs/get";
    let answer = server.send("GET", path, &BOTH, &message.encode_to_vec());
    assert_eq!(answer.status, 404);
    assert_eq!(answer.error_code(), "RESOURCE_DOES_NOT_EXIST");
    assert_eq!(answer.header("content-type"), Some("application/json"));
}

#[test]
fn binary_garbage_is_refused_by_every_route() {
    let (server, _folder) = server(&[]);
    // A length beyond the end, a varint without end, a field number of zero, groups in groups,
    // text that is not UTF-8, and JSON.
    let nested = [0x0b_u8; 20_000];
    let garbage: [&[u8]; 7] = [
        b"\x0a\xff\xff\xff\xff\x0f",
        b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\x00\x00",
        b"\x0a\x02\xff\xfe",
        b"\x0a",
        br#"{"name": "json"}"#,
        &nested,
    ];
    for route in JSON.iter() {
        for bytes in garbage {
            let answer = server.send(route.method, &route.path, &BOTH, bytes);
            let what = format!(
                "{} {} {:?}",
                route.method,
                route.path,
                &bytes[..bytes.len().min(8)]
            );
            assert_eq!(answer.status, 400, "{what}: {}", answer.text());
            assert_eq!(answer.error_code(), "INVALID_PARAMETER_VALUE", "{what}");
        }
    }
}
