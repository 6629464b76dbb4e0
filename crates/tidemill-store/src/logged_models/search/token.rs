//! The page token of `logged-models/search`, which MLflow ties to the search it came from.

use serde::{Deserialize, Serialize};
use tidemill_core::quote::quote;
use tidemill_core::{Error, Result};
use tidemill_search::logged_models::OrderByClause;

use super::LoggedModelSearch;
use crate::search::keyset::{self, Term};
use crate::search::token::{self, Mark, stray};

/// Where a page ended, and in which search.
#[derive(Serialize, Deserialize)]
pub(super) struct Place {
    #[serde(rename = "e")]
    experiments: Vec<String>,
    #[serde(rename = "f")]
    filter: String,
    #[serde(rename = "o")]
    order_by: Vec<Clause>,
    #[serde(rename = "p")]
    marks: Vec<Mark>,
}

#[derive(PartialEq, Serialize, Deserialize)]
struct Clause(String, bool, Option<String>, Option<String>);

impl From<&OrderByClause> for Clause {
    fn from(clause: &OrderByClause) -> Self {
        Self(
            clause.field_name.clone(),
            clause.ascending,
            clause.dataset_name.clone(),
            clause.dataset_digest.clone(),
        )
    }
}

impl Place {
    fn new(search: &LoggedModelSearch, marks: Vec<Mark>) -> Self {
        Self {
            experiments: search.experiments.iter().map(ToString::to_string).collect(),
            filter: search.filter.clone(),
            order_by: search.order_by.iter().map(Clause::from).collect(),
            marks,
        }
    }

    /// The sort values, if they can be ones of this ordering.
    pub(super) fn fitting(&self, terms: &[Term]) -> Result<&[Mark]> {
        match keyset::fits(terms, &self.marks) {
            true => Ok(&self.marks),
            false => Err(stray(&format!("{:?}", self.marks))),
        }
    }

    fn check(&self, asked: &Self) -> Result<()> {
        if self.experiments != asked.experiments {
            return Err(Error::invalid_parameter(format!(
                "Experiment IDs in the page token do not match the requested experiment IDs. Expected: {}. Found: {}",
                list(&asked.experiments),
                list(&self.experiments)
            )));
        }
        if self.filter != asked.filter {
            return Err(Error::invalid_parameter(format!(
                "Filter string in the page token does not match the requested filter string. Expected: {}. Found: {}",
                or_none(&asked.filter),
                or_none(&self.filter)
            )));
        }
        if self.order_by != asked.order_by {
            return Err(Error::invalid_parameter(format!(
                "Order by in the page token does not match the requested order by. Expected: {}. Found: {}",
                clauses(&asked.order_by),
                clauses(&self.order_by)
            )));
        }
        Ok(())
    }
}

/// The token for the place that `marks` are in `search`.
pub(super) fn encode(search: &LoggedModelSearch, marks: Vec<Mark>) -> Result<String> {
    token::encode(&Place::new(search, marks))
}

/// The place of the search's token, if it has one; it must be this search's.
pub(super) fn decode(search: &LoggedModelSearch) -> Result<Option<Place>> {
    let place: Option<Place> = token::decode(search.page_token.as_deref())?;
    if let Some(place) = &place {
        place.check(&Place::new(search, Vec::new()))?;
    }
    Ok(place)
}

fn list(ids: &[String]) -> String {
    let ids: Vec<String> = ids.iter().map(|id| quote(id)).collect();
    format!("[{}]", ids.join(", "))
}

fn or_none(text: &str) -> &str {
    match text {
        "" => "None",
        text => text,
    }
}

/// As Python prints a list of dictionaries, or the lack of one.
fn clauses(clauses: &[Clause]) -> String {
    let quoted = |text: &Option<String>| text.as_deref().map_or("None".into(), quote);
    let printed = |Clause(field, ascending, name, digest): &Clause| {
        let (field, ascending) = (quote(field), if *ascending { "True" } else { "False" });
        let (name, digest) = (quoted(name), quoted(digest));
        format!(
            "{{'field_name': {field}, 'ascending': {ascending}, 'dataset_name': {name}, 'dataset_digest': {digest}}}"
        )
    };
    let printed: Vec<String> = clauses.iter().map(printed).collect();
    match printed.is_empty() {
        true => "None".into(),
        false => format!("[{}]", printed.join(", ")),
    }
}
