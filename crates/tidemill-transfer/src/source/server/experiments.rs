//! The list of experiments.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;
use tidemill_core::experiments::Experiment;
use tidemill_core::transfer::Fault;

use super::client::Client;
use super::listing::{MAX_PAGE, Page, all as all_of};
use super::{json as reading, wire};
use crate::Result;

const SEARCH: &str = "/api/2.0/mlflow/experiments/search";

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    experiments: Vec<Box<RawValue>>,
    next_page_token: Option<String>,
}

/// Every experiment by id, active and deleted. One that comes twice, because another one was
/// made while we turned the pages, counts once.
pub(super) fn all(client: &Client, faults: &mut Vec<Fault>) -> Result<Vec<Experiment>> {
    let items = all_of(|token| {
        let question = json!({"view_type": "ALL", "max_results": MAX_PAGE, "page_token": token});
        let answer: Answer = client.post(SEARCH, &question)?;
        Ok(Page {
            items: answer.experiments,
            next: answer.next_page_token,
        })
    })?;
    let mut experiments = BTreeMap::new();
    for raw in items {
        let read = reading::read_one(&raw).and_then(wire::Experiment::into_core);
        match read {
            Ok(experiment) => drop(experiments.insert(experiment.id, experiment)),
            Err(why) => faults.push(fault(&raw, why)),
        }
    }
    Ok(experiments.into_values().collect())
}

fn fault(raw: &RawValue, why: String) -> Fault {
    let named = ["/experiment_id", "/name"]
        .into_iter()
        .find_map(|at| reading::text_at(raw, at));
    let what = named.unwrap_or_else(|| "without an id".into());
    Fault::new(
        format!("experiment {what}"),
        format!("{why}; it and what it holds are left out"),
    )
}
