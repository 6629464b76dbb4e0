//! Bringing artifacts along: which files are copied, and which may be replaced.
//!
//! Each file that was copied is noted in the database that is imported into: what the source's
//! list said of it, and what it was. A file is read again when its list says something else. One
//! that is here already and differs is replaced if it is as it was copied; otherwise somebody has
//! changed it here, and `--on-conflict` decides as it does about everything else.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tidemill_core::transfer::{Carried, Kind};
use tidemill_store::{DatabaseUrl, Importer, Notes};
use xxhash_rust::xxh3::xxh3_128;

use crate::import::OnConflict;
use crate::{Error, Result};

/// How many folders are looked at together.
const FOLDERS: usize = 16;
/// A file that is this young may be written again without another time in its list.
const YOUNG: Duration = Duration::from_secs(3);

/// A file in the list of a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedFile {
    /// As seen from the folder.
    pub path: String,
    /// In bytes.
    pub size: u64,
    /// When it was written, if the list tells.
    pub changed: Option<SystemTime>,
}

/// What is in and below a folder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FolderFiles {
    /// The files.
    pub files: Vec<ListedFile>,
    /// Names of files and folders that cannot be had here, with where they are.
    pub refused: Vec<String>,
}

/// That; in words, why it cannot be listed.
pub type FolderList = Result<FolderFiles, String>;

/// Reads artifacts where the source has them, and reads and writes them where we have them. Both
/// are told by locations; failures are in words.
pub trait CopyArtifacts: Send {
    /// The files of folders of the source. A folder that is not there has none.
    fn list(&self, folders: &[&str]) -> Vec<FolderList>;

    /// The files of folders of ours.
    fn list_here(&self, folders: &[&str]) -> Vec<FolderList>;

    /// Copies a file, whatever is here, and reads it again. Gives back its digest.
    fn copy(&mut self, from: &str, to: &str, path: &str) -> Result<u128, String>;

    /// The digest of a file of the source.
    fn digest(&mut self, folder: &str, path: &str) -> Result<u128, String>;

    /// The digest of a file of ours: the same for the same content.
    fn digest_here(&mut self, folder: &str, path: &str) -> Result<u128, String>;
}

/// A folder that is to come along.
pub(super) struct Folder {
    /// Where the source has it.
    pub(super) from: String,
    /// Where we have it.
    pub(super) to: String,
    /// Changes with whose folder it is, where lists tell no times.
    pub(super) owner: u128,
}

/// How that ended.
pub(super) enum Brought {
    /// Everything is here.
    Whole,
    /// It was all here before; what has changed since is not, with the reason.
    Outdated(String),
    /// It is not here; with the reason.
    Not(String),
}

/// In the place of a file's digest: it was not here, and was going to be copied.
const BEGUN: u128 = 1;
/// In the place of a folder's: all of it was here.
const WHOLE: u128 = 1;
/// Why a file is not replaced.
const CHANGED_HERE: &str = "is here already as another file, which is not the one that was \
     copied: --on-conflict keep leaves it, --on-conflict replace takes the source's";

/// After so many files in a row that cannot be copied, the rest of their folder is not tried.
const GIVE_UP: usize = 3;
/// How many of the files that are not here are named.
const NAMED: usize = 3;

/// A copier, and the notes about what it has copied.
pub(super) struct Copying {
    copier: Box<dyn CopyArtifacts>,
    /// `None` when files are only compared.
    into: Option<Into>,
    /// Opened when the import has made the database.
    ledger: Option<Ledger>,
}

/// What is imported into, and how.
pub(super) struct Into {
    pub(super) database: DatabaseUrl,
    pub(super) source: String,
    pub(super) on_conflict: OnConflict,
}

impl Copying {
    pub(super) fn new(copier: Box<dyn CopyArtifacts>, into: Option<Into>) -> Self {
        Self {
            copier,
            into,
            ledger: None,
        }
    }

