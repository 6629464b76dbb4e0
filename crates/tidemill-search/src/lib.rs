//! The filter and order-by language: text in, syntax tree out. Knows no SQL.

pub mod experiments;
pub mod expr;
pub mod logged_models;
pub mod model_versions;
pub mod order;
pub mod prompts;
pub mod registered_models;
pub mod runs;
