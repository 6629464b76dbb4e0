//! Settings, from the command line with environment fallbacks, checked before anything starts.
//!
//! The flags and variables are those of `mlflow server`, so that a command line can be kept.
//! Each is honoured, or accepted with a warning where it has no meaning here, or refused with
//! a sentence that says what to use.

use std::path::Path;
use std::time::Duration;

use clap::Args;
use tidemill_api::{AdminToken, QueryLimits, Ui, UiFolder, UiProxy};
use tidemill_store::{DatabaseUrl, StoreConfig};

use crate::stores::{StoreArgs, Stores};
use crate::telemetry::LogFormat;

/// Where the server keeps everything unless told otherwise.
pub(super) const DATA: &str = "tidemill-data";

#[derive(Debug, Args)]
pub(crate) struct ServerArgs {
    /// Address to listen on.
    #[arg(long, short = 'h', env = "MLFLOW_HOST", default_value = "127.0.0.1")]
    host: String,
    /// Port to listen on; 0 is any that is free, which the log then names.
    #[arg(long, short = 'p', env = "MLFLOW_PORT", default_value_t = 5000)]
    port: u16,
    #[command(flatten)]
    stores: StoreArgs,
    /// Serve artifacts only; tracking and registry routes answer 503.
    #[arg(long, env = "MLFLOW_ARTIFACTS_ONLY", value_parser = clap::builder::BoolishValueParser::new())]
    artifacts_only: bool,
    /// URL prefix of every route, such as /mlflow.
    #[arg(long, env = "MLFLOW_STATIC_PREFIX", value_name = "PREFIX")]
    static_prefix: Option<String>,
    /// Folder with the build of MLflow's web UI. [default: what `tidemill ui install` left here,
    /// or the UI of an MLflow that is installed in the Python environment in use]
    #[arg(long, env = "TIDEMILL_UI_DIR", value_name = "DIR")]
    ui_dir: Option<String>,
    /// MLflow server to take the files of the web UI from, rather than a folder; everything else
    /// is answered here.
    #[arg(long, env = "TIDEMILL_UI_PROXY", value_name = "URL")]
    ui_proxy: Option<String>,
    /// Fields at the root that one GraphQL query may have.
    #[arg(
        long,
        env = "MLFLOW_SERVER_GRAPHQL_MAX_ROOT_FIELDS",
        default_value_t = 10,
        value_name = "N"
    )]
    graphql_max_root_fields: usize,
    /// Aliases that one level of a GraphQL query may have.
    #[arg(
        long,
        env = "MLFLOW_SERVER_GRAPHQL_MAX_ALIASES",
        default_value_t = 10,
        value_name = "N"
    )]
    graphql_max_aliases: usize,
    /// Host headers to accept, separated by commas; * stands for anything.
    /// [default: this machine and private addresses]
    #[arg(
        long,
        env = "MLFLOW_SERVER_ALLOWED_HOSTS",
        value_delimiter = ',',
        value_name = "HOSTS"
    )]
    allowed_hosts: Vec<String>,
    /// Web origins that may write, separated by commas. [default: this machine, and pages of this
    /// server's own address or of a host that --allowed-hosts names]
    #[arg(
        long,
        env = "MLFLOW_SERVER_CORS_ALLOWED_ORIGINS",
        value_delimiter = ',',
        value_name = "ORIGINS"
    )]
    cors_allowed_origins: Vec<String>,
    /// Value of the X-Frame-Options header; NONE leaves it out.
    #[arg(
        long,
        env = "MLFLOW_SERVER_X_FRAME_OPTIONS",
        default_value = "SAMEORIGIN",
        value_name = "VALUE"
    )]
    x_frame_options: String,
    /// Switch off the checks of hosts and origins.
    #[arg(long, env = "MLFLOW_SERVER_DISABLE_SECURITY_MIDDLEWARE", value_parser = clap::builder::BoolishValueParser::new())]
    disable_security_middleware: bool,
    /// Cut over-long params and tags instead of refusing them.
    #[arg(long, env = "MLFLOW_TRUNCATE_LONG_VALUES", default_value_t = true, action = clap::ArgAction::Set,
          value_parser = clap::builder::BoolishValueParser::new(), value_name = "BOOL")]
    truncate_long_values: bool,
    /// Schemes that may name a foreign host in artifact locations and model sources, separated
    /// by commas.
    #[arg(
        long,
        env = "MLFLOW_ALLOWED_HOST_ADDRESSED_ARTIFACT_SCHEMES",
        value_delimiter = ',',
        value_name = "SCHEMES"
    )]
    allowed_host_addressed_artifact_schemes: Vec<String>,
    /// Longest artifact location to accept, in characters.
    #[arg(
        long,
        env = "MLFLOW_ARTIFACT_LOCATION_MAX_LENGTH",
        default_value_t = 2048,
        value_name = "N"
    )]
    artifact_location_max_length: usize,
    /// Pattern that the source of every model version must contain.
    #[arg(
        long,
        env = "MLFLOW_CREATE_MODEL_VERSION_SOURCE_VALIDATION_REGEX",
        value_name = "REGEX"
    )]
    model_version_source_pattern: Option<String>,
    /// Seconds that links to download artifacts live.
    #[arg(long, env = "MLFLOW_PRESIGNED_DOWNLOAD_URL_TTL_SECONDS", default_value_t = 300, value_name = "SECONDS",
          value_parser = clap::value_parser!(u64).range(1..=604_800))]
    presigned_download_url_ttl: u64,
    /// Threads that handle requests. [default: one for each core]
    #[arg(long, env = "TIDEMILL_THREADS", value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// Seconds that requests under way get to finish when the server is told to stop.
    #[arg(
        long,
        env = "TIDEMILL_SHUTDOWN_TIMEOUT",
        default_value_t = 30,
        value_name = "SECONDS"
    )]
    pub(crate) shutdown_timeout: u64,
    /// What log lines look like.
    #[arg(long, env = "TIDEMILL_LOG_FORMAT", value_enum, default_value = "text")]
    pub(crate) log_format: LogFormat,
    /// What to log: error, warn, info, debug or trace.
    #[arg(
        long,
        env = "MLFLOW_LOGGING_LEVEL",
        default_value = "info",
        value_name = "LEVEL"
    )]
    pub(crate) log_level: String,
    /// What operators say to use the routes for them, such as garbage collection: at least 16
    /// characters. Without it there are no such routes. Better given in the environment, where
    /// others do not see it.
    #[arg(
        long,
        env = "TIDEMILL_ADMIN_TOKEN",
        hide_env_values = true,
        value_name = "TOKEN"
    )]
    admin_token: Option<String>,
    #[command(flatten)]
    elsewhere: Elsewhere,
}

