//! Laws that hold for every filter: printing and parsing, matching, and bounded effort.

use std::time::{Duration, Instant};

use proptest::prelude::*;
use tidemill_search::document::{Document, Value};
use tidemill_search::expr::{Comparison, Expr, Number, NumberOp, Test, TextOp};
use tidemill_search::limits::{MAX_COMPARISONS, MAX_DEPTH, MAX_LIST_VALUES, MAX_PATTERN_CHARS};
use tidemill_search::logged_models::{LoggedModelAttribute, LoggedModelField};
use tidemill_search::runs::{DatasetAttribute, RunAttribute, RunField};
use tidemill_search::{experiments, logged_models, model_versions, registered_models, runs};

/// Texts that can be written: without double quotes and a backslash at the end.
fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-c%_]{0,4}", "[^\"\\\\\0]{0,8}", Just("it's".to_owned())]
}

fn key() -> impl Strategy<Value = String> {
    prop_oneof!["[a-c]", "[^\"`\\\\\0]{1,8}"]
}

fn number() -> impl Strategy<Value = Number> {
    prop_oneof![
        (-2..3_i64).prop_map(Number::Int),
        any::<i64>().prop_map(Number::Int),
        double()
    ]
}

fn double() -> impl Strategy<Value = Number> {
    prop_oneof![(-2..3_i8).prop_map(f64::from), proptest::num::f64::NORMAL].prop_map(Number::Float)
}

fn number_op() -> impl Strategy<Value = NumberOp> {
    use NumberOp::*;
    proptest::sample::select(vec![Eq, Ne, Lt, Le, Gt, Ge])
}

fn text_op() -> impl Strategy<Value = TextOp> {
    use TextOp::*;
    proptest::sample::select(vec![Eq, Ne, Like, ILike])
}

fn number_test(number: impl Strategy<Value = Number> + Clone) -> impl Strategy<Value = Test> {
    prop_oneof![
        (number_op(), number.clone()).prop_map(|(operator, number)| Test::Number(operator, number)),
        (number.clone(), number).prop_map(|(low, high)| Test::Between(low, high)),
        Just(Test::IsNull),
        Just(Test::IsNotNull),
    ]
}

fn text_test(text: impl Strategy<Value = String>) -> impl Strategy<Value = Test> {
    let listed = || proptest::collection::vec("[^\0]{0,6}", 1..4);
    prop_oneof![
        (text_op(), text).prop_map(|(operator, text)| Test::Text(operator, text)),
        listed().prop_map(Test::In),
        listed().prop_map(Test::NotIn),
        Just(Test::IsNull),
        Just(Test::IsNotNull),
    ]
}

fn run_comparison() -> impl Strategy<Value = Comparison<RunField>> {
    let double = || double().boxed();
    prop_oneof![
        (key().prop_map(RunField::Metric), number_test(double())),
        (key().prop_map(RunField::Param), text_test(text())),
        (key().prop_map(RunField::Tag), text_test(text())),
        (
            Just(RunField::Attribute(RunAttribute::EndTime)),
            number_test(number().boxed())
        ),
        (
            Just(RunField::Attribute(RunAttribute::RunId)),
            text_test(text())
        ),
        (
            Just(RunField::Dataset(DatasetAttribute::Name)),
            text_test(text())
        ),
    ]
    .prop_map(|(field, test)| Comparison { field, test })
}

fn logged_model_comparison() -> impl Strategy<Value = Comparison<LoggedModelField>> {
    // This parser has no double quotes, and takes all single quotes off both ends.
    let text = || "[^'\"\\\\\0]{0,8}";
    prop_oneof![
        (
            key().prop_map(LoggedModelField::Metric),
            number_test(double().boxed())
        ),
        (key().prop_map(LoggedModelField::Param), text_test(text())),
        (
            Just(LoggedModelField::Attribute(LoggedModelAttribute::Name)),
            text_test(text())
        ),
    ]
    .prop_map(|(field, test)| Comparison { field, test })
}

