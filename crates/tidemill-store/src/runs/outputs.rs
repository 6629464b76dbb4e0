//! Logged models that runs made.

use std::collections::HashSet;

use diesel::prelude::*;
use tidemill_core::Result;
use tidemill_core::runs::{ModelOutput, RunId, output_exists};

use super::writable;
use crate::Store;
use crate::connection::DbConnection;
use crate::dialect::Lock;
use crate::error::{DbResult, unique};
use crate::schema::run_model_output;

impl Store {
    /// Records models that an active run made. The models need not exist; one that the run has
    /// made already, or that is named twice, is a `BadRequest` and nothing is recorded.
    pub async fn log_outputs(&self, id: RunId, outputs: Vec<ModelOutput>) -> Result<()> {
        self.write(move |db| write(db, &id, &outputs)).await
    }
}

fn write(db: &mut DbConnection, id: &RunId, outputs: &[ModelOutput]) -> DbResult<()> {
    let run = writable(db, id, Lock::Shared)?;
    let mut seen = HashSet::new();
    for output in outputs {
        let exists = || output_exists(id, &output.model_id);
        if !seen.insert(output.model_id.as_str()) {
            return Err(exists().into());
        }
        diesel::insert_into(run_model_output::table)
            .values((
                run_model_output::run_id.eq(run.id),
                run_model_output::model_id.eq(&output.model_id),
                run_model_output::step.eq(output.step),
            ))
            .execute(db)
            .map_err(unique(exists))?;
    }
    Ok(())
}
