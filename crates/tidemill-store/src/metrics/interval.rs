//! Sampling histories for charts.

use tidemill_core::Result;
use tidemill_core::metrics::{History, sample};
use tidemill_core::runs::RunId;

use super::history::{read, series};
use crate::Store;

impl Store {
    /// At most `max_results` points of one metric for each of the runs, in their order, evenly
    /// taken from those between two steps. A run without points has an empty history.
    ///
    /// `InvalidParameter` when only one of the two steps is given.
    pub async fn metric_history_interval(
        &self,
        runs: Vec<RunId>,
        key: String,
        start_step: Option<i64>,
        end_step: Option<i64>,
        max_results: usize,
    ) -> Result<Vec<History>> {
        let steps = tidemill_core::metrics::step_range(start_step, end_step)?;
        let cache = self.keys.clone();
        self.read(move |db| {
            let mut histories = Vec::with_capacity(runs.len());
            for run in &runs {
                let points = match series(db, &cache, run, &key)? {
                    None => Vec::new(),
                    Some(series) => sample(&read(db, series, steps)?, max_results),
                };
                histories.push(History {
                    run: run.clone(),
                    points,
                });
            }
            Ok(histories)
        })
        .await
    }
}
