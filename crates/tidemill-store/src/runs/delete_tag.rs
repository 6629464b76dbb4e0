//! Removing one tag.

use diesel::prelude::*;
use tidemill_core::runs::RunId;
use tidemill_core::{Error, Result};

use super::writable;
use crate::Store;
use crate::connection::DbConnection;
use crate::dialect::Lock;
use crate::error::DbResult;
use crate::keys::{KeyCache, KeyKind};
use crate::schema::run_tag;

impl Store {
    /// Removes a tag from an active run; `NotFound` when the run does not have it. Removing
    /// `mlflow.runName` leaves the run's name as it is.
    pub async fn delete_tag(&self, run: RunId, key: String) -> Result<()> {
        let cache = self.keys.clone();
        self.write(move |db| delete(db, &cache, &run, &key)).await
    }
}

fn delete(db: &mut DbConnection, cache: &KeyCache, id: &RunId, key: &str) -> DbResult<()> {
    let run = writable(db, id, Lock::Shared)?;
    let removed = match cache.find(db, run.experiment_id, KeyKind::Tag, key)? {
        None => 0,
        Some(number) => diesel::delete(run_tag::table.find((run.id, number))).execute(db)?,
    };
    if removed == 0 {
        return Err(
            Error::not_found(format!("No tag with name: {key} in run with id {id}")).into(),
        );
    }
    Ok(())
}
