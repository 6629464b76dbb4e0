//! What has to be there before anything can be measured: folders, programs, MLflow's
//! environment.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;

use crate::failure::Result;

const MLFLOW: &str = "3.17.2";
const SCRIPT: &str = include_str!("mlflow.py");

/// Folders that the benchmark writes to.
#[derive(Debug, Clone)]
pub(crate) struct Folders {
    root: PathBuf,
    target: PathBuf,
}

impl Folders {
    /// Of the workspace that `cargo run` runs in, or of the current folder.
    pub(crate) fn find() -> Result<Self> {
        let root = match std::env::var_os("CARGO_MANIFEST_DIR") {
            Some(package) => Path::new(&package).join("../..").canonicalize()?,
            None => std::env::current_dir()?,
        };
        let target = std::env::var_os("CARGO_TARGET_DIR")
            .map_or_else(|| root.join("target"), |target| root.join(target));
        std::fs::create_dir_all(&target)?;
        Ok(Self { root, target })
    }

    /// A folder that is gone when the value is.
    pub(crate) fn work(&self) -> Result<tempfile::TempDir> {
        let prefix = tempfile::Builder::new()
            .prefix("bench-work-")
            .tempdir_in(&self.target)?;
        Ok(prefix)
    }

    /// MLflow's prepared databases.
    pub(crate) fn cache(&self) -> Result<PathBuf> {
        let cache = self.target.join("bench-cache");
        std::fs::create_dir_all(&cache)?;
        Ok(cache)
    }

    /// The given program, or the one in the target folder, which is built when it is missing.
    pub(crate) async fn tidemill(&self, given: Option<&Path>) -> Result<PathBuf> {
        if let Some(program) = given {
            return Ok(program.canonicalize()?);
        }
        let program = self.target.join("release/tidemill");
        if !program.exists() {
            eprintln!("building Tidemill");
            let build = ["build", "--release", "-p", "tidemill-server"];
            run(Command::new("cargo").args(build).current_dir(&self.root)).await?;
        }
        Ok(program)
    }

    /// The given environment, that of the compatibility tests, or one made for the benchmark.
    pub(crate) async fn mlflow(&self, given: Option<&Path>) -> Result<Mlflow> {
        if let Some(program) = given {
            let mlflow = Mlflow::beside(std::path::absolute(program)?);
            mlflow.check().await?;
            return Ok(mlflow);
        }
        let tests = Mlflow::beside(
            self.root
                .join(format!("compat-tests/.venvs/{MLFLOW}/bin/mlflow")),
        );
        if tests.check().await.is_ok() {
            return Ok(tests);
        }
        let folder = self.target.join("bench-venv");
        let own = Mlflow::beside(folder.join("bin/mlflow"));
        if own.check().await.is_err() {
            eprintln!("installing MLflow {MLFLOW} under {}", folder.display());
            run(Command::new("python3").args(["-m", "venv"]).arg(&folder)).await?;
            let packages = [&format!("mlflow=={MLFLOW}"), "psycopg2-binary"];
            run(Command::new(&own.python)
                .args(["-m", "pip", "install", "--quiet"])
                .args(packages))
            .await?;
            own.check().await?;
        }
        Ok(own)
    }
}

/// An environment with MLflow in it.
#[derive(Debug, Clone)]
pub(crate) struct Mlflow {
    pub(crate) program: PathBuf,
    python: PathBuf,
}

impl Mlflow {
    fn beside(program: PathBuf) -> Self {
        let python = program.with_file_name("python");
        Self { program, python }
    }

    async fn check(&self) -> Result<()> {
        let versions = self
            .python(&["check"], None)
            .await
            .map_err(|error| format!("{} will not do: {error}", self.program.display()))?;
        if versions.starts_with(MLFLOW) {
            return Ok(());
        }
        Err(format!(
            "{} is MLflow {versions}, not {MLFLOW}",
            self.program.display()
        )
        .into())
    }

    /// Runs a command of the script and answers what it prints. `input` is a file to read from.
    pub(crate) async fn python(&self, arguments: &[&str], input: Option<&Path>) -> Result<String> {
        let input = match input {
            Some(path) => Stdio::from(std::fs::File::open(path)?),
            None => Stdio::null(),
        };
        let output = Command::new(&self.python)
            .args(["-c", SCRIPT])
            .args(arguments)
            .env("MLFLOW_DISABLE_TELEMETRY", "true")
            .stdin(input)
            .kill_on_drop(true)
            .output()
            .await?;
        if output.status.success() {
            return Ok(String::from_utf8(output.stdout)?.trim().to_owned());
        }
        let error = String::from_utf8_lossy(&output.stderr);
        Err(error
            .lines()
            .last()
            .unwrap_or("no reason given")
            .to_owned()
            .into())
    }

    /// For a moment when nothing can be waited for.
    pub(crate) fn python_blocking(&self, arguments: &[&str]) {
        let done = std::process::Command::new(&self.python)
            .args(["-c", SCRIPT])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .status();
        if !done.is_ok_and(|status| status.success()) {
            let _ = writeln!(std::io::stderr(), "failed: {}", arguments.join(" "));
        }
    }
}

async fn run(command: &mut Command) -> Result<()> {
    let status = command.kill_on_drop(true).status().await?;
    if status.success() {
        return Ok(());
    }
    Err(format!("{:?} ended with {status}", command.as_std()).into())
}
