//! What an import or a verification has to say.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use tidemill_core::transfer::{Fault, Kind};

use crate::Count;

/// How many faults, conflicts and differences are listed; the others are counted.
const LISTED: usize = 1000;

/// What became of the things of one kind.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// In the source, as far as it was asked for.
    pub read: u64,
    /// New here.
    pub added: u64,
    /// Changed in the source since they were carried, and brought up to date here.
    pub updated: u64,
    /// The same on both sides, or in the source as it was when it was carried.
    pub unchanged: u64,
    /// Changed here since it was carried, and not in the source: left as it is.
    pub changed_here: u64,
    /// Different, and kept as they are here.
    pub kept: u64,
    /// Different, and replaced by what the source has.
    pub replaced: u64,
    /// Different, and left for somebody to decide.
    pub conflicts: u64,
    /// Not in the source any more, and removed here, or deleted if they are logged models.
    pub removed: u64,
    /// Left out: their experiment could not be carried.
    pub left_out: u64,
}

/// Something that differs between the source and here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// What it is, such as `run 0123abc`.
    pub what: String,
    /// What differs, the source's side first.
    pub how: Vec<String>,
}

/// Things with a bound on how many are listed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Listed<T> {
    /// The first of them.
    pub first: Vec<T>,
    /// How many there are.
    pub count: u64,
}

impl<T> Default for Listed<T> {
    fn default() -> Self {
        Self {
            first: Vec::new(),
            count: 0,
        }
    }
}

impl<T> Listed<T> {
    /// Adds one.
    pub fn push(&mut self, item: T) {
        self.count += 1;
        if self.first.len() < LISTED {
            self.first.push(item);
        }
    }
}

impl<T> Extend<T> for Listed<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, items: I) {
        items.into_iter().for_each(|item| self.push(item));
    }
}

impl<T> Listed<T> {
    /// Adds others, listed or only counted.
    pub(crate) fn append(&mut self, others: Self) {
        let only_counted = others.count - others.first.len() as u64;
        self.extend(others.first);
        self.count += only_counted;
    }
}

/// What an import did.
#[derive(Debug, Default, Serialize)]
pub struct ImportReport {
    /// Where from.
    pub source: String,
    /// Whether nothing was written because that was not wanted.
    pub dry_run: bool,
    /// What became of each kind.
    #[serde(serialize_with = "by_name")]
    pub kinds: BTreeMap<Kind, Tally>,
    /// Points of metrics that were written.
    pub points: u64,
    /// How many of the runs that were written have their artifacts below each of these places. The
    /// artifacts stay there.
    pub artifacts: BTreeMap<String, u64>,
    /// What could not be carried because it is broken in the source.
    #[serde(serialize_with = "as_texts")]
    pub faults: Listed<Fault>,
    /// Whose artifacts were to be copied and could not be, all or some of them.
    #[serde(serialize_with = "as_texts")]
    pub uncopied: Listed<Fault>,
    /// What differs, and was left for somebody to decide.
    pub conflicts: Listed<Difference>,
    /// Kinds that cannot be carried yet, with how many there are.
    pub left_out: Vec<Count>,
    /// What is not here as it was read; `None` when that was not looked at.
    pub verified: Option<VerifyReport>,
    /// How long it took.
    pub seconds: f64,
}

/// What a verification found.
#[derive(Debug, Default, Serialize)]
pub struct VerifyReport {
    /// How many things of each kind were compared.
    #[serde(serialize_with = "by_name")]
    pub compared: BTreeMap<Kind, u64>,
    /// Things that are not here, or not the same.
    pub differences: Listed<Difference>,
    /// Experiments with another number of runs here.
    pub runs_by_experiment: Listed<Difference>,
    /// What cannot be read in the source.
    #[serde(serialize_with = "as_texts")]
    pub faults: Listed<Fault>,
}

impl VerifyReport {
    /// Whether everything that could be read is here, and the same.
    pub fn is_good(&self) -> bool {
        self.differences.count == 0 && self.runs_by_experiment.count == 0
    }
}

impl ImportReport {
    /// Whether everything that could be read is here now.
    pub fn is_good(&self) -> bool {
        let all_carried = self.kinds.values().all(|tally| tally.left_out == 0);
        let verified = self.verified.as_ref().is_none_or(VerifyReport::is_good);
        all_carried && self.conflicts.count == 0 && self.uncopied.count == 0 && verified
    }
}

pub(crate) fn by_name<T: Serialize, S: serde::Serializer>(
    kinds: &BTreeMap<Kind, T>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_map(kinds.iter().map(|(kind, value)| (kind.as_str(), value)))
}

