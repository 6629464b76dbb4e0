//! Where everything that is still here keeps its artifacts.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use tidemill_core::Result;
use tidemill_core::experiments::ExperimentId;

use super::Kind;
use crate::Store;
use crate::schema::{experiment, model_version, registered_model};
use crate::search::sql::Sql;

/// How many rows are read at once.
const PAGE: i64 = 5000;

/// A run or a logged model, and where its artifacts are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Its number in our tables.
    pub number: i64,
    /// Its id.
    pub id: String,
    /// The experiment it belongs to.
    pub experiment: ExperimentId,
    /// Where its artifacts are.
    pub location: String,
}

/// Where a model version has its files from.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct VersionSource {
    /// Its number in our tables.
    pub number: i64,
    /// The registered model's name.
    pub model: String,
    /// The version.
    pub version: i64,
    /// Where it was registered from.
    pub source: String,
    /// Where its files are, if that is known to be somewhere else.
    pub storage_location: Option<String>,
    /// The logged model it was registered from.
    pub logged_model: Option<String>,
}

impl Store {
    /// Some runs or logged models after a number, by number, in whatever stage; none at the end.
    pub async fn places(&self, kind: Kind, after: i64) -> Result<Vec<Place>> {
        self.read(move |db| {
            let mut sql = Sql::default();
            sql.push(match kind {
                Kind::Run => "SELECT id, uuid, experiment_id, artifact_uri FROM run WHERE id > ",
                Kind::Model => {
                    "SELECT id, uuid, experiment_id, artifact_location FROM logged_model WHERE id > "
                }
            });
            sql.int(after).push(" ORDER BY id LIMIT ").number(PAGE);
            let rows: Vec<(i64, String, i64, String)> =
                sql.query::<(BigInt, Text, BigInt, Text)>().load(db)?;
            let place = |(number, id, experiment, location)| Place {
                number,
                id,
                experiment: ExperimentId(experiment),
                location,
            };
            Ok(rows.into_iter().map(place).collect())
        })
        .await
    }

    /// The location of every experiment, deleted or not.
    pub async fn experiment_locations(&self) -> Result<Vec<(ExperimentId, String)>> {
        self.read(move |db| {
            let rows: Vec<(i64, String)> = experiment::table
                .select((experiment::id, experiment::artifact_location))
                .load(db)?;
            Ok(rows
                .into_iter()
                .map(|(id, location)| (ExperimentId(id), location))
                .collect())
        })
        .await
    }

    /// Some model versions after a number, by number, without deleted ones; none at the end.
    pub async fn version_sources(&self, after: i64) -> Result<Vec<VersionSource>> {
        self.read(move |db| {
            Ok(model_version::table
                .inner_join(registered_model::table)
                .filter(model_version::id.gt(after))
                .filter(model_version::stage.is_not_null())
                .order(model_version::id)
                .limit(PAGE)
                .select((
                    model_version::id,
                    registered_model::name,
                    model_version::version,
                    model_version::source,
                    model_version::storage_location,
                    model_version::logged_model_uuid,
                ))
                .load(db)?)
        })
        .await
    }
}
