//! Holds the parser to what a stock MLflow 3.17.2 server makes of the same texts.
//!
//! `data/stock.jsonl` was written by running its parsers and stores: one filter or sort key a
//! line, with the parsed comparisons or the refusal; messages of its crashes are left out.

use serde_json::{Value, json};
use tidemill_core::Error;
use tidemill_search::experiments::ExperimentField;
use tidemill_search::expr::{Comparison, Expr, Number, Test};
use tidemill_search::logged_models::LoggedModelField;
use tidemill_search::model_versions::ModelVersionField;
use tidemill_search::registered_models::RegisteredModelField;
use tidemill_search::runs::RunField;
use tidemill_search::{experiments, logged_models, model_versions, registered_models, runs};

/// What our parser makes of a line: `[field, operator, value]` triples, or one sort key.
fn ours(kind: &str, line: &Value) -> Result<Value, Error> {
    if let Some(order) = line["order"].as_str() {
        return sort_key(kind, order);
    }
    let filter = line["filter"].as_str().expect("a filter");
    match kind {
        "runs" => triples(runs::parse_filter(filter)?, |field| match field {
            RunField::Metric(key) => format!("metric.{key}"),
            RunField::Param(key) => format!("parameter.{key}"),
            RunField::Tag(key) => format!("tag.{key}"),
            RunField::Attribute(attribute) => format!("attribute.{attribute}"),
            RunField::Dataset(attribute) => format!("dataset.{attribute}"),
        }),
        "experiments" => triples(experiments::parse_filter(filter)?, |field| match field {
            ExperimentField::Attribute(attribute) => format!("attribute.{attribute}"),
            ExperimentField::Tag(key) => format!("tag.{key}"),
        }),
        "logged_models" => triples(logged_models::parse_filter(filter)?, |field| match field {
            LoggedModelField::Attribute(attribute) => format!("attributes.{attribute}"),
            LoggedModelField::Metric(key) => format!("metrics.{key}"),
            LoggedModelField::Param(key) => format!("params.{key}"),
            LoggedModelField::Tag(key) => format!("tags.{key}"),
        }),
        "registered_models" => triples(
            registered_models::parse_filter(filter)?.condition,
            |field| match field {
                RegisteredModelField::Name => "attribute.name".to_owned(),
                RegisteredModelField::Tag(key) => format!("tag.{key}"),
            },
        ),
        "model_versions" => {
            triples(
                model_versions::parse_filter(filter)?.condition,
                |field| match field {
                    ModelVersionField::Attribute(attribute) => format!("attribute.{attribute}"),
                    ModelVersionField::Tag(key) => format!("tag.{key}"),
                },
            )
        }
        other => panic!("unknown kind {other}"),
    }
}

fn triples<F>(filter: Expr<F>, name: impl Fn(&F) -> String) -> Result<Value, Error> {
    let conjuncts = match filter {
        Expr::All(parts) => parts,
        other => vec![other],
    };
    let triple = |part: &Expr<F>| match part {
        Expr::Compare(Comparison { field, test }) => {
            let (operator, value) = operator_and_value(test);
            json!([name(field), operator, value])
        }
        _ => json!("a tree"),
    };
    Ok(conjuncts.iter().map(triple).collect())
}

fn operator_and_value(test: &Test) -> (String, Value) {
    match test {
        Test::Number(operator, number) => (operator.to_string(), self::number(number)),
        Test::Between(low, high) => ("BETWEEN".to_owned(), json!([number(low), number(high)])),
        Test::Text(operator, text) => (operator.to_string(), json!(text)),
        Test::In(texts) => ("IN".to_owned(), json!(texts)),
        Test::NotIn(texts) => ("NOT IN".to_owned(), json!(texts)),
        Test::IsNull => ("IS NULL".to_owned(), Value::Null),
        Test::IsNotNull => ("IS NOT NULL".to_owned(), Value::Null),
    }
}

fn number(number: &Number) -> Value {
    match number {
        Number::Int(number) => json!(*number as f64),
        Number::Float(number) => json!(number),
    }
}

