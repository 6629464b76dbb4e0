//! Tags: free key-value notes on experiments, runs, models and versions.

/// The tag that mirrors a run's name.
pub const RUN_NAME: &str = "mlflow.runName";

/// A key with a text value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// The key, unique within the tagged thing.
    pub key: String,
    /// The value; may be empty.
    pub value: String,
}

impl Tag {
    /// A tag as given, unchecked.
    pub fn new(key: impl Into<String>, value: impl Into<String>) -> Self {
        Self {
            key: key.into(),
            value: value.into(),
        }
    }
}

/// Keeps the last value of each key, in the order in which keys were last given.
/// `runs/log-batch` and `set-tag` let the last value win.
pub fn last_per_key(tags: Vec<Tag>) -> Vec<Tag> {
    let mut seen = std::collections::HashSet::with_capacity(tags.len());
    let mut kept: Vec<Tag> = Vec::with_capacity(tags.len());
    for tag in tags.into_iter().rev() {
        if seen.insert(tag.key.clone()) {
            kept.push(tag);
        }
    }
    kept.reverse();
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_value_of_a_key_wins() {
        let tags = vec![Tag::new("a", "1"), Tag::new("b", "2"), Tag::new("a", "3")];
        assert_eq!(
            last_per_key(tags),
            [Tag::new("b", "2"), Tag::new("a", "3")]
        );
    }
}
