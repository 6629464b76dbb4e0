//! What is accepted, and what it is taken for.

use tidemill_proto::mlflow::*;
use tidemill_proto::{DecodeError, Request, to_json};

fn json<M: Request>(body: &str) -> Result<M, DecodeError> {
    M::from_json(body.as_bytes())
}

fn refusal<M: Request + std::fmt::Debug>(body: &str) -> String {
    match json::<M>(body) {
        Ok(message) => panic!("{body} was taken for {message:?}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn an_empty_body_and_null_are_an_empty_object() {
    for body in ["", " \n", "{}", " null "] {
        assert_eq!(json(body), Ok(SearchRuns::default()), "{body:?}");
    }
}

#[test]
fn json_inside_a_json_string_is_decoded_once() {
    let run = json::<GetRun>(r#""{\"run_id\":\"a\"}""#).unwrap();
    assert_eq!(run.run_id(), "a");
    assert!(json::<GetRun>(r#""\"{}\"""#).is_err());
    assert!(json::<SearchRuns>(r#""plain""#).is_err());
}

#[test]
fn what_is_not_an_object_is_refused() {
    for body in ["[]", "5", "true", "[{}]"] {
        let text = refusal::<SearchRuns>(body);
        assert!(text.starts_with("Invalid request body: "), "{text}");
    }
}

#[test]
fn malformed_json_is_refused() {
    let bodies: [&[u8]; 10] = [
        b"{",
        b"{}{}",
        b"{} x",
        br#"{"value":NaN}"#,
        br#"{"value":-Infinity}"#,
        br#"{"max_results":1,}"#,
        br#"{"filter":"\ud800"}"#,
        br#"{"other":"\ud800"}"#,
        b"{\"filter\":\"\xff\"}",
        b"{\"other\":[1e400]}",
    ];
    for body in bodies {
        let body_text = String::from_utf8_lossy(body);
        assert!(SearchRuns::from_json(body).is_err(), "{body_text}");
    }
    let text = refusal::<SearchRuns>(r#"{"a" 1}"#);
    assert!(
        text.starts_with("Malformed JSON in the request body: "),
        "{text}"
    );
}

#[test]
fn deep_nesting_is_refused_also_in_unknown_fields() {
    for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
        for depth in [200, 100_000] {
            let body = format!(
                r#"{{"other":{}1{}}}"#,
                open.repeat(depth),
                close.repeat(depth)
            );
            assert!(json::<SearchRuns>(&body).is_err(), "{open} {depth}");
            let body = format!(
                r#"{{"filter":{}1{}}}"#,
                open.repeat(depth),
                close.repeat(depth)
            );
            assert!(json::<SearchRuns>(&body).is_err(), "{open} {depth}");
        }
    }
    assert!(
        json::<SearchRuns>(&format!(r#"{{"x":{}{}}}"#, "[".repeat(90), "]".repeat(90))).is_ok()
    );
}

#[test]
fn unknown_fields_are_ignored_at_any_depth() {
    let body = r#"{"x":{"run_id":[1,{"y":"\u00e9"}]},"run_id":"a","metrics":
        [{"key":"k","value":1,"timestamp":2,"color":null}]}"#;
    let batch = json::<LogBatch>(body).unwrap();
    assert_eq!((batch.run_id(), batch.metrics[0].key()), ("a", "k"));
}

#[test]
fn optional_fields_may_be_in_camel_case() {
    let request = json::<SearchRuns>(r#"{"experimentIds":["0"],"maxResults":3}"#).unwrap();
    assert_eq!(
        (request.experiment_ids.len(), request.max_results()),
        (1, 3)
    );
    let body = r#"{"run_id":"a","models":[{"modelId":"m-1"}]}"#;
    assert_eq!(
        json::<LogOutputs>(body).unwrap().models[0].model_id(),
        "m-1"
    );
}

#[test]
fn two_spellings_of_one_field_are_refused() {
    let text = "Request specifies both 'max_results' and 'maxResults'; provide only one of them.";
    assert_eq!(
        refusal::<SearchRuns>(r#"{"max_results":1,"maxResults":1}"#),
        text
    );
    let text = "Request specifies both 'model_id' and 'modelId'; provide only one of them.";
    let nested = r#"{"run_id":"a","models":[{"modelId":"m","model_id":"n"}]}"#;
    assert_eq!(refusal::<LogOutputs>(nested), text);
    let text = "Request specifies both 'run_id' and 'runId'; provide only one of them.";
    assert_eq!(refusal::<GetRun>(r#"{"runId":"b","run_id":"a"}"#), text);
}

#[test]
fn a_key_that_comes_twice_is_refused() {
    let text = refusal::<SearchRuns>(r#"{"filter":"a","filter":"b"}"#);
    assert!(
        text.contains("field 'filter': the same key twice"),
        "{text}"
    );
}

#[test]
fn null_is_absent() {
    let request = json::<SearchRuns>(r#"{"filter":null,"max_results":null,"order_by":null}"#);
    assert_eq!(request, Ok(SearchRuns::default()));
    assert!(json::<SearchRuns>(r#"{"order_by":[null]}"#).is_err());
}

#[test]
fn integers_come_in_many_forms() {
    let step = |text: &str| {
        let body = format!(r#"{{"run_id":"a","key":"k","value":1,"timestamp":{text}}}"#);
        json::<LogMetric>(&body).map(|metric| metric.timestamp())
    };
    for (text, expected) in [
        ("5", 5),
        ("-5", -5),
        (r#""5""#, 5),
        ("3.0", 3),
        ("1.7e12", 1_700_000_000_000),
        (r#""3.0""#, 3),
        ("9223372036854775807", i64::MAX),
        ("-9223372036854775808", i64::MIN),
        ("9007199254740993", 9_007_199_254_740_993),
    ] {
        assert_eq!(step(text), Ok(expected), "{text}");
    }
    for text in [
        "1.5",
        "9223372036854775808",
        "1e19",
        "true",
        r#"" 5""#,
        r#""""#,
        "[]",
        "{}",
    ] {
        assert!(step(text).is_err(), "{text}");
    }
}

#[test]
fn int32_does_not_wrap() {
    assert!(json::<SearchRuns>(r#"{"max_results":4294967297}"#).is_err());
    assert!(json::<SearchRuns>(r#"{"max_results":"4294967297"}"#).is_err());
    assert!(json::<SearchRuns>(r#"{"max_results":4e9}"#).is_err());
}

#[test]
fn doubles_come_in_many_forms() {
    let value = |text: &str| {
        let body = format!(r#"{{"run_id":"a","key":"k","timestamp":1,"value":{text}}}"#);
        json::<LogMetric>(&body).map(|metric| metric.value().to_string())
    };
    for (text, expected) in [
        ("0.1", "0.1"),
        ("3", "3"),
        ("true", "1"),
        (r#""1.5""#, "1.5"),
        (r#""NaN""#, "NaN"),
        (r#""Infinity""#, "inf"),
        (r#""-Infinity""#, "-inf"),
        ("18446744073709551616", "18446744073709552000"),
    ] {
        assert_eq!(value(text), Ok(expected.to_string()), "{text}");
    }
    for text in [r#""nan""#, r#""abc""#, "[1]", "1e400"] {
        assert!(value(text).is_err(), "{text}");
    }
}

#[test]
fn enums_are_names_or_numbers() {
    let view = |text: &str| {
        let request = json::<SearchRuns>(&format!(r#"{{"run_view_type":{text}}}"#));
        request.map(|request| request.run_view_type)
    };
    for text in [r#""ALL""#, "3", r#""3""#, "3.0"] {
        assert_eq!(view(text), Ok(Some(ViewType::All.into())), "{text}");
    }
    assert_eq!(view(r#""all""#), Ok(None));
    assert!(view("99").is_err());
    assert!(view("true").is_err());
    assert_eq!(SearchRuns::default().run_view_type(), ViewType::ActiveOnly);
}

#[test]
fn a_wrong_type_that_mlflow_does_not_check_is_refused_with_its_place() {
    let body = r#"{"run_id":"a","metrics":[{"key":"k","value":1,"timestamp":1,"step":"x"}]}"#;
    let text = refusal::<LogBatch>(body);
    let expected = "Invalid request body: field 'metrics': item 0: field 'step': expected an \
                    integer of 64 bits, got a string at line 1 column";
    assert!(text.starts_with(expected), "{text}");
}

#[test]
fn a_refusal_does_not_echo_a_whole_body() {
    let long = "x".repeat(1 << 20);
    let bodies = [
        format!(r#"{{"run_id":"a","metrics":["{long}"]}}"#),
        format!(r#"{{"run_id":"a","metrics":"{long}"}}"#),
        format!(r#"{{"run_id":["{long}"]}}"#),
    ];
    for body in bodies {
        let text = refusal::<LogBatch>(&body);
        assert!(text.len() < 2000, "{}", text.len());
    }
}

#[test]
fn an_empty_list_is_enough_for_a_required_one() {
    assert!(json::<LogOutputs>(r#"{"run_id":"a","models":[]}"#).is_ok());
    assert!(json::<LogOutputs>(r#"{"run_id":"a","models":null}"#).is_err());
}

#[test]
fn run_uuid_stands_in_for_run_id_where_the_message_has_it() {
    let run = json::<GetRun>(r#"{"run_uuid":"a"}"#).unwrap();
    assert_eq!((run.run_id(), run.run_uuid()), ("", "a"));
    assert!(json::<DeleteTag>(r#"{"run_uuid":"a","key":"k"}"#).is_err());
}

#[test]
fn a_body_repeats_what_the_path_says_where_it_must_and_says_nothing_else() {
    let path = [("model_id", "m-1")];
    let with = |body: &str| FinalizeLoggedModel::from_json_with(body.as_bytes(), &path);
    let finalized = with(r#"{"model_id":"m-1","status":"LOGGED_MODEL_READY"}"#).unwrap();
    assert_eq!(finalized.model_id(), "m-1");
    assert!(with(r#"{"model_id":"m-2","status":"LOGGED_MODEL_READY"}"#).is_err());
    assert!(with(r#"{"status":"LOGGED_MODEL_READY"}"#).is_err());
    let tags = SetLoggedModelTags::from_json_with(b"{}", &path).unwrap();
    assert_eq!(tags.model_id(), "m-1");
    let listed = ListLoggedModelArtifacts::from_query_with("page_token=t", &path).unwrap();
    assert_eq!((listed.model_id(), listed.page_token()), ("m-1", "t"));
}

#[test]
fn a_part_of_the_path_that_is_no_field_is_left_to_the_handler() {
    let path = [("folder", "1/run/artifacts")];
    assert!(SetLoggedModelTags::from_json_with(b"{}", &path).is_ok());
}

#[test]
fn queries_follow_their_own_rules() {
    let request = SearchExperiments::from_query(
        "max_results=5&max_results=6&order_by=name&order_by=a,b&view_type=ALL&x=1&pageToken=t",
    )
    .unwrap();
    assert_eq!(request.max_results(), 5);
    assert_eq!(request.order_by, ["name", "a,b"]);
    assert_eq!(request.view_type(), ViewType::All);
    assert_eq!(request.page_token, None);
    for (query, expected) in [
        ("view_type=3", Some(3)),
        ("view_type=all", None),
        ("view_type=99", None),
    ] {
        let request = SearchExperiments::from_query(query).unwrap();
        assert_eq!(request.view_type, expected, "{query}");
    }
    assert!(SearchExperiments::from_query("max_results=5.0").is_err());
    assert!(SearchExperiments::from_query("filter=%ff").is_err());
    let filtered = SearchExperiments::from_query("filter=name+%3D+%27a%2Bb%27").unwrap();
    assert_eq!(filtered.filter(), "name = 'a+b'");
}

#[test]
fn booleans_in_queries_may_be_in_any_case() {
    let staged = |value| {
        let query = format!("name=a&version=1&stage=None&archive_existing_versions={value}");
        TransitionModelVersionStage::from_query(&query)
    };
    assert!(staged("TRUE").unwrap().archive_existing_versions());
    assert!(!staged("False").unwrap().archive_existing_versions());
    let text = staged("yes").unwrap_err().to_string();
    assert_eq!(
        text,
        "Invalid boolean value: yes, must be 'true' or 'false'."
    );
}

#[test]
fn a_field_is_written_if_it_is_set_even_to_nothing() {
    let run = Run {
        info: Some(RunInfo {
            user_id: Some(String::new()),
            start_time: Some(0),
            ..Default::default()
        }),
        inputs: Some(RunInputs::default()),
        ..Default::default()
    };
    let expected = br#"{"info":{"user_id":"","start_time":0},"inputs":{}}"#;
    assert_eq!(to_json(&run), expected);
}
