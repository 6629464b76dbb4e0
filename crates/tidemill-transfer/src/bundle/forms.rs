//! How things are written as JSON. The names stay as they are here, whatever they are called
//! elsewhere: a field that is added to one of these things does not compile until it is added here.

use serde::de::{SeqAccess, Visitor};
use serde::ser::{SerializeSeq, Serializer};
use serde::{Deserialize, Deserializer, Serialize};
use tidemill_core::datasets::{Dataset, DatasetInput};
use tidemill_core::experiments::{Experiment, ExperimentId};
use tidemill_core::lifecycle::LifecycleStage;
use tidemill_core::logged_models::{LoggedModel, LoggedModelStatus, ModelMetric};
use tidemill_core::metrics::{Metric, Point};
use tidemill_core::params::Param;
use tidemill_core::registry::{Alias, ModelVersion, Stage, VersionStatus};
use tidemill_core::runs::{ModelOutput, Run, RunId, RunInfo, RunStatus};
use tidemill_core::tags::Tag;
use tidemill_core::transfer::{CarriedModel, CarriedRun, RunPiece};

use super::{Artifact, RunPlace};

/// Something that is a line of a page.
pub(crate) trait Line: Sized {
    /// As JSON, without a line break.
    fn to_json(&self, out: &mut Vec<u8>) -> serde_json::Result<()>;
    /// Back again.
    fn from_json(text: &str) -> serde_json::Result<Self>;
}

macro_rules! lines {
    ($($thing:ty => $form:ty,)*) => {$(
        impl Line for $thing {
            fn to_json(&self, out: &mut Vec<u8>) -> serde_json::Result<()> {
                <$form>::serialize(self, &mut serde_json::Serializer::new(out))
            }

            fn from_json(text: &str) -> serde_json::Result<Self> {
                let mut json = serde_json::Deserializer::from_str(text);
                let thing = <$form>::deserialize(&mut json)?;
                json.end()?;
                Ok(thing)
            }
        }
    )*};
}

lines! {
    Experiment => ExperimentForm,
    RunPiece => RunPieceForm,
    LoggedModel => LoggedModelForm,
    CarriedModel => CarriedModelForm,
    RunPlace => RunPlace,
    Artifact => Artifact,
}

/// Lists of things that have a form, as modules for `serde(with)`.
macro_rules! lists {
    ($($module:ident: $thing:ty = $form:literal;)*) => {$(
        mod $module {
            use super::*;

            #[derive(Serialize)]
            struct Given<'a>(#[serde(with = $form)] &'a $thing);
            #[derive(Deserialize)]
            struct Taken(#[serde(with = $form)] $thing);

            pub(super) fn serialize<S: Serializer>(
                list: &[$thing],
                serializer: S,
            ) -> Result<S::Ok, S::Error> {
                serializer.collect_seq(list.iter().map(Given))
            }

            pub(super) fn deserialize<'de, D: Deserializer<'de>>(
                deserializer: D,
            ) -> Result<Vec<$thing>, D::Error> {
                let list = Vec::<Taken>::deserialize(deserializer)?;
                Ok(list.into_iter().map(|taken| taken.0).collect())
            }
        }
    )*};
}

lists! {
    tags: Tag = "TagForm";
    params: Param = "ParamForm";
    dataset_inputs: DatasetInput = "DatasetInputForm";
    model_outputs: ModelOutput = "ModelOutputForm";
    model_metrics: ModelMetric = "ModelMetricForm";
    aliases: Alias = "AliasForm";
    versions: ModelVersion = "ModelVersionForm";
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Experiment", deny_unknown_fields)]
struct ExperimentForm {
    #[serde(rename = "experiment_id", with = "ExperimentIdForm")]
    id: ExperimentId,
    name: String,
    artifact_location: String,
    #[serde(rename = "lifecycle_stage", with = "LifecycleForm")]
    stage: LifecycleStage,
    creation_time: i64,
    last_update_time: i64,
    #[serde(with = "tags")]
    tags: Vec<Tag>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "ExperimentId")]
struct ExperimentIdForm(i64);

#[derive(Serialize, Deserialize)]
#[serde(remote = "RunId")]
struct RunIdForm(String);

