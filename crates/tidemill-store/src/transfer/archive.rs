//! Everything out again, in pages: for verification, for export, and for moving from one database
//! to another.

use std::collections::{BTreeMap, HashMap};

use diesel::prelude::*;
use tidemill_core::experiments::Experiment;
use tidemill_core::logged_models::LoggedModel;
use tidemill_core::runs::{Run, RunId};
use tidemill_core::tags::Tag;
use tidemill_core::transfer::{CarriedModel, CarriedRun};
use tidemill_core::{Error, Result};

use super::archive_points::POINTS;
use super::{done, in_words, notes};
use crate::DatabaseUrl;
use crate::connection::{Access, DbConnection};
use crate::dialect::{among, begin_snapshot};
use crate::error::DbResult;
use crate::experiments::{self, ExperimentRow};
use crate::keys::KeyCache;
use crate::logged_models::{self, LoggedModelRow};
use crate::migrate;
use crate::registry::{ModelRow, VersionRow, load_versions, model_aliases, model_tags};
use crate::runs::{self, RunRow};
use crate::schema::{
    experiment, logged_model, metric_chunk, metric_tail, model_version, registered_model, run,
};

/// Pages of the file that SQLite keeps in memory for us.
const CACHE_KIB: u32 = 16 << 10;

/// A database of ours, open for reading.
pub struct Archive {
    pub(crate) db: DbConnection,
    pub(crate) cache: KeyCache,
    pub(super) points: usize,
}

impl Archive {
    /// Opens a database; `None` when it is not one of ours. One with the schema of another version
    /// is refused: whoever reads changes nothing.
    pub fn open(url: &DatabaseUrl) -> Result<Option<Self>> {
        if let DatabaseUrl::Sqlite(path) = url
            && !path.is_file()
        {
            return Err(Error::not_found(format!(
                "There is no file {}.",
                path.display()
            )));
        }
        let access = Access::Read {
            cache_kib: CACHE_KIB,
        };
        let mut db = DbConnection::open_or_explain(url, access)?;
        if !migrate::is_current(&mut db)? {
            return Ok(None);
        }
        Ok(Some(Self::of(db)))
    }

    pub(crate) fn of(db: DbConnection) -> Self {
        Self {
            db,
            cache: KeyCache::default(),
            points: POINTS,
        }
    }

    /// Holds fewer points at once; for tests.
    pub fn with_points_at_once(mut self, points: usize) -> Self {
        self.points = points;
        self
    }

    /// From now on everything is read as it is at this moment, whatever is written meanwhile.
    pub fn begin_snapshot(&mut self) -> Result<()> {
        begin_snapshot(&mut self.db).map_err(in_words)
    }

    /// Whether anything was carried from the source of this name.
    pub fn has_from(&mut self, source: &str) -> Result<bool> {
        let known = done(notes::known(&mut self.db, source))?;
        Ok(known != notes::NONE)
    }

    /// How many rows there are of each kind.
    pub fn counts(&mut self) -> Result<Vec<(&'static str, u64)>> {
        done(self.count())
    }

    fn count(&mut self) -> DbResult<Vec<(&'static str, u64)>> {
        let db = &mut self.db;
        let sealed: Vec<i64> = metric_chunk::table.select(metric_chunk::n).load(db)?;
        let unsealed: Vec<i64> = metric_tail::table.select(metric_tail::n).load(db)?;
        let points: i64 = sealed.iter().chain(&unsealed).sum();
        let experiments: i64 = experiment::table.count().get_result(db)?;
        let runs: i64 = run::table.count().get_result(db)?;
        let logged: i64 = logged_model::table.count().get_result(db)?;
        let registered: i64 = registered_model::table.count().get_result(db)?;
        Ok(vec![
            ("experiments", experiments.unsigned_abs()),
            ("runs", runs.unsigned_abs()),
            ("metric points", points.unsigned_abs()),
            ("logged models", logged.unsigned_abs()),
            ("registered models", registered.unsigned_abs()),
        ])
    }

    /// How many runs each experiment has, by its number.
    pub fn runs_by_experiment(&mut self) -> Result<BTreeMap<i64, u64>> {
        let rows: Vec<(i64, i64)> = run::table
            .group_by(run::experiment_id)
            .select((run::experiment_id, diesel::dsl::count_star()))
            .load(&mut self.db)
            .map_err(in_words)?;
        let counts = rows.into_iter();
        Ok(counts
            .map(|(id, count)| (id, count.unsigned_abs()))
            .collect())
    }

    /// Every experiment, by number.
    pub fn experiments(&mut self) -> Result<Vec<Experiment>> {
        let rows: Vec<ExperimentRow> = experiment::table
            .order(experiment::id)
            .select(ExperimentRow::as_select())
            .load(&mut self.db)
            .map_err(in_words)?;
        done(experiments::load(&mut self.db, rows))
    }

