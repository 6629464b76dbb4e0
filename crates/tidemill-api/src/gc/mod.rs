//! Garbage collection: purging what was deleted, with its artifacts.
//!
//! Artifacts go first and rows after them, so that nothing is forgotten whose files are still
//! there, and a purge that is stopped goes on where it was when it is run again. The command and
//! the route both come here; the SQL is in `tidemill-store`'s `gc`.

mod experiments;
mod orphans;
mod places;
mod report;
pub(crate) mod route;
mod things;
mod uploads;

use std::collections::HashMap;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use tidemill_artifacts::Repositories;
use tidemill_core::Result;
use tidemill_core::experiments::ExperimentId;
use tidemill_core::retention::Retention;
use tidemill_core::runs::RunId;
use tidemill_store::Store;
use tidemill_store::gc::{Kind, Scope};

use places::Places;
pub use report::GcReport;

/// What to purge.
#[derive(Debug, Clone)]
pub struct GcOptions {
    /// How long ago it must have been deleted.
    pub older_than: Retention,
    /// Only say what would go.
    pub dry_run: bool,
    /// Purge folders of artifacts that belong to nothing, too.
    pub orphans: bool,
    /// Purge artifacts, too, that an import left where its source has them.
    pub imported_artifacts: bool,
    /// Only these runs, and what is in `experiments`; everything when both are empty.
    pub runs: Vec<RunId>,
    /// Only these experiments, with all that is in them.
    pub experiments: Vec<ExperimentId>,
}

/// The stores and storages that are purged.
#[derive(Clone)]
pub struct Gc {
    /// Experiments, runs, logged models.
    pub tracking: Store,
    /// Registered models and versions; usually the same store.
    pub registry: Store,
    /// Artifact roots.
    pub repositories: Repositories,
}

impl Gc {
    /// Purges what the options say.
    ///
    /// `NotFound` and `InvalidParameter` when something is named that is not there, is not deleted
    /// or was deleted too recently; then nothing is purged. What cannot be purged by itself is in
    /// the report, and the rest goes on.
    pub async fn run(&self, options: &GcOptions) -> Result<GcReport> {
        let began = Instant::now();
        let scope = Scope {
            cutoff: options.older_than.cutoff(now()),
            runs: options.runs.clone(),
            experiments: options.experiments.clone(),
        };
        self.tracking.check_scope(scope.clone()).await?;
        let mut purge = Purge {
            gc: self,
            dry_run: options.dry_run,
            imported_artifacts: options.imported_artifacts,
            everything: scope.is_everything(),
            places: Places::new(&self.repositories),
            report: GcReport::new(options),
            gone: HashMap::new(),
            scope,
        };
        // Models may lie in the folders of runs.
        purge.things(Kind::Model).await?;
        purge.things(Kind::Run).await?;
        purge.experiments().await?;
        if purge.everything {
            purge.versions().await?;
        }
        if purge.everything || options.orphans {
            purge.orphans(options.orphans).await?;
            purge.uploads().await?;
        }
        let mut report = purge.report;
        report.seconds = began.elapsed().as_secs_f64();
        tracing::info!(
            runs = report.runs.count,
            logged_models = report.logged_models.count,
            experiments = report.experiments.count,
            failed = report.failed.count,
            dry_run = report.dry_run,
            "purged"
        );
        Ok(report)
    }
}

/// A purge under way.
struct Purge<'g> {
    gc: &'g Gc,
    scope: Scope,
    dry_run: bool,
    imported_artifacts: bool,
    /// Whether nothing was named.
    everything: bool,
    places: Places<'g>,
    report: GcReport,
    /// How much of each experiment has gone, or would go.
    gone: HashMap<ExperimentId, u64>,
}

impl Purge<'_> {
    /// What is left of deleted model versions.
    async fn versions(&mut self) -> Result<()> {
        let (registry, cutoff) = (&self.gc.registry, self.scope.cutoff);
        if self.dry_run {
            self.report.versions = registry.count_deleted_versions(cutoff).await?;
            return Ok(());
        }
        loop {
            let removed = registry.remove_deleted_versions(cutoff).await?;
            self.report.versions += removed;
            if removed == 0 {
                return Ok(());
            }
        }
    }
}

/// Milliseconds since the epoch.
fn now() -> i64 {
    millis(SystemTime::now())
}

fn millis(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