    /// What it says of a folder that it did not bring.
    pub(super) fn complaint(&self, from: &str, why: &str) -> String {
        match self.into {
            Some(_) => format!("its artifacts at {from} cannot all be copied: {why}"),
            None => format!("its artifacts at {from} are not all the same here: {why}"),
        }
    }

    /// Whether one of these folders of ours was once brought whole, or is to be taken for that
    /// because nothing is copied.
    pub(super) fn has_one(&mut self, folders: &[&str]) -> Result<bool> {
        let Some(into) = &self.into else {
            return Ok(true);
        };
        let names: Vec<String> = folders.iter().map(|folder| name(folder, "")).collect();
        let ledger = ledger(&mut self.ledger, into)?;
        Ok(!ledger.notes.carried(Kind::Artifacts, &names)?.is_empty())
    }

    /// Whether a folder of ours has any files.
    pub(super) fn holds(&self, folder: &str) -> bool {
        let lists = self.copier.list_here(&[folder]);
        lists.iter().flatten().any(|list| !list.files.is_empty())
    }

    /// Brings folders, in this order.
    pub(super) fn bring(&mut self, folders: &[Folder]) -> Result<Vec<Brought>> {
        let mut brought = Vec::new();
        for some in folders.chunks(FOLDERS) {
            let from: Vec<&str> = some.iter().map(|folder| folder.from.as_str()).collect();
            let there = self.copier.list(&from);
            let is_filled =
                |list: &FolderList| list.as_ref().is_ok_and(|list| !list.files.is_empty());
            let filled = some.iter().zip(&there).filter(|(_, list)| is_filled(list));
            let to: Vec<&str> = filled.map(|(folder, _)| folder.to.as_str()).collect();
            let mut here = self.copier.list_here(&to).into_iter();
            for (folder, there) in some.iter().zip(there) {
                let here = match is_filled(&there) {
                    true => here.next().unwrap_or_else(|| Ok(FolderFiles::default())),
                    false => Ok(FolderFiles::default()),
                };
                brought.push(self.bring_one(folder, there, here)?);
            }
        }
        Ok(brought)
    }

    fn bring_one(
        &mut self,
        folder: &Folder,
        there: FolderList,
        here: FolderList,
    ) -> Result<Brought> {
        let listed = there.and_then(|there| Ok((there, here?)));
        let Some(into) = &self.into else {
            let outcome = listed.and_then(|(there, here)| self.compare(folder, &there, &here));
            return Ok(outcome.map_or_else(Brought::Outdated, |()| Brought::Whole));
        };
        let ledger = ledger(&mut self.ledger, into)?;
        let (
            FolderFiles {
                files: there,
                refused,
            },
            here,
        ) = match listed {
            Ok(lists) => lists,
            Err(why) => return ledger.failed(folder, why),
        };
        if there.is_empty() && refused.is_empty() {
            return Ok(Brought::Whole);
        }
        let names = there.iter().map(|file| name(&folder.to, &file.path));
        let names: Vec<String> = names.chain([name(&folder.to, "")]).collect();
        let notes = ledger.notes.carried(Kind::Artifacts, &names)?;
        let mut files = Files {
            copier: &mut *self.copier,
            on_conflict: into.on_conflict,
            folder,
            notes: &notes,
            made: Vec::new(),
            missing: Missing::of(&refused),
        };
        let here: HashSet<String> = here.files.into_iter().map(|file| file.path).collect();
        let (known, new): (Vec<_>, Vec<_>) =
            there.iter().partition(|file| here.contains(&file.path));
        let begun = new
            .iter()
            .map(|file| (name(&folder.to, &file.path), 0, BEGUN));
        let mut made = Made::over(&notes);
        ledger.note(&mut made, begun.collect())?;
        files.each(&new, Files::copy);
        files.each(&known, Files::compare);
        let Files {
            made: mut done,
            missing,
            ..
        } = files;
        let outcome = missing.outcome();
        if outcome.is_ok() {
            done.push((name(&folder.to, ""), 0, WHOLE));
        }
        ledger.note(&mut made, done)?;
        match outcome {
            Ok(()) => Ok(Brought::Whole),
            Err(why) => ledger.failed(folder, why),
        }
    }

