//! The `source` of a model version: a run's artifact, a logged model, another version, or a
//! location.
//!
//! `model-versions/create` checks it in two steps. Reading it refuses every spelling that
//! could lead elsewhere; then [`ModelSource::must_belong_to_run`] or
//! [`ModelSource::must_belong_to_model`] ties it to the run or logged model of the request.
//! Prompts have no source; theirs is one of two placeholders, see [`check_prompt_source`].

use super::{LocationPolicy, NotAStorageUri, Place, StorageUri, policy, scheme};
use crate::artifact_path::ArtifactPath;
use crate::{Error, Result};

/// A checked source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModelSource {
    /// `runs:/<run id>/<path>`.
    Run {
        /// The run's id, as written.
        run_id: String,
        /// Below the run's artifacts.
        path: ArtifactPath,
    },
    /// `models:/<model id>`.
    LoggedModel {
        /// The model's id, as written.
        model_id: String,
    },
    /// `models:/<name>/<version>` and its kin.
    Version {
        /// The registered model's name.
        name: String,
        /// Which of its versions.
        selector: VersionSelector,
    },
    /// A location.
    Storage(StorageUri),
}

/// Which version of a registered model a `models:/` URI means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VersionSelector {
    /// `models:/name/3`; digits, of any length.
    Number(String),
    /// `models:/name@champion`.
    Alias(String),
    /// `models:/name/Production`: the newest in that stage.
    Stage(String),
    /// `models:/name/latest`: the newest of all.
    Latest,
}

/// The run or logged model that a request says its source comes from.
#[derive(Debug, Clone, Copy)]
pub struct Owner<'a> {
    /// Its id in the request.
    pub id: &'a str,
    /// Where its artifacts are; nothing if it does not exist.
    pub artifact_uri: Option<&'a str>,
}

impl ModelSource {
    /// Reads a source and refuses what no request may name.
    pub fn parse(text: &str, policy: &LocationPolicy) -> Result<Self> {
        policy.refuse_foreign_host("source", text)?;
        match scheme(text).as_deref() {
            Some("runs") => run_source(text),
            Some("models") => model_source(text),
            _ => storage_source(text, policy),
        }
    }

    /// Checks a source whose request names no logged model.
    pub fn must_belong_to_run(&self, run: Option<Owner<'_>>) -> Result<()> {
        match self {
            Self::Run { run_id, path } if run.is_none_or(|run| run.id != run_id) => {
                Err(source_not_in(&run_text(run_id, path), "run_id"))
            }
            Self::LoggedModel { model_id } => {
                Err(source_not_in(&format!("models:/{model_id}"), "model_id"))
            }
            Self::Storage(uri) => must_be_within(uri, run, "run_id"),
            Self::Run { .. } | Self::Version { .. } => Ok(()),
        }
    }

    /// Checks a source whose request names a logged model.
    pub fn must_belong_to_model(&self, model: Owner<'_>) -> Result<()> {
        match self {
            Self::Run { run_id, path } => Err(source_not_in(&run_text(run_id, path), "model_id")),
            Self::LoggedModel { model_id } if model.id != model_id => {
                Err(source_not_in(&format!("models:/{model_id}"), "model_id"))
            }
            Self::Storage(uri) => must_be_within(uri, Some(model), "model_id"),
            Self::LoggedModel { .. } | Self::Version { .. } => Ok(()),
        }
    }
}

/// The only sources a prompt may have.
pub fn check_prompt_source(source: &str) -> Result<()> {
    if matches!(source, "prompt-template" | "dummy-source") {
        return Ok(());
    }
    Err(Error::invalid_parameter(format!(
        "Invalid prompt source: '{source}'. Prompt sources must use an MLflow placeholder."
    )))
}

/// The refusal of a source that lies outside what the request's `id_field` names.
pub fn source_not_in(source: &str, id_field: &str) -> Error {
    Error::invalid_parameter(format!(
        "Invalid model version source: '{source}'. The {id_field} request parameter must \
         identify the resource that contains the source."
    ))
}

fn run_text(run_id: &str, path: &ArtifactPath) -> String {
    let slash = if path.is_root() { "" } else { "/" };
    format!("runs:/{run_id}{slash}{path}")
}

