//! The filter and order-by language: text in, syntax tree out. Knows no SQL.

pub mod document;
pub mod experiments;
pub mod expr;
mod like;
pub mod limits;
pub mod logged_models;
pub mod model_versions;
pub mod order;
mod print;
pub mod prompts;
pub mod registered_models;
pub mod runs;
mod syntax;
