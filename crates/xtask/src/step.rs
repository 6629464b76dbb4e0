//! Running commands one after the other, with what each took.

use std::process::Command;
use std::time::Instant;

/// Runs a command in the project's folder; an error names it.
pub(crate) fn run(title: &str, program: &str, arguments: &[&str]) -> Result<(), String> {
    run_with(title, program, arguments, &[])
}

/// The same with environment variables.
pub(crate) fn run_with(
    title: &str,
    program: &str,
    arguments: &[&str],
    variables: &[(&str, String)],
) -> Result<(), String> {
    eprintln!("\n=== {title}: {program} {}", arguments.join(" "));
    let started = Instant::now();
    let status = Command::new(program)
        .args(arguments)
        .envs(variables.iter().map(|(name, value)| (name, value)))
        .current_dir(root())
        .status()
        .map_err(|error| format!("{title}: {program} cannot be started: {error}"))?;
    eprintln!("=== {title}: {:.0} s", started.elapsed().as_secs_f64());
    match status.success() {
        true => Ok(()),
        false => Err(format!("{title} failed ({status})")),
    }
}

/// The folder of the whole project.
pub(crate) fn root() -> std::path::PathBuf {
    let here = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_path_buf()
}
