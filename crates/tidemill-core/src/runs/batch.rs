//! What one `runs/log-batch` request records together.
//!
//! The checks come in MLflow's order: each metric, param and tag, then how many there are,
//! then whether a param comes twice. The store checks nothing of this again.

use std::fmt::Display;

use crate::keys::{self, Limits};
use crate::metrics::Metric;
use crate::params::{self, Param, Sent};
use crate::tags::{self, Tag};
use crate::{Error, Result};

/// Metrics in one batch, and everything together.
const MAX_METRICS: usize = 1000;
/// Params in one batch, and tags.
const MAX_PARAMS_OR_TAGS: usize = 100;
/// How long a run's tag may be, in characters.
const MAX_TAG_LENGTH: usize = 8000;

/// Metrics, params and tags to record together, already checked against MLflow's limits.
///
/// ```
/// use tidemill_core::keys::Limits;
/// use tidemill_core::metrics::Metric;
/// use tidemill_core::runs::batch::LogBatch;
///
/// let loss = Metric::new("loss", 0.5, 1_700_000_000_000, 1)?;
/// let batch = LogBatch::new(vec![loss], vec![], vec![], Limits::default())?;
/// assert_eq!(batch.metrics()[0].key, "loss");
/// # Ok::<(), tidemill_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct LogBatch {
    metrics: Vec<Metric>,
    params: Vec<Param>,
    tags: Vec<Tag>,
    sent: Sent,
}

impl LogBatch {
    /// Checks everything that a `runs/log-batch` request carries.
    pub fn new(
        metrics: Vec<Metric>,
        params: Vec<Param>,
        tags: Vec<Tag>,
        limits: Limits,
    ) -> Result<Self> {
        let metrics = checked(metrics, |metric, _| metric.with_whole_dataset())?;
        let metrics = checked(metrics, |metric, index| {
            metric.checked(format_args!("metrics[{index}]."))
        })?;
        let params = checked(params, |param, index| {
            param.checked(format_args!("params[{index}].key"), limits)
        })?;
        let tags = checked(tags, |tag, index| {
            check_tag_at(tag, format_args!("tags[{index}]."), limits)
        })?;
        check_count("metrics", MAX_METRICS, metrics.len())?;
        check_count("params", MAX_PARAMS_OR_TAGS, params.len())?;
        check_count("tags", MAX_PARAMS_OR_TAGS, tags.len())?;
        let all = metrics.len() + params.len() + tags.len();
        check_count("metrics, params, and tags", MAX_METRICS, all)?;
        params::check_keys_unique(&params)?;
        Ok(Self {
            metrics,
            params,
            tags: tags::last_per_key(tags),
            sent: Sent::InBatch,
        })
    }

    /// The metric points.
    pub fn metrics(&self) -> &[Metric] {
        &self.metrics
    }

    /// The params; keys are distinct.
    pub fn params(&self) -> &[Param] {
        &self.params
    }

    /// The tags; keys are distinct.
    pub fn tags(&self) -> &[Tag] {
        &self.tags
    }

    /// How many there are of everything.
    #[expect(clippy::len_without_is_empty, reason = "nobody asks")]
    pub fn len(&self) -> usize {
        self.metrics.len() + self.params.len() + self.tags.len()
    }

    /// Whether it came as one.
    pub fn sent(&self) -> Sent {
        self.sent
    }

    fn alone() -> Self {
        Self {
            metrics: Vec::new(),
            params: Vec::new(),
            tags: Vec::new(),
            sent: Sent::Alone,
        }
    }
}

/// What `runs/log-metric` records.
impl From<Metric> for LogBatch {
    fn from(metric: Metric) -> Self {
        Self {
            metrics: vec![metric],
            ..Self::alone()
        }
    }
}

/// What `runs/log-parameter` records.
impl From<Param> for LogBatch {
    fn from(param: Param) -> Self {
        Self {
            params: vec![param],
            ..Self::alone()
        }
    }
}

