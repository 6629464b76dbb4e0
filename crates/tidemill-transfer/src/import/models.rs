//! Logged and registered models, a page at a time.

use tidemill_core::logged_models::LoggedModel;
use tidemill_core::transfer::{Carried, CarriedModel, Kind, digest};
use tidemill_store::Writing;

use super::{Import, Job, Verdict};
use crate::report::Difference;
use crate::{Error, Result, differences};

/// How many are read at once.
const PAGE: usize = 200;

/// What the two kinds have in common.
trait Model: Sized {
    const KIND: Kind;
    fn key(&self) -> &str;
    fn digest(&self) -> u128;
    fn find(writing: &mut Writing<'_>, name: &str) -> Result<Option<Self>>;
    fn put(&self, writing: &mut Writing<'_>) -> Result<()>;
    fn difference(&self, here: &Self) -> Difference;
}

impl Model for LoggedModel {
    const KIND: Kind = Kind::LoggedModel;

    fn key(&self) -> &str {
        &self.id
    }

    fn digest(&self) -> u128 {
        digest::logged_model(self)
    }

    fn find(writing: &mut Writing<'_>, name: &str) -> Result<Option<Self>> {
        Ok(writing.logged_model(name)?)
    }

    fn put(&self, writing: &mut Writing<'_>) -> Result<()> {
        Ok(writing.put_logged_model(self)?)
    }

    fn difference(&self, here: &Self) -> Difference {
        differences::of_logged_models(self, here)
    }
}

impl Model for CarriedModel {
    const KIND: Kind = Kind::RegisteredModel;

    fn key(&self) -> &str {
        &self.name
    }

    fn digest(&self) -> u128 {
        digest::registered_model(self)
    }

    fn find(writing: &mut Writing<'_>, name: &str) -> Result<Option<Self>> {
        Ok(writing.registered_model(name)?)
    }

    fn put(&self, writing: &mut Writing<'_>) -> Result<()> {
        Ok(writing.put_registered_model(self)?)
    }

    fn difference(&self, here: &Self) -> Difference {
        differences::of_registered_models(self, here)
    }
}

impl Job<'_> {
    pub(super) fn logged_models(&mut self) -> Result<()> {
        let mut after: Option<String> = None;
        loop {
            let mut faults = Vec::new();
            let page = self
                .source
                .logged_models(after.as_deref(), PAGE, &mut faults)?;
            self.fault(faults);
            let Some(last) = page.last() else {
                return Ok(());
            };
            after = Some(last.id.clone());
            let since = self.import.since;
            let wanted = page.into_iter().filter(|model| {
                since.is_none_or(|since| model.creation_time >= since)
                    && !self.unwanted.contains(&model.experiment_id)
            });
            let (page, others): (Vec<_>, Vec<_>) =
                wanted.partition(|model| self.open.contains(&model.experiment_id));
            let tally = self.tally(Kind::LoggedModel);
            tally.read += others.len() as u64;
            tally.left_out += others.len() as u64;
            self.models(page)?;
        }
    }

    pub(super) fn registered_models(&mut self) -> Result<()> {
        let mut after: Option<String> = None;
        loop {
            let mut faults = Vec::new();
            let name = after.as_deref();
            let mut page = self.source.registered_models(name, PAGE, &mut faults)?;
            self.fault(faults);
            let Some(last) = page.last() else {
                return Ok(());
            };
            after = Some(last.name.clone());
            page.retain(|model| self.import.wants_model(&model.name));
            self.models(page)?;
        }
    }

    /// Writes a page in one transaction.
    fn models<M: Model>(&mut self, page: Vec<M>) -> Result<()> {
        let names: Vec<String> = page.iter().map(|model| model.key().to_owned()).collect();
        let notes = self.notes.carried(M::KIND, &names)?;
        let import = self.import;
        let outcomes = self.importer.write(|writing| {
            page.iter()
                .map(|model| model_in(writing, import, model, notes.get(model.key()).copied()))
                .collect::<Result<Vec<_>, Error>>()
        })?;
        for (model, outcome) in page.iter().zip(outcomes) {
            let tally = self.tally(M::KIND);
            tally.read += 1;
            match outcome.added {
                true => tally.added += 1,
                false => tally.count(outcome.verdict),
            }
            if outcome.verdict.writes() || outcome.verdict == Verdict::Unchanged {
                self.expect(M::KIND, model.key().to_owned(), model.digest());
            }
            self.report.conflicts.extend(outcome.conflict);
        }
        Ok(())
    }
}

/// What became of a model.
struct Outcome {
    added: bool,
    verdict: Verdict,
    /// What differs, if somebody has to decide.
    conflict: Option<Difference>,
}

fn model_in<M: Model>(
    writing: &mut Writing<'_>,
    import: &Import,
    model: &M,
    before: Option<Carried>,
) -> Result<Outcome> {
    let theirs = model.digest();
    let here = M::find(writing, model.key())?;
    let verdict = match &here {
        None => Verdict::Update,
        Some(here) => import.judge(theirs, theirs, here.digest(), before),
    };
    let outcome = Outcome {
        added: here.is_none(),
        verdict,
        conflict: here
            .filter(|_| verdict == Verdict::Conflict)
            .map(|here| model.difference(&here)),
    };
    if import.dry_run || !verdict.is_noted() {
        return Ok(outcome);
    }
    if verdict.writes() {
        model.put(writing)?;
    }
    let note = Import::note(verdict, theirs, theirs);
    writing.note(M::KIND, model.key(), note, before)?;
    Ok(outcome)
}
