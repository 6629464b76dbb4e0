//! Metric points and the rule for which one is the latest.

use std::cmp::Ordering;
use std::fmt::Display;

use crate::keys;
use crate::runs::RunId;
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
    pub fn of_model(
        mut self,
        model_id: Option<String>,
        dataset_name: Option<String>,
        dataset_digest: Option<String>,
    ) -> Result<Self> {
        self.model_id = model_id;
        self.dataset_name = dataset_name;
        self.dataset_digest = dataset_digest;
        self.with_whole_dataset()
    }

    /// Empty texts count as none, and a dataset has both a name and a digest.
    pub(crate) fn with_whole_dataset(mut self) -> Result<Self> {
        for text in [
            &mut self.model_id,
            &mut self.dataset_name,
            &mut self.dataset_digest,
        ] {
            *text = text.take().filter(|text| !text.is_empty());
        }
        if self.dataset_name.is_some() == self.dataset_digest.is_some() {
            return Ok(self);
        }
        Err(Error::invalid_parameter(
            "Both dataset_name and dataset_digest must be provided if one is provided",
        ))
    }

    /// The point after its checks, its value made finite; `path` stands before the names of
    /// fields and says where in the request they are.
    pub fn checked(mut self, path: impl Display) -> Result<Self> {
        keys::check_name(&self.key, format_args!("{path}name"))?;
        if self.timestamp < 0 {
            return Err(keys::invalid_value(
                format_args!("{path}timestamp"),
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

/// The points of one metric of one run.
#[derive(Debug, Clone, PartialEq)]
pub struct History {
    /// Whose.
    pub run: RunId,
    /// In the order of the question.
    pub points: Vec<Point>,
}

/// Which part of a history `metrics/get-history` asks for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HistoryPage {
    /// How many points at most.
    pub max_results: Option<usize>,
    /// Where the page before ended.
    pub token: Option<String>,
}

impl HistoryPage {
    /// A page as asked for: its size is positive, and an empty token is none.
    pub fn new(max_results: Option<i64>, token: Option<String>) -> Result<Self> {
        let size = |asked: i64| match usize::try_from(asked) {
            Ok(size) if size > 0 => Ok(size),
            _ => Err(Error::invalid_parameter(format!(
                "Invalid value {asked} for parameter 'max_results' supplied. It must be a \
                 positive integer."
            ))),
        };
        Ok(Self {
            max_results: max_results.map(size).transpose()?,
            token: token.filter(|token| !token.is_empty()),
        })
    }
}

/// The order of `metrics/get-history`: time, step, value. NaN comes after 0.
pub fn by_time(a: &Point, b: &Point) -> Ordering {
    (a.timestamp, a.step)
        .cmp(&(b.timestamp, b.step))
        .then_with(|| by_value(a.value, b.value))
}

/// The order of samples: step, time, value. NaN comes after 0.
pub fn by_step(a: &Point, b: &Point) -> Ordering {
    (a.step, a.timestamp)
        .cmp(&(b.step, b.timestamp))
        .then_with(|| by_value(a.value, b.value))
}

fn by_value(a: f64, b: f64) -> Ordering {
    comparable(a)
        .total_cmp(&comparable(b))
        .then(a.is_nan().cmp(&b.is_nan()))
}

/// The steps that `metrics/get-history-bulk-interval` asks for: both ends, or neither.
pub fn step_range(start: Option<i64>, end: Option<i64>) -> Result<Option<(i64, i64)>> {
    match (start, end) {
        (None, None) => Ok(None),
        (Some(start), Some(end)) if start <= end => Ok(Some((start, end))),
        (Some(start), Some(end)) => Err(Error::invalid_parameter(format!(
            "end_step must be greater than start_step. Found start_step={start} and \
             end_step={end}."
        ))),
        _ => Err(Error::invalid_parameter(
            "If either start step or end step are specified, both must be specified.",
        )),
    }
}

/// At most `most` of some sorted points: the first of each of `most` buckets of equal size,
/// the larger ones first, and the very last point in the place of the last of them.
pub fn sample(points: &[Point], most: usize) -> Vec<Point> {
    let most = most.max(1);
    if points.len() <= most {
        return points.to_vec();
    }
    let (size, larger) = (points.len() / most, points.len() % most);
    let first = |bucket: usize| points[bucket * size + bucket.min(larger)];
    let mut sampled: Vec<Point> = (0..most - 1).map(first).collect();
    sampled.extend(points.last());
    sampled
}

/// A value as MLflow writes it into a message.
fn listed_double(value: f64) -> String {
    if value.is_nan() {
        return String::from("nan");
    }
    let text = format!("{value:?}");
    match text.split_once('e') {
        None => text,
        Some((digits, exponent)) => match exponent.strip_prefix('-') {
            None => format!("{digits}e+{exponent:0>2}"),
            Some(exponent) => format!("{digits}e-{exponent:0>2}"),
        },
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
    fn doubles_are_listed_with_a_signed_exponent_of_two_digits() {
        assert_eq!(
            [1e20, 1e-5, 0.0001, 1e15, -1e300].map(listed_double),
            ["1e+20", "1e-05", "0.0001", "1000000000000000.0", "-1e+300"]
        );
    }

    fn sampled_steps(count: i64, most: usize) -> Vec<i64> {
        let points: Vec<Point> = (0..count).map(|step| point(step, 0, 0.0)).collect();
        let steps = sample(&points, most).into_iter().map(|p| p.step);
        steps.collect()
    }

    #[test]
    fn samples_are_the_first_of_each_bucket_and_the_last() {
        assert_eq!(sampled_steps(10, 4), [0, 3, 6, 9]);
        assert_eq!(sampled_steps(11, 3), [0, 4, 10]);
        assert_eq!(sampled_steps(5, 1), [4]);
        assert_eq!(sampled_steps(3, 5), [0, 1, 2]);
        assert_eq!(sampled_steps(0, 5), [0; 0]);
    }

    #[test]
    fn not_a_number_sorts_after_zero() {
        assert!(by_time(&point(1, 1, f64::NAN), &point(1, 1, -0.0)).is_gt());
        assert!(by_step(&point(1, 1, f64::NAN), &point(1, 1, 0.5)).is_lt());
        assert!(by_time(&point(9, 1, 0.0), &point(1, 2, 0.0)).is_lt());
        assert!(by_step(&point(9, 1, 0.0), &point(1, 2, 0.0)).is_gt());
    }

    #[test]
    fn a_page_size_is_positive() {
        assert_eq!(
            HistoryPage::new(Some(0), None).unwrap_err().to_string(),
            "Invalid value 0 for parameter 'max_results' supplied. It must be a positive integer."
        );
        let page = HistoryPage::new(None, Some(String::new())).unwrap();
        assert_eq!(page, HistoryPage::default());
    }

    #[test]
    fn a_step_range_has_two_ends_in_order() {
        assert_eq!(step_range(Some(-1), Some(1)).unwrap(), Some((-1, 1)));
        assert!(step_range(Some(1), None).is_err());
        assert!(step_range(Some(2), Some(1)).is_err());
    }

    #[test]
    fn a_dataset_needs_both_name_and_digest() {
        let metric = Metric::new("m", 1.0, 0, 0).unwrap();
        assert!(metric.of_model(None, Some("d".into()), None).is_err());
    }
}
