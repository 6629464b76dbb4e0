//! Start-up and shutdown.
//!
//! Shutting down is a sentence: stop accepting, let requests finish, then drop the stores,
//! which commits what is queued and closes the connections.

use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::HttpServer;
use tidemill_api::{ApiConfig, App, Artifacts, RequestLog, Ui};
use tidemill_core::experiments::ArtifactLocation;
use tidemill_core::keys::Limits;
use tidemill_core::storage_uri::Place;
use tidemill_store::Store;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::config::{Config, ServerArgs};
use crate::listening::Addresses;
use crate::telemetry;

/// The contract that clients are told to expect.
const MLFLOW_VERSION: &str = "3.17.2";
/// What committing the queue may take, after requests have had their time.
const COMMIT_PATIENCE: Duration = Duration::from_secs(5);
/// `SIGXFSZ`; std has no name for it.
const FILE_TOO_LARGE: i32 = 25;
/// Seconds that a client may take to send its request's head.
const HEAD_PATIENCE: Duration = Duration::from_secs(15);
/// How long a connection is kept between requests. Training loops log every few seconds; a
/// connection that ends just as the next request is sent fails it.
const IDLE_PATIENCE: Duration = Duration::from_secs(75);

/// Runs the server until it is told to stop.
pub(crate) fn serve(args: ServerArgs) -> Result<(), String> {
    let started = Instant::now();
    telemetry::start(args.log_format, &args.log_level)?;
    let config = Config::new(args)?;
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    actix_web::rt::System::new().block_on(run(config, started))
}

async fn run(config: Config, started: Instant) -> Result<(), String> {
    survive_file_size_limit();
    let addresses = Addresses::take(&config.host, config.port)?;
    let app = open(&config).await?;
    let (stop_sealing, sealing) = seal_in_background(app.tracking.clone());
    let log = Arc::new(RequestLog::default());
    let (prefix, guard) = (config.static_prefix.clone(), config.guard.clone());
    let requests = Arc::clone(&log);
    let mut server = HttpServer::new(move || {
        actix_web::App::new().service(tidemill_api::routes::scope(
            &prefix,
            app.clone(),
            guard.clone(),
            Arc::clone(&log),
        ))
    })
    .tcp_nodelay(true)
    .keep_alive(IDLE_PATIENCE)
    .client_request_timeout(HEAD_PATIENCE)
    .shutdown_timeout(config.shutdown_timeout)
    .disable_signals();
    if let Some(threads) = config.threads {
        server = server.workers(threads);
    }
    for listener in addresses.listen()? {
        server = server.listen(listener).map_err(|error| error.to_string())?;
    }
    let bound: Vec<_> = server.addrs();
    let server = server.run();
    let handle = server.handle();
    let patience = Duration::from_secs(config.shutdown_timeout);
    let told = told_to_stop();
    tracing::info!(
        addresses = ?bound,
        database = ?config.stores.tracking.url,
        ui = described(&config.ui),
        ms = started.elapsed().as_millis() as u64,
        "serving"
    );
    let log = Arc::clone(&requests);
    actix_web::rt::spawn(async move {
        told.await;
        tracing::info!("stopping: requests under way may finish");
        log.ends_at(Instant::now() + patience);
        end_at_the_latest(patience + COMMIT_PATIENCE, log);
        handle.stop(true).await;
    });
    server.await.map_err(|error| error.to_string())?;
    let given_up = requests.under_way();
    drop(stop_sealing);
    sealing.await.map_err(|error| error.to_string())?;
    if given_up > 0 {
        tracing::error!(requests = given_up, "requests were cut off unanswered");
        return Err("not every request could be answered in time".into());
    }
    tracing::info!("stopped");
    Ok(())
}

/// Where the UI comes from, for the log.
fn described(ui: &Ui) -> String {
    match ui {
        Ui::Folder(folder) => folder.path().display().to_string(),
        Ui::Proxy(_) => "from another server".into(),
        Ui::Missing => "none; `tidemill ui install` gets one".into(),
    }
}

async fn open(config: &Config) -> Result<App, String> {
    let stores = &config.stores;
    let tracking = Store::open(&stores.tracking).map_err(|error| error.to_string())?;
    let registry = match &stores.registry {
        Some(registry) => Store::open(registry).map_err(|error| error.to_string())?,
        None => tracking.clone(),
    };
    let artifacts = artifacts(config)?;
    artifacts
        .prepare()
        .await
        .map_err(|error| error.to_string())?;
    tracking
        .ensure_default_experiment(ArtifactLocation::Below(
            stores.default_artifact_root.clone(),
        ))
        .await
        .map_err(|error| error.to_string())?;
    Ok(App::new(
        tracking,
        registry,
        artifacts,
        ApiConfig {
            default_artifact_root: stores.default_artifact_root.clone(),
            serve_artifacts: stores.serve_artifacts,
            artifacts_only: config.artifacts_only,
            ui: config.ui.clone(),
            graphql: config.graphql,
            limits: Limits {
                truncate_long_values: config.truncate_long_values,
            },
            version_source_pattern: config.version_source_pattern.clone(),
            admin_token: config.admin_token.clone(),
            mlflow_version: MLFLOW_VERSION,
            version: env!("CARGO_PKG_VERSION"),
        },
    ))
}

/// Seals finished metric histories until the sender is dropped.
fn seal_in_background(store: Store) -> (oneshot::Sender<()>, JoinHandle<()>) {
    let (stop, stopped) = oneshot::channel();
    let sealing = actix_web::rt::spawn(async move {
        let shutdown = async move {
            // Dropping the sender is the signal.
            let _ = stopped.await;
        };
        store.seal_histories(shutdown).await;
    });
    (stop, sealing)
}

/// The storages, and what clients may be told about them.
fn artifacts(config: &Config) -> Result<Artifacts, String> {
    let destination = config.stores.destination()?;
    let signs_urls = destination.is_some_and(|uri| !matches!(uri.place(), Place::Local { .. }));
    let repositories = config.stores.repositories(|policy| {
        policy.allowed_host_schemes = config.allowed_host_schemes.clone();
        policy.max_length = config.artifact_location_max_length;
    })?;
    Ok(Artifacts {
        repositories,
        signs_urls,
        link_lifetime: config.link_lifetime,
    })
}

/// Ends the process when something does not let go of it, such as a database that does not
/// answer.
fn end_at_the_latest(patience: Duration, log: Arc<RequestLog>) {
    std::thread::spawn(move || {
        std::thread::sleep(patience);
        tracing::error!(
            requests = log.under_way(),
            "not everything could be finished in time"
        );
        std::process::exit(1);
    });
}

/// Makes a limit on the size of files a failed write instead of the end of the process.
fn survive_file_size_limit() {
    if let Err(error) = signal(SignalKind::from_raw(FILE_TOO_LARGE)) {
        tracing::warn!(%error, "a limit on the size of files would end the server");
    }
}

/// Ends when the process is told to stop. From the call on the signals do nothing else.
fn told_to_stop() -> impl Future<Output = ()> {
    let signals = (
        signal(SignalKind::terminate()),
        signal(SignalKind::interrupt()),
    );
    async move {
        match signals {
            (Ok(mut terminate), Ok(mut interrupt)) => {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                }
            }
            _ => std::future::pending().await,
        }
    }
}
