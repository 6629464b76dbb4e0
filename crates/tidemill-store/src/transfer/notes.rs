//! What was carried before.

use std::collections::HashMap;

use diesel::prelude::*;
use tidemill_core::Result;
use tidemill_core::transfer::{Carried, Kind};
use xxhash_rust::xxh3::xxh3_128;

use super::{Writing, in_words};
use crate::DatabaseUrl;
use crate::connection::{Access, DbConnection};
use crate::dialect::{holds_nul, insert_returning_id};
use crate::error::DbResult;
use crate::schema::{carried, carried_source};
use crate::unwritten::Unwritten;

/// How many names go into one list.
const LIST: usize = 400;
/// Pages of the file that SQLite keeps in memory for us.
const CACHE_KIB: u32 = 4 << 10;

/// The number of no source.
pub(super) const NONE: i64 = 0;

/// What a file that was copied into a folder of ours is noted by, as [`Kind::Artifacts`], or the
/// folder itself if `path` is empty: of any length for us, and short for the database.
pub fn artifact_note(folder: &str, path: &str) -> String {
    format!("{:032x}", xxh3_128(format!("{folder}\0{path}").as_bytes()))
}

/// The number of a source that nothing is going to be noted about.
pub(super) fn known(db: &mut DbConnection, name: &str) -> DbResult<i64> {
    let known = carried_source::table
        .filter(carried_source::name.eq(name))
        .select(carried_source::id)
        .first(db)
        .optional()?;
    Ok(known.unwrap_or(NONE))
}

/// The number of a source, which is new where it has none.
pub(super) fn source(db: &mut DbConnection, name: &str) -> DbResult<i64> {
    Ok(match known(db, name)? {
        NONE => insert_returning_id!(db, carried_source, carried_source::name.eq(name))?,
        id => id,
    })
}

/// The notes about one source, open for reading beside an [`super::Importer`].
pub struct Notes {
    db: DbConnection,
    source: i64,
}

impl Notes {
    /// Opens the notes about a source in a database that an importer has opened.
    pub fn open(url: &DatabaseUrl, source: &str) -> Result<Self> {
        let access = Access::Read {
            cache_kib: CACHE_KIB,
        };
        let mut db = DbConnection::open_or_explain(url, access)?;
        let source = known(&mut db, source)?;
        Ok(Self { db, source })
    }

    /// What was carried from this source of the things of these names.
    pub fn carried(&mut self, kind: Kind, names: &[String]) -> Result<HashMap<String, Carried>> {
        let mut found = HashMap::new();
        // Of what cannot be held there is no note.
        let holds_nul = holds_nul(&self.db);
        let names = names
            .iter()
            .filter(|name| holds_nul || !name.contains('\0'));
        for names in names.collect::<Vec<_>>().chunks(LIST) {
            let rows: Vec<(String, Vec<u8>, Vec<u8>)> = carried::table
                .filter(carried::source_id.eq(self.source))
                .filter(carried::kind.eq(kind as i16))
                .filter(carried::name.eq_any(names.iter().copied()))
                .select((carried::name, carried::signature, carried::digest))
                .load(&mut self.db)
                .map_err(in_words)?;
            found.extend(rows.into_iter().filter_map(|(name, signature, digest)| {
                let number = |bytes: Vec<u8>| Some(u128::from_le_bytes(bytes.try_into().ok()?));
                let carried = Carried {
                    signature: number(signature)?,
                    digest: number(digest)?,
                };
                Some((name, carried))
            }));
        }
        Ok(found)
    }
}

impl Notes {
    /// The names of all things of a kind that were carried from this source.
    pub fn names(&mut self, kind: Kind) -> Result<Vec<String>> {
        carried::table
            .filter(carried::source_id.eq(self.source))
            .filter(carried::kind.eq(kind as i16))
            .select(carried::name)
            .load(&mut self.db)
            .map_err(in_words)
    }
}

impl Writing<'_> {
    /// Forgets that a thing was carried.
    pub fn forget(&mut self, kind: Kind, name: &str) -> Result<(), Unwritten> {
        let this = carried::table
            .filter(carried::source_id.eq(self.source))
            .filter(carried::kind.eq(kind as i16))
            .filter(carried::name.eq(name));
        diesel::delete(this).execute(self.db)?;
        Ok(())
    }

    /// Notes that a thing was carried; `before` is the note that there was.
    pub fn note(
        &mut self,
        kind: Kind,
        name: &str,
        note: Carried,
        before: Option<Carried>,
    ) -> Result<(), Unwritten> {
        self.noted += 1;
        let signature = note.signature.to_le_bytes().to_vec();
        let digest = note.digest.to_le_bytes().to_vec();
        if before.is_none() {
            self.rows.note(self.source, kind, name, signature, digest);
            return Ok(());
        }
        let this = carried::table
            .filter(carried::source_id.eq(self.source))
            .filter(carried::kind.eq(kind as i16))
            .filter(carried::name.eq(name));
        diesel::update(this)
            .set((
                carried::signature.eq(&signature),
                carried::digest.eq(&digest),
            ))
            .execute(self.db)?;
        Ok(())
    }
}
