//! Logged models, which MLflow has from 3.0 on: folders in `models` of their experiment's.

use std::collections::HashMap;

use tidemill_core::experiments::ExperimentId;
use tidemill_core::logged_models::{
    LoggedModel, LoggedModelStatus, ModelMetric, artifact_location,
};
use tidemill_core::tags::Tag;
use tidemill_core::transfer::Fault;

use super::experiments::{Home, stage};
use super::lines::{Lines, ModelPoint, model_point};
use super::places::models_folder;
use super::root::{Readable, Root, join};
use super::runs::param;
use super::texts::Values;
use super::yaml::{Fields, META};

/// How many points a model may have: they are held at once.
const MAX_POINTS: usize = 200_000;

/// The model with this id in an experiment's folder.
pub(super) fn read(
    root: &Root,
    home: &Home,
    experiment: ExperimentId,
    id: &str,
    faults: &mut Vec<Fault>,
) -> Readable<LoggedModel> {
    let folder = join(&models_folder(&home.folder), id);
    let fields = Fields::of_folder(root, &folder)?;
    check_ids(&fields, id, experiment)?;
    let what = format!("logged model {id}");
    let values = |name: &str, one| Values::new(join(&folder, name), one, &what);
    let creation_time = fields.number("creation_timestamp")?.unwrap_or(0);
    Ok(LoggedModel {
        id: id.to_owned(),
        experiment_id: experiment,
        name: fields.text("name")?.unwrap_or_default().to_owned(),
        artifact_location: match fields.filled("artifact_location")? {
            Some(location) => location,
            None => artifact_location(&home.artifact_location, id),
        },
        creation_time,
        last_updated_time: fields
            .number("last_updated_timestamp")?
            .unwrap_or(creation_time),
        status: status(&fields)?,
        status_message: fields.filled("status_message")?,
        model_type: fields.text("model_type")?.map(str::to_owned),
        source_run_id: fields.text("source_run_id")?.map(str::to_owned),
        stage: stage(&fields)?,
        tags: values("tags", "tag").read(root, faults, Tag::new),
        params: values("params", "param").read(root, faults, param),
        metrics: metrics(root, &folder, &what, faults),
    })
}

fn check_ids(fields: &Fields, id: &str, experiment: ExperimentId) -> Readable<()> {
    let said = fields.required("model_id")?;
    if said != id {
        return Err(format!("its {META} says that it is model '{said}'"));
    }
    let said = fields.required("experiment_id")?;
    if said != experiment.to_string() {
        return Err(format!(
            "its {META} says that it belongs to experiment '{said}'"
        ));
    }
    Ok(())
}

/// A number; MLflow takes a model without any for one that is ready.
fn status(fields: &Fields) -> Readable<LoggedModelStatus> {
    let Some(number) = fields.number("status")? else {
        return Ok(LoggedModelStatus::Ready);
    };
    i16::try_from(number)
        .ok()
        .and_then(LoggedModelStatus::from_number)
        .ok_or_else(|| format!("its status is '{number}'"))
}

/// Every point of every metric. MLflow's file store shows the last one of each metric and
/// dataset, its tables show all.
fn metrics(root: &Root, folder: &str, what: &str, faults: &mut Vec<Fault>) -> Vec<ModelMetric> {
    let folder = join(folder, "metrics");
    let mut metrics = Vec::new();
    let values = Values::new(folder.clone(), "metric", what);
    for key in values.keys(root, faults) {
        if let Err(why) = metric(root, &folder, &key, &mut metrics) {
            let why = format!("its metric '{key}' is not whole: {why}");
            faults.push(Fault::new(what, why));
        }
    }
    metrics
}

fn metric(root: &Root, folder: &str, key: &str, metrics: &mut Vec<ModelMetric>) -> Readable<()> {
    let mut lines = Lines::new(root.file(&join(folder, key))?);
    let mut kept: HashMap<(i64, i64, String), ModelMetric> = HashMap::new();
    let mut lost = 0_u64;
    while let Some(point) = lines.next(model_point) {
        let id = (
            point.point.timestamp,
            point.point.step,
            point.run_id.clone(),
        );
        let metric = made(key, point);
        match kept.get(&id) {
            Some(first) if *first != metric => lost += 1,
            Some(_) => {}
            None if metrics.len() + kept.len() == MAX_POINTS => {
                return Err(format!("the model has more than {MAX_POINTS} points"));
            }
            None => drop(kept.insert(id, metric)),
        }
    }
    let mut kept: Vec<ModelMetric> = kept.into_values().collect();
    kept.sort_by(|a, b| (a.timestamp, a.step, &a.run_id).cmp(&(b.timestamp, b.step, &b.run_id)));
    let is_empty = kept.is_empty();
    metrics.extend(kept);
    match lines.fault() {
        Some(why) => Err(why),
        None if lost > 0 => Err(lost_points(lost)),
        None if is_empty => Err(String::from("it has no points")),
        None => Ok(()),
    }
}

