//! Runs: their heads page by page, each experiment after the other, and whole.

use std::collections::HashMap;
use std::time::SystemTime;

use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;
use tidemill_core::experiments::ExperimentId;
use tidemill_core::runs::{Run, RunId};
use tidemill_core::transfer::{CarriedRun, Fault, RunHead, RunPiece};
use xxhash_rust::xxh3::Xxh3;

use super::client::Client;
use super::failure::Failure;
use super::listing::{Listed, Page, Walk};
use super::{experiments, histories, json as reading, wire};
use crate::{Error, Result};

const SEARCH: &str = "/api/2.0/mlflow/runs/search";
const GET: &str = "/api/2.0/mlflow/runs/get";

/// The place in all runs, and the runs of the page that was listed last.
#[derive(Default)]
pub(super) struct Runs {
    walk: Walk<Found>,
    page: HashMap<RunId, Found>,
}

/// A run as `runs/search` answers it.
#[derive(Clone)]
struct Found {
    run: Run,
    metric_keys: Vec<String>,
    may_have_models: bool,
    signature: u128,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    runs: Vec<Box<RawValue>>,
    next_page_token: Option<String>,
}

#[derive(Deserialize)]
struct One {
    run: Box<RawValue>,
}

impl Runs {
    pub(super) fn heads(
        &mut self,
        client: &Client,
        after: Option<&RunId>,
        limit: usize,
        faults: &mut Vec<Fault>,
    ) -> Result<Vec<RunHead>> {
        let after = after.map(RunId::as_str);
        let page = self.walk.page(client, after, limit, faults)?;
        self.page.clear();
        let mut heads = Vec::with_capacity(page.len());
        for found in page {
            let head = found.head();
            if self.page.insert(head.id.clone(), found).is_none() {
                heads.push(head);
            }
        }
        Ok(heads)
    }

    pub(super) fn whole(
        &self,
        client: &Client,
        heads: &[RunHead],
        each: &mut dyn FnMut(RunPiece) -> Result<()>,
        faults: &mut Vec<Fault>,
    ) -> Result<()> {
        for head in heads {
            let known = faults.len();
            let found = self
                .page
                .get(&head.id)
                .ok_or_else(|| Error::Source(format!("run {} was not listed just now", head.id)))?;
            match found.whole(client)? {
                Ok(run) => each(RunPiece::Run(Box::new(run)))?,
                Err(why) => {
                    faults.push(Fault::new(format!("run {}", head.id), why));
                    continue;
                }
            }
            for key in &found.metric_keys {
                histories::read(client, &head.id, key, each, faults)?;
            }
            each(RunPiece::End {
                whole: faults.len() == known,
            })?;
        }
        Ok(())
    }
}

impl Found {
    fn head(&self) -> RunHead {
        let info = &self.run.info;
        RunHead {
            id: info.id.clone(),
            experiment_id: info.experiment_id,
            start_time: info.start_time,
            artifact_uri: Some(info.artifact_uri.clone()),
            signature: self.signature,
        }
    }

    /// The run with what `runs/search` leaves out, or why it is left out.
    fn whole(&self, client: &Client) -> Result<Result<CarriedRun, String>> {
        let mut run = self.run.clone();
        if self.may_have_models {
            match model_inputs(client, &run.info.id) {
                Ok(Ok(inputs)) => run.model_inputs = inputs,
                Ok(Err(why)) => return Ok(Err(format!("{why}; it is left out"))),
                Err(failure) => {
                    let why = failure.of_one_thing()?;
                    return Ok(Err(format!("{why}; it is left out")));
                }
            }
        }
        Ok(Ok(CarriedRun {
            run,
            deleted_time: None,
        }))
    }
}

fn model_inputs(client: &Client, id: &RunId) -> Result<Result<Vec<String>, String>, Failure> {
    let one: One = client.get(GET, &[("run_id", id.as_str())])?;
    Ok(reading::read_one(&one.run).map(wire::Run::into_model_inputs))
}

impl Listed for Found {
    type List = ExperimentId;

    /// Experiments that are broken were reported when they were listed.
    fn lists(client: &Client) -> Result<Vec<ExperimentId>> {
        let experiments = experiments::all(client, &mut Vec::new())?;
        Ok(experiments.iter().map(|experiment| experiment.id).collect())
    }

    /// The oldest come first, so that runs that start while we turn the pages shift none.
    fn ask(
        client: &Client,
        experiment: &ExperimentId,
        token: Option<&str>,
        size: usize,
    ) -> Result<Page, Failure> {
        let question = json!({
            "experiment_ids": [experiment.to_string()],
            "run_view_type": "ALL",
            "max_results": size,
            "order_by": ["attributes.start_time ASC"],
            "page_token": token,
        });
        let answer: Answer = client.post(SEARCH, &question)?;
        Ok(Page {
            items: answer.runs,
            next: answer.next_page_token,
        })
    }

    fn read(experiment: &ExperimentId, raw: &RawValue) -> Result<Self, Fault> {
        found(raw).map_err(|why| {
            let id = ["/info/run_id", "/info/run_uuid"]
                .into_iter()
                .find_map(|at| reading::text_at(raw, at));
            let what = match id {
                Some(id) => format!("run {id}"),
                None => format!("a run of experiment {experiment}"),
            };
            Fault::new(what, format!("{why}; it is left out"))
        })
    }

    fn id(&self) -> &str {
        self.run.info.id.as_str()
    }
}

fn found(raw: &RawValue) -> Result<Found, String> {
    let answered: wire::Run = reading::read_one(raw)?;
    let metric_keys = answered.metric_keys();
    let may_have_models = answered.may_have_models();
    let run = answered.into_core()?;
    Ok(Found {
        signature: signature(raw.get(), run.info.status.is_final()),
        run,
        metric_keys,
        may_have_models,
    })
}

/// The same for the same text, unless more may be logged at any moment.
fn signature(text: &str, is_final: bool) -> u128 {
    let mut hash = Xxh3::new();
    hash.update(text.as_bytes());
    if !is_final {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        hash.update(&now.unwrap_or_default().as_nanos().to_le_bytes());
    }
    hash.digest128()
}
