//! Creating runs.

use diesel::prelude::*;
use tidemill_core::Result;
use tidemill_core::lifecycle::LifecycleStage;
use tidemill_core::runs::create::NewRun;
use tidemill_core::runs::{Run, RunId, RunInfo, RunStatus, artifact_uri};

use crate::Store;
use crate::connection::DbConnection;
use crate::dialect::{self, Lock, insert_returning_id};
use crate::error::DbResult;
use crate::experiments;
use crate::keys::{KeyKind, Keys};
use crate::schema::run;

#[derive(Insertable)]
#[diesel(table_name = run)]
struct NewRow<'a> {
    uuid: &'a str,
    experiment_id: i64,
    stage: i16,
    status: i16,
    start_time: i64,
    name: &'a str,
    user_id: &'a str,
    artifact_uri: &'a str,
}

impl Store {
    /// Creates a run in an active experiment. It is running, and its artifacts go below the
    /// experiment's location.
    pub async fn create_run(&self, new: NewRun) -> Result<Run> {
        let cache = self.keys.clone();
        let (run, learned) = self
            .write(move |db| {
                let mut keys = Keys::new(&cache, new.experiment_id.0);
                let run = create(db, &mut keys, &new)?;
                Ok((run, keys.learned()))
            })
            .await?;
        self.keys.learn(learned);
        Ok(run)
    }
}

fn create(db: &mut DbConnection, keys: &mut Keys<'_>, new: &NewRun) -> DbResult<Run> {
    let experiment = experiments::writable(db, new.experiment_id, Lock::Shared)?;
    let info = first_info(new, &experiment.artifact_location);
    let row = new_row(&info);
    let id = insert_returning_id!(db, run, &row)?;
    put_first_tags(db, keys, id, new)?;
    Ok(Run {
        info,
        metrics: Vec::new(),
        params: Vec::new(),
        tags: new.tags.clone(),
        dataset_inputs: Vec::new(),
        model_inputs: Vec::new(),
        model_outputs: Vec::new(),
    })
}

fn first_info(new: &NewRun, artifact_location: &str) -> RunInfo {
    let id = RunId::random();
    RunInfo {
        artifact_uri: artifact_uri(artifact_location, &id),
        id,
        experiment_id: new.experiment_id,
        name: new.name.clone(),
        user_id: new.user_id.clone(),
        status: RunStatus::Running,
        start_time: new.start_time,
        end_time: None,
        stage: LifecycleStage::Active,
    }
}

fn new_row(info: &RunInfo) -> NewRow<'_> {
    NewRow {
        uuid: info.id.as_str(),
        experiment_id: info.experiment_id.0,
        stage: info.stage as i16,
        status: info.status as i16,
        start_time: info.start_time,
        name: &info.name,
        user_id: &info.user_id,
        artifact_uri: &info.artifact_uri,
    }
}

fn put_first_tags(
    db: &mut DbConnection,
    keys: &mut Keys<'_>,
    run: i64,
    new: &NewRun,
) -> DbResult<()> {
    let names: Vec<&str> = new.tags.iter().map(|tag| tag.key.as_str()).collect();
    let numbers = keys.numbers(db, KeyKind::Tag, &names)?;
    let tags: Vec<(i64, &str)> = numbers
        .into_iter()
        .zip(new.tags.iter().map(|tag| tag.value.as_str()))
        .collect();
    Ok(dialect::put_tags(db, run, &tags)?)
}
