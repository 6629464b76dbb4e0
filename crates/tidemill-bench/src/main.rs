//! Compares Tidemill with MLflow's own server on this machine, with one command.

mod bench;
mod cases;
mod data;
mod database;
mod draft;
mod environment;
mod failure;
mod fill;
mod http;
mod load;
mod memory;
mod options;
mod percentile;
mod report;
mod server;
mod site;

use std::process::ExitCode;

use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};

use crate::failure::Result;
use crate::options::Options;

/// One thread: the rest of the machine belongs to the servers.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let options = Options::parse();
    if options.only == ["list"] {
        eprintln!("{}", bench::names().join("\n"));
        return ExitCode::SUCCESS;
    }
    match until_interrupted(&options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// A signal drops the benchmark where it stands, and with it the servers and their databases.
async fn until_interrupted(options: &Options) -> Result<()> {
    let mut terminated = signal(SignalKind::terminate())?;
    tokio::select! {
        report = bench::run(options) => {
            let report = report?;
            report.print()?;
            if let Some(path) = &options.json {
                report.write_json(path)?;
            }
            Ok(())
        }
        _ = tokio::signal::ctrl_c() => Err("interrupted".into()),
        _ = terminated.recv() => Err("terminated".into()),
    }
}
