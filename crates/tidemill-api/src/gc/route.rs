//! `tidemill/gc`, for operators.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::Deserialize;
use tidemill_core::experiments::ExperimentId;
use tidemill_core::retention::Retention;
use tidemill_core::runs::RunId;
use tidemill_core::{Error, Result};
use tokio::sync::{Mutex, OwnedMutexGuard, oneshot};

use super::{Gc, GcOptions, GcReport};
use crate::App;
use crate::admin::Admin;
use crate::error::ApiError;
use crate::extract::JsonText;
use crate::reply::json;

/// The largest body, in bytes: some 1,500 ids.
const BODY: usize = 64 << 10;

/// Lets one purge of this server happen at a time.
pub(crate) type GcTurn = Arc<Mutex<()>>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    older_than: Option<String>,
    #[serde(default)]
    dry_run: bool,
    #[serde(default)]
    orphans: bool,
    #[serde(default)]
    imported_artifacts: bool,
    #[serde(default)]
    run_ids: Vec<String>,
    #[serde(default)]
    experiment_ids: Vec<String>,
}

pub(crate) async fn gc(
    app: Data<App>,
    _: Admin,
    body: JsonText<BODY>,
) -> std::result::Result<HttpResponse, ApiError> {
    let options = options(&body)?;
    let turn = Arc::clone(&app.gc).try_lock_owned();
    let turn = turn.map_err(|_| Error::conflict("A purge is under way. Wait for its end."))?;
    let gc = Gc {
        tracking: app.tracking.clone(),
        registry: app.registry.clone(),
        repositories: app.artifacts.repositories.apart(),
    };
    let report = on_a_thread_of_its_own(gc, options, turn).await?;
    Ok(json(serde_json::to_vec(&report).map_err(Error::internal)?))
}

fn options(body: &[u8]) -> Result<GcOptions> {
    let refused = |error| Error::invalid_parameter(format!("The body cannot be read: {error}"));
    let asked: Asked = serde_json::from_slice(body).map_err(refused)?;
    let older_than = asked.older_than.as_deref().unwrap_or(Retention::DEFAULT);
    let experiments = asked
        .experiment_ids
        .iter()
        .map(|id| ExperimentId::parse(id));
    Ok(GcOptions {
        older_than: older_than.parse()?,
        dry_run: asked.dry_run,
        orphans: asked.orphans,
        imported_artifacts: asked.imported_artifacts,
        runs: asked.run_ids.into_iter().map(RunId).collect(),
        experiments: experiments.collect::<Result<_>>()?,
    })
}

/// Goes on when the client does not wait for the answer, and ends with the process, wherever it
/// is then: it can be run again.
async fn on_a_thread_of_its_own(
    gc: Gc,
    options: GcOptions,
    turn: OwnedMutexGuard<()>,
) -> Result<GcReport> {
    let (sender, report) = oneshot::channel();
    let purge = move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let outcome = match runtime {
            Ok(runtime) => runtime.block_on(gc.run(&options)),
            Err(error) => Err(Error::internal(error)),
        };
        drop(turn);
        // The client may have gone.
        let _ = sender.send(outcome);
    };
    let thread = std::thread::Builder::new().name("gc".into());
    thread.spawn(purge).map_err(Error::internal)?;
    report.await.map_err(Error::internal)?
}
