//! Experiments with their tags.

use std::collections::HashMap;

use diesel::prelude::*;
use tidemill_core::Result;
use tidemill_core::experiments::{Experiment, ExperimentId};
use tidemill_core::lifecycle::LifecycleStage;
use tidemill_core::tags::Tag;
use tidemill_core::transfer::Fault;

use super::tables::{Bytes, Text, Whole, required, required_whole, text, whole_or_0};
use super::{MlflowDatabase, fault};

#[derive(Queryable)]
struct Row {
    id: Option<i64>,
    name: Bytes,
    artifact_location: Bytes,
    stage: Bytes,
    creation_time: Option<i64>,
    last_update_time: Option<i64>,
}

type TagRow = (Option<i64>, Bytes, Bytes);

impl MlflowDatabase {
    /// Every experiment of the default workspace, active or deleted, by number. A time that is
    /// not there, as in databases from before times were kept, is 0.
    pub fn experiments(&mut self, faults: &mut Vec<Fault>) -> Result<Vec<Experiment>> {
        let mut tags = self.experiment_tags(faults)?;
        let mut select = self.tables.select(self.dialect(), "experiments");
        select.whole("experiment_id").text("name");
        select.text("artifact_location").text("lifecycle_stage");
        select.whole("creation_time").whole("last_update_time");
        let mut sql = select.here();
        sql.push(" ORDER BY experiment_id");
        let rows: Vec<Row> = sql
            .query::<(Whole, Text, Text, Text, Whole, Whole)>()
            .load(&mut self.db)
            .map_err(fault)?;
        let mut experiments = Vec::with_capacity(rows.len());
        for row in rows {
            let id = row.id;
            match row.experiment(&mut tags) {
                Ok(experiment) => experiments.push(experiment),
                Err(why) => {
                    let id =
                        id.map_or_else(|| String::from("without a number"), |id| id.to_string());
                    faults.push(Fault::new(format!("experiment {id}"), why));
                }
            }
        }
        Ok(experiments)
    }

    fn experiment_tags(&mut self, faults: &mut Vec<Fault>) -> Result<HashMap<i64, Vec<Tag>>> {
        let mut select = self.tables.select(self.dialect(), "experiment_tags");
        select.whole("experiment_id").text("key").text("value");
        let rows: Vec<TagRow> = select
            .all()
            .query::<(Whole, Text, Text)>()
            .load(&mut self.db)
            .map_err(fault)?;
        let mut tags: HashMap<i64, Vec<Tag>> = HashMap::new();
        for (experiment, key, value) in rows {
            let Some(experiment) = experiment else {
                continue;
            };
            match tag(key, value) {
                Ok(tag) => tags.entry(experiment).or_default().push(tag),
                Err(why) => {
                    faults.push(Fault::new(format!("a tag of experiment {experiment}"), why));
                }
            }
        }
        Ok(tags)
    }
}

impl Row {
    fn experiment(self, tags: &mut HashMap<i64, Vec<Tag>>) -> Result<Experiment, String> {
        let id = required_whole(self.id, "number")?;
        Ok(Experiment {
            id: ExperimentId(id),
            name: required(self.name, "name")?,
            artifact_location: text(self.artifact_location)?.unwrap_or_default(),
            stage: stage(self.stage)?,
            creation_time: whole_or_0(self.creation_time)?,
            last_update_time: whole_or_0(self.last_update_time)?,
            tags: tags.remove(&id).unwrap_or_default(),
        })
    }
}

/// A tag; MLflow may have none for a value, which it sends as an empty one.
pub(super) fn tag(key: Bytes, value: Bytes) -> Result<Tag, String> {
    Ok(Tag {
        key: required(key, "key")?,
        value: text(value)?.unwrap_or_default(),
    })
}

/// Active when nothing is said.
pub(super) fn stage(stage: Bytes) -> Result<LifecycleStage, String> {
    match text(stage)?.as_deref() {
        None | Some("active") => Ok(LifecycleStage::Active),
        Some("deleted") => Ok(LifecycleStage::Deleted),
        Some(other) => Err(format!("its lifecycle stage is '{other}'")),
    }
}
