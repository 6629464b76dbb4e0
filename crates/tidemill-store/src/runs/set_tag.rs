//! Setting one tag.

use tidemill_core::Result;
use tidemill_core::runs::RunId;
use tidemill_core::tags::Tag;

use crate::Store;

impl Store {
    /// Sets a tag, in the place of an older value; `mlflow.runName` renames the run.
    /// Fails as [`Store::log_batch`] does.
    pub async fn set_tag(&self, run: RunId, tag: Tag) -> Result<()> {
        self.log_batch(run, tag.into()).await
    }
}
