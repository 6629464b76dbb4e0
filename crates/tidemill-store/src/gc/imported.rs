//! Whose artifacts are where an import has left them.

use std::collections::HashSet;

use diesel::prelude::*;
use tidemill_core::{Result, transfer};

use super::{Expired, Kind};
use crate::Store;
use crate::schema::{carried, carried_source};
use crate::transfer::artifact_note;

/// What is restored from a bundle is nobody else's: the names of such sources begin so.
const BUNDLES: &str = "bundle %";

impl Store {
    /// The ids of those that were imported without copying their artifacts, which may therefore
    /// still be the source's.
    pub async fn with_artifacts_of_a_source(
        &self,
        kind: Kind,
        things: &[Expired],
    ) -> Result<HashSet<String>> {
        let ids: Vec<String> = things.iter().map(|thing| thing.id.clone()).collect();
        let folders: Vec<(String, String)> = things
            .iter()
            .map(|thing| (thing.id.clone(), artifact_note(&thing.location, "")))
            .collect();
        let kind = match kind {
            Kind::Run => transfer::Kind::Run,
            Kind::Model => transfer::Kind::LoggedModel,
        };
        self.read(move |db| {
            let sources: Vec<i64> = carried_source::table
                .filter(carried_source::name.not_like(BUNDLES))
                .select(carried_source::id)
                .load(db)?;
            let mut imported: HashSet<String> = carried::table
                .filter(carried::source_id.eq_any(&sources))
                .filter(carried::kind.eq(kind as i16))
                .filter(carried::name.eq_any(&ids))
                .select(carried::name)
                .load(db)?
                .into_iter()
                .collect();
            let copied: HashSet<String> = carried::table
                .filter(carried::kind.eq(transfer::Kind::Artifacts as i16))
                .filter(carried::name.eq_any(folders.iter().map(|(_, note)| note)))
                .select(carried::name)
                .load(db)?
                .into_iter()
                .collect();
            for (id, note) in &folders {
                if copied.contains(note) {
                    imported.remove(id);
                }
            }
            Ok(imported)
        })
        .await
    }
}
