//! Every test there is, from cheap to dear.

use crate::{licences, machine, step};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Run the long forms of the tests that have one.
    #[arg(long)]
    long: bool,
    /// Stop before the suites of stock MLflow clients and the web UI.
    #[arg(long)]
    no_compat: bool,
}

/// Installs and starts the object stores, and runs a command beside them.
const EMULATORS: &str = "crates/tidemill-artifacts/tests/emulators/start.sh";

/// Names the variable with the number of tests that run at once.
const THREADS: &str = "RUST_TEST_THREADS";

/// Many tests wait for a disk, for a database or for a patience to end, so that more of them
/// fit than there are cores.
fn threads() -> usize {
    3 * std::thread::available_parallelism().map_or(1, usize::from)
}

/// Runs everything; the first failure ends it.
pub(crate) fn run(args: &Args) -> Result<(), String> {
    let databases = machine::databases();
    let mut features = vec!["--workspace"];
    if machine::has_mysql_client() {
        features.extend([
            "--features",
            "tidemill-server/mysql,tidemill-store/mysql,tidemill-testkit/mysql",
        ]);
    }
    let cargo = |title: &str, first: &[&str], last: &[&str], variables: &[(&str, String)]| {
        let arguments = [first, &features[..], last].concat();
        step::run_with(title, "cargo", &arguments, variables)
    };
    step::run("formatting", "cargo", &["fmt", "--all", "--", "--check"])?;
    licences::check()?;
    cargo(
        "lints",
        &["clippy", "--locked", "--all-targets"],
        &["--", "-D", "warnings"],
        &[],
    )?;
    let mut variables = databases;
    if args.long {
        variables.push(("TIDEMILL_TEST_LONG", "1".into()));
    }
    if std::env::var_os(THREADS).is_none() {
        variables.push((THREADS, threads().to_string()));
    }
    let tests = [&["cargo", "test", "--locked"], &features[..]].concat();
    step::run_with("tests", EMULATORS, &tests, &variables)?;
    let quiet = [("RUSTDOCFLAGS", "-D warnings".to_owned())];
    cargo(
        "documentation",
        &["doc", "--locked", "--no-deps"],
        &[],
        &quiet,
    )?;
    if args.no_compat {
        return Ok(());
    }
    cargo("binary", &["build", "--locked"], &["--bins"], &[])?;
    let long: &[&str] = if args.long { &["--long"] } else { &[] };
    step::run("stock clients", "compat-tests/run", long)?;
    step::run("imports", "compat-tests/run-transfer", long)?;
    match machine::has_chromium() {
        true => step::run("web UI", "compat-tests/run-browser", long),
        false => Err("the web UI is tested in Chromium: install the package chromium".into()),
    }
}
