//! A database that exists for one test.

use std::future::Future;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use tidemill_store::{DatabaseUrl, Store, StoreConfig};

/// Names the variable with the PostgreSQL server for tests.
pub const POSTGRES: &str = "TIDEMILL_TEST_POSTGRES_URL";
/// Names the variable with the MySQL server for tests.
pub const MYSQL: &str = "TIDEMILL_TEST_MYSQL_URL";

/// A database that is dropped with this value.
pub struct TestDatabase {
    url: DatabaseUrl,
    cleanup: Cleanup,
}

enum Cleanup {
    Folder(#[expect(dead_code, reason = "removes the folder when dropped")] tempfile::TempDir),
    #[cfg(feature = "postgres")]
    Postgres {
        server: String,
        name: String,
    },
    #[cfg(feature = "mysql")]
    Mysql {
        server: String,
        name: String,
    },
}

impl TestDatabase {
    /// An empty SQLite file.
    pub fn sqlite() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        Self {
            url: DatabaseUrl::Sqlite(folder.path().join("tidemill.db")),
            cleanup: Cleanup::Folder(folder),
        }
    }

    /// A database on the PostgreSQL server for tests, if there is one. It starts as a copy of
    /// a migrated one, which is made once.
    #[cfg(feature = "postgres")]
    pub fn postgres() -> Option<Self> {
        let server = std::env::var(POSTGRES).ok()?;
        let template = postgres_template(&server);
        let name = fresh_name();
        let mut admin = diesel::PgConnection::establish(&server).expect("the server answers");
        admin
            .batch_execute(&format!(
                "CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy"
            ))
            .expect("a database can be made");
        Some(Self {
            url: with_database(&server, &name).parse().expect("a valid URI"),
            cleanup: Cleanup::Postgres { server, name },
        })
    }

    /// A database without any table on the PostgreSQL server for tests, if there is one.
    #[cfg(feature = "postgres")]
    pub fn empty_postgres() -> Option<Self> {
        let server = std::env::var(POSTGRES).ok()?;
        let name = fresh_name();
        let mut admin = diesel::PgConnection::establish(&server).expect("the server answers");
        admin
            .batch_execute(&format!("CREATE DATABASE {name}"))
            .expect("a database can be made");
        Some(Self {
            url: with_database(&server, &name).parse().expect("a valid URI"),
            cleanup: Cleanup::Postgres { server, name },
        })
    }

    /// A database on the MySQL server for tests, if there is one.
    #[cfg(feature = "mysql")]
    pub fn mysql() -> Option<Self> {
        let server = std::env::var(MYSQL).ok()?;
        let name = fresh_name();
        let mut admin = diesel::MysqlConnection::establish(&server).expect("the server answers");
        admin
            .batch_execute(&format!("CREATE DATABASE {name} CHARACTER SET utf8mb4"))
            .expect("a database can be made");
        Some(Self {
            url: with_database(&server, &name).parse().expect("a valid URI"),
            cleanup: Cleanup::Mysql { server, name },
        })
    }

    /// Where it is.
    pub fn url(&self) -> &DatabaseUrl {
        &self.url
    }

    /// The URI that a server is given to reach it.
    pub fn uri(&self) -> String {
        match &self.url {
            DatabaseUrl::Sqlite(path) => format!("sqlite:///{}", path.display()),
            #[cfg(feature = "postgres")]
            DatabaseUrl::Postgres(uri) => uri.clone(),
            #[cfg(feature = "mysql")]
            DatabaseUrl::Mysql(uri) => uri.clone(),
        }
    }

    /// Opens it; may be called more than once, as replicas would.
    pub fn open(&self) -> Store {
        let config = StoreConfig {
            pool_size: 4,
            ..StoreConfig::new(self.url.clone())
        };
        Store::open(&config).expect("the database opens")
    }
}

impl TestDatabase {
    /// Runs statements over a connection of the test's own.
    pub fn execute(&self, sql: &str) {
        drop(self.hold(sql));
    }

