//! Reading the runs of one experiment and stage in the order of an index.
//!
//! By start time the index has the whole ordering. By a metric's value it lacks the
//! tie-breakers, so runs are read a group of equal values at a time: whole groups are sorted
//! here, and the group in which a page ends is asked for by itself. Values come first, then
//! NaN, then runs without the metric, each a phase of its own: one outer join over all of
//! them would read every run.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Double, Nullable, Text};
use tidemill_search::expr::{Comparison, Expr, NumberOp, Test};
use tidemill_search::runs::{RunField, RunFilter};

use super::driver::{FEW, conditions, parts};
use super::names::Names;
use super::predicate::{self, At};
use crate::connection::DbConnection;
use crate::dialect::{Dialect, Walk, walk_starts, walk_values};
use crate::error::DbResult;
use crate::keys::KeyKind;
use crate::search::sql::Sql;
use crate::search::test;
use crate::search::token::Mark;

/// A run that was found, and what it is sorted by.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Hit {
    pub(super) id: i64,
    /// The metric's value, if that is the ordering.
    pub(super) mark: Mark,
    pub(super) start_time: i64,
    pub(super) uuid: String,
}

/// What a search of one experiment and stage needs to know.
pub(super) struct Range<'a> {
    pub(super) experiment: i64,
    pub(super) stage: i64,
    pub(super) filter: &'a RunFilter,
    pub(super) names: Names,
}

/// The metric to order by.
pub(super) struct ByMetric<'a> {
    pub(super) name: &'a str,
    /// Its number in the range's experiment; without one, every run lacks it.
    pub(super) key: Option<i64>,
    pub(super) ascending: bool,
}

/// A place among runs with the same value.
type Tie<'a> = Option<(i64, &'a str)>;

impl Hit {
    fn tie(&self) -> (std::cmp::Reverse<i64>, &str) {
        (std::cmp::Reverse(self.start_time), &self.uuid)
    }

    /// The order of the tie-breakers: newest first, then by id.
    pub(super) fn tie_order(&self, other: &Self) -> std::cmp::Ordering {
        self.tie().cmp(&other.tie())
    }
}

