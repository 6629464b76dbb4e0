//! Logged models, which MLflow has from version 3 on. The API lists active ones only.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::json;
use serde_json::value::RawValue;
use tidemill_core::logged_models::LoggedModel;
use tidemill_core::transfer::Fault;

use super::client::Client;
use super::failure::Failure;
use super::listing::{Listed, Page};
use super::{experiments, json as reading, wire};
use crate::Result;

const SEARCH: &str = "/api/2.0/mlflow/logged-models/search";
const ONE: &str = "/api/2.0/mlflow/logged-models";
/// How many experiments are searched at once. Databases take no statement with more than some
/// ten thousand values; up to here the models of all experiments come in one list by id.
const MAX_EXPERIMENTS: usize = 10_000;

/// Whether a model that was there is not there any more, or deleted, which a server tells in the
/// same words.
pub(super) fn is_gone(client: &Client, id: &str) -> Result<bool> {
    // Ids come from notes about this server; one that would be another path is none.
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    if !id.bytes().all(is_plain) {
        return Ok(false);
    }
    match client.get::<IgnoredAny>(&format!("{ONE}/{id}"), &[]) {
        Err(Failure::NotThere(_)) => Ok(true),
        Err(failure) => failure.of_one_thing().map(|_| false),
        Ok(_) => Ok(false),
    }
}

#[derive(Deserialize, Default)]
struct Answer {
    #[serde(default)]
    models: Vec<Box<RawValue>>,
    next_page_token: Option<String>,
}

impl Listed for LoggedModel {
    type List = Vec<String>;

    fn lists(client: &Client) -> Result<Vec<Vec<String>>> {
        let experiments = experiments::all(client, &mut Vec::new())?;
        let ids: Vec<String> = experiments.iter().map(|e| e.id.to_string()).collect();
        Ok(ids.chunks(MAX_EXPERIMENTS).map(<[_]>::to_vec).collect())
    }

    /// A server that does not know the question has no logged models.
    fn ask(
        client: &Client,
        experiments: &Vec<String>,
        token: Option<&str>,
        size: usize,
    ) -> Result<Page, Failure> {
        let question = json!({
            "experiment_ids": experiments,
            "max_results": size,
            "order_by": [{"field_name": "model_id", "ascending": true}],
            "page_token": token,
        });
        let answer: Answer = match client.post(SEARCH, &question) {
            Err(Failure::NotThere(_)) => Answer::default(),
            answer => answer?,
        };
        Ok(Page {
            items: answer.models,
            next: answer.next_page_token,
        })
    }

    fn read(_: &Vec<String>, raw: &RawValue) -> Result<Self, Fault> {
        let read = reading::read_one(raw).and_then(wire::LoggedModel::into_core);
        read.map_err(|why| {
            let id = reading::text_at(raw, "/info/model_id");
            Fault::new(
                format!("logged model {}", id.as_deref().unwrap_or("without an id")),
                format!("{why}; it is left out"),
            )
        })
    }

    fn id(&self) -> &str {
        &self.id
    }
}