/// What `runs/set-tag` records.
impl From<Tag> for LogBatch {
    fn from(tag: Tag) -> Self {
        Self {
            tags: vec![tag],
            ..Self::alone()
        }
    }
}

/// A run's tag after its checks, for `runs/set-tag`.
pub fn check_tag(tag: Tag, limits: Limits) -> Result<Tag> {
    check_tag_at(tag, "", limits)
}

fn check_tag_at(tag: Tag, path: impl Display, limits: Limits) -> Result<Tag> {
    keys::check_name(&tag.key, format_args!("{path}key"))?;
    keys::check_length(format_args!("{path}key"), keys::MAX_LENGTH, &tag.key)?;
    let value = format_args!("{path}value");
    let value = keys::fit(value, MAX_TAG_LENGTH, tag.value, limits)?;
    Ok(Tag {
        key: tag.key,
        value,
    })
}

fn checked<T>(items: Vec<T>, check: impl Fn(T, usize) -> Result<T>) -> Result<Vec<T>> {
    items
        .into_iter()
        .enumerate()
        .map(|(index, item)| check(item, index))
        .collect()
}

fn check_count(what: &str, limit: usize, count: usize) -> Result<()> {
    if count <= limit {
        return Ok(());
    }
    Err(Error::invalid_parameter(format!(
        "A batch logging request can contain at most {limit} {what}. Got {count} {what}. Please \
         split up {what} across multiple requests and try again."
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metric(key: &str) -> Metric {
        Metric {
            key: key.into(),
            ..Metric::new("m", 1.0, 0, 0).unwrap()
        }
    }

    fn param(key: &str) -> Param {
        Param {
            key: key.into(),
            value: "v".into(),
        }
    }

    fn refusal(metrics: Vec<Metric>, params: Vec<Param>, tags: Vec<Tag>) -> String {
        LogBatch::new(metrics, params, tags, Limits::default())
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn a_refusal_says_where_in_the_batch_the_name_stands() {
        let said = refusal(vec![metric("a"), metric("%")], vec![], vec![]);
        assert!(said.starts_with("Invalid value \"%\" for parameter 'metrics[1].name'"));
        let said = refusal(vec![], vec![param("%")], vec![]);
        assert!(said.starts_with("Invalid value \"%\" for parameter 'params[0].key'"));
        let said = refusal(vec![], vec![], vec![Tag::new("%", "")]);
        assert!(said.starts_with("Invalid value \"%\" for parameter 'tags[0].key'"));
    }

    #[test]
    fn a_batch_holds_at_most_1000_metrics() {
        assert_eq!(
            refusal(vec![metric("m"); 1001], vec![], vec![]),
            "A batch logging request can contain at most 1000 metrics. Got 1001 metrics. Please \
             split up metrics across multiple requests and try again."
        );
    }

    #[test]
    fn a_batch_holds_at_most_100_params_and_1000_things() {
        let params: Vec<Param> = (0..101).map(|i| param(&i.to_string())).collect();
        assert!(refusal(vec![], params, vec![]).contains("at most 100 params. Got 101 params."));
        let said = refusal(vec![metric("m"); 1000], vec![param("p")], vec![]);
        assert!(said.contains("at most 1000 metrics, params, and tags. Got 1001 metrics,"));
    }

    #[test]
    fn names_are_checked_before_they_are_counted() {
        let said = refusal(vec![metric("%"); 1001], vec![], vec![]);
        assert!(said.starts_with("Invalid value"));
    }

    #[test]
    fn the_last_of_two_equal_tags_is_kept() {
        let tags = vec![Tag::new("t", "1"), Tag::new("t", "2")];
        let batch = LogBatch::new(vec![], vec![], tags, Limits::default()).unwrap();
        assert_eq!(batch.tags(), [Tag::new("t", "2")]);
    }
}
