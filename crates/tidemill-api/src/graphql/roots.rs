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

/// The most runs and versions that one query holds in memory. One search gets half of what is
/// left, which is a whole page of the UI's size or of MLflow's default.
const ROWS: i64 = 2000;
/// The most looks for the experiment or the versions of a run.
const LOOKS: i64 = 2000;
/// The most fields and items of lists that an answer shows; each may be shown many times.
const VALUES: i64 = 500_000;
/// Rows that a search returns when the query does not say.
const PAGE: i64 = 1000;
/// Points of a history that take as much room as a run.
const POINTS_OF_A_RUN: i64 = 100;
/// The most model versions that are shown with a run.
const VERSIONS_OF_A_RUN: i64 = 100;
/// Points of each run that a chart gets when the query does not say.
const POINTS: i64 = 2500;

/// One query on its way: what it may still spend, and what went wrong.
pub(super) struct Progress {
    app: Data<App>,
    rows: Budget,
    looks: Budget,
    values: Budget,
    errors: Mutex<Vec<String>>,
}

impl Progress {
    pub(super) fn new(app: Data<App>) -> Self {
        Self {
            app,
            rows: Budget::new(ROWS),
            looks: Budget::new(LOOKS),
            values: Budget::new(VALUES),
            errors: Mutex::default(),
        }
    }

    /// What went wrong so far.
    pub(super) fn errors(&self) -> Vec<String> {
        let mut errors = self.errors.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *errors)
    }

    /// Whether the answer may show this many values more; said once when it may not.
    pub(super) fn may_show(&self, values: usize) -> bool {
        let may = self.values.take(values as i64);
        if !may && self.values.close() {
            self.note(format!("Query exceeds maximum of {VALUES} values"));
        }
        may
    }

    /// Notes why a field is null. The library would leave the field out.
    fn or_null(&self, outcome: Outcome<Json>) -> Json {
        outcome.unwrap_or_else(|failure| {
            self.note(failure.message);
            Json::Null
        })
    }

    fn note(&self, error: String) {
        let mut errors = self.errors.lock().unwrap_or_else(PoisonError::into_inner);
        errors.push(error);
    }

    /// How many of the rows that a search asks for it gets.
    fn page(&self, input: &mut Map<String, Json>) -> Outcome<i64> {
        let asked = input.get("max_results").and_then(number).unwrap_or(PAGE);
        let page = asked.min(self.rows.left() / 2);
        if page < asked.min(1) || !self.rows.take(page) {
            return Err(too_many(ROWS, "rows"));
        }
        input.insert("max_results".into(), page.into());
        Ok(page)
    }

    /// Gives back what a search did not need of its page.
    fn returned(&self, page: i64, found: Outcome<Json>, list: &str) -> Outcome<Json> {
        let found = found.inspect_err(|_| self.rows.give_back(page.max(0)))?;
        let rows = found[list].as_array().map_or(0, Vec::len) as i64;
        self.rows.give_back((page - rows).max(0));
        Ok(found)
    }

    fn points(&self, input: &Map<String, Json>) -> Outcome<()> {
        let runs = input.get("run_ids").and_then(Json::as_array);
        let runs = runs.map_or(0, Vec::len).max(1) as i64;
        let each = input.get("max_results").and_then(number).unwrap_or(POINTS);
        match self.rows.take(each.saturating_mul(runs) / POINTS_OF_A_RUN) {
            true => Ok(()),
            false => Err(too_many(ROWS * POINTS_OF_A_RUN, "points")),
        }
    }

    fn look(&self) -> Outcome<()> {
        match self.looks.take(1) {
            true => Ok(()),
            false => Err(too_many(LOOKS, "looks for experiments and versions")),
        }
    }
}

fn too_many(most: i64, what: &str) -> Failure {
    Failure::new(format!(
        "Query exceeds maximum of {most} {what}; ask for fewer, or use the REST API"
    ))
}

/// What is left for one query to spend.
struct Budget(AtomicI64);

impl Budget {
    fn new(most: i64) -> Self {
        Self(AtomicI64::new(most))
    }

    fn left(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Takes it, or nothing when there is less.
    fn take(&self, cost: i64) -> bool {
        let rest = |left: i64| (left >= cost).then(|| left.saturating_sub(cost.max(0)));
        self.0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, rest)
            .is_ok()
    }

    fn give_back(&self, cost: i64) {
        self.0.fetch_add(cost, Ordering::Relaxed);
    }

    /// Leaves nothing for anybody; true for the first to do so.
    fn close(&self) -> bool {
        self.0.swap(i64::MIN, Ordering::Relaxed) != i64::MIN
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
    let app = progress.app.clone();
    match field {
        "mlflowGetExperiment" => answer(experiments::get, app, input).await,
        "mlflowGetRun" => answer(runs::get, app, input).await,
        "mlflowListArtifacts" => answer(artifacts::list_run_artifacts_message, app, input).await,
        "mlflowSearchDatasets" => answer(datasets::search, app, input).await,
        "mlflowGetMetricHistoryBulkInterval" => {
            progress.points(&input)?;
            answer(metrics::history_interval_message, app, input).await
        }
        "mlflowSearchRuns" => {
            let page = progress.page(&mut input)?;
            let found = answer(runs::search_message, app, input).await;
            progress.returned(page, found, "runs")
        }
        "mlflowSearchModelVersions" => {
            let page = progress.page(&mut input)?;
            let found = answer(registry::search_versions, app, input).await;
            progress.returned(page, found, "model_versions")
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
    progress.look()?;
    let input = Map::from_iter([("experiment_id".to_owned(), id.into())]);
    let mut found = answer(experiments::get, progress.app.clone(), input).await?;
    Ok(found["experiment"].take())
}

async fn versions(run: &str, progress: &Progress) -> Outcome<Json> {
    progress.look()?;
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
