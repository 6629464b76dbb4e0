//! The list of models that old clients keep in a tag of the run (`runs/log-model`).

use std::fmt::{self, Write};
use std::marker::PhantomData;

use diesel::prelude::*;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use tidemill_core::runs::RunId;
use tidemill_core::{Error, Result};

use super::{RunRow, writable};
use crate::Store;
use crate::connection::DbConnection;
use crate::dialect::{self, Lock};
use crate::error::DbResult;
use crate::keys::{Key, KeyCache, KeyKind, Keys};
use crate::schema::run_tag;

/// The tag that holds the list.
const HISTORY: &str = "mlflow.log-model.history";
/// What a description must have.
const MANDATORY: [&str; 4] = ["artifact_path", "flavors", "run_id", "utc_time_created"];

impl Store {
    /// Adds a model, described in JSON, to the history of an active run. The description is
    /// checked before the run is looked up.
    pub async fn record_logged_model(&self, id: RunId, model_json: String) -> Result<()> {
        let entry = entry(&model_json)?;
        let cache = self.keys.clone();
        let learned = self.write(move |db| write(db, &cache, &id, &entry)).await?;
        self.keys.learn(learned);
        Ok(())
    }
}

/// What the history keeps of a description: where it is, who made it and when, and its
/// flavors without their configuration.
fn entry(model_json: &str) -> Result<String> {
    let malformed = || {
        Error::invalid_parameter(format!(
            "Malformed model info. \n {model_json} \n is not a valid JSON."
        ))
    };
    let model: Map<String, Value> = serde_json::from_str(model_json).map_err(|_| malformed())?;
    let missing: Vec<String> = MANDATORY
        .iter()
        .filter(|field| !model.contains_key(**field))
        .map(|field| format!("'{field}'"))
        .collect();
    if !missing.is_empty() {
        return Err(Error::invalid_parameter(format!(
            "Model json is missing mandatory fields: {{{}}}",
            missing.join(", ")
        )));
    }
    let kept = |field: &str| model.get(field).unwrap_or(&Value::Null);
    let Flavors { flavors } = serde_json::from_str(model_json).map_err(|_| malformed())?;
    let entry = Entry {
        run_id: kept("run_id"),
        artifact_path: kept("artifact_path"),
        utc_time_created: kept("utc_time_created"),
        model_uuid: kept("model_uuid"),
        flavors: Fields(flavors.0.into_iter().map(without_configuration).collect()),
    };
    serde_json::to_string(&entry).map_err(Error::internal)
}

fn without_configuration((name, flavor): (String, Flavor)) -> (String, Flavor) {
    let kept = flavor.0.into_iter().filter(|(field, _)| field != "config");
    (name, Fields(kept.collect()))
}

/// The fields of an entry, in MLflow's order.
#[derive(Serialize)]
struct Entry<'a> {
    run_id: &'a Value,
    artifact_path: &'a Value,
    utc_time_created: &'a Value,
    model_uuid: &'a Value,
    flavors: Fields<Flavor>,
}

#[derive(Deserialize)]
struct Flavors {
    flavors: Fields<Flavor>,
}

type Flavor = Fields<Box<RawValue>>;

/// A JSON object whose fields stay in their order.
struct Fields<V>(Vec<(String, V)>);

impl<V: Serialize> Serialize for Fields<V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Fields<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FieldsVisitor(PhantomData))
    }
}

struct FieldsVisitor<V>(PhantomData<V>);

impl<'de, V: Deserialize<'de>> Visitor<'de> for FieldsVisitor<V> {
    type Value = Fields<V>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields<V>, A::Error> {
        let mut fields = Vec::new();
        while let Some(field) = map.next_entry()? {
            fields.push(field);
        }
        Ok(Fields(fields))
    }
}

