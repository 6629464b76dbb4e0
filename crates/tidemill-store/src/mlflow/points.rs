//! Points of runs, in groups of runs that together have a bounded number of them. A run with more
//! is read in slices.

use std::collections::{HashMap, HashSet};

use diesel::prelude::*;
use diesel::sql_types::{Double, Nullable};
use tidemill_core::Result;
use tidemill_core::metrics::{Point, comparable, finite};
use tidemill_core::runs::RunId;
use tidemill_core::transfer::{CarriedRun, Fault, RunPiece};

use super::tables::{Bytes, Text, Whole, required, whole, whole_or_0};
use super::{MlflowDatabase, fault};
use crate::search::sql::Sql;

/// Everything that makes a point a different one.
#[derive(Queryable)]
struct Row {
    run: Bytes,
    key: Bytes,
    time: Option<i64>,
    step: Option<i64>,
    value: Option<f64>,
    is_nan: Option<i64>,
}

type RowType = (Text, Text, Whole, Whole, Nullable<Double>, Whole);

impl MlflowDatabase {
    /// These runs of the last page of heads, each with its points. Points that cannot be read are
    /// faults; the others of their run are carried.
    pub fn runs<E: From<tidemill_core::Error>>(
        &mut self,
        ids: &[RunId],
        each: &mut dyn FnMut(RunPiece) -> Result<(), E>,
        faults: &mut Vec<Fault>,
    ) -> Result<(), E> {
        let wanted: HashSet<&RunId> = ids.iter().collect();
        let page = self.page.iter();
        let page: Vec<(Option<CarriedRun>, usize)> = page
            .map(|run| {
                let is_wanted = wanted.contains(&run.run.run.info.id);
                let points = usize::try_from(run.points).unwrap_or(0);
                (is_wanted.then(|| run.run.clone()), points)
            })
            .collect();
        let mut group = Vec::new();
        // A group is read as everything from its first run to its last, with those between.
        let mut points = 0;
        for (run, more) in page {
            if points + more > self.points {
                points = 0;
                self.group(std::mem::take(&mut group), each, faults)?;
            }
            match run {
                Some(run) if more > self.points => self.long_run(run, each, faults)?,
                Some(run) => {
                    points += more;
                    group.push(run);
                }
                None if !group.is_empty() => points += more,
                None => {}
            }
        }
        self.group(group, each, faults)
    }

    /// Runs whose points are read at once. Between them in the table may be others, which are not
    /// wanted.
    fn group<E: From<tidemill_core::Error>>(
        &mut self,
        runs: Vec<CarriedRun>,
        each: &mut dyn FnMut(RunPiece) -> Result<(), E>,
        faults: &mut Vec<Fault>,
    ) -> Result<(), E> {
        if runs.is_empty() {
            return Ok(());
        }
        let id =
            |run: Option<&CarriedRun>| run.map(|run| run.run.info.id.0.clone()).unwrap_or_default();
        let mut sql = self.columns();
        sql.push(" WHERE run_uuid >= ").text(id(runs.first()));
        sql.push(" AND run_uuid <= ").text(id(runs.last()));
        let rows = self.load(sql)?;
        let mut by_run: HashMap<Vec<u8>, Vec<Row>> = HashMap::new();
        for mut row in rows {
            let run = row.run.take().unwrap_or_default();
            by_run.entry(run).or_default().push(row);
        }
        for run in runs {
            let id = run.run.info.id.clone();
            each(RunPiece::Run(Box::new(run)))?;
            let rows = by_run.remove(id.0.as_bytes()).unwrap_or_default();
            let whole = give(&id, rows, each, faults)?;
            each(RunPiece::End { whole })?;
        }
        Ok(())
    }

