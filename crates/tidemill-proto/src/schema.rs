//! What MLflow checks of each request, on one page: the parameters in the order in which it
//! looks at them, and for each the rules in their order.
//!
//! A message without parameters here takes whatever decodes; its handler does the rest.

use crate::Request;
use crate::mlflow::*;
use crate::rule::Param as Checked;
use crate::rule::Rule::*;

macro_rules! requests {
    ($(
        $message:path $(, without $gap:ident)? { $($name:ident: [$($rule:expr),*]),* $(,)? }
    )*) => {
        $(
            impl Request for $message {
                const PARAMS: &'static [Checked] = &[
                    $(Checked { name: stringify!($name), rules: &[$($rule),*] },)*
                ];
                $(
                    fn gap(&self) -> Option<String> {
                        $gap(self)
                    }
                )?
            }
        )*
    };
}

requests! {
    // Experiments.
    CreateExperiment {
        name: [Required, Str],
        artifact_location: [Str],
        tags: [Array],
    }
    DeleteExperiment { experiment_id: [Required, Str] }
    DeleteExperimentTag {
        experiment_id: [Required, Str],
        key: [Required, Str],
    }
    GetExperiment { experiment_id: [Required, Str] }
    GetExperimentByName { experiment_name: [Required, Str] }
    RestoreExperiment { experiment_id: [Required, Str] }
    SearchExperiments {
        view_type: [IntLike],
        max_results: [IntLike],
        order_by: [Array],
        filter: [Str],
        page_token: [Str],
    }
    SetExperimentTag {
        experiment_id: [Required, Str],
        key: [Required, Str],
        value: [Str],
    }
    UpdateExperiment {
        experiment_id: [Required, Str],
        new_name: [Str, Required],
    }
    ListExperiments {}
    // Runs.
    CreateRun {
        experiment_id: [Str],
        start_time: [IntLike],
        run_name: [Str],
    }
    DeleteRun { run_id: [Required, Str] }
    DeleteTag {
        run_id: [Required, Str],
        key: [Required, Str],
    }
    GetRun { run_id: [Required, Str] }
    LogBatch, without log_batch_gap {
        run_id: [Str, Required],
        metrics: [Array],
        params: [Array],
        tags: [Array],
    }
    LogModel {
        run_id: [Str, Required],
        model_json: [Str, Required],
    }
    LogParam {
        run_id: [Required, Str],
        key: [Required, Str],
        value: [Str],
    }
    RestoreRun { run_id: [Required, Str] }
    SearchRuns {
        experiment_ids: [Array],
        filter: [Str],
        max_results: [IntLike, AtMost(50_000)],
        order_by: [Array, StrItems],
    }
    SetTag {
        run_id: [Required, Str],
        key: [Required, Str],
        value: [Str],
    }
    UpdateRun {
        run_id: [Required, Str],
        end_time: [IntLike],
        status: [Str],
        run_name: [Str],
    }

    // Metrics.
    GetMetricHistory {
        run_id: [Str, Required],
        metric_key: [Str, Required],
        page_token: [Str],
    }
    GetMetricHistoryBulkInterval {
        run_ids: [Required, Array, StrItems, AtMostRuns(100)],
        metric_key: [Required, Str],
        start_step: [IntLike],
        end_step: [IntLike],
        max_results: [IntLike, Between(1, 2500)],
    }
    LogMetric {
        run_id: [Required, Str],
        key: [Required, Str],
        value: [Required, FloatLike],
        timestamp: [IntLike, Required],
        step: [IntLike],
        model_id: [Str],
        dataset_name: [Str],
        dataset_digest: [Str],
    }

    // Data sets.
    LogInputs {
        run_id: [Required, Str],
        datasets: [Array],
        models: [Array],
    }
    LogOutputs {
        run_id: [Required, Str],
        models: [Required, Array],
    }
    SearchDatasets {}

    // Logged models.
    CreateLoggedModel {
        experiment_id: [Str, Required],
        name: [Str],
        model_type: [Str],
        source_run_id: [Str],
        params: [Array],
        tags: [Array],
    }
    SearchLoggedModels {
        experiment_ids: [Array, StrItems, Required],
        filter: [Str],
        datasets: [Array],
        max_results: [IntLike],
        order_by: [Array],
        page_token: [Str],
    }
    DeleteLoggedModel {}
    GetLoggedModel {}
    FinalizeLoggedModel {
        model_id: [Str, Required],
        status: [IntLike, Required],
    }
    ListLoggedModelArtifacts { artifact_directory_path: [Str] }
    LogLoggedModelParamsRequest {
        model_id: [Str, Required],
        params: [Array],
    }
    SetLoggedModelTags { tags: [Array] }
    DeleteLoggedModelTag {}

    // Registered models.
    CreateRegisteredModel {
        name: [Str, Required],
        tags: [Array],
        description: [Str],
    }
    DeleteRegisteredModel { name: [Str, Required] }
    DeleteRegisteredModelTag {
        name: [Str, Required],
        key: [Str, Required],
    }
    GetRegisteredModel { name: [Str, Required] }
    RenameRegisteredModel {
        name: [Str, Required],
        new_name: [Str, Required],
    }
    SearchRegisteredModels {
        filter: [Str],
        max_results: [IntLike, AtMost(1000)],
        order_by: [Array, StrItems],
        page_token: [Str],
    }
    SetRegisteredModelTag {
        name: [Str, Required],
        key: [Str, Required],
        value: [Str],
    }
    UpdateRegisteredModel {
        name: [Str, Required],
        description: [Str],
    }
    ListRegisteredModels {}

    // Model versions.
    CreateModelVersion {
        name: [Str, Required],
        source: [Str, Required],
        run_id: [Str],
        tags: [Array],
        run_link: [Str],
        description: [Str],
        model_id: [Str],
    }
    DeleteModelVersion {
        name: [Str, Required],
        version: [Str, Required],
    }
    DeleteModelVersionTag {
        name: [Str, Required],
        version: [Str, Required],
        key: [Str, Required],
    }
    GetModelVersion {
        name: [Str, Required],
        version: [Str, Required],
    }
    GetModelVersionDownloadUri {}
    SearchModelVersions {
        filter: [Str],
        max_results: [IntLike, AtMost(200_000)],
        order_by: [Array, StrItems],
        page_token: [Str],
    }
    SetModelVersionTag {
        name: [Str, Required],
        version: [Str, Required],
        key: [Str, Required],
        value: [Str],
    }
    UpdateModelVersion {
        name: [Str, Required],
        version: [Str, Required],
        description: [Str],
    }

    // Stages.
    TransitionModelVersionStage {
        name: [Str, Required],
        version: [Str, Required],
        stage: [Str, Required],
        archive_existing_versions: [Bool],
    }
    GetLatestVersions {
        name: [Str, Required],
        stages: [Array, StrItems],
    }

    // Aliases.
    DeleteRegisteredModelAlias {
        name: [Str, Required],
        alias: [Str, Required],
    }
    GetModelVersionByAlias {
        name: [Str, Required],
        alias: [Str, Required],
    }
    SetRegisteredModelAlias {
        name: [Str, Required],
        alias: [Str, Required],
        version: [Str, Required],
    }

    // Run artifacts.
    ListArtifacts {
        run_id: [Str, Required],
        path: [Str],
        page_token: [Str],
    }
    CreatePresignedDownloadUrl {
        run_id: [Required, Str],
        path: [Required, Str],
        expiration: [IntLike],
    }
    CreatePresignedUploadUrl {
        run_id: [Str],
        model_id: [Str],
        path: [Required, Str],
        expiration: [IntLike],
    }

    // The artifact proxy.
    artifacts::ListArtifacts {}
    artifacts::DeleteArtifact {}
    artifacts::DownloadArtifact {}
    artifacts::UploadArtifact {}
    artifacts::AbortMultipartUpload {
        path: [Required, Str],
        upload_id: [Str],
    }
    artifacts::CompleteMultipartUpload {
        path: [Required, Str],
        upload_id: [Str],
        parts: [Required],
    }
    artifacts::CreateMultipartUpload {
        path: [Required, Str],
        num_parts: [IntLike],
    }
    artifacts::GetPresignedDownloadUrl {}
}

/// The first metric, parameter or tag of a batch that lacks what it must have.
fn log_batch_gap(batch: &LogBatch) -> Option<String> {
    let metric = batch
        .metrics
        .iter()
        .enumerate()
        .find_map(|(index, metric)| {
            let field = match metric {
                _ if metric.key().is_empty() => "key",
                Metric { value: None, .. } => "value",
                Metric {
                    timestamp: None, ..
                } => "timestamp",
                _ => return None,
            };
            Some(format!("metrics[{index}].{field}"))
        });
    metric
        .or_else(|| keyless("params", batch.params.iter().map(Param::key)))
        .or_else(|| keyless("tags", batch.tags.iter().map(RunTag::key)))
}

fn keyless<'a>(list: &str, mut keys: impl Iterator<Item = &'a str>) -> Option<String> {
    let index = keys.position(str::is_empty)?;
    Some(format!("{list}[{index}].key"))
}
