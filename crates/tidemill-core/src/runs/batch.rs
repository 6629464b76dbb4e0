//! What one `runs/log-batch` request records together.

use crate::metrics::Metric;
use crate::params::Param;
use crate::tags::Tag;

/// Metrics, params and tags to record together, already checked against MLflow's limits.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LogBatch {
    pub(crate) metrics: Vec<Metric>,
    pub(crate) params: Vec<Param>,
    pub(crate) tags: Vec<Tag>,
}

impl LogBatch {
    /// The metric points.
    pub fn metrics(&self) -> &[Metric] {
        &self.metrics
    }

    /// The params; keys are distinct.
    pub fn params(&self) -> &[Param] {
        &self.params
    }

    /// The tags; keys are distinct.
    pub fn tags(&self) -> &[Tag] {
        &self.tags
    }
}
