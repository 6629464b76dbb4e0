//! Searching logged models (`logged-models/search`).

mod order;
mod predicate;
mod token;

use std::collections::HashMap;

use diesel::prelude::*;
use diesel::sql_types::BigInt;
use tidemill_core::experiments::ExperimentId;
use tidemill_core::lifecycle::ViewType;
use tidemill_core::logged_models::LoggedModel;
use tidemill_core::page::Page;
use tidemill_core::{Error, Result};
use tidemill_search::logged_models::{
    DatasetFilter, LoggedModelFilter, LoggedModelOrder, OrderByClause, parse_filter, parse_order_by,
};

use self::token::Place;
use super::{LoggedModelRow, load};
use crate::Store;
use crate::connection::DbConnection;
use crate::dialect::{Dialect, among};
use crate::error::DbResult;
use crate::schema::logged_model;
use crate::search::keyset::{self, Term};
use crate::search::sql::Sql;
use crate::search::stages;
use crate::search::token::Mark;

/// A search for logged models, as it was asked.
#[derive(Debug, Clone, Default)]
pub struct LoggedModelSearch {
    /// Where to look; unknown ones hold nothing, none at all finds nothing.
    pub experiments: Vec<ExperimentId>,
    /// The filter's text; empty for none.
    pub filter: String,
    /// Limits what conditions on metrics see.
    pub datasets: Vec<DatasetFilter>,
    /// The first one decides.
    pub order_by: Vec<OrderByClause>,
    /// Zero for the usual 50.
    pub max_results: i64,
    /// Where the last page ended; belongs to the experiments, filter and ordering above.
    pub page_token: Option<String>,
}

/// The page size when none is asked for.
const USUAL: i64 = 50;
/// MLflow knows no limit. Ours is what fits into memory with ease; the token leads on.
const MOST: i64 = 10_000;

impl Store {
    /// The active logged models that pass the filter, in order, one page at a time.
    ///
    /// Fails when the filter, a dataset, an ordering, the page size or the page token is not
    /// valid, or when the token is another search's.
    pub async fn search_logged_models(
        &self,
        search: LoggedModelSearch,
    ) -> Result<Page<LoggedModel>> {
        if search
            .datasets
            .iter()
            .any(|dataset| dataset.name.is_empty())
        {
            return Err(Error::invalid_parameter(
                "`dataset_name` in the `datasets` clause must be specified.",
            ));
        }
        let place = token::decode(&search)?;
        let limit = page_size(search.max_results)?;
        let filter = parse_filter(&search.filter)?;
        let order = parse_order_by(&search.order_by)?;
        self.read(move |db| {
            let page = Asked {
                search: &search,
                filter: &filter,
                order: &order,
            };
            page.find(db, place.as_ref(), limit)
        })
        .await
    }
}

fn page_size(max_results: i64) -> Result<i64> {
    match max_results {
        ..0 => Err(Error::invalid_parameter(format!(
            "Invalid value {max_results} for parameter 'max_results' supplied. It must be a positive integer"
        ))),
        0 => Ok(USUAL),
        some => Ok(some.min(MOST)),
    }
}

/// What to find.
struct Asked<'a> {
    search: &'a LoggedModelSearch,
    filter: &'a LoggedModelFilter,
    order: &'a LoggedModelOrder,
}

impl Asked<'_> {
    fn find(
        &self,
        db: &mut DbConnection,
        place: Option<&Place>,
        limit: i64,
    ) -> DbResult<Page<LoggedModel>> {
        if self.search.experiments.is_empty() {
            return Ok(Page::empty());
        }
        let terms = order::terms(self.order);
        let marks = place.map(|place| place.fitting(&terms)).transpose()?;
        let sql = self.statement(Dialect::of(db), &terms, marks, limit + 1);
        let mut ids: Vec<i64> = sql.query::<BigInt>().load(db)?;
        let more = ids.len() as i64 > limit;
        ids.truncate(limit as usize);
        let items = load_in_order(db, &ids)?;
        let next_page_token = match items.last() {
            Some(last) if more => Some(token::encode(
                self.search,
                order::place(last, self.order, &terms),
            )?),
            _ => None,
        };
        Ok(Page {
            items,
            next_page_token,
        })
    }

    /// The inner statement adds the sort values of metrics as columns, so that the outer one
    /// can order by them and compare them with the place.
    fn statement(
        &self,
        dialect: Dialect,
        terms: &[Term],
        place: Option<&[Mark]>,
        limit: i64,
    ) -> Sql {
        let mut sql = Sql::default();
        sql.push("SELECT m.id FROM (SELECT l.*");
        order::write_metrics(&mut sql, self.order, terms);
        sql.push(" FROM logged_model l WHERE l.experiment_id IN (");
        sql.numbers(self.search.experiments.iter().map(|id| id.0))
            .push(") AND ");
        stages::write(&mut sql, "l.stage", ViewType::ActiveOnly);
        sql.push(" AND ");
        predicate::write(&mut sql, dialect, self.search, self.filter);
        sql.push(") m");
        if let Some(place) = place {
            sql.push(" WHERE ");
            keyset::write_after(&mut sql, terms, place);
        }
        sql.push(" ORDER BY ");
        keyset::write_order(&mut sql, terms);
        sql.push(" LIMIT ").int(limit);
        sql
    }
}

fn load_in_order(db: &mut DbConnection, ids: &[i64]) -> DbResult<Vec<LoggedModel>> {
    let found: Vec<LoggedModelRow> = logged_model::table
        .filter(among(db, "logged_model.id", ids))
        .select(LoggedModelRow::as_select())
        .load(db)?;
    let mut rows: HashMap<i64, LoggedModelRow> =
        found.into_iter().map(|row| (row.id, row)).collect();
    load(db, ids.iter().filter_map(|id| rows.remove(id)).collect())
}
