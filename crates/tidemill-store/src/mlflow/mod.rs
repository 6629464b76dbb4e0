//! MLflow's own tables, as any version from 1.30 to 3.17 left them; [`target`] writes those of the
//! newest.
//!
//! What is there is found by looking at the tables and their columns; the version that a
//! database claims is not asked. Reading writes nothing, and each page is read by short statements,
//! so that a server may go on using the database. Databases that people have edited, or that
//! were only half upgraded, hold rows that MLflow would not write: these become faults.

mod experiments;
mod logged_models;
mod orphans;
mod points;
mod registry;
mod runs;
mod tables;
mod target;

use std::collections::HashMap;

use diesel::prelude::*;
use diesel::sql_types::BigInt;
use tidemill_core::Error;
use tidemill_core::Result;
use tidemill_core::runs::RunId;

use crate::DatabaseUrl;
use crate::connection::{Access, DbConnection};
use crate::dialect::Dialect;
use crate::error::DbResult;
use crate::search::sql::Sql;
use runs::PageRun;
use tables::{Bytes, Tables, Text, Whole};

pub use target::{MlflowPage, MlflowTarget};

/// Pages of the file that SQLite keeps in memory for us.
const CACHE_KIB: u32 = 16 << 10;
/// Points that are held at once.
const POINTS: usize = 200_000;

/// A database with MLflow's tables, open for reading.
pub struct MlflowDatabase {
    db: DbConnection,
    tables: Tables,
    /// Experiments by number, and whether they are in the workspace that everybody has.
    experiments: HashMap<i64, bool>,
    /// The runs of the last page of heads, with all but their points.
    page: Vec<PageRun>,
    /// The last run of that page, and the last row that was read for it.
    read_to: Option<(RunId, RunId)>,
    points: usize,
}

impl MlflowDatabase {
    /// Opens a database; `None` when the tables in it are not MLflow's.
    ///
    /// `Unavailable` when it cannot be opened, `InvalidState` when tables that belong together are
    /// not all there: an upgrade of MLflow stopped half-way.
    pub fn open(url: &DatabaseUrl) -> Result<Option<Self>> {
        let access = Access::Read {
            cache_kib: CACHE_KIB,
        };
        let mut db = DbConnection::open_or_explain(&read_only(url)?, access)?;
        let Some(tables) = Tables::of(&mut db).map_err(Error::from)? else {
            return Ok(None);
        };
        let experiments = workspaces(&mut db, &tables).map_err(Error::from)?;
        Ok(Some(Self {
            db,
            tables,
            experiments,
            page: Vec::new(),
            read_to: None,
            points: POINTS,
        }))
    }

    /// Holds fewer points at once; for tests.
    pub fn with_points_at_once(mut self, points: usize) -> Self {
        self.points = points;
        self
    }

    /// How many rows the tables have that are read here.
    pub fn counts(&mut self) -> Result<Vec<(&'static str, u64)>> {
        let kinds = [
            ("experiments", "experiments"),
            ("runs", "runs"),
            ("metric points", "metrics"),
            ("logged models", "logged_models"),
            ("registered models", "registered_models"),
        ];
        let mut counts = Vec::new();
        for (what, table) in kinds {
            if let Some(table) = self.tables.named(table) {
                counts.push((what, self.count(table)?));
            }
        }
        Ok(counts)
    }

    /// The tables that are not read here and have rows.
    pub fn left_out(&mut self) -> Result<Vec<(String, u64)>> {
        let mut left_out = Vec::new();
        for table in self.tables.others() {
            // Everybody has the default workspace.
            let ours = u64::from(table == "workspaces");
            match self.count(&table)?.saturating_sub(ours) {
                0 => {}
                count => left_out.push((table, count)),
            }
        }
        let elsewhere = self.experiments.values().filter(|here| !**here).count();
        if elsewhere > 0 {
            let what = String::from("experiments of other workspaces");
            left_out.push((what, elsewhere as u64));
        }
        Ok(left_out)
    }

    fn count(&mut self, table: &str) -> Result<u64> {
        let mut sql = Sql::default();
        sql.push("SELECT COUNT(*) FROM ").identifier(table);
        let count: i64 = sql
            .query::<BigInt>()
            .get_result(&mut self.db)
            .map_err(fault)?;
        Ok(count.unsigned_abs())
    }

    fn dialect(&self) -> Dialect {
        Dialect::of(&self.db)
    }
}

/// The same database, for reading: SQLite must not make a file that is not there.
fn read_only(url: &DatabaseUrl) -> Result<DatabaseUrl> {
    let DatabaseUrl::Sqlite(path) = url else {
        return Ok(url.clone());
    };
    let absolute = std::path::absolute(path).map_err(Error::internal)?;
    if !absolute.is_file() {
        return Err(Error::not_found(format!(
            "There is no file {}.",
            path.display()
        )));
    }
    let file = url::Url::from_file_path(&absolute)
        .map_err(|()| Error::invalid_parameter(format!("{} is no path.", path.display())))?;
    let file = file.as_str().replacen("file://", "file:", 1);
    Ok(DatabaseUrl::Sqlite(format!("{file}?mode=ro").into()))
}

/// Every experiment's number, and whether it is in the default workspace.
fn workspaces(db: &mut DbConnection, tables: &Tables) -> DbResult<HashMap<i64, bool>> {
    let mut select = tables.select(Dialect::of(db), "experiments");
    select.whole("experiment_id").text("workspace");
    type Row = (Option<i64>, Bytes);
    let rows: Vec<Row> = select.all().query::<(Whole, Text)>().load(db)?;
    Ok(rows
        .into_iter()
        .filter_map(|(id, workspace)| {
            let here = workspace.is_none_or(|name| name == b"default");
            Some((id?, here))
        })
        .collect())
}

/// What the database said, as an error that says it.
fn fault(error: diesel::result::Error) -> Error {
    Error::from(crate::error::Failure::from(error))
}