fn sort_key(kind: &str, clause: &str) -> Result<Value, Error> {
    let clauses = [clause.to_owned()];
    let shown = |field: String, ascending| Ok(json!([field, ascending]));
    match kind {
        "runs" => {
            let key = &runs::parse_order_by(&clauses)?[0];
            let field = match &key.field {
                runs::RunSort::Metric(key) => format!("metric.{key}"),
                runs::RunSort::Param(key) => format!("parameter.{key}"),
                runs::RunSort::Tag(key) => format!("tag.{key}"),
                runs::RunSort::Attribute(attribute) => format!("attribute.{attribute}"),
            };
            shown(field, key.ascending)
        }
        "experiments" => {
            let key = &experiments::parse_order_by(&clauses)?[0];
            shown(format!("attribute.{}", key.field), key.ascending)
        }
        "registered_models" => {
            let key = &registered_models::parse_order_by(&clauses)?[0];
            let field = match key.field {
                registered_models::RegisteredModelSort::Name => "name",
                // MLflow has two words for it.
                registered_models::RegisteredModelSort::LastUpdatedTime => {
                    clause.split_whitespace().next().expect("a word")
                }
            };
            shown(field.to_owned(), key.ascending)
        }
        "model_versions" => {
            let key = &model_versions::parse_order_by(&clauses)?[0];
            let field = match key.field {
                model_versions::ModelVersionSort::Name => "name",
                model_versions::ModelVersionSort::VersionNumber => "version_number",
                model_versions::ModelVersionSort::CreationTime => "creation_timestamp",
                model_versions::ModelVersionSort::LastUpdatedTime => "last_updated_timestamp",
            };
            shown(format!("attribute.{field}"), key.ascending)
        }
        other => panic!("unknown kind {other}"),
    }
}

/// Stock answers have ints and doubles where ours have doubles; its lists of logged models'
/// texts may have ints where ours have texts.
fn like_ours(value: &Value) -> Value {
    match value {
        Value::Number(number) => json!(number.as_f64()),
        Value::Array(items) => match items.as_slice() {
            [field, operator, Value::Array(values)]
                if operator.as_str().is_some_and(|name| name.ends_with("IN")) =>
            {
                let text = |value: &Value| value.as_str().map_or(value.to_string(), str::to_owned);
                json!([field, operator, values.iter().map(text).collect::<Vec<_>>()])
            }
            _ => items.iter().map(like_ours).collect(),
        },
        other => other.clone(),
    }
}

/// A comparison that hides prompts is dropped by MLflow only after parsing.
fn hides_prompts(triple: &Value) -> bool {
    triple[0] == "tag.mlflow.prompt.is_prompt"
        && (triple[1] == "LIKE" || triple[2] == "false")
        && triple[1] != "!="
}

/// The part of a message that is always the same: Python prints sets in any order, and which
/// pieces of a filter it complains about is a matter of its tokenizer.
fn stable(message: &str) -> &str {
    let end = [
        "'{",
        "are {",
        "Invalid clause(s) in filter string: ",
        "in list: ",
    ]
    .iter()
    .filter_map(|mark| message.find(mark))
    .min();
    &message[..end.unwrap_or(message.len())]
}

/// Why our answer may differ from `theirs`, if it may: what we know beyond MLflow.
fn extension(text: &str, theirs: &str) -> Option<&'static str> {
    let text = text.to_ascii_uppercase();
    let clause_refused = theirs.starts_with("Invalid clause(s)")
        || theirs.starts_with("Invalid filter string")
        || theirs.starts_with("Invalid comparison");
    let takes_texts = |entity: &str| theirs.contains(&format!("value for {entity} (e.g."));
    if theirs.contains("IS NULL") || text.ends_with(" NULL") && !text.contains("=") {
        Some("null tests work on every field")
    } else if text.contains(" IN ") && (takes_texts("tag") || takes_texts("parameter")) {
        Some("tags and params can be compared with lists")
    } else if clause_refused && text.contains(" BETWEEN ") {
        Some("numbers can be between two others")
    } else if clause_refused && (text.contains(" OR ") || text.contains("NOT ")) {
        Some("OR and NOT work")
    } else if clause_refused && text.contains('(') && text.contains(')') {
        Some("parentheses work")
    } else {
        None
    }
}

