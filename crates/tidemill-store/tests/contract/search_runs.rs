//! `runs/search` against the filter's own evaluator, on random runs and random filters.
//!
//! Keys and values come from small alphabets, so that runs collide: equal values and start
//! times, prefixes of 120 characters, wildcards and quotes as text, blanks at the end, case.

use std::cmp::Ordering;

use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestCaseError, TestError, TestRunner};
use tidemill_core::experiments::ExperimentId;
use tidemill_core::lifecycle::{LifecycleStage, ViewType};
use tidemill_core::runs::{Run, RunId, RunInfo, RunStatus};
use tidemill_core::tags::Tag;
use tidemill_search::expr::{Comparison, Expr, Number, NumberOp, Test, TextOp};
use tidemill_search::order::OrderBy;
use tidemill_search::runs::{DatasetAttribute, RunAttribute, RunField, RunSort};
use tidemill_store::{RunSearch, Store};
use tidemill_testkit::TestDatabase;

use crate::search_planting::{Numbers, Planter, clear, dataset, metric, param};

const METRICS: [&str; 3] = ["m", "M", "loss x"];
const PARAMS: [&str; 2] = ["p", "q.r"];
const TAGS: [&str; 3] = ["p", "team", "mlflow.runName"];
const UNKNOWN: &str = "unknown";

const NUMBERS: [f64; 9] = [
    -1.0,
    -0.0,
    0.0,
    0.5,
    1.0,
    0.000_976_562_5,
    f64::MAX,
    f64::MIN,
    9_007_199_254_740_993.0,
];

fn texts() -> Vec<String> {
    let long = "x".repeat(119);
    [
        "",
        "a",
        "A",
        "a ",
        "ab",
        "aB",
        "é",
        "É",
        "%",
        "_",
        "a_b",
        "a%b",
        "it's",
        "say \"x\"",
        "\\b",
        "\\%",
        "|",
        "日本",
        "😀",
        "K",
        "[a]",
    ]
    .into_iter()
    .map(str::to_owned)
    .chain([
        format!("{long}é"),
        format!("{long}éa"),
        format!("{long}éb"),
        format!("{long}É"),
    ])
    .collect()
}

fn patterns() -> impl Strategy<Value = String> {
    let pieces = [
        "%", "_", "a", "A", "b", "é", " ", "\\", "|", "x", "'", "\u{212a}",
    ];
    prop_oneof![
        3 => vec(select(pieces.to_vec()), 0..4).prop_map(|pieces| pieces.concat())
            .prop_filter("a backslash would hide the closing quote", |text| !text.ends_with('\\')),
        1 => select(texts()),
    ]
}

fn some_text() -> impl Strategy<Value = String> {
    select(texts())
}

fn some_number() -> impl Strategy<Value = f64> {
    select(NUMBERS.to_vec())
}

// Runs.

prop_compose! {
    fn some_run()(
        place in 0..2usize,
        deleted in prop::bool::weighted(0.2),
        status in select(RunStatus::ALL.to_vec()),
        start_time in select(vec![0i64, 1, 2, i64::MAX, -5]),
        end_time in option::of(select(vec![0i64, 1, 1 << 60])),
        texts in (some_text(), some_text(), some_text()),
        metrics in btree_map(select(METRICS.to_vec()), prop_oneof![5 => some_number(), 1 => Just(f64::NAN)], 0..3),
        params in btree_map(select(PARAMS.to_vec()), some_text(), 0..3),
        tags in btree_map(select(TAGS.to_vec()), some_text(), 0..4),
        datasets in btree_map((select(vec!["a", "d"]), select(vec!["", "1"])), option::of(select(vec!["train", "Train"])), 0..3),
    ) -> Run {
        Run {
            info: RunInfo {
                id: RunId(String::new()),
                experiment_id: ExperimentId(place as i64),
                name: texts.0,
                user_id: texts.1,
                artifact_uri: texts.2,
                status,
                start_time,
                end_time,
                stage: if deleted { LifecycleStage::Deleted } else { LifecycleStage::Active },
            },
            metrics: metrics.into_iter().map(|(key, value)| metric(key, value)).collect(),
            params: params.into_iter().map(|(key, value)| param(key, &value)).collect(),
            tags: tags.into_iter().map(|(key, value)| Tag::new(key, value)).collect(),
            dataset_inputs: datasets
                .into_iter()
                .map(|((name, digest), context)| dataset(name, digest, context))
                .collect(),
            model_inputs: Vec::new(),
            model_outputs: Vec::new(),
        }
    }
}

