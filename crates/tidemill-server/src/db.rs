//! The commands of whoever looks after the database.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use tidemill_store::Upkeep;

use crate::config;
use crate::transfer::{say, write_report};

#[derive(Debug, Args)]
pub(crate) struct DbArgs {
    #[command(subcommand)]
    action: Action,
    /// Database to look after. [default: tidemill-data/tidemill.db]
    #[arg(
        long,
        env = "MLFLOW_BACKEND_STORE_URI",
        value_name = "URI",
        global = true
    )]
    backend_store_uri: Option<String>,
    /// Also write what is found to this file, as JSON.
    #[arg(long, value_name = "FILE", global = true)]
    json: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, Subcommand)]
enum Action {
    /// Say what the database is, what version its schema has, and how much is in it.
    Status,
    /// Bring the schema up to date; a server does the same when it starts.
    Migrate,
    /// Read all of it, and say what is not as it must be. A server may go on using it.
    Check,
    /// Give back room that is not used any more.
    Reclaim,
}

pub(crate) fn db(args: &DbArgs) -> Result<(), String> {
    let url = config::database("--backend-store-uri", args.backend_store_uri.as_deref())?;
    let upkeep = Upkeep::new(url).map_err(|error| error.in_words())?;
    let json = args.json.as_deref();
    match args.action {
        Action::Status => {
            let status = upkeep.status().map_err(|error| error.in_words())?;
            eprint!("{status}");
            write_report(json, &status)
        }
        Action::Migrate => {
            let migrated = upkeep.migrate().map_err(|error| error.in_words())?;
            eprintln!("{migrated}");
            write_report(json, &migrated)
        }
        Action::Check => {
            let check = upkeep
                .check(|runs| say(&format!("{runs} runs")))
                .map_err(|error| error.in_words())?;
            eprint!("{check}");
            write_report(json, &check)?;
            match check.problems.is_empty() {
                true => Ok(()),
                false => Err(String::from("the database is not as it must be")),
            }
        }
        Action::Reclaim => {
            let room = upkeep.reclaim().map_err(|error| error.in_words())?;
            eprintln!("{room}");
            write_report(json, &room)
        }
    }
}
