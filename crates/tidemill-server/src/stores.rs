//! Where everything is kept: the settings that the server shares with the commands that work on
//! its data.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use tidemill_artifacts::{Repositories, StorageSettings};
use tidemill_core::storage_uri::{LocationPolicy, Place, StorageUri};
use tidemill_store::StoreConfig;

use crate::config::{DATA, absolute, store, trimmed};

const DESTINATION: &str = "--artifacts-destination";

#[derive(Debug, Args)]
pub(crate) struct StoreArgs {
    /// Database of experiments, runs and logged models:
    /// sqlite:///file.db, postgresql://… or mysql://… [default: tidemill-data/tidemill.db]
    #[arg(long, env = "MLFLOW_BACKEND_STORE_URI", value_name = "URI")]
    backend_store_uri: Option<String>,
    /// Database of the model registry. [default: the backend store]
    #[arg(long, env = "MLFLOW_REGISTRY_STORE_URI", value_name = "URI")]
    registry_store_uri: Option<String>,
    /// Artifact root of new experiments. [default: mlflow-artifacts:/ while artifacts are served]
    #[arg(long, env = "MLFLOW_DEFAULT_ARTIFACT_ROOT", value_name = "URI")]
    default_artifact_root: Option<String>,
    /// Storage behind the artifact proxy: a folder, s3://…, gs://…, wasbs://… or abfss://…
    /// [default: tidemill-data/artifacts]
    #[arg(long, env = "MLFLOW_ARTIFACTS_DESTINATION", value_name = "URI")]
    artifacts_destination: Option<String>,
    /// Further local folders, separated by commas, below which experiments and runs may keep their
    /// artifacts: where those that were imported have theirs.
    #[arg(
        long,
        env = "TIDEMILL_LOCAL_ARTIFACT_ROOTS",
        value_delimiter = ',',
        value_name = "DIRS"
    )]
    local_artifact_roots: Vec<String>,
    /// Serve artifacts through this server; the default.
    #[arg(long, env = "MLFLOW_SERVE_ARTIFACTS", overrides_with = "no_serve_artifacts",
          num_args = 0..=1, default_missing_value = "true", require_equals = true,
          value_parser = clap::builder::BoolishValueParser::new())]
    serve_artifacts: Option<bool>,
    /// Let clients reach the artifact storage directly.
    #[arg(long)]
    no_serve_artifacts: bool,
    /// Database connections to hold at most. [default: on SQLite one reader for each processor, from 2 to 8; otherwise 16]
    #[arg(long, env = "MLFLOW_SQLALCHEMYSTORE_POOL_SIZE", value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pool_size: Option<u32>,
    /// Seconds that a request waits for the database before it is answered without one, and
    /// that PostgreSQL or MySQL may spend on one statement.
    #[arg(long, env = "TIDEMILL_DATABASE_TIMEOUT", default_value_t = 60, value_name = "SECONDS",
          value_parser = clap::value_parser!(u64).range(1..=86_400))]
    database_timeout: u64,
}

/// Settings that have been checked.
#[derive(Debug, Clone)]
pub(crate) struct Stores {
    pub(crate) tracking: StoreConfig,
    /// `None` when the registry lives in the tracking store.
    pub(crate) registry: Option<StoreConfig>,
    pub(crate) default_artifact_root: String,
    pub(crate) artifacts_destination: String,
    pub(crate) serve_artifacts: bool,
    pub(crate) local_artifact_roots: Vec<String>,
}

