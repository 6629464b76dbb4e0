//! What conditions see of a registered model.

use tidemill_core::registry::RegisteredModel;

use super::{RegisteredModelField, RegisteredModelFilter};
use crate::document::{Document, Value, tag};
use crate::prompts::is_prompt;

impl Document<RegisteredModelField> for RegisteredModel {
    fn values(&self, field: &RegisteredModelField) -> Vec<Value<'_>> {
        match field {
            RegisteredModelField::Name => vec![self.name.as_str().into()],
            RegisteredModelField::Tag(key) => tag(&self.tags, key),
        }
    }
}

impl RegisteredModelFilter {
    /// Whether a search with this filter finds `model`.
    pub fn matches(&self, model: &RegisteredModel) -> bool {
        self.sees(is_prompt(&model.tags)) && self.condition.matches(model)
    }
}