    /// Reads every file on both sides.
    fn compare(
        &mut self,
        folder: &Folder,
        there: &FolderFiles,
        here: &FolderFiles,
    ) -> Result<(), String> {
        let here = here.files.iter().map(|file| file.path.as_str());
        let here: HashSet<&str> = here.collect();
        let mut missing = Missing::of(&there.refused);
        for ListedFile { path, .. } in &there.files {
            if !here.contains(path.as_str()) {
                missing.add(path, "is not here");
                continue;
            }
            let theirs = self.copier.digest(&folder.from, path);
            let digests = theirs.and_then(|theirs| {
                let ours = self.copier.digest_here(&folder.to, path)?;
                Ok((theirs, ours))
            });
            match digests {
                Ok((theirs, ours)) if theirs == ours => {}
                Ok(_) => missing.add(path, "is another one here"),
                Err(why) => missing.add(path, &why),
            }
        }
        missing.outcome()
    }
}

/// Files of a folder that are not here as the source has them.
#[derive(Default)]
struct Missing {
    named: Vec<String>,
    count: usize,
}

impl Missing {
    fn of(refused: &[String]) -> Self {
        let mut missing = Self::default();
        let why = "has a name that no URL can have here";
        refused.iter().for_each(|path| missing.add(path, why));
        missing
    }

    fn add(&mut self, path: &str, why: &str) {
        self.count += 1;
        if self.named.len() < NAMED {
            self.named.push(format!("{path:?} {why}"));
        }
    }

    fn outcome(self) -> Result<(), String> {
        let named = self.named.join("; ");
        match self.count - self.named.len() {
            _ if self.count == 0 => Ok(()),
            0 => Err(named),
            more => Err(format!("{named}; and {more} more")),
        }
    }
}

/// The files of one folder on their way.
struct Files<'f> {
    copier: &'f mut dyn CopyArtifacts,
    on_conflict: OnConflict,
    folder: &'f Folder,
    notes: &'f HashMap<String, Carried>,
    /// Notes to make.
    made: Vec<Note>,
    missing: Missing,
}

/// A name, what the list says, and what it is.
type Note = (String, u128, u128);

impl Files<'_> {
    /// Does something about files, until it has failed for some in a row.
    fn each(
        &mut self,
        files: &[&ListedFile],
        mut work: impl FnMut(&mut Self, &ListedFile) -> Result<(), String>,
    ) {
        let mut in_a_row = 0;
        for (at, file) in files.iter().enumerate() {
            match work(self, file) {
                Ok(()) => in_a_row = 0,
                Err(why) => {
                    in_a_row += 1;
                    self.missing.add(&file.path, &why);
                }
            }
            if in_a_row == GIVE_UP {
                let rest = &files[at + 1..];
                rest.iter()
                    .for_each(|file| self.missing.add(&file.path, "was not tried"));
                break;
            }
        }
    }

    fn copy(&mut self, file: &ListedFile) -> Result<(), String> {
        let Folder { from, to, .. } = self.folder;
        let digest = self.copier.copy(from, to, &file.path)?;
        self.note(file, digest);
        Ok(())
    }

    /// A file that is here already.
    fn compare(&mut self, file: &ListedFile) -> Result<(), String> {
        let Folder { from, to, owner } = self.folder;
        let note = self.notes.get(&name(to, &file.path)).copied();
        let is_kept = note.is_some_and(|note| note.digest == Carried::KEPT);
        let is_asked_again = is_kept && self.on_conflict == OnConflict::Replace;
        let is_the_same = note.is_some_and(|note| note.signature == signature(file, *owner));
        if is_the_same && !is_asked_again {
            return Ok(());
        }
        let there = self.copier.digest(from, &file.path)?;
        let here = self.copier.digest_here(to, &file.path)?;
        let noted = note.map(|note| note.digest);
        match self.on_conflict {
            // The second has only been changed here.
            _ if there == here || noted == Some(there) => self.note(file, there),
            _ if noted == Some(here) || noted == Some(BEGUN) => self.copy(file)?,
            OnConflict::Replace => self.copy(file)?,
            OnConflict::Keep => self.note(file, Carried::KEPT),
            OnConflict::Fail => self.missing.add(&file.path, CHANGED_HERE),
        }
        Ok(())
    }

    fn note(&mut self, file: &ListedFile, digest: u128) {
        let is_young = file.changed.is_some_and(|changed| {
            let age = SystemTime::now().duration_since(changed);
            age.map_or(true, |age| age < YOUNG)
        });
        // What is kept is told by nothing else.
        let signature = match is_young && digest != Carried::KEPT {
            true => 0,
            false => signature(file, self.folder.owner),
        };
        let name = name(&self.folder.to, &file.path);
        self.made.push((name, signature, digest));
    }
}