/// MLflow's tables and ours have one point of a metric per time, step and run.
fn lost_points(lost: u64) -> String {
    format!(
        "{lost} points have the time, step and run of another one, but not its value or dataset"
    )
}

fn made(key: &str, point: ModelPoint) -> ModelMetric {
    let (dataset_name, dataset_digest) = point.dataset.unzip();
    let at = point.point;
    ModelMetric {
        key: key.to_owned(),
        value: if at.value.is_nan() { 0.0 } else { at.value },
        timestamp: at.timestamp,
        step: at.step,
        run_id: point.run_id,
        dataset_name,
        dataset_digest,
    }
}

#[cfg(test)]
mod tests {
    use tidemill_core::lifecycle::LifecycleStage;

    use super::super::given::{Given, lines};
    use super::*;
    use crate::Source;

    const FILE: &str = "artifact_location: s3://b/m\ncreation_timestamp: 5\nexperiment_id: '1'\n\
                        last_updated_timestamp: 6\nlifecycle_stage: active\nmodel_id: m-1\n\
                        model_type: Agent\nname: 1e5\nsource_run_id: r1\nstatus: 2\n\
                        status_message: null\n";

    fn read_first(given: &Given) -> (Option<LoggedModel>, Vec<String>) {
        let (mut store, mut faults) = (given.open(), Vec::new());
        let mut models = store.logged_models(None, 9, &mut faults).unwrap();
        (models.pop(), lines(&faults))
    }

    fn given(file: &str) -> Given {
        let given = Given::store();
        given.file("1/models/m-1/meta.yaml", file);
        given
    }

    #[test]
    fn a_logged_model_is_whole() {
        let given = given(FILE);
        given.file("1/models/m-1/tags/a/b", "t");
        given.file("1/models/m-1/params/p", "q");
        given.file("1/models/m-1/metrics/acc", "2 nan 1 r1\n1 0.5 0 r1 d 9\n");
        let point = |timestamp, value, step, dataset: Option<(&str, &str)>| ModelMetric {
            key: String::from("acc"),
            value,
            timestamp,
            step,
            run_id: String::from("r1"),
            dataset_name: dataset.map(|(name, _)| name.to_owned()),
            dataset_digest: dataset.map(|(_, digest)| digest.to_owned()),
        };
        let expected = LoggedModel {
            id: String::from("m-1"),
            experiment_id: ExperimentId(1),
            name: String::from("1e5"),
            artifact_location: String::from("s3://b/m"),
            creation_time: 5,
            last_updated_time: 6,
            status: LoggedModelStatus::Ready,
            status_message: None,
            model_type: Some(String::from("Agent")),
            source_run_id: Some(String::from("r1")),
            stage: LifecycleStage::Active,
            tags: vec![Tag::new("a/b", "t")],
            params: vec![param(String::from("p"), String::from("q"))],
            metrics: vec![point(1, 0.5, 0, Some(("d", "9"))), point(2, 0.0, 1, None)],
        };
        assert_eq!(read_first(&given), (Some(expected), vec![]));
    }

    #[test]
    fn a_point_that_the_tables_cannot_hold_is_a_fault() {
        let given = given(FILE);
        given.file("1/models/m-1/metrics/acc", "1 2 3 r\n1 2 3 r\n1 4 3 r\n");
        let (model, faults) = read_first(&given);
        assert_eq!(model.unwrap().metrics.len(), 1);
        assert_eq!(
            faults,
            [
                "logged model m-1: its metric 'acc' is not whole: 1 points have the time, step and \
              run of another one, but not its value or dataset"
            ]
        );
    }

    #[test]
    fn a_broken_model_is_a_fault() {
        let broken = given(&FILE.replace("m-1", "m-2"));
        let why = "logged model m-1 in experiment 1: it is left out: its meta.yaml says that it \
                   is model 'm-2'";
        assert_eq!(read_first(&broken), (None, vec![why.to_owned()]));
        let broken = given(&FILE.replace("status: 2", "status: 8"));
        let why = "logged model m-1 in experiment 1: it is left out: its status is '8'";
        assert_eq!(read_first(&broken), (None, vec![why.to_owned()]));
    }
}
