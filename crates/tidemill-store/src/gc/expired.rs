//! Finding what may be purged.

use std::collections::HashSet;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, SmallInt, Text};
use tidemill_core::experiments::{self, ExperimentId};
use tidemill_core::lifecycle::LifecycleStage;
use tidemill_core::runs::{self, RunId};
use tidemill_core::{Error, Result};

use super::{BATCH, Kind, Scope};
use crate::Store;
use crate::connection::DbConnection;
use crate::error::DbResult;
use crate::schema::{experiment, metric_chunk, metric_tail, run};
use crate::search::sql::Sql;

const ACTIVE: i64 = LifecycleStage::Active as i64;
const DELETED: i64 = LifecycleStage::Deleted as i64;
const PURGING: i64 = LifecycleStage::PURGING as i64;

/// A run or a logged model that may be purged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expired {
    /// Its number in our tables.
    pub number: i64,
    /// Its id.
    pub id: String,
    /// The experiment it belongs to.
    pub experiment: ExperimentId,
    /// Where its artifacts are.
    pub location: String,
    /// Whether it is in use by itself and goes only because its experiment does.
    pub is_active: bool,
}

impl Store {
    /// Up to [`BATCH`] runs or logged models after a number that may be purged, by their numbers.
    /// A run whose time of deletion is not known has to be named, or its experiment to be purged.
    pub async fn expired(&self, kind: Kind, scope: Scope, after: i64) -> Result<Vec<Expired>> {
        if kind == Kind::Model && scope.experiments.is_empty() && !scope.is_everything() {
            return Ok(Vec::new());
        }
        self.read(move |db| find(db, kind, &scope, after)).await
    }

    /// Refuses a scope that names what is not there, not deleted, or was deleted too recently.
    pub async fn check_scope(&self, scope: Scope) -> Result<()> {
        self.read(move |db| {
            for id in &scope.runs {
                check_run(db, id, scope.cutoff)?;
            }
            for id in &scope.experiments {
                check_experiment(db, *id, scope.cutoff)?;
            }
            Ok(())
        })
        .await
    }

    /// How many metric points these runs have; repeated ones may count more than once.
    pub async fn count_points(&self, runs: Vec<i64>) -> Result<u64> {
        self.read(move |db| {
            let tails: Vec<i64> = metric_tail::table
                .filter(metric_tail::run_id.eq_any(&runs))
                .select(metric_tail::n)
                .load(db)?;
            let chunks: Vec<i64> = metric_chunk::table
                .filter(metric_chunk::run_id.eq_any(&runs))
                .select(metric_chunk::n)
                .load(db)?;
            Ok(tails.into_iter().chain(chunks).sum::<i64>().unsigned_abs())
        })
        .await
    }

    /// Which of these ids belong to a run or a logged model.
    pub async fn which_exist(&self, kind: Kind, ids: Vec<String>) -> Result<HashSet<String>> {
        self.read(move |db| {
            let mut found = HashSet::new();
            for ids in ids.chunks(4 * BATCH) {
                let mut sql = Sql::default();
                sql.push(match kind {
                    Kind::Run => "SELECT uuid FROM run WHERE uuid IN (",
                    Kind::Model => "SELECT uuid FROM logged_model WHERE uuid IN (",
                });
                sql.texts(ids).push(")");
                found.extend(sql.query::<Text>().load::<String>(db)?);
            }
            Ok(found)
        })
        .await
    }
}

type Columns = (BigInt, Text, BigInt, Text, SmallInt);

fn find(db: &mut DbConnection, kind: Kind, scope: &Scope, after: i64) -> DbResult<Vec<Expired>> {
    let mut sql = Sql::default();
    sql.push(match kind {
        Kind::Run => "SELECT t.id, t.uuid, t.experiment_id, t.artifact_uri, t.stage FROM run t",
        Kind::Model => {
            "SELECT t.id, t.uuid, t.experiment_id, t.artifact_location, t.stage FROM logged_model t"
        }
    });
    sql.push(" WHERE t.id > ")
        .int(after)
        .push(" AND (t.stage = ");
    sql.number(PURGING).push(" OR ");
    write_expired(&mut sql, kind, scope);
    sql.push(")");
    write_named(&mut sql, kind, scope);
    sql.push(" ORDER BY t.id LIMIT ").number(BATCH as i64);
    let rows: Vec<(i64, String, i64, String, i16)> = sql.query::<Columns>().load(db)?;
    Ok(rows.into_iter().map(expired).collect())
}

