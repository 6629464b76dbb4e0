//! The Tidemill binary.

mod backup;
mod config;
mod copying;
mod db;
mod export;
mod files;
mod gc;
mod listening;
mod serve;
mod stores;
mod telemetry;
mod transfer;
mod ui;

use clap::{Parser, Subcommand};

/// Replaces the allocator of the C library, which is slower and gives memory back late.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// A tracking server and model registry that speaks MLflow's protocol.
#[derive(Debug, Parser)]
#[command(name = "tidemill", version = VERSION, disable_help_flag = true)]
struct Cli {
    /// Print help.
    #[arg(long, action = clap::ArgAction::Help, global = true)]
    help: Option<bool>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve experiments, runs, models and artifacts.
    Server(Box<config::ServerArgs>),
    /// Serve, as `server` does; or, with `install`, get the web UI.
    Ui(Box<UiArgs>),
    /// Bring in what an MLflow database, file store or server has, or another Tidemill database.
    Import(Box<transfer::ImportArgs>),
    /// Purge what was deleted long enough ago, with its artifacts.
    Gc(Box<gc::GcArgs>),
    /// Compare such a source with what is here.
    Verify(Box<transfer::VerifyArgs>),
    /// Keep everything in one file, while a server goes on.
    Backup(Box<backup::BackupArgs>),
    /// Bring back what such a file holds.
    Restore(Box<backup::RestoreArgs>),
    /// Look after the database: status, migrate, check, reclaim.
    Db(db::DbArgs),
    /// Take everything out, into a database that MLflow serves.
    Export(Box<export::ExportArgs>),
}

#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
struct UiArgs {
    #[command(subcommand)]
    action: Option<UiAction>,
    #[command(flatten)]
    server: config::ServerArgs,
}

#[derive(Debug, Subcommand)]
enum UiAction {
    /// Fetch MLflow's web UI, check its hash and put it where the server looks.
    Install(ui::Install),
}

/// Our version, and the MLflow version whose contract it serves.
const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " (MLflow 3.17.2)");

fn main() -> std::process::ExitCode {
    match run(Cli::parse().command) {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("tidemill: {error}");
            std::process::ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<(), String> {
    if !matches!(command, Command::Server(_) | Command::Ui(_)) {
        // Why a storage or a database failed, beside what is said about it.
        telemetry::start(telemetry::LogFormat::Text, "warn")?;
    }
    match command {
        Command::Server(args) => serve::serve(*args),
        Command::Import(args) => transfer::import(&args),
        Command::Gc(args) => gc::gc(*args),
        Command::Verify(args) => transfer::compare(&args),
        Command::Backup(args) => backup::backup(&args),
        Command::Restore(args) => backup::restore(&args),
        Command::Db(args) => db::db(&args),
        Command::Export(args) => export::export(&args),
        Command::Ui(args) => match args.action {
            Some(UiAction::Install(args)) => ui::install(&args),
            None => serve::serve(args.server),
        },
    }
}
