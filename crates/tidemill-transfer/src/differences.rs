//! What differs between two forms of one thing, in words.

use std::collections::BTreeMap;
use std::fmt::Debug;

use tidemill_core::experiments::Experiment;
use tidemill_core::logged_models::LoggedModel;
use tidemill_core::params::Param;
use tidemill_core::tags::Tag;
use tidemill_core::transfer::{CarriedModel, CarriedRun};

use crate::report::Difference;

/// How many characters of a value are shown.
const SHOWN: usize = 80;

/// A thing as names and values.
#[derive(Default)]
struct Flat(BTreeMap<String, String>);

impl Flat {
    /// What is not there is not put.
    fn put(&mut self, name: impl Into<String>, value: impl Debug) -> &mut Self {
        let text = format!("{value:?}");
        let inner = text
            .strip_prefix("Some(")
            .and_then(|text| text.strip_suffix(')'));
        if text != "None" {
            self.0
                .insert(name.into(), inner.unwrap_or(&text).to_owned());
        }
        self
    }

    fn tags(&mut self, owner: &str, tags: &[Tag]) -> &mut Self {
        for tag in tags {
            self.put(format!("{owner}tag {}", tag.key), &tag.value);
        }
        self
    }

    fn params(&mut self, params: &[Param]) -> &mut Self {
        for param in params {
            self.put(format!("param {}", param.key), &param.value);
        }
        self
    }

    /// Every name whose values differ, the source's first.
    fn against(&self, here: &Self) -> Vec<String> {
        let names: std::collections::BTreeSet<&String> =
            self.0.keys().chain(here.0.keys()).collect();
        names
            .into_iter()
            .filter(|name| self.0.get(*name) != here.0.get(*name))
            .map(|name| {
                let side =
                    |flat: &Self| flat.0.get(name).map_or(String::from("nothing"), |v| cut(v));
                format!("{name}: {} in the source, {} here", side(self), side(here))
            })
            .collect()
    }
}

fn cut(value: &str) -> String {
    match value.char_indices().nth(SHOWN) {
        None => value.to_owned(),
        Some((end, _)) => format!("{}…", &value[..end]),
    }
}

pub(crate) fn of_experiments(source: &Experiment, here: &Experiment) -> Difference {
    let flat = |e: &Experiment| {
        let mut flat = Flat::default();
        flat.put("name", &e.name)
            .put("lifecycle stage", e.stage.as_str());
        flat.put("artifact location", &e.artifact_location);
        flat.put("creation time", e.creation_time);
        flat.put("last update time", e.last_update_time);
        flat.tags("", &e.tags);
        flat
    };
    Difference {
        what: format!("experiment {}", source.id),
        how: flat(source).against(&flat(here)),
    }
}

pub(crate) fn of_runs(source: &CarriedRun, here: &CarriedRun) -> Vec<String> {
    let flat = |carried: &CarriedRun| {
        let (run, info) = (&carried.run, &carried.run.info);
        let mut flat = Flat::default();
        flat.put("experiment", info.experiment_id.0)
            .put("name", &info.name);
        flat.put("user", &info.user_id)
            .put("status", info.status.as_str());
        flat.put("start time", info.start_time)
            .put("end time", info.end_time);
        flat.put("lifecycle stage", info.stage.as_str());
        flat.put("artifact URI", &info.artifact_uri);
        flat.params(&run.params).tags("", &run.tags);
        for input in &run.dataset_inputs {
            let name = format!("dataset {} {}", input.dataset.name, input.dataset.digest);
            flat.put(name, input);
        }
        for model in &run.model_inputs {
            flat.put(format!("input model {model}"), ());
        }
        for output in &run.model_outputs {
            flat.put(format!("output model {}", output.model_id), output.step);
        }
        flat
    };
    let how = flat(source).against(&flat(here));
    match how.is_empty() {
        true => vec![String::from("points of its metrics")],
        false => how,
    }
}

pub(crate) fn of_logged_models(source: &LoggedModel, here: &LoggedModel) -> Difference {
    let flat = |model: &LoggedModel| {
        let mut flat = Flat::default();
        flat.put("experiment", model.experiment_id.0)
            .put("name", &model.name);
        flat.put("artifact location", &model.artifact_location);
        flat.put("creation time", model.creation_time);
        flat.put("last update time", model.last_updated_time);
        flat.put("status", model.status)
            .put("status message", &model.status_message);
        flat.put("type", &model.model_type)
            .put("source run", &model.source_run_id);
        flat.put("lifecycle stage", model.stage.as_str());
        flat.tags("", &model.tags).params(&model.params);
        for metric in &model.metrics {
            let at = (metric.timestamp, metric.step, &metric.run_id);
            flat.put(format!("metric {} at {at:?}", metric.key), metric);
        }
        flat
    };
    Difference {
        what: format!("logged model {}", source.id),
        how: flat(source).against(&flat(here)),
    }
}

pub(crate) fn of_registered_models(source: &CarriedModel, here: &CarriedModel) -> Difference {
    let flat = |model: &CarriedModel| {
        let mut flat = Flat::default();
        flat.put("creation time", model.creation_time);
        flat.put("last update time", model.last_updated_time);
        flat.put("description", model.told_description());
        flat.tags("", &model.tags);
        for alias in &model.aliases {
            flat.put(format!("alias {}", alias.alias), alias.version);
        }
        for version in &model.versions {
            let of = format!("version {} ", version.version);
            flat.put(format!("{of}stage"), version.stage.as_str());
            flat.put(format!("{of}description"), &version.description);
            flat.put(format!("{of}source"), &version.source);
            flat.put(format!("{of}location"), version.location());
            let times = (version.creation_time, version.last_updated_time);
            flat.put(format!("{of}times"), times);
            flat.put(format!("{of}user"), &version.user_id);
            flat.put(format!("{of}run"), &version.run_id);
            flat.put(format!("{of}run link"), &version.run_link);
            flat.put(format!("{of}status"), version.status);
            flat.put(format!("{of}status message"), &version.status_message);
            flat.put(format!("{of}model"), &version.model_id);
            flat.tags(&of, &version.tags);
        }
        flat
    };
    Difference {
        what: format!("registered model {}", source.name),
        how: flat(source).against(&flat(here)),
    }
}
