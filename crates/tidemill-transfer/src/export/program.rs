//! MLflow's own program, which makes its tables.

use std::io::ErrorKind;
use std::path::PathBuf;
use std::process::Command;

use url::Url;

use crate::{Error, Result};

/// How many lines of what the program said are shown when it fails.
const SHOWN: usize = 10;

/// The command `mlflow`.
#[derive(Debug, Clone)]
pub struct MlflowProgram {
    /// Its path; a bare name is looked for where commands are.
    pub path: PathBuf,
}

impl Default for MlflowProgram {
    fn default() -> Self {
        Self {
            path: PathBuf::from("mlflow"),
        }
    }
}

impl MlflowProgram {
    /// Has it make its tables in an empty database. It is given the URI as it stands, because
    /// SQLAlchemy's drivers are named in it.
    pub(super) fn make_tables(&self, uri: &str) -> Result<()> {
        let output = Command::new(&self.path)
            .args(["db", "upgrade", uri])
            .env("MLFLOW_DISABLE_TELEMETRY", "true")
            .output();
        let what = format!(
            "`{} db upgrade '{}'`",
            self.path.display(),
            without_password(uri)
        );
        match output {
            Ok(output) if output.status.success() => Ok(()),
            Ok(output) => {
                let said = String::from_utf8_lossy(&output.stderr);
                let lines: Vec<&str> = said.lines().collect();
                let last = lines[lines.len().saturating_sub(SHOWN)..].join("\n");
                Err(Error::Target(format!("{what} failed:\n{last}")))
            }
            Err(error) => {
                let why = match error.kind() {
                    ErrorKind::NotFound => String::from("there is no such program"),
                    _ => error.to_string(),
                };
                Err(Error::Target(format!(
                    "The database is empty, MLflow's tables are made by MLflow 3.17.2 itself, and \
                     {why}. Run {what} where it is installed, or name it with --mlflow PATH."
                )))
            }
        }
    }
}

/// A URI to show.
fn without_password(uri: &str) -> String {
    match Url::parse(uri) {
        Ok(mut url) if url.password().is_some() || url.query().is_some() => {
            url.set_query(None);
            match url.password().is_none() || url.set_password(Some("***")).is_ok() {
                true => url.into(),
                false => String::from("URI"),
            }
        }
        _ => uri.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shown_uri_has_its_driver_and_no_secret() {
        for (uri, shown) in [
            ("sqlite:///a b.db", "sqlite:///a b.db"),
            (
                "postgresql+psycopg2://u:secret@h:5432/d?password=secret",
                "postgresql+psycopg2://u:***@h:5432/d",
            ),
        ] {
            assert_eq!(without_password(uri), shown);
        }
    }
}
