//! Finding a UI on this machine.

use std::path::{Path, PathBuf};

use super::{IN_PACKAGE, INSTALLED, VERSION};

/// The folder of a UI: one that was installed here, or that of an MLflow in the Python
/// environment in use.
pub(crate) fn found() -> Option<PathBuf> {
    installed(Path::new(INSTALLED)).or_else(|| {
        let environments = ["VIRTUAL_ENV", "CONDA_PREFIX"]
            .into_iter()
            .filter_map(std::env::var_os)
            .filter(|folder| !folder.is_empty())
            .map(PathBuf::from);
        environments.chain(on_path()).find_map(|e| packaged(&e))
    })
}

/// The version whose contract is served, otherwise the newest.
fn installed(folder: &Path) -> Option<PathBuf> {
    let preferred = folder.join(VERSION);
    if is_ui(&preferred) {
        return Some(preferred);
    }
    std::fs::read_dir(folder)
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| is_ui(path))
        .max_by_key(|path| version(path))
}

fn version(folder: &Path) -> Vec<u32> {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    name.split('.')
        .map_while(|part| part.parse().ok())
        .collect()
}

/// The environment of the first `python3` that the shell would run.
fn on_path() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let python = std::env::split_paths(&path)
        .map(|folder| folder.join("python3"))
        .find(|python| python.exists())?;
    Some(python.parent()?.parent()?.to_owned())
}

fn packaged(environment: &Path) -> Option<PathBuf> {
    std::fs::read_dir(environment.join("lib"))
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path().join("site-packages").join(IN_PACKAGE)))
        .find(|path| is_ui(path))
}

fn is_ui(folder: &Path) -> bool {
    folder.join("index.html").is_file()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ui(folder: &Path) {
        std::fs::create_dir_all(folder).unwrap();
        std::fs::write(folder.join("index.html"), "").unwrap();
    }

    #[test]
    fn the_version_that_is_served_comes_first_and_then_the_newest() {
        let home = tempfile::tempdir().unwrap();
        assert_eq!(installed(home.path()), None);
        ui(&home.path().join("3.9.0"));
        ui(&home.path().join("3.11.1"));
        std::fs::create_dir(home.path().join("9.9.9")).unwrap();
        assert!(installed(home.path()).unwrap().ends_with("3.11.1"));
        ui(&home.path().join(VERSION));
        assert!(installed(home.path()).unwrap().ends_with(VERSION));
    }

    #[test]
    fn an_mlflow_in_a_python_environment_is_found() {
        let home = tempfile::tempdir().unwrap();
        assert_eq!(packaged(home.path()), None);
        let build = home
            .path()
            .join("lib/python3.12/site-packages")
            .join(IN_PACKAGE);
        ui(&build);
        assert_eq!(packaged(home.path()), Some(build));
    }
}