#[derive(Serialize, Deserialize)]
#[serde(remote = "LifecycleStage", rename_all = "snake_case")]
enum LifecycleForm {
    Active,
    Deleted,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Tag", deny_unknown_fields)]
struct TagForm {
    key: String,
    value: String,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Param", deny_unknown_fields)]
struct ParamForm {
    key: String,
    value: String,
}

#[derive(Serialize, Deserialize)]
#[serde(
    remote = "RunPiece",
    rename_all = "snake_case",
    rename_all_fields = "snake_case",
    deny_unknown_fields
)]
enum RunPieceForm {
    Run(#[serde(with = "boxed")] Box<CarriedRun>),
    Points {
        key: String,
        #[serde(with = "points")]
        points: Vec<Point>,
    },
    End {
        whole: bool,
    },
}

mod boxed {
    use super::*;

    pub(super) fn serialize<S: Serializer>(
        run: &CarriedRun,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        CarriedRunForm::serialize(run, serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Box<CarriedRun>, D::Error> {
        CarriedRunForm::deserialize(deserializer).map(Box::new)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "CarriedRun", deny_unknown_fields)]
struct CarriedRunForm {
    #[serde(with = "RunForm")]
    run: Run,
    deleted_time: Option<i64>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Run", deny_unknown_fields)]
struct RunForm {
    #[serde(with = "RunInfoForm")]
    info: RunInfo,
    /// They come as points.
    #[serde(skip)]
    metrics: Vec<Metric>,
    #[serde(with = "params")]
    params: Vec<Param>,
    #[serde(with = "tags")]
    tags: Vec<Tag>,
    #[serde(with = "dataset_inputs")]
    dataset_inputs: Vec<DatasetInput>,
    model_inputs: Vec<String>,
    #[serde(with = "model_outputs")]
    model_outputs: Vec<ModelOutput>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "RunInfo", deny_unknown_fields)]
struct RunInfoForm {
    #[serde(rename = "run_id", with = "RunIdForm")]
    id: RunId,
    #[serde(with = "ExperimentIdForm")]
    experiment_id: ExperimentId,
    #[serde(rename = "run_name")]
    name: String,
    user_id: String,
    #[serde(with = "RunStatusForm")]
    status: RunStatus,
    start_time: i64,
    end_time: Option<i64>,
    artifact_uri: String,
    #[serde(rename = "lifecycle_stage", with = "LifecycleForm")]
    stage: LifecycleStage,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "RunStatus", rename_all = "SCREAMING_SNAKE_CASE")]
enum RunStatusForm {
    Running,
    Scheduled,
    Finished,
    Failed,
    Killed,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "DatasetInput", deny_unknown_fields)]
struct DatasetInputForm {
    #[serde(with = "DatasetForm")]
    dataset: Dataset,
    #[serde(with = "tags")]
    tags: Vec<Tag>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Dataset", deny_unknown_fields)]
struct DatasetForm {
    name: String,
    digest: String,
    source_type: String,
    source: String,
    schema: Option<String>,
    profile: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "ModelOutput", deny_unknown_fields)]
struct ModelOutputForm {
    model_id: String,
    step: i64,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "LoggedModel", deny_unknown_fields)]
struct LoggedModelForm {
    #[serde(rename = "model_id")]
    id: String,
    #[serde(with = "ExperimentIdForm")]
    experiment_id: ExperimentId,
    name: String,
    artifact_location: String,
    creation_time: i64,
    last_updated_time: i64,
    #[serde(with = "LoggedModelStatusForm")]
    status: LoggedModelStatus,
    status_message: Option<String>,
    model_type: Option<String>,
    source_run_id: Option<String>,
    #[serde(rename = "lifecycle_stage", with = "LifecycleForm")]
    stage: LifecycleStage,
    #[serde(with = "tags")]
    tags: Vec<Tag>,
    #[serde(with = "params")]
    params: Vec<Param>,
    #[serde(with = "model_metrics")]
    metrics: Vec<ModelMetric>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "LoggedModelStatus", rename_all = "SCREAMING_SNAKE_CASE")]
enum LoggedModelStatusForm {
    Unspecified,
    Pending,
    Ready,
    UploadFailed,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "ModelMetric", deny_unknown_fields)]