fn run_source(text: &str) -> Result<ModelSource> {
    let rest = reference_path(text, "run_id")?;
    let (run_id, path) = rest.split_once('/').unwrap_or((rest, ""));
    let segment = ArtifactPath::parse(run_id).map_err(|_| relative_parts(text))?;
    let path = ArtifactPath::parse(path).map_err(|_| relative_parts(text))?;
    if segment.is_root() {
        return Err(Error::invalid_parameter(format!(
            "Not a proper runs:/ URI: {text}. Runs URIs must be of the form \
             'runs:/<run_id>/run-relative/path/to/artifact'"
        )));
    }
    Ok(ModelSource::Run {
        run_id: run_id.to_owned(),
        path,
    })
}

fn model_source(text: &str) -> Result<ModelSource> {
    let rest = reference_path(text, "model_id")?;
    ArtifactPath::parse(rest).map_err(|_| relative_parts(text))?;
    let improper = || source_not_in(text, "model_id");
    if let Some((name, suffix)) = rest.split_once('/') {
        let blank = name.trim().is_empty() || suffix.trim().is_empty();
        if blank || suffix.contains('/') {
            return Err(improper());
        }
        return Ok(version(name, selector(suffix)));
    }
    match rest.rsplit_once('@') {
        Some((_, alias)) if alias.trim().is_empty() => Err(improper()),
        Some((name, alias)) => Ok(version(name, VersionSelector::Alias(alias.to_owned()))),
        None if rest.trim().is_empty() => Err(improper()),
        None => Ok(ModelSource::LoggedModel {
            model_id: rest.to_owned(),
        }),
    }
}

fn version(name: &str, selector: VersionSelector) -> ModelSource {
    ModelSource::Version {
        name: name.to_owned(),
        selector,
    }
}

fn selector(suffix: &str) -> VersionSelector {
    if suffix.bytes().all(|b| b.is_ascii_digit()) {
        VersionSelector::Number(suffix.to_owned())
    } else if suffix.eq_ignore_ascii_case("latest") {
        VersionSelector::Latest
    } else {
        VersionSelector::Stage(suffix.to_owned())
    }
}

/// The text after `runs:/` or `models:/`. A reference that names a host is not ours.
fn reference_path<'a>(text: &'a str, id_field: &str) -> Result<&'a str> {
    let rest = text.split_once(':').map_or("", |(_, rest)| rest);
    match rest.strip_prefix('/') {
        Some(path) if !path.starts_with('/') => Ok(path),
        _ => Err(source_not_in(text, id_field)),
    }
}

fn storage_source(text: &str, policy: &LocationPolicy) -> Result<ModelSource> {
    let uri = StorageUri::parse(text).map_err(|why| match why {
        NotAStorageUri::Relative(_) => outside(text, "run_id"),
        NotAStorageUri::Path(_) if is_local(text) => outside(text, "run_id"),
        _ => relative_parts(text),
    })?;
    match uri.place() {
        Place::Local { .. } if !policy.may_open(&uri) => Err(outside(text, "run_id")),
        Place::Elsewhere { scheme } if !policy.allowed_host_schemes.contains(scheme) => {
            Err(policy::unsupported(text))
        }
        // A whole bucket is no model: MLflow refuses a source without a path.
        Place::S3 { path, .. } | Place::Gcs { path, .. } | Place::Azure { path, .. }
            if path.is_root() =>
        {
            Err(relative_parts(text))
        }
        _ => Ok(ModelSource::Storage(uri)),
    }
}

fn is_local(text: &str) -> bool {
    scheme(text).is_none_or(|scheme| scheme == "file")
}

fn must_be_within(uri: &StorageUri, owner: Option<Owner<'_>>, id_field: &str) -> Result<()> {
    let outside_error = match uri.place() {
        Place::Local { .. } => outside(uri.as_str(), id_field),
        Place::Proxied { .. } => source_not_in(uri.as_str(), id_field),
        _ => return Ok(()),
    };
    let Some(owner) = owner else {
        return Err(outside_error);
    };
    let Some(artifact_uri) = owner.artifact_uri else {
        return Err(source_not_in(uri.as_str(), id_field));
    };
    match StorageUri::parse(artifact_uri) {
        Ok(root) if uri.is_within(&root) && root.path().is_some_and(|path| !path.is_root()) => {
            Ok(())
        }
        _ => Err(outside_error),
    }
}

