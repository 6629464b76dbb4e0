//! Purging experiments in which nothing is left.

use tidemill_core::Result;
use tidemill_core::artifact_path::ArtifactPath;
use tidemill_core::experiments::ExperimentId;
use tidemill_store::gc::{ExpiredExperiment, Purged};

use super::Purge;
use super::orphans::MODELS;
use super::report::Remark;

const NOT_EMPTY: &str = "there are runs or logged models in it that stay";

impl Purge<'_> {
    pub(super) async fn experiments(&mut self) -> Result<()> {
        let mut after = -1;
        loop {
            let tracking = &self.gc.tracking;
            let found = tracking
                .expired_experiments(self.scope.clone(), after)
                .await?;
            let Some(last) = found.last() else {
                return Ok(());
            };
            after = last.id.0;
            self.places.refresh(self.gc).await?;
            for experiment in found {
                self.experiment(experiment).await?;
            }
        }
    }

    async fn experiment(&mut self, experiment: ExpiredExperiment) -> Result<()> {
        let what = format!("experiment {}", experiment.id);
        if experiment.id == ExperimentId::DEFAULT {
            let why = "servers make the default experiment anew at their start";
            self.report.kept.push(Remark::new(what, why));
            return Ok(());
        }
        let outcome = match self.dry_run {
            true => self.would_go(experiment.id).await?,
            false => {
                let tracking = &self.gc.tracking;
                tracking
                    .purge_experiment(experiment.id, self.scope.cutoff)
                    .await?
            }
        };
        match outcome {
            Purged::NoLonger => {}
            Purged::NotEmpty => self.report.kept.push(Remark::new(what, NOT_EMPTY)),
            Purged::Gone { datasets } => {
                self.report.datasets += datasets;
                if !self.dry_run {
                    self.remove_folders(&experiment).await;
                }
                self.report.experiments.push(experiment.id.to_string());
            }
        }
        Ok(())
    }

    async fn would_go(&self, id: ExperimentId) -> Result<Purged> {
        let going = self.gone.get(&id).copied().unwrap_or_default();
        let all = self.gc.tracking.count_contents(id).await?;
        Ok(match all > going {
            true => Purged::NotEmpty,
            false => Purged::Gone { datasets: 0 },
        })
    }

    /// Removes the folders that the experiment's artifacts were in, where they are empty.
    async fn remove_folders(&self, experiment: &ExpiredExperiment) {
        let repositories = &self.gc.repositories;
        let Some(spot) = repositories.spot(&experiment.location) else {
            return;
        };
        if self.places.shares_location(experiment.id, &spot) {
            return;
        }
        let Ok(repository) = repositories.open_location(&experiment.location).await else {
            return;
        };
        for path in [MODELS, ""] {
            let Ok(path) = ArtifactPath::parse(path) else {
                continue;
            };
            if let Err(error) = repository.remove_empty(&path).await {
                tracing::debug!(%error, "an empty folder stays");
            }
        }
    }
}