struct ModelMetricForm {
    key: String,
    #[serde(with = "value")]
    value: f64,
    timestamp: i64,
    step: i64,
    run_id: String,
    dataset_name: Option<String>,
    dataset_digest: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "CarriedModel", deny_unknown_fields)]
struct CarriedModelForm {
    name: String,
    creation_time: i64,
    last_updated_time: i64,
    description: Option<String>,
    #[serde(with = "tags")]
    tags: Vec<Tag>,
    #[serde(with = "aliases")]
    aliases: Vec<Alias>,
    #[serde(with = "versions")]
    versions: Vec<ModelVersion>,
    last_version: i64,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Alias", deny_unknown_fields)]
struct AliasForm {
    alias: String,
    version: i64,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "ModelVersion", deny_unknown_fields)]
struct ModelVersionForm {
    name: String,
    version: i64,
    creation_time: i64,
    last_updated_time: i64,
    description: Option<String>,
    user_id: Option<String>,
    #[serde(rename = "current_stage", with = "StageForm")]
    stage: Stage,
    source: String,
    storage_location: Option<String>,
    run_id: Option<String>,
    run_link: Option<String>,
    #[serde(with = "VersionStatusForm")]
    status: VersionStatus,
    status_message: Option<String>,
    model_id: Option<String>,
    #[serde(with = "tags")]
    tags: Vec<Tag>,
    /// They are in the list of the model.
    #[serde(skip)]
    aliases: Vec<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Stage")]
enum StageForm {
    None,
    Staging,
    Production,
    Archived,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "VersionStatus", rename_all = "SCREAMING_SNAKE_CASE")]
enum VersionStatusForm {
    PendingRegistration,
    FailedRegistration,
    Ready,
}

/// Points as `[step, timestamp, value]`.
mod points {
    use super::*;

    struct Value(f64);

    impl Serialize for Value {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            value::serialize(&self.0, serializer)
        }
    }

    impl<'de> Deserialize<'de> for Value {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            value::deserialize(deserializer).map(Self)
        }
    }

    pub(super) fn serialize<S: Serializer>(
        points: &[Point],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(points.len()))?;
        for point in points {
            list.serialize_element(&(point.step, point.timestamp, Value(point.value)))?;
        }
        list.end()
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<Point>, D::Error> {
        struct Points;

        impl<'de> Visitor<'de> for Points {
            type Value = Vec<Point>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a list of points")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<Point>, A::Error> {
                let mut points = Vec::new();
                while let Some((step, timestamp, Value(value))) = list.next_element()? {
                    points.push(Point {
                        step,
                        timestamp,
                        value,
                    });
                }
                Ok(points)
            }
        }

        deserializer.deserialize_seq(Points)
    }
}

/// A number, or one of the three that JSON has no number for as a text.
mod value {
    use super::*;

    const NAN: &str = "NaN";
    const INFINITY: &str = "Infinity";
    const MINUS_INFINITY: &str = "-Infinity";

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
    pub(super) fn serialize<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        match *value {
            value if value.is_nan() => serializer.serialize_str(NAN),
            f64::INFINITY => serializer.serialize_str(INFINITY),
            f64::NEG_INFINITY => serializer.serialize_str(MINUS_INFINITY),
            value => serializer.serialize_f64(value),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
        struct Number;

        impl Visitor<'_> for Number {
            type Value = f64;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "a number, {NAN}, {INFINITY} or {MINUS_INFINITY}")
            }

            fn visit_f64<E>(self, value: f64) -> Result<f64, E> {
                Ok(value)
            }

            fn visit_i64<E>(self, value: i64) -> Result<f64, E> {
                Ok(value as f64)
            }

            fn visit_u64<E>(self, value: u64) -> Result<f64, E> {
                Ok(value as f64)
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<f64, E> {
                match text {
                    NAN => Ok(f64::NAN),
                    INFINITY => Ok(f64::INFINITY),
                    MINUS_INFINITY => Ok(f64::NEG_INFINITY),
                    other => Err(E::custom(format!("{other:?} is no number"))),
                }
            }
        }

        deserializer.deserialize_any(Number)
    }
}
