//! The ordering as terms, the outer joins they need, and a run's place in it.

use tidemill_core::runs::{Run, RunStatus};
use tidemill_core::tags::Tag;
use tidemill_search::order::OrderBy;
use tidemill_search::runs::{RunAttribute, RunSort};

use super::names::{Names, sort_name};
use super::predicate::table;
use crate::keys::KeyKind;
use crate::search::keyset::{self, Column, Kind, Term};
use crate::search::sql::Sql;
use crate::search::token::Mark;

/// The terms of an ordering. What follows the run's id decides nothing and is left out.
pub(super) fn terms(order: &[OrderBy<RunSort>], names: &Names) -> Vec<Term> {
    let deciding = keyset::deciding(order, &RunSort::Attribute(RunAttribute::RunId));
    deciding
        .iter()
        .enumerate()
        .map(|(number, by)| term(number, by, names))
        .collect()
}

fn term(number: usize, by: &OrderBy<RunSort>, names: &Names) -> Term {
    let own = |column, kind| Term::own(column, kind, by.ascending);
    match &by.field {
        RunSort::Attribute(attribute) => match attribute {
            RunAttribute::RunId => own("r.uuid", Kind::Text),
            RunAttribute::RunName => own("r.name", Kind::Text),
            RunAttribute::Status => own(STATUS_RANK, Kind::Int),
            RunAttribute::ArtifactUri => own("r.artifact_uri", Kind::Text),
            RunAttribute::UserId => own("r.user_id", Kind::Text),
            RunAttribute::StartTime => own("r.start_time", Kind::Int),
            RunAttribute::EndTime => own("r.end_time", Kind::NullableInt),
        },
        logged => Term {
            column: Column::Joined {
                number,
                owner: "run_id",
            },
            kind: logged_kind(logged, names),
            ascending: by.ascending,
        },
    }
}

fn logged_kind(sort: &RunSort, names: &Names) -> Kind {
    match sort_name(sort) {
        Some((kind, name)) if names.knows(kind, &name) => match kind {
            KeyKind::Metric => Kind::Metric,
            KeyKind::Param | KeyKind::Tag => Kind::NullableText,
        },
        _ => Kind::Absent,
    }
}

/// Statuses sort by name.
const STATUS_RANK: &str =
    "(CASE r.status WHEN 4 THEN 0 WHEN 3 THEN 1 WHEN 5 THEN 2 WHEN 1 THEN 3 ELSE 4 END)";

fn status_rank(status: RunStatus) -> i64 {
    match status {
        RunStatus::Failed => 0,
        RunStatus::Finished => 1,
        RunStatus::Killed => 2,
        RunStatus::Running => 3,
        RunStatus::Scheduled => 4,
    }
}

/// Writes the outer joins of the terms that need one.
pub(super) fn write_joins(
    sql: &mut Sql,
    order: &[OrderBy<RunSort>],
    terms: &[Term],
    names: &Names,
) {
    for (by, term) in order.iter().zip(terms) {
        let (Column::Joined { number, .. }, Some((kind, name))) =
            (term.column, sort_name(&by.field))
        else {
            continue;
        };
        if term.kind == Kind::Absent {
            continue;
        }
        sql.push(" LEFT JOIN ")
            .push(table(kind))
            .push(" o")
            .number(number as i64);
        sql.push(" ON o")
            .number(number as i64)
            .push(".run_id = r.id AND o");
        sql.number(number as i64);
        names.write_is(sql, ".key_id", kind, &name);
    }
}

/// Where `run` is in the ordering.
pub(super) fn place(run: &Run, order: &[OrderBy<RunSort>], terms: &[Term]) -> Vec<Mark> {
    order
        .iter()
        .zip(terms)
        .map(|(by, _)| mark(run, &by.field))
        .collect()
}

fn mark(run: &Run, sort: &RunSort) -> Mark {
    match sort {
        RunSort::Metric(key) => metric_mark(run, key),
        RunSort::Param(key) => text_mark(
            run.params
                .iter()
                .find(|param| param.key == *key)
                .map(|param| &param.value),
        ),
        RunSort::Tag(key) => text_mark(tag(&run.tags, key)),
        RunSort::Attribute(attribute) => attribute_mark(run, *attribute),
    }
}

fn metric_mark(run: &Run, key: &str) -> Mark {
    match run.metrics.iter().find(|metric| metric.key == key) {
        None => Mark::Missing,
        Some(metric) if metric.value.is_nan() => Mark::NaN,
        Some(metric) => Mark::Float(metric.value),
    }
}

fn tag<'a>(tags: &'a [Tag], key: &str) -> Option<&'a String> {
    tags.iter().find(|tag| tag.key == key).map(|tag| &tag.value)
}

fn text_mark(value: Option<&String>) -> Mark {
    value.map_or(Mark::Missing, |value| Mark::Text(value.clone()))
}

fn attribute_mark(run: &Run, attribute: RunAttribute) -> Mark {
    let info = &run.info;
    match attribute {
        RunAttribute::RunId => Mark::Text(info.id.0.clone()),
        RunAttribute::RunName => Mark::Text(info.name.clone()),
        RunAttribute::Status => Mark::Int(status_rank(info.status)),
        RunAttribute::ArtifactUri => Mark::Text(info.artifact_uri.clone()),
        RunAttribute::UserId => Mark::Text(info.user_id.clone()),
        RunAttribute::StartTime => Mark::Int(info.start_time),
        RunAttribute::EndTime => info.end_time.map_or(Mark::Missing, Mark::Int),
    }
}
