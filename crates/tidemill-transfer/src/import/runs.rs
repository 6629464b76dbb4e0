//! Runs: read by one thread, written by another.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};

use tidemill_core::metrics::Point;
use tidemill_core::runs::{RunId, RunInfo};
use tidemill_core::transfer::{Carried, CarriedRun, Fault, Kind, RunHead, RunPiece};
use xxhash_rust::xxh3::xxh3_64;

use tidemill_store::{Archive, Importer, Keep, Notes, Unwritten, Writing};

use super::{Import, Job, OnConflict, Verdict, Written, is_kept};
use crate::digests::PieceDigests;
use crate::progress::Progress;
use crate::report::{Difference, Listed};
use crate::{Error, Result, Source, differences};

/// How many runs are asked about at once.
const PAGE: usize = 500;
/// Up to how many points, or as much text, go through the queue together.
const BATCH_POINTS: usize = 50_000;
/// Up to how many pieces do.
const BATCH_PIECES: usize = 2_000;
/// How many batches wait.
const QUEUE: usize = 3;
/// After how many runs a transaction ends.
const RUNS: usize = 500;
/// After how many points, or as much text, it does, when a run ends.
const POINTS: usize = 500_000;

/// A piece on its way, with what is known about its run.
enum Item {
    Run {
        run: Box<CarriedRun>,
        signature: u128,
        before: Option<Carried>,
    },
    Points {
        key: String,
        points: Vec<Point>,
    },
    End {
        whole: bool,
    },
}

impl Job<'_> {
    pub(super) fn runs(&mut self) -> Result<()> {
        let (sender, receiver) = sync_channel(QUEUE);
        let writer = Writer {
            receiver,
            pending: VecDeque::new(),
            archive: Archive::open(&self.import.into)?,
            import: self.import,
            progress: self.progress.clone(),
            written: Written::default(),
            current: None,
            page_of: None,
        };
        let mut reader = Reader {
            sender,
            batch: Vec::new(),
            points: 0,
            read: Read::default(),
        };
        let importer = &mut self.importer;
        let (source, notes) = (&mut *self.source, &mut self.notes);
        let (import, open, progress) = (self.import, &self.open, &self.progress);
        let unwanted = &self.unwanted;
        let wanted = |head: &RunHead| {
            import.since.is_none_or(|since| head.start_time >= since)
                && !unwanted.contains(&head.experiment_id)
        };
        let (written, outcome) = std::thread::scope(|scope| {
            let writing = scope.spawn(move || writer.run(importer));
            let is_open = |head: &RunHead| open.contains(&head.experiment_id);
            let outcome =
                reader.pages(source, notes, wanted, is_open, import.on_conflict, progress);
            let read = std::mem::take(&mut reader.read);
            drop(reader);
            let written = writing.join();
            (written, outcome.map(|()| read))
        });
        let written = written.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        let (written, read) = match outcome {
            Err(Error::Stopped) => (written?, Read::default()),
            outcome => {
                let read = outcome?;
                (written?, read)
            }
        };
        self.report.faults.append(read.faults);
        self.report.faults.append(written.faults);
        let tally = self.tally(Kind::Run);
        *tally = written.tally;
        tally.read = read.found;
        tally.left_out = read.left_out;
        tally.unchanged += read.unchanged;
        tally.kept += read.kept;
        self.report.points = written.points;
        self.report.artifacts = written.artifacts;
        self.report.conflicts.append(written.conflicts);
        for (id, digest) in written.expected {
            self.expect(Kind::Run, id.0, digest);
        }
        Ok(())
    }
}

/// What was read.
#[derive(Default)]
struct Read {
    found: u64,
    left_out: u64,
    unchanged: u64,
    kept: u64,
    faults: Listed<Fault>,
    /// Hashes of the ids that came: a list that changes while it is read may bring one twice.
    seen: HashSet<u64>,
}

/// Reads pages, and gathers pieces so that the threads need not meet for each.
struct Reader {
    sender: SyncSender<Vec<Item>>,
    batch: Vec<Item>,
    points: usize,
    read: Read,
}

