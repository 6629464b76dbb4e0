//! The command that takes everything out: `export`.

use std::path::PathBuf;

use clap::Args;
use tidemill_transfer::{Export, MlflowProgram};

use crate::backup::{self, Contents};
use crate::config;
use crate::transfer::{say, write_report};

#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    #[command(flatten)]
    target: Target,
    #[command(flatten)]
    contents: Contents,
    /// The program `mlflow` of MLflow 3.17.2, which makes the tables in an empty database.
    /// [default: the one on the PATH]
    #[arg(long, value_name = "PATH", requires = "to_mlflow")]
    mlflow: Option<PathBuf>,
}

/// Where to.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Target {
    /// Fill this database, which is empty or as MLflow 3.17.2 has just made it, so that MLflow
    /// serves it. The URI is as MLflow takes it (sqlite:///file.db, postgresql+psycopg2://…,
    /// mysql+pymysql://…).
    #[arg(long, value_name = "URI", conflicts_with = "with_artifacts")]
    to_mlflow: Option<String>,
    /// Write this file, as `backup` does: an archive that can be read without Tidemill. - is the
    /// standard output.
    #[arg(long, value_name = "FILE")]
    bundle: Option<PathBuf>,
}

const NOT_THE_SAME: &str = "not everything is there as it is here";

pub(crate) fn export(args: &ExportArgs) -> Result<(), String> {
    match (&args.target.to_mlflow, &args.target.bundle) {
        (Some(uri), _) => to_mlflow(args, uri),
        (None, Some(file)) => backup::write(file, &args.contents),
        (None, None) => Err(String::from("Say where to export to.")),
    }
}

fn to_mlflow(args: &ExportArgs, uri: &str) -> Result<(), String> {
    let contents = &args.contents;
    let mlflow = args.mlflow.clone().map(|path| MlflowProgram { path });
    let export = Export {
        from: contents.database()?,
        to: config::database("--to-mlflow", Some(uri))?,
        uri: uri.to_owned(),
        mlflow: mlflow.unwrap_or_default(),
    };
    let report = export.run(say).map_err(|error| error.to_string())?;
    eprint!("{report}");
    write_report(contents.json.as_deref(), &report)?;
    match report.is_good() {
        true => Ok(()),
        false => Err(String::from(NOT_THE_SAME)),
    }
}
