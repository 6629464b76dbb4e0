//! Where the database is: SQLAlchemy-style URIs, as people have them for MLflow.

use std::path::PathBuf;

use tidemill_core::{Error, Result};
use url::Url;

/// A database to open.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// The embedded database in this file.
    Sqlite(PathBuf),
    /// A libpq connection URI.
    #[cfg(feature = "postgres")]
    Postgres(String),
    /// A `mysql://` URI.
    #[cfg(feature = "mysql")]
    Mysql(String),
}

/// Prints without the password, and without the query, which may hold it too.
impl std::fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:///{}", path.display()),
            #[cfg(feature = "postgres")]
            Self::Postgres(uri) => f.write_str(&without_password(uri)),
            #[cfg(feature = "mysql")]
            Self::Mysql(uri) => f.write_str(&without_password(uri)),
        }
    }
}

#[cfg(any(feature = "postgres", feature = "mysql"))]
fn without_password(uri: &str) -> String {
    match Url::parse(uri) {
        Ok(mut url) => {
            if url.password().is_some() {
                // A URL with a password has a host, so this cannot fail; if it did, print nothing.
                if url.set_password(Some("***")).is_err() {
                    return String::from("(hidden)");
                }
            }
            url.set_query(None);
            url.to_string()
        }
        Err(_) => String::from("(hidden)"),
    }
}

impl std::str::FromStr for DatabaseUrl {
    type Err = Error;

    /// Reads `sqlite:///relative.db`, `sqlite:////absolute.db`, `postgresql://…`,
    /// `mysql://…`, with or without a SQLAlchemy driver name (`postgresql+psycopg2`).
    ///
    /// ```
    /// use tidemill_store::DatabaseUrl;
    /// let url: DatabaseUrl = "sqlite:////data/tidemill.db".parse()?;
    /// assert_eq!(url, DatabaseUrl::Sqlite("/data/tidemill.db".into()));
    /// # Ok::<(), tidemill_core::Error>(())
    /// ```
    fn from_str(uri: &str) -> Result<Self> {
        let (scheme, rest) = uri
            .split_once("://")
            .ok_or_else(|| refused(uri, "it is not a database URI"))?;
        let dialect = scheme.split('+').next().unwrap_or(scheme);
        match dialect {
            "sqlite" => sqlite_path(rest).map(Self::Sqlite),
            #[cfg(feature = "postgres")]
            "postgresql" | "postgres" => server_uri("postgresql", uri, rest)
                .map(bounded)
                .map(Self::Postgres),
            #[cfg(not(feature = "postgres"))]
            "postgresql" | "postgres" => {
                Err(refused(uri, "this binary was built without PostgreSQL"))
            }
            #[cfg(feature = "mysql")]
            "mysql" | "mariadb" => server_uri("mysql", uri, rest).map(Self::Mysql),
            #[cfg(not(feature = "mysql"))]
            "mysql" | "mariadb" => Err(refused(
                uri,
                "this binary was built without MySQL (cargo feature `mysql`)",
            )),
            _ => Err(refused(uri, "the scheme is not known")),
        }
    }
}

/// SQLAlchemy's rule: after `sqlite:///` comes a path, absolute when it starts with another slash.
fn sqlite_path(rest: &str) -> Result<PathBuf> {
    let path = rest.split('?').next().unwrap_or(rest);
    let path = path.strip_prefix('/').ok_or_else(|| {
        refused(
            &format!("sqlite://{rest}"),
            "a SQLite URI has three slashes before the path",
        )
    })?;
    if path.is_empty() || path == ":memory:" {
        return Err(refused(
            &format!("sqlite://{rest}"),
            "an in-memory database would lose acknowledged writes; name a file",
        ));
    }
    Ok(PathBuf::from(path))
}

#[cfg(any(feature = "postgres", feature = "mysql"))]
fn server_uri(scheme: &str, uri: &str, rest: &str) -> Result<String> {
    let normalised = format!("{scheme}://{rest}");
    Url::parse(&normalised).map_err(|error| {
        // The URI may hold a password, so only the reason is repeated.
        let _ = uri;
        Error::invalid_parameter(format!("The database URI is refused: {error}. {ACCEPTED}"))
    })?;
    Ok(normalised)
}

/// Bounds how long libpq waits for a server that does not answer, unless the URI does: for a
/// connection in seconds, for sent data to be acknowledged in milliseconds, and for a sign of
/// life while an answer is awaited.
#[cfg(feature = "postgres")]
fn bounded(uri: String) -> String {
    let limits = [
        ("connect_timeout", "5"),
        ("tcp_user_timeout", "30000"),
        ("keepalives_idle", "15"),
        ("keepalives_interval", "5"),
        ("keepalives_count", "3"),
    ];
    limits
        .into_iter()
        .filter(|(name, _)| !uri.contains(&format!("{name}=")))
        .fold(uri.clone(), |uri, (name, limit)| {
            let mark = if uri.contains('?') { '&' } else { '?' };
            format!("{uri}{mark}{name}={limit}")
        })
}

const ACCEPTED: &str = "Use sqlite:///file.db, postgresql://user:password@host/database \
     or mysql://user:password@host/database.";

fn refused(uri: &str, why: &str) -> Error {
    let shown = uri.split('@').next_back().unwrap_or(uri);
    Error::invalid_parameter(format!(
        "The database URI '{shown}' is refused: {why}. {ACCEPTED}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_slashes_are_relative_and_four_absolute() {
        assert_eq!(
            "sqlite:///rel/t.db".parse::<DatabaseUrl>().expect("valid"),
            DatabaseUrl::Sqlite("rel/t.db".into())
        );
        assert_eq!(
            "sqlite:////abs/t.db".parse::<DatabaseUrl>().expect("valid"),
            DatabaseUrl::Sqlite("/abs/t.db".into())
        );
    }

    #[test]
    fn memory_and_unknown_schemes_are_refused_with_what_to_use() {
        for uri in [
            "sqlite://",
            "sqlite:///:memory:",
            "mssql+pyodbc://h/d",
            "./mlruns",
        ] {
            let error = uri.parse::<DatabaseUrl>().expect_err(uri).to_string();
            assert!(error.contains("Use sqlite:///file.db"), "{error}");
        }
    }

    #[cfg(feature = "postgres")]
    #[test]
    fn a_driver_name_is_dropped_and_the_password_is_not_printed() {
        let url: DatabaseUrl = "postgresql+psycopg2://u:secret@h:5433/d?sslmode=require"
            .parse()
            .expect("valid");
        assert_eq!(
            url,
            DatabaseUrl::Postgres(
                "postgresql://u:secret@h:5433/d?sslmode=require&connect_timeout=5\
                 &tcp_user_timeout=30000&keepalives_idle=15&keepalives_interval=5\
                 &keepalives_count=3"
                    .into()
            )
        );
        assert_eq!(format!("{url:?}"), "postgresql://u:***@h:5433/d");
        let url: DatabaseUrl = "postgresql://h/d?user=u&password=secret"
            .parse()
            .expect("valid");
        assert_eq!(format!("{url:?}"), "postgresql://h/d");
    }
}