fn outside(source: &str, id_field: &str) -> Error {
    Error::invalid_parameter(format!(
        "Invalid model version source: '{source}'. To use a local path as a model version \
         source, the {id_field} request parameter has to be specified and the local path has to \
         be contained within the artifact directory of the run specified by the {id_field}."
    ))
}

fn relative_parts(source: &str) -> Error {
    Error::invalid_parameter(format!(
        "Invalid model version source: '{source}'. If supplying a source as an http, https, \
         local file path, ftp, objectstore, or mlflow-artifacts uri, an absolute path must be \
         provided without relative path references present. Please provide an absolute path."
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy() -> LocationPolicy {
        LocationPolicy::new(vec![StorageUri::parse("/srv/mlartifacts").unwrap()])
    }

    fn parse(text: &str) -> Result<ModelSource> {
        ModelSource::parse(text, &policy())
    }

    fn owner<'a>(id: &'a str, artifact_uri: &'a str) -> Owner<'a> {
        Owner {
            id,
            artifact_uri: Some(artifact_uri),
        }
    }

    fn message(result: Result<impl std::fmt::Debug>) -> String {
        match result {
            Err(Error::InvalidParameter(message)) => message,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn references_are_read_as_mlflow_reads_them() {
        assert_eq!(
            parse("runs:/abc/model/x").unwrap(),
            ModelSource::Run {
                run_id: "abc".into(),
                path: ArtifactPath::parse("model/x").unwrap()
            }
        );
        assert_eq!(
            parse("models:/m-1").unwrap(),
            ModelSource::LoggedModel {
                model_id: "m-1".into()
            }
        );
        let selected = |text: &str| match parse(text).unwrap() {
            ModelSource::Version { name, selector } => (name, selector),
            other => panic!("{other:?}"),
        };
        assert_eq!(
            selected("models:/a b/3"),
            ("a b".into(), VersionSelector::Number("3".into()))
        );
        assert_eq!(
            selected("models:/a/LATEST"),
            ("a".into(), VersionSelector::Latest)
        );
        assert_eq!(
            selected("models:/a/staging"),
            ("a".into(), VersionSelector::Stage("staging".into()))
        );
        assert_eq!(
            selected("models:/a@b@c"),
            ("a@b".into(), VersionSelector::Alias("c".into()))
        );
        for text in [
            "models:/",
            "models:/a/",
            "models:/a/1/2",
            "models://h/a/1",
            "models:/a@",
            "runs:/",
            "runs://h/x",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn cve_2023_1177_and_cve_2025_11201_a_server_path_is_no_source() {
        for text in ["/etc", "/srv/mlartifacts2/x", "path/to/model"] {
            assert!(message(parse(text)).contains("To use a local path as a model version source"));
        }
    }

    #[test]
    fn cve_2023_2780_file_uris_are_no_way_around_it() {
        for text in [
            "file:///etc",
            "file://localhost/etc",
            "FILE:///etc",
            "file:/etc",
            "file:%2f%2f/etc",
        ] {
            assert!(
                message(parse(text)).contains("To use a local path as a model version source"),
                "{text}"
            );
        }
    }

    #[test]
    fn ghsa_83fm_relative_parts_are_refused_in_every_scheme() {
        for text in [
            "mlflow-artifacts:/../../etc",
            "http://h/a/../../etc",
            "s3://b/../../x",
            "dbfs:/../etc",
        ] {
            let _ = message(parse(text));
        }
    }

    #[test]
    fn cve_2023_3765_windows_paths_are_no_source() {
        for text in [
            "C:/Windows/win.ini",
            "C:\\x",
            "\\\\host\\share",
            "//host/share",
        ] {
            let _ = message(parse(text));
        }
    }

    #[test]
    fn cve_2023_6018_and_cve_2023_6974_a_foreign_host_is_no_source() {
        for text in [
            "http://attacker/api/2.0/mlflow-artifacts/artifacts/",
            "https://h/x",
            "ftp://h/x",
            "sftp://h/x",
            "hdfs://h/x",
        ] {
            assert!(
                message(parse(text)).starts_with("'source' cannot use the '"),
                "{text}"
            );
        }
    }

    #[test]
    fn cve_2023_6977_and_cve_2024_3573_odd_local_forms_are_no_source() {
        for text in [
            "//etc",
            "./etc",
            ".//../etc",
            " /etc",
            "\t/etc",
            "file:etc",
            ":///etc",
            "FiLe://etc",
            "file://user@/etc",
        ] {
            let _ = message(parse(text));
        }
    }

    #[test]
    fn cve_2024_1558_encoded_relative_parts_are_refused() {
        for text in [
            "http://h/%252e%252e/%252e%252e/etc",
            "s3://b/..%2f..%2f",
            "s3://b/%252e%252e/x",
            "models:/m%2f..%2f/1",
        ] {
            let _ = message(parse(text));
        }
    }

    #[test]
    fn cve_2024_1593_params_are_no_source() {
        let _ = message(parse("http://x/a;/../../etc"));
        let _ = message(parse("s3://x/a;/etc"));
    }

    #[test]
    fn cve_2024_8859_dbfs_is_no_source() {
        for text in ["dbfs:/x?../../etc", "dbfs:////etc", "dbfs:/x"] {
            let _ = message(parse(text));
        }
    }

    #[test]
    fn cve_2026_2614_a_prompt_has_a_placeholder_for_a_source() {
        assert!(check_prompt_source("prompt-template").is_ok());
        assert_eq!(
            message(check_prompt_source("/etc")),
            "Invalid prompt source: '/etc'. Prompt sources must use an MLflow placeholder."
        );
    }

    #[test]
    fn a_run_source_needs_the_run_of_the_request() {
        let source = parse("runs:/r1/model").unwrap();
        assert!(
            source
                .must_belong_to_run(Some(owner("r1", "mlflow-artifacts:/0/r1/artifacts")))
                .is_ok()
        );
        for run in [None, Some(owner("r2", "mlflow-artifacts:/0/r2/artifacts"))] {
            assert_eq!(
                message(source.must_belong_to_run(run)),
                "Invalid model version source: 'runs:/r1/model'. The run_id request parameter must identify the resource that contains the source."
            );
        }
        assert!(
            source
                .must_belong_to_model(owner("m-1", "mlflow-artifacts:/0/models/m-1"))
                .is_err()
        );
    }

    #[test]
    fn a_logged_model_source_needs_the_model_of_the_request() {
        let source = parse("models:/m-1").unwrap();
        assert!(
            source
                .must_belong_to_model(owner("m-1", "s3://b/x"))
                .is_ok()
        );
        assert!(
            source
                .must_belong_to_model(owner("m-2", "s3://b/x"))
                .is_err()
        );
        assert!(source.must_belong_to_run(None).is_err());
    }

    #[test]
    fn local_and_proxied_sources_lie_within_the_run_or_model() {
        let run = "mlflow-artifacts:/0/r1/artifacts";
        let source = parse("mlflow-artifacts:/0/r1/artifacts/model").unwrap();
        assert!(source.must_belong_to_run(Some(owner("r1", run))).is_ok());
        assert!(
            source
                .must_belong_to_run(Some(owner("r1", "mlflow-artifacts:/0/r2/artifacts")))
                .is_err()
        );
        assert!(
            source
                .must_belong_to_run(Some(owner("r1", "mlflow-artifacts:/")))
                .is_err()
        );
        assert!(
            source
                .must_belong_to_run(Some(Owner {
                    id: "r1",
                    artifact_uri: None
                }))
                .is_err()
        );
        let local = parse("/srv/mlartifacts/0/r1/artifacts/model").unwrap();
        assert!(
            local
                .must_belong_to_run(Some(owner("r1", "file:///srv/mlartifacts/0/r1/artifacts")))
                .is_ok()
        );
        assert!(local.must_belong_to_run(None).is_err());
        assert!(
            parse("s3://b/model")
                .unwrap()
                .must_belong_to_run(None)
                .is_ok()
        );
        assert!(parse("s3://b").is_err());
    }
}
