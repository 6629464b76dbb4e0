//! Reading one run.

use tidemill_core::Result;
use tidemill_core::runs::{self, Run, RunId, RunInfo};

use super::{find, load};
use crate::Store;

impl Store {
    /// The run with everything it logged, active or deleted (`NotFound`).
    pub async fn get_run(&self, id: RunId) -> Result<Run> {
        let cache = self.keys.clone();
        self.read(move |db| {
            let row = find(db, &id)?;
            let run = load(db, &cache, vec![row])?.pop();
            Ok(run.ok_or_else(|| runs::not_found(&id))?)
        })
        .await
    }

    /// The run without what it logged, active or deleted (`NotFound`).
    pub async fn get_run_info(&self, id: RunId) -> Result<RunInfo> {
        self.read(move |db| find(db, &id)?.into_info()).await
    }
}