impl Reader {
    fn pages(
        &mut self,
        source: &mut dyn Source,
        notes: &mut Notes,
        wanted: impl Fn(&RunHead) -> bool,
        is_open: impl Fn(&RunHead) -> bool,
        rule: OnConflict,
        progress: &Progress,
    ) -> Result<()> {
        let mut after: Option<RunId> = None;
        let mut faults = Vec::new();
        loop {
            let heads = source.run_heads(after.as_ref(), PAGE, &mut faults)?;
            let Some(last) = heads.last() else { break };
            after = Some(last.id.clone());
            let found = heads.len();
            let heads = self.unseen(heads);
            if heads.is_empty() {
                break;
            }
            let (heads, others): (Vec<_>, Vec<_>) =
                heads.into_iter().filter(&wanted).partition(&is_open);
            self.read.found += (heads.len() + others.len()) as u64;
            self.read.left_out += others.len() as u64;
            let ids: Vec<String> = heads.iter().map(|head| head.id.0.clone()).collect();
            let before = notes.carried(Kind::Run, &ids)?;
            let changed = self.changed(heads, &before, rule);
            progress.add("runs", (found - changed.len()) as u64);
            let mut each = |piece| self.send(item(piece, &changed, &before));
            source.runs(&changed, &mut each, &mut faults)?;
            self.read.faults.extend(faults.drain(..));
            // The next page may be waited for, and a run that is begun keeps a transaction open.
            self.flush()?;
        }
        Ok(())
    }

    /// Those that have not come before.
    fn unseen(&mut self, heads: Vec<RunHead>) -> Vec<RunHead> {
        let seen = &mut self.read.seen;
        let is_new = |head: &RunHead| seen.insert(xxh3_64(head.id.as_str().as_bytes()));
        heads.into_iter().filter(is_new).collect()
    }

    /// Those that are not as they were when they were carried.
    fn changed(
        &mut self,
        heads: Vec<RunHead>,
        before: &HashMap<String, Carried>,
        rule: OnConflict,
    ) -> Vec<RunHead> {
        let mut changed = Vec::new();
        for head in heads {
            match before.get(&head.id.0) {
                Some(before) if before.signature != head.signature => changed.push(head),
                Some(before) if !is_kept(*before) => self.read.unchanged += 1,
                Some(_) if rule != OnConflict::Replace => self.read.kept += 1,
                _ => changed.push(head),
            }
        }
        changed
    }

    fn send(&mut self, item: Item) -> Result<()> {
        self.points += match &item {
            Item::Run { run, .. } => bytes(run) / size_of::<Point>(),
            Item::Points { points, .. } => points.len(),
            Item::End { .. } => 0,
        };
        self.batch.push(item);
        match self.points >= BATCH_POINTS || self.batch.len() >= BATCH_PIECES {
            true => self.flush(),
            false => Ok(()),
        }
    }

    /// Fails when nobody writes any more; why, the writer says.
    fn flush(&mut self) -> Result<()> {
        if self.batch.is_empty() {
            return Ok(());
        }
        self.points = 0;
        let batch = std::mem::take(&mut self.batch);
        self.sender.send(batch).map_err(|_| Error::Stopped)
    }
}

/// How much text a run has.
fn bytes(carried: &CarriedRun) -> usize {
    let run = &carried.run;
    let params = run
        .params
        .iter()
        .map(|param| param.key.len() + param.value.len());
    let tags = run.tags.iter().map(|tag| tag.key.len() + tag.value.len());
    let datasets = run.dataset_inputs.iter().map(|input| {
        let dataset = &input.dataset;
        let texts =
            [&dataset.schema, &dataset.profile].map(|text| text.as_ref().map_or(0, String::len));
        dataset.source.len() + texts.iter().sum::<usize>()
    });
    params.chain(tags).chain(datasets).sum()
}

fn item(piece: RunPiece, heads: &[RunHead], before: &HashMap<String, Carried>) -> Item {
    match piece {
        RunPiece::Run(run) => {
            let id = &run.run.info.id;
            let head = heads.iter().find(|head| head.id == *id);
            Item::Run {
                signature: head.map_or(0, |head| head.signature),
                before: before.get(&id.0).copied(),
                run,
            }
        }
        RunPiece::Points { key, points } => Item::Points { key, points },
        RunPiece::End { whole } => Item::End { whole },
    }
}

