//! Reading one registered model.

use std::collections::HashMap;

use diesel::dsl::min;
use diesel::prelude::*;
use tidemill_core::Result;
use tidemill_core::registry::models::check_name;
use tidemill_core::registry::{RegisteredModel, Stage};

use super::super::{ModelRow, load_models};
use super::find;
use crate::Store;
use crate::connection::DbConnection;
use crate::error::DbResult;
use crate::schema::model_version;

impl Store {
    /// The registered model with this name.
    pub async fn get_registered_model(&self, name: String) -> Result<RegisteredModel> {
        check_name(&name)?;
        self.read(move |db| {
            let row = find(db, &name)?;
            load_one(db, row)
        })
        .await
    }
}

/// The model of this row. Latest versions come in the order in which their stages were first
/// filled, as in `registered-models/get`.
pub(in crate::registry) fn load_one(
    db: &mut DbConnection,
    row: ModelRow,
) -> DbResult<RegisteredModel> {
    let (id, name) = (row.id, row.name.clone());
    let mut model = load_models(db, vec![row])?
        .pop()
        .ok_or_else(|| tidemill_core::registry::models::not_found(&name))?;
    if model.latest_versions.len() > 1 {
        let first = first_in_each_stage(db, id)?;
        model
            .latest_versions
            .sort_by_key(|version| first.get(&version.stage).copied().unwrap_or(i64::MAX));
    }
    Ok(model)
}

fn first_in_each_stage(db: &mut DbConnection, model: i64) -> DbResult<HashMap<Stage, i64>> {
    let rows: Vec<(Option<i16>, Option<i64>)> = model_version::table
        .filter(model_version::model_id.eq(model))
        .filter(model_version::stage.is_not_null())
        .group_by(model_version::stage)
        .select((model_version::stage, min(model_version::version)))
        .load(db)?;
    Ok(rows
        .into_iter()
        .filter_map(|(stage, version)| Some((Stage::from_number(stage?)?, version?)))
        .collect())
}
