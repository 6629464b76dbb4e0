//! Brings the schema up to what this binary knows, under a lock, and refuses a newer one, or one
//! whose migrations had another text.
//!
//! The texts live in `migrations/{sqlite,postgres,mysql}` under the same names. Our own few
//! lines instead of `diesel_migrations`, because MySQL and MariaDB name the one collation we
//! need differently, and its embedded texts cannot be adjusted when they run.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::result::Error as DieselError;
#[cfg(feature = "mysql")]
use diesel::sql_types::Text;
use tidemill_core::{Error, Result};

use crate::DatabaseUrl;
use crate::connection::{Access, DbConnection};
use crate::dialect;
use crate::error::DbResult;

/// One step of the schema.
struct Migration {
    version: i64,
    name: &'static str,
    sqlite: &'static str,
    #[cfg(feature = "postgres")]
    postgres: &'static str,
    #[cfg(feature = "mysql")]
    mysql: &'static str,
}

macro_rules! migration {
    ($version:literal, $name:literal) => {
        Migration {
            version: $version,
            name: $name,
            sqlite: include_str!(concat!("../../../migrations/sqlite/", $name, "/up.sql")),
            #[cfg(feature = "postgres")]
            postgres: include_str!(concat!("../../../migrations/postgres/", $name, "/up.sql")),
            #[cfg(feature = "mysql")]
            mysql: include_str!(concat!("../../../migrations/mysql/", $name, "/up.sql")),
        }
    };
}

/// Every step, oldest first. Append only.
const MIGRATIONS: [Migration; 3] = [
    migration!(1, "0001_tracking_and_registry"),
    migration!(2, "0002_carried"),
    migration!(3, "0003_left_out"),
];

/// The schema version that this binary writes.
pub(crate) const NEWEST: i64 = MIGRATIONS[MIGRATIONS.len() - 1].version;

/// Names the lock that keeps two starting servers from migrating at once.
#[cfg(feature = "postgres")]
const POSTGRES_LOCK: i64 = 0x7469_6465_6d69_6c6c;

diesel::table! {
    tidemill_schema (version) {
        version -> BigInt,
        name -> Text,
        checksum -> BigInt,
    }
}

/// Migrates the database at `url`, creating a SQLite file that is not there yet.
pub(crate) fn migrate(url: &DatabaseUrl) -> Result<()> {
    let DatabaseUrl::Sqlite(path) = url else {
        return migrate_through(url);
    };
    if let Some(folder) = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        std::fs::create_dir_all(folder).map_err(|error| {
            Error::invalid_parameter(format!(
                "The folder of the database, '{}', cannot be made: {error}",
                folder.display()
            ))
        })?;
    }
    migrate_through(url)
}

fn migrate_through(url: &DatabaseUrl) -> Result<()> {
    if let DatabaseUrl::Sqlite(path) = url
        && path.is_file()
    {
        // Opening it for writing already changes the file.
        let mut db = DbConnection::open_or_explain(url, Access::Read { cache_kib: 1000 })?;
        if version(&mut db)?.is_none() {
            refuse_mlflow(&mut db)?;
        }
    }
    let mut db = DbConnection::open_or_explain(url, Access::Write)?;
    if version(&mut db)? == Some(NEWEST) {
        return Ok(refuse_other_layouts(&mut db)?);
    }
    under_lock(&mut db, apply_missing)?;
    Ok(())
}

/// The version of the schema that is there; `None` before the first migration.
pub(crate) fn version(db: &mut DbConnection) -> DbResult<Option<i64>> {
    let newest = tidemill_schema::table
        .select(tidemill_schema::version)
        .order(tidemill_schema::version.desc())
        .first(db)
        .optional();
    match newest {
        Err(DieselError::DatabaseError(_, info)) if is_no_table(info.message()) => Ok(None),
        newest => Ok(newest?),
    }
}

/// A migration whose text was changed after a database had applied it left that database with
/// a layout that this binary's queries may not fit.
fn refuse_other_layouts(db: &mut DbConnection) -> DbResult<()> {
    let there = version(db)?.unwrap_or(0);
    let applied = tidemill_schema::table
        .select((tidemill_schema::version, tidemill_schema::checksum))
        .load::<(i64, i64)>(db);
    let applied = match applied {
        Err(DieselError::DatabaseError(_, info)) if is_no_column(info.message()) => Vec::new(),
        applied => applied?,
    };
    for migration in MIGRATIONS.iter().filter(|m| m.version <= there) {
        let checksum = checksum(migration.template(db));
        if !applied.contains(&(migration.version, checksum)) {
            return Err(Error::invalid_state(format!(
                "The database was made by another build of Tidemill, whose migration {} differs \
                 from this one's: use that build, or start with a fresh database.",
                migration.name
            ))
            .into());
        }
    }
    Ok(())
}

/// MLflow's own database stays MLflow's.
fn refuse_mlflow(db: &mut DbConnection) -> DbResult<()> {
    let tables = dialect::catalogue(db)?;
    let has = |name: &str| tables.iter().any(|(table, _)| table == name);
    match has("experiments") && has("runs") && has("alembic_version") {
        false => Ok(()),
        true => Err(Error::invalid_state(
            "The database is MLflow's. Name another one, and bring over what is in this one with \
             `tidemill import`.",
        )
        .into()),
    }
}