/// Flags of `mlflow server` that are about its Python processes, or about features that are
/// not here. Hidden from the help.
#[derive(Debug, Args)]
struct Elsewhere {
    #[arg(long, short = 'w', env = "MLFLOW_WORKERS", hide = true)]
    workers: Option<String>,
    #[arg(
        long,
        env = "MLFLOW_GUNICORN_OPTS",
        hide = true,
        allow_hyphen_values = true
    )]
    gunicorn_opts: Option<String>,
    #[arg(long, hide = true, allow_hyphen_values = true)]
    waitress_opts: Option<String>,
    #[arg(
        long,
        env = "MLFLOW_UVICORN_OPTS",
        hide = true,
        allow_hyphen_values = true
    )]
    uvicorn_opts: Option<String>,
    #[arg(long, hide = true)]
    dev: bool,
    #[arg(long, env = "MLFLOW_EXPOSE_PROMETHEUS", hide = true)]
    expose_prometheus: Option<String>,
    #[arg(long, hide = true)]
    secrets_cache_ttl: Option<String>,
    #[arg(long, hide = true)]
    secrets_cache_max_size: Option<String>,
    #[arg(long, hide = true)]
    disable_workspaces: bool,
    #[arg(long, env = "MLFLOW_READ_REPLICA_BACKEND_STORE_URI", hide = true)]
    read_replica_backend_store_uri: Option<String>,
    #[arg(long, hide = true)]
    app_name: Option<String>,
    #[arg(long, env = "MLFLOW_TRACE_ARCHIVAL_CONFIG", hide = true)]
    trace_archival_config: Option<String>,
    #[arg(long, env = "MLFLOW_WORKSPACE_STORE_URI", hide = true)]
    workspace_store_uri: Option<String>,
    #[arg(long, env = "MLFLOW_ENABLE_WORKSPACES", hide = true, value_parser = clap::builder::BoolishValueParser::new())]
    enable_workspaces: bool,
}