// Filters.

fn number_ops() -> impl Strategy<Value = NumberOp> {
    use NumberOp::{Eq, Ge, Gt, Le, Lt, Ne};
    select(vec![Eq, Ne, Lt, Le, Gt, Ge])
}

fn null_tests() -> impl Strategy<Value = Test> {
    select(vec![Test::IsNull, Test::IsNotNull])
}

fn metric_tests() -> impl Strategy<Value = Test> {
    let number = || some_number().prop_map(Number::Float);
    prop_oneof![
        6 => (number_ops(), number()).prop_map(|(op, number)| Test::Number(op, number)),
        1 => (number(), number()).prop_map(|(low, high)| Test::Between(low, high)),
        1 => null_tests(),
    ]
}

fn time_tests() -> impl Strategy<Value = Test> {
    let number = || {
        prop_oneof![
            select(vec![0i64, 1, 2, -5, i64::MAX, 1 << 60]).prop_map(Number::Int),
            select(vec![0.5, 1.0, -4.5, 1e300, -1e300]).prop_map(Number::Float),
        ]
    };
    prop_oneof![
        6 => (number_ops(), number()).prop_map(|(op, number)| Test::Number(op, number)),
        1 => (number(), number()).prop_map(|(low, high)| Test::Between(low, high)),
        1 => null_tests(),
    ]
}

fn text_tests(
    values: impl Strategy<Value = String> + Clone + 'static,
) -> impl Strategy<Value = Test> {
    prop_oneof![
        3 => (select(vec![TextOp::Eq, TextOp::Ne]), values.clone())
            .prop_map(|(op, value)| Test::Text(op, value)),
        3 => (select(vec![TextOp::Like, TextOp::ILike]), patterns())
            .prop_map(|(op, pattern)| Test::Text(op, pattern)),
        1 => vec(values.clone(), 1..4).prop_map(Test::In),
        1 => vec(values, 1..4).prop_map(Test::NotIn),
        1 => null_tests(),
    ]
}

/// Attributes but the run's id know no lists.
fn attribute_tests(
    values: impl Strategy<Value = String> + Clone + 'static,
) -> impl Strategy<Value = Test> {
    text_tests(values).prop_filter("no list", |test| {
        !matches!(test, Test::In(_) | Test::NotIn(_))
    })
}

