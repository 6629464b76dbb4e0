//! What the tracking store knows about the run and the logged model that a version comes from.

use diesel::prelude::*;
use tidemill_core::Result;
use tidemill_core::registry::{Owners, VersionDraft};

use crate::Store;
use crate::logged_models;
use crate::schema::run;

impl Store {
    /// The run and the logged model that a draft must be checked against. What does not exist
    /// is left out; the draft has the words for that.
    pub async fn find_owners(&self, draft: &VersionDraft) -> Result<Owners> {
        let run = draft.run_to_find().map(str::to_owned);
        let model = draft.model_to_find().map(str::to_owned);
        if run.is_none() && model.is_none() {
            return Ok(Owners::default());
        }
        self.read(move |db| {
            let run_artifact_uri = match &run {
                None => None,
                Some(id) => run::table
                    .filter(run::uuid.eq(id))
                    .select(run::artifact_uri)
                    .first(db)
                    .optional()?,
            };
            let model = match &model {
                None => None,
                Some(id) => logged_models::find_active(db, id)?,
            };
            Ok(Owners {
                run_artifact_uri,
                model,
            })
        })
        .await
    }
}