impl Elsewhere {
    /// One sentence for each flag that is accepted and does nothing.
    fn warnings(&self) -> Vec<&'static str> {
        let ignored = [
            (
                self.workers.is_some(),
                "--workers is ignored: one process serves all cores; see --threads.",
            ),
            (
                self.gunicorn_opts.is_some(),
                "--gunicorn-opts is ignored: there is no gunicorn here.",
            ),
            (
                self.waitress_opts.is_some(),
                "--waitress-opts is ignored: there is no waitress here.",
            ),
            (
                self.uvicorn_opts.is_some(),
                "--uvicorn-opts is ignored: there is no uvicorn here.",
            ),
            (self.dev, "--dev is ignored: use --log-level debug."),
            (
                self.expose_prometheus.is_some(),
                "--expose-prometheus is ignored: /metrics is always there.",
            ),
            (
                self.secrets_cache_ttl.is_some(),
                "--secrets-cache-ttl is ignored: there is no gateway here.",
            ),
            (
                self.secrets_cache_max_size.is_some(),
                "--secrets-cache-max-size is ignored: there is no gateway here.",
            ),
        ];
        ignored
            .into_iter()
            .filter_map(|(given, warning)| given.then_some(warning))
            .collect()
    }

    fn refusal(&self) -> Option<&'static str> {
        let refused = [
            (
                self.app_name.is_some(),
                "--app-name is refused: there are no user accounts yet; put an authenticating proxy in front.",
            ),
            (
                self.trace_archival_config.is_some(),
                "--trace-archival-config is refused: traces are not served yet.",
            ),
            (
                self.enable_workspaces,
                "--enable-workspaces is refused: run one server for each workspace, each with its own database.",
            ),
            (
                self.workspace_store_uri.is_some(),
                "--workspace-store-uri is refused: run one server for each workspace, each with its own database.",
            ),
            (
                self.read_replica_backend_store_uri.is_some(),
                "--read-replica-backend-store-uri is refused: reads go to --backend-store-uri, which may be a connection pooler that knows the replicas.",
            ),
        ];
        refused
            .into_iter()
            .find_map(|(given, refusal)| given.then_some(refusal))
    }
}

/// Settings that have been checked.
#[derive(Debug)]
pub(crate) struct Config {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) stores: Stores,
    pub(crate) artifacts_only: bool,
    pub(crate) static_prefix: String,
    pub(crate) ui: Ui,
    pub(crate) graphql: QueryLimits,
    pub(crate) guard: tidemill_api::Guard,
    pub(crate) truncate_long_values: bool,
    pub(crate) admin_token: Option<AdminToken>,
    pub(crate) allowed_host_schemes: Vec<String>,
    pub(crate) artifact_location_max_length: usize,
    pub(crate) version_source_pattern: Option<regex::Regex>,
    pub(crate) link_lifetime: Duration,
    pub(crate) threads: Option<usize>,
    pub(crate) shutdown_timeout: u64,
    pub(crate) warnings: Vec<&'static str>,
}

