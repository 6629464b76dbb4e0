//! The store's contract, on every database.

#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

mod given;

mod archive;
mod datasets_search;
mod experiments_create;
mod experiments_lifecycle;
mod experiments_tags;
mod gc;
mod gc_tables;
mod log_batch;
mod log_given;
mod log_metric;
mod logged_models_create;
mod logged_models_finalize;
mod logged_models_metrics;
mod logged_models_params;
mod logged_models_tags;
mod metric_history;
mod metric_interval;
mod metric_replicas;
mod opening;
mod registry_aliases;
mod registry_concurrency;
mod registry_copies;
mod registry_given;
mod registry_models;
mod registry_stages;
mod registry_tags;
mod registry_versions;
mod runs_create;
mod runs_inputs;
mod runs_replicas;
mod runs_update;
mod schema_march;
mod search_experiments;
mod search_logged_models;
mod search_paging;
mod search_planting;
mod search_registry;
mod search_runs;
mod slow_statements;
mod tags_set;
mod upkeep;