impl Stores {
    /// Checks the settings. An error is one sentence that names the setting, the value and what
    /// would be accepted.
    pub(crate) fn new(args: StoreArgs) -> Result<Self, String> {
        let serve_artifacts = !args.no_serve_artifacts && args.serve_artifacts.unwrap_or(true);
        let limits = (args.pool_size, Duration::from_secs(args.database_timeout));
        let given = |uri: &String| !uri.is_empty();
        let uri = args.backend_store_uri.as_deref();
        let tracking = store("--backend-store-uri", uri, limits)?;
        let registry = match args.registry_store_uri.filter(given) {
            None => None,
            Some(uri) => Some(store("--registry-store-uri", Some(&uri), limits)?)
                .filter(|registry| registry.url != tracking.url),
        };
        let artifacts_destination = destination(args.artifacts_destination.as_deref())?;
        let default_artifact_root = match args.default_artifact_root.filter(given) {
            Some(uri) => absolute(&uri)?,
            None if serve_artifacts => "mlflow-artifacts:/".to_owned(),
            None => artifacts_destination.clone(),
        };
        Ok(Self {
            tracking,
            registry,
            default_artifact_root,
            artifacts_destination,
            serve_artifacts,
            local_artifact_roots: trimmed(args.local_artifact_roots)
                .iter()
                .map(|folder| absolute(folder))
                .collect::<Result<_, _>>()?,
        })
    }

    /// The storages: what the proxy stands for, the root of new experiments, and further folders.
    /// `decide` adds the operator's other decisions about locations.
    pub(crate) fn repositories(
        &self,
        decide: impl FnOnce(&mut LocationPolicy),
    ) -> Result<Repositories, String> {
        let destination = self.destination()?;
        let mut roots = vec![parse(
            "--default-artifact-root",
            &self.default_artifact_root,
        )?];
        for folder in &self.local_artifact_roots {
            roots.push(local_root(folder)?);
        }
        let mut policy = LocationPolicy::new(roots);
        decide(&mut policy);
        Ok(Repositories::new(
            StorageSettings::from_env(),
            policy,
            destination,
        ))
    }

    /// What the proxy stands for, if artifacts are served.
    pub(crate) fn destination(&self) -> Result<Option<StorageUri>, String> {
        if !self.serve_artifacts {
            return Ok(None);
        }
        proxied(DESTINATION, &self.artifacts_destination).map(Some)
    }
}

/// The storage behind the artifact proxy that a URI names, or the one beside the embedded database.
fn destination(uri: Option<&str>) -> Result<String, String> {
    match uri.filter(|uri| !uri.is_empty()) {
        Some(uri) => absolute(uri),
        None => absolute(&format!("{DATA}/artifacts")),
    }
}

/// The folder that is behind the artifact proxy, if that is a folder of this machine.
pub(crate) fn local_destination(uri: Option<&str>) -> Result<Option<PathBuf>, String> {
    Ok(folder(&proxied(DESTINATION, &destination(uri)?)?))
}

/// The folder on this machine that a location is.
pub(crate) fn folder(location: &StorageUri) -> Option<PathBuf> {
    match location.place() {
        Place::Local { path } => Some(Path::new("/").join(path.as_str())),
        _ => None,
    }
}

/// That storage and nothing else, for commands.
pub(crate) fn behind_the_proxy(uri: Option<&str>) -> Result<Repositories, String> {
    let policy = LocationPolicy::new(Vec::new());
    let destination = proxied(DESTINATION, &destination(uri)?)?;
    Ok(Repositories::new(
        StorageSettings::from_env(),
        policy,
        Some(destination),
    ))
}

/// What a proxy for artifacts stands for.
pub(crate) fn proxied(flag: &str, uri: &str) -> Result<StorageUri, String> {
    let destination = parse(flag, uri)?;
    match destination.place() {
        Place::Elsewhere { .. } | Place::Proxied { .. } => Err(refused(flag, uri)),
        _ => Ok(destination),
    }
}

/// A local folder below which artifacts may be read.
pub(crate) fn local_root(folder: &str) -> Result<StorageUri, String> {
    let flag = "--local-artifact-roots";
    let root = parse(flag, folder)?;
    match root.place() {
        Place::Local { .. } => Ok(root),
        _ => Err(refused(flag, folder)),
    }
}

fn parse(flag: &str, uri: &str) -> Result<StorageUri, String> {
    StorageUri::parse(uri).map_err(|_| refused(flag, uri))
}

fn refused(flag: &str, uri: &str) -> String {
    format!(
        "{flag} '{uri}' is refused: use a folder, s3://bucket/prefix, gs://bucket/prefix, \
         wasbs://container@account.blob.core.windows.net/prefix or abfss://…"
    )
}