/// Writes what comes out of the queue.
struct Writer<'i> {
    receiver: Receiver<Vec<Item>>,
    pending: VecDeque<Item>,
    archive: Option<Archive>,
    import: &'i Import,
    progress: Progress,
    written: Written,
    current: Option<Current>,
    /// The first and the last run of the transaction.
    page_of: Option<(RunId, RunId)>,
}

/// The run that is being written.
struct Current {
    run: Box<CarriedRun>,
    signature: u128,
    before: Option<Carried>,
    /// What is here of the same id.
    here: Option<Here>,
    points: u64,
    /// The last metric that was refused.
    refused: Option<String>,
}

/// A run that is here already.
struct Here {
    run: CarriedRun,
    digest: u128,
}

impl Writer<'_> {
    fn run(mut self, importer: &mut Importer) -> Result<Written> {
        while self.wait() {
            self.page_of = None;
            let written = importer.write(|writing| self.page(writing));
            written.map_err(|error| match (error, &self.page_of) {
                // What is known to be refused was left out before it came to this.
                (Error::Refused(why), Some((first, last))) => {
                    Error::Target(format!("in the runs from {first} to {last}: {why}"))
                }
                (error, _) => error,
            })?;
        }
        Ok(self.written)
    }

    /// Waits for something to write; nothing comes any more when it says no.
    fn wait(&mut self) -> bool {
        while self.pending.is_empty() {
            match self.receiver.recv() {
                Ok(batch) => self.pending.extend(batch),
                Err(_) => return false,
            }
        }
        true
    }

    /// Writes until there is enough for a transaction, or until nothing waits at the end of a
    /// run: a transaction that waits for the source would keep others from writing.
    fn page(&mut self, writing: &mut Writing<'_>) -> Result<()> {
        let (mut runs, mut points) = (0, 0);
        while let Some(item) = self.next() {
            match item {
                Item::Points { key, points: more } => {
                    points += more.len();
                    self.points(writing, &key, more)?;
                }
                run @ Item::Run { .. } if runs >= RUNS || points >= POINTS => {
                    self.pending.push_front(run);
                    break;
                }
                Item::Run {
                    run,
                    signature,
                    before,
                } => {
                    runs += 1;
                    points += bytes(&run) / size_of::<Point>();
                    self.begin_run(writing, run, signature, before)?;
                }
                Item::End { whole } => self.end_run(writing, whole)?,
            }
        }
        match self.current {
            None => Ok(()),
            // Nothing of this transaction stays.
            Some(_) => Err(Error::Source(String::from("the source ended within a run"))),
        }
    }

    /// The next piece. Within a run it is waited for.
    fn next(&mut self) -> Option<Item> {
        if self.pending.is_empty() {
            match self.receiver.try_recv() {
                Ok(batch) => self.pending.extend(batch),
                Err(TryRecvError::Empty) if self.current.is_some() => {
                    self.wait();
                }
                Err(_) => {}
            }
        }
        self.pending.pop_front()
    }

    fn points(&mut self, writing: &mut Writing<'_>, key: &str, points: Vec<Point>) -> Result<()> {
        let count = points.len() as u64;
        self.progress.add("metric points", count);
        let Some(current) = &mut self.current else {
            return Ok(());
        };
        match writing.check_metric(key) {
            Err(Unwritten::Refused(why)) => {
                if current.refused.as_deref() != Some(key) {
                    let what = format!("run {}", current.run.run.info.id);
                    self.written.faults.push(Fault::new(what, why));
                    current.refused = Some(key.to_owned());
                }
                return Ok(());
            }
            checked => checked?,
        }
        current.points += count;
        match self.import.dry_run {
            true => Ok(()),
            false => Ok(writing.add_points(key, points)?),
        }
    }

    fn begin_run(
        &mut self,
        writing: &mut Writing<'_>,
        run: Box<CarriedRun>,
        signature: u128,
        before: Option<Carried>,
    ) -> Result<()> {
        let id = &run.run.info.id;
        match &mut self.page_of {
            Some((_, last)) => last.clone_from(id),
            page_of => *page_of = Some((id.clone(), id.clone())),
        }
        match writing.check_run(&run.run) {
            Err(Unwritten::Refused(why)) => {
                let fault = Fault::new(format!("run {id}"), why);
                self.written.faults.push(fault);
                return Ok(());
            }
            checked => checked?,
        }
        let here = match writing.has_run(id)? {
            false => None,
            true => self.here(id)?,
        };
        if !self.import.dry_run {
            if here.is_some() {
                writing.begin_attempt()?;
                writing.remove_run(id)?;
            }
            writing.begin_run(&run)?;
        }
        self.current = Some(Current {
            run,
            signature,
            before,
            here,
            points: 0,
            refused: None,
        });
        Ok(())
    }

    /// The run of this id as it was before this transaction.
    fn here(&mut self, id: &RunId) -> Result<Option<Here>> {
        let Some(archive) = &mut self.archive else {
            return Ok(None);
        };
        let mut digests = PieceDigests::default();
        let mut found = None;
        archive.runs(std::slice::from_ref(id), &mut |piece| {
            if let RunPiece::Run(run) = &piece {
                found = Some((**run).clone());
            }
            digests.add(piece);
            Ok::<(), Error>(())
        })?;
        let digest = digests.finish().pop().map(|run| run.digest);
        Ok(found.zip(digest).map(|(run, digest)| Here { run, digest }))
    }

    fn end_run(&mut self, writing: &mut Writing<'_>, whole: bool) -> Result<()> {
        let Some(current) = self.current.take() else {
            return Ok(());
        };
        self.progress.add("runs", 1);
        if self.import.dry_run {
            match current.here {
                None => self.written.tally.added += 1,
                Some(_) => self.written.tally.updated += 1,
            }
            return Ok(());
        }
        let theirs = writing.end_run()?;
        let verdict = self.judge(writing, &current, theirs)?;
        let id = &current.run.run.info.id;
        if verdict.writes() {
            self.written.points += current.points;
            let info = &current.run.run.info;
            if let Some(place) = place(info) {
                *self.written.artifacts.entry(place.to_owned()).or_default() += 1;
            }
        }
        if verdict.writes() || verdict == Verdict::Unchanged {
            self.written.expected.push((id.clone(), theirs));
        }
        if !verdict.is_noted() && verdict != Verdict::Conflict {
            return Ok(());
        }
        if verdict == Verdict::Conflict {
            let how = current
                .here
                .map(|here| differences::of_runs(&current.run, &here.run));
            self.written.conflicts.push(Difference {
                what: format!("run {id}"),
                how: how.unwrap_or_default(),
            });
            return Ok(());
        }
        // What is not whole is read again next time.
        let is_whole = whole && current.refused.is_none();
        let signature = if is_whole { current.signature } else { 0 };
        let note = Import::note(verdict, signature, theirs);
        Ok(writing.note(Kind::Run, &id.0, note, current.before)?)
    }

    /// Decides between a run that came and the one that is here, if there is one.
    fn judge(
        &mut self,
        writing: &mut Writing<'_>,
        current: &Current,
        theirs: u128,
    ) -> Result<Verdict> {
        let Some(here) = &current.here else {
            self.written.tally.added += 1;
            return Ok(Verdict::Update);
        };
        let verdict = self
            .import
            .judge(current.signature, theirs, here.digest, current.before);
        let deleted = current.run.deleted_time;
        let verdict = match verdict {
            // The digest says nothing of it.
            Verdict::Unchanged if deleted.is_some() && deleted != here.run.deleted_time => {
                Verdict::Update
            }
            verdict => verdict,
        };
        writing.end_attempt(match verdict.writes() {
            true => Keep::Yes,
            false => Keep::No,
        })?;
        self.written.tally.count(verdict);
        Ok(verdict)
    }
}

/// Where the artifacts of a run's experiment are kept, together with those of other experiments
/// if the location ends in the experiment's number, as it does unless somebody has named another.
fn place(info: &RunInfo) -> Option<&str> {
    let (above, last) = info
        .artifact_uri
        .strip_suffix("/artifacts")?
        .rsplit_once('/')?;
    if last != info.id.as_str() {
        return None;
    }
    match above.rsplit_once('/') {
        Some((root, number)) if *number == info.experiment_id.to_string() => Some(root),
        _ => Some(above),
    }
}
