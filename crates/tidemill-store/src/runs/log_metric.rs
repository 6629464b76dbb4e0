//! Recording one metric point.

use tidemill_core::Result;
use tidemill_core::metrics::Metric;
use tidemill_core::runs::RunId;

use crate::Store;

impl Store {
    /// Records one point. Fails as [`Store::log_batch`] does.
    pub async fn log_metric(&self, run: RunId, metric: Metric) -> Result<()> {
        self.log_batch(run, metric.into()).await
    }
}
