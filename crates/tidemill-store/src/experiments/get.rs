//! Reading one experiment.

use diesel::prelude::*;
use tidemill_core::Result;
use tidemill_core::experiments::{Experiment, ExperimentId, name_not_found};

use super::{ExperimentRow, find, load};
use crate::Store;
use crate::schema::experiment;

impl Store {
    /// The experiment with this id, active or deleted (`NotFound`).
    pub async fn get_experiment(&self, id: ExperimentId) -> Result<Experiment> {
        self.read(move |db| {
            let row = find(db, id)?;
            let tags = load::tags(db, row.id)?;
            row.with_tags(tags)
        })
        .await
    }

    /// The experiment with this name, active or deleted (`NotFound`).
    pub async fn get_experiment_by_name(&self, name: String) -> Result<Experiment> {
        self.read(move |db| {
            let row = experiment::table
                .filter(experiment::name.eq(&name))
                .select(ExperimentRow::as_select())
                .get_result(db)
                .optional()?
                .ok_or_else(|| name_not_found(&name))?;
            let tags = load::tags(db, row.id)?;
            row.with_tags(tags)
        })
        .await
    }
}
