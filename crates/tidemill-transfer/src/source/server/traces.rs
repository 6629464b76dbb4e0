//! Traces, which are not carried. Counting them means listing them; in how many experiments
//! there are some is cheaper to know.

use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;
use tidemill_core::experiments::ExperimentId;

use super::client::Client;
use super::experiments;
use super::failure::Failure;
use crate::Result;
use crate::source::Count;

/// From MLflow 3 on.
const SEARCH: &str = "/api/3.0/mlflow/traces/search";
/// From MLflow 2.14 on.
const SEARCH_V2: &str = "/api/2.0/mlflow/traces";

#[derive(Deserialize, Default)]
struct Answer {
    #[serde(default)]
    traces: Vec<Box<RawValue>>,
}

/// In how many experiments there are traces, if in any.
pub(super) fn count(client: &Client) -> Result<Vec<Count>> {
    let mut count = 0;
    for experiment in experiments::all(client, &mut Vec::new())? {
        match any(client, experiment.id) {
            Ok(true) => count += 1,
            Ok(false) => {}
            Err(Failure::NotThere(_)) => return Ok(Vec::new()),
            Err(failure) => return Err(failure.into()),
        }
    }
    let what = "experiments with traces".into();
    let counts = (count > 0).then_some(Count { what, count });
    Ok(counts.into_iter().collect())
}

fn any(client: &Client, experiment: ExperimentId) -> Result<bool, Failure> {
    let id = experiment.to_string();
    let location = json!({"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": id}});
    let question = json!({"locations": [location], "max_results": 1});
    let answer: Answer = match client.post(SEARCH, &question) {
        Err(Failure::NotThere(_)) => {
            client.get(SEARCH_V2, &[("experiment_ids", &*id), ("max_results", "1")])?
        }
        answer => answer?,
    };
    Ok(!answer.traces.is_empty())
}
