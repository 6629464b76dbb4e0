//! The command `gc`.

use std::path::PathBuf;

use clap::Args;
use tidemill_api::{Gc, GcOptions, GcReport};
use tidemill_core::experiments::ExperimentId;
use tidemill_core::retention::Retention;
use tidemill_core::runs::RunId;
use tidemill_store::Store;

use crate::stores::{StoreArgs, Stores};
use crate::transfer::write_report;

#[derive(Debug, Args)]
pub(crate) struct GcArgs {
    #[command(flatten)]
    stores: StoreArgs,
    /// How long ago it must have been deleted: days, hours, minutes and seconds, as in 1d2h3m4s.
    #[arg(long, default_value = Retention::DEFAULT, value_name = "TIME")]
    older_than: Retention,
    /// Say what would go, and change nothing.
    #[arg(long)]
    dry_run: bool,
    /// Purge only these runs, separated by commas; repeatable.
    #[arg(
        long = "run",
        visible_alias = "run-ids",
        value_delimiter = ',',
        value_name = "IDS"
    )]
    runs: Vec<String>,
    /// Purge only these experiments with all that is in them, separated by commas; repeatable.
    #[arg(
        long = "experiment",
        visible_alias = "experiment-ids",
        value_delimiter = ',',
        value_name = "IDS"
    )]
    experiments: Vec<String>,
    /// Purge folders in the artifacts destination, too, that belong to runs and logged models
    /// which are not there. Not for a destination that other databases use as well.
    #[arg(long)]
    orphans: bool,
    /// Purge what was imported without --copy-artifacts together with its artifacts, which are
    /// where the source has them. Without this it is kept.
    #[arg(long)]
    imported_artifacts: bool,
    /// Also write the report to this file, as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// Purges. What could not be purged makes it an error at the end.
pub(crate) fn gc(args: GcArgs) -> Result<(), String> {
    let stores = Stores::new(args.stores)?;
    let experiments = args.experiments.iter().map(|id| ExperimentId::parse(id));
    let options = GcOptions {
        older_than: args.older_than,
        dry_run: args.dry_run,
        orphans: args.orphans,
        imported_artifacts: args.imported_artifacts,
        runs: args.runs.into_iter().map(RunId).collect(),
        experiments: experiments
            .collect::<Result<_, _>>()
            .map_err(|error| error.in_words())?,
    };
    let report = purge(&stores, &options)?;
    eprint!("{report}");
    write_report(args.json.as_deref(), &report)?;
    match report.is_good() {
        true => Ok(()),
        false => Err(String::from("not everything could be purged")),
    }
}

fn purge(stores: &Stores, options: &GcOptions) -> Result<GcReport, String> {
    let tracking = Store::open(&stores.tracking).map_err(|error| error.in_words())?;
    let gc = Gc {
        registry: match &stores.registry {
            Some(registry) => Store::open(registry).map_err(|error| error.in_words())?,
            None => tracking.clone(),
        },
        tracking,
        repositories: stores.repositories(|_| {})?,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    runtime
        .block_on(gc.run(options))
        .map_err(|error| error.in_words())
}
