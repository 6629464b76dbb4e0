//! Saying whether a logged model's files are complete.

use diesel::prelude::*;
use tidemill_core::Result;
use tidemill_core::logged_models::{LoggedModel, LoggedModelStatus, not_found};

use super::get::find;
use crate::Store;
use crate::clock;
use crate::schema::logged_model;

impl Store {
    /// Sets a logged model's status. Any status may follow any other, also on a deleted model.
    pub async fn finalize_logged_model(
        &self,
        id: String,
        status: LoggedModelStatus,
    ) -> Result<LoggedModel> {
        self.write(move |db| {
            diesel::update(logged_model::table.filter(logged_model::uuid.eq(&id)))
                .set((
                    logged_model::status.eq(status as i16),
                    logged_model::last_updated_time.eq(clock::now()),
                ))
                .execute(db)?;
            Ok(find(db, &id)?.ok_or_else(|| not_found(&id))?)
        })
        .await
    }
}
