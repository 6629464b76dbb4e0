//! Searching experiments (`experiments/search`).

use diesel::prelude::*;
use diesel::sql_types::Bool;
use tidemill_core::Result;
use tidemill_core::experiments::Experiment;
use tidemill_core::lifecycle::ViewType;
use tidemill_core::page::Page;
use tidemill_search::experiments::{
    ExperimentAttribute, ExperimentField, ExperimentFilter, ExperimentOrder,
};
use tidemill_search::expr::{Comparison, Test};
use tidemill_search::order::OrderBy;

use crate::Store;
use crate::connection::DbConnection;
use crate::dialect::Dialect;
use crate::error::DbResult;
use crate::experiments::{ExperimentRow, load};
use crate::schema::experiment;
use crate::search::keyset::{self, Kind, Term};
use crate::search::sql::Sql;
use crate::search::token::{self, Mark};
use crate::search::{limit, stages, test, tree};

/// A search for experiments, as it was asked.
#[derive(Debug, Clone, Default)]
pub struct ExperimentSearch {
    /// The filter's text; empty for none.
    pub filter: String,
    /// Texts such as `name ASC`, the first one deciding.
    pub order_by: Vec<String>,
    /// Which lifecycle stages to look at.
    pub view: ViewType,
    /// At least 1 and at most 50000.
    pub max_results: i64,
    /// Where the last page ended.
    pub page_token: Option<String>,
}

impl Store {
    /// The experiments that pass the filter, in order, one page at a time.
    ///
    /// Fails when the filter, an ordering, the page size or the page token is not valid.
    pub async fn search_experiments(&self, search: ExperimentSearch) -> Result<Page<Experiment>> {
        let limit = limit::page_size(search.max_results)?;
        let filter = tidemill_search::experiments::parse_filter(&search.filter)?;
        let order = tidemill_search::experiments::parse_order(&search.order_by)?;
        let place: Option<Vec<Mark>> = token::decode(search.page_token.as_deref())?;
        let terms = terms(&order);
        if let Some(place) = place.as_ref().filter(|place| !keyset::fits(&terms, place)) {
            return Err(token::stray(&format!("{place:?}")));
        }
        let view = search.view;
        self.read(move |db| {
            let condition = condition(Dialect::of(db), &filter, view, &terms, place.as_deref());
            page(db, condition, &order, &terms, limit)
        })
        .await
    }
}

fn page(
    db: &mut DbConnection,
    condition: Sql,
    order: &ExperimentOrder,
    terms: &[Term],
    limit: i64,
) -> DbResult<Page<Experiment>> {
    let mut ordering = Sql::default();
    keyset::write_order(&mut ordering, terms);
    let mut rows: Vec<ExperimentRow> = experiment::table
        .filter(condition.expression::<Bool>())
        .order(ordering.expression::<Bool>())
        .limit(limit + 1)
        .select(ExperimentRow::as_select())
        .load(db)?;
    let more = rows.len() as i64 > limit;
    rows.truncate(limit as usize);
    let items = load(db, rows)?;
    let next_page_token = match items.last() {
        Some(last) if more => Some(token::encode(&place(last, order, terms))?),
        _ => None,
    };
    Ok(Page { items, next_page_token })
}

fn condition(
    dialect: Dialect,
    filter: &ExperimentFilter,
    view: ViewType,
    terms: &[Term],
    place: Option<&[Mark]>,
) -> Sql {
    let mut sql = Sql::default();
    stages::write(&mut sql, "experiment.stage", view);
    sql.push(" AND ");
    tree::write(&mut sql, filter, &mut |sql, comparison| compare(sql, dialect, comparison));
    if let Some(place) = place {
        sql.push(" AND ");
        keyset::write_after(&mut sql, terms, place);
    }
    sql
}

fn compare(sql: &mut Sql, dialect: Dialect, comparison: &Comparison<ExperimentField>) {
    let test = &comparison.test;
    match &comparison.field {
        ExperimentField::Attribute(attribute) => property(sql, dialect, *attribute, test),
        ExperimentField::Tag(key) => {
            let (negation, test) = match test {
                Test::IsNull => ("NOT ", &Test::IsNotNull),
                test => ("", test),
            };
            sql.push(negation);
            sql.push("EXISTS (SELECT 1 FROM experiment_tag t WHERE t.experiment_id = experiment.id AND t.name = ");
            sql.text(key).push(" AND ");
            test::text(sql, dialect, "t.value", test);
            sql.push(")");
        }
    }
}

fn property(sql: &mut Sql, dialect: Dialect, attribute: ExperimentAttribute, test: &Test) {
    match attribute {
        ExperimentAttribute::Name => test::text(sql, dialect, "experiment.name", test),
        ExperimentAttribute::CreationTime => test::integer(sql, "experiment.creation_time", test),
        ExperimentAttribute::LastUpdateTime => {
            test::integer(sql, "experiment.last_update_time", test);
        }
        ExperimentAttribute::ExperimentId => number(sql, test),
    }
}

/// The experiment's number: `IN` gives texts of numbers, and only the usual form is one's own.
fn number(sql: &mut Sql, test: &Test) {
    let (list, operator, empty) = match test {
        Test::In(list) => (list, " IN (", "1 = 0"),
        Test::NotIn(list) => (list, " NOT IN (", "1 = 1"),
        test => return test::integer(sql, "experiment.id", test),
    };
    let numbers: Vec<i64> = list
        .iter()
        .filter_map(|text| text.parse().ok().filter(|number: &i64| number.to_string() == *text))
        .collect();
    match numbers[..] {
        [] => drop(sql.push(empty)),
        _ => drop(sql.push("experiment.id").push(operator).numbers(numbers).push(")")),
    }
}

/// The terms of an ordering. What follows the experiment's number decides nothing.
fn terms(order: &[OrderBy<ExperimentAttribute>]) -> Vec<Term> {
    let deciding = order
        .iter()
        .position(|by| by.field == ExperimentAttribute::ExperimentId)
        .map_or(order.len(), |unique| unique + 1);
    order[..deciding]
        .iter()
        .map(|by| {
            let (column, kind) = match by.field {
                ExperimentAttribute::Name => ("experiment.name", Kind::Text),
                ExperimentAttribute::ExperimentId => ("experiment.id", Kind::Int),
                ExperimentAttribute::CreationTime => ("experiment.creation_time", Kind::Int),
                ExperimentAttribute::LastUpdateTime => ("experiment.last_update_time", Kind::Int),
            };
            Term::own(column, kind, by.ascending)
        })
        .collect()
}

fn place(
    experiment: &Experiment,
    order: &[OrderBy<ExperimentAttribute>],
    terms: &[Term],
) -> Vec<Mark> {
    let mark = |attribute| match attribute {
        ExperimentAttribute::Name => Mark::Text(experiment.name.clone()),
        ExperimentAttribute::ExperimentId => Mark::Int(experiment.id.0),
        ExperimentAttribute::CreationTime => Mark::Int(experiment.creation_time),
        ExperimentAttribute::LastUpdateTime => Mark::Int(experiment.last_update_time),
    };
    order.iter().zip(terms).map(|(by, _)| mark(by.field)).collect()
}
