//! Searching model versions (`model-versions/search`).

use diesel::prelude::*;
use diesel::sql_types::Bool;
use tidemill_core::page::Page;
use tidemill_core::registry::ModelVersion;
use tidemill_core::{Error, Result};
use tidemill_search::expr::Comparison;
use tidemill_search::model_versions::{
    ModelVersionAttribute, ModelVersionField, ModelVersionFilter, ModelVersionOrder,
    ModelVersionSort,
};
use tidemill_search::prompts::{IS_PROMPT, Prompts};

use super::VersionRow;
use super::load::load_versions;
use crate::Store;
use crate::connection::DbConnection;
use crate::dialect::Dialect;
use crate::error::DbResult;
use crate::schema::{model_version, registered_model};
use crate::search::keyset::{self, Kind, Term};
use crate::search::page;
use crate::search::sql::Sql;
use crate::search::token::{self, Mark};
use crate::search::{limit, test, tree};

/// A search for model versions, as it was asked.
#[derive(Debug, Clone, Default)]
pub struct ModelVersionSearch {
    /// The filter's text; empty for none.
    pub filter: String,
    /// Texts such as `name ASC`, the first one deciding.
    pub order_by: Vec<String>,
    /// At least 1 and at most 200000.
    pub max_results: i64,
    /// Where the last page ended.
    pub page_token: Option<String>,
}

/// The most versions in a page.
const MOST: i64 = 200_000;

impl Store {
    /// The versions that pass the filter, in order, one page at a time, without their aliases.
    /// Those of prompts are left out unless the filter asks for them.
    ///
    /// Fails when the filter, an ordering, the page size or the page token is not valid.
    pub async fn search_model_versions(
        &self,
        search: ModelVersionSearch,
    ) -> Result<Page<ModelVersion>> {
        let limit = page_size(search.max_results)?;
        let filter = tidemill_search::model_versions::parse_filter(&search.filter)?;
        let order = tidemill_search::model_versions::parse_order_by(&search.order_by)?;
        let terms = terms(&order);
        let place = token::place(search.page_token.as_deref(), &terms)?;
        self.read(move |db| {
            let condition = condition(Dialect::of(db), &filter, &terms, place.as_deref());
            find(db, condition, &order, &terms, limit)
        })
        .await
    }
}

fn page_size(max_results: i64) -> Result<i64> {
    match max_results {
        ..=0 => Err(Error::invalid_parameter(format!(
            "Invalid value for max_results. It must be a positive integer, but got {max_results}"
        ))),
        1..=MOST => Ok(max_results),
        _ => Err(limit::registry_page_too_large(MOST, max_results)),
    }
}

fn find(
    db: &mut DbConnection,
    condition: Sql,
    order: &ModelVersionOrder,
    terms: &[Term],
    limit: i64,
) -> DbResult<Page<ModelVersion>> {
    let rows: Vec<VersionRow> = model_version::table
        .inner_join(registered_model::table)
        .filter(model_version::stage.is_not_null())
        .filter(condition.expression::<Bool>())
        .order(keyset::ordering(terms))
        .limit(limit + 1)
        .select(VersionRow::as_select())
        .load(db)?;
    page::cut(
        rows,
        limit,
        |rows| load_versions(db, rows),
        |last| place(last, order),
    )
}

/// Prompts are left out as whole models, as soon as one version of theirs has the tag.
fn condition(
    dialect: Dialect,
    filter: &ModelVersionFilter,
    terms: &[Term],
    place: Option<&[Mark]>,
) -> Sql {
    let mut sql = Sql::default();
    tree::write(&mut sql, &filter.condition, &mut |sql, comparison| {
        compare(sql, dialect, comparison);
    });
    if filter.prompts == Prompts::Hidden {
        sql.push(" AND model_version.model_id NOT IN (SELECT v.model_id FROM model_version_tag p JOIN model_version v ON v.id = p.version_id WHERE p.name = ");
        sql.text(IS_PROMPT).push(" AND p.value = 'true')");
    }
    if let Some(place) = place {
        sql.push(" AND ");
        keyset::write_after(&mut sql, terms, place);
    }
    sql
}

fn compare(sql: &mut Sql, dialect: Dialect, comparison: &Comparison<ModelVersionField>) {
    match &comparison.field {
        ModelVersionField::Attribute(attribute) => {
            let text = match attribute {
                ModelVersionAttribute::Name => "registered_model.name",
                ModelVersionAttribute::RunId => "model_version.run_uuid",
                ModelVersionAttribute::SourcePath => "model_version.source",
                ModelVersionAttribute::VersionNumber => {
                    return test::integer(sql, "model_version.version", &comparison.test);
                }
            };
            test::text(sql, dialect, text, &comparison.test);
        }
        ModelVersionField::Tag(key) => {
            let test = test::write_negation(sql, &comparison.test);
            sql.push("EXISTS (SELECT 1 FROM model_version_tag t WHERE t.version_id = model_version.id AND t.name = ");
            sql.text(key).push(" AND ");
            test::text(sql, dialect, "t.value", test);
            sql.push(")");
        }
    }
}

fn terms(order: &ModelVersionOrder) -> Vec<Term> {
    order
        .iter()
        .map(|by| {
            let (column, kind) = match by.field {
                ModelVersionSort::Name => ("registered_model.name", Kind::Text),
                ModelVersionSort::VersionNumber => ("model_version.version", Kind::Int),
                ModelVersionSort::CreationTime => ("model_version.creation_time", Kind::Int),
                ModelVersionSort::LastUpdatedTime => ("model_version.last_updated_time", Kind::Int),
            };
            Term::own(column, kind, by.ascending)
        })
        .collect()
}

fn place(version: &ModelVersion, order: &ModelVersionOrder) -> Vec<Mark> {
    let mark = |sort| match sort {
        ModelVersionSort::Name => Mark::Text(version.name.clone()),
        ModelVersionSort::VersionNumber => Mark::Int(version.version),
        ModelVersionSort::CreationTime => Mark::Int(version.creation_time),
        ModelVersionSort::LastUpdatedTime => Mark::Int(version.last_updated_time),
    };
    order.iter().map(|by| mark(by.field)).collect()
}
