//! How long a server takes to answer, and what memory it takes at rest and at work.

use std::sync::Arc;
use std::time::Duration;

use crate::database::Databases;
use crate::failure::Result;
use crate::load::{self, Pace, Requests};
use crate::memory::Footprint;
use crate::report::{Figure, Goal, Line};
use crate::server::{Launch, Product};
use crate::site::Site;

const WARM_UP: Duration = Duration::from_secs(3);
/// Many more than MLflow has workers, so that each is likely to have some.
const WARM_UP_CLIENTS: usize = 64;
const AT_REST_AFTER: Duration = Duration::from_secs(3);

/// Starts with an empty database, and again with the one that was made.
pub(crate) async fn cold_start(
    launches: &[Launch],
    databases: &mut Databases,
    quick: bool,
) -> Result<Vec<Line>> {
    let mut first = Line::new("cold-start", "ms", Goal::Below(60.0)).noted("new database");
    let mut again = Line::new("cold-start again", "ms", Goal::Below(60.0)).noted("same database");
    for launch in launches {
        let starts = match launch.product {
            // Slow, and so not much is gained by more.
            Product::Mlflow => 1,
            Product::Tidemill if quick => 3,
            Product::Tidemill => 7,
        };
        let (mut firsts, mut agains) = (Vec::new(), Vec::new());
        for _ in 0..starts {
            let place = databases.fresh(launch.product).await?;
            firsts.push(launch.start(&place).await?.ready_after);
            agains.push(launch.start(&place).await?.ready_after);
        }
        first.set(launch.product, Figure::plain(median_ms(firsts)));
        again.set(launch.product, Figure::plain(median_ms(agains)));
    }
    Ok(vec![first, again])
}

fn median_ms(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    let middle = times.get(times.len() / 2).copied().unwrap_or_default();
    middle.as_secs_f64() * 1000.0
}

/// MLflow's workers open their stores with the first request; that is not what is measured.
pub(crate) async fn warm_up(sites: &[Site]) -> Result<()> {
    let list = Requests::new(|_, draft| {
        draft.get("/api/2.0/mlflow/experiments/search?max_results=10");
    });
    let list = Arc::new(list.for_clients(WARM_UP_CLIENTS));
    for site in sites {
        load::run(site, &list, Pace::Closed, WARM_UP).await?;
    }
    Ok(())
}

/// Memory of servers that have only just started.
pub(crate) async fn idle_memory(sites: &[Site]) -> Line {
    tokio::time::sleep(AT_REST_AFTER).await;
    let mut line = Line::new("memory idle", "MiB RSS", Goal::Below(25.0));
    for site in sites {
        let footprint = Footprint::of(site.server.leader());
        line.add_note(format!(
            "{}: PSS {:.0} MiB in {} processes",
            site.product,
            footprint.pss_kib as f64 / 1024.0,
            footprint.processes
        ));
        line.set(
            site.product,
            Figure::plain(footprint.rss_kib as f64 / 1024.0),
        );
    }
    line
}

/// The most that any of the cases so far took.
pub(crate) fn peak_memory(name: &str, goal: Goal, sites: &[Site]) -> Line {
    let mut line = Line::new(name, "MiB RSS", goal);
    for site in sites {
        let (rss, pss) = site.watch.peak_kib();
        line.add_note(format!(
            "{}: PSS {:.0} MiB",
            site.product,
            pss as f64 / 1024.0
        ));
        line.set(site.product, Figure::plain(rss as f64 / 1024.0));
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_slow_start_does_not_move_the_median() {
        let times = [30, 900, 31].map(Duration::from_millis);
        assert_eq!(median_ms(times.into()), 31.0);
    }
}
