//! Looking after a database: what is in it, whether it is sound, and room that it can give back.

use std::collections::HashMap;
use std::fmt;

use diesel::prelude::*;
use serde::Serialize;
use tidemill_core::metrics::{Point, comparable};
use tidemill_core::runs::RunId;
use tidemill_core::transfer::RunPiece;
use tidemill_core::{Error, Result};

use crate::connection::{Access, DbConnection};
use crate::dialect::upkeep::{problems, reclaim, size};
use crate::schema::run;
use crate::transfer::Archive;
use crate::{DatabaseUrl, dialect, migrate};

/// How many runs are looked at at once.
const PAGE: i64 = 500;
/// Pages of the file that SQLite keeps in memory for us.
const CACHE_KIB: u32 = 16 << 10;

/// What a database is and has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DatabaseStatus {
    /// Where it is, without secrets.
    pub database: String,
    /// The version of its schema; `None` when it has none yet.
    pub schema: Option<i64>,
    /// The version that this program works with.
    pub newest_schema: i64,
    /// Room it takes, in bytes, with indexes.
    pub bytes: u64,
    /// How many there are of each kind, in the plural; empty when the schema is another one.
    pub counts: Vec<(&'static str, u64)>,
}

/// What looking through a database found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct DatabaseCheck {
    /// How many runs were read whole.
    pub runs: u64,
    /// How many points they had.
    pub points: u64,
    /// How many experiments, logged and registered models were read.
    pub others: u64,
    /// What is not as it must be.
    pub problems: Vec<String>,
}

/// What bringing a schema up to date did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Migrated {
    /// The version that was there; `None` when there was none.
    pub before: Option<i64>,
    /// The version that is there now.
    pub now: i64,
}

/// Room that a database takes, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Room {
    /// What it took.
    pub before: u64,
    /// What it takes now.
    pub now: u64,
}

/// A database whose owner looks after it.
pub struct Upkeep {
    url: DatabaseUrl,
}

impl Upkeep {
    /// The database at `url`. A file that is not there is not made.
    pub fn new(url: DatabaseUrl) -> Result<Self> {
        if let DatabaseUrl::Sqlite(path) = &url
            && !path.is_file()
        {
            return Err(Error::not_found(format!(
                "There is no file {}.",
                path.display()
            )));
        }
        Ok(Self { url })
    }

    fn reading(&self) -> Result<DbConnection> {
        let access = Access::Read {
            cache_kib: CACHE_KIB,
        };
        DbConnection::open_or_explain(&self.url, access)
    }

    /// What it is and has. Nothing is changed.
    pub fn status(&self) -> Result<DatabaseStatus> {
        let mut db = self.reading()?;
        let schema = migrate::version(&mut db)?;
        let bytes = size(&mut db)?;
        let counts = match schema {
            Some(migrate::NEWEST) => Archive::of(db).counts()?,
            _ => Vec::new(),
        };
        Ok(DatabaseStatus {
            database: format!("{:?}", self.url),
            schema,
            newest_schema: migrate::NEWEST,
            bytes,
            counts,
        })
    }

    /// Brings its schema up to date. What an older program made is changed in place; keep a backup.
    pub fn migrate(&self) -> Result<Migrated> {
        let before = migrate::version(&mut self.reading()?)?;
        migrate::migrate(&self.url)?;
        Ok(Migrated {
            before,
            now: migrate::NEWEST,
        })
    }

    /// Looks through all of it: by the means that the database has itself, and by reading every
    /// thing and every point of every history. `progress` is told how many runs are done.
    pub fn check(&self, mut progress: impl FnMut(u64)) -> Result<DatabaseCheck> {
        let Some(mut archive) = Archive::open(&self.url)? else {
            return Err(Error::invalid_state(format!(
                "{:?} is no database of Tidemill's.",
                self.url
            )));
        };
        let mut check = DatabaseCheck {
            problems: problems(&mut archive.db)?,
            ..DatabaseCheck::default()
        };
        archive.begin_snapshot()?;
        let mut after: Option<RunId> = None;
        loop {
            let ids = archive.run_ids(after.as_ref(), PAGE)?;
            let Some(last) = ids.last() else { break };
            after = Some(last.clone());
            if let Err(error) = archive.check_runs(&ids, &mut check) {
                // One by one, to name the one that cannot be read.
                for id in &ids {
                    if archive
                        .check_runs(std::slice::from_ref(id), &mut check)
                        .is_err()
                    {
                        check
                            .problems
                            .push(format!("run {id}: {}", error.in_words()));
                    }
                }
            }
            progress(check.runs);
        }
        check.others = archive.check_others()?;
        Ok(check)
    }

    /// Gives back room that is not used any more. SQLite and MySQL let nobody write meanwhile;
    /// PostgreSQL keeps the room for what comes.
    pub fn reclaim(&self) -> Result<Room> {
        let mut db = DbConnection::open_or_explain(&self.url, Access::Write)?;
        if migrate::version(&mut db)?.is_none() {
            return Err(Error::invalid_state(format!(
                "{:?} is no database of Tidemill's.",
                self.url
            )));
        }
        let before = size(&mut db)?;
        reclaim(&mut db)?;
        Ok(Room {
            before,
            now: size(&mut db)?,
        })
    }
}

