//! Datasets and logged models that runs read.

use std::collections::HashSet;

use diesel::prelude::*;
use tidemill_core::Result;
use tidemill_core::datasets::{DatasetInput, first_per_dataset};
use tidemill_core::runs::RunId;

use super::{RunRow, writable};
use crate::Store;
use crate::connection::DbConnection;
use crate::datasets;
use crate::dialect::Lock;
use crate::error::DbResult;
use crate::schema::{run_dataset, run_dataset_tag, run_model_input};

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
            let run = writable(db, &id, Lock::Exclusive)?;
            write_datasets(db, &run, &inputs)?;
            write_models(db, &run, &models)
        })
        .await
    }
}

fn write_datasets(db: &mut DbConnection, run: &RunRow, inputs: &[DatasetInput]) -> DbResult<()> {
    if inputs.is_empty() {
        return Ok(());
    }
    let known: Vec<(i64, i64)> = run_dataset::table
        .filter(run_dataset::run_id.eq(run.id))
        .select((run_dataset::dataset_id, run_dataset::position))
        .load(db)?;
    let last = known.iter().map(|known| known.1).max().unwrap_or(0);
    for (position, input) in (last + 1..).zip(inputs) {
        let dataset = datasets::number(db, run.experiment_id, &input.dataset)?;
        if !known.iter().any(|known| known.0 == dataset) {
            write_dataset(db, run.id, dataset, position)?;
            write_tags(db, run.id, dataset, input)?;
        }
    }
    Ok(())
}

fn write_dataset(db: &mut DbConnection, run: i64, dataset: i64, position: i64) -> DbResult<()> {
    diesel::insert_into(run_dataset::table)
        .values((
            run_dataset::run_id.eq(run),
            run_dataset::dataset_id.eq(dataset),
            run_dataset::position.eq(position),
        ))
        .execute(db)?;
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

fn write_models(db: &mut DbConnection, run: &RunRow, models: &[String]) -> DbResult<()> {
    if models.is_empty() {
        return Ok(());
    }
    let known: Vec<String> = run_model_input::table
        .filter(run_model_input::run_id.eq(run.id))
        .select(run_model_input::model_id)
        .load(db)?;
    let mut known: HashSet<&str> = known.iter().map(String::as_str).collect();
    for model in models {
        if known.insert(model) {
            diesel::insert_into(run_model_input::table)
                .values((
                    run_model_input::run_id.eq(run.id),
                    run_model_input::model_id.eq(model),
                ))
                .execute(db)?;
        }
    }
    Ok(())
}