impl Range<'_> {
    /// The number of a metric here.
    pub(super) fn metric(&self, name: &str) -> Option<i64> {
        self.names.numbers(KeyKind::Metric, name).next()
    }

    /// The next `limit` runs by start time.
    pub(super) fn by_start(
        &self,
        db: &mut DbConnection,
        after: Option<&Hit>,
        limit: i64,
    ) -> DbResult<Vec<Hit>> {
        self.walk(db, None, after.map(tie_of), limit, &Mark::Missing)
    }

    /// The next `limit` runs by a metric.
    pub(super) fn by_metric(
        &self,
        db: &mut DbConnection,
        by: &ByMetric<'_>,
        after: Option<&Hit>,
        limit: i64,
    ) -> DbResult<Vec<Hit>> {
        let mut hits = Vec::new();
        let phases = self.phases(by);
        let (mut value, mut nan, mut missing) = (None, None, None);
        let mut first = Phase::Values;
        if let Some(hit) = after {
            match hit.mark {
                Mark::Float(bound) => {
                    self.group(db, by, Some(bound), Some(tie_of(hit)), limit, &mut hits)?;
                    value = Some(bound);
                }
                Mark::NaN => (first, nan) = (Phase::NaN, Some(tie_of(hit))),
                _ => (first, missing) = (Phase::Missing, Some(tie_of(hit))),
            }
        }
        for phase in phases.iter().filter(|phase| **phase >= first) {
            let room = limit - hits.len() as i64;
            if room == 0 {
                break;
            }
            match phase {
                Phase::Values => self.values(db, by, value, room, &mut hits)?,
                Phase::NaN => self.group(db, by, None, nan, room, &mut hits)?,
                Phase::Missing => {
                    let lacks = by.key.map(|key| {
                        let mut sql = Sql::default();
                        sql.push("NOT EXISTS (SELECT 1 FROM metric_latest o WHERE o.run_id = r.id AND o.key_id = ");
                        sql.int(key).push(")");
                        sql
                    });
                    hits.extend(self.walk(db, lacks, missing, room, &Mark::Missing)?);
                }
            }
        }
        Ok(hits)
    }

    /// The phases in which the filter leaves any runs.
    fn phases(&self, by: &ByMetric<'_>) -> &'static [Phase] {
        if by.key.is_none() {
            return &[Phase::Missing];
        }
        let tests = || self.tests_of(by);
        if tests().any(is_range) {
            &[Phase::Values]
        } else if tests().any(|test| *test != Test::IsNull) {
            &[Phase::Values, Phase::NaN]
        } else {
            &[Phase::Values, Phase::NaN, Phase::Missing]
        }
    }

    fn tests_of<'s>(&'s self, by: &'s ByMetric<'_>) -> impl Iterator<Item = &'s Test> {
        conditions(self.filter)
            .into_iter()
            .filter(
                |condition| matches!(&condition.field, RunField::Metric(name) if name == by.name),
            )
            .map(|condition| &condition.test)
    }

    /// The next `room` runs whose value comes after `bound`, in whole groups but for the last.
    fn values(
        &self,
        db: &mut DbConnection,
        by: &ByMetric<'_>,
        bound: Option<f64>,
        room: i64,
        hits: &mut Vec<Hit>,
    ) -> DbResult<()> {
        let mut found = self.read_values(db, by, bound, room + 1)?;
        let mut split = None;
        if found.len() as i64 > room {
            let extra = found.pop().map(|hit| hit.mark);
            if found.last().map(|hit| &hit.mark) == extra.as_ref() {
                found.retain(|hit| Some(&hit.mark) != extra.as_ref());
                split = extra;
            }
        }
        for group in found.chunk_by_mut(|a, b| a.mark == b.mark) {
            group.sort_by(Hit::tie_order);
        }
        let room = room - found.len() as i64;
        hits.extend(found);
        match split {
            Some(Mark::Float(value)) => self.group(db, by, Some(value), None, room, hits),
            _ => Ok(()),
        }
    }

    fn read_values(
        &self,
        db: &mut DbConnection,
        by: &ByMetric<'_>,
        bound: Option<f64>,
        limit: i64,
    ) -> DbResult<Vec<Hit>> {
        let mut sql = self.select_values(db, by);
        match bound {
            None => drop(sql.push(" AND m.value IS NOT NULL")),
            Some(bound) => {
                sql.push(if by.ascending {
                    " AND m.value > "
                } else {
                    " AND m.value < "
                });
                sql.double(bound);
            }
        }
        sql.push(if by.ascending {
            " ORDER BY m.value"
        } else {
            " ORDER BY m.value DESC"
        });
        sql.push(" LIMIT ").int(limit);
        self.load_values(db, sql)
    }

    /// Conditions on the metric itself become bounds of the index, those on whatever else was
    /// logged are probed next, and the run's row comes last.
    fn select_values(&self, db: &DbConnection, by: &ByMetric<'_>) -> Sql {
        let dialect = Dialect::of(db);
        let mut on_run = Sql::default();
        on_run.push("r.experiment_id = ").int(self.experiment);
        on_run.push(" AND r.stage = ").number(self.stage);
        let mut probes = Sql::default();
        for part in parts(self.filter) {
            if self.is_bound(by, part) {
                continue;
            }
            let mut at = At::run(dialect, &self.names);
            let target = match predicate::is_probe(part) {
                true => {
                    at.run = "m.run_id";
                    &mut probes
                }
                false => &mut on_run,
            };
            if !target.is_empty() {
                target.push(" AND ");
            }
            predicate::write(target, at, part);
        }
        let Walk { from, condition } = walk_values(dialect, probes, on_run);
        let mut sql = Sql::default();
        sql.push("SELECT r.id, r.start_time, r.uuid, m.value")
            .append(from);
        sql.push(" WHERE m.key_id = ")
            .int(by.key.unwrap_or_default());
        for test in self.tests_of(by).filter(|test| is_range(test)) {
            sql.push(" AND ");
            test::metric(&mut sql, "m.value", test);
        }
        if !condition.is_empty() {
            sql.push(" AND ").append(condition);
        }
        sql
    }

    fn is_bound(&self, by: &ByMetric<'_>, part: &RunFilter) -> bool {
        matches!(part, Expr::Compare(Comparison { field: RunField::Metric(name), test })
            if name == by.name && is_range(test))
    }

    fn load_values(&self, db: &mut DbConnection, sql: Sql) -> DbResult<Vec<Hit>> {
        let query = sql.query::<(BigInt, BigInt, Text, Nullable<Double>)>();
        let query = if is_trivial(self.filter) {
            query.cached()
        } else {
            query
        };
        let rows: Vec<(i64, i64, String, Option<f64>)> = query.load(db)?;
        Ok(rows
            .into_iter()
            .map(|(id, start_time, uuid, value)| Hit {
                id,
                start_time,
                uuid,
                mark: value.map_or(Mark::NaN, Mark::Float),
            })
            .collect())
    }

    /// The next `room` runs among those with this value, `None` being NaN. A small group is
    /// sorted here; in a large one, runs by start time are mostly members.
    fn group(
        &self,
        db: &mut DbConnection,
        by: &ByMetric<'_>,
        value: Option<f64>,
        after: Tie<'_>,
        room: i64,
        hits: &mut Vec<Hit>,
    ) -> DbResult<()> {
        if count_group(db, by, value)? > FEW {
            let mark = value.map_or(Mark::NaN, Mark::Float);
            hits.extend(self.walk(db, Some(is_member(by, value)), after, room, &mark)?);
            return Ok(());
        }
        let mut sql = self.select_values(db, by);
        write_value(sql.push(" AND "), "m.value", value);
        let mut found = self.load_values(db, sql)?;
        found.retain(|hit| after.is_none_or(|(start, uuid)| is_after(hit, start, uuid)));
        found.sort_by(Hit::tie_order);
        found.truncate(room as usize);
        hits.extend(found);
        Ok(())
    }

    /// The next `room` runs by start time that pass `extra` as well. The place is two ranges
    /// of the index: its own start time, and all earlier ones.
    fn walk(
        &self,
        db: &mut DbConnection,
        extra: Option<Sql>,
        after: Tie<'_>,
        room: i64,
        mark: &Mark,
    ) -> DbResult<Vec<Hit>> {
        let mut hits = Vec::new();
        let mut earlier = Sql::default();
        if let Some((start, uuid)) = after {
            let mut same = Sql::default();
            same.push(" AND r.start_time = ")
                .int(start)
                .push(" AND r.uuid > ")
                .text(uuid);
            hits = self.walk_range(db, extra.clone(), same, room, mark)?;
            earlier.push(" AND r.start_time < ").int(start);
        }
        let room = room - hits.len() as i64;
        if room > 0 {
            hits.extend(self.walk_range(db, extra, earlier, room, mark)?);
        }
        Ok(hits)
    }

    fn walk_range(
        &self,
        db: &mut DbConnection,
        extra: Option<Sql>,
        range: Sql,
        room: i64,
        mark: &Mark,
    ) -> DbResult<Vec<Hit>> {
        let dialect = Dialect::of(db);
        let Walk { from, condition } = walk_starts(dialect, self.condition(dialect, extra));
        let mut sql = Sql::default();
        sql.push("SELECT r.id, r.start_time, r.uuid").append(from);
        sql.push(" WHERE r.experiment_id = ").int(self.experiment);
        sql.push(" AND r.stage = ").number(self.stage).append(range);
        if !condition.is_empty() {
            sql.push(" AND ").append(condition);
        }
        sql.push(" ORDER BY r.start_time DESC, r.uuid LIMIT ")
            .int(room);
        let query = sql.query::<(BigInt, BigInt, Text)>();
        let query = if is_trivial(self.filter) {
            query.cached()
        } else {
            query
        };
        let rows: Vec<(i64, i64, String)> = query.load(db)?;
        Ok(rows
            .into_iter()
            .map(|(id, start_time, uuid)| Hit {
                id,
                start_time,
                uuid,
                mark: mark.clone(),
            })
            .collect())
    }

    fn condition(&self, dialect: Dialect, extra: Option<Sql>) -> Sql {
        let mut sql = extra.unwrap_or_default();
        if !is_trivial(self.filter) {
            if !sql.is_empty() {
                sql.push(" AND ");
            }
            predicate::write(&mut sql, At::run(dialect, &self.names), self.filter);
        }
        sql
    }
}

