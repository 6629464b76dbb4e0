//! The model registry: new versions, stages, search.

use std::io::Write as _;

use serde_json::{Value, json};

use super::{Plan, reads};
use crate::failure::Result;
use crate::load::Requests;
use crate::site::Site;

const STAGES: [&str; 4] = ["Staging", "Production", "Archived", "None"];

/// Each client registers versions of its own model, as trainings do.
pub(super) async fn create_version(site: &Site) -> Result<Plan> {
    for client in 0..site.clients {
        create_model(site, &format!("bench-version-{client}")).await?;
    }
    let requests = Requests::new(|turn, draft| {
        draft.post("/api/2.0/mlflow/model-versions/create", |body| {
            let (client, number) = (turn.client, turn.number);
            // Writing to a vector cannot fail.
            let _ = write!(
                body,
                r#"{{"name": "bench-version-{client}", "source": "s3://bench/versions/{client}/{number}", "description": "version {number}"}}"#
            );
        });
    });
    Ok(Plan::of(requests))
}

/// Each client sends a version of its own through the stages.
pub(super) async fn transition_stage(site: &Site) -> Result<Plan> {
    for client in 0..site.clients {
        let name = format!("bench-stage-{client}");
        create_model(site, &name).await?;
        let version = json!({ "name": name, "source": "s3://bench/stage" });
        site.post("/api/2.0/mlflow/model-versions/create", &version)
            .await?;
    }
    let requests = Requests::new(|turn, draft| {
        draft.post("/api/2.0/mlflow/model-versions/transition-stage", |body| {
            let stage = STAGES[turn.number as usize % STAGES.len()];
            let _ = write!(
                body,
                r#"{{"name": "bench-stage-{}", "version": "1", "stage": "{stage}", "archive_existing_versions": false}}"#,
                turn.client
            );
        });
    });
    Ok(Plan::of(requests))
}

/// A page of a hundred of a thousand models, with their newest versions.
pub(super) async fn search(site: &Site) -> Result<Plan> {
    let path = "/api/2.0/mlflow/registered-models/search?\
                filter=name+LIKE+%27bench-model-%25%27&max_results=100";
    let (answer, bytes) = site.get_measured(path).await?;
    let models = answer["registered_models"]
        .as_array()
        .map_or(&[][..], Vec::as_slice);
    let evidence: Vec<Value> = models.iter().map(model_evidence).collect();
    Ok(reads::repeated_get(path.to_owned(), bytes).with_evidence(evidence.into()))
}

fn model_evidence(model: &Value) -> Value {
    let versions = model["latest_versions"]
        .as_array()
        .map_or(&[][..], Vec::as_slice);
    let versions: Vec<_> = versions
        .iter()
        .map(|version| {
            json!([
                version["version"],
                version["source"],
                version["current_stage"]
            ])
        })
        .collect();
    json!([model["name"], model["tags"], versions])
}

async fn create_model(site: &Site, name: &str) -> Result<()> {
    let create = json!({ "name": name });
    site.post("/api/2.0/mlflow/registered-models/create", &create)
        .await?;
    Ok(())
}
