//! Bringing the data into a server through its API.

use std::sync::Arc;

use futures::future::BoxFuture;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::data::{Data, EXPERIMENTS, MODELS, SeedRun, Shape, model_name, shares};
use crate::draft::Draft;
use crate::failure::{Failure, Result};
use crate::http::Connection;
use crate::site::Site;

/// Enough to keep a server busy with small writes.
const CONNECTIONS: usize = 16;

/// Fills an empty server and says where things went.
pub(crate) async fn through_api(site: &Site, shape: &Shape) -> Result<Data> {
    let mut data = Data::default();
    let mut experiments = Vec::new();
    for name in EXPERIMENTS {
        let id = create_experiment(site, name).await?;
        data.note_experiment(name, id.clone());
        experiments.push((name, id));
    }
    let experiments = Arc::new(experiments);
    let runs: Vec<SeedRun> = shape.seed_runs().collect();
    let runs = Arc::new(runs);
    let mut created = each(site, runs.len(), {
        let runs = Arc::clone(&runs);
        move |n, writer| {
            let (runs, experiments) = (Arc::clone(&runs), Arc::clone(&experiments));
            Box::pin(async move {
                let run = &runs[n];
                let id = experiments
                    .iter()
                    .find(|(name, _)| *name == run.experiment)
                    .map(|(_, id)| id.as_str())
                    .ok_or("a run without an experiment")?;
                Ok((n, writer.run(run, id).await?))
            })
        }
    })
    .await?;
    created.sort_unstable_by_key(|(n, _)| *n);
    for (n, run_id) in created {
        data.note(runs[n].experiment, run_id);
    }
    each(site, MODELS, |n, writer| Box::pin(writer.model(n))).await?;
    Ok(data)
}

pub(crate) async fn create_experiment(site: &Site, name: &str) -> Result<String> {
    let answer = site
        .post(
            "/api/2.0/mlflow/experiments/create",
            &json!({ "name": name }),
        )
        .await?;
    text(&answer, "/experiment_id")
}

/// A text in an answer.
pub(crate) fn text(answer: &Value, pointer: &str) -> Result<String> {
    answer
        .pointer(pointer)
        .and_then(Value::as_str)
        .map(str::to_owned)
        .ok_or_else(|| format!("no {pointer} in the answer {answer}").into())
}

/// A connection that writes what is not measured.
pub(crate) struct Writer {
    connection: Connection,
    draft: Draft,
}

impl Writer {
    /// A whole run: created, logged, ended.
    pub(crate) async fn run(&mut self, run: &SeedRun, experiment_id: &str) -> Result<String> {
        let created = self
            .post("/api/2.0/mlflow/runs/create", &run.create(experiment_id))
            .await?;
        let run_id = text(&created, "/run/info/run_id")?;
        for batch in run.batches(&run_id) {
            self.post("/api/2.0/mlflow/runs/log-batch", &batch).await?;
        }
        if let Some(finish) = run.finish(&run_id) {
            self.post("/api/2.0/mlflow/runs/update", &finish).await?;
        }
        Ok(run_id)
    }

    /// A registered model with two versions.
    async fn model(&mut self, n: usize) -> Result<()> {
        let name = model_name(n);
        let create = json!({ "name": name, "tags": [{ "key": "task", "value": "bench" }] });
        self.post("/api/2.0/mlflow/registered-models/create", &create)
            .await?;
        for version in 1..=2 {
            let source = format!("s3://bench/{name}/{version}");
            let create = json!({ "name": name, "source": source });
            self.post("/api/2.0/mlflow/model-versions/create", &create)
                .await?;
        }
        Ok(())
    }

    pub(crate) async fn post(&mut self, path: &str, body: &Value) -> Result<Value> {
        self.draft.post(path, |wire| {
            // Writing a value to a vector cannot fail.
            let _ = serde_json::to_writer(wire, body);
        });
        let answer = self.connection.exchange(self.draft.wire()).await?;
        if answer.status != 200 {
            let body = String::from_utf8_lossy(answer.body);
            return Err(format!("POST {path}: status {}: {body}", answer.status).into());
        }
        // Answers this small are not compressed.
        Ok(serde_json::from_slice(answer.body)?)
    }
}

type Step<'a, T> = BoxFuture<'a, Result<T>>;

/// Does `step` for each number below `all`, over several connections.
pub(crate) async fn each<T: Send + 'static>(
    site: &Site,
    all: usize,
    step: impl for<'a> Fn(usize, &'a mut Writer) -> Step<'a, T> + Send + Sync + 'static,
) -> Result<Vec<T>> {
    let step = Arc::new(step);
    let mut tasks = JoinSet::new();
    for share in shares(all, CONNECTIONS) {
        let mut writer = Writer {
            connection: site.connect().await?,
            draft: site.draft(),
        };
        let step = Arc::clone(&step);
        tasks.spawn(async move {
            let mut done = Vec::with_capacity(share.len());
            for n in share {
                done.push(step(n, &mut writer).await?);
            }
            Ok::<_, Failure>(done)
        });
    }
    let mut all_done = Vec::with_capacity(all);
    while let Some(task) = tasks.join_next().await {
        all_done.append(&mut task??);
    }
    Ok(all_done)
}
