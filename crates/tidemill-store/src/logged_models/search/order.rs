//! The ordering as terms, the columns they need, and a model's place in it.

use std::cmp::Reverse;

use tidemill_core::logged_models::{LoggedModel, ModelMetric};
use tidemill_search::logged_models::{LoggedModelAttribute, LoggedModelOrder, LoggedModelSort};

use crate::search::keyset::{self, Column, Kind, Term};
use crate::search::sql::Sql;
use crate::search::token::Mark;

/// The terms of an ordering.
pub(super) fn terms(order: &LoggedModelOrder) -> Vec<Term> {
    let unique = LoggedModelSort::Attribute(LoggedModelAttribute::ModelId);
    let deciding = keyset::deciding(order, &unique).iter().enumerate();
    deciding
        .map(|(number, by)| match &by.field {
            LoggedModelSort::Metric { .. } => Term {
                column: Column::Computed(number),
                kind: Kind::Metric,
                ascending: by.ascending,
            },
            LoggedModelSort::Attribute(attribute) => {
                let (column, kind) = column(*attribute);
                Term::own(column, kind, by.ascending)
            }
        })
        .collect()
}

fn column(attribute: LoggedModelAttribute) -> (&'static str, Kind) {
    match attribute {
        LoggedModelAttribute::ModelId => ("m.uuid", Kind::Text),
        LoggedModelAttribute::ExperimentId => ("m.experiment_id", Kind::Int),
        LoggedModelAttribute::Name => ("m.name", Kind::Text),
        LoggedModelAttribute::ArtifactLocation => ("m.artifact_location", Kind::Text),
        LoggedModelAttribute::Status => ("m.status", Kind::Int),
        LoggedModelAttribute::StatusMessage => ("m.status_message", Kind::NullableText),
        LoggedModelAttribute::LifecycleStage => ("m.stage", Kind::Int),
        LoggedModelAttribute::ModelType => ("m.model_type", Kind::NullableText),
        LoggedModelAttribute::SourceRunId => ("m.source_run_id", Kind::NullableText),
        LoggedModelAttribute::CreationTime => ("m.creation_time", Kind::Int),
        LoggedModelAttribute::LastUpdatedTime => ("m.last_updated_time", Kind::Int),
    }
}

/// Writes the columns with the value of each metric's newest row, as far as there is one.
pub(super) fn write_metrics(sql: &mut Sql, order: &LoggedModelOrder, terms: &[Term]) {
    for (number, (by, _)) in order.iter().zip(terms).enumerate() {
        let LoggedModelSort::Metric {
            key,
            dataset_name,
            dataset_digest,
        } = &by.field
        else {
            continue;
        };
        sql.push(
            ", (SELECT v.value FROM logged_model_metric v WHERE v.model_id = l.id AND v.name = ",
        );
        sql.text(key);
        if let Some(name) = dataset_name {
            sql.push(" AND v.dataset_name = ").text(name);
        }
        if let Some(digest) = dataset_digest {
            sql.push(" AND v.dataset_digest = ").text(digest);
        }
        sql.push(" ORDER BY v.ts DESC, v.step DESC, v.run_uuid LIMIT 1) AS s")
            .number(number as i64);
    }
}

/// Where `model` is in the ordering.
pub(super) fn place(model: &LoggedModel, order: &LoggedModelOrder, terms: &[Term]) -> Vec<Mark> {
    order
        .iter()
        .zip(terms)
        .map(|(by, _)| mark(model, &by.field))
        .collect()
}

fn mark(model: &LoggedModel, sort: &LoggedModelSort) -> Mark {
    match sort {
        LoggedModelSort::Attribute(attribute) => attribute_mark(model, *attribute),
        LoggedModelSort::Metric {
            key,
            dataset_name,
            dataset_digest,
        } => {
            let is_wanted = |metric: &&ModelMetric| {
                metric.key == *key
                    && (dataset_name.is_none() || metric.dataset_name == *dataset_name)
                    && (dataset_digest.is_none() || metric.dataset_digest == *dataset_digest)
            };
            let newest = model
                .metrics
                .iter()
                .filter(is_wanted)
                .max_by_key(|metric| (metric.timestamp, metric.step, Reverse(&metric.run_id)));
            newest.map_or(Mark::Missing, |metric| Mark::Float(metric.value))
        }
    }
}

fn attribute_mark(model: &LoggedModel, attribute: LoggedModelAttribute) -> Mark {
    let text = |text: &str| Mark::Text(text.to_owned());
    let maybe = |maybe: &Option<String>| maybe.as_deref().map_or(Mark::Missing, text);
    match attribute {
        LoggedModelAttribute::ModelId => text(&model.id),
        LoggedModelAttribute::ExperimentId => Mark::Int(model.experiment_id.0),
        LoggedModelAttribute::Name => text(&model.name),
        LoggedModelAttribute::ArtifactLocation => text(&model.artifact_location),
        LoggedModelAttribute::Status => Mark::Int(model.status as i64),
        LoggedModelAttribute::StatusMessage => maybe(&model.status_message),
        LoggedModelAttribute::LifecycleStage => Mark::Int(model.stage as i64),
        LoggedModelAttribute::ModelType => maybe(&model.model_type),
        LoggedModelAttribute::SourceRunId => maybe(&model.source_run_id),
        LoggedModelAttribute::CreationTime => Mark::Int(model.creation_time),
        LoggedModelAttribute::LastUpdatedTime => Mark::Int(model.last_updated_time),
    }
}
