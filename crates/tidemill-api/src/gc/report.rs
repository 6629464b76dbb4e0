//! What a purge has to say.

use std::fmt;

use serde::Serialize;
use tidemill_artifacts::Usage;

use super::GcOptions;

/// How many of each are listed; the others are counted.
const LISTED: usize = 1000;

/// Things with a bound on how many are listed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Listed<T> {
    /// How many there are.
    pub count: u64,
    /// The first of them.
    pub first: Vec<T>,
}

impl<T> Default for Listed<T> {
    fn default() -> Self {
        Self {
            count: 0,
            first: Vec::new(),
        }
    }
}

impl<T> Listed<T> {
    pub(super) fn push(&mut self, item: T) {
        self.count += 1;
        if self.first.len() < LISTED {
            self.first.push(item);
        }
    }
}

/// Something about one thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Remark {
    /// What it is, such as `run 0123abc`.
    pub what: String,
    /// What there is to say.
    pub why: String,
}

impl Remark {
    pub(super) fn new(what: impl Into<String>, why: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            why: why.into(),
        }
    }
}

/// How much files are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Size {
    /// How many.
    pub files: u64,
    /// What they hold.
    pub bytes: u64,
}

impl Size {
    pub(super) fn add(&mut self, usage: Usage) {
        self.files += usage.files;
        self.bytes += usage.bytes;
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} files, {} bytes", self.files, self.bytes)
    }
}

/// Folders of artifacts that belong to nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Orphans {
    /// The folders that were found, as they are called below the artifacts destination.
    pub found: Listed<String>,
    /// What they hold.
    pub size: Size,
    /// How many of them changed too recently to go.
    pub recent: u64,
    /// How many went, or would go.
    pub purged: u64,
}

/// Multipart uploads in a bucket that were begun and never ended.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct MultipartUploads {
    /// The files that they were to become, as they are called below the artifacts destination.
    pub found: Listed<String>,
    /// How many of them may still go on.
    pub recent: u64,
    /// How many were ended, or would be.
    pub aborted: u64,
    /// Why not all of them could be listed, if that is so.
    pub unlisted: Option<String>,
}

/// What a purge did, or would do.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct GcReport {
    /// Whether nothing was changed because that was not wanted.
    pub dry_run: bool,
    /// How long ago it had to be deleted.
    pub older_than: String,
    /// Runs that went.
    pub runs: Listed<String>,
    /// Their metric points; repeated ones may count more than once.
    pub points: u64,
    /// Datasets that nothing refers to any more; not known before they go.
    pub datasets: u64,
    /// Logged models that went.
    pub logged_models: Listed<String>,
    /// Experiments that went.
    pub experiments: Listed<String>,
    /// What was left of deleted model versions.
    pub versions: u64,
    /// The artifacts of all these.
    pub artifacts: Size,
    /// Artifacts that stay although what they belong to went.
    pub left: Listed<Remark>,
    /// What stays although it was deleted long enough ago, because something needs it.
    pub kept: Listed<Remark>,
    /// What could not be purged, and stays to be tried again.
    pub failed: Listed<Remark>,
    /// Folders of artifacts that belong to nothing.
    pub orphans: Orphans,
    /// What was left of uploads that were cut off.
    pub cut_uploads: Size,
    /// The same in a bucket.
    pub multipart_uploads: MultipartUploads,
    /// How long it took.
    pub seconds: f64,
}

impl GcReport {
    pub(super) fn new(options: &GcOptions) -> Self {
        Self {
            dry_run: options.dry_run,
            older_than: options.older_than.to_string(),
            ..Self::default()
        }
    }

    /// Whether everything went that was to go.
    pub fn is_good(&self) -> bool {
        self.failed.count == 0
    }
}

impl fmt::Display for GcReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let purged = match self.dry_run {
            true => "would be purged (nothing was changed)",
            false => "purged",
        };
        writeln!(f, "deleted {} ago or longer: {purged}", self.older_than)?;
        writeln!(
            f,
            "  runs: {}, with {} metric points",
            self.runs.count, self.points
        )?;
        writeln!(f, "  logged models: {}", self.logged_models.count)?;
        writeln!(f, "  experiments: {}", self.experiments.count)?;
        match self.dry_run {
            true => writeln!(f, "  datasets: those that no other run has read")?,
            false => writeln!(f, "  datasets: {}", self.datasets)?,
        }
        writeln!(
            f,
            "  what was left of deleted model versions: {}",
            self.versions
        )?;
        writeln!(f, "  artifacts: {}", self.artifacts)?;
        if self.dry_run {
            show_names(f, "run", &self.runs)?;
            show_names(f, "logged model", &self.logged_models)?;
            show_names(f, "experiment", &self.experiments)?;
        }
        show(f, "artifacts left where they are", &self.left)?;
        show(f, "kept", &self.kept)?;
        show(f, "failed", &self.failed)?;
        if self.orphans.found.count > 0 {
            let Orphans {
                found,
                size,
                recent,
                purged,
            } = &self.orphans;
            writeln!(
                f,
                "  folders that belong to nothing: {} ({size}), {recent} of them too recent, {purged} purged",
                found.count
            )?;
            show_names(f, "folder", found)?;
        }
        if self.cut_uploads.files > 0 {
            writeln!(f, "  uploads that were cut off: {}", self.cut_uploads)?;
        }
        let MultipartUploads {
            found,
            recent,
            aborted,
            unlisted,
        } = &self.multipart_uploads;
        if found.count > 0 {
            writeln!(
                f,
                "  multipart uploads that were not ended: {}, {recent} of them too recent, {aborted} aborted",
                found.count
            )?;
            show_names(f, "multipart upload to", found)?;
        }
        if let Some(why) = unlisted {
            writeln!(f, "  not all multipart uploads could be listed: {why}")?;
        }
        writeln!(f, "  took {:.1} s", self.seconds)
    }
}

fn show_names(f: &mut fmt::Formatter<'_>, what: &str, names: &Listed<String>) -> fmt::Result {
    for name in &names.first {
        writeln!(f, "  {what} {name}")?;
    }
    more(f, names)
}

fn show(f: &mut fmt::Formatter<'_>, how: &str, remarks: &Listed<Remark>) -> fmt::Result {
    for Remark { what, why } in &remarks.first {
        writeln!(f, "  {how}: {what}: {why}")?;
    }
    more(f, remarks)
}

fn more<T>(f: &mut fmt::Formatter<'_>, listed: &Listed<T>) -> fmt::Result {
    match listed.count - listed.first.len() as u64 {
        0 => Ok(()),
        more => writeln!(f, "  and {more} more"),
    }
}
