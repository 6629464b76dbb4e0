//! Searching model versions (`model-versions/search`).

mod document;
mod filter;
mod order;

pub use filter::parse_filter;
pub use order::parse_order_by;

use crate::order::OrderBy;
use crate::prompts::RegistryFilter;

/// A condition on model versions.
pub type ModelVersionFilter = RegistryFilter<ModelVersionField>;

/// What a model version can be filtered by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ModelVersionField {
    /// A property of the version.
    Attribute(ModelVersionAttribute),
    /// The value of this tag of the version.
    Tag(String),
}

/// Properties of model versions that filters know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ModelVersionAttribute {
    /// The registered model's name.
    Name,
    /// The version; a number.
    VersionNumber,
    /// The run that made it.
    RunId,
    /// Where its files came from.
    SourcePath,
}

/// What model versions can be ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ModelVersionSort {
    /// The registered model's name.
    Name,
    /// The version.
    VersionNumber,
    /// When it was created.
    CreationTime,
    /// When it was last updated.
    LastUpdatedTime,
}

/// An ordering of model versions.
pub type ModelVersionOrder = Vec<OrderBy<ModelVersionSort>>;