    /// Runs statements, and keeps the connection and the locks that they took.
    pub fn hold(&self, sql: &str) -> Held {
        let mut connection: Box<dyn SimpleConnection> = match &self.url {
            DatabaseUrl::Sqlite(path) => Box::new(
                diesel::SqliteConnection::establish(&path.to_string_lossy())
                    .expect("the database opens"),
            ),
            #[cfg(feature = "postgres")]
            DatabaseUrl::Postgres(uri) => {
                Box::new(diesel::PgConnection::establish(uri).expect("the database opens"))
            }
            #[cfg(feature = "mysql")]
            DatabaseUrl::Mysql(uri) => {
                Box::new(diesel::MysqlConnection::establish(uri).expect("the database opens"))
            }
        };
        connection.batch_execute(sql).expect("the statements run");
        Held(connection)
    }
}

/// A connection; dropping it lets go of its locks.
pub struct Held(#[expect(dead_code, reason = "held, not used")] Box<dyn SimpleConnection>);

impl Drop for TestDatabase {
    fn drop(&mut self) {
        // A database that cannot be dropped is litter, not a failed test.
        match &self.cleanup {
            Cleanup::Folder(_) => {}
            #[cfg(feature = "postgres")]
            Cleanup::Postgres { server, name } => {
                if let Ok(mut admin) = diesel::PgConnection::establish(server) {
                    let _ = admin.batch_execute(&format!("DROP DATABASE {name} WITH (FORCE)"));
                }
            }
            #[cfg(feature = "mysql")]
            Cleanup::Mysql { server, name } => {
                if let Ok(mut admin) = diesel::MysqlConnection::establish(server) {
                    let _ = admin.batch_execute(&format!("DROP DATABASE {name}"));
                }
            }
        }
    }
}

/// Runs one test on one database.
pub fn run<F: Future<Output = ()>>(database: TestDatabase, test: impl FnOnce(Store) -> F) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime starts");
    runtime.block_on(test(database.open()));
}

#[cfg(any(feature = "postgres", feature = "mysql"))]
fn fresh_name() -> String {
    format!("tidemill_test_{}", uuid::Uuid::new_v4().simple())
}

#[cfg(any(feature = "postgres", feature = "mysql"))]
fn with_database(server: &str, name: &str) -> String {
    let mut url = url::Url::parse(server).expect("the test server's URI is valid");
    url.set_path(name);
    url.to_string()
}

/// The migrated database that others are copied from. Named after the text of the migrations
/// and of what runs them, so that every test process shares one and a change makes another.
#[cfg(feature = "postgres")]
fn postgres_template(server: &str) -> &'static str {
    static TEMPLATE: std::sync::OnceLock<String> = std::sync::OnceLock::new();
    TEMPLATE.get_or_init(|| {
        let name = format!("tidemill_template_{:016x}", migrations_hash());
        let mut admin = diesel::PgConnection::establish(server).expect("the server answers");
        // Held until this connection closes; another test process waits here.
        admin
            .batch_execute("SELECT pg_advisory_lock(20230518)")
            .expect("the lock can be taken");
        if exists(&mut admin, &name) {
            return name;
        }
        let unfinished = format!("{name}_unfinished");
        admin
            .batch_execute(&format!(
                "DROP DATABASE IF EXISTS {unfinished} WITH (FORCE)"
            ))
            .and_then(|()| admin.batch_execute(&format!("CREATE DATABASE {unfinished}")))
            .expect("a database can be made");
        let url = with_database(server, &unfinished)
            .parse()
            .expect("a valid URI");
        drop(Store::open(&StoreConfig::new(url)).expect("the template migrates"));
        admin
            .batch_execute(&format!("ALTER DATABASE {unfinished} RENAME TO {name}"))
            .expect("the template can be renamed");
        name
    })
}

#[cfg(feature = "postgres")]
fn exists(admin: &mut diesel::PgConnection, name: &str) -> bool {
    diesel::sql_query("SELECT 1 FROM pg_database WHERE datname = $1")
        .bind::<diesel::sql_types::Text, _>(name)
        .execute(admin)
        .expect("the server answers")
        == 1
}

#[cfg(feature = "postgres")]
fn migrations_hash() -> u64 {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations/postgres");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .expect("the migrations are there")
        .map(|entry| entry.expect("readable").path().join("up.sql"))
        .collect();
    files.sort();
    files.push(
        concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../tidemill-store/src/migrate.rs"
        )
        .into(),
    );
    let mut hasher = DefaultHasher::new();
    for file in files {
        std::fs::read_to_string(file)
            .expect("readable")
            .hash(&mut hasher);
    }
    hasher.finish()
}
