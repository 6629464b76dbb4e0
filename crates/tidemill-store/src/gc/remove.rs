//! Removing the rows of runs and logged models.

use diesel::prelude::*;
use tidemill_core::Result;
use tidemill_core::transfer;

use super::claim::claimed;
use super::{BATCH, Kind};
use crate::Store;
use crate::connection::DbConnection;
use crate::dialect::among;
use crate::error::DbResult;
use crate::schema::{
    carried, carried_source, dataset, logged_model, logged_model_metric, logged_model_param,
    logged_model_tag, metric_chunk, metric_latest, metric_tail, param, run, run_dataset,
    run_dataset_tag, run_model_input, run_model_output, run_tag,
};

/// How many chunks of points go in one transaction.
const CHUNKS: i64 = 1000;

/// What was removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Removed {
    /// Runs or logged models.
    pub things: u64,
    /// Datasets that nothing refers to any more.
    pub datasets: u64,
}

/// Removes the rows that belong to runs or logged models from these tables.
macro_rules! remove_from {
    ($db:expr, $ids:expr, $column:ident: $($table:ident),+ $(,)?) => {
        $(
            let these = among($db, concat!(stringify!($table), ".", stringify!($column)), $ids);
            diesel::delete($table::table).filter(these).execute($db)?;
        )+
    };
}

impl Store {
    /// Removes claimed runs or logged models with everything that is theirs, and the notes that
    /// imports made of them. What is not claimed stays.
    pub async fn remove(&self, kind: Kind, numbers: Vec<i64>) -> Result<Removed> {
        match kind {
            Kind::Run => self.purge_runs(numbers).await,
            Kind::Model => self.write(move |db| purge_models(db, &numbers)).await,
        }
    }

    async fn purge_runs(&self, numbers: Vec<i64>) -> Result<Removed> {
        let (first, second) = (numbers.clone(), numbers.clone());
        while self.write(move_on(first.clone())).await? {}
        // Points of models are not found by their run, so nobody waits while they are looked for.
        let models = self.read(move |db| models_measured(db, &second)).await?;
        self.write(move |db| purge_runs(db, &numbers, &models))
            .await
    }
}

fn move_on(runs: Vec<i64>) -> impl Fn(&mut DbConnection) -> DbResult<bool> {
    move |db| remove_some_chunks(db, &runs)
}

/// Removes some sealed points of claimed runs, so that no transaction is long. Whether there may
/// be more.
fn remove_some_chunks(db: &mut DbConnection, runs: &[i64]) -> DbResult<bool> {
    let runs = claimed(db, Kind::Run, runs)?;
    let these = among(db, "metric_chunk.run_id", &runs);
    let some: Vec<i64> = metric_chunk::table
        .filter(these)
        .select(metric_chunk::id)
        .limit(CHUNKS)
        .load(db)?;
    let these = among(db, "metric_chunk.id", &some);
    diesel::delete(metric_chunk::table)
        .filter(these)
        .execute(db)?;
    Ok(some.len() as i64 == CHUNKS)
}

/// The logged models for which these runs have logged metrics.
fn models_measured(db: &mut DbConnection, runs: &[i64]) -> DbResult<Vec<i64>> {
    let uuids: Vec<String> = run::table
        .filter(run::id.eq_any(runs))
        .select(run::uuid)
        .load(db)?;
    Ok(logged_model_metric::table
        .filter(logged_model_metric::run_uuid.eq_any(uuids))
        .select(logged_model_metric::model_id)
        .distinct()
        .load(db)?)
}

fn purge_runs(db: &mut DbConnection, numbers: &[i64], models: &[i64]) -> DbResult<Removed> {
    let runs = claimed(db, Kind::Run, numbers)?;
    let uuids: Vec<String> = run::table
        .filter(among(db, "run.id", &runs))
        .select(run::uuid)
        .load(db)?;
    let read: Vec<i64> = run_dataset::table
        .filter(among(db, "run_dataset.run_id", &runs))
        .select(run_dataset::dataset_id)
        .distinct()
        .load(db)?;
    for models in models.chunks(BATCH) {
        let measured = logged_model_metric::table
            .filter(logged_model_metric::model_id.eq_any(models))
            .filter(logged_model_metric::run_uuid.eq_any(&uuids));
        diesel::delete(measured).execute(db)?;
    }
    remove_runs(db, &runs)?;
    remove_notes(db, transfer::Kind::Run, &uuids)?;
    Ok(Removed {
        things: runs.len() as u64,
        datasets: remove_unread(db, &read)?,
    })
}

/// Removes runs with everything that is in a table by their number.
pub(crate) fn remove_runs(db: &mut DbConnection, runs: &[i64]) -> DbResult<()> {
    remove_from!(
        db, runs, run_id:
        metric_latest,
        metric_tail,
        metric_chunk,
        param,
        run_tag,
        run_dataset_tag,
        run_dataset,
        run_model_input,
        run_model_output,
    );
    remove_from!(db, runs, id: run);
    Ok(())
}

/// Removes those of these datasets that no run has read.
fn remove_unread(db: &mut DbConnection, datasets: &[i64]) -> DbResult<u64> {
    let mut removed = 0;
    for datasets in datasets.chunks(BATCH) {
        let read: Vec<i64> = run_dataset::table
            .filter(run_dataset::dataset_id.eq_any(datasets))
            .select(run_dataset::dataset_id)
            .distinct()
            .load(db)?;
        let unread = datasets.iter().filter(|id| !read.contains(id)).copied();
        let unread: Vec<i64> = unread.collect();
        let these = among(db, "dataset.id", &unread);
        removed += diesel::delete(dataset::table).filter(these).execute(db)? as u64;
    }
    Ok(removed)
}

fn purge_models(db: &mut DbConnection, numbers: &[i64]) -> DbResult<Removed> {
    let models = claimed(db, Kind::Model, numbers)?;
    let uuids: Vec<String> = logged_model::table
        .filter(among(db, "logged_model.id", &models))
        .select(logged_model::uuid)
        .load(db)?;
    remove_models(db, &models)?;
    remove_notes(db, transfer::Kind::LoggedModel, &uuids)?;
    Ok(Removed {
        things: models.len() as u64,
        datasets: 0,
    })
}

/// Removes logged models with everything that is in a table by their number. That runs have made
/// or read them stays noted with the runs.
pub(crate) fn remove_models(db: &mut DbConnection, models: &[i64]) -> DbResult<()> {
    remove_from!(
        db, models, model_id:
        logged_model_metric,
        logged_model_param,
        logged_model_tag,
    );
    remove_from!(db, models, id: logged_model);
    Ok(())
}

/// Forgets what imports noted of things, so that an import that finds them again brings them as
/// it would anything new.
pub(super) fn remove_notes(
    db: &mut DbConnection,
    kind: transfer::Kind,
    names: &[String],
) -> DbResult<()> {
    let sources: Vec<i64> = carried_source::table.select(carried_source::id).load(db)?;
    for source in sources {
        let noted = carried::table
            .filter(carried::source_id.eq(source))
            .filter(carried::kind.eq(kind as i16))
            .filter(carried::name.eq_any(names));
        diesel::delete(noted).execute(db)?;
    }
    Ok(())
}