impl Config {
    /// Checks the settings. An error is one sentence that names the setting, the value and
    /// what would be accepted.
    pub(crate) fn new(args: ServerArgs) -> Result<Self, String> {
        if let Some(refusal) = args.elsewhere.refusal() {
            return Err(refusal.to_owned());
        }
        let stores = Stores::new(args.stores)?;
        if args.artifacts_only && !stores.serve_artifacts {
            return Err("--artifacts-only and --no-serve-artifacts leave nothing to serve; give one of them.".into());
        }
        Ok(Self {
            ui: ui(args.ui_dir.as_deref(), args.ui_proxy.as_deref())?,
            graphql: QueryLimits {
                root_fields: args.graphql_max_root_fields,
                aliases: args.graphql_max_aliases,
            },
            guard: match args.disable_security_middleware {
                true => tidemill_api::Guard::disabled(),
                false => tidemill_api::Guard::new(
                    trimmed(args.allowed_hosts),
                    trimmed(args.cors_allowed_origins),
                    &args.x_frame_options,
                ),
            },
            static_prefix: prefix(args.static_prefix)?,
            admin_token: admin_token(args.admin_token)?,
            allowed_host_schemes: trimmed(args.allowed_host_addressed_artifact_schemes),
            artifact_location_max_length: args.artifact_location_max_length,
            version_source_pattern: pattern(args.model_version_source_pattern)?,
            link_lifetime: Duration::from_secs(args.presigned_download_url_ttl),
            warnings: args.elsewhere.warnings(),
            threads: args.threads.map(usize::from),
            host: args.host,
            port: args.port,
            stores,
            artifacts_only: args.artifacts_only,
            truncate_long_values: args.truncate_long_values,
            shutdown_timeout: args.shutdown_timeout,
        })
    }
}

/// A UI that is named must be there; one that is found may be anything.
fn ui(folder: Option<&str>, proxy: Option<&str>) -> Result<Ui, String> {
    let given = |text: &&str| !text.is_empty();
    match (folder.filter(given).map(Path::new), proxy.filter(given)) {
        (_, Some(proxy)) => UiProxy::new(proxy)
            .map(Ui::Proxy)
            .map_err(|error| format!("--ui-proxy '{proxy}' is refused: {error}.")),
        (Some(folder), None) => UiFolder::open(folder).map(Ui::Folder).map_err(|error| {
            format!(
                "--ui-dir {} is refused: {error}; `tidemill ui install` gets a UI.",
                folder.display()
            )
        }),
        (None, None) => Ok(crate::ui::found()
            .and_then(|folder| UiFolder::open(&folder).ok())
            .map_or(Ui::Missing, Ui::Folder)),
    }
}

fn admin_token(text: Option<String>) -> Result<Option<AdminToken>, String> {
    let text = text.filter(|text| !text.is_empty());
    let token = text.map(|text| AdminToken::new(&text));
    token.transpose().map_err(|why| {
        format!("--admin-token is refused: {why}; use at least 16 letters, digits and signs.")
    })
}

/// The database that a URI names, or the embedded one.
pub(crate) fn database(flag: &str, uri: Option<&str>) -> Result<DatabaseUrl, String> {
    match uri.filter(|uri| !uri.is_empty()) {
        None => Ok(DatabaseUrl::Sqlite(Path::new(DATA).join("tidemill.db"))),
        Some(uri) if !uri.contains("://") || uri.starts_with("file:") => Err(format!(
            "{flag} '{uri}' is refused: folders of MLflow's file store are not served; \
             use sqlite:///file.db, postgresql://… or mysql://…"
        )),
        Some(uri) => uri.parse().map_err(|error| format!("{flag}: {error}")),
    }
}

pub(super) fn store(
    flag: &str,
    uri: Option<&str>,
    (pool_size, answer_within): (Option<u32>, Duration),
) -> Result<StoreConfig, String> {
    let url = database(flag, uri)?;
    let mut config = StoreConfig {
        answer_within,
        ..StoreConfig::new(url)
    };
    if let Some(pool_size) = pool_size {
        config.pool_size = pool_size;
    }
    Ok(config)
}

