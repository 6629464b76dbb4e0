//! Runs with everything that they logged.

use std::sync::Arc;

use tidemill_core::datasets::{Dataset, DatasetInput};
use tidemill_core::metrics::Point;
use tidemill_core::runs::Run;
use tidemill_core::transfer::CarriedRun;
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use super::MlflowPage;
use super::rows::{History, Latest, NewDataset, NewInput, NewInputTag, NewParam, NewRun, NewTag};
use crate::dialect::MlflowNumber;
use crate::unwritten::Unwritten;

/// What MLflow says of the source of every run since sources are tags.
const SOURCE_TYPE: &str = "UNKNOWN";

/// By what a run is found again.
pub(super) fn hash(run: &str) -> u64 {
    xxh3_64(run.as_bytes())
}

impl MlflowPage<'_> {
    /// Adds a run. Its metrics follow.
    pub fn add_run(&mut self, carried: &CarriedRun) -> Result<(), Unwritten> {
        let run = &carried.run;
        let info = &run.info;
        let check = |column, text: &str, what| self.limits.check(column, text, what);
        check("runs.run_uuid", info.id.as_str(), "its id")?;
        check("runs.name", &info.name, "its name")?;
        check("runs.user_id", &info.user_id, "its user")?;
        check("runs.artifact_uri", &info.artifact_uri, "its artifact URI")?;
        let experiment_id = self.number(info.experiment_id.0, "its experiment's number")?;
        self.rows.runs.push(NewRun {
            run_uuid: info.id.0.clone(),
            name: info.name.clone(),
            source_type: SOURCE_TYPE,
            source_name: "",
            entry_point_name: "",
            source_version: "",
            user_id: info.user_id.clone(),
            status: info.status.as_str(),
            start_time: info.start_time,
            end_time: info.end_time,
            deleted_time: carried.deleted_time,
            lifecycle_stage: info.stage.as_str(),
            artifact_uri: info.artifact_uri.clone(),
            experiment_id,
        });
        self.rows.grew(1, info.name.len() + info.artifact_uri.len());
        self.add_texts(run)?;
        for input in &run.dataset_inputs {
            self.add_dataset_input(run, experiment_id, input)?;
        }
        self.add_models(run)?;
        let hash = hash(info.id.as_str());
        self.written.runs.insert(hash, experiment_id);
        Ok(())
    }

    fn add_texts(&mut self, run: &Run) -> Result<(), Unwritten> {
        for param in &run.params {
            let what = format_args!("its param '{}'", param.key);
            self.limits.check("params.key", &param.key, what)?;
            self.limits.check("params.value", &param.value, what)?;
            self.rows.grew(1, param.value.len());
            self.rows.params.push(NewParam {
                key: param.key.clone(),
                value: param.value.clone(),
                run_uuid: run.info.id.0.clone(),
            });
        }
        for tag in &run.tags {
            let what = format_args!("its tag '{}'", tag.key);
            self.limits.check("tags.key", &tag.key, what)?;
            self.limits.check("tags.value", &tag.value, what)?;
            self.rows.grew(1, tag.value.len());
            self.rows.tags.push(NewTag {
                key: tag.key.clone(),
                value: tag.value.clone(),
                run_uuid: run.info.id.0.clone(),
            });
        }
        Ok(())
    }

    fn add_dataset_input(
        &mut self,
        run: &Run,
        experiment_id: MlflowNumber,
        input: &DatasetInput,
    ) -> Result<(), Unwritten> {
        let dataset = self.dataset(experiment_id, &input.dataset)?;
        let id = &run.info.id;
        let input_uuid = id_of(&["DATASET", &dataset, id.as_str()]);
        for tag in &input.tags {
            let what = format_args!("its dataset's tag '{}'", tag.key);
            self.limits.check("input_tags.name", &tag.key, what)?;
            self.limits.check("input_tags.value", &tag.value, what)?;
            self.rows.input_tags.push(NewInputTag {
                input_uuid: input_uuid.clone(),
                name: tag.key.clone(),
                value: tag.value.clone(),
            });
        }
        self.rows.inputs.push(NewInput {
            input_uuid,
            source_type: "DATASET",
            source_id: dataset,
            destination_type: "RUN",
            destination_id: id.0.clone(),
            step: 0,
        });
        self.rows.grew(1 + input.tags.len(), 0);
        Ok(())
    }

    /// The id of a dataset, which belongs to an experiment. It is written when it comes first.
    fn dataset(
        &mut self,
        experiment_id: MlflowNumber,
        dataset: &Dataset,
    ) -> Result<String, Unwritten> {
        let number = experiment_id.get().to_string();
        let id = number_of(&["dataset", &number, &dataset.name, &dataset.digest]);
        let dataset_uuid = format!("{id:032x}");
        let is_there = self.before.datasets.contains(&id) || !self.written.datasets.insert(id);
        if is_there {
            return Ok(dataset_uuid);
        }
        let what = format_args!("its dataset '{}'", dataset.name);
        for (column, text) in [
            ("datasets.name", Some(&dataset.name)),
            ("datasets.digest", Some(&dataset.digest)),
            ("datasets.dataset_source_type", Some(&dataset.source_type)),
            ("datasets.dataset_source", Some(&dataset.source)),
            ("datasets.dataset_schema", dataset.schema.as_ref()),
            ("datasets.dataset_profile", dataset.profile.as_ref()),
        ] {
            let text = text.map_or("", String::as_str);
            self.limits.check(column, text, what)?;
            self.rows.grew(0, text.len());
        }
        self.rows.datasets.push(NewDataset {
            dataset_uuid: dataset_uuid.clone(),
            experiment_id,
            name: dataset.name.clone(),
            digest: dataset.digest.clone(),
            dataset_source_type: dataset.source_type.clone(),
            dataset_source: dataset.source.clone(),
            dataset_schema: dataset.schema.clone(),
            dataset_profile: dataset.profile.clone(),
        });
        Ok(dataset_uuid)
    }

    /// The models that a run read and wrote.
    fn add_models(&mut self, run: &Run) -> Result<(), Unwritten> {
        let read = run.model_inputs.iter().map(|id| {
            let kinds = ("RUN_INPUT", "MODEL_INPUT");
            (kinds, id, 0)
        });
        let wrote = run.model_outputs.iter().map(|output| {
            let kinds = ("RUN_OUTPUT", "MODEL_OUTPUT");
            (kinds, &output.model_id, output.step)
        });
        for ((source_type, destination_type), model, step) in read.chain(wrote) {
            self.limits
                .check("inputs.destination_id", model, "the id of its model")?;
            self.rows.inputs.push(NewInput {
                input_uuid: id_of(&[source_type, run.info.id.as_str(), model]),
                source_type,
                source_id: run.info.id.0.clone(),
                destination_type,
                destination_id: model.clone(),
                step,
            });
        }
        Ok(())
    }

    /// Adds points of a metric of a run that was added: all of them, one call after the other, and
    /// each once.
    pub fn add_metric(
        &mut self,
        run: &str,
        key: String,
        points: Vec<Point>,
    ) -> Result<(), Unwritten> {
        let what = format_args!("the name of its metric '{key}'");
        self.limits.check("metrics.key", &key, what)?;
        let (run, key): (Arc<str>, Arc<str>) = (run.into(), key.into());
        for point in &points {
            match &mut self.latest {
                Some(latest) if latest.run == run && latest.key == key => {
                    if point.replaces(&latest.point) {
                        latest.point = *point;
                    }
                }
                latest => {
                    let (run, key, point) = (run.clone(), key.clone(), *point);
                    let ended = latest.replace(Latest { run, key, point });
                    self.rows.latest.extend(ended);
                }
            }
        }
        self.rows.grew(points.len(), 0);
        self.rows.histories.push(History { run, key, points });
        Ok(self.rows.flush_if_many(self.db)?)
    }
}

/// An id as MLflow has them, always the same for these texts.
fn id_of(texts: &[&str]) -> String {
    format!("{:032x}", number_of(texts))
}

fn number_of(texts: &[&str]) -> u128 {
    let mut hash = Xxh3::new();
    for text in texts {
        hash.update(&(text.len() as u64).to_le_bytes());
        hash.update(text.as_bytes());
    }
    hash.digest128()
}
