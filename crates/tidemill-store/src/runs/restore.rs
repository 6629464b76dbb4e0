//! Taking runs out of the bin.

use tidemill_core::Result;
use tidemill_core::lifecycle::LifecycleStage;
use tidemill_core::runs::RunId;

use super::delete::move_to;
use crate::Store;

impl Store {
    /// Takes a run out of the bin, also when its experiment stays there; an active one stays
    /// as it is (`NotFound` for an unknown id).
    pub async fn restore_run(&self, id: RunId) -> Result<()> {
        self.write(move |db| move_to(db, &id, LifecycleStage::Active, None))
            .await
    }
}
