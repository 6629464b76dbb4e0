//! Searching registered models (`registered-models/search`).

use diesel::prelude::*;
use diesel::sql_types::Bool;
use tidemill_core::Result;
use tidemill_core::page::Page;
use tidemill_core::registry::RegisteredModel;
use tidemill_search::expr::Comparison;
use tidemill_search::prompts::{IS_PROMPT, Prompts};
use tidemill_search::registered_models::{
    RegisteredModelField, RegisteredModelFilter, RegisteredModelOrder, RegisteredModelSort,
};

use super::{ModelRow, load_models};
use crate::Store;
use crate::connection::DbConnection;
use crate::dialect::Dialect;
use crate::error::DbResult;
use crate::schema::registered_model;
use crate::search::keyset::{self, Kind, Term};
use crate::search::page;
use crate::search::sql::Sql;
use crate::search::token::{self, Mark};
use crate::search::{limit, test, tree};

/// A search for registered models, as it was asked.
#[derive(Debug, Clone, Default)]
pub struct RegisteredModelSearch {
    /// The filter's text; empty for none.
    pub filter: String,
    /// Texts such as `name ASC`, the first one deciding.
    pub order_by: Vec<String>,
    /// At most 1000. Zero and less find nothing, but say that there may be more.
    pub max_results: i64,
    /// Where the last page ended.
    pub page_token: Option<String>,
}

/// The most models in a page.
const MOST: i64 = 1000;

impl Store {
    /// The registered models that pass the filter, in order, one page at a time. Prompts are
    /// left out unless the filter asks for them.
    ///
    /// Fails when the filter, an ordering, the page size or the page token is not valid.
    pub async fn search_registered_models(
        &self,
        search: RegisteredModelSearch,
    ) -> Result<Page<RegisteredModel>> {
        if search.max_results > MOST {
            return Err(limit::registry_page_too_large(MOST, search.max_results));
        }
        let filter = tidemill_search::registered_models::parse_filter(&search.filter)?;
        let order = tidemill_search::registered_models::parse_order_by(&search.order_by)?;
        let terms = terms(&order);
        let place = token::place(search.page_token.as_deref(), &terms)?;
        if search.max_results <= 0 {
            let next_page_token = Some(token::encode(&place.unwrap_or_default())?);
            return Ok(Page {
                items: Vec::new(),
                next_page_token,
            });
        }
        self.read(move |db| {
            let condition = condition(Dialect::of(db), &filter, &terms, place.as_deref());
            find(db, condition, &order, &terms, search.max_results)
        })
        .await
    }
}

fn find(
    db: &mut DbConnection,
    condition: Sql,
    order: &RegisteredModelOrder,
    terms: &[Term],
    limit: i64,
) -> DbResult<Page<RegisteredModel>> {
    let rows: Vec<ModelRow> = registered_model::table
        .filter(condition.expression::<Bool>())
        .order(keyset::ordering(terms))
        .limit(limit + 1)
        .select(ModelRow::as_select())
        .load(db)?;
    page::cut(
        rows,
        limit,
        |rows| load_models(db, rows),
        |last| place(last, order, terms),
    )
}

fn condition(
    dialect: Dialect,
    filter: &RegisteredModelFilter,
    terms: &[Term],
    place: Option<&[Mark]>,
) -> Sql {
    let mut sql = Sql::default();
    tree::write(&mut sql, &filter.condition, &mut |sql, comparison| {
        compare(sql, dialect, comparison);
    });
    if filter.prompts == Prompts::Hidden {
        sql.push(" AND NOT EXISTS (SELECT 1 FROM registered_model_tag p WHERE p.model_id = registered_model.id AND p.name = ");
        sql.text(IS_PROMPT).push(" AND p.value = 'true')");
    }
    if let Some(place) = place {
        sql.push(" AND ");
        keyset::write_after(&mut sql, terms, place);
    }
    sql
}

fn compare(sql: &mut Sql, dialect: Dialect, comparison: &Comparison<RegisteredModelField>) {
    match &comparison.field {
        RegisteredModelField::Name => {
            test::text(sql, dialect, "registered_model.name", &comparison.test);
        }
        RegisteredModelField::Tag(key) => {
            let test = test::write_negation(sql, &comparison.test);
            sql.push("EXISTS (SELECT 1 FROM registered_model_tag t WHERE t.model_id = registered_model.id AND t.name = ");
            sql.text(key).push(" AND ");
            test::text(sql, dialect, "t.value", test);
            sql.push(")");
        }
    }
}

fn terms(order: &RegisteredModelOrder) -> Vec<Term> {
    keyset::deciding(order, &RegisteredModelSort::Name)
        .iter()
        .map(|by| {
            let (column, kind) = match by.field {
                RegisteredModelSort::Name => ("registered_model.name", Kind::Text),
                RegisteredModelSort::LastUpdatedTime => {
                    ("registered_model.last_updated_time", Kind::Int)
                }
            };
            Term::own(column, kind, by.ascending)
        })
        .collect()
}

fn place(model: &RegisteredModel, order: &RegisteredModelOrder, terms: &[Term]) -> Vec<Mark> {
    let mark = |sort| match sort {
        RegisteredModelSort::Name => Mark::Text(model.name.clone()),
        RegisteredModelSort::LastUpdatedTime => Mark::Int(model.last_updated_time),
    };
    order
        .iter()
        .zip(terms)
        .map(|(by, _)| mark(by.field))
        .collect()
}
