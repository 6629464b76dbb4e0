//! The filter and order-by language: text in, syntax tree out. Knows no SQL.
//!
//! # Filters
//!
//! A filter is a condition on things of one kind. It compares fields with values:
//!
//! ```
//! use tidemill_search::expr::{Comparison, Expr, Number, NumberOp, Test, TextOp};
//! use tidemill_search::runs::{self, RunField};
//!
//! let filter = runs::parse_filter("metrics.loss < 0.5 AND tags.`released by` LIKE 'a%'")?;
//! assert_eq!(
//!     filter,
//!     Expr::All(vec![
//!         Expr::Compare(Comparison {
//!             field: RunField::Metric("loss".into()),
//!             test: Test::Number(NumberOp::Lt, Number::Float(0.5)),
//!         }),
//!         Expr::Compare(Comparison {
//!             field: RunField::Tag("released by".into()),
//!             test: Test::Text(TextOp::Like, "a%".into()),
//!         }),
//!     ])
//! );
//! # Ok::<(), tidemill_core::Error>(())
//! ```
//!
//! Everything that MLflow accepts means what it means to MLflow. Beyond that there are `OR`,
//! `NOT` and parentheses, where `NOT` binds tighter than `AND` and `AND` tighter than `OR`:
//!
//! ```
//! # use tidemill_search::runs::parse_filter;
//! assert_eq!(
//!     parse_filter("status = 'FAILED' OR NOT metrics.m > 1 AND tags.a = 'b'")?,
//!     parse_filter("status = 'FAILED' OR ((NOT (metrics.m > 1)) AND tags.a = 'b')")?,
//! );
//! # Ok::<(), tidemill_core::Error>(())
//! ```
//!
//! `BETWEEN` for numbers, both bounds included; lists for tags and params; and null tests for
//! every field. A field is null if the thing lacks it: has no such tag or metric, has read no
//! dataset, has not ended.
//!
//! ```
//! # use tidemill_search::runs::parse_filter;
//! parse_filter("metrics.loss BETWEEN 0.1 AND 0.5")?;
//! parse_filter("params.optimizer IN ('adam', 'sgd') AND end_time IS NULL")?;
//! # Ok::<(), tidemill_core::Error>(())
//! ```
//!
//! Keys with blanks or other special characters are put in backticks or double quotes. Texts are
//! in single or double quotes, without escapes: to have one kind of quote inside, use the other.
//! Only in lists, which MLflow reads as Python literals, are there escapes.
//!
//! ```
//! # use tidemill_search::runs::parse_filter;
//! parse_filter(r#"tags."my key" = "it's""#)?;
//! parse_filter(r"run_id IN ('it\'s')")?;
//! # Ok::<(), tidemill_core::Error>(())
//! ```
//!
//! What the language does not know is refused, in MLflow's words where clients match on them:
//!
//! ```
//! # use tidemill_search::runs::parse_filter;
//! let refusal = parse_filter("params.lr = 0.1").unwrap_err();
//! assert_eq!(
//!     refusal.to_string(),
//!     "Expected a quoted string value for parameter (e.g. 'my-value'). Got value 0.1"
//! );
//! ```
//!
//! # Orderings
//!
//! A list of sort keys, each a field and perhaps `ASC` or `DESC`. What comes back is complete:
//! it ends in the keys by which MLflow breaks ties.
//!
//! ```
//! use tidemill_search::order::OrderBy;
//! use tidemill_search::runs::{RunAttribute, RunSort, parse_order_by};
//!
//! assert_eq!(
//!     parse_order_by(&["metrics.loss DESC".to_owned()])?,
//!     [
//!         OrderBy::descending(RunSort::Metric("loss".into())),
//!         OrderBy::descending(RunSort::Attribute(RunAttribute::StartTime)),
//!         OrderBy::ascending(RunSort::Attribute(RunAttribute::RunId)),
//!     ]
//! );
//! # Ok::<(), tidemill_core::Error>(())
//! ```
//!
//! # Another kind of thing
//!
//! To make something searchable, name its fields in an enum, write a function that makes a
//! [`expr::Comparison`] of a clause, and hand it to the shared parser, as [`experiments`] does.

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