fn key_of(known: &[&'static str]) -> impl Strategy<Value = String> + use<> {
    let mut keys: Vec<String> = known.iter().map(|key| (*key).to_owned()).collect();
    keys.push(UNKNOWN.to_owned());
    select(keys)
}

fn comparisons() -> impl Strategy<Value = Comparison<RunField>> {
    let texts = || select(texts());
    let words = |words: [&str; 4]| select(words.map(str::to_owned).to_vec());
    let text_attributes = select(vec![
        RunAttribute::RunName,
        RunAttribute::ArtifactUri,
        RunAttribute::UserId,
    ]);
    let times = select(vec![RunAttribute::StartTime, RunAttribute::EndTime]);
    let datasets = select(vec![
        DatasetAttribute::Name,
        DatasetAttribute::Digest,
        DatasetAttribute::Context,
    ]);
    prop_oneof![
        4 => (key_of(&METRICS).prop_map(RunField::Metric), metric_tests()),
        3 => (key_of(&PARAMS).prop_map(RunField::Param), text_tests(texts())),
        3 => (key_of(&TAGS).prop_map(RunField::Tag), text_tests(texts())),
        2 => (text_attributes.prop_map(RunField::Attribute), attribute_tests(texts())),
        1 => (times.prop_map(RunField::Attribute), time_tests()),
        1 => (Just(RunField::Attribute(RunAttribute::Status)),
              attribute_tests(words(["FINISHED", "RUNNING", "FAILED", "finished"]))),
        1 => (Just(RunField::Attribute(RunAttribute::RunId)),
              text_tests(words(["r0003", "r0010", "r0017", "R0003"]))),
        1 => (datasets.prop_map(RunField::Dataset), text_tests(words(["a", "d", "1", "train"]))),
    ]
    .prop_map(|(field, test)| Comparison { field, test })
}

fn filters() -> impl Strategy<Value = Expr<RunField>> {
    let leaf = comparisons().prop_map(Expr::Compare);
    let tree = leaf.prop_recursive(3, 10, 3, |inner| {
        prop_oneof![
            3 => vec(inner.clone(), 1..4).prop_map(Expr::All),
            2 => vec(inner.clone(), 1..4).prop_map(Expr::Any),
            1 => inner.prop_map(|inner| Expr::Not(Box::new(inner))),
        ]
    });
    prop_oneof![1 => Just(Expr::All(Vec::new())), 5 => tree]
}

fn orders() -> impl Strategy<Value = Vec<OrderBy<RunSort>>> {
    let attributes = select(vec![
        RunAttribute::RunId,
        RunAttribute::RunName,
        RunAttribute::Status,
        RunAttribute::ArtifactUri,
        RunAttribute::UserId,
        RunAttribute::StartTime,
        RunAttribute::EndTime,
    ]);
    let sort = prop_oneof![
        4 => key_of(&METRICS).prop_map(RunSort::Metric),
        2 => key_of(&PARAMS).prop_map(RunSort::Param),
        2 => key_of(&TAGS).prop_map(RunSort::Tag),
        2 => attributes.prop_map(RunSort::Attribute),
    ];
    let by = (sort, any::<bool>()).prop_map(|(field, ascending)| OrderBy { field, ascending });
    vec(by, 0..3).prop_filter("fields are distinct", |order| {
        order
            .iter()
            .enumerate()
            .all(|(n, by)| order[..n].iter().all(|other| other.field != by.field))
    })
}

#[derive(Debug, Clone)]
struct Question {
    filter: Expr<RunField>,
    order: Vec<OrderBy<RunSort>>,
    view: ViewType,
    both: bool,
    page: i64,
}

prop_compose! {
    fn questions()(
        filter in filters(),
        order in orders(),
        view in select(vec![ViewType::ActiveOnly, ViewType::DeletedOnly, ViewType::All]),
        both in any::<bool>(),
        page in 1..6i64,
    ) -> Question {
        Question { filter, order, view, both, page }
    }
}

// The question as text.

fn quoted(text: &str) -> String {
    match text.contains('\'') {
        true => format!("\"{text}\""),
        false => format!("'{text}'"),
    }
}

/// Lists are Python's, and so are the escapes in them.
fn list(values: &[String]) -> String {
    let values: Vec<String> = values
        .iter()
        .map(|value| quoted(&value.replace('\\', "\\\\")))
        .collect();
    format!("({})", values.join(", "))
}

fn field_text(field: &RunField) -> String {
    match field {
        RunField::Metric(key) => format!("metrics.`{key}`"),
        RunField::Param(key) => format!("params.`{key}`"),
        RunField::Tag(key) => format!("tags.`{key}`"),
        RunField::Attribute(attribute) => format!("attributes.{}", attribute_text(*attribute)),
        RunField::Dataset(DatasetAttribute::Name) => String::from("datasets.name"),
        RunField::Dataset(DatasetAttribute::Digest) => String::from("datasets.digest"),
        RunField::Dataset(DatasetAttribute::Context) => String::from("datasets.context"),
    }
}

fn attribute_text(attribute: RunAttribute) -> &'static str {
    match attribute {
        RunAttribute::RunId => "run_id",
        RunAttribute::RunName => "run_name",
        RunAttribute::Status => "status",
        RunAttribute::ArtifactUri => "artifact_uri",
        RunAttribute::UserId => "user_id",
        RunAttribute::StartTime => "start_time",
        RunAttribute::EndTime => "end_time",
    }
}

fn number_text(number: &Number) -> String {
    match number {
        Number::Int(number) => number.to_string(),
        Number::Float(number) => format!("{number:?}"),
    }
}

fn op_text(op: NumberOp) -> &'static str {
    match op {
        NumberOp::Eq => "=",
        NumberOp::Ne => "!=",
        NumberOp::Lt => "<",
        NumberOp::Le => "<=",
        NumberOp::Gt => ">",
        NumberOp::Ge => ">=",
    }
}

