//! Latencies, counted exactly: every one is kept, sorted once, and read by rank.

use std::time::Duration;

/// What the requests of one side took.
#[derive(Debug, Default)]
pub(crate) struct Latencies {
    nanoseconds: Vec<u64>,
}

impl Latencies {
    pub(crate) fn add(&mut self, latency: Duration) {
        // A request is cut off after minutes; five hundred years fit.
        self.nanoseconds
            .push(u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX));
    }

    pub(crate) fn append(&mut self, mut other: Latencies) {
        self.nanoseconds.append(&mut other.nanoseconds);
    }

    pub(crate) fn len(&self) -> usize {
        self.nanoseconds.len()
    }

    /// The latency in milliseconds that `percent` of the requests did not exceed, by nearest
    /// rank; nothing without requests.
    pub(crate) fn percentile_ms(&mut self, percent: f64) -> Option<f64> {
        self.nanoseconds.sort_unstable();
        let rank = (percent / 100.0 * self.nanoseconds.len() as f64).ceil() as usize;
        let nanoseconds = self.nanoseconds.get(rank.max(1) - 1)?;
        Some(*nanoseconds as f64 / 1e6)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(milliseconds: impl IntoIterator<Item = u64>) -> Latencies {
        let mut latencies = Latencies::default();
        for latency in milliseconds {
            latencies.add(Duration::from_millis(latency));
        }
        latencies
    }

    #[test]
    fn the_percentile_of_a_hundred_values_is_the_value_of_that_rank() {
        let mut latencies = of((1..=100).rev());
        assert_eq!(latencies.percentile_ms(50.0), Some(50.0));
        assert_eq!(latencies.percentile_ms(99.0), Some(99.0));
        assert_eq!(latencies.percentile_ms(100.0), Some(100.0));
    }

    #[test]
    fn one_slow_request_among_few_is_the_99th_percentile() {
        assert_eq!(of([1, 1, 1, 900]).percentile_ms(99.0), Some(900.0));
    }

    #[test]
    fn a_single_request_is_every_percentile() {
        let mut latencies = of([7]);
        assert_eq!(latencies.percentile_ms(0.0), Some(7.0));
        assert_eq!(latencies.percentile_ms(50.0), Some(7.0));
    }

    #[test]
    fn no_requests_have_no_percentile() {
        assert_eq!(of([]).percentile_ms(50.0), None);
    }

    #[test]
    fn appended_latencies_count() {
        let mut latencies = of([1, 2]);
        latencies.append(of([3]));
        assert_eq!(latencies.len(), 3);
        assert_eq!(latencies.percentile_ms(99.0), Some(3.0));
    }
}
