//! Orderings, alike for every entity.

/// One sort key; a full ordering is a list of them, the first one deciding.
///
/// The lists that parsing returns are complete: they end in the entity's tie-breakers, so
/// that they order any two things and nothing has to be appended. Things that lack the field
/// come last in both directions; among metrics, NaN comes after all numbers and before those.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderBy<F> {
    /// What to sort by.
    pub field: F,
    /// Small values first.
    pub ascending: bool,
}

impl<F> OrderBy<F> {
    /// Small values first.
    pub fn ascending(field: F) -> Self {
        Self {
            field,
            ascending: true,
        }
    }

    /// Large values first.
    pub fn descending(field: F) -> Self {
        Self {
            field,
            ascending: false,
        }
    }
}
