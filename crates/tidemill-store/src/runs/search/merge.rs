//! Merging the experiments and stages of a search, each read in the order of the search.
//!
//! A page of a hundred experiments needs a few runs of each, seldom a page of each. So every
//! range is read in portions, and again, with larger ones, when its portion is used up.

use std::cmp::Ordering;
use std::collections::VecDeque;

use crate::connection::DbConnection;
use crate::error::DbResult;
use crate::search::token::Mark;

use super::walk::{ByMetric, Hit, Range};

/// The smallest portion.
const PORTION: i64 = 16;

/// What the runs are ordered by; ties go by start time, newest first, then by id.
pub(super) enum Sort<'a> {
    Start,
    Metric { name: &'a str, ascending: bool },
}

struct Stream<'a> {
    range: Range<'a>,
    after: Option<Hit>,
    waiting: VecDeque<Hit>,
    portion: i64,
    exhausted: bool,
}

/// The next `limit` runs of all ranges after `place`.
pub(super) fn merge(
    db: &mut DbConnection,
    ranges: Vec<Range<'_>>,
    sort: &Sort<'_>,
    place: Option<Hit>,
    limit: i64,
) -> DbResult<Vec<Hit>> {
    let portion = match ranges.len() as i64 {
        ..=1 => limit,
        many => (2 * limit / many).clamp(PORTION, limit.max(PORTION)),
    };
    let mut streams: Vec<Stream<'_>> = ranges
        .into_iter()
        .map(|range| Stream {
            range,
            after: place.clone(),
            waiting: VecDeque::new(),
            portion,
            exhausted: false,
        })
        .collect();
    let mut merged = Vec::new();
    while (merged.len() as i64) < limit {
        for stream in &mut streams {
            stream.fill(db, sort, limit)?;
        }
        let next = streams
            .iter_mut()
            .filter(|stream| !stream.waiting.is_empty())
            .min_by(|a, b| sort.order(a.waiting.front(), b.waiting.front()))
            .and_then(|stream| stream.waiting.pop_front());
        let Some(hit) = next else { break };
        merged.push(hit);
    }
    Ok(merged)
}

impl Stream<'_> {
    fn fill(&mut self, db: &mut DbConnection, sort: &Sort<'_>, most: i64) -> DbResult<()> {
        if self.exhausted || !self.waiting.is_empty() {
            return Ok(());
        }
        let after = self.after.as_ref();
        let found = match sort {
            Sort::Start => self.range.by_start(db, after, self.portion)?,
            Sort::Metric { name, ascending } => {
                let by = ByMetric {
                    name,
                    key: self.range.metric(name),
                    ascending: *ascending,
                };
                self.range.by_metric(db, &by, after, self.portion)?
            }
        };
        self.exhausted = (found.len() as i64) < self.portion;
        self.portion = (self.portion * 4).min(most.max(PORTION));
        self.after = found.last().cloned().or(self.after.take());
        self.waiting = found.into();
        Ok(())
    }
}

impl Sort<'_> {
    fn order(&self, a: Option<&Hit>, b: Option<&Hit>) -> Ordering {
        let (Some(a), Some(b)) = (a, b) else {
            return b.is_some().cmp(&a.is_some());
        };
        self.by_mark(&a.mark, &b.mark).then_with(|| a.tie_order(b))
    }

    fn by_mark(&self, a: &Mark, b: &Mark) -> Ordering {
        match (self, a, b) {
            (Self::Metric { ascending, .. }, Mark::Float(a), Mark::Float(b)) => {
                let order = a.partial_cmp(b).unwrap_or(Ordering::Equal);
                if *ascending { order } else { order.reverse() }
            }
            _ => phase(a).cmp(&phase(b)),
        }
    }
}

fn phase(mark: &Mark) -> u8 {
    match mark {
        Mark::NaN => 1,
        Mark::Missing => 2,
        _ => 0,
    }
}