fn write(db: &mut DbConnection, cache: &KeyCache, id: &RunId, entry: &str) -> DbResult<Vec<Key>> {
    let run = writable(db, id, Lock::Exclusive)?;
    let mut keys = Keys::new(cache, run.experiment_id);
    for key in keys.numbers(db, KeyKind::Tag, &[HISTORY])? {
        let history = append(history(db, &run, key)?.as_deref(), entry)?;
        dialect::put_tags(db, run.id, &[(key, &history)])?;
    }
    Ok(keys.learned())
}

fn history(db: &mut DbConnection, run: &RunRow, key: i64) -> DbResult<Option<String>> {
    Ok(run_tag::table
        .filter(run_tag::run_id.eq(run.id))
        .filter(run_tag::key_id.eq(key))
        .select(run_tag::value)
        .get_result(db)
        .optional()?)
}

/// The list with one more entry. The tag is free text, which a client may have spoiled.
fn append(history: Option<&str>, entry: &str) -> Result<String> {
    let mut entries: Vec<&RawValue> = serde_json::from_str(history.unwrap_or("[]"))
        .map_err(|_| Error::bad_request(format!("The tag '{HISTORY}' is not a JSON list.")))?;
    let entry: &RawValue = serde_json::from_str(entry).map_err(Error::internal)?;
    entries.push(entry);
    let list = serde_json::to_string(&entries).map_err(Error::internal)?;
    Ok(as_python_writes(&list))
}

/// JSON with Python's blanks, and without letters beyond ASCII.
fn as_python_writes(json: &str) -> String {
    let mut out = String::with_capacity(json.len() + json.len() / 8);
    let (mut in_text, mut escaped) = (false, false);
    for letter in json.chars() {
        match letter {
            ',' | ':' if !in_text => out.extend([letter, ' ']),
            ' ' | '\t' | '\n' | '\r' if !in_text => {}
            letter if letter.is_ascii() => out.push(letter),
            letter => {
                for unit in letter.encode_utf16(&mut [0; 2]) {
                    // Writing to a String cannot fail.
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
        }
        in_text ^= letter == '"' && !escaped;
        escaped = letter == '\\' && !escaped;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const MODEL: &str = r#"{"artifact_path":"m","flavors":{"sk":{"v":1,"config":{}},"a":{}},
        "utc_time_created":"t","run_id":"r","signature":{}}"#;

    #[test]
    fn an_entry_keeps_flavors_without_configuration_and_little_else() {
        assert_eq!(
            entry(MODEL).unwrap(),
            r#"{"run_id":"r","artifact_path":"m","utc_time_created":"t","model_uuid":null,"flavors":{"sk":{"v":1},"a":{}}}"#
        );
    }

    #[test]
    fn a_description_that_is_no_json_is_refused() {
        let spoiled = MODEL.replace(r#"{"v":1,"config":{}}"#, "1");
        for text in ["{", "[]", "3", &spoiled] {
            assert_eq!(
                entry(text).unwrap_err().to_string(),
                format!("Malformed model info. \n {text} \n is not a valid JSON.")
            );
        }
    }

    #[test]
    fn missing_fields_are_named() {
        assert_eq!(
            entry(r#"{"flavors":{},"run_id":"r"}"#)
                .unwrap_err()
                .to_string(),
            "Model json is missing mandatory fields: {'artifact_path', 'utc_time_created'}"
        );
    }

    #[test]
    fn the_history_grows_at_the_end() {
        assert_eq!(append(None, "1").unwrap(), "[1]");
        assert_eq!(append(Some("[1]"), "2").unwrap(), "[1, 2]");
    }

    #[test]
    fn the_history_is_written_as_python_writes_it() {
        assert_eq!(
            append(Some(r#"[{"a":"x, \\\"y:ü😀"}]"#), r#"{"b" :[1,2.5]}"#).unwrap(),
            r#"[{"a": "x, \\\"y:\u00fc\ud83d\ude00"}, {"b": [1, 2.5]}]"#
        );
    }

    #[test]
    fn a_spoiled_history_is_a_bad_request() {
        assert!(matches!(
            append(Some("oops"), "1"),
            Err(Error::BadRequest(_))
        ));
    }
}
