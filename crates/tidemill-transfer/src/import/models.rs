//! Logged and registered models, a page at a time.

use std::collections::{HashMap, HashSet};

use tidemill_core::lifecycle::LifecycleStage;
use tidemill_core::logged_models::LoggedModel;
use tidemill_core::transfer::{Carried, CarriedModel, Fault, Kind, digest};
use tidemill_store::Writing;

use super::{Import, Job, OnConflict, Verdict, is_kept};
use crate::bundle::now;
use crate::gone::gone;
use crate::report::Difference;
use crate::{Error, Result, differences};

/// How many are read at once.
const PAGE: usize = 200;

/// What the two kinds have in common.
trait Model: Sized {
    const KIND: Kind;
    fn key(&self) -> &str;
    fn digest(&self) -> u128;
    /// Whether it has more than the one here, of which the digest says nothing.
    fn tells_more_than(&self, here: &Self) -> bool;
    fn find(writing: &mut Writing<'_>, name: &str) -> Result<Option<Self>>;
    /// Refuses what cannot be held.
    fn check(&self, writing: &Writing<'_>) -> Result<()>;
    fn put(&self, writing: &mut Writing<'_>) -> Result<()>;
    /// Does here what was done in the source.
    fn remove(self, writing: &mut Writing<'_>) -> Result<()>;
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

    fn tells_more_than(&self, _: &Self) -> bool {
        false
    }

    fn find(writing: &mut Writing<'_>, name: &str) -> Result<Option<Self>> {
        Ok(writing.logged_model(name)?)
    }

    fn check(&self, writing: &Writing<'_>) -> Result<()> {
        Ok(writing.check_logged_model(self)?)
    }

    fn put(&self, writing: &mut Writing<'_>) -> Result<()> {
        Ok(writing.put_logged_model(self)?)
    }

    /// It is deleted, as it is there, and has nothing more to follow.
    fn remove(mut self, writing: &mut Writing<'_>) -> Result<()> {
        self.stage = LifecycleStage::Deleted;
        self.last_updated_time = now();
        writing.put_logged_model(&self)?;
        Ok(writing.forget(Self::KIND, &self.id)?)
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

    fn tells_more_than(&self, here: &Self) -> bool {
        self.last_version > here.last_version
    }

    fn find(writing: &mut Writing<'_>, name: &str) -> Result<Option<Self>> {
        Ok(writing.registered_model(name)?)
    }

    fn check(&self, writing: &Writing<'_>) -> Result<()> {
        Ok(writing.check_registered_model(self)?)
    }

    fn put(&self, writing: &mut Writing<'_>) -> Result<()> {
        Ok(writing.put_registered_model(self)?)
    }

    fn remove(self, writing: &mut Writing<'_>) -> Result<()> {
        writing.remove_registered_model(&self.name)?;
        Ok(writing.forget(Self::KIND, &self.name)?)
    }

    fn difference(&self, here: &Self) -> Difference {
        differences::of_registered_models(self, here)
    }
}

impl Job<'_> {
    pub(super) fn logged_models(&mut self) -> Result<()> {
        let (mut after, mut seen) = (None::<String>, HashSet::new());
        let faults_before = self.report.faults.count;
        loop {
            let mut faults = Vec::new();
            let page = self
                .source
                .logged_models(after.as_deref(), PAGE, &mut faults)?;
            self.fault(faults);
            let Some(last) = page.last() else { break };
            after = Some(last.id.clone());
            seen.extend(page.iter().map(|model| model.id.clone()));
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
        self.follow_gone::<LoggedModel>(&seen, faults_before)
    }

    pub(super) fn registered_models(&mut self) -> Result<()> {
        let (mut after, mut seen) = (None::<String>, HashSet::new());
        let faults_before = self.report.faults.count;
        loop {
            let mut faults = Vec::new();
            let name = after.as_deref();
            let mut page = self.source.registered_models(name, PAGE, &mut faults)?;
            self.fault(faults);
            let Some(last) = page.last() else { break };
            after = Some(last.name.clone());
            seen.extend(page.iter().map(|model| model.name.clone()));
            page.retain(|model| self.import.wants_model(&model.name));
            self.models(page)?;
        }
        for name in self
            .import
            .models
            .iter()
            .filter(|name| !seen.contains(*name))
        {
            self.report.conflicts.push(Difference {
                what: format!("{} {name}", Kind::RegisteredModel.as_str()),
                how: vec![String::from("the source has none of this name")],
            });
        }
        self.follow_gone::<CarriedModel>(&seen, faults_before)
    }

    /// Removes models that were carried and are not in the source any more, unless they have been
    /// changed here since. Only when the whole source was read, and nothing of it was broken. A
    /// source that has none left at all may be another one in the old place: somebody decides.
    fn follow_gone<M: Model>(&mut self, seen: &HashSet<String>, faults_before: u64) -> Result<()> {
        let import = self.import;
        let is_part =
            !import.experiments.is_empty() || !import.models.is_empty() || import.since.is_some();
        if is_part || self.report.faults.count > faults_before {
            return Ok(());
        }
        for name in gone(self.source, &import.into, M::KIND, seen)? {
            let notes = self.notes.carried(M::KIND, std::slice::from_ref(&name))?;
            let before = notes.get(&name).copied();
            let verdict = self.importer.write(|writing| {
                let Some(here) = M::find(writing, &name)? else {
                    return Ok::<_, Error>(Verdict::Unchanged);
                };
                let is_as_it_was = before.is_some_and(|before| before.digest == here.digest());
                let verdict = match (is_as_it_was && !seen.is_empty(), import.on_conflict) {
                    (true, _) | (false, OnConflict::Replace) => Verdict::Update,
                    (false, _) if before.is_some_and(is_kept) => Verdict::Keep,
                    (false, OnConflict::Keep) => Verdict::Keep,
                    (false, OnConflict::Fail) => Verdict::Conflict,
                };
                if verdict == Verdict::Update && !import.dry_run {
                    here.remove(writing)?;
                }
                Ok(verdict)
            })?;
            let tally = self.tally(M::KIND);
            match verdict {
                Verdict::Update => tally.removed += 1,
                Verdict::Keep => tally.kept += 1,
                Verdict::Conflict => {
                    tally.conflicts += 1;
                    self.report.conflicts.push(Difference {
                        what: format!("{} {name}", M::KIND.as_str()),
                        how: vec![String::from(match seen.is_empty() {
                            true => "the source has none of its kind any more: is it the same one?",
                            false => "it is not in the source any more, and was changed here since",
                        })],
                    });
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Writes a page in one transaction, or each in one of its own.
    fn models<M: Model>(&mut self, page: Vec<M>) -> Result<()> {
        let names: Vec<String> = page.iter().map(|model| model.key().to_owned()).collect();
        let notes = self.notes.carried(M::KIND, &names)?;
        match self.together(&page, &notes) {
            Err(Error::Refused(_)) => {}
            outcome => return outcome,
        }
        for model in &page {
            match self.together(std::slice::from_ref(model), &notes) {
                Err(Error::Refused(why)) => {
                    let what = format!("{} {}", M::KIND.as_str(), model.key());
                    self.fault(vec![Fault::new(what, why)]);
                    self.tally(M::KIND).read += 1;
                }
                outcome => outcome?,
            }
        }
        Ok(())
    }

    /// Writes models in one transaction.
    fn together<M: Model>(&mut self, page: &[M], notes: &HashMap<String, Carried>) -> Result<()> {
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
    model.check(writing)?;
    let theirs = model.digest();
    let here = M::find(writing, model.key())?;
    let verdict = match &here {
        None => Verdict::Update,
        Some(here) => match import.judge(theirs, theirs, here.digest(), before) {
            Verdict::Unchanged if model.tells_more_than(here) => Verdict::Update,
            verdict => verdict,
        },
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
