//! Metric points and the rule for which one is the latest.

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
