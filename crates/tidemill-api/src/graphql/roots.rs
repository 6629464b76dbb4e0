//! The fields that look into the stores: those of `Query` and `Mutation`, and two of a run.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::web::Data;
use async_graphql::dynamic::ResolverContext;
use async_graphql::{Error as Failure, Result as Outcome};
use serde_json::{Map, Value as Json, json};
use tidemill_proto::{EncodeJson, Request, to_json};

use super::schema::snake_case;
use crate::App;
use crate::error::ApiError;
use crate::extract::Body;
use crate::reply::Answer;
use crate::{artifacts, datasets, experiments, metrics, registry, runs};

/// What one query may cost, so that its answer stays small: a run or a version is one, and so
/// is each look at another table.
const MOST: i64 = 1000;
/// Points of a history that cost as much as a run.
const POINTS_OF_A_RUN: i64 = 100;
/// The most model versions that are shown with a run.
const VERSIONS_OF_A_RUN: i64 = 100;
/// Points of each run that a chart gets when the query does not say.
const POINTS: i64 = 2500;

/// One query on its way: what it may still spend, and what went wrong.
pub(super) struct Progress {
    app: Data<App>,
    budget: Budget,
    errors: Mutex<Vec<String>>,
}

impl Progress {
    pub(super) fn new(app: Data<App>) -> Self {
        Self {
            app,
            budget: Budget(AtomicI64::new(MOST)),
            errors: Mutex::default(),
        }
    }

    /// What went wrong so far, in the order of the fields.
    pub(super) fn errors(&self) -> Vec<String> {
        let mut errors = self.errors.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *errors)
    }

    /// Notes why a field is null. The library would leave the field out.
    fn or_null(&self, outcome: Outcome<Json>) -> Json {
        outcome.unwrap_or_else(|failure| {
            let mut errors = self.errors.lock().unwrap_or_else(PoisonError::into_inner);
            errors.push(failure.message);
            Json::Null
        })
    }
}

/// What is left for one query to spend.
struct Budget(AtomicI64);

impl Budget {
    fn spend(&self, cost: i64) -> Outcome<()> {
        let cost = cost.clamp(1, MOST + 1);
        match self.0.fetch_sub(cost, Ordering::Relaxed) < cost {
            true => Err(Failure::new(format!(
                "Query exceeds the cost of {MOST} rows; ask for fewer, or use the REST API"
            ))),
            false => Ok(()),
        }
    }

    /// The rows that a search asks for; by itself no more than are left.
    fn rows(&self, input: &mut Map<String, Json>) -> Outcome<()> {
        let asked = input.get("max_results").and_then(number);
        let rows = asked.unwrap_or_else(|| self.0.load(Ordering::Relaxed).max(1));
        input.insert("max_results".into(), rows.into());
        self.spend(rows)
    }

    fn points(&self, input: &Map<String, Json>) -> Outcome<()> {
        let runs = input.get("run_ids").and_then(Json::as_array);
        let runs = runs.map_or(0, Vec::len).max(1) as i64;
        let each = input.get("max_results").and_then(number).unwrap_or(POINTS);
        self.spend(each.saturating_mul(runs) / POINTS_OF_A_RUN)
    }
}

/// Long numbers come as texts too.
fn number(value: &Json) -> Option<i64> {
    value
        .as_i64()
        .or_else(|| value.as_str().and_then(|text| text.parse().ok()))
}

/// A field of `Query` or `Mutation`; null when it fails.
pub(super) async fn root(field: String, context: ResolverContext<'_>) -> Outcome<Json> {
    let progress = context.data::<Arc<Progress>>()?;
    Ok(progress.or_null(found(&field, &context, progress).await))
}

async fn found(field: &str, context: &ResolverContext<'_>, progress: &Progress) -> Outcome<Json> {
    if field == "test" || field == "testMutation" {
        let text = context.args.get("inputString");
        return Ok(text.map_or(Json::Null, |text| json!({ "output": text.as_value() })));
    }
    let given = context
        .args
        .get("input")
        .map(|input| input.as_value().clone());
    let given = given.map(async_graphql::Value::into_json).transpose()?;
    let Some(Json::Object(given)) = given else {
        return Err(Failure::new(format!("The field '{field}' needs an input")));
    };
    let mut input: Map<_, _> = given
        .into_iter()
        .map(|(name, value)| (snake_case(&name), value))
        .collect();
    let (app, budget) = (progress.app.clone(), &progress.budget);
    match field {
        "mlflowGetExperiment" => answer(experiments::get, app, input).await,
        "mlflowGetRun" => answer(runs::get, app, input).await,
        "mlflowListArtifacts" => answer(artifacts::list_run_artifacts_message, app, input).await,
        "mlflowSearchDatasets" => answer(datasets::search, app, input).await,
        "mlflowGetMetricHistoryBulkInterval" => {
            budget.points(&input)?;
            answer(metrics::history_interval_message, app, input).await
        }
        "mlflowSearchRuns" => {
            budget.rows(&mut input)?;
            answer(runs::search_message, app, input).await
        }
        "mlflowSearchModelVersions" => {
            budget.rows(&mut input)?;
            answer(registry::search_versions, app, input).await
        }
        other => Err(Failure::new(format!("The field '{other}' has no answer"))),
    }
}

/// The experiment of a run, or the model versions that were made from it; null when that fails.
pub(super) async fn of_run(field: String, context: ResolverContext<'_>) -> Outcome<Json> {
    let progress = context.data::<Arc<Progress>>()?;
    let run = context.parent_value.try_downcast_ref::<Json>()?;
    let text = |key: &str| run["info"][key].as_str().unwrap_or_default();
    let outcome = match field.as_str() {
        "experiment" => experiment(text("experiment_id"), progress).await,
        _ => versions(text("run_id"), progress).await,
    };
    Ok(progress.or_null(outcome))
}

async fn experiment(id: &str, progress: &Progress) -> Outcome<Json> {
    progress.budget.spend(1)?;
    let input = Map::from_iter([("experiment_id".to_owned(), id.into())]);
    let mut found = answer(experiments::get, progress.app.clone(), input).await?;
    Ok(found["experiment"].take())
}

async fn versions(run: &str, progress: &Progress) -> Outcome<Json> {
    progress.budget.spend(1)?;
    let input = Map::from_iter([
        ("filter".to_owned(), format!("run_id='{run}'").into()),
        ("max_results".to_owned(), VERSIONS_OF_A_RUN.into()),
    ]);
    let mut found = answer(registry::search_versions, progress.app.clone(), input).await?;
    match found["model_versions"].take() {
        Json::Null => Ok(Json::Array(Vec::new())),
        versions => Ok(versions),
    }
}

/// Puts the input to a handler of the REST API as its request, and reads the message it answers.
async fn answer<M, R, F>(
    handler: impl FnOnce(Data<App>, Body<M>) -> F,
    app: Data<App>,
    input: Map<String, Json>,
) -> Outcome<Json>
where
    M: Request,
    R: EncodeJson,
    F: Future<Output = Answer<R>>,
{
    let message = M::from_json(&serde_json::to_vec(&input)?).map_err(|e| failure(e.into()))?;
    let reply = handler(app, Body::new(message)).await.map_err(failure)?;
    Ok(serde_json::from_slice(&to_json(&reply.0))?)
}

fn failure(error: ApiError) -> Failure {
    error.log();
    Failure::new(error.to_string())
}
