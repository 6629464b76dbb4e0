//! Starting a server in a process group of its own, waiting until it answers, and ending it
//! with everything it started.

use std::fmt;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{Child, Command};

use crate::draft::Draft;
use crate::failure::Result;
use crate::http::Connection;

/// MLflow migrates its tables for a long while on a busy machine.
const READY_WITHIN: Duration = Duration::from_secs(300);
/// A process that took the connection may end before it answers.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);
const STOP_WITHIN: Duration = Duration::from_secs(15);

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Product {
    Mlflow,
    Tidemill,
}

impl fmt::Display for Product {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Mlflow => "mlflow",
            Self::Tidemill => "tidemill",
        })
    }
}

/// How a product is started: words with `{port}`, `{backend}` and `{artifacts}` in them.
#[derive(Debug, Clone)]
pub(crate) struct Launch {
    pub(crate) product: Product,
    pub(crate) words: Vec<String>,
}

/// Where a server keeps its data.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) folder: PathBuf,
    pub(crate) backend: String,
}

impl Place {
    pub(crate) fn artifacts(&self) -> PathBuf {
        self.folder.join("artifacts")
    }
}

impl Launch {
    /// The flags of `mlflow server`, which are Tidemill's too.
    pub(crate) fn new(product: Product, program: &Path) -> Self {
        let words = format!(
            "{}\nserver\n--host\n127.0.0.1\n--port\n{{port}}\n--backend-store-uri\n{{backend}}\n\
             --artifacts-destination\n{{artifacts}}",
            program.display()
        );
        Self {
            product,
            words: words.split('\n').map(str::to_owned).collect(),
        }
    }

    /// A command as people write it, without quotes.
    pub(crate) fn template(product: Product, command: &str) -> Self {
        Self {
            product,
            words: command.split_whitespace().map(str::to_owned).collect(),
        }
    }

    /// Starts the server and waits for the first 200 of /health.
    pub(crate) async fn start(&self, place: &Place) -> Result<Server> {
        std::fs::create_dir_all(place.artifacts())?;
        let port = free_port()?;
        let mut words = self.words.iter().map(|word| {
            word.replace("{port}", &port.to_string())
                .replace("{backend}", &place.backend)
                .replace("{artifacts}", &place.artifacts().display().to_string())
        });
        let log = place.folder.join("server.log");
        let output = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(&log)?;
        let program = words.next().ok_or("an empty server command")?;
        let began = Instant::now();
        let child = Command::new(&program)
            .args(words)
            .current_dir(&place.folder)
            .env_remove("MLFLOW_TRACKING_URI")
            .env("MLFLOW_DISABLE_TELEMETRY", "true")
            .env("DO_NOT_TRACK", "true")
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .process_group(0)
            .spawn()
            .map_err(|error| format!("cannot start {program}: {error}"))?;
        let mut server = Server {
            product: self.product,
            address: SocketAddr::from(([127, 0, 0, 1], port)),
            ready_after: Duration::ZERO,
            group: child.id().and_then(|id| Pid::from_raw(id as i32)),
            child,
            log,
        };
        server.wait_until_ready(began).await?;
        Ok(server)
    }
}

/// A server that runs; dropping it ends it.
pub(crate) struct Server {
    pub(crate) product: Product,
    pub(crate) address: SocketAddr,
    /// From the start of the process to the first 200 of /health.
    pub(crate) ready_after: Duration,
    group: Option<Pid>,
    child: Child,
    log: PathBuf,
}

impl Server {
    /// The process that leads the server's group.
    pub(crate) fn leader(&self) -> u32 {
        self.group
            .map_or(0, |group| group.as_raw_nonzero().get().unsigned_abs())
    }

    async fn wait_until_ready(&mut self, began: Instant) -> Result<()> {
        while began.elapsed() < READY_WITHIN {
            let asked = tokio::time::timeout(ANSWER_WITHIN, self.is_healthy()).await;
            if asked == Ok(true) {
                self.ready_after = began.elapsed();
                return Ok(());
            }
            if let Some(status) = self.child.try_wait()? {
                return Err(format!(
                    "{} ended with {status}:\n{}",
                    self.product,
                    self.last_words()
                )
                .into());
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        Err(format!(
            "{} was not ready in time:\n{}",
            self.product,
            self.last_words()
        )
        .into())
    }

    async fn is_healthy(&self) -> bool {
        let Ok(mut connection) = Connection::open(self.address).await else {
            return false;
        };
        let mut draft = Draft::new(self.address);
        draft.get("/health");
        let answer = connection.exchange(draft.wire()).await;
        answer.is_ok_and(|answer| answer.status == 200)
    }

    fn last_words(&self) -> String {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().rev().take(15).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join("\n")
    }

    /// Asks every process of the group to end, and ends those that do not.
    fn end(&mut self) {
        let Some(group) = self.group.take() else {
            return;
        };
        let _ = kill_process_group(group, Signal::TERM);
        let began = Instant::now();
        while began.elapsed() < STOP_WITHIN && matches!(self.child.try_wait(), Ok(None)) {
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = kill_process_group(group, Signal::KILL);
        let _ = self.child.try_wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}

fn free_port() -> Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    Ok(listener.local_addr()?.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_server_that_ends_at_once_is_an_error_with_its_last_words() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place {
            folder: folder.path().to_owned(),
            backend: "a-backend".to_owned(),
        };
        let launch = Launch::template(Product::Tidemill, "echo no {backend} here");
        let error = launch.start(&place).await.err().unwrap().to_string();
        assert!(error.contains("no a-backend here"), "{error}");
    }

    #[test]
    fn a_path_with_a_blank_stays_one_word() {
        let launch = Launch::new(Product::Mlflow, Path::new("/a folder/mlflow"));
        assert_eq!(launch.words[0], "/a folder/mlflow");
    }
}