/// Trees as the parser makes them: nothing that joins fewer than two parts.
fn tree<F: std::fmt::Debug + Clone + 'static>(
    leaf: impl Strategy<Value = Comparison<F>> + 'static,
) -> impl Strategy<Value = Expr<F>> {
    leaf.prop_map(Expr::Compare)
        .prop_recursive(4, 24, 4, |part| {
            prop_oneof![
                proptest::collection::vec(part.clone(), 2..4).prop_map(Expr::All),
                proptest::collection::vec(part.clone(), 2..4).prop_map(Expr::Any),
                part.prop_map(|part| Expr::Not(Box::new(part))),
            ]
        })
}

/// A run of which only some fields matter; also none of them, or several values of one.
#[derive(Debug, Clone)]
struct Sample {
    text: Option<String>,
    number: Option<f64>,
    datasets: Vec<String>,
}

impl Document<RunField> for Sample {
    fn values(&self, field: &RunField) -> Vec<Value<'_>> {
        match field {
            RunField::Metric(_) => self.number.map(Value::Float).into_iter().collect(),
            RunField::Attribute(RunAttribute::EndTime) => self
                .number
                .map(|number| Value::Int(number as i64))
                .into_iter()
                .collect(),
            RunField::Dataset(_) => self
                .datasets
                .iter()
                .map(|name| Value::from(name.as_str()))
                .collect(),
            _ => self.text.as_deref().map(Value::from).into_iter().collect(),
        }
    }
}

fn sample() -> impl Strategy<Value = Sample> {
    let number = prop_oneof![Just(f64::NAN), (-2..3_i8).prop_map(f64::from)];
    let datasets = proptest::collection::vec("[a-c]{0,2}", 0..3);
    (
        proptest::option::of(text()),
        proptest::option::of(number),
        datasets,
    )
        .prop_map(|(text, number, datasets)| Sample {
            text,
            number,
            datasets,
        })
}

proptest! {
    #[test]
    fn a_printed_filter_parses_to_the_same_tree(tree in tree(run_comparison())) {
        let text = tree.to_string();
        prop_assert_eq!(runs::parse_filter(&text).map_err(|e| e.to_string()), Ok(tree), "{}", text);
    }

    #[test]
    fn a_printed_logged_model_filter_parses_to_the_same_tree(tree in tree(logged_model_comparison())) {
        let text = tree.to_string();
        let parsed = logged_models::parse_filter(&text).map_err(|e| e.to_string());
        prop_assert_eq!(parsed, Ok(tree), "{}", text);
    }

    #[test]
    fn not_is_true_where_the_condition_is_false(tree in tree(run_comparison()), run in sample()) {
        let not = Expr::Not(Box::new(tree.clone()));
        prop_assert_ne!(not.matches(&run), tree.matches(&run));
    }

    #[test]
    fn not_swaps_and_with_or(a in tree(run_comparison()), b in tree(run_comparison()), run in sample()) {
        let not = |tree: &Expr<RunField>| Expr::Not(Box::new(tree.clone()));
        let not_both = not(&Expr::All(vec![a.clone(), b.clone()]));
        let one_not = Expr::Any(vec![not(&a), not(&b)]);
        prop_assert_eq!(not_both.matches(&run), one_not.matches(&run));
    }

    #[test]
    fn only_is_null_holds_for_what_is_missing(comparison in run_comparison()) {
        let nothing = Sample { text: None, number: None, datasets: Vec::new() };
        let is_null = comparison.test == Test::IsNull;
        prop_assert_eq!(Expr::Compare(comparison).matches(&nothing), is_null);
    }

    #[test]
    fn no_text_makes_a_parser_panic(text in hostile()) {
        let _ = runs::parse_filter(&text);
        let _ = experiments::parse_filter(&text);
        let _ = logged_models::parse_filter(&text);
        let _ = registered_models::parse_filter(&text);
        let _ = model_versions::parse_filter(&text);
        let clauses = [text];
        let _ = runs::parse_order_by(&clauses);
        let _ = experiments::parse_order_by(&clauses);
        let _ = registered_models::parse_order_by(&clauses);
        let _ = model_versions::parse_order_by(&clauses);
    }
}

