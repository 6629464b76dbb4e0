//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;

use crate::data::Shape;
use crate::failure::Result;
use crate::server::Product;

/// Runs MLflow 3.17.2's own server and Tidemill side by side, in turns, and compares them.
#[derive(Debug, Parser)]
#[command(name = "tidemill-bench")]
pub(crate) struct Options {
    /// MLflow's program, in an environment of its own.
    /// [default: the one of compat-tests, or one made for the benchmark]
    #[arg(long, value_name = "PATH")]
    pub(crate) mlflow: Option<PathBuf>,
    /// Tidemill's program. [default: target/release/tidemill, built when it is missing]
    #[arg(long, value_name = "PATH")]
    pub(crate) tidemill: Option<PathBuf>,
    /// A command to start instead of Tidemill, with {port}, {backend} and {artifacts} in it.
    #[arg(long, value_name = "COMMAND", conflicts_with = "tidemill")]
    pub(crate) tidemill_command: Option<String>,
    /// Only this server; there are no ratios then, and no comparison of answers.
    #[arg(long, value_name = "SERVER")]
    pub(crate) alone: Option<Product>,
    /// The database of both: sqlite, or postgres and the URL of a server where databases may be
    /// made.
    #[arg(long, num_args = 1..=2, value_names = ["KIND", "URL"], default_value = "sqlite")]
    backend: Vec<String>,
    /// Only the cases of these names; `list` prints them.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub(crate) only: Vec<String>,
    /// Seconds for each case, round and server. [default: 5, quick: 1]
    #[arg(long, value_name = "N")]
    seconds: Option<f64>,
    /// Rounds; both servers have a turn in each. [default: 3, quick: 1]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: Option<u32>,
    /// Clients that send at the same time.
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clients)]
    pub(crate) clients: usize,
    /// A short form that takes about two minutes, once MLflow's data has been prepared.
    #[arg(long)]
    pub(crate) quick: bool,
    /// Runs to search.
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    runs: usize,
    /// Points of each of the hundred metrics in the chart.
    #[arg(long, value_name = "N", default_value_t = 1000)]
    chart_points: u64,
    /// Tidemill alone, with these numbers of runs, such as 10k,100k,1m, and as many metric
    /// points tenfold.
    #[arg(long, value_name = "SIZES", value_delimiter = ',', value_parser = size)]
    pub(crate) scale: Vec<usize>,
    /// Also writes the results to a file, as JSON.
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
}

/// Where both servers keep their tables.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Backend {
    Sqlite,
    /// The URL of the server.
    Postgres(String),
}

impl Backend {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres(_) => "postgres",
        }
    }
}

const POSTGRES: &str = "TIDEMILL_TEST_POSTGRES_URL";
const USUAL_POSTGRES: &str = "postgresql://postgres@127.0.0.1:5432/postgres";

impl Options {
    pub(crate) fn backend(&self) -> Result<Backend> {
        let url = self.backend.get(1).cloned();
        match (self.backend[0].as_str(), url) {
            ("sqlite", None) => Ok(Backend::Sqlite),
            ("postgres" | "postgresql", url) => Ok(Backend::Postgres(
                url.or_else(|| std::env::var(POSTGRES).ok())
                    .unwrap_or_else(|| USUAL_POSTGRES.to_owned()),
            )),
            _ => Err("--backend is sqlite, postgres, or postgres and a URL".into()),
        }
    }

    pub(crate) fn time(&self) -> Duration {
        let usual = if self.quick { 1.0 } else { 5.0 };
        Duration::from_secs_f64(self.seconds.unwrap_or(usual).clamp(0.1, 600.0))
    }

    pub(crate) fn rounds(&self) -> u32 {
        self.rounds.unwrap_or(if self.quick { 1 } else { 3 })
    }

    pub(crate) fn shape(&self) -> Shape {
        Shape {
            runs: self.runs.clamp(20, 1_000_000),
            chart_points: self.chart_points.clamp(1, 100_000),
        }
    }

    pub(crate) fn wants(&self, case: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|name| name == case)
    }
}

fn clients(text: &str) -> Result<usize> {
    match text.parse() {
        Ok(clients @ 1..=1000) => Ok(clients),
        _ => Err("a number from 1 to 1000".into()),
    }
}

/// A number with k or m behind it.
fn size(text: &str) -> Result<usize> {
    let lower = text.to_ascii_lowercase();
    let (digits, unit) = match lower.as_bytes().last() {
        Some(b'k') => (&lower[..lower.len() - 1], 1000),
        Some(b'm') => (&lower[..lower.len() - 1], 1_000_000),
        _ => (lower.as_str(), 1),
    };
    match digits.parse::<usize>() {
        Ok(number @ 1..=10_000_000) if number * unit <= 10_000_000 => Ok(number * unit),
        _ => Err("a number of runs such as 10k, up to 10m".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str]) -> Options {
        Options::parse_from([&["tidemill-bench"], arguments].concat())
    }

    #[test]
    fn sizes_are_written_as_people_write_them() {
        let options = parse(&["--scale", "500,10k,1M"]);
        assert_eq!(options.scale, [500, 10_000, 1_000_000]);
        assert!(Options::try_parse_from(["tidemill-bench", "--scale", "many"]).is_err());
    }

    #[test]
    fn a_postgres_url_may_follow_the_kind() {
        let options = parse(&["--backend", "postgres", "postgresql://h/db"]);
        let url = "postgresql://h/db".to_owned();
        assert_eq!(options.backend().unwrap(), Backend::Postgres(url));
        assert_eq!(parse(&[]).backend().unwrap(), Backend::Sqlite);
        assert!(parse(&["--backend", "oracle"]).backend().is_err());
    }

    #[test]
    fn without_only_every_case_is_wanted() {
        assert!(parse(&[]).wants("chart"));
        let some = parse(&["--only", "chart,mixed"]);
        assert!(some.wants("mixed") && !some.wants("log-metric"));
    }
}
