//! Searching runs (`runs/search`).

mod distinct;
mod driver;
mod general;
mod merge;
mod names;
mod order;
mod plan;
mod predicate;
mod walk;

use std::collections::HashMap;

use diesel::prelude::*;
use tidemill_core::Result;
use tidemill_core::experiments::ExperimentId;
use tidemill_core::lifecycle::ViewType;
use tidemill_core::page::Page;
use tidemill_core::runs::Run;
use tidemill_search::runs::{RunFilter, RunOrder};

use self::driver::Start;
use self::names::Names;
use self::plan::Asked;
use crate::Store;
use crate::connection::DbConnection;
use crate::dialect::among;
use crate::error::DbResult;
use crate::keys::KeyCache;
use crate::runs::{self, RunRow};
use crate::schema::{experiment, run};
use crate::search::{limit, page, token};

/// A search for runs, as it was asked.
#[derive(Debug, Clone, Default)]
pub struct RunSearch {
    /// Where to look; unknown ones hold nothing, none at all finds nothing.
    pub experiments: Vec<ExperimentId>,
    /// The filter's text; empty for none.
    pub filter: String,
    /// Texts such as `metrics.loss ASC`, the first one deciding.
    pub order_by: Vec<String>,
    /// Which lifecycle stages to look at.
    pub view: ViewType,
    /// At least 1 and at most 50000.
    pub max_results: i64,
    /// Where the last page ended.
    pub page_token: Option<String>,
}

impl Store {
    /// The runs that pass the filter, in order, one page at a time.
    ///
    /// Fails when the filter, an ordering, the page size or the page token is not valid.
    pub async fn search_runs(&self, search: RunSearch) -> Result<Page<Run>> {
        let filter = tidemill_search::runs::parse_filter(&search.filter)?;
        let order = tidemill_search::runs::parse_order_by(&search.order_by)?;
        let limit = limit::page_size(search.max_results)?;
        let keys = self.keys.clone();
        self.read(move |db| find(db, &keys, &search, &filter, &order, limit))
            .await
    }
}

fn find(
    db: &mut DbConnection,
    keys: &KeyCache,
    search: &RunSearch,
    filter: &RunFilter,
    order: &RunOrder,
    limit: i64,
) -> DbResult<Page<Run>> {
    let experiments = existing(db, &search.experiments)?;
    if experiments.is_empty() {
        return Ok(Page::empty());
    }
    let names = Names::resolve(db, keys, &experiments, filter, order)?;
    let terms = order::terms(order, &names);
    let place = token::place(search.page_token.as_deref(), &terms)?;
    let asked = Asked {
        experiments: &experiments,
        view: search.view,
        filter,
        order,
        terms: &terms,
        names: &names,
    };
    let ids = match driver::choose(db, &names, filter, asked.walked())? {
        Start::Nowhere => return Ok(Page::empty()),
        start => plan::run(db, start, &asked, place.as_deref(), limit + 1)?,
    };
    page::cut(
        ids,
        limit,
        |ids| load_in_order(db, keys, &ids),
        |last| order::place(last, order, &terms),
    )
}

/// The experiments that are there, each once.
fn existing(db: &mut DbConnection, wanted: &[ExperimentId]) -> DbResult<Vec<i64>> {
    let mut wanted: Vec<i64> = wanted.iter().map(|id| id.0).collect();
    wanted.sort_unstable();
    wanted.dedup();
    Ok(experiment::table
        .filter(among(db, "experiment.id", &wanted))
        .select(experiment::id)
        .order(experiment::id)
        .load(db)?)
}

/// Whole runs for these numbers, in their order.
fn load_in_order(db: &mut DbConnection, keys: &KeyCache, ids: &[i64]) -> DbResult<Vec<Run>> {
    let found: Vec<RunRow> = run::table
        .filter(among(db, "run.id", ids))
        .select(RunRow::as_select())
        .load(db)?;
    let mut rows: HashMap<i64, RunRow> = found.into_iter().map(|row| (row.id, row)).collect();
    let rows = ids.iter().filter_map(|id| rows.remove(id)).collect();
    runs::load(db, keys, rows)
}
