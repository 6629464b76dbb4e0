//! Whatever comes in is answered, and whatever goes out comes back.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use tidemill_proto::mlflow::*;
use tidemill_proto::{Request, from_json, to_json};

prop_compose! {
    fn metrics()(
        key in option::of(any::<String>()),
        value in option::of(any::<f64>()),
        timestamp in option::of(any::<i64>()),
        step in option::of(any::<i64>()),
        model_id in option::of(".{0,8}"),
    ) -> Metric {
        Metric { key, value, timestamp, step, model_id, ..Default::default() }
    }
}

prop_compose! {
    fn batches()(
        run_id in option::of(any::<String>()),
        metrics in vec(metrics(), 0..4),
        texts in vec((option::of(any::<String>()), option::of(any::<String>())), 0..4),
    ) -> LogBatch {
        let tag = |(key, value): &(Option<String>, Option<String>)| RunTag {
            key: key.clone(),
            value: value.clone(),
        };
        let param = |(key, value): &(Option<String>, Option<String>)| Param {
            key: key.clone(),
            value: value.clone(),
        };
        let params = texts.iter().map(param).collect();
        LogBatch { run_id, metrics, params, tags: texts.iter().map(tag).collect() }
    }
}

/// Bodies that are nearly right, which go deeper than noise does.
fn bodies() -> impl Strategy<Value = String> {
    let token = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"",
        "null",
        "true",
        "1",
        "-1.5",
        "1e999",
        "\"NaN\"",
        "\"run_id\":",
        "\"runId\":",
        "\"metrics\":",
        "\"key\":",
        "\"value\":",
        "\"timestamp\":",
        "\"max_results\":",
        "\"experiment_ids\":",
        "\"status\":",
        "\"a\"",
        "\"\\ud83d\"",
        "\u{e9}",
        "{}",
        "[]",
        " ",
    ]);
    vec(token, 0..24).prop_map(|tokens| tokens.concat())
}

fn is_answered<M: Request>(body: &[u8]) {
    if let Ok(message) = M::from_json(body) {
        assert!(serde_json::from_slice::<serde_json::Value>(&to_json(&message)).is_ok());
    }
    let _ = M::from_protobuf(body);
    let _ = M::from_query(&String::from_utf8_lossy(body));
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(batch in batches()) {
        let json = to_json(&batch);
        prop_assert!(json.is_ascii());
        let read: LogBatch = from_json(&json).unwrap();
        // Not compared as messages, since no NaN equals itself.
        prop_assert_eq!(format!("{read:?}"), format!("{batch:?}"));
    }

    #[test]
    fn other_readers_understand_the_text(text in any::<String>(), number in any::<f64>()) {
        let param = Param { key: Some(text.clone()), value: None };
        let read: serde_json::Value = serde_json::from_slice(&to_json(&param)).unwrap();
        prop_assert_eq!(read["key"].as_str(), Some(text.as_str()));
        let metric = Metric { value: Some(number), ..Default::default() };
        let read: serde_json::Value = serde_json::from_slice(&to_json(&metric)).unwrap();
        if number.is_finite() {
            prop_assert_eq!(read["value"].as_f64(), Some(number));
        }
    }

    #[test]
    fn noise_does_no_harm(body in vec(any::<u8>(), 0..64)) {
        is_answered::<LogBatch>(&body);
        is_answered::<SearchRuns>(&body);
    }

    #[test]
    fn nearly_right_bodies_do_no_harm(body in bodies()) {
        is_answered::<LogBatch>(body.as_bytes());
        is_answered::<SearchRuns>(body.as_bytes());
        is_answered::<UpdateRun>(body.as_bytes());
        is_answered::<LogMetric>(body.as_bytes());
    }

    #[test]
    fn queries_do_no_harm(query in "[a-z_=&+%0-9]{0,40}|max_results=.{0,8}|run_ids=.*&metric_key=.*") {
        is_answered::<SearchRuns>(query.as_bytes());
        is_answered::<GetMetricHistoryBulkInterval>(query.as_bytes());
    }
}
