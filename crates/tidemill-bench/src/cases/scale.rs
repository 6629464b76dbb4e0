//! Whether reads slow down as a server fills up: Tidemill alone, measured at growing sizes.
//!
//! The answers stay the same size: a page of a hundred runs, a history of ten thousand points,
//! a chart of ten such runs. What grows is everything around them.

use std::ops::Range;
use std::time::Duration;

use super::{Ready, reads};
use crate::data::{EXPERIMENTS, long_run, search_run};
use crate::failure::Result;
use crate::fill;
use crate::report::{Figure, Goal, Line};
use crate::server::Product;
use crate::site::Site;

/// Ten points for each run, ten thousand in one history.
const RUNS_FOR_A_HISTORY: usize = 1000;
const CHART_RUNS: usize = 10;

/// Grows `site` to each of `sizes` and measures there.
pub(crate) async fn measure(site: &mut Site, sizes: &[usize], time: Duration) -> Result<Vec<Line>> {
    let mut sizes = sizes.to_vec();
    sizes.sort_unstable();
    for name in EXPERIMENTS {
        let id = fill::create_experiment(site, name).await?;
        site.data.note_experiment(name, id);
    }
    let mut lines = Vec::new();
    let mut runs = 0;
    for size in sizes {
        eprintln!("growing to {size} runs and {} points", size * 10);
        grow(site, runs..size).await?;
        runs = size;
        lines.append(&mut at_size(site, size, time).await?);
    }
    Ok(lines)
}

async fn grow(site: &mut Site, runs: Range<usize>) -> Result<()> {
    let experiment = site.data.search_experiment.clone();
    let from = runs.start;
    fill::each(site, runs.len(), move |n, writer| {
        let experiment = experiment.clone();
        Box::pin(async move {
            writer.run(&search_run(from + n), &experiment).await?;
            Ok(())
        })
    })
    .await?;
    let experiment = site.data.live_experiment.clone();
    let (from, to) = (site.data.chart.len(), runs.end / RUNS_FOR_A_HISTORY);
    let long = fill::each(site, to.max(1).saturating_sub(from), move |n, writer| {
        let experiment = experiment.clone();
        Box::pin(async move { writer.run(&long_run(from + n), &experiment).await })
    })
    .await?;
    site.data.chart.extend(long);
    site.data.history = site.data.chart.clone();
    Ok(())
}

async fn at_size(site: &mut Site, size: usize, time: Duration) -> Result<Vec<Line>> {
    // The chart draws the same number of runs at every size.
    let all = site.data.chart.clone();
    site.data.chart.truncate(CHART_RUNS);
    let plans = [
        ("search-newest", reads::search_newest(site).await?),
        ("search-filter", reads::search_filter(site).await?),
        ("search-deep", reads::search_deep(site).await?),
        ("history-10k", reads::history(site, 0).await?),
        ("chart", reads::chart(site).await?),
    ];
    let mut lines = Vec::new();
    for (name, plan) in plans {
        let mut ready = Ready::new(site, plan, None);
        ready.round(time).await?;
        let mut line = Line::new(format!("{size} runs: {name}"), "req/s", Goal::None);
        line.set(Product::Tidemill, Figure::throughput(ready.tally));
        lines.push(line);
    }
    site.data.chart = all;
    Ok(lines)
}
