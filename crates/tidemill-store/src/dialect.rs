//! Every place where the three databases differ.
//!
//! Each function is named for what it achieves and has one arm per database. Through the
//! connection enum diesel has no `ON CONFLICT` and no multi-row `VALUES`, so the statements
//! that need them are written here for each database.

mod among;
pub(crate) mod bulk;
mod datasets;
mod experiments;
mod insert;
mod keys;
mod limits;
mod lock;
mod logged_models;
mod metrics;
mod mlflow;
mod mlflow_number;
mod registry;
mod runs;
mod search;
mod targets;
mod texts;
pub(crate) mod upkeep;
mod upsert;

pub(crate) use among::{among, write_among};
pub(crate) use bulk::begin_snapshot;
pub(crate) use datasets::add_dataset;
pub(crate) use experiments::put_experiment_tag;
#[cfg(feature = "mysql")]
pub(crate) use insert::last_insert_id;
pub(crate) use insert::{insert_returning_id, last_insert_rowid};
pub(crate) use keys::find_or_add_keys;
pub(crate) use limits::{holds_nul, text_limits};
pub(crate) use lock::{Lock, lock_experiment, lock_logged_model, lock_model, lock_run, lock_tail};
pub(crate) use logged_models::{add_logged_model_params, set_logged_model_tags};
pub(crate) use metrics::{
    LatestRow, ModelMetricRow, NewTail, add_model_metrics, add_tails, keep_newest,
};
pub(crate) use mlflow::{
    OTHER_TYPE, Shape, catalogue, hurry, leave, number_mlflow_experiments, write_column,
    write_missing,
};
pub(crate) use mlflow_number::{MlflowInteger, MlflowNumber};
pub(crate) use registry::{
    next_version, set_aliases, set_model_tags, set_version_tags, touch_model,
};
pub(crate) use runs::{Link, Linked, latest_metrics, links, params_and_tags};
pub(crate) use search::{
    Dialect, INDEXED, Walk, drive, indexed_value, walk_starts, walk_values, whole_value,
    write_ilike, write_like,
};
pub(crate) use targets::find_targets;
pub(crate) use texts::{TextRow, add_params, put_many_tags, put_tags};
