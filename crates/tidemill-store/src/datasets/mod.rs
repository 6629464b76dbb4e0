//! Datasets that runs read.

mod add;
mod load;
mod search;

pub(crate) use add::{NewDataset, number};
pub(crate) use load::inputs;
