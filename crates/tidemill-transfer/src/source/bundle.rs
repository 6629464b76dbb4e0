//! A bundle, as something to import from.

use std::collections::HashMap;

use tidemill_core::experiments::{Experiment, ExperimentId};
use tidemill_core::logged_models::LoggedModel;
use tidemill_core::runs::RunId;
use tidemill_core::transfer::{CarriedModel, Fault, RunHead, RunPiece};

use super::{Count, Source};
use crate::bundle::{Bundle, Line, Lines, Page, PageKind, RunPlace};
use crate::{Error, Result};

pub(super) struct BundleSource {
    bundle: Bundle,
    /// Pages with runs.
    pages: Vec<Page>,
    /// The page with runs that was read last.
    open: Option<(usize, Lines)>,
    index: Walk,
    logged_models: Walk,
    registered_models: Walk,
    /// Of the last heads.
    places: HashMap<RunId, (usize, usize)>,
}

impl BundleSource {
    /// The bundle has been checked.
    pub(super) fn new(bundle: Bundle) -> Self {
        Self {
            pages: bundle.pages(PageKind::Runs),
            open: None,
            index: Walk::over(&bundle, PageKind::RunIndex),
            logged_models: Walk::over(&bundle, PageKind::LoggedModels),
            registered_models: Walk::over(&bundle, PageKind::RegisteredModels),
            places: HashMap::new(),
            bundle,
        }
    }

    /// A line of the pages with runs; `None` after the last of the page.
    fn piece(&mut self, page: usize, line: usize) -> Result<Option<RunPiece>> {
        if self.open.as_ref().is_none_or(|(open, _)| *open != page) {
            let place = self.pages.get(page).ok_or_else(|| misplaced(page))?;
            self.open = Some((page, self.bundle.page(place)?));
        }
        match &self.open {
            Some((_, lines)) => lines.get(line).transpose(),
            None => Ok(None),
        }
    }

    /// The pieces of a run, from its first on.
    fn run(
        &mut self,
        id: &RunId,
        (mut page, mut line): (usize, usize),
        each: &mut dyn FnMut(RunPiece) -> Result<()>,
    ) -> Result<()> {
        let mut is_first = true;
        loop {
            let Some(piece) = self.piece(page, line)? else {
                (page, line) = (page + 1, 0);
                continue;
            };
            let fits = match &piece {
                RunPiece::Run(run) => is_first && run.run.info.id == *id,
                _ => !is_first,
            };
            if !fits {
                return Err(misplaced(page));
            }
            is_first = false;
            line += 1;
            let is_end = matches!(piece, RunPiece::End { .. });
            each(piece)?;
            if is_end {
                return Ok(());
            }
        }
    }
}

fn misplaced(page: usize) -> Error {
    Error::Bundle(format!(
        "The bundle is damaged: its page {page} of runs is not as its index says."
    ))
}

impl Source for BundleSource {
    fn name(&self) -> String {
        self.bundle.name()
    }

    fn counts(&mut self) -> Result<Vec<Count>> {
        let counts = [
            ("experiments", PageKind::Experiments),
            ("runs", PageKind::RunIndex),
            ("logged models", PageKind::LoggedModels),
            ("registered models", PageKind::RegisteredModels),
        ];
        let counts = counts.map(|(what, kind)| Count::from((what, self.bundle.count(kind))));
        Ok(Vec::from(counts))
    }

    fn left_out(&mut self) -> Result<Vec<Count>> {
        let mut left_out = self.bundle.left_out().to_vec();
        if self.bundle.has_artifacts() {
            let what = "files of artifacts, which `tidemill restore` brings";
            let count = self.bundle.count(PageKind::Artifacts);
            left_out.push(Count::from((what, count)));
        }
        Ok(left_out)
    }

    fn experiments(&mut self, _: &mut Vec<Fault>) -> Result<Vec<Experiment>> {
        let mut walk = Walk::over(&self.bundle, PageKind::Experiments);
        walk.next(&mut self.bundle, None, usize::MAX, |_| String::new())
    }

