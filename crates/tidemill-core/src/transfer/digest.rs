//! Digests of content: equal for equal things, wherever they are stored and in whatever order
//! their parts were read. What MLflow's servers do not tell is left out, so that a thing has one
//! digest whichever way it came: when a run was deleted, the number of a model's last version
//! when that was deleted, an empty description of a model, and whether the location of a
//! version's files was written down although it is its source.
//!
//! They find what was lost or changed on the way; they do not defend against somebody who wants
//! two things to have the same digest.

use xxhash_rust::xxh3::{Xxh3, xxh3_64, xxh3_128_with_seed};

use super::{CarriedModel, CarriedRun};
use crate::datasets::DatasetInput;
use crate::experiments::Experiment;
use crate::logged_models::{LoggedModel, ModelMetric};
use crate::metrics::{Point, comparable};
use crate::params::Param;
use crate::registry::{Alias, ModelVersion};
use crate::tags::Tag;

/// The digest of an experiment with its tags.
pub fn experiment(experiment: &Experiment) -> u128 {
    let mut parts = Parts::default();
    parts.whole(experiment.id.0).text(&experiment.name);
    parts.text(&experiment.artifact_location);
    parts.text(experiment.stage.as_str());
    parts.whole(experiment.creation_time);
    parts.whole(experiment.last_update_time);
    parts.set(experiment.tags.iter().map(tag));
    parts.digest()
}

/// The digest of a logged model with params, tags and metrics.
pub fn logged_model(model: &LoggedModel) -> u128 {
    let mut parts = Parts::default();
    parts
        .text(&model.id)
        .whole(model.experiment_id.0)
        .text(&model.name);
    parts.text(&model.artifact_location);
    parts
        .whole(model.creation_time)
        .whole(model.last_updated_time);
    parts
        .whole(model.status as i64)
        .optional(model.status_message.as_deref());
    parts
        .text_or_none(model.model_type.as_deref())
        .text_or_none(model.source_run_id.as_deref());
    parts.text(model.stage.as_str());
    parts.set(model.tags.iter().map(tag));
    parts.set(model.params.iter().map(param));
    parts.set(model.metrics.iter().map(model_metric));
    parts.digest()
}

/// The digest of a registered model with versions, tags and aliases, without `last_version`.
pub fn registered_model(model: &CarriedModel) -> u128 {
    let mut parts = Parts::default();
    parts.text(&model.name);
    parts
        .whole(model.creation_time)
        .whole(model.last_updated_time);
    parts.optional(model.told_description());
    parts.set(model.tags.iter().map(tag));
    parts.set(model.aliases.iter().map(alias));
    parts.set(model.versions.iter().map(version));
    parts.digest()
}

/// The digest of a run, made from its pieces as they come.
#[derive(Debug, Clone, Copy)]
pub struct RunDigest(u128);

impl RunDigest {
    /// Begins with the run itself, without `deleted_time`.
    pub fn new(carried: &CarriedRun) -> Self {
        let run = &carried.run;
        let info = &run.info;
        let mut parts = Parts::default();
        parts.text(info.id.as_str()).whole(info.experiment_id.0);
        parts.text(&info.name).text(&info.user_id);
        parts.whole(info.status as i64).whole(info.start_time);
        parts.maybe(info.end_time);
        parts.text(&info.artifact_uri).text(info.stage.as_str());
        parts.set(run.params.iter().map(param));
        parts.set(run.tags.iter().map(tag));
        parts.set(run.dataset_inputs.iter().map(dataset_input));
        parts.set(run.model_inputs.iter().map(|id| one(id)));
        parts.set(run.model_outputs.iter().map(|output| {
            let mut parts = Parts::default();
            parts.text(&output.model_id).whole(output.step);
            parts.digest()
        }));
        Self(parts.digest())
    }

    /// Adds points of a metric. Each point of a run is added once; order does not matter.
    pub fn add(&mut self, key: &str, points: &[Point]) {
        let seed = xxh3_64(key.as_bytes());
        for point in points {
            self.0 = self.0.wrapping_add(of_point(seed, point));
        }
    }

    /// The digest of all that was added.
    pub fn finish(self) -> u128 {
        self.0
    }
}

fn of_point(seed: u64, point: &Point) -> u128 {
    let value = match point.value.is_nan() {
        true => f64::NAN.to_bits(),
        false => comparable(point.value).to_bits(),
    };
    let mut bytes = [0; 24];
    bytes[..8].copy_from_slice(&point.step.to_le_bytes());
    bytes[8..16].copy_from_slice(&point.timestamp.to_le_bytes());
    bytes[16..].copy_from_slice(&value.to_le_bytes());
    xxh3_128_with_seed(&bytes, seed)
}

/// Parts of a thing, one after the other, each with its length.
#[derive(Default)]
struct Parts(Xxh3);

impl Parts {
    fn text(&mut self, text: &str) -> &mut Self {
        self.0.update(&(text.len() as u64).to_le_bytes());
        self.0.update(text.as_bytes());
        self
    }