fn test_text(test: &Test) -> String {
    match test {
        Test::Number(op, number) => format!("{} {}", op_text(*op), number_text(number)),
        Test::Between(low, high) => {
            format!("BETWEEN {} AND {}", number_text(low), number_text(high))
        }
        Test::Text(TextOp::Eq, text) => format!("= {}", quoted(text)),
        Test::Text(TextOp::Ne, text) => format!("!= {}", quoted(text)),
        Test::Text(TextOp::Like, text) => format!("LIKE {}", quoted(text)),
        Test::Text(TextOp::ILike, text) => format!("ILIKE {}", quoted(text)),
        Test::In(values) => format!("IN {}", list(values)),
        Test::NotIn(values) => format!("NOT IN {}", list(values)),
        Test::IsNull => String::from("IS NULL"),
        Test::IsNotNull => String::from("IS NOT NULL"),
    }
}

fn filter_text(filter: &Expr<RunField>) -> String {
    let joined = |parts: &[Expr<RunField>], word: &str| {
        let parts: Vec<String> = parts.iter().map(filter_text).collect();
        format!("({})", parts.join(word))
    };
    match filter {
        Expr::All(parts) if parts.is_empty() => String::new(),
        Expr::All(parts) => joined(parts, " AND "),
        Expr::Any(parts) => joined(parts, " OR "),
        Expr::Not(inner) => format!("NOT ({})", filter_text(inner)),
        Expr::Compare(comparison) => {
            format!(
                "{} {}",
                field_text(&comparison.field),
                test_text(&comparison.test)
            )
        }
    }
}

fn order_text(order: &[OrderBy<RunSort>]) -> Vec<String> {
    let word = |by: &OrderBy<RunSort>| match &by.field {
        RunSort::Metric(key) => format!("metrics.`{key}`"),
        RunSort::Param(key) => format!("params.`{key}`"),
        RunSort::Tag(key) => format!("tags.`{key}`"),
        RunSort::Attribute(attribute) => format!("attributes.{}", attribute_text(*attribute)),
    };
    order
        .iter()
        .map(|by| format!("{} {}", word(by), if by.ascending { "ASC" } else { "DESC" }))
        .collect()
}

// The expected order.

#[derive(Debug, Clone, PartialEq, PartialOrd)]
enum Value {
    Int(i64),
    Float(f64),
    Text(String),
}

/// Values before NaN before nothing, in both directions.
fn sort_value(run: &Run, sort: &RunSort) -> (u8, Option<Value>) {
    let present = |value: Option<Value>| (if value.is_some() { 0 } else { 2 }, value);
    let tag = |key: &str| {
        run.tags
            .iter()
            .find(|tag| tag.key == key)
            .map(|tag| Value::Text(tag.value.clone()))
    };
    let info = &run.info;
    match sort {
        RunSort::Metric(key) => match run.metrics.iter().find(|metric| metric.key == *key) {
            Some(metric) if metric.value.is_nan() => (1, None),
            metric => present(metric.map(|metric| Value::Float(metric.value))),
        },
        RunSort::Param(key) => present(
            run.params
                .iter()
                .find(|param| param.key == *key)
                .map(|param| Value::Text(param.value.clone())),
        ),
        RunSort::Tag(key) => present(tag(key)),
        RunSort::Attribute(attribute) => present(match attribute {
            RunAttribute::RunId => Some(Value::Text(info.id.0.clone())),
            RunAttribute::RunName => Some(Value::Text(info.name.clone())),
            RunAttribute::Status => Some(Value::Text(info.status.as_str().to_owned())),
            RunAttribute::ArtifactUri => Some(Value::Text(info.artifact_uri.clone())),
            RunAttribute::UserId => Some(Value::Text(info.user_id.clone())),
            RunAttribute::StartTime => Some(Value::Int(info.start_time)),
            RunAttribute::EndTime => info.end_time.map(Value::Int),
        }),
    }
}

fn compare(a: &Run, b: &Run, order: &[OrderBy<RunSort>]) -> Ordering {
    for by in order {
        let (a, b) = (sort_value(a, &by.field), sort_value(b, &by.field));
        let values = a.1.partial_cmp(&b.1).unwrap_or(Ordering::Equal);
        let values = if by.ascending {
            values
        } else {
            values.reverse()
        };
        let decided = a.0.cmp(&b.0).then(values);
        if decided.is_ne() {
            return decided;
        }
    }
    b.info
        .start_time
        .cmp(&a.info.start_time)
        .then_with(|| a.info.id.cmp(&b.info.id))
}

fn expected(runs: &[Run], question: &Question, experiments: &[ExperimentId]) -> Vec<String> {
    let mut found: Vec<&Run> = runs
        .iter()
        .filter(|run| experiments.contains(&run.info.experiment_id))
        .filter(|run| question.view.shows(run.info.stage))
        .filter(|run| question.filter.matches(*run))
        .collect();
    found.sort_by(|a, b| compare(a, b, &question.order));
    found.into_iter().map(|run| run.info.id.0.clone()).collect()
}

