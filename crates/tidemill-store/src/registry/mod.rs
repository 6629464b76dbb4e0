//! The model registry: registered models, their versions, stages and aliases.
//!
//! Every write to a model's versions or aliases first takes the model's row, by changing it or
//! by locking it. Replicas on one database therefore hand out version numbers without gaps or
//! repeats, and no alias is set on a version while it is being deleted.

mod aliases;
mod load;
mod models;
mod owners;
mod references;
mod row;
pub(crate) mod search_models;
pub(crate) mod search_versions;
mod versions;

pub(crate) use load::{load_models, load_versions, model_aliases, model_tags};
pub(crate) use models::delete as delete_model;
pub(crate) use row::{ModelRow, NewVersionRow, VersionRow};
