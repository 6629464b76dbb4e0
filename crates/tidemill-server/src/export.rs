//! The command that takes everything out: `export`.

use std::path::PathBuf;

use clap::Args;
use tidemill_transfer::{Export, MlflowProgram};

use crate::config;
use crate::transfer::{say, write_report};

#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    #[command(flatten)]
    target: Target,
    /// Database to read. [default: tidemill-data/tidemill.db]
    #[arg(long, env = "MLFLOW_BACKEND_STORE_URI", value_name = "URI")]
    backend_store_uri: Option<String>,
    /// The program `mlflow` of MLflow 3.17.2, which makes the tables in an empty database.
    /// [default: the one on the PATH]
    #[arg(long, value_name = "PATH")]
    mlflow: Option<PathBuf>,
    /// Also write the report to this file, as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// Where to.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Target {
    /// Fill this database, which is empty or as MLflow 3.17.2 has just made it, so that MLflow
    /// serves it. The URI is as MLflow takes it (sqlite:///file.db, postgresql+psycopg2://…,
    /// mysql+pymysql://…).
    #[arg(long, value_name = "URI")]
    to_mlflow: Option<String>,
}

const NOT_THE_SAME: &str = "not everything is there as it is here";

pub(crate) fn export(args: &ExportArgs) -> Result<(), String> {
    let Some(uri) = &args.target.to_mlflow else {
        return Err(String::from("Say where to export to."));
    };
    let mlflow = args.mlflow.clone().map(|path| MlflowProgram { path });
    let export = Export {
        from: config::database("--backend-store-uri", args.backend_store_uri.as_deref())?,
        to: config::database("--to-mlflow", Some(uri))?,
        uri: uri.clone(),
        mlflow: mlflow.unwrap_or_default(),
    };
    let report = export.run(say).map_err(|error| error.to_string())?;
    eprint!("{report}");
    write_report(args.json.as_deref(), &report)?;
    match report.is_good() {
        true => Ok(()),
        false => Err(String::from(NOT_THE_SAME)),
    }
}
