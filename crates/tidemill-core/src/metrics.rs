//! Metric points and the rule for which one is the latest.

use crate::keys;
use crate::{Error, Result};

/// One point of one metric.
#[derive(Debug, Clone, PartialEq)]
pub struct Metric {
    /// The metric's name.
    pub key: String,
    /// Never infinite: infinities are kept as the largest finite double of their sign. May be NaN.
    pub value: f64,
    /// Milliseconds since the epoch.
    pub timestamp: i64,
    /// May be negative.
    pub step: i64,
    /// The logged model the point belongs to as well.
    pub model_id: Option<String>,
    /// The dataset it was measured on.
    pub dataset_name: Option<String>,
    /// That dataset's digest.
    pub dataset_digest: Option<String>,
}

impl Metric {
    /// A point for `runs/log-metric`, checked.
    pub fn new(key: impl Into<String>, value: f64, timestamp: i64, step: i64) -> Result<Self> {
        Self {
            key: key.into(),
            value,
            timestamp,
            step,
            model_id: None,
            dataset_name: None,
            dataset_digest: None,
        }
        .checked("")
    }

    /// The same point, belonging to a logged model as well and measured on a dataset.
    /// A dataset has both a name and a digest.
    pub fn of_model(
        mut self,
        model_id: Option<String>,
        dataset_name: Option<String>,
        dataset_digest: Option<String>,
    ) -> Result<Self> {
        if dataset_name.is_some() != dataset_digest.is_some() {
            return Err(Error::invalid_parameter(
                "Both dataset_name and dataset_digest must be provided if one is provided",
            ));
        }
        self.model_id = model_id;
        self.dataset_name = dataset_name;
        self.dataset_digest = dataset_digest;
        Ok(self)
    }

    /// The point after its checks, its value made finite; `path` says where in the request
    /// it stands.
    pub fn checked(mut self, path: &str) -> Result<Self> {
        let at = |field: &str| match path {
            "" => field.to_owned(),
            path => format!("{path}.{field}"),
        };
        keys::check_name(&self.key, &at("name"))?;
        if self.timestamp < 0 {
            return Err(keys::invalid_value(
                &at("timestamp"),
                &self.timestamp.to_string(),
                &format!(
                    "metric '{}' (value={}). Timestamp must be a nonnegative long (64-bit integer) ",
                    self.key,
                    listed_double(self.value)
                ),
            ));
        }
        keys::check_length("Metric name", keys::MAX_LENGTH, &self.key)?;
        self.value = finite(self.value);
        Ok(self)
    }
    /// The point without its key.
    pub fn point(&self) -> Point {
        Point {
            step: self.step,
            timestamp: self.timestamp,
            value: self.value,
        }
    }
}

/// Where a metric was at one moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// May be negative.
    pub step: i64,
    /// Milliseconds since the epoch.
    pub timestamp: i64,
    /// May be NaN.
    pub value: f64,
}

/// The value by which points are compared and stored: NaN counts as 0, and -0 as 0.
pub fn comparable(value: f64) -> f64 {
    if value.is_nan() { 0.0 } else { value + 0.0 }
}

/// Infinity is kept as the largest finite double of its sign, as MLflow does.
pub fn finite(value: f64) -> f64 {
    value.clamp(f64::MIN, f64::MAX)
}

impl Point {
    /// Whether this point takes the place of `latest`: greater by (step, timestamp, value).
    pub fn replaces(&self, latest: &Point) -> bool {
        (self.step, self.timestamp)
            .cmp(&(latest.step, latest.timestamp))
            .then(comparable(self.value).total_cmp(&comparable(latest.value)))
            .is_gt()
    }
}

/// A value as MLflow writes it into a message.
fn listed_double(value: f64) -> String {
    if value.is_nan() {
        String::from("nan")
    } else {
        format!("{value:?}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(step: i64, timestamp: i64, value: f64) -> Point {
        Point {
            step,
            timestamp,
            value,
        }
    }

    #[test]
    fn a_point_replaces_another_by_step_then_time_then_value() {
        let latest = point(2, 20, 0.5);
        assert!(point(3, 0, 0.0).replaces(&latest));
        assert!(point(2, 21, 0.0).replaces(&latest));
        assert!(point(2, 20, 0.6).replaces(&latest));
        assert!(!point(2, 20, 0.5).replaces(&latest));
        assert!(!point(1, 99, 9.0).replaces(&latest));
    }

    #[test]
    fn not_a_number_counts_as_zero_against_others() {
        assert!(point(0, 0, f64::NAN).replaces(&point(0, 0, -1.0)));
        assert!(!point(0, 0, f64::NAN).replaces(&point(0, 0, 0.0)));
        assert!(!point(0, 0, -0.0).replaces(&point(0, 0, 0.0)));
    }

    #[test]
    fn infinity_is_kept_as_the_largest_finite_double() {
        let metric = Metric::new("m", f64::NEG_INFINITY, 0, 0).unwrap();
        assert_eq!(metric.value, -1.7976931348623157e308);
        assert!(Metric::new("m", f64::NAN, 0, 0).unwrap().value.is_nan());
    }

    #[test]
    fn a_time_before_the_epoch_is_refused() {
        assert_eq!(
            Metric::new("m", 1.0, -1, 0).unwrap_err().to_string(),
            "Invalid value -1 for parameter 'timestamp' supplied: metric 'm' (value=1.0). \
             Timestamp must be a nonnegative long (64-bit integer) "
        );
    }

    #[test]
    fn a_dataset_needs_both_name_and_digest() {
        let metric = Metric::new("m", 1.0, 0, 0).unwrap();
        assert!(metric.of_model(None, Some("d".into()), None).is_err());
    }
}
