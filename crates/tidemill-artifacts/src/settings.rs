//! What the environment says about storages.

use std::collections::BTreeMap;
use std::time::Duration;

/// How long to wait for a storage.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// For an answer without a body: looking a file up, listing a page, signing.
    pub request: Duration,
    /// For one piece of an upload to be stored.
    pub transfer: Duration,
    /// For the next piece of a body, in either direction.
    pub idle: Duration,
    /// For everything that looks at a whole folder.
    pub folder: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            request: Duration::from_secs(30),
            transfer: Duration::from_secs(300),
            idle: Duration::from_secs(60),
            folder: Duration::from_secs(120),
        }
    }
}

/// The environment variables that storages read, and the limits.
#[derive(Clone, Default)]
pub struct StorageSettings {
    variables: BTreeMap<String, String>,
    /// How long to wait.
    pub limits: Limits,
}

/// MLflow's variable for how many seconds a transfer may take.
const TRANSFER_TIMEOUT: &str = "MLFLOW_ARTIFACT_UPLOAD_DOWNLOAD_TIMEOUT";

impl Limits {
    /// No wait is longer than a transfer may take.
    fn with_transfer(transfer: Duration) -> Self {
        let usual = Self::default();
        Self {
            request: usual.request.min(transfer),
            transfer,
            idle: usual.idle.min(transfer),
            folder: usual.folder.min(transfer),
        }
    }
}

/// Variables whose names begin so may be read.
const PREFIXES: [&str; 6] = [
    "AWS_",
    "AZURE_",
    "GOOGLE_",
    "STORAGE_EMULATOR_HOST",
    "MLFLOW_",
    "HOME",
];

impl StorageSettings {
    /// From the variables of a process.
    pub fn new(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        let variables: BTreeMap<String, String> = variables
            .into_iter()
            .filter(|(name, _)| PREFIXES.iter().any(|prefix| name.starts_with(prefix)))
            .collect();
        let seconds = variables.get(TRANSFER_TIMEOUT);
        let seconds = seconds.and_then(|text| text.parse().ok());
        Self {
            variables,
            limits: match seconds.filter(|seconds| *seconds > 0) {
                Some(seconds) => Limits::with_transfer(Duration::from_secs(seconds)),
                None => Limits::default(),
            },
        }
    }

    /// From this process's environment.
    pub fn from_env() -> Self {
        let text = std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        });
        Self::new(text)
    }

    /// A variable that is set and not empty.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.variables
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// Whether a variable says yes, as MLflow reads them.
    pub(crate) fn is_true(&self, name: &str) -> bool {
        self.get(name)
            .is_some_and(|value| value.eq_ignore_ascii_case("true") || value == "1")
    }

    /// The variables that begin with `prefix`, in lower case.
    pub(crate) fn starting_with<'a>(
        &'a self,
        prefix: &'a str,
    ) -> impl Iterator<Item = (String, &'a str)> {
        self.variables
            .iter()
            .filter(move |(name, value)| name.starts_with(prefix) && !value.is_empty())
            .map(|(name, value)| (name.to_ascii_lowercase(), value.as_str()))
    }
}

impl std::fmt::Debug for StorageSettings {
    /// Names only: the values are credentials.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StorageSettings")
            .field("variables", &self.variables.keys())
            .field("limits", &self.limits)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(seconds: &str) -> Limits {
        StorageSettings::new([(TRANSFER_TIMEOUT.to_owned(), seconds.to_owned())]).limits
    }

    #[test]
    fn no_wait_is_longer_than_a_transfer_may_take() {
        let short = limits("2");
        let all = [short.request, short.transfer, short.idle, short.folder];
        assert_eq!(all, [Duration::from_secs(2); 4]);
        let long = limits("900");
        assert_eq!(long.transfer, Duration::from_secs(900));
        assert_eq!(long.request, Limits::default().request);
        for odd in ["", "0", "-1", "soon"] {
            assert_eq!(limits(odd).transfer, Limits::default().transfer, "{odd}");
        }
    }
}