impl fmt::Display for DatabaseStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.database)?;
        let newest = self.newest_schema;
        match self.schema {
            None => writeln!(f, "  no schema of Tidemill's; this program's is {newest}")?,
            Some(there) if there == newest => writeln!(f, "  schema {there}, up to date")?,
            Some(there) => writeln!(f, "  schema {there}; this program's is {newest}")?,
        }
        writeln!(f, "  {} bytes", self.bytes)?;
        for (what, count) in &self.counts {
            writeln!(f, "  {what}: {count}")?;
        }
        Ok(())
    }
}

impl fmt::Display for DatabaseCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for problem in &self.problems {
            writeln!(f, "  {problem}")?;
        }
        writeln!(
            f,
            "  read: {} runs with {} points, {} experiments and models; {} problems",
            self.runs,
            self.points,
            self.others,
            self.problems.len()
        )
    }
}

impl fmt::Display for Migrated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.before {
            Some(before) if before == self.now => write!(f, "  schema {before}, up to date"),
            Some(before) => write!(f, "  schema {before} brought to {}", self.now),
            None => write!(f, "  schema {} made", self.now),
        }
    }
}

impl fmt::Display for Room {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "  {} bytes before, {} now", self.before, self.now)
    }
}

/// Whether two points are the same, NaN included.
fn is_same(one: Point, other: Point) -> bool {
    let parts = |point: Point| {
        let value = comparable(point.value).to_bits();
        (point.step, point.timestamp, value, point.value.is_nan())
    };
    parts(one) == parts(other)
}

impl Archive {
    /// Reads runs with all their points, and holds the newest ones against those that searches go
    /// by.
    fn check_runs(&mut self, ids: &[RunId], check: &mut DatabaseCheck) -> Result<()> {
        let mut found = DatabaseCheck::default();
        let mut latest = self.latest(ids)?;
        let mut run = String::new();
        let mut newest: HashMap<String, Point> = HashMap::new();
        self.runs(ids, &mut |piece| {
            match piece {
                RunPiece::Run(carried) => run = carried.run.info.id.0,
                RunPiece::Points { key, points } => {
                    found.points += points.len() as u64;
                    for point in points {
                        let newest = newest.entry(key.clone()).or_insert(point);
                        if point.replaces(newest) {
                            *newest = point;
                        }
                    }
                }
                RunPiece::End { .. } => {
                    found.runs += 1;
                    for (key, newest) in newest.drain() {
                        let kept = latest.remove(&(run.clone(), key.clone()));
                        if !kept.is_some_and(|kept| is_same(newest, kept)) {
                            found.problems.push(format!(
                                "run {run}: the newest point of {key:?} is {newest:?}, and searches \
                                 go by {kept:?}"
                            ));
                        }
                    }
                }
            }
            Ok::<(), Error>(())
        })?;
        for (run, key) in latest.into_keys() {
            let problem = format!("run {run}: {key:?} has a newest point and no history");
            found.problems.push(problem);
        }
        check.runs += found.runs;
        check.points += found.points;
        check.problems.append(&mut found.problems);
        Ok(())
    }

    /// The newest points of runs, by run and metric, as searches have them.
    fn latest(&mut self, ids: &[RunId]) -> Result<HashMap<(String, String), Point>> {
        let ids: Vec<&str> = ids.iter().map(RunId::as_str).collect();
        let rows: Vec<(i64, String)> = run::table
            .filter(run::uuid.eq_any(ids))
            .select((run::id, run::uuid))
            .load(&mut self.db)
            .map_err(crate::error::Failure::from)?;
        let numbers: Vec<i64> = rows.iter().map(|(id, _)| *id).collect();
        let uuids: HashMap<i64, String> = rows.into_iter().collect();
        let rows =
            dialect::latest_metrics(&mut self.db, &numbers).map_err(crate::error::Failure::from)?;
        let names = self
            .cache
            .names(&mut self.db, rows.iter().map(|row| row.key))?;
        let points = rows.into_iter().filter_map(|row| {
            let name = String::from(&**names.get(&row.key)?);
            let point = Point {
                step: row.step,
                timestamp: row.timestamp,
                value: row.value.unwrap_or(f64::NAN),
            };
            Some(((uuids.get(&row.run)?.clone(), name), point))
        });
        Ok(points.collect())
    }

    /// Reads everything that is no run, and says how many things that was.
    fn check_others(&mut self) -> Result<u64> {
        let mut count = self.experiments()?.len();
        let mut after: Option<String> = None;
        loop {
            let page = self.logged_models(after.as_deref(), PAGE)?;
            let Some(last) = page.last() else { break };
            after = Some(last.id.clone());
            count += page.len();
        }
        let mut after: Option<String> = None;
        loop {
            let page = self.registered_models(after.as_deref(), PAGE)?;
            let Some(last) = page.last() else { break };
            after = Some(last.name.clone());
            count += page.len();
        }
        Ok(count as u64)
    }
}
