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
        environments
            .chain(on_path())
            .chain(home())
            .find_map(|e| packaged(&e))
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

/// The environment of the first `python3` that the shell would run; below pyenv, which puts a
/// script there, that of the version in use.
fn on_path() -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let python = std::env::split_paths(&path)
        .map(|folder| folder.join("python3"))
        .find(|python| python.exists());
    let Some(environment) = python.as_deref().and_then(|p| p.parent()?.parent()) else {
        return Vec::new();
    };
    match std::fs::read_to_string(environment.join("version")) {
        Ok(versions) => versions
            .lines()
            .map(|name| environment.join("versions").join(name.trim()))
            .collect(),
        Err(_) => vec![environment.to_owned()],
    }
}

/// Where `pip install --user` puts packages.
fn home() -> Option<PathBuf> {
    let home = std::env::var_os("HOME").filter(|home| !home.is_empty())?;
    Some(PathBuf::from(home).join(".local"))
}

/// The UI of an MLflow in that environment; Debian has its own name for the folder of packages.
fn packaged(environment: &Path) -> Option<PathBuf> {
    std::fs::read_dir(environment.join("lib"))
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .flat_map(|lib| ["site-packages", "dist-packages"].map(|name| lib.join(name)))
        .map(|packages| packages.join(IN_PACKAGE))
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
        for packages in ["site-packages", "dist-packages"] {
            let home = tempfile::tempdir().unwrap();
            assert_eq!(packaged(home.path()), None);
            let lib = home.path().join("lib/python3.12");
            let build = lib.join(packages).join(IN_PACKAGE);
            ui(&build);
            assert_eq!(packaged(home.path()), Some(build));
        }
    }
}
