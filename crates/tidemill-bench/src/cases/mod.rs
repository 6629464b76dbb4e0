//! What is measured: a table of cases, and how a case is run on both servers in turns.

mod artifacts;
mod crowd;
mod reads;
mod registry;
pub(crate) mod scale;
pub(crate) mod start;
mod writes;

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use serde_json::Value;

use crate::failure::Result;
use crate::load::{self, Pace, Requests, Tally};
use crate::options::Backend;
use crate::report::{Figure, Goal, Line};
use crate::site::Site;

pub(crate) use artifacts::upload;
pub(crate) use crowd::{many_clients, mixed};

/// Requests that are sent in a closed loop.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    /// The ratio to reach on SQLite, and on PostgreSQL where one is asked for.
    sqlite: f64,
    postgres: Option<f64>,
    /// Fewer clients than usual.
    clients: Option<usize>,
    prepare: Prepare,
}

type Prepare = for<'a> fn(&'a Site) -> BoxFuture<'a, Result<Plan>>;

/// A case made ready on one server.
pub(crate) struct Plan {
    requests: Requests,
    /// What an answer says, without ids; must be the same on both servers.
    evidence: Option<Value>,
    proof: Proof,
}

/// How to see afterwards that acknowledged writes are there.
enum Proof {
    None,
    Points {
        runs: Vec<String>,
        key: &'static str,
    },
    Params {
        runs: Vec<String>,
    },
}

pub(crate) const CASES: &[Case] = &[
    Case::new("log-metric", 165.0, |site| {
        Box::pin(writes::log_metric(site))
    })
    .on_postgres(45.0),
    Case::new("log-parameter", 140.0, |site| {
        Box::pin(writes::log_parameter(site))
    })
    .on_postgres(45.0),
    Case::new("create-run", 100.0, |site| {
        Box::pin(writes::create_run(site))
    })
    .on_postgres(30.0),
    Case::new("create-experiment", 130.0, |site| {
        Box::pin(writes::create_experiment(site))
    }),
    Case::new("log-batch-100", 80.0, |site| {
        Box::pin(writes::log_batch(site, 2, 1))
    })
    .on_postgres(12.0),
    Case::new("log-batch-1000", 80.0, |site| {
        Box::pin(writes::log_batch(site, 3, 10))
    })
    .on_postgres(12.0),
    Case::new("get-run", 110.0, |site| Box::pin(reads::get_run(site))),
    Case::new("search-newest", 70.0, |site| {
        Box::pin(reads::search_newest(site))
    }),
    Case::new("search-filter", 80.0, |site| {
        Box::pin(reads::search_filter(site))
    }),
    Case::new("search-deep", 140.0, |site| {
        Box::pin(reads::search_deep(site))
    }),
    Case::new("history-10k", 100.0, |site| {
        Box::pin(reads::history(site, 0))
    }),
    Case::new("history-100k", 95.0, |site| {
        Box::pin(reads::history(site, 1))
    })
    .with_clients(1),
    Case::new("chart", 200.0, |site| Box::pin(reads::chart(site))),
    Case::new("create-version", 100.0, |site| {
        Box::pin(registry::create_version(site))
    }),
    Case::new("transition-stage", 100.0, |site| {
        Box::pin(registry::transition_stage(site))
    }),
    Case::new("registry-search", 130.0, |site| {
        Box::pin(registry::search(site))
    }),
    Case::new("list-artifacts", 40.0, |site| {
        Box::pin(artifacts::list(site))
    }),
    Case::new("download-1mb", 5.0, |site| {
        Box::pin(artifacts::download(site))
    }),
];

/// Cases that are more than one closed loop, and need servers with data.
pub(crate) const SPECIAL: [&str; 2] = ["upload-256mb", "mixed"];
/// The last case, for which memory is counted by itself.
pub(crate) const CROWD: &str = "many-clients";
/// Cases about the start of a server.
pub(crate) const STARTS: [&str; 2] = ["cold-start", "memory"];

impl Case {
    const fn new(name: &'static str, sqlite: f64, prepare: Prepare) -> Self {
        Self {
            name,
            sqlite,
            postgres: None,
            clients: None,
            prepare,
        }
    }

    const fn on_postgres(mut self, ratio: f64) -> Self {
        self.postgres = Some(ratio);
        self
    }

    const fn with_clients(mut self, clients: usize) -> Self {
        self.clients = Some(clients);
        self
    }

    fn goal(&self, backend: &Backend) -> Goal {
        match backend {
            Backend::Sqlite => Goal::Ratio(self.sqlite),
            Backend::Postgres(_) => self.postgres.map_or(Goal::None, Goal::Ratio),
        }
    }

