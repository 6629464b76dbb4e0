//! What conditions see of a model version.

use tidemill_core::registry::ModelVersion;

use super::{ModelVersionAttribute, ModelVersionField, ModelVersionFilter};
use crate::document::{Document, Value, tag};

impl Document<ModelVersionField> for ModelVersion {
    fn values(&self, field: &ModelVersionField) -> Vec<Value<'_>> {
        let attribute = match field {
            ModelVersionField::Tag(key) => return tag(&self.tags, key),
            ModelVersionField::Attribute(attribute) => attribute,
        };
        let value = match attribute {
            ModelVersionAttribute::Name => Some(self.name.as_str().into()),
            ModelVersionAttribute::VersionNumber => Some(Value::Int(self.version)),
            ModelVersionAttribute::RunId => self.run_id.as_deref().map(Value::from),
            ModelVersionAttribute::SourcePath => Some(self.source.as_str().into()),
        };
        value.into_iter().collect()
    }
}

impl ModelVersionFilter {
    /// Whether a search with this filter finds `version`; `is_prompt` says whether some version
    /// of the same name is marked as a prompt.
    pub fn matches(&self, version: &ModelVersion, is_prompt: bool) -> bool {
        self.sees(is_prompt) && self.condition.matches(version)
    }
}
