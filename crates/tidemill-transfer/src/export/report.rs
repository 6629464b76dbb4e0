//! What an export has to say.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use tidemill_core::transfer::{Fault, Kind};

use crate::Count;
use crate::report::{Listed, VerifyReport, as_texts, by_name, show, show_faults};

/// How many things of one kind went out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Exported {
    /// In our database.
    pub read: u64,
    /// In the target now.
    pub written: u64,
}

/// What an export did.
#[derive(Debug, Default, Serialize)]
pub struct ExportReport {
    /// Where from.
    pub source: String,
    /// Where to.
    pub target: String,
    /// What became of each kind.
    #[serde(serialize_with = "by_name")]
    pub kinds: BTreeMap<Kind, Exported>,
    /// Points of metrics that were written.
    pub points: u64,
    /// What the target cannot hold, and why.
    #[serde(serialize_with = "as_texts")]
    pub faults: Listed<Fault>,
    /// What MLflow has no place for, with how many there are.
    pub left_out: Vec<Count>,
    /// What was found when everything was read back.
    pub verified: VerifyReport,
    /// How long it took.
    pub seconds: f64,
}

impl ExportReport {
    /// Whether everything is there now, as it is here.
    pub fn is_good(&self) -> bool {
        let read_back = self.verified.is_good() && self.verified.faults.count == 0;
        self.faults.count == 0 && read_back
    }
}

impl fmt::Display for ExportReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "from {} to {}", self.source, self.target)?;
        for (kind, exported) in &self.kinds {
            let (written, read) = (exported.written, exported.read);
            writeln!(f, "  {}s: {written} of {read} written", kind.as_str())?;
        }
        writeln!(f, "  metric points written: {}", self.points)?;
        for left_out in &self.left_out {
            writeln!(f, "  left out: {} {}", left_out.count, left_out.what)?;
        }
        show_faults(f, "cannot be held there", &self.faults)?;
        show_faults(f, "cannot be read back", &self.verified.faults)?;
        show(f, "not the same there", &self.verified.differences)?;
        if self.is_good() {
            writeln!(f, "  all of it was read back, and is the same")?;
        }
        writeln!(f, "  took {:.1} s", self.seconds)
    }
}
