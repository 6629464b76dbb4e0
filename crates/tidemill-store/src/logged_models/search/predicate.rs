//! The filter as a predicate on the logged model `l`.

use tidemill_core::lifecycle::LifecycleStage;
use tidemill_core::logged_models::LoggedModelStatus;
use tidemill_search::document::Value;
use tidemill_search::expr::{Comparison, Test};
use tidemill_search::logged_models::{
    DatasetFilter, LoggedModelAttribute, LoggedModelField, LoggedModelFilter, mentions_metrics,
};

use super::LoggedModelSearch;
use crate::dialect::Dialect;
use crate::search::sql::Sql;
use crate::search::{test, tree};

/// Writes the filter. With datasets, conditions on metrics see only what was measured on
/// them; a filter without such conditions asks that something was.
pub(super) fn write(
    sql: &mut Sql,
    dialect: Dialect,
    search: &LoggedModelSearch,
    filter: &LoggedModelFilter,
) {
    tree::write(sql, filter, &mut |sql, comparison| {
        compare(sql, dialect, search, comparison)
    });
    if !search.datasets.is_empty() && !mentions_metrics(filter) {
        sql.push(" AND EXISTS (SELECT 1 FROM logged_model_metric v WHERE v.model_id = l.id");
        write_datasets(sql, &search.datasets);
        sql.push(")");
    }
}

fn compare(
    sql: &mut Sql,
    dialect: Dialect,
    search: &LoggedModelSearch,
    comparison: &Comparison<LoggedModelField>,
) {
    let (table, key) = match &comparison.field {
        LoggedModelField::Attribute(attribute) => {
            return property(sql, dialect, search, *attribute, &comparison.test);
        }
        LoggedModelField::Metric(key) => ("logged_model_metric", key),
        LoggedModelField::Param(key) => ("logged_model_param", key),
        LoggedModelField::Tag(key) => ("logged_model_tag", key),
    };
    let test = test::write_negation(sql, &comparison.test);
    sql.push("EXISTS (SELECT 1 FROM ").push(table);
    sql.push(" v WHERE v.model_id = l.id AND v.name = ")
        .text(key)
        .push(" AND ");
    if let LoggedModelField::Metric(_) = comparison.field {
        test::metric(sql, "v.value", test);
        write_datasets(sql, &search.datasets);
    } else {
        test::text(sql, dialect, "v.value", test);
    }
    sql.push(")");
}

fn write_datasets(sql: &mut Sql, datasets: &[DatasetFilter]) {
    for (index, dataset) in datasets.iter().enumerate() {
        sql.push(if index == 0 { " AND (" } else { " OR " });
        sql.push("(v.dataset_name = ")
            .text(&dataset.name)
            .push(" AND v.dataset_digest");
        match &dataset.digest {
            Some(digest) => sql.push(" = ").text(digest),
            None => sql.push(" IS NULL"),
        };
        sql.push(")");
    }
    if !datasets.is_empty() {
        sql.push(")");
    }
}

fn property(
    sql: &mut Sql,
    dialect: Dialect,
    search: &LoggedModelSearch,
    attribute: LoggedModelAttribute,
    test: &Test,
) {
    let column = match attribute {
        LoggedModelAttribute::ModelId => "l.uuid",
        LoggedModelAttribute::Name => "l.name",
        LoggedModelAttribute::ArtifactLocation => "l.artifact_location",
        LoggedModelAttribute::ModelType => "l.model_type",
        LoggedModelAttribute::SourceRunId => "l.source_run_id",
        LoggedModelAttribute::StatusMessage => {
            let test = test::write_negation(sql, test);
            sql.push("(l.status_message IS NOT NULL AND ");
            test::text(sql, dialect, "l.status_message", test);
            sql.push(")");
            return;
        }
        LoggedModelAttribute::CreationTime => return test::integer(sql, "l.creation_time", test),
        LoggedModelAttribute::LastUpdatedTime => {
            return test::integer(sql, "l.last_updated_time", test);
        }
        LoggedModelAttribute::ExperimentId => {
            let ids = search.experiments.iter().map(|id| id.0);
            return among(sql, "l.experiment_id", ids, test);
        }
        LoggedModelAttribute::Status => {
            let statuses = (0..=9).filter_map(LoggedModelStatus::from_number);
            return among(sql, "l.status", statuses.map(|status| status as i64), test);
        }
        LoggedModelAttribute::LifecycleStage => {
            let active = Value::from(LifecycleStage::Active.as_str());
            sql.push(if test.passes(&active) {
                "1 = 1"
            } else {
                "1 = 0"
            });
            return;
        }
    };
    test::text(sql, dialect, column, test);
}

/// Numbers that are compared as text are few, so the test is put to each of them here.
fn among(sql: &mut Sql, column: &'static str, numbers: impl Iterator<Item = i64>, test: &Test) {
    let passing: Vec<i64> = numbers
        .filter(|number| test.passes(&Value::Text(number.to_string().into())))
        .collect();
    match passing[..] {
        [] => drop(sql.push("1 = 0")),
        _ => drop(sql.push(column).push(" IN (").numbers(passing).push(")")),
    }
}
