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
use tidemill_search::expr::{Comparison, Test, TextOp};
use tidemill_search::order::OrderBy;

use crate::Store;
use crate::connection::DbConnection;
use crate::dialect::Dialect;
use crate::error::DbResult;
use crate::experiments::{ExperimentRow, load};
use crate::schema::experiment;
use crate::search::keyset::{self, Kind, Term};
use crate::search::page;
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
        let order = tidemill_search::experiments::parse_order_by(&search.order_by)?;
        let terms = terms(&order);
        let place = token::place(search.page_token.as_deref(), &terms)?;
        let view = search.view;
        self.read(move |db| {
            let condition = condition(Dialect::of(db), &filter, view, &terms, place.as_deref());
            find(db, condition, &order, &terms, limit)
        })
        .await
    }
}

fn find(
    db: &mut DbConnection,
    condition: Sql,
    order: &ExperimentOrder,
    terms: &[Term],
    limit: i64,
) -> DbResult<Page<Experiment>> {
    let rows: Vec<ExperimentRow> = experiment::table
        .filter(condition.expression::<Bool>())
        .order(keyset::ordering(terms))
        .limit(limit + 1)
        .select(ExperimentRow::as_select())
        .load(db)?;
    page::cut(
        rows,
        limit,
        |rows| load(db, rows),
        |last| place(last, order, terms),
    )
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
    tree::write(&mut sql, filter, &mut |sql, comparison| {
        compare(sql, dialect, comparison)
    });
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
            let test = test::write_negation(sql, test);
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

/// The experiment's number is compared as text, of which the filter has the usual form.
fn number(sql: &mut Sql, test: &Test) {
    let (texts, operator, empty) = match test {
        Test::Text(TextOp::Eq, text) => (std::slice::from_ref(text), " IN (", "1 = 0"),
        Test::Text(TextOp::Ne, text) => (std::slice::from_ref(text), " NOT IN (", "1 = 1"),
        Test::In(texts) => (&texts[..], " IN (", "1 = 0"),
        Test::NotIn(texts) => (&texts[..], " NOT IN (", "1 = 1"),
        test => return test::integer(sql, "experiment.id", test),
    };
    let numbers: Vec<i64> = texts.iter().filter_map(|text| text.parse().ok()).collect();
    match numbers[..] {
        [] => drop(sql.push(empty)),
        _ => drop(
            sql.push("experiment.id")
                .push(operator)
                .numbers(numbers)
                .push(")"),
        ),
    }
}

/// The terms of an ordering. What follows the experiment's number decides nothing.
fn terms(order: &[OrderBy<ExperimentAttribute>]) -> Vec<Term> {
    keyset::deciding(order, &ExperimentAttribute::ExperimentId)
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
    order
        .iter()
        .zip(terms)
        .map(|(by, _)| mark(by.field))
        .collect()
}