    fn whole(&mut self, number: i64) -> &mut Self {
        self.0.update(&number.to_le_bytes());
        self
    }

    fn maybe(&mut self, number: Option<i64>) -> &mut Self {
        self.whole(i64::from(number.is_some()))
            .whole(number.unwrap_or(0))
    }

    fn optional(&mut self, text: Option<&str>) -> &mut Self {
        self.whole(i64::from(text.is_some()))
            .text(text.unwrap_or(""))
    }

    /// As [`Self::text`], which nothing has the length of that stands for none.
    fn text_or_none(&mut self, text: Option<&str>) -> &mut Self {
        match text {
            Some(text) => self.text(text),
            None => self.whole(-1),
        }
    }

    /// Things in no particular order.
    fn set(&mut self, digests: impl Iterator<Item = u128>) -> &mut Self {
        let sum = digests.fold(0_u128, u128::wrapping_add);
        self.0.update(&sum.to_le_bytes());
        self
    }

    fn digest(&self) -> u128 {
        self.0.digest128()
    }
}

fn one(text: &str) -> u128 {
    Parts::default().text(text).digest()
}

fn tag(tag: &Tag) -> u128 {
    Parts::default().text(&tag.key).text(&tag.value).digest()
}

fn param(param: &Param) -> u128 {
    Parts::default()
        .text(&param.key)
        .text(&param.value)
        .digest()
}

fn alias(alias: &Alias) -> u128 {
    Parts::default()
        .text(&alias.alias)
        .whole(alias.version)
        .digest()
}

fn dataset_input(input: &DatasetInput) -> u128 {
    let dataset = &input.dataset;
    let mut parts = Parts::default();
    parts.text(&dataset.name).text(&dataset.digest);
    parts.text(&dataset.source_type).text(&dataset.source);
    parts.optional(dataset.schema.as_deref());
    parts.optional(dataset.profile.as_deref());
    parts.set(input.tags.iter().map(tag));
    parts.digest()
}

fn model_metric(metric: &ModelMetric) -> u128 {
    let mut parts = Parts::default();
    parts
        .text(&metric.key)
        .whole(metric.timestamp)
        .whole(metric.step);
    parts.whole(comparable(metric.value).to_bits().cast_signed());
    parts.text(&metric.run_id);
    parts.optional(metric.dataset_name.as_deref());
    parts.optional(metric.dataset_digest.as_deref());
    parts.digest()
}

fn version(version: &ModelVersion) -> u128 {
    let mut parts = Parts::default();
    parts.whole(version.version);
    parts
        .whole(version.creation_time)
        .whole(version.last_updated_time);
    parts.optional(version.description.as_deref());
    parts.optional(version.user_id.as_deref());
    parts.text(version.stage.as_str()).text(&version.source);
    parts.text(version.location());
    parts
        .text_or_none(version.run_id.as_deref())
        .text_or_none(version.run_link.as_deref());
    parts.whole(version.status as i64);
    parts.optional(version.status_message.as_deref());
    parts.optional(version.model_id.as_deref());
    parts.set(version.tags.iter().map(tag));
    parts.digest()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiments::ExperimentId;
    use crate::lifecycle::LifecycleStage;

    fn given() -> Experiment {
        Experiment {
            id: ExperimentId(7),
            name: String::from("a"),
            artifact_location: String::from("b"),
            stage: LifecycleStage::Active,
            creation_time: 1,
            last_update_time: 2,
            tags: vec![Tag::new("k", "v"), Tag::new("l", "w")],
        }
    }

    #[test]
    fn the_order_of_tags_does_not_matter_and_everything_else_does() {
        let mut turned = given();
        turned.tags.reverse();
        assert_eq!(experiment(&given()), experiment(&turned));
        let changes: [fn(&mut Experiment); 5] = [
            |e| e.name.push('x'),
            |e| e.last_update_time += 1,
            |e| e.stage = LifecycleStage::Deleted,
            |e| e.tags[0].value.clear(),
            |e| {
                // The same letters, cut elsewhere.
                e.name = String::from("ab");
                e.artifact_location.clear();
            },
        ];
        for change in changes {
            let mut changed = given();
            change(&mut changed);
            assert_ne!(experiment(&given()), experiment(&changed), "{changed:?}");
        }
    }

    #[test]
    fn points_count_by_metric_and_in_any_order() {
        let at = |step, value| Point {
            step,
            timestamp: 0,
            value,
        };
        let sum = |points: &[(&str, Point)]| {
            let mut digest = RunDigest(0);
            for (key, point) in points {
                digest.add(key, &[*point]);
            }
            digest.finish()
        };
        let (a, b) = (("m", at(1, 0.5)), ("n", at(2, f64::NAN)));
        assert_eq!(sum(&[a, b]), sum(&[b, a]));
        assert_ne!(sum(&[a, b]), sum(&[a]));
        assert_ne!(sum(&[("m", at(1, 0.5))]), sum(&[("n", at(1, 0.5))]));
        assert_eq!(sum(&[("m", at(1, -0.0))]), sum(&[("m", at(1, 0.0))]));
    }
}
