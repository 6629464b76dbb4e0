//! The list of models that old clients keep in a tag of the run (`runs/log-model`).

use diesel::prelude::*;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
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
    let mut flavors = model["flavors"]
        .as_object()
        .cloned()
        .ok_or_else(malformed)?;
    for flavor in flavors.values_mut().filter_map(Value::as_object_mut) {
        flavor.remove("config");
    }
    let entry = json!({
        "run_id": model["run_id"],
        "artifact_path": model["artifact_path"],
        "utc_time_created": model["utc_time_created"],
        "model_uuid": model.get("model_uuid"),
        "flavors": flavors,
    });
    Ok(entry.to_string())
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
    serde_json::to_string(&entries).map_err(Error::internal)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MODEL: &str = r#"{"artifact_path":"m","flavors":{"sk":{"v":1,"config":{}}},
        "utc_time_created":"t","run_id":"r","signature":{}}"#;

    #[test]
    fn an_entry_keeps_flavors_without_configuration_and_little_else() {
        let kept: Value = serde_json::from_str(&entry(MODEL).unwrap()).unwrap();
        assert_eq!(
            kept,
            json!({"run_id": "r", "artifact_path": "m", "utc_time_created": "t",
                   "model_uuid": null, "flavors": {"sk": {"v": 1}}})
        );
    }

    #[test]
    fn a_description_that_is_no_json_is_refused() {
        for text in ["{", "[]", "3"] {
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
        assert_eq!(append(Some("[1]"), "2").unwrap(), "[1,2]");
    }

    #[test]
    fn a_spoiled_history_is_a_bad_request() {
        assert!(matches!(
            append(Some("oops"), "1"),
            Err(Error::BadRequest(_))
        ));
    }
}