/// What a list says of a file.
fn signature(file: &ListedFile, owner: u128) -> u128 {
    let since = |time: SystemTime| time.duration_since(UNIX_EPOCH).ok();
    let told = match file.changed {
        Some(time) => since(time).map_or(0, |time| time.as_nanos()),
        None => owner,
    };
    xxh3_128(format!("{} {told}", file.size).as_bytes())
}

/// What a file of ours is noted by, or its folder if it has no path: of any length for us, and
/// short for the database.
fn name(folder: &str, path: &str) -> String {
    tidemill_store::artifact_note(folder, path)
}

/// The notes that there are, while more are made.
struct Made<'n> {
    before: &'n HashMap<String, Carried>,
    now: HashMap<String, Carried>,
}

impl<'n> Made<'n> {
    fn over(before: &'n HashMap<String, Carried>) -> Self {
        Self {
            before,
            now: HashMap::new(),
        }
    }

    fn of(&self, name: &str) -> Option<Carried> {
        self.now.get(name).or(self.before.get(name)).copied()
    }
}

/// The notes about copied files, in the database that is imported into.
struct Ledger {
    notes: Notes,
    importer: Importer,
}

fn ledger<'l>(open: &'l mut Option<Ledger>, into: &Into) -> Result<&'l mut Ledger> {
    match open {
        Some(ledger) => Ok(ledger),
        none => Ok(none.insert(Ledger {
            importer: Importer::open(&into.database, &into.source)?,
            notes: Notes::open(&into.database, &into.source)?,
        })),
    }
}

impl Ledger {
    /// Makes these notes together, as far as they are new.
    fn note(&mut self, made: &mut Made<'_>, notes: Vec<Note>) -> Result<()> {
        let mut seen = HashSet::new();
        let notes: Vec<(String, Carried)> = notes
            .into_iter()
            .map(|(name, signature, digest)| (name, Carried { signature, digest }))
            .filter(|(name, note)| made.of(name) != Some(*note) && seen.insert(name.clone()))
            .collect();
        if notes.is_empty() {
            return Ok(());
        }
        self.importer.write(|writing| {
            for (name, note) in &notes {
                writing.note(Kind::Artifacts, name, *note, made.of(name))?;
            }
            Ok::<_, Error>(())
        })?;
        made.now.extend(notes);
        Ok(())
    }

    /// What it means that a folder could not be brought.
    fn failed(&mut self, folder: &Folder, why: String) -> Result<Brought> {
        let name = [name(&folder.to, "")];
        let noted = self.notes.carried(Kind::Artifacts, &name)?;
        Ok(match noted.is_empty() {
            true => Brought::Not(why),
            false => Brought::Outdated(why),
        })
    }
}
