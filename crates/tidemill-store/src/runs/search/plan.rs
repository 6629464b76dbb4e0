//! Choosing the way a search is run.
//!
//! Few runs can pass: look at those. The ordering has an index: walk it, range by range.
//! Otherwise: let the database sort.

use tidemill_core::lifecycle::ViewType;
use tidemill_search::order::OrderBy;
use tidemill_search::runs::{RunAttribute, RunFilter, RunSort};

use super::driver::Start;
use super::general;
use super::merge::{Sort, merge};
use super::names::Names;
use super::walk::{Hit, Range};
use crate::connection::DbConnection;
use crate::error::DbResult;
use crate::search::keyset::{Kind, Term};
use crate::search::stages;
use crate::search::token::Mark;

/// What to find.
pub(super) struct Asked<'a> {
    pub(super) experiments: &'a [i64],
    pub(super) view: ViewType,
    pub(super) filter: &'a RunFilter,
    pub(super) order: &'a [OrderBy<RunSort>],
    pub(super) terms: &'a [Term],
    pub(super) names: &'a Names,
}

/// Numbers of the runs that come after `place`, in order, at most `limit`.
pub(super) fn run(
    db: &mut DbConnection,
    start: Start,
    asked: &Asked<'_>,
    place: Option<&[Mark]>,
    limit: i64,
) -> DbResult<Vec<i64>> {
    let sort = match start {
        Start::From(driver) => return general::find(db, asked, Some(driver), place, limit),
        _ => asked.indexed(),
    };
    let Some(sort) = sort else {
        return general::find(db, asked, None, place, limit);
    };
    let place = place.map(|marks| asked.hit(marks));
    let hits = merge(db, asked.ranges(), &sort, place, limit)?;
    Ok(hits.into_iter().map(|hit| hit.id).collect())
}

impl Asked<'_> {
    /// The metric whose index the search would walk.
    pub(super) fn walked(&self) -> Option<&str> {
        match self.indexed() {
            Some(Sort::Metric { name, .. }) => Some(name),
            _ => None,
        }
    }

    /// The ordering, if there is an index for it.
    fn indexed(&self) -> Option<Sort<'_>> {
        let deciding: Vec<_> = self
            .order
            .iter()
            .zip(self.terms)
            .filter(|(_, term)| term.kind != Kind::Absent)
            .map(|(by, _)| (&by.field, by.ascending))
            .collect();
        let newest = (&RunSort::Attribute(RunAttribute::StartTime), false);
        let by_id = (&RunSort::Attribute(RunAttribute::RunId), true);
        match deciding[..] {
            [first, last] if first == newest && last == by_id => Some(Sort::Start),
            [(RunSort::Metric(name), ascending), middle, last]
                if middle == newest && last == by_id =>
            {
                Some(Sort::Metric { name, ascending })
            }
            _ => None,
        }
    }

    /// Each experiment and stage by itself.
    fn ranges(&self) -> Vec<Range<'_>> {
        let stages: Vec<i64> = stages::shown(self.view).collect();
        self.experiments
            .iter()
            .flat_map(|experiment| stages.iter().map(move |stage| (*experiment, *stage)))
            .map(|(experiment, stage)| Range {
                experiment,
                stage,
                filter: self.filter,
                names: self.names.within(experiment),
            })
            .collect()
    }

    /// The place that a token names, for an ordering that has an index.
    fn hit(&self, marks: &[Mark]) -> Hit {
        let mut hit = Hit {
            id: 0,
            mark: Mark::Missing,
            start_time: i64::MAX,
            uuid: String::new(),
        };
        for (term, mark) in self.terms.iter().zip(marks) {
            match (term.kind, mark) {
                (Kind::Absent, _) => {}
                (Kind::Int, Mark::Int(start)) => hit.start_time = *start,
                (Kind::Text, Mark::Text(uuid)) => hit.uuid.clone_from(uuid),
                (_, mark) => hit.mark = mark.clone(),
            }
        }
        hit
    }
}
