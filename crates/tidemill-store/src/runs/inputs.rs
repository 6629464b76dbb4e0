//! Datasets and logged models that runs read.

use diesel::dsl::max;
use diesel::prelude::*;
use tidemill_core::Result;
use tidemill_core::datasets::{DatasetInput, first_per_dataset};
use tidemill_core::runs::RunId;

use super::{RunRow, writable};
use crate::Store;
use crate::connection::DbConnection;
use crate::datasets;
use crate::dialect::{self, Lock};
use crate::error::DbResult;
use crate::schema::{run_dataset, run_dataset_tag};

impl Store {
    /// Records datasets and logged models that an active run read. What is known already stays
    /// as it is, tags included; the models need not exist.
    pub async fn log_inputs(
        &self,
        id: RunId,
        inputs: Vec<DatasetInput>,
        models: Vec<String>,
    ) -> Result<()> {
        let inputs = first_per_dataset(inputs);
        self.write(move |db| {
            let run = writable(db, &id, Lock::Shared)?;
            write_datasets(db, &run, &inputs)?;
            for model in &models {
                dialect::add_model_input(db, run.id, model)?;
            }
            Ok(())
        })
        .await
    }
}

fn write_datasets(db: &mut DbConnection, run: &RunRow, inputs: &[DatasetInput]) -> DbResult<()> {
    if inputs.is_empty() {
        return Ok(());
    }
    let last: Option<i64> = run_dataset::table
        .filter(run_dataset::run_id.eq(run.id))
        .select(max(run_dataset::position))
        .get_result(db)?;
    for (position, input) in (last.unwrap_or(0) + 1..).zip(inputs) {
        let dataset = datasets::number(db, run.experiment_id, &input.dataset)?;
        if dialect::link_dataset(db, run.id, dataset, position)? {
            write_tags(db, run.id, dataset, input)?;
        }
    }
    Ok(())
}

fn write_tags(db: &mut DbConnection, run: i64, dataset: i64, input: &DatasetInput) -> DbResult<()> {
    input.check_tag_keys()?;
    for tag in &input.tags {
        diesel::insert_into(run_dataset_tag::table)
            .values((
                run_dataset_tag::run_id.eq(run),
                run_dataset_tag::dataset_id.eq(dataset),
                run_dataset_tag::name.eq(&tag.key),
                run_dataset_tag::value.eq(&tag.value),
            ))
            .execute(db)?;
    }
    Ok(())
}
