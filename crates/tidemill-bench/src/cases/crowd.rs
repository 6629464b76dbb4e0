//! Many at once: writers beside readers, and clients by the thousand.

use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Resource, getrlimit};

use super::{alone, reads, writes};
use crate::failure::Result;
use crate::load::{self, Pace, Requests, Tally};
use crate::report::{Figure, Goal, Line};
use crate::server::Product;
use crate::site::Site;

const READERS: usize = 2;
const EVERY: Duration = Duration::from_secs(5);
const KEYS: usize = 10;
/// For the database, logs and the like.
const OTHER_FILES: u64 = 200;

/// Eight clients log metrics while two look at the newest runs.
pub(crate) async fn mixed(sites: &[Site], time: Duration, rounds: u32) -> Result<Vec<Line>> {
    let mut written = Line::new("mixed", "writes/s", Goal::Ratio(150.0));
    let mut read = Line::new("mixed reads", "req/s", Goal::None);
    let mut ready = Vec::new();
    for site in sites {
        let writers = log_metrics(site).for_clients(site.clients);
        let readers = reads::search_newest(site)
            .await?
            .requests
            .for_clients(READERS);
        ready.push((site, Arc::new(writers), Arc::new(readers)));
    }
    let mut tallies: Vec<(Tally, Tally)> = ready.iter().map(|_| Default::default()).collect();
    for _ in 0..rounds {
        for ((site, writers, readers), sums) in ready.iter().zip(&mut tallies) {
            alone(sites, site);
            let (wrote, did_read) = futures::try_join!(
                load::run(site, writers, Pace::Closed, time),
                load::run(site, readers, Pace::Closed, time),
            )?;
            sums.0.after(load::together(wrote));
            sums.1.after(load::together(did_read));
        }
    }
    for (site, (wrote, did_read)) in sites.iter().zip(tallies) {
        written.set(site.product, Figure::throughput(wrote));
        read.set(site.product, Figure::throughput(did_read));
    }
    Ok(vec![written, read])
}

fn log_metrics(site: &Site) -> Requests {
    let runs = site.data.runs_for(30, site.clients);
    let key = ["bench_mixed".to_owned()];
    writes::requests_to(
        runs,
        move |body, run, number| {
            body.extend_from_slice(format!(r#"{{"run_id": "{run}", "metrics": ["#).as_bytes());
            writes::batch(body, &key, number..number + 1);
            body.extend_from_slice(b"]}");
        },
        "/api/2.0/mlflow/runs/log-batch",
    )
}

/// A thousand clients that each log a small batch now and then; ten thousand for Tidemill.
pub(crate) async fn many_clients(sites: &[Site], quick: bool) -> Result<Vec<Line>> {
    let time = EVERY * if quick { 2 } else { 6 };
    let mut lines = Vec::new();
    for (clients, limit) in [(1000, Goal::Below(10.0)), (10_000, Goal::NoError)] {
        let name = format!("many-clients-{clients}");
        let mut line = Line::new(name, "p99 ms", limit);
        match room_for(clients) {
            Err(error) => line.add_note(error.to_string()),
            Ok(()) => measure_crowd(sites, clients, time, &mut line).await?,
        }
        lines.push(line);
    }
    Ok(lines)
}

async fn measure_crowd(
    sites: &[Site],
    clients: usize,
    time: Duration,
    line: &mut Line,
) -> Result<()> {
    for site in sites {
        if clients > 1000 && site.product == Product::Mlflow {
            continue;
        }
        alone(sites, site);
        let requests = Arc::new(small_batches(site).for_clients(clients));
        let tallies = load::run(site, &requests, Pace::Every(EVERY), time).await?;
        let mut figure = Figure::throughput(load::together(tallies));
        line.add_note(format!(
            "{}: {} requests, {} errors",
            site.product, figure.requests, figure.errors
        ));
        figure.value = figure.p99_ms.unwrap_or(0.0);
        line.set(site.product, figure);
    }
    Ok(())
}

/// More clients than runs share a run, with metrics of their own.
fn small_batches(site: &Site) -> Requests {
    let runs = site.data.live.clone();
    Requests::new(move |turn, draft| {
        let run = &runs[turn.client % runs.len()];
        let part = turn.client / runs.len();
        let keys: Vec<String> = (0..KEYS).map(|n| format!("crowd_{part}_{n}")).collect();
        draft.post("/api/2.0/mlflow/runs/log-batch", |body| {
            body.extend_from_slice(format!(r#"{{"run_id": "{run}", "metrics": ["#).as_bytes());
            writes::batch(body, &keys, turn.number..turn.number + 1);
            body.extend_from_slice(b"]}");
        });
    })
}

/// Every client is an open file here, and one in the server.
fn room_for(clients: usize) -> Result<()> {
    let limit = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let needed = clients as u64 + OTHER_FILES;
    if limit >= needed {
        return Ok(());
    }
    Err(
        format!("not measured: only {limit} open files are allowed, see `ulimit -n {needed}`")
            .into(),
    )
}
