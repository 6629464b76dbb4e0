//! The store's contract, on every database.

mod given;

mod datasets_search;
mod experiments_create;
mod experiments_lifecycle;
mod experiments_tags;
mod opening;
mod runs_create;
mod runs_inputs;
mod runs_replicas;
mod runs_update;