// The property.

fn plant(
    planter: &mut Planter,
    numbers: &mut Numbers,
    mut runs: Vec<Run>,
) -> (Vec<ExperimentId>, Vec<Run>) {
    let mut script = clear();
    let experiments = vec![
        numbers.plant_experiment(&mut script),
        numbers.plant_experiment(&mut script),
    ];
    for (number, run) in runs.iter_mut().enumerate() {
        // Ids in another order than the rows'; those that filters name come in most cases.
        run.info.experiment_id = experiments[run.info.experiment_id.0 as usize];
        run.info.id = RunId(format!("r{:04}", (number * 7 + 3) % 1009));
        numbers.plant_run(&mut script, run);
    }
    planter.execute(&script);
    (experiments, runs)
}

fn ask(
    question: &Question,
    experiments: &[ExperimentId],
    page: i64,
    token: Option<String>,
) -> RunSearch {
    RunSearch {
        experiments: experiments.to_vec(),
        filter: filter_text(&question.filter),
        order_by: order_text(&question.order),
        view: question.view,
        max_results: page,
        page_token: token,
    }
}

async fn answers(
    store: &Store,
    question: &Question,
    experiments: &[ExperimentId],
) -> (Vec<String>, Vec<String>) {
    let id = |run: Run| run.info.id.0;
    let whole = store
        .search_runs(ask(question, experiments, 50_000, None))
        .await
        .unwrap();
    assert_eq!(whole.next_page_token, None);
    let mut paged = Vec::new();
    let mut token = None;
    loop {
        let page = store
            .search_runs(ask(question, experiments, question.page, token))
            .await
            .unwrap();
        assert!(page.items.len() as i64 <= question.page);
        assert!(page.next_page_token.is_none() || page.items.len() as i64 == question.page);
        paged.extend(page.items.into_iter().map(id));
        token = page.next_page_token;
        if token.is_none() {
            break;
        }
    }
    (whole.items.into_iter().map(id).collect(), paged)
}

fn the_database_finds_what_the_filter_matches(database: Option<TestDatabase>) {
    let Some(database) = database else { return };
    let store = database.open();
    let mut planter = Planter::new(database.url());
    let mut numbers = Numbers::default();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let cases = std::env::var("PROPTEST_CASES")
        .ok()
        .and_then(|cases| cases.parse().ok())
        .unwrap_or(24);
    let mut runner = TestRunner::new(Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    });
    let strategy = (vec(some_run(), 0..30), vec(questions(), 20));
    let cell = std::cell::RefCell::new((&mut planter, &mut numbers));
    let outcome = runner.run(&strategy, |(runs, questions)| {
        let (planter, numbers) = &mut *cell.borrow_mut();
        let (experiments, runs) = plant(planter, numbers, runs);
        for question in questions {
            let asked = if question.both {
                &experiments[..]
            } else {
                &experiments[..1]
            };
            let (whole, paged) = runtime.block_on(answers(&store, &question, asked));
            let expected = expected(&runs, &question, asked);
            let context = format!(
                "{} by {:?}",
                filter_text(&question.filter),
                order_text(&question.order)
            );
            if whole != expected || paged != expected {
                return Err(TestCaseError::fail(format!(
                    "{context}\nexpected {expected:?}\n   whole {whole:?}\n   paged {paged:?}"
                )));
            }
        }
        Ok(())
    });
    match outcome {
        Ok(()) => {}
        Err(TestError::Fail(reason, (runs, _))) => panic!("{reason}\namong {runs:#?}"),
        Err(TestError::Abort(reason)) => panic!("{reason}"),
    }
}

mod the_database_finds_what_the_filter_matches {
    use tidemill_testkit::TestDatabase;

    #[test]
    fn sqlite() {
        super::the_database_finds_what_the_filter_matches(Some(TestDatabase::sqlite()));
    }

    #[cfg(feature = "postgres")]
    #[test]
    fn postgres() {
        super::the_database_finds_what_the_filter_matches(TestDatabase::postgres());
    }

    #[cfg(feature = "mysql")]
    #[test]
    fn mysql() {
        super::the_database_finds_what_the_filter_matches(TestDatabase::mysql());
    }
}
