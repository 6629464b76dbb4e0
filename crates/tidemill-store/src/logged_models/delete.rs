//! Moving a logged model to the bin.

use diesel::prelude::*;
use tidemill_core::Result;
use tidemill_core::lifecycle::LifecycleStage;
use tidemill_core::logged_models::not_found;

use crate::Store;
use crate::clock;
use crate::schema::logged_model;

impl Store {
    /// Moves a logged model to the bin; one that is there already is fine.
    pub async fn delete_logged_model(&self, id: String) -> Result<()> {
        self.write(move |db| {
            let this = logged_model::table
                .filter(logged_model::uuid.eq(&id))
                .filter(logged_model::stage.ne(LifecycleStage::PURGING));
            let found = diesel::update(this)
                .set((
                    logged_model::stage.eq(LifecycleStage::Deleted as i16),
                    logged_model::last_updated_time.eq(clock::now()),
                ))
                .execute(db)?;
            match found {
                0 => Err(not_found(&id).into()),
                _ => Ok(()),
            }
        })
        .await
    }
}
