//! Moving a version to a stage.

use diesel::prelude::*;
use tidemill_core::Result;
use tidemill_core::registry::models::check_name;
use tidemill_core::registry::versions::not_found;
use tidemill_core::registry::{ModelVersion, Stage};

use super::super::load::load_version;
use super::find;
use crate::Store;
use crate::clock;
use crate::connection::DbConnection;
use crate::dialect;
use crate::error::DbResult;
use crate::schema::model_version;

impl Store {
    /// Moves a version to a stage. With `archive_existing`, other versions in that stage move
    /// to the archive; that is refused unless the stage is Staging or Production.
    pub async fn transition_model_version_stage(
        &self,
        name: String,
        version: i64,
        stage: Stage,
        archive_existing: bool,
    ) -> Result<ModelVersion> {
        if archive_existing {
            stage.check_archives_others()?;
        }
        check_name(&name)?;
        self.write(move |db| transition(db, &name, version, stage, archive_existing))
            .await
    }
}

fn transition(
    db: &mut DbConnection,
    name: &str,
    version: i64,
    stage: Stage,
    archive_existing: bool,
) -> DbResult<ModelVersion> {
    let now = clock::now();
    let model = dialect::touch_model(db, name, now)?.ok_or_else(|| not_found(name, version))?;
    let mut row = find(db, name, version)?;
    if archive_existing {
        archive_others(db, model, version, stage, now)?;
    }
    row.stage = Some(stage as i16);
    row.last_updated_time = now;
    diesel::update(model_version::table.find(row.id))
        .set((
            model_version::stage.eq(row.stage),
            model_version::last_updated_time.eq(now),
        ))
        .execute(db)?;
    load_version(db, row)
}

fn archive_others(
    db: &mut DbConnection,
    model: i64,
    version: i64,
    stage: Stage,
    now: i64,
) -> DbResult<()> {
    let others = model_version::table
        .filter(model_version::model_id.eq(model))
        .filter(model_version::stage.eq(stage as i16))
        .filter(model_version::version.ne(version));
    diesel::update(others)
        .set((
            model_version::stage.eq(Stage::Archived as i16),
            model_version::last_updated_time.eq(now),
        ))
        .execute(db)?;
    Ok(())
}