fn expired((number, id, experiment, location, stage): (i64, String, i64, String, i16)) -> Expired {
    Expired {
        number,
        id,
        experiment: ExperimentId(experiment),
        location,
        is_active: i64::from(stage) == ACTIVE,
    }
}

/// Deleting an experiment deletes its runs, but leaves its logged models as they are.
fn write_expired(sql: &mut Sql, kind: Kind, scope: &Scope) {
    match kind {
        Kind::Run => {
            sql.push("t.stage = ").number(DELETED);
            sql.push(" AND (t.deleted_time <= ").int(scope.cutoff);
            sql.push(" OR (t.deleted_time IS NULL AND (t.experiment_id IN (");
            write_expired_experiments(sql, scope.cutoff);
            sql.push(") OR ").push(match scope.is_everything() {
                true => "1 = 0)))",
                false => "1 = 1)))",
            });
        }
        Kind::Model => {
            sql.push("(t.stage = ").number(DELETED);
            sql.push(" AND t.last_updated_time <= ").int(scope.cutoff);
            sql.push(") OR t.experiment_id IN (");
            write_expired_experiments(sql, scope.cutoff);
            sql.push(")");
        }
    }
}

/// Experiments that may go, unless somebody has restored a run of theirs.
fn write_expired_experiments(sql: &mut Sql, cutoff: i64) {
    sql.push("SELECT e.id FROM experiment e WHERE e.stage = ")
        .number(DELETED)
        .push(" AND e.last_update_time <= ")
        .int(cutoff)
        .push(" AND NOT EXISTS (SELECT 1 FROM run r WHERE r.experiment_id = e.id AND r.stage = ")
        .number(ACTIVE)
        .push(")");
}

fn write_named(sql: &mut Sql, kind: Kind, scope: &Scope) {
    if scope.is_everything() {
        return;
    }
    sql.push(" AND (1 = 0");
    if !scope.experiments.is_empty() {
        sql.push(" OR t.experiment_id IN (");
        sql.numbers(scope.experiments.iter().map(|id| id.0))
            .push(")");
    }
    if kind == Kind::Run && !scope.runs.is_empty() {
        let ids: Vec<String> = scope.runs.iter().map(|id| id.0.clone()).collect();
        sql.push(" OR t.uuid IN (").texts(&ids).push(")");
    }
    sql.push(")");
}

fn check_run(db: &mut DbConnection, id: &RunId, cutoff: i64) -> DbResult<()> {
    let found: Option<(i16, Option<i64>)> = run::table
        .filter(run::uuid.eq(id.as_str()))
        .select((run::stage, run::deleted_time))
        .first(db)
        .optional()?;
    let (stage, deleted) = found.ok_or_else(|| runs::not_found(id))?;
    let age = Age::of(stage, deleted.unwrap_or(i64::MIN), cutoff);
    Ok(age.check(&format!("Run {id}"))?)
}

fn check_experiment(db: &mut DbConnection, id: ExperimentId, cutoff: i64) -> DbResult<()> {
    let found: Option<(i16, i64)> = experiment::table
        .find(id.0)
        .select((experiment::stage, experiment::last_update_time))
        .first(db)
        .optional()?;
    let (stage, deleted) = found.ok_or_else(|| experiments::not_found(id))?;
    Ok(Age::of(stage, deleted, cutoff).check(&format!("Experiment {id}"))?)
}

/// Whether something that was named may go.
enum Age {
    InUse,
    Recent,
    Expired,
}

impl Age {
    fn of(stage: i16, deleted: i64, cutoff: i64) -> Self {
        match i64::from(stage) {
            ACTIVE => Self::InUse,
            DELETED if deleted > cutoff => Self::Recent,
            _ => Self::Expired,
        }
    }

    fn check(self, what: &str) -> Result<()> {
        match self {
            Self::Expired => Ok(()),
            Self::InUse => Err(Error::invalid_parameter(format!(
                "{what} is not deleted. Only what is deleted can be purged."
            ))),
            Self::Recent => Err(Error::invalid_parameter(format!(
                "{what} was deleted too recently; a shorter retention time would let it go."
            ))),
        }
    }
}
