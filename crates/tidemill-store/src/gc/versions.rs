//! Purging what is left of deleted model versions. Numbers are counted by the registered model
//! itself, so none is used again.

use diesel::prelude::*;
use tidemill_core::Result;

use crate::Store;
use crate::connection::DbConnection;
use crate::dialect::among;
use crate::error::DbResult;
use crate::schema::{model_version, model_version_tag};

/// How many go in one transaction.
const SOME: i64 = 500;

impl Store {
    /// Removes some of what is left of versions that were deleted at the cut-off or before: how
    /// many. None are left when it answers 0.
    pub async fn remove_deleted_versions(&self, cutoff: i64) -> Result<u64> {
        self.write(move |db| {
            let some = deleted(db, cutoff, SOME)?;
            let these = among(db, "model_version_tag.version_id", &some);
            diesel::delete(model_version_tag::table)
                .filter(these)
                .execute(db)?;
            let these = among(db, "model_version.id", &some);
            diesel::delete(model_version::table)
                .filter(these)
                .execute(db)?;
            Ok(some.len() as u64)
        })
        .await
    }

    /// How many of them there are.
    pub async fn count_deleted_versions(&self, cutoff: i64) -> Result<u64> {
        self.read(move |db| Ok(deleted(db, cutoff, i64::MAX)?.len() as u64))
            .await
    }
}

fn deleted(db: &mut DbConnection, cutoff: i64, most: i64) -> DbResult<Vec<i64>> {
    Ok(model_version::table
        .filter(model_version::stage.is_null())
        .filter(model_version::last_updated_time.le(cutoff))
        .select(model_version::id)
        .limit(most)
        .load(db)?)
}