    /// The signature is the digest.
    fn run_heads(
        &mut self,
        after: Option<&RunId>,
        limit: usize,
        _: &mut Vec<Fault>,
    ) -> Result<Vec<RunHead>> {
        let after = after.map(RunId::as_str);
        let places: Vec<RunPlace> =
            self.index
                .next(&mut self.bundle, after, limit, |place: &RunPlace| {
                    place.run_id.clone()
                })?;
        self.places = places
            .iter()
            .map(|place| (place.id(), (place.page, place.line)))
            .collect();
        let heads = places.into_iter().map(|place| {
            Ok(RunHead {
                id: place.id(),
                experiment_id: ExperimentId(place.experiment_id),
                start_time: place.start_time,
                artifact_uri: None,
                signature: place.digest().ok_or_else(|| misplaced(place.page))?,
            })
        });
        heads.collect()
    }

    fn runs(
        &mut self,
        heads: &[RunHead],
        each: &mut dyn FnMut(RunPiece) -> Result<()>,
        _: &mut Vec<Fault>,
    ) -> Result<()> {
        for head in heads {
            let place = self.places.get(&head.id).copied();
            let place = place.ok_or_else(|| misplaced(0))?;
            self.run(&head.id, place, each)?;
        }
        Ok(())
    }

    fn logged_models(
        &mut self,
        after: Option<&str>,
        limit: usize,
        _: &mut Vec<Fault>,
    ) -> Result<Vec<LoggedModel>> {
        self.logged_models
            .next(&mut self.bundle, after, limit, |model: &LoggedModel| {
                model.id.clone()
            })
    }

    fn registered_models(
        &mut self,
        after: Option<&str>,
        limit: usize,
        _: &mut Vec<Fault>,
    ) -> Result<Vec<CarriedModel>> {
        self.registered_models
            .next(&mut self.bundle, after, limit, |model: &CarriedModel| {
                model.name.clone()
            })
    }
}

/// A way through the pages of a kind.
struct Walk {
    pages: Vec<Page>,
    page: usize,
    lines: Option<Lines>,
    line: usize,
    /// The last thing that was given.
    last: Option<String>,
}

impl Walk {
    fn over(bundle: &Bundle, kind: PageKind) -> Self {
        Self {
            pages: bundle.pages(kind),
            page: 0,
            lines: None,
            line: 0,
            last: None,
        }
    }

    /// At most `limit` things from the one after `after` on.
    fn next<L: Line>(
        &mut self,
        bundle: &mut Bundle,
        after: Option<&str>,
        limit: usize,
        key: impl Fn(&L) -> String,
    ) -> Result<Vec<L>> {
        if after != self.last.as_deref() {
            (self.page, self.line, self.lines, self.last) = (0, 0, None, None);
            while after.is_some() {
                match self.one(bundle)? {
                    Some(thing) if Some(&*key(&thing)) == after => break,
                    Some(_) => {}
                    None => return Ok(Vec::new()),
                }
            }
        }
        let mut things = Vec::new();
        while things.len() < limit
            && let Some(thing) = self.one(bundle)?
        {
            things.push(thing);
        }
        if let Some(last) = things.last() {
            self.last = Some(key(last));
        }
        Ok(things)
    }

    fn one<L: Line>(&mut self, bundle: &mut Bundle) -> Result<Option<L>> {
        loop {
            let Some(page) = self.pages.get(self.page) else {
                return Ok(None);
            };
            let lines = match self.lines.take() {
                Some(lines) => lines,
                None => bundle.page(page)?,
            };
            let Some(thing) = lines.get(self.line) else {
                (self.page, self.line) = (self.page + 1, 0);
                continue;
            };
            (self.line, self.lines) = (self.line + 1, Some(lines));
            return thing.map(Some);
        }
    }
}