    /// A run with more points than may be held at once.
    fn long_run<E: From<tidemill_core::Error>>(
        &mut self,
        run: CarriedRun,
        each: &mut dyn FnMut(RunPiece) -> Result<(), E>,
        faults: &mut Vec<Fault>,
    ) -> Result<(), E> {
        let id = run.run.info.id.clone();
        each(RunPiece::Run(Box::new(run)))?;
        let mut keys = self.keys(&id)?;
        keys.sort_unstable();
        let mut whole = true;
        for key in keys {
            let mut after: Option<(i64, i64, f64, i64)> = None;
            loop {
                let mut rows = self.slice(&id, &key, after)?;
                let full = rows.len() >= self.points;
                let last = rows.iter().rev().find(|row| row.point().is_some());
                after = last.and_then(|row| {
                    Some((
                        row.time?,
                        row.step.unwrap_or(0),
                        row.value?,
                        row.is_nan.unwrap_or(0),
                    ))
                });
                // MySQL may take names for equal that are not.
                rows.retain(|row| {
                    row.key
                        .as_deref()
                        .is_none_or(|found| found == key.as_bytes())
                });
                whole &= give(&id, rows, each, faults)?;
                if full && after.is_none() {
                    let what = format!("points of metric {key} of run {id}");
                    faults.push(Fault::new(what, "too many of them are broken to read on"));
                }
                if !full || after.is_none() {
                    break;
                }
            }
        }
        each(RunPiece::End { whole })
    }

    /// The names of a run's metrics that can be read as text.
    fn keys(&mut self, run: &RunId) -> Result<Vec<String>> {
        let mut select = self.tables.select(self.dialect(), "metrics");
        let mut sql = Sql::default();
        sql.push("SELECT DISTINCT ")
            .append(select.text("key").columns());
        sql.push(" FROM metrics WHERE run_uuid = ")
            .text(run.as_str());
        let keys: Vec<Bytes> = sql.query::<Text>().load(&mut self.db).map_err(fault)?;
        Ok(keys
            .into_iter()
            .filter_map(|key| required(key, "key").ok())
            .collect())
    }

    fn slice(
        &mut self,
        run: &RunId,
        key: &str,
        after: Option<(i64, i64, f64, i64)>,
    ) -> Result<Vec<Row>> {
        let mut nan = self.tables.select(self.dialect(), "metrics");
        let nan = nan.flag("is_nan").columns();
        let mut sql = self.columns();
        sql.push(" WHERE run_uuid = ").text(run.as_str());
        sql.push(" AND \"key\" = ").text(key);
        if let Some((time, step, value, is_nan)) = after {
            sql.push(" AND (\"timestamp\", step, value, ")
                .append(nan.clone());
            sql.push(") > (")
                .int(time)
                .push(", ")
                .int(step)
                .push(", ")
                .double(value);
            sql.push(", ").int(is_nan).push(")");
        }
        sql.push(" ORDER BY \"timestamp\", step, value, ")
            .append(nan);
        sql.push(" LIMIT ")
            .number(i64::try_from(self.points).unwrap_or(i64::MAX));
        self.load(sql)
    }

    fn columns(&self) -> Sql {
        let mut select = self.tables.select(self.dialect(), "metrics");
        select.text("run_uuid").text("key").whole("timestamp");
        select.whole("step").real("value").flag("is_nan");
        select.all()
    }

    fn load(&mut self, sql: Sql) -> Result<Vec<Row>> {
        sql.query::<RowType>().load(&mut self.db).map_err(fault)
    }
}

/// Hands out the points of one run by metric, and says whether none was broken.
fn give<E>(
    run: &RunId,
    rows: Vec<Row>,
    each: &mut dyn FnMut(RunPiece) -> Result<(), E>,
    faults: &mut Vec<Fault>,
) -> Result<bool, E> {
    let mut by_key: HashMap<Vec<u8>, Vec<Point>> = HashMap::new();
    let mut broken = 0;
    for mut row in rows {
        match (row.key.take(), row.point()) {
            (Some(key), Some(point)) => by_key.entry(key).or_default().push(point),
            _ => broken += 1,
        }
    }
    for (key, points) in by_key {
        match required(Some(key), "key") {
            Ok(key) => each(RunPiece::Points { key, points })?,
            Err(_) => broken += points.len(),
        }
    }
    if broken > 0 {
        let what = format!("{broken} points of run {run}");
        let why = "a value is missing, of another type or not UTF-8";
        faults.push(Fault::new(what, why));
    }
    Ok(broken == 0)
}

impl Row {
    fn point(&self) -> Option<Point> {
        Some(Point {
            step: whole_or_0(self.step).ok()?,
            timestamp: whole(self.time).ok()??,
            value: match whole_or_0(self.is_nan).ok()? {
                0 => comparable(finite(self.value?)),
                _ => f64::NAN,
            },
        })
    }
}
