//! Tags of experiments.

use diesel::prelude::*;
use tidemill_core::Result;
use tidemill_core::experiments::{
    ExperimentId, check_room_for_view, is_custom_view, tag_not_found,
};
use tidemill_core::tags::{Tag, check_experiment_tag};

use super::{load, lock, writable};
use crate::Store;
use crate::connection::DbConnection;
use crate::dialect::{self, Lock};
use crate::error::DbResult;
use crate::schema::experiment_tag;

impl Store {
    /// Sets a tag of an active experiment, in the place of an older value. Custom views of the
    /// UI are counted first, as MLflow does; then the tag is checked.
    pub async fn set_experiment_tag(&self, id: ExperimentId, tag: Tag) -> Result<()> {
        self.write(move |db| set(db, id, &tag)).await
    }

    /// Removes a tag of an active experiment (`NotFound` when it has none of this key).
    pub async fn delete_experiment_tag(&self, id: ExperimentId, key: String) -> Result<()> {
        self.write(move |db| delete(db, id, &key)).await
    }
}

/// The exclusive lock makes the count hold also when two servers add views at once.
fn set(db: &mut DbConnection, id: ExperimentId, tag: &Tag) -> DbResult<()> {
    if is_custom_view(tag) {
        lock(db, id, Lock::Exclusive)?;
        check_room_for_view(id, &load::tags(db, id.0)?, tag)?;
    }
    check_experiment_tag(tag)?;
    writable(db, id, Lock::Shared)?;
    Ok(dialect::put_experiment_tag(db, id.0, &tag.key, &tag.value)?)
}

fn delete(db: &mut DbConnection, id: ExperimentId, key: &str) -> DbResult<()> {
    writable(db, id, Lock::Shared)?;
    let tag = experiment_tag::table
        .filter(experiment_tag::experiment_id.eq(id.0))
        .filter(experiment_tag::name.eq(key));
    if diesel::delete(tag).execute(db)? == 0 {
        return Err(tag_not_found(id, key).into());
    }
    Ok(())
}