    /// Runs the case on every site in turns. What fails on one site is noted, and does not
    /// keep the other from being measured.
    pub(crate) async fn measure(
        &self,
        sites: &[Site],
        backend: &Backend,
        time: Duration,
        rounds: u32,
    ) -> Line {
        let mut line = Line::new(self.name, "req/s", self.goal(backend));
        let mut ready = Vec::new();
        for site in sites {
            match (self.prepare)(site).await {
                Ok(plan) => ready.push(Ready::new(site, plan, self.clients)),
                Err(error) => line.add_note(format!("{} not measured: {error}", site.product)),
            }
        }
        compare(&ready, &mut line);
        for _ in 0..rounds {
            for place in &mut ready {
                alone(sites, place.site);
                if let Err(error) = place.round(time).await {
                    line.add_note(format!("{}: {error}", place.site.product));
                }
            }
        }
        for place in ready {
            if let Err(error) = place.check().await {
                line.add_note(format!("{}: {error}", place.site.product));
            }
            line.set(place.site.product, Figure::throughput(place.tally));
        }
        line
    }
}

/// Only the memory of the server at work is sampled.
fn alone(sites: &[Site], at_work: &Site) {
    for site in sites {
        site.watch.pause(site.product != at_work.product);
    }
}

struct Ready<'a> {
    site: &'a Site,
    requests: Arc<Requests>,
    evidence: Option<Value>,
    proof: Proof,
    tally: Tally,
}

impl<'a> Ready<'a> {
    fn new(site: &'a Site, plan: Plan, clients: Option<usize>) -> Self {
        let clients = clients.unwrap_or(site.clients);
        Self {
            site,
            requests: Arc::new(plan.requests.for_clients(clients)),
            evidence: plan.evidence,
            proof: plan.proof,
            tally: Tally::default(),
        }
    }

    async fn round(&mut self, time: Duration) -> Result<()> {
        let tallies = load::run(self.site, &self.requests, Pace::Closed, time).await?;
        self.tally.after(load::together(tallies));
        Ok(())
    }

    /// Every acknowledged write must be there; of a failed one nobody knows.
    async fn check(&self) -> Result<()> {
        let there = match &self.proof {
            Proof::None => return Ok(()),
            Proof::Points { runs, key } => reads::count_points(self.site, runs, key).await?,
            Proof::Params { runs } => reads::count_params(self.site, runs).await?,
        };
        let acknowledged = self.tally.answered();
        if (acknowledged..=acknowledged + self.tally.errors).contains(&there) {
            return Ok(());
        }
        Err(format!("{acknowledged} writes acknowledged, {there} found").into())
    }
}

fn compare(ready: &[Ready<'_>], line: &mut Line) {
    if let [one, other] = ready
        && one.evidence != other.evidence
    {
        line.add_note("ANSWERS DIFFER: ".to_owned() + &difference(&one.evidence, &other.evidence));
    }
}

/// Where two texts begin to differ, with a little of each.
fn difference(one: &Option<Value>, other: &Option<Value>) -> String {
    let text = |value: &Option<Value>| value.as_ref().map_or_else(String::new, Value::to_string);
    let (one, other) = (text(one), text(other));
    let same = one
        .bytes()
        .zip(other.bytes())
        .take_while(|(a, b)| a == b)
        .count();
    let part = |text: &str| {
        let from = text.floor_char_boundary(same.saturating_sub(20));
        text[from..].chars().take(60).collect::<String>()
    };
    format!("{} | {}", part(&one), part(&other))
}

impl Plan {
    fn of(requests: Requests) -> Self {
        Self {
            requests,
            evidence: None,
            proof: Proof::None,
        }
    }

    fn with_evidence(mut self, evidence: Value) -> Self {
        self.evidence = Some(evidence);
        self
    }

    fn with_proof(mut self, proof: Proof) -> Self {
        self.proof = proof;
        self
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_case_has_a_name_of_its_own() {
        let mut names: Vec<&str> = CASES.iter().map(|case| case.name).collect();
        names.extend(SPECIAL.iter().chain(&STARTS).chain([&CROWD]));
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
    }

    #[test]
    fn a_difference_is_shown_where_it_begins() {
        let (one, other) = (json!({"a": 1, "b": 2}), json!({"a": 1, "b": 3}));
        let shown = difference(&Some(one), &Some(other));
        assert_eq!(shown, r#"{"a":1,"b":2} | {"a":1,"b":3}"#);
    }
}
