//! A fresh database for each server, gone at the end.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::Deserialize;

use crate::data::{Data, Shape};
use crate::environment::{Folders, Mlflow};
use crate::failure::Result;
use crate::options::Backend;
use crate::server::{Place, Product};

/// Makes places for servers, and clears them away when dropped.
pub(crate) struct Databases {
    backend: Backend,
    mlflow: Mlflow,
    folders: Folders,
    work: tempfile::TempDir,
    made: Vec<String>,
    count: u32,
}

impl Databases {
    pub(crate) fn new(backend: Backend, mlflow: Mlflow, folders: Folders) -> Result<Self> {
        Ok(Self {
            work: folders.work()?,
            backend,
            mlflow,
            folders,
            made: Vec::new(),
            count: 0,
        })
    }

    /// A folder on the disk that the servers write to.
    pub(crate) fn folder(&self) -> &Path {
        self.work.path()
    }

    /// An empty place.
    pub(crate) async fn fresh(&mut self, product: Product) -> Result<Place> {
        self.count += 1;
        let folder = self.work.path().join(format!("{product}-{}", self.count));
        std::fs::create_dir(&folder)?;
        let backend = match &self.backend {
            Backend::Sqlite => sqlite_uri(&folder.join("tracking.db")),
            Backend::Postgres(server) => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH)?;
                let name = format!("tidemill_bench_{}_{}", since.as_millis(), self.count);
                let arguments = ["create-database", server, &name];
                self.mlflow.python(&arguments, None).await?;
                // The driver that MLflow's environment has; SQLAlchemy 2.1 would try another.
                let backend = with_database(server, &name);
                let backend = match backend.split_once("://") {
                    Some((_, rest)) => format!("postgresql+psycopg2://{rest}"),
                    None => backend,
                };
                self.made.push(name);
                backend
            }
        };
        Ok(Place { folder, backend })
    }

    /// A place for MLflow with the data in it.
    pub(crate) async fn filled(&mut self, shape: &Shape) -> Result<(Place, Data)> {
        let place = self.fresh(Product::Mlflow).await?;
        let database = place.folder.join("tracking.db");
        let cached = self
            .folders
            .cache()?
            .join(format!("mlflow-{}.db", shape.key()));
        let cached_data = cached.with_extension("json");
        let keeps = self.backend == Backend::Sqlite;
        if keeps && cached.exists() && cached_data.exists() {
            std::fs::copy(&cached, &database)?;
            let data = serde_json::from_slice(&std::fs::read(&cached_data)?)?;
            return Ok((place, data));
        }
        eprintln!("filling MLflow's tables");
        let data = self.fill(&place, shape).await?;
        if keeps {
            std::fs::copy(&database, &cached)?;
            std::fs::write(&cached_data, serde_json::to_vec(&data)?)?;
        }
        Ok((place, data))
    }

    async fn fill(&self, place: &Place, shape: &Shape) -> Result<Data> {
        let lines = place.folder.join("seed.jsonl");
        shape.write_lines(std::io::BufWriter::new(std::fs::File::create(&lines)?))?;
        let printed = self
            .mlflow
            .python(&["fill", &place.backend], Some(&lines))
            .await?;
        std::fs::remove_file(&lines)?;
        // Other things may be printed before the last line.
        let whereabouts: Whereabouts =
            serde_json::from_str(printed.lines().last().unwrap_or_default())?;
        Ok(whereabouts.into())
    }
}

impl Drop for Databases {
    fn drop(&mut self) {
        if let Backend::Postgres(server) = &self.backend {
            for name in &self.made {
                self.mlflow
                    .python_blocking(&["drop-database", server, name]);
            }
        }
    }
}

/// What the script prints.
#[derive(Deserialize)]
struct Whereabouts {
    experiments: std::collections::BTreeMap<String, String>,
    runs: Vec<(String, String)>,
}

impl From<Whereabouts> for Data {
    fn from(whereabouts: Whereabouts) -> Self {
        let mut data = Data::default();
        for (name, id) in whereabouts.experiments {
            data.note_experiment(&name, id);
        }
        for (experiment, run_id) in whereabouts.runs {
            data.note(&experiment, run_id);
        }
        data
    }
}

fn sqlite_uri(file: &Path) -> String {
    format!("sqlite:///{}", file.display())
}

/// The URL of another database on the same server.
fn with_database(server: &str, name: &str) -> String {
    let (base, query) = match server.split_once('?') {
        Some((base, query)) => (base, format!("?{query}")),
        None => (server, String::new()),
    };
    let authority = base.find("://").map_or(0, |at| at + 3);
    let end = base[authority..]
        .find('/')
        .map_or(base.len(), |at| authority + at);
    format!("{}/{name}{query}", &base[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_database_of_a_url_changes() {
        assert_eq!(
            with_database("postgresql://u:p@h:5432/postgres?sslmode=disable", "x"),
            "postgresql://u:p@h:5432/x?sslmode=disable"
        );
        assert_eq!(with_database("postgresql://h", "x"), "postgresql://h/x");
    }
}
