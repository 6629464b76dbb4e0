//! Searching registered models (`registered-models/search`).

mod document;
pub(crate) mod filter;
mod order;

pub use filter::parse_filter;
pub use order::parse_order_by;

use crate::order::OrderBy;
use crate::prompts::RegistryFilter;

/// A condition on registered models.
pub type RegisteredModelFilter = RegistryFilter<RegisteredModelField>;

/// What a registered model can be filtered by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum RegisteredModelField {
    /// The name.
    Name,
    /// The value of this tag.
    Tag(String),
}

/// What registered models can be ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RegisteredModelSort {
    /// The name.
    Name,
    /// When it was last updated.
    LastUpdatedTime,
}

/// An ordering of registered models.
pub type RegisteredModelOrder = Vec<OrderBy<RegisteredModelSort>>;
