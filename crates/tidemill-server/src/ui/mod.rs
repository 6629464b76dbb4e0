//! `tidemill ui`: where the web UI comes from.

mod find;
mod install;

pub(crate) use find::found;
pub(crate) use install::{Install, install};

/// Where `tidemill ui install` puts UIs, one folder for each version.
const INSTALLED: &str = "tidemill-data/ui";
/// The version whose contract is served; its UI is preferred.
const VERSION: &str = "3.17.2";
/// Where the UI is in a wheel of MLflow, and in an environment that has MLflow installed.
const IN_PACKAGE: &str = "mlflow/server/js/build";
