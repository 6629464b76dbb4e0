//! Traces, which are not carried.

use super::experiments::Homes;
use super::root::{Root, join};

/// How many there are.
#[derive(Debug, Default)]
pub(super) struct Traces {
    /// Traces.
    pub(super) traces: usize,
    /// What people and judges said of them.
    pub(super) assessments: usize,
}

/// What is in the experiments' folders.
pub(super) fn count(root: &Root, homes: &Homes) -> Traces {
    let mut counted = Traces::default();
    for home in homes.values() {
        let folder = join(&home.folder, "traces");
        for trace in root.list_if_there(&folder).unwrap_or_default() {
            let folder = join(&folder, &trace.name);
            if root.has(&join(&folder, "trace_info.yaml")) {
                counted.traces += 1;
                let assessments = root.list_if_there(&join(&folder, "assessments"));
                counted.assessments += assessments.unwrap_or_default().len();
            }
        }
    }
    counted
}