pub(crate) fn as_texts<S: serde::Serializer>(
    faults: &Listed<Fault>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let first = faults.first.iter();
    let texts = Listed {
        first: first
            .map(|fault| format!("{}: {}", fault.what, fault.why))
            .collect(),
        count: faults.count,
    };
    texts.serialize(serializer)
}

impl fmt::Display for ImportReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let would = if self.dry_run {
            " (nothing was written)"
        } else {
            ""
        };
        writeln!(f, "from {}{would}", self.source)?;
        for (kind, tally) in &self.kinds {
            writeln!(f, "  {}s: {tally}", kind.as_str())?;
        }
        writeln!(f, "  metric points written: {}", self.points)?;
        for (place, runs) in &self.artifacts {
            writeln!(
                f,
                "  artifacts stay where they are: {runs} runs below {place}"
            )?;
            match place {
                place if is_folder(place) => {
                    writeln!(f, "    to serve them: --local-artifact-roots {place}")?;
                }
                place if !place.contains(':') => writeln!(
                    f,
                    "    that is relative to where MLflow was started; such artifacts are not served"
                )?,
                _ => {}
            }
        }
        for left_out in &self.left_out {
            writeln!(f, "  not carried: {} {}", left_out.count, left_out.what)?;
        }
        if self.kinds.values().any(|tally| tally.left_out > 0) {
            writeln!(
                f,
                "  what was left out comes with the next import, if its experiment was made meanwhile"
            )?;
        }
        show_faults(f, "broken in the source", &self.faults)?;
        show_faults(f, "not copied", &self.uncopied)?;
        show(f, "differs on both sides", &self.conflicts)?;
        if let Some(verified) = &self.verified {
            verified.show(f, self.is_good())?;
        }
        writeln!(f, "  took {:.1} s", self.seconds)
    }
}

fn is_folder(place: &str) -> bool {
    place.starts_with('/') || place.starts_with("file:")
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} read", self.read)?;
        let parts = [
            (self.added, "added"),
            (self.updated, "brought up to date"),
            (self.unchanged, "unchanged"),
            (self.changed_here, "changed only here"),
            (self.kept, "kept as they are here"),
            (self.replaced, "replaced"),
            (self.removed, "gone from the source and removed"),
            (self.conflicts, "in conflict"),
            (
                self.left_out,
                "left out because their experiment is not here (yet)",
            ),
        ];
        for (count, what) in parts.into_iter().filter(|(count, _)| *count > 0) {
            write!(f, ", {count} {what}")?;
        }
        Ok(())
    }
}

impl fmt::Display for VerifyReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.show(f, true)
    }
}

impl VerifyReport {
    /// `is_everything` says whether nothing was left out of what was compared.
    fn show(&self, f: &mut fmt::Formatter<'_>, is_everything: bool) -> fmt::Result {
        for (kind, count) in &self.compared {
            writeln!(f, "  compared: {count} {}s", kind.as_str())?;
        }
        show_faults(f, "broken in the source", &self.faults)?;
        show(f, "another number of runs", &self.runs_by_experiment)?;
        show(f, "not the same here", &self.differences)?;
        match (self.is_good(), self.faults.count) {
            (true, _) if !is_everything => {
                writeln!(f, "  what was carried is here, and the same")
            }
            (true, 0) => writeln!(f, "  all of it is here, and the same"),
            (true, _) => writeln!(f, "  all that can be read is here, and the same"),
            (false, _) => Ok(()),
        }
    }
}

pub(crate) fn show_faults(
    f: &mut fmt::Formatter<'_>,
    what: &str,
    faults: &Listed<Fault>,
) -> fmt::Result {
    for fault in &faults.first {
        writeln!(f, "  {what}: {}: {}", fault.what, fault.why)?;
    }
    more(f, faults)
}

pub(crate) fn show(
    f: &mut fmt::Formatter<'_>,
    what: &str,
    differences: &Listed<Difference>,
) -> fmt::Result {
    for difference in &differences.first {
        writeln!(f, "  {what}: {}", difference.what)?;
        for how in &difference.how {
            writeln!(f, "    {how}")?;
        }
    }
    more(f, differences)
}

fn more<T>(f: &mut fmt::Formatter<'_>, listed: &Listed<T>) -> fmt::Result {
    match listed.count - listed.first.len() as u64 {
        0 => Ok(()),
        more => writeln!(f, "  and {more} more"),
    }
}