/// A local path made absolute, so that stored locations keep their meaning; URIs stay.
pub(super) fn absolute(uri: &str) -> Result<String, String> {
    if uri.contains(":/") {
        return Ok(uri.to_owned());
    }
    std::path::absolute(uri)
        .map(|path| path.to_string_lossy().into_owned())
        .map_err(|error| format!("The path '{uri}' cannot be made absolute: {error}"))
}

/// Empty, or with a slash before and none after.
fn prefix(prefix: Option<String>) -> Result<String, String> {
    let prefix = prefix.unwrap_or_default();
    let trimmed = prefix.trim_end_matches('/');
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_./~".contains(&b);
    match trimmed.is_empty() || (trimmed.starts_with('/') && trimmed.bytes().all(plain)) {
        true => Ok(trimmed.to_owned()),
        false => Err(format!(
            "--static-prefix '{prefix}' is refused: it must start with a slash and consist of \
             letters, digits, '-', '_', '.', '~' and slashes."
        )),
    }
}

fn pattern(text: Option<String>) -> Result<Option<regex::Regex>, String> {
    let text = text.filter(|text| !text.is_empty());
    text.map(|text| regex::Regex::new(&text))
        .transpose()
        .map_err(|error| format!("--model-version-source-pattern is refused: {error}"))
}

pub(super) fn trimmed(list: Vec<String>) -> Vec<String> {
    list.into_iter()
        .map(|item| item.trim().to_owned())
        .filter(|item| !item.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    #[command(disable_help_flag = true)]
    struct Line {
        #[command(flatten)]
        args: ServerArgs,
    }

    fn config(line: &[&str]) -> Result<Config, String> {
        let line = std::iter::once(&"server").chain(line);
        Config::new(Line::try_parse_from(line).map_err(|e| e.to_string())?.args)
    }

    #[test]
    fn without_flags_everything_is_below_one_folder() {
        let config = config(&[]).unwrap();
        assert_eq!(
            config.stores.tracking.url,
            DatabaseUrl::Sqlite("tidemill-data/tidemill.db".into())
        );
        assert!(
            config
                .stores
                .artifacts_destination
                .ends_with("/tidemill-data/artifacts")
        );
        assert_eq!(config.stores.default_artifact_root, "mlflow-artifacts:/");
        assert_eq!((config.host.as_str(), config.port), ("127.0.0.1", 5000));
    }

    #[test]
    fn flags_about_python_processes_are_accepted_with_a_warning() {
        let config = config(&[
            "--workers",
            "4",
            "--gunicorn-opts",
            "--timeout 60",
            "-h",
            "0.0.0.0",
            "-p",
            "1",
        ])
        .unwrap();
        assert_eq!(config.warnings.len(), 2);
        assert_eq!(config.host, "0.0.0.0");
    }

    #[test]
    fn a_refused_setting_says_what_to_use() {
        for (line, hint) in [
            (&["--app-name", "basic-auth"][..], "authenticating proxy"),
            (&["--backend-store-uri", "./mlruns"], "sqlite:///file.db"),
            (&["--backend-store-uri", "mssql://h/d"], "postgresql://"),
            (&["--static-prefix", "mlflow"], "start with a slash"),
            (
                &["--artifacts-only", "--no-serve-artifacts"],
                "give one of them",
            ),
        ] {
            let error = config(line).unwrap_err();
            assert!(error.contains(hint), "{error}");
        }
    }

    #[test]
    fn clients_reach_the_destination_directly_when_it_is_not_served() {
        let config = config(&[
            "--no-serve-artifacts",
            "--artifacts-destination",
            "s3://b/p",
        ])
        .unwrap();
        assert_eq!(config.stores.default_artifact_root, "s3://b/p");
    }
}