/// FNV-1a, which is the same on every machine and with every compiler.
fn checksum(text: &str) -> i64 {
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    hash.cast_signed()
}

fn is_no_table(message: &str) -> bool {
    ["no such table", "does not exist", "doesn't exist"]
        .iter()
        .any(|words| message.contains(words))
}

fn is_no_column(message: &str) -> bool {
    ["no such column", "does not exist", "Unknown column"]
        .iter()
        .any(|words| message.contains(words))
}

/// Whether the schema is ours; an error when it is of another version than this program's.
pub(crate) fn is_current(db: &mut DbConnection) -> Result<bool> {
    match version(db)? {
        None => return Ok(false),
        Some(there) if there > NEWEST => return Err(too_new(there)),
        Some(there) if there < NEWEST => {
            return Err(Error::invalid_state(format!(
                "The database has schema version {there}, and this program works with {NEWEST}: \
                 keep a backup made by the program that it belongs to, and bring it up to date \
                 with `tidemill db migrate`."
            )));
        }
        Some(_) => {}
    }
    refuse_other_layouts(db)?;
    Ok(true)
}

fn too_new(there: i64) -> Error {
    Error::invalid_state(format!(
        "The database has schema version {there}, made by a newer Tidemill; this one knows {NEWEST}. \
         Start the newer version, or restore a backup from before the upgrade."
    ))
}

fn apply_missing(db: &mut DbConnection) -> DbResult<()> {
    db.batch_execute(
        "CREATE TABLE IF NOT EXISTS tidemill_schema (version BIGINT NOT NULL PRIMARY KEY, \
         name VARCHAR(255) NOT NULL, checksum BIGINT NOT NULL)",
    )?;
    let there = version(db)?.unwrap_or(0);
    if there > NEWEST {
        return Err(too_new(there).into());
    }
    refuse_other_layouts(db)?;
    if there == 0 {
        refuse_mlflow(db)?;
    }
    for migration in MIGRATIONS.iter().filter(|m| m.version > there) {
        let text = migration.text(db)?;
        tracing::info!(name = migration.name, "migrating the database");
        db.batch_execute(&text)?;
        diesel::insert_into(tidemill_schema::table)
            .values((
                tidemill_schema::version.eq(migration.version),
                tidemill_schema::name.eq(migration.name),
                tidemill_schema::checksum.eq(checksum(migration.template(db))),
            ))
            .execute(db)?;
    }
    Ok(())
}

impl Migration {
    /// The text as it is in this binary.
    fn template(&self, db: &DbConnection) -> &'static str {
        match db {
            DbConnection::Sqlite(_) => self.sqlite,
            #[cfg(feature = "postgres")]
            DbConnection::Postgres(_) => self.postgres,
            #[cfg(feature = "mysql")]
            DbConnection::Mysql(_) => self.mysql,
        }
    }

    /// The text that this server understands.
    fn text(&self, db: &mut DbConnection) -> DbResult<String> {
        let template = self.template(db);
        match db {
            #[cfg(feature = "mysql")]
            DbConnection::Mysql(db) => {
                let version: String =
                    diesel::select(diesel::dsl::sql::<Text>("version()")).get_result(db)?;
                let collation = match version.contains("MariaDB") {
                    true => "utf8mb4_nopad_bin",
                    false => "utf8mb4_0900_bin",
                };
                Ok(template.replace("${COLLATION}", collation))
            }
            _ => Ok(template.to_owned()),
        }
    }
}

/// SQLite and PostgreSQL take back a failed migration whole; MySQL commits each statement of
/// a schema change by itself, so there only the lock protects.
fn under_lock(
    db: &mut DbConnection,
    work: impl FnOnce(&mut DbConnection) -> DbResult<()>,
) -> DbResult<()> {
    match db {
        DbConnection::Sqlite(_) => {
            db.batch_execute("BEGIN EXCLUSIVE")?;
            let outcome = work(db);
            db.batch_execute(if outcome.is_ok() {
                "COMMIT"
            } else {
                "ROLLBACK"
            })?;
            outcome
        }
        #[cfg(feature = "postgres")]
        DbConnection::Postgres(_) => db.transaction(|db| {
            db.batch_execute(&format!("SELECT pg_advisory_xact_lock({POSTGRES_LOCK})"))?;
            work(db)
        }),
        #[cfg(feature = "mysql")]
        DbConnection::Mysql(mysql) => {
            use diesel::sql_types::{Integer, Nullable};
            let locked: Option<i32> = diesel::select(diesel::dsl::sql::<Nullable<Integer>>(
                "GET_LOCK('tidemill_schema', 60)",
            ))
            .get_result(mysql)?;
            if locked != Some(1) {
                return Err(Error::unavailable("Another server is migrating the database.").into());
            }
            let outcome = work(db);
            db.batch_execute("DO RELEASE_LOCK('tidemill_schema')")?;
            outcome
        }
    }
}
