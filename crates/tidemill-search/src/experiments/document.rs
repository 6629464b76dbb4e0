//! What conditions see of an experiment.

use tidemill_core::experiments::Experiment;

use super::{ExperimentAttribute, ExperimentField};
use crate::document::{Document, Value, tag};

impl Document<ExperimentField> for Experiment {
    fn values(&self, field: &ExperimentField) -> Vec<Value<'_>> {
        let attribute = match field {
            ExperimentField::Tag(key) => return tag(&self.tags, key),
            ExperimentField::Attribute(attribute) => attribute,
        };
        vec![match attribute {
            ExperimentAttribute::Name => self.name.as_str().into(),
            ExperimentAttribute::ExperimentId => Value::Text(self.id.to_string().into()),
            ExperimentAttribute::CreationTime => Value::Int(self.creation_time),
            ExperimentAttribute::LastUpdateTime => Value::Int(self.last_update_time),
        }]
    }
}
