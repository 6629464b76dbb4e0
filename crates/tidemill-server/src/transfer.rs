//! The commands that move whole stores: `import` and `verify`.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, ValueEnum};
use serde::Serialize;
use tidemill_store::DatabaseUrl;
use tidemill_transfer::{Credentials, Import, OnConflict, ServerArtifacts, Source, open, verify};

use crate::config;
use crate::copying::{Copied, CopyArgs, Files};

#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    #[command(flatten)]
    ends: Ends,
    /// What to do with a thing that was changed both in the source and here since it was carried,
    /// or that was made on both sides.
    #[arg(long, value_enum, default_value_t = Rule::Fail)]
    on_conflict: Rule,
    /// Say what would be done, and write nothing.
    #[arg(long)]
    dry_run: bool,
    /// Carry only this experiment, by name or number; repeatable. Registered models are then
    /// carried only if they are named with --model.
    #[arg(long = "experiment", value_name = "NAME")]
    experiments: Vec<String>,
    /// Carry only this registered model; repeatable.
    #[arg(long = "model", value_name = "NAME")]
    models: Vec<String>,
    /// Carry only runs that started, and logged models that were made, at this time or later, in
    /// milliseconds since the epoch.
    #[arg(long, value_name = "MS")]
    since: Option<i64>,
    /// Go on until stopped, and carry what changes in the source every so many seconds.
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "10",
          require_equals = true)]
    follow: Option<u64>,
}

#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    #[command(flatten)]
    ends: Ends,
}

/// Both ends.
#[derive(Debug, Args)]
struct Ends {
    /// What to read: an MLflow or Tidemill database (sqlite:///file.db, postgresql://…,
    /// mysql://…), the path of a SQLite file, of a bundle or of a file store (./mlruns), or a server
    /// (https://…).
    source: String,
    /// Database to write to. [default: tidemill-data/tidemill.db]
    #[arg(long, env = "MLFLOW_BACKEND_STORE_URI", value_name = "URI")]
    into: Option<String>,
    /// User of the server to read from; the password is in MLFLOW_TRACKING_PASSWORD.
    #[arg(long, env = "MLFLOW_TRACKING_USERNAME", value_name = "USER")]
    username: Option<String>,
    #[command(flatten)]
    copy: CopyArgs,
    /// Also write the report to this file, as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// See [`OnConflict`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Rule {
    /// Leave it as it is here, report both sides, and end with an error.
    Fail,
    /// Leave it as it is here.
    Keep,
    /// Replace it by what the source has.
    Replace,
}

impl From<Rule> for OnConflict {
    fn from(rule: Rule) -> Self {
        match rule {
            Rule::Fail => Self::Fail,
            Rule::Keep => Self::Keep,
            Rule::Replace => Self::Replace,
        }
    }
}

const NOT_THE_SAME: &str = "not everything is here as it is in the source";

pub(crate) fn import(args: &ImportArgs) -> Result<(), String> {
    let import = Import {
        into: args.ends.target()?,
        on_conflict: args.on_conflict.into(),
        dry_run: args.dry_run,
        experiments: args.experiments.clone(),
        models: args.models.clone(),
        since: args.since,
    };
    loop {
        let outcome = round(&import, &args.ends);
        let Some(seconds) = args.follow else {
            return outcome;
        };
        // What went wrong may be over in the next round.
        if let Err(error) = outcome {
            eprintln!("tidemill: {error}");
        }
        std::thread::sleep(std::time::Duration::from_secs(seconds.max(1)));
    }
}

fn round(import: &Import, ends: &Ends) -> Result<(), String> {
    let copied = Arc::default();
    let files = match import.dry_run {
        true => Files::Ignore,
        false => Files::Copy(import),
    };
    let mut source = ends.copied(files, &copied)?;
    let mut report = import
        .run(&mut *source, say)
        .map_err(|error| error.to_string())?;
    if ends.copy.is_given() {
        // They have not stayed where they were.
        report.artifacts.clear();
    }
    eprint!("{report}");
    match (ends.copy.is_given(), import.dry_run) {
        (true, true) => eprintln!("  artifacts: not looked at"),
        (true, false) => eprintln!("{copied}"),
        (false, _) => {}
    }
    write_report(ends.json.as_deref(), &report)?;
    match report.is_good() {
        true if ends.copy.is_given() && !import.dry_run => ends.copy.must_have_found(&copied),
        true => Ok(()),
        false => Err(String::from(NOT_THE_SAME)),
    }
}

pub(crate) fn compare(args: &VerifyArgs) -> Result<(), String> {
    let ends = &args.ends;
    let copied = Arc::default();
    let mut source = ends.copied(Files::Compare, &copied)?;
    let into = ends.target()?;
    let report = verify(&mut *source, &into, say).map_err(|error| error.to_string())?;
    eprint!("{report}");
    write_report(ends.json.as_deref(), &report)?;
    match report.is_good() {
        true if ends.copy.is_given() => ends.copy.must_have_found(&copied),
        true => Ok(()),
        false => Err(String::from(NOT_THE_SAME)),
    }
}

/// Progress, on one line where somebody watches.
pub(crate) fn say(progress: &str) {
    match std::io::stderr().is_terminal() {
        true => eprint!("\r\x1b[K{progress}"),
        false => eprintln!("{progress}"),
    }
}

impl Ends {
    fn target(&self) -> Result<DatabaseUrl, String> {
        config::database("--into", self.into.as_deref())
    }

    /// The source, with its artifacts if they come along.
    fn copied(&self, files: Files<'_>, copied: &Arc<Copied>) -> Result<Box<dyn Source>, String> {
        let source = open(&self.source, self.credentials()).map_err(|error| error.to_string())?;
        let server = match self.source.starts_with("http://") || self.source.starts_with("https://")
        {
            true => ServerArtifacts::open(&self.source, self.credentials()).map(Some),
            false => Ok(None),
        };
        let server = server.map_err(|error| error.to_string())?;
        self.copy.apply(source, server, files, copied)
    }

    fn credentials(&self) -> Credentials {
        let secret = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        match (&self.username, secret("MLFLOW_TRACKING_TOKEN")) {
            (Some(user), _) => Credentials::Basic {
                user: user.clone(),
                password: secret("MLFLOW_TRACKING_PASSWORD").unwrap_or_default(),
            },
            (None, Some(token)) => Credentials::Bearer(token),
            (None, None) => Credentials::None,
        }
    }
}

/// Writes a report as JSON, if a file is named for it.
pub(crate) fn write_report(path: Option<&Path>, report: &impl Serialize) -> Result<(), String> {
    let Some(path) = path else {
        return Ok(());
    };
    let text = serde_json::to_string_pretty(report).map_err(|error| error.to_string())?;
    std::fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}