/// Any text, and texts made of pieces that mean something.
fn hostile() -> impl Strategy<Value = String> {
    let pieces = vec![
        "tags.",
        "metrics.",
        "name",
        "a",
        "`",
        "\"",
        "'",
        "''",
        "\\",
        "\\'",
        "(",
        ")",
        ",",
        ".",
        "=",
        "!=",
        ">",
        " AND ",
        " OR ",
        " NOT ",
        " IN ",
        " IS ",
        "NULL",
        " BETWEEN ",
        " LIKE ",
        "1",
        "-",
        "1.5",
        "1e9",
        ";",
        " ",
        "\n",
        "é",
        "\0",
        "--",
        "ASC",
        " DESC",
    ];
    let made = proptest::collection::vec(proptest::sample::select(pieces), 0..24);
    prop_oneof![made.prop_map(|pieces| pieces.concat()), any::<String>()]
}

fn refusal(filter: &str) -> String {
    let start = Instant::now();
    let error = runs::parse_filter(filter)
        .expect_err("a refusal")
        .to_string();
    assert!(
        start.elapsed() < Duration::from_secs(1),
        "took {:?}",
        start.elapsed()
    );
    assert!(error.len() < 3_000, "a long message");
    error
}

#[test]
fn hostile_filters_are_refused_at_once() {
    refusal(&"a".repeat(1 << 20));
    refusal(&"tags.a = 'b' AND ".repeat(100_000));
    refusal(&"tags.a = 'b' AND ".repeat(30_000));
    refusal(&format!(
        "{}tags.a = 'b'{}",
        "(".repeat(10_000),
        ")".repeat(10_000)
    ));
    refusal(&format!("{}tags.a = 'b'", "NOT ".repeat(100_000)));
    refusal(&format!("run_id IN ({}'a')", "'a',".repeat(100_000)));
    refusal(&format!("run_id IN {}", "(".repeat(400_000)));
    refusal(&format!("run_id = {}", "'".repeat(400_001)));
    refusal(&"`".repeat(400_001));
    refusal(&"\\'".repeat(200_000));
    refusal(&format!("metrics.a > {}", "9".repeat(400_000) + "x"));
    refusal(&"tags.".repeat(100_000));
    refusal(&format!("tags.a LIKE '{}'", "%a".repeat(MAX_PATTERN_CHARS)));
    refusal("tags.a = 'x\0y'");
    refusal(r"run_id IN ('x\x00y')");
}

#[test]
fn limits_are_where_they_are_said_to_be() {
    let comparisons = |n| vec!["tags.a = 'b'"; n].join(" AND ");
    assert!(runs::parse_filter(&comparisons(MAX_COMPARISONS)).is_ok());
    assert!(runs::parse_filter(&comparisons(MAX_COMPARISONS + 1)).is_err());
    let nested = |n| format!("{}tags.a = 'b'{}", "(".repeat(n), ")".repeat(n));
    assert!(runs::parse_filter(&nested(MAX_DEPTH)).is_ok());
    assert!(runs::parse_filter(&nested(MAX_DEPTH + 1)).is_err());
    let ids = |n| format!("run_id IN ({})", vec!["'a'"; n].join(","));
    assert!(runs::parse_filter(&ids(MAX_LIST_VALUES)).is_ok());
    assert!(runs::parse_filter(&ids(MAX_LIST_VALUES + 1)).is_err());
}

#[test]
fn ten_thousand_run_ids_fit() {
    let ids: Vec<_> = (0..10_000).map(|id| format!("'{id:032x}'")).collect();
    assert!(runs::parse_filter(&format!("run_id IN ({})", ids.join(", "))).is_ok());
}
