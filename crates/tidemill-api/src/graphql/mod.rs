//! `POST /graphql`: what the stock UI asks about experiments and runs.
//!
//! `schema.graphql` has MLflow's names and types. Each root field is answered by the handler of
//! the REST route of the same name, and every other field is looked up in its answer.

mod limits;
mod roots;
mod schema;

use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::web::Data;
use async_graphql::dynamic::Schema;
use async_graphql::parser::parse_query;
use async_graphql::parser::types::{DocumentOperations, ExecutableDocument};
use async_graphql::{Request, Variables};
use serde::Deserialize;
use tidemill_core::{Error, Result};
use tokio::sync::Semaphore;

use self::roots::Progress;
use crate::App;
use crate::error::ApiError;
use crate::extract::JsonText;
use crate::reply::json;

pub use limits::QueryLimits;

/// The longest body that is read, in bytes. The UI's longest query takes 4 KiB.
const BODY: usize = 256 << 10;
/// Queries that run at a time; each holds what it found in memory.
const AT_A_TIME: usize = 4;
/// How long a query may take; a storage may be slow.
const DEADLINE: Duration = Duration::from_secs(30);
/// How long a query waits for its turn.
const PATIENCE: Duration = Duration::from_secs(10);
/// Only says which part of a UI asks.
const COMPONENT: &str = "component";

/// The schema, and the room for queries.
#[derive(Clone)]
pub(crate) struct GraphQl {
    schema: Schema,
    room: Arc<Semaphore>,
}

impl GraphQl {
    pub(crate) fn new() -> Self {
        Self {
            schema: schema::from_text(include_str!("schema.graphql")),
            room: Arc::new(Semaphore::new(AT_A_TIME)),
        }
    }
}

/// What a client sends.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Query {
    query: String,
    variables: Option<serde_json::Map<String, serde_json::Value>>,
    operation_name: Option<String>,
}

/// Answers a query: 200 also for one that fails, as long as it can be read.
pub(crate) async fn answer(app: Data<App>, body: JsonText<BODY>) -> Result<HttpResponse, ApiError> {
    let asked: Query = serde_json::from_slice(&body)
        .map_err(|error| Error::invalid_parameter(format!("Malformed GraphQL request: {error}")))?;
    limits::check_text(&asked.query)?;
    let _turn = tokio::time::timeout(PATIENCE, app.graphql.room.acquire())
        .await
        .map_err(|_| busy())?;
    let mut document = parse_query(&asked.query)
        .map_err(|error| Error::invalid_parameter(format!("Malformed GraphQL query: {error}")))?;
    if let Err(refusal) = limits::check(&document, app.config.graphql) {
        return Ok(outcome(async_graphql::Value::Null, vec![refusal]));
    }
    drop_component(&mut document);
    let progress = Arc::new(Progress::new(app.clone()));
    let mut request = Request::new(asked.query)
        .variables(variables(asked.variables))
        .data(Arc::clone(&progress));
    if let Some(name) = asked.operation_name {
        request = request.operation_name(name);
    }
    request.set_parsed_query(document);
    let answer = tokio::time::timeout(DEADLINE, app.graphql.schema.execute(request))
        .await
        .map_err(|_| busy())?;
    let errors = answer.errors.into_iter().map(|error| error.message);
    Ok(outcome(
        answer.data,
        errors.chain(progress.errors()).collect(),
    ))
}

fn busy() -> Error {
    Error::Unavailable("GraphQL queries take too long; try again.".into())
}

fn variables(given: Option<serde_json::Map<String, serde_json::Value>>) -> Variables {
    Variables::from_json(given.map_or(serde_json::Value::Null, serde_json::Value::Object))
}

/// MLflow's form of an answer: errors are texts, or null.
fn outcome(data: async_graphql::Value, errors: Vec<String>) -> HttpResponse {
    #[derive(serde::Serialize)]
    struct Outcome {
        data: async_graphql::Value,
        errors: Option<Vec<String>>,
    }
    let errors = Some(errors).filter(|errors| !errors.is_empty());
    match serde_json::to_vec(&Outcome { data, errors }) {
        Ok(text) => json(text),
        Err(error) => actix_web::ResponseError::error_response(&ApiError(Error::internal(error))),
    }
}

/// The library has no directives on operations, and would refuse this one.
fn drop_component(document: &mut ExecutableDocument) {
    let operations: Vec<_> = match &mut document.operations {
        DocumentOperations::Single(operation) => vec![operation],
        DocumentOperations::Multiple(operations) => operations.values_mut().collect(),
    };
    for operation in operations {
        let directives = &mut operation.node.directives;
        directives.retain(|directive| directive.node.name.node != COMPONENT);
    }
}
