//! The list of versions registered from a logged model, which it carries as a tag.

use diesel::prelude::*;
use serde_json::{Value, json};
use tidemill_core::Result;
use tidemill_core::keys::quoted;
use tidemill_core::logged_models::MODEL_VERSIONS;

use super::lock;
use crate::Store;
use crate::dialect;
use crate::schema::logged_model_tag;

impl Store {
    /// Notes on a logged model that a version was registered from it. Call it on the tracking
    /// store once the registry has made the version.
    pub async fn record_model_version(&self, id: String, name: String, version: i64) -> Result<()> {
        self.write(move |db| {
            let model = lock(db, &id)?;
            let noted: Option<String> = logged_model_tag::table
                .find((model, MODEL_VERSIONS))
                .select(logged_model_tag::value)
                .first(db)
                .optional()?;
            let list = with_version(noted.as_deref().unwrap_or_default(), &name, version);
            dialect::set_logged_model_tags(db, &[(model, MODEL_VERSIONS, &list)])
        })
        .await
    }
}

/// The list with one more version. Clients set the tag, too, with versions that are texts; what
/// they wrote stays. What is no list is replaced.
fn with_version(noted: &str, name: &str, version: i64) -> String {
    let mut all: Vec<Value> = serde_json::from_str(noted).unwrap_or_default();
    let new = json!({"name": name, "version": version});
    if !all.contains(&new) {
        all.push(new);
    }
    spaced(&Value::Array(all))
}

/// JSON with the spaces and escapes that Python writes.
fn spaced(value: &Value) -> String {
    let joined = |parts: Vec<String>| parts.join(", ");
    match value {
        Value::String(text) => quoted(text),
        Value::Array(items) => format!("[{}]", joined(items.iter().map(spaced).collect())),
        Value::Object(fields) => {
            let field =
                |(name, value): (&String, &Value)| format!("{}: {}", quoted(name), spaced(value));
            format!("{{{}}}", joined(fields.iter().map(field).collect()))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_added_once_in_python_s_spacing() {
        let one = with_version("", "é", 1);
        assert_eq!(one, r#"[{"name": "\u00e9", "version": 1}]"#);
        let two = with_version(&one, "b", 2);
        assert_eq!(
            two,
            r#"[{"name": "\u00e9", "version": 1}, {"name": "b", "version": 2}]"#
        );
        assert_eq!(with_version(&two, "b", 2), two);
    }

    #[test]
    fn what_a_client_wrote_stays() {
        let noted = r#"[{"name": "a", "version": 1}, {"name": "a", "version": "1"}]"#;
        assert_eq!(
            with_version(noted, "b", 1),
            r#"[{"name": "a", "version": 1}, {"name": "a", "version": "1"}, {"name": "b", "version": 1}]"#
        );
    }

    #[test]
    fn a_tag_that_is_no_such_list_is_replaced() {
        assert_eq!(
            with_version("oops", "m", 1),
            r#"[{"name": "m", "version": 1}]"#
        );
    }
}
