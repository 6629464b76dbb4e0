//! What handlers share.

use tidemill_core::keys::Limits;
use tidemill_store::Store;

use crate::admin::AdminToken;
use crate::artifacts::Artifacts;
use crate::gc::route::GcTurn;
use crate::graphql::{GraphQl, QueryLimits};
use crate::incoming::BodyRoom;
use crate::ui::Ui;

/// Settings of the facade.
#[derive(Debug, Clone)]
pub struct ApiConfig {
    /// Where artifacts of new experiments go: `mlflow-artifacts:/` when this server keeps them.
    pub default_artifact_root: String,
    /// Whether the artifact proxy is on.
    pub serve_artifacts: bool,
    /// Whether only the artifact proxy is on.
    pub artifacts_only: bool,
    /// What happens to over-long values.
    pub limits: Limits,
    /// What the source of every model version must contain a match of.
    pub version_source_pattern: Option<regex::Regex>,
    /// Where the web UI comes from.
    pub ui: Ui,
    /// How much one GraphQL query may ask.
    pub graphql: QueryLimits,
    /// What operators say to be let in; without one there are no routes for them.
    pub admin_token: Option<AdminToken>,
    /// The MLflow version that clients are told.
    pub mlflow_version: &'static str,
    /// Our own version.
    pub version: &'static str,
}

/// What handlers share. Cloning shares the stores.
#[derive(Clone)]
pub struct App {
    /// Experiments, runs, metrics, logged models.
    pub tracking: Store,
    /// Registered models and versions; usually the same store.
    pub registry: Store,
    /// Artifact roots.
    pub artifacts: Artifacts,
    /// Settings.
    pub config: ApiConfig,
    pub(crate) bodies: BodyRoom,
    pub(crate) graphql: GraphQl,
    pub(crate) gc: GcTurn,
}

impl App {
    /// Puts together what handlers share.
    pub fn new(tracking: Store, registry: Store, artifacts: Artifacts, config: ApiConfig) -> Self {
        Self {
            tracking,
            registry,
            artifacts,
            config,
            bodies: BodyRoom::default(),
            graphql: GraphQl::new(),
            gc: GcTurn::default(),
        }
    }
}