    /// Ids of at most `limit` runs, sorted, from the one after `after` on.
    pub fn run_ids(&mut self, after: Option<&RunId>, limit: i64) -> Result<Vec<RunId>> {
        let mut query = run::table
            .select(run::uuid)
            .order(run::uuid)
            .limit(limit)
            .into_boxed();
        if let Some(after) = after {
            query = query.filter(run::uuid.gt(after.as_str()));
        }
        let ids: Vec<String> = query.load(&mut self.db).map_err(in_words)?;
        Ok(ids.into_iter().map(RunId).collect())
    }

    /// The runs of these ids that are there, by id, each with the number of its row.
    pub(super) fn carried_runs(&mut self, ids: &[RunId]) -> DbResult<Vec<(i64, CarriedRun)>> {
        let uuids: Vec<&str> = ids.iter().map(RunId::as_str).collect();
        let rows: Vec<(RunRow, Option<i64>)> = run::table
            .filter(run::uuid.eq_any(uuids))
            .order(run::uuid)
            .select((RunRow::as_select(), run::deleted_time))
            .load(&mut self.db)?;
        let (rows, deleted): (Vec<RunRow>, Vec<Option<i64>>) = rows.into_iter().unzip();
        let numbers: Vec<i64> = rows.iter().map(|row| row.id).collect();
        let runs = runs::load(&mut self.db, &self.cache, rows)?;
        let carried = runs
            .into_iter()
            .zip(deleted)
            .map(|(run, deleted_time)| CarriedRun {
                run: Run {
                    metrics: Vec::new(),
                    ..run
                },
                deleted_time,
            });
        Ok(numbers.into_iter().zip(carried).collect())
    }

    /// At most `limit` logged models by id, from the one after `after` on.
    pub fn logged_models(&mut self, after: Option<&str>, limit: i64) -> Result<Vec<LoggedModel>> {
        let mut query = logged_model::table
            .select(LoggedModelRow::as_select())
            .order(logged_model::uuid)
            .limit(limit)
            .into_boxed();
        if let Some(after) = after {
            query = query.filter(logged_model::uuid.gt(after.to_owned()));
        }
        let rows: Vec<LoggedModelRow> = query.load(&mut self.db).map_err(in_words)?;
        done(logged_models::load(&mut self.db, rows))
    }

    /// The logged model of this id, active or deleted.
    pub fn logged_model(&mut self, id: &str) -> Result<Option<LoggedModel>> {
        let rows: Vec<LoggedModelRow> = logged_model::table
            .filter(logged_model::uuid.eq(id))
            .select(LoggedModelRow::as_select())
            .load(&mut self.db)
            .map_err(in_words)?;
        Ok(done(logged_models::load(&mut self.db, rows))?.pop())
    }

    /// The registered model of this name.
    pub fn registered_model(&mut self, name: &str) -> Result<Option<CarriedModel>> {
        let ids: Vec<i64> = registered_model::table
            .filter(registered_model::name.eq(name))
            .select(registered_model::id)
            .load(&mut self.db)
            .map_err(in_words)?;
        Ok(done(carried_models(&mut self.db, &ids))?.pop())
    }

    /// At most `limit` registered models by name, from the one after `after` on.
    pub fn registered_models(
        &mut self,
        after: Option<&str>,
        limit: i64,
    ) -> Result<Vec<CarriedModel>> {
        let mut query = registered_model::table
            .select(registered_model::id)
            .order(registered_model::name)
            .limit(limit)
            .into_boxed();
        if let Some(after) = after {
            query = query.filter(registered_model::name.gt(after.to_owned()));
        }
        let ids: Vec<i64> = query.load(&mut self.db).map_err(in_words)?;
        done(carried_models(&mut self.db, &ids))
    }
}

/// The models of these rows, by name.
pub(super) fn carried_models(db: &mut DbConnection, ids: &[i64]) -> DbResult<Vec<CarriedModel>> {
    let rows: Vec<(ModelRow, i64)> = registered_model::table
        .filter(among(db, "registered_model.id", ids))
        .order(registered_model::name)
        .select((ModelRow::as_select(), registered_model::last_version))
        .load(db)?;
    let mut tags: HashMap<i64, Vec<Tag>> = model_tags(db, ids)?;
    let mut aliases = model_aliases(db, ids)?;
    let rows_of_versions: Vec<VersionRow> = model_version::table
        .inner_join(registered_model::table)
        .filter(among(db, "model_version.model_id", ids))
        .filter(model_version::stage.is_not_null())
        .order((model_version::model_id, model_version::version))
        .select(VersionRow::as_select())
        .load(db)?;
    let owners: Vec<i64> = rows_of_versions.iter().map(|row| row.model_id).collect();
    let mut versions: HashMap<i64, Vec<_>> = HashMap::new();
    for (owner, version) in owners.into_iter().zip(load_versions(db, rows_of_versions)?) {
        versions.entry(owner).or_default().push(version);
    }
    Ok(rows
        .into_iter()
        .map(|(row, last_version)| CarriedModel {
            name: row.name,
            creation_time: row.creation_time,
            last_updated_time: row.last_updated_time,
            description: row.description,
            tags: tags.remove(&row.id).unwrap_or_default(),
            aliases: aliases.remove(&row.id).unwrap_or_default(),
            versions: versions.remove(&row.id).unwrap_or_default(),
            last_version,
        })
        .collect())
}
