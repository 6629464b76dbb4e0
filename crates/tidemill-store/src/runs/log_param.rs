//! Recording one param.

use tidemill_core::Result;
use tidemill_core::params::Param;
use tidemill_core::runs::RunId;

use crate::Store;

impl Store {
    /// Records one param. Fails as [`Store::log_batch`] does.
    pub async fn log_param(&self, run: RunId, param: Param) -> Result<()> {
        self.log_batch(run, param.into()).await
    }
}
