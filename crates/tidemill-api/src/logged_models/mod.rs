mod create;
mod lifecycle;
mod search;
mod update;
mod wire;

pub(crate) use create::create;
pub(crate) use lifecycle::{delete, finalize, get};
pub(crate) use search::search;
pub(crate) use update::{delete_tag, log_params, set_tags};
