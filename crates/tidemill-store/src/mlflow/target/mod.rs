//! Writing MLflow's tables: those of one revision, which MLflow itself has made and nothing has
//! been put into.
//!
//! While it is written, a database carries a revision that no MLflow knows: one that was broken
//! off is served by none, and is told from a whole one when it is met again.

mod experiments;
mod logged_models;
mod registry;
mod rows;
mod runs;
mod schema;
mod state;

use std::collections::{HashMap, HashSet};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use tidemill_core::{Error, Result};

use super::read_only;
use crate::DatabaseUrl;
use crate::connection::{Access, DbConnection};
use crate::dialect::{self, Dialect, MlflowNumber, bulk};
use crate::error::Failure;
use crate::limits::Limits;
use crate::unwritten::Unwritten;
use rows::{Latest, Rows};
use schema::{alembic_version, experiments as experiment_rows};

/// The revision of the tables that are written: the newest that MLflow 3.17.2 makes.
const REVISION: &str = "dc11669786a5";
/// What stands in its place until everything is written.
const UNFINISHED: &str = "tidemill_export_unfinished";
/// The workspace that everybody has.
const WORKSPACE: &str = "default";

/// A database with MLflow's tables, open for writing everything into it once.
pub struct MlflowTarget {
    db: DbConnection,
    limits: Limits,
    written: Written,
}

/// What later things refer to.
#[derive(Default)]
struct Written {
    /// Experiments of runs, by hashes of their ids.
    runs: HashMap<u64, MlflowNumber>,
    /// Ids of datasets.
    datasets: HashSet<u128>,
}

/// One transaction.
pub struct MlflowPage<'t> {
    db: &'t mut DbConnection,
    limits: &'t Limits,
    before: &'t Written,
    written: Written,
    rows: Rows,
    /// The newest point of the metric whose points are coming.
    latest: Option<Latest>,
}

impl MlflowTarget {
    /// Whether nothing is there yet: no file, or no tables.
    pub fn is_bare(url: &DatabaseUrl) -> Result<bool> {
        match look(url)? {
            None => Ok(true),
            Some(mut db) => Ok(state::is_bare(&mut db)?),
        }
    }

    /// Opens a database that MLflow has made its tables in, and marks it as unfinished.
    ///
    /// `InvalidState` when the tables are of another revision, not MLflow's, or hold something.
    pub fn begin(url: &DatabaseUrl) -> Result<Self> {
        let mut db = look(url)?
            .ok_or_else(|| Error::not_found(format!("There is no database at {url:?}.")))?;
        state::check(&mut db)?;
        let mut db = DbConnection::open_or_explain(url, Access::Write)?;
        dialect::hurry(&mut db).map_err(Failure::from)?;
        let limits = Limits::of(&mut db)?;
        let mut target = Self {
            db,
            limits,
            written: Written::default(),
        };
        target.mark()?;
        Ok(target)
    }

    /// Takes the place of the experiment that MLflow has made, too.
    fn mark(&mut self) -> Result<()> {
        let marked = self.write(|page| {
            let marked = revise(page.db, REVISION, UNFINISHED)?;
            diesel::delete(experiment_rows::table).execute(page.db)?;
            Ok::<_, Unwritten>(marked)
        });
        match marked {
            Ok(true) => Ok(()),
            Ok(false) => Err(Error::invalid_state("Somebody else is writing to it.")),
            Err(Unwritten::Failed(error)) => Err(error),
            Err(Unwritten::Refused(why)) => Err(Error::invalid_state(why)),
        }
    }

    /// Runs `work` in one transaction. When it fails, nothing of it stays.
    pub fn write<T, E: From<Unwritten>>(
        &mut self,
        work: impl FnOnce(&mut MlflowPage<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        bulk::begin(&mut self.db).map_err(Unwritten::from)?;
        let mut page = MlflowPage {
            db: &mut self.db,
            limits: &self.limits,
            before: &self.written,
            written: Written::default(),
            rows: Rows::default(),
            latest: None,
        };
        let outcome = work(&mut page).and_then(|value| {
            page.rows.latest.extend(page.latest.take());
            page.rows.flush(page.db).map_err(Unwritten::from)?;
            page.db.batch_execute("COMMIT").map_err(Unwritten::from)?;
            Ok((value, page.written))
        });
        match outcome {
            Ok((value, written)) => {
                self.written.runs.extend(written.runs);
                self.written.datasets.extend(written.datasets);
                Ok(value)
            }
            Err(error) => {
                // What failed may have ended the transaction by itself.
                let _ = self.db.batch_execute("ROLLBACK");
                Err(error)
            }
        }
    }

    /// Ends the writing: new things are numbered after those that were written, and MLflow finds
    /// the revision it knows.
    pub fn finish(mut self) -> Result<()> {
        let db = &mut self.db;
        dialect::number_mlflow_experiments(db).map_err(Failure::from)?;
        revise(db, UNFINISHED, REVISION).map_err(Failure::from)?;
        // Everything is there; a log that stays beside a file which somebody reads does no harm.
        let _ = dialect::leave(db);
        Ok(())
    }
}

/// A connection that reads, if there is a database.
fn look(url: &DatabaseUrl) -> Result<Option<DbConnection>> {
    match read_only(url) {
        Ok(url) => DbConnection::open_or_explain(&url, Access::Read { cache_kib: 1024 }).map(Some),
        Err(Error::NotFound(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Changes the revision, if it is the one expected.
fn revise(db: &mut DbConnection, from: &str, to: &str) -> QueryResult<bool> {
    let changed =
        diesel::update(alembic_version::table.filter(alembic_version::version_num.eq(from)))
            .set(alembic_version::version_num.eq(to))
            .execute(db)?;
    Ok(changed == 1)
}

impl MlflowPage<'_> {
    /// A number as MLflow's columns hold it.
    pub(super) fn number(&self, number: i64, what: &str) -> Result<MlflowNumber, Unwritten> {
        MlflowNumber::new(Dialect::of(self.db), number).ok_or_else(|| {
            Unwritten::Refused(format!(
                "{what} {number} is larger than MLflow's column holds on a database server"
            ))
        })
    }
}
