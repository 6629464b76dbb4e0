//! What was carried from a source, and is not in it any more.
//!
//! Registered models are deleted and renamed every day, and servers do not list deleted logged
//! models. Runs and experiments only go for good (`mlflow gc`); those stay.

use std::collections::HashSet;

use tidemill_core::lifecycle::LifecycleStage;
use tidemill_core::transfer::Kind;
use tidemill_store::{Archive, DatabaseUrl, Notes};

use crate::{Error, Result, Source};

/// How many are read at once.
const PAGE: i64 = 500;

/// The models of a kind that were carried from a source and are here, active if they are logged
/// models, but not in the source. `seen` are all that were read from it now.
pub(crate) fn gone(
    source: &mut dyn Source,
    here: &DatabaseUrl,
    kind: Kind,
    seen: &HashSet<String>,
) -> Result<Vec<String>> {
    let mut notes = Notes::open(here, &source.name())?;
    let mut carried = notes.names(kind)?;
    carried.retain(|name| !seen.contains(name));
    if carried.is_empty() {
        return Ok(Vec::new());
    }
    let carried: HashSet<String> = carried.into_iter().collect();
    match still_here(here, kind, &carried)? {
        none if none.is_empty() => Ok(none),
        names => source.gone(kind, names),
    }
}

fn still_here(here: &DatabaseUrl, kind: Kind, names: &HashSet<String>) -> Result<Vec<String>> {
    let mut archive = Archive::open(here)?
        .ok_or_else(|| Error::Source(format!("{here:?} is no database of Tidemill's.")))?;
    let (mut found, mut after) = (Vec::new(), None::<String>);
    loop {
        let page: Vec<(String, bool)> = match kind {
            Kind::LoggedModel => {
                let page = archive.logged_models(after.as_deref(), PAGE)?.into_iter();
                let is_active = |stage| stage == LifecycleStage::Active;
                page.map(|model| (model.id, is_active(model.stage)))
                    .collect()
            }
            Kind::RegisteredModel => {
                let page = archive.registered_models(after.as_deref(), PAGE)?;
                page.into_iter().map(|model| (model.name, true)).collect()
            }
            Kind::Experiment | Kind::Run | Kind::Artifacts => Vec::new(),
        };
        let Some((last, _)) = page.last() else {
            return Ok(found);
        };
        after = Some(last.clone());
        let page = page.into_iter();
        let wanted = page.filter(|(name, is_shown)| *is_shown && names.contains(name));
        found.extend(wanted.map(|(name, _)| name));
    }
}
