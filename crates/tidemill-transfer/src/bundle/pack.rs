//! Writing everything that a source has into a bundle.

use std::fmt;
use std::io::Write;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use serde::Serialize;
use tidemill_core::runs::RunId;
use tidemill_core::transfer::{Fault, RunPiece};

use super::PageKind;
use super::artifacts::ArtifactFiles;
use super::write::{Gather, Writer};
use crate::digests::PieceDigests;
use crate::progress::Progress;
use crate::report::{Listed, as_texts, show_faults};
use crate::{Count, Result, Source};

/// How many things are read at once.
const PAGE: usize = 200;
/// How many points are on a line.
const LINE: usize = 10_000;

/// What was written.
#[derive(Debug, Default, Serialize)]
pub struct PackReport {
    /// Where from.
    pub source: String,
    /// How many of each kind, in the plural.
    pub counts: Vec<Count>,
    /// Bytes of artifacts.
    pub artifact_bytes: u64,
    /// Kinds that cannot be written yet, with how many there are.
    pub left_out: Vec<Count>,
    /// What is broken in the source, and was left out.
    #[serde(serialize_with = "as_texts")]
    pub faults: Listed<Fault>,
    /// How long it took.
    pub seconds: f64,
}

/// Writes everything to `out`, and then the files of `artifacts`. `progress` is told how far it is,
/// in a sentence, now and then.
pub fn pack<W: Write>(
    source: &mut dyn Source,
    artifacts: Option<&mut dyn ArtifactFiles>,
    out: W,
    progress: impl Fn(&str) + Send + 'static,
) -> Result<(W, PackReport)> {
    let started = Instant::now();
    let name = source.name();
    let mut packing = Packing {
        progress: Progress::new(source.counts()?, progress),
        writer: Writer::new(out, now())?,
        source,
        report: PackReport::default(),
        faults: Vec::new(),
    };
    packing.experiments()?;
    packing.runs()?;
    packing.logged_models()?;
    packing.registered_models()?;
    if let Some(artifacts) = artifacts {
        packing.artifacts(artifacts)?;
    }
    let left_out = packing.source.left_out()?;
    packing.faults.extend(packing.source.orphans()?);
    let Packing {
        writer,
        mut report,
        faults,
        ..
    } = packing;
    let out = writer.finish(name.clone(), left_out.clone())?;
    report.source = name;
    report.left_out = left_out;
    report.faults.extend(faults);
    report.seconds = started.elapsed().as_secs_f64();
    Ok((out, report))
}

/// Milliseconds since the epoch.
pub(crate) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(0))
}

struct Packing<'s, W: Write> {
    source: &'s mut dyn Source,
    writer: Writer<W>,
    progress: Progress,
    report: PackReport,
    faults: Vec<Fault>,
}

impl<W: Write> Packing<'_, W> {
    fn count(&mut self, what: &'static str, count: usize) {
        let count = count as u64;
        self.progress.add(what, count);
        let known = self
            .report
            .counts
            .iter_mut()
            .find(|known| known.what == what);
        match known {
            Some(known) => known.count += count,
            None => self.report.counts.push(Count::from((what, count))),
        }
    }

    fn experiments(&mut self) -> Result<()> {
        let mut page = Gather::new(PageKind::Experiments);
        let experiments = self.source.experiments(&mut self.faults)?;
        for experiment in &experiments {
            self.writer.add(&mut page, experiment)?;
        }
        self.count("experiments", experiments.len());
        self.writer.end(page)
    }

    fn runs(&mut self) -> Result<()> {
        let (mut pages, mut index) = (Gather::new(PageKind::Runs), Gather::new(PageKind::RunIndex));
        let mut after: Option<RunId> = None;
        loop {
            let heads = self
                .source
                .run_heads(after.as_ref(), PAGE, &mut self.faults)?;
            let Some(last) = heads.last() else { break };
            after = Some(last.id.clone());
            let mut digests = PieceDigests::default();
            let (mut points, mut places) = (0, Vec::new());
            let writer = &mut self.writer;
            let mut each = |piece: RunPiece| {
                if let RunPiece::Run(_) = &piece {
                    places.push(pages.place());
                }
                points += match &piece {
                    RunPiece::Points { key, points } => {
                        for points in points.chunks(LINE) {
                            let line = RunPiece::Points {
                                key: key.clone(),
                                points: points.to_vec(),
                            };
                            writer.add(&mut pages, &line)?;
                        }
                        points.len()
                    }
                    piece => {
                        writer.add(&mut pages, piece)?;
                        0
                    }
                };
                digests.add(piece);
                Ok(())
            };
            self.source.runs(&heads, &mut each, &mut self.faults)?;
            let runs = digests.finish();
            let count = runs.len();
            for (run, place) in runs.into_iter().zip(places) {
                self.writer.add(&mut index, &run.at(place))?;
            }
            self.count("runs", count);
            self.count("metric points", points);
        }
        self.writer.end(pages)?;
        self.writer.end(index)
    }

    fn logged_models(&mut self) -> Result<()> {
        let mut page = Gather::new(PageKind::LoggedModels);
        let mut after: Option<String> = None;
        loop {
            let models = self
                .source
                .logged_models(after.as_deref(), PAGE, &mut self.faults)?;
            let Some(last) = models.last() else { break };
            after = Some(last.id.clone());
            for model in &models {
                self.writer.add(&mut page, model)?;
            }
            self.count("logged models", models.len());
        }
        self.writer.end(page)
    }

    fn registered_models(&mut self) -> Result<()> {
        let mut page = Gather::new(PageKind::RegisteredModels);
        let mut after: Option<String> = None;
        loop {
            let models = self
                .source
                .registered_models(after.as_deref(), PAGE, &mut self.faults)?;
            let Some(last) = models.last() else { break };
            after = Some(last.name.clone());
            for model in &models {
                self.writer.add(&mut page, model)?;
            }
            self.count("registered models", models.len());
        }
        self.writer.end(page)
    }

    fn artifacts(&mut self, artifacts: &mut dyn ArtifactFiles) -> Result<()> {
        let mut page = Gather::new(PageKind::Artifacts);
        artifacts.each(&mut |path, bytes| {
            self.report.artifact_bytes += self.writer.artifact(&mut page, path, bytes)?;
            self.count("artifacts", 1);
            Ok(())
        })?;
        self.writer.end(page)
    }
}

impl fmt::Display for PackReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "from {}", self.source)?;
        for count in &self.counts {
            writeln!(f, "  {}: {}", count.what, count.count)?;
        }
        writeln!(f, "  bytes of artifacts: {}", self.artifact_bytes)?;
        for left_out in &self.left_out {
            writeln!(f, "  not written: {} {}", left_out.count, left_out.what)?;
        }
        show_faults(f, "broken in the source", &self.faults)?;
        writeln!(f, "  took {:.1} s", self.seconds)
    }
}