/// Texts that we answer differently, by how they end, and why.
const DIFFERENCES: [(&str, &str); 21] = [
    ("last_updated_time > 1", "only the words differ"),
    (
        "= 'v' = 'w'",
        "only the words differ, except for logged models, where MLflow drops a half",
    ),
    ("> 0x1", "only the words differ"),
    ("> 1 + 1", "only the words differ"),
    ("CONCAT('a')", "only the words differ"),
    ("metrics.loss/x > 1", "only the words differ"),
    ("tags.a-b = 'x'", "only the words differ"),
    ("status = 'x' run_id IN ('a')", "only the words differ"),
    (
        "timestamp > 1",
        "only the words differ: MLflow's tokenizer knows a type of that name",
    ),
    (
        "version = 1",
        "only the words differ: MLflow's tokenizer knows a keyword of that name",
    ),
    (
        "source = 'x'",
        "only the words differ: MLflow's tokenizer knows a keyword of that name",
    ),
    (
        "text = 'x'",
        "only the words differ: MLflow's tokenizer knows a type of that name",
    ),
    (
        "version",
        "only the words differ: MLflow's tokenizer knows a keyword of that name",
    ),
    ("timestamp foo", "only the words differ"),
    ("TIMESTAMP", "only the words differ"),
    ("> 1e400", "means the same with a finite number"),
    ("> inf", "means the same with a finite number"),
    ("> nan", "refused, because nothing compares with NaN"),
    (
        "tags.a = 'x' tags.b IS NULL",
        "MLflow takes all before IS for a tag's name",
    ),
    (
        "tags.name",
        "MLflow forgets the `tags.` and orders versions by their name",
    ),
    ("experiment_id = ('a')", "only the words differ"),
];

#[test]
fn filters_and_sort_keys_mean_what_they_mean_to_mlflow() {
    let lines = include_str!("data/stock.jsonl").lines();
    let mut differences = Vec::new();
    for line in lines {
        let line: Value = serde_json::from_str(line).expect("a line of JSON");
        let kind = line["kind"].as_str().expect("a kind");
        let text = line["filter"]
            .as_str()
            .or(line["order"].as_str())
            .expect("a text");
        let same = match (ours(kind, &line), line.get("ok"), line["error"].as_str()) {
            (Ok(ours), Some(theirs), _) => {
                let mut theirs = like_ours(theirs);
                if let Some(triples) = theirs.as_array_mut() {
                    triples.retain(|triple| !hides_prompts(triple));
                }
                (theirs == ours)
                    .then_some(())
                    .ok_or(format!("{ours} instead of {theirs}"))
            }
            (Err(ours), None, Some(theirs)) => {
                let worded = line["code"] == "INVALID_PARAMETER_VALUE";
                let ours = ours.to_string();
                (!worded || stable(&ours) == stable(theirs))
                    .then_some(())
                    .ok_or(format!("{ours}\n      instead of {theirs}"))
            }
            (Ok(ours), None, Some(theirs)) => Err(format!("accepted as {ours}, not {theirs}")),
            (Err(ours), ..) => Err(format!("refused: {ours}")),
            (Ok(_), None, None) => panic!("a line without an answer"),
        };
        let extended = |theirs| extension(text, theirs).is_some();
        if DIFFERENCES.iter().any(|(end, _)| text.ends_with(end)) {
            continue;
        }
        if let Err(difference) = same
            && !line["error"].as_str().is_some_and(extended)
        {
            differences.push(format!("{kind}: {text}\n      {difference}"));
        }
    }
    assert!(
        differences.is_empty(),
        "{}\n{}",
        differences.join("\n"),
        differences.len()
    );
}