/// The phases of an ordering by a metric, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Values,
    NaN,
    Missing,
}

fn tie_of(hit: &Hit) -> (i64, &str) {
    (hit.start_time, &hit.uuid)
}

fn is_after(hit: &Hit, start_time: i64, uuid: &str) -> bool {
    hit.start_time < start_time || hit.start_time == start_time && hit.uuid.as_str() > uuid
}

fn is_trivial(filter: &RunFilter) -> bool {
    matches!(filter, Expr::All(parts) if parts.is_empty())
}

/// Tests that only numbers pass.
fn is_range(test: &Test) -> bool {
    match test {
        Test::Number(op, _) => *op != NumberOp::Ne,
        Test::Between(..) => true,
        _ => false,
    }
}

fn write_value(sql: &mut Sql, column: &'static str, value: Option<f64>) {
    sql.push(column);
    match value {
        Some(value) => drop(sql.push(" = ").double(value)),
        None => drop(sql.push(" IS NULL")),
    }
}

fn is_member(by: &ByMetric<'_>, value: Option<f64>) -> Sql {
    let mut sql = Sql::default();
    sql.push("EXISTS (SELECT 1 FROM metric_latest o WHERE o.run_id = r.id AND o.key_id = ");
    sql.int(by.key.unwrap_or_default()).push(" AND ");
    write_value(&mut sql, "o.value", value);
    sql.push(")");
    sql
}

fn count_group(db: &mut DbConnection, by: &ByMetric<'_>, value: Option<f64>) -> DbResult<i64> {
    let mut sql = Sql::default();
    sql.push("SELECT count(*) FROM (SELECT o.run_id FROM metric_latest o WHERE o.key_id = ");
    sql.int(by.key.unwrap_or_default()).push(" AND ");
    write_value(&mut sql, "o.value", value);
    sql.push(" LIMIT ").int(FEW + 1).push(") c");
    Ok(sql.query::<BigInt>().cached().get_result(db)?)
}
