mod aliases;
mod models;
mod search;
mod stages;
mod tags;
mod versions;
mod wire;

pub(crate) use aliases::{delete_alias, get_version_by_alias, set_alias};
pub(crate) use models::{create_model, delete_model, get_model, rename_model, update_model};
pub(crate) use search::{list_models, search_models, search_versions};
pub(crate) use stages::{latest_versions, transition_stage};
pub(crate) use tags::{delete_model_tag, delete_version_tag, set_model_tag, set_version_tag};
pub(crate) use versions::{
    create_version, delete_version, download_uri, get_version, update_version,
};
