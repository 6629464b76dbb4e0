//! Creating experiments.

use diesel::prelude::*;
use tidemill_core::experiments::{ArtifactLocation, ExperimentId, NewExperiment, already_exists};
use tidemill_core::lifecycle::LifecycleStage;
use tidemill_core::{Error, Result};

use crate::Store;
use crate::clock::now;
use crate::connection::DbConnection;
use crate::dialect::{self, insert_returning_id};
use crate::error::{DbResult, unique};
use crate::schema::experiment;

#[derive(Insertable)]
#[diesel(table_name = experiment)]
struct NewRow<'a> {
    name: &'a str,
    artifact_location: &'a str,
    stage: i16,
    creation_time: i64,
    last_update_time: i64,
}

impl Store {
    /// Creates an experiment. The name must not belong to another one, active or deleted
    /// (`AlreadyExists`).
    pub async fn create_experiment(&self, new: NewExperiment) -> Result<ExperimentId> {
        self.write(move |db| create(db, &new)).await
    }

    /// Makes sure that experiment 0, "Default", exists. It goes to `location` if it has to be
    /// made; an existing one stays as it is, even deleted or renamed.
    pub async fn ensure_default_experiment(&self, location: ArtifactLocation) -> Result<()> {
        let default = ExperimentId::DEFAULT;
        match self.read(move |db| super::find(db, default)).await {
            Ok(_) => return Ok(()),
            Err(Error::NotFound(_)) => {}
            Err(error) => return Err(error),
        }
        let location = location.resolve(default);
        match self.write(move |db| create_default(db, &location)).await {
            // Another server that started at the same time has made it.
            Err(Error::AlreadyExists(_)) => Ok(()),
            outcome => outcome,
        }
    }
}

fn create(db: &mut DbConnection, new: &NewExperiment) -> DbResult<ExperimentId> {
    let taken = || unique(|| already_exists(&new.name));
    let location = match &new.artifact_location {
        ArtifactLocation::At(location) => location.as_str(),
        ArtifactLocation::Below(_) => "",
    };
    let row = new_row(&new.name, location);
    let id = insert_returning_id!(db, experiment, &row).map_err(taken())?;
    let id = ExperimentId(id);
    if let ArtifactLocation::Below(_) = new.artifact_location {
        set_location(db, id, &new.artifact_location.clone().resolve(id))?;
    }
    for tag in &new.tags {
        dialect::put_experiment_tag(db, id.0, &tag.key, &tag.value)?;
    }
    Ok(id)
}

fn new_row<'a>(name: &'a str, artifact_location: &'a str) -> NewRow<'a> {
    let now = now();
    NewRow {
        name,
        artifact_location,
        stage: LifecycleStage::Active as i16,
        creation_time: now,
        last_update_time: now,
    }
}

/// A location below a root ends in the number, which is known only now.
fn set_location(db: &mut DbConnection, id: ExperimentId, location: &str) -> DbResult<()> {
    diesel::update(experiment::table.filter(experiment::id.eq(id.0)))
        .set(experiment::artifact_location.eq(location))
        .execute(db)?;
    Ok(())
}

fn create_default(db: &mut DbConnection, location: &str) -> DbResult<()> {
    let name = ExperimentId::DEFAULT_NAME;
    diesel::insert_into(experiment::table)
        .values((
            experiment::id.eq(ExperimentId::DEFAULT.0),
            new_row(name, location),
        ))
        .execute(db)
        .map_err(unique(|| already_exists(name)))?;
    Ok(())
}
