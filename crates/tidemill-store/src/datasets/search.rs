//! Which datasets the runs of some experiments read.

use diesel::prelude::*;
use tidemill_core::Result;
use tidemill_core::datasets::{CONTEXT, DatasetSummary, MAX_SUMMARIES};
use tidemill_core::experiments::ExperimentId;

use crate::Store;
use crate::connection::DbConnection;
use crate::dialect::among;
use crate::error::DbResult;
use crate::schema::{dataset, run_dataset, run_dataset_tag};

impl Store {
    /// The datasets that runs of these experiments read, each once for every context in which
    /// it was read; at most [`MAX_SUMMARIES`] of them. Unknown experiments have none.
    pub async fn search_datasets(
        &self,
        experiments: Vec<ExperimentId>,
    ) -> Result<Vec<DatasetSummary>> {
        self.read(move |db| search(db, &experiments)).await
    }
}

fn search(db: &mut DbConnection, experiments: &[ExperimentId]) -> DbResult<Vec<DatasetSummary>> {
    let experiments: Vec<i64> = experiments.iter().map(|id| id.0).collect();
    let context = run_dataset_tag::table.on(run_dataset_tag::run_id
        .eq(run_dataset::run_id)
        .and(run_dataset_tag::dataset_id.eq(run_dataset::dataset_id))
        .and(run_dataset_tag::name.eq(CONTEXT)));
    let columns = (
        dataset::experiment_id,
        dataset::name,
        dataset::digest,
        run_dataset_tag::value.nullable(),
    );
    let rows: Vec<(i64, String, String, Option<String>)> = dataset::table
        .inner_join(run_dataset::table)
        .left_join(context)
        .filter(among(db, "dataset.experiment_id", &experiments))
        .select(columns)
        .distinct()
        .order(columns)
        .limit(MAX_SUMMARIES as i64)
        .load(db)?;
    Ok(rows
        .into_iter()
        .map(|(experiment, name, digest, context)| DatasetSummary {
            experiment_id: ExperimentId(experiment),
            name,
            digest,
            context,
        })
        .collect())
}
