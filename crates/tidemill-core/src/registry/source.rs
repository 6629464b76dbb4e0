//! What `model-versions/create` checks before a version comes into being.
//!
//! A source may need facts from two places that may be two databases: the registry (for a copy
//! of another version) and the tracking store (for the run or logged model it must belong to).
//! A [`VersionDraft`] says what it needs, takes the facts and decides; it reads nothing itself.

use super::{ModelVersion, NewModelVersion, check_version_tag, models, prompts};
use crate::logged_models::{self, LoggedModel};
use crate::storage_uri::{
    LocationPolicy, ModelSource, Owner, Place, VersionSelector, check_prompt_source,
};
use crate::tags::{self, Tag};
use crate::{Error, Result};

/// A version as a request describes it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct VersionRequest {
    /// The model's name.
    pub name: String,
    /// Where it comes from.
    pub source: String,
    /// The run it comes from. For copies, an empty id differs from none at all.
    pub run_id: Option<String>,
    /// The logged model it comes from; likewise.
    pub model_id: Option<String>,
    /// A link to the run.
    pub run_link: String,
    /// Free text.
    pub description: Option<String>,
    /// The last value of a repeated key counts.
    pub tags: Vec<Tag>,
}

/// A version that a source of the form `models:/…` names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// The source as written.
    pub source: String,
    /// The registered model's name.
    pub name: String,
    /// Which of its versions.
    pub selector: VersionSelector,
}

impl Reference {
    /// The model of the reference is a prompt.
    pub fn is_to_a_prompt(&self) -> Error {
        Error::invalid_parameter(format!(
            "Invalid model version source: '{}'. Prompt versions cannot be used as model version \
             sources.",
            self.source
        ))
    }

    /// The model of the reference has no version, or none in that stage.
    pub fn matches_nothing(&self) -> Error {
        let stage = match &self.selector {
            VersionSelector::Stage(stage) => format!(" and stage '{stage}'"),
            _ => String::new(),
        };
        Error::not_found(format!(
            "No versions of model with name '{}'{stage} found",
            self.name
        ))
    }
}

/// The version that a [`Reference`] was resolved to.
pub type Original = ModelVersion;

/// What the tracking store knows about the run and the logged model of a request.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Owners {
    /// Where the run's artifacts are, if there is such a run.
    pub run_artifact_uri: Option<String>,
    /// The logged model, if there is an active one.
    pub model: Option<LoggedModel>,
}

/// A requested version whose source has been read, on its way to a [`NewModelVersion`].
///
/// ```ignore
/// let mut draft = VersionDraft::new(request, &policy)?;
/// if let Some(reference) = draft.copied() {
///     let original = registry.resolve_reference(reference).await?;
///     draft = draft.copy_of(original)?;
/// }
/// let owners = tracking.find_owners(draft.run_to_find(), draft.model_to_find()).await?;
/// let version = registry.create_model_version(draft.check(owners)?).await?;
/// ```
#[derive(Debug, Clone)]
pub struct VersionDraft {
    request: VersionRequest,
    source: Source,
}

#[derive(Debug, Clone)]
enum Source {
    /// A prompt has none.
    Prompt,
    /// Another version, not found yet.
    Reference(Reference),
    /// To be checked against a run or a logged model.
    Unchecked(ModelSource),
    /// A copy of a version whose files are here.
    Copy { location: String },
}

impl VersionDraft {
    /// Reads the source. Prompts must have a placeholder for one.
    pub fn new(request: VersionRequest, policy: &LocationPolicy) -> Result<Self> {
        if prompts::is_prompt(&request.tags) {
            check_prompt_source(&request.source)?;
            let source = Source::Prompt;
            return Ok(Self { request, source });
        }
        let source = match ModelSource::parse(&request.source, policy)? {
            ModelSource::Version { name, selector } => Source::Reference(Reference {
                source: request.source.clone(),
                name,
                selector,
            }),
            source => Source::Unchecked(source),
        };
        Ok(Self { request, source })
    }

    /// The version it copies, to be resolved by the registry and given to [`Self::copy_of`].
    pub fn copied(&self) -> Option<Reference> {
        match &self.source {
            Source::Reference(reference) => Some(reference.clone()),
            _ => None,
        }
    }

    /// Makes it a copy of `original`: of its run, and of where its files are. A run in the
    /// request must be the same; a logged model is never, because versions do not tell theirs.
    pub fn copy_of(mut self, original: Original) -> Result<Self> {
        let request = &mut self.request;
        // A client that copies names the run as it was told it, and an answer leaves out a run
        // that a client reads as an empty text.
        let its_run = original.run_id.as_deref().unwrap_or_default();
        let same_run = request.run_id.as_deref().is_none_or(|id| id == its_run);
        let same_model = request.model_id.as_deref().is_none_or(str::is_empty);
        if !(same_run && same_model) {
            return Err(Error::invalid_parameter(format!(
                "Invalid model version source: '{}'. The run_id and model_id request parameters \
                 must match the referenced model version.",
                request.source
            )));
        }
        request.source = format!("models:/{}/{}", original.name, original.version);
        request.run_id = Some(its_run.to_owned());
        request.model_id = None;
        self.source = Source::Copy {
            location: original.location().to_owned(),
        };
        Ok(self)
    }

    /// The run that must exist and hold the source.
    pub fn run_to_find(&self) -> Option<&str> {
        match &self.source {
            Source::Unchecked(ModelSource::Storage(uri))
                if matches!(uri.place(), Place::Local { .. } | Place::Proxied { .. }) =>
            {
                given(&self.request.run_id)
            }
            _ => None,
        }
    }

    /// The logged model that must exist.
    pub fn model_to_find(&self) -> Option<&str> {
        match &self.source {
            Source::Unchecked(_) => given(&self.request.model_id),
            Source::Prompt | Source::Reference(_) | Source::Copy { .. } => None,
        }
    }

    /// Checks the source against its owners, then the name and the tags.
    pub fn check(self, owners: Owners) -> Result<NewModelVersion> {
        self.check_source(&owners)?;
        let Self { request, source } = self;
        models::check_name(&request.name)?;
        request.tags.iter().try_for_each(check_version_tag)?;
        let model = match (&source, given(&request.model_id)) {
            (Source::Unchecked(source), Some(id)) => Some(existing(owners.model, id, source)?),
            _ => None,
        };
        let run_id = given(&request.run_id).map(str::to_owned);
        let made_by = || model.as_ref().and_then(|model| model.source_run_id.clone());
        Ok(NewModelVersion {
            run_id: run_id.or_else(made_by).unwrap_or_default(),
            storage_location: match source {
                Source::Copy { location } => Some(location),
                Source::Unchecked(ModelSource::LoggedModel { .. }) => {
                    model.as_ref().map(|model| model.artifact_location.clone())
                }
                Source::Unchecked(_) | Source::Reference(_) | Source::Prompt => None,
            },
            model_id: model.map(|model| model.id),
            name: request.name,
            source: request.source,
            run_link: request.run_link,
            // Answers print the description of a new version even when none was given.
            description: Some(request.description.unwrap_or_default()),
            tags: tags::last_per_key(request.tags),
        })
    }

    fn check_source(&self, owners: &Owners) -> Result<()> {
        let source = match &self.source {
            Source::Unchecked(source) => source,
            Source::Reference(unresolved) => return Err(unresolved.matches_nothing()),
            Source::Prompt | Source::Copy { .. } => return Ok(()),
        };
        match given(&self.request.model_id) {
            Some(id) => source.must_belong_to_model(Owner {
                id,
                artifact_uri: owners
                    .model
                    .as_ref()
                    .map(|model| model.artifact_location.as_str()),
            }),
            None => source.must_belong_to_run(given(&self.request.run_id).map(|id| Owner {
                id,
                artifact_uri: owners.run_artifact_uri.as_deref(),
            })),
        }
    }
}

/// The logged model of a request, which must exist; the words depend on how it was named.
fn existing(model: Option<LoggedModel>, id: &str, source: &ModelSource) -> Result<LoggedModel> {
    let not_found = logged_models::not_found(id);
    model.ok_or_else(|| match source {
        ModelSource::LoggedModel { .. } => Error::not_found(format!(
            "Unable to fetch model from model URI source artifact location 'models:/{id}'.Error: \
             {not_found}"
        )),
        _ => not_found,
    })
}

/// Protobuf cannot tell an empty id from none, and MLflow takes both for none.
fn given(id: &Option<String>) -> Option<&str> {
    id.as_deref().filter(|id| !id.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiments::ExperimentId;
    use crate::lifecycle::LifecycleStage;
    use crate::logged_models::LoggedModelStatus;
    use crate::registry::{Stage, VersionStatus};
    use crate::storage_uri::StorageUri;

    fn policy() -> LocationPolicy {
        LocationPolicy::new(vec![StorageUri::parse("/srv/art").unwrap()])
    }

    fn request(source: &str) -> VersionRequest {
        VersionRequest {
            name: "m".into(),
            source: source.into(),
            ..VersionRequest::default()
        }
    }

    fn logged_model(id: &str) -> LoggedModel {
        LoggedModel {
            id: id.into(),
            experiment_id: ExperimentId(1),
            name: "n".into(),
            artifact_location: format!("mlflow-artifacts:/1/models/{id}/artifacts"),
            creation_time: 0,
            last_updated_time: 0,
            status: LoggedModelStatus::Ready,
            status_message: None,
            model_type: None,
            source_run_id: Some("r1".into()),
            stage: LifecycleStage::Active,
            tags: vec![],
            params: vec![],
            metrics: vec![],
        }
    }

    fn original() -> Original {
        ModelVersion {
            name: "o".into(),
            version: 7,
            creation_time: 0,
            last_updated_time: 0,
            description: None,
            user_id: None,
            stage: Stage::None,
            source: "models:/m-1".into(),
            storage_location: Some("s3://b/files".into()),
            run_id: Some("r1".into()),
            run_link: None,
            status: VersionStatus::Ready,
            status_message: None,
            model_id: Some("m-1".into()),
            tags: vec![],
            aliases: vec![],
        }
    }

    fn refusal<T: std::fmt::Debug>(result: Result<T>) -> String {
        result.unwrap_err().to_string()
    }

    #[test]
    fn a_version_of_a_logged_model_gets_its_files_and_its_run() {
        let request = VersionRequest {
            model_id: Some("m-1".into()),
            ..request("models:/m-1")
        };
        let draft = VersionDraft::new(request, &policy()).unwrap();
        assert_eq!(draft.model_to_find(), Some("m-1"));
        let owners = Owners {
            model: Some(logged_model("m-1")),
            ..Owners::default()
        };
        let new = draft.check(owners).unwrap();
        assert_eq!(new.run_id, "r1");
        assert_eq!(new.model_id.as_deref(), Some("m-1"));
        assert_eq!(
            new.storage_location.as_deref(),
            Some("mlflow-artifacts:/1/models/m-1/artifacts")
        );
        assert_eq!(new.description.as_deref(), Some(""));
    }

    #[test]
    fn a_missing_logged_model_is_not_found() {
        for (source, words) in [
            (
                "models:/m-1",
                "Unable to fetch model from model URI source artifact location \
                 'models:/m-1'.Error: Logged model with ID 'm-1' not found.",
            ),
            ("s3://b/x", "Logged model with ID 'm-1' not found."),
        ] {
            let request = VersionRequest {
                model_id: Some("m-1".into()),
                ..request(source)
            };
            let draft = VersionDraft::new(request, &policy()).unwrap();
            assert_eq!(refusal(draft.check(Owners::default())), words);
        }
    }

    #[test]
    fn a_copy_points_at_the_number_the_run_and_the_files_of_the_original() {
        let draft = VersionDraft::new(request("models:/o/latest"), &policy()).unwrap();
        let reference = draft.copied().unwrap();
        assert_eq!(reference.selector, VersionSelector::Latest);
        let draft = draft.copy_of(original()).unwrap();
        assert_eq!(draft.copied(), None);
        let new = draft.check(Owners::default()).unwrap();
        assert_eq!(new.source, "models:/o/7");
        assert_eq!(new.run_id, "r1");
        assert_eq!(new.storage_location.as_deref(), Some("s3://b/files"));
        assert_eq!(new.model_id, None);
    }

    #[test]
    fn a_copy_with_another_run_or_a_logged_model_is_refused() {
        for (run_id, model_id) in [(Some("r2"), None), (Some(""), None), (None, Some("m-1"))] {
            let request = VersionRequest {
                run_id: run_id.map(str::to_owned),
                model_id: model_id.map(str::to_owned),
                ..request("models:/o/7")
            };
            let draft = VersionDraft::new(request, &policy()).unwrap();
            assert_eq!(
                refusal(draft.copy_of(original())),
                "Invalid model version source: 'models:/o/7'. The run_id and model_id request \
                 parameters must match the referenced model version."
            );
        }
    }

    #[test]
    fn a_reference_that_was_not_resolved_creates_nothing() {
        let draft = VersionDraft::new(request("models:/o/Staging"), &policy()).unwrap();
        assert_eq!(
            refusal(draft.check(Owners::default())),
            "No versions of model with name 'o' and stage 'Staging' found"
        );
    }

    #[test]
    fn a_prompt_version_needs_a_placeholder_and_no_owner() {
        let tags = vec![Tag::new(prompts::IS_PROMPT, "true")];
        let prompt = |source| VersionRequest {
            tags: tags.clone(),
            model_id: Some("m-1".into()),
            ..request(source)
        };
        let draft = VersionDraft::new(prompt("dummy-source"), &policy()).unwrap();
        assert_eq!(draft.model_to_find(), None);
        let new = draft.check(Owners::default()).unwrap();
        assert_eq!((new.model_id, new.storage_location), (None, None));
        assert!(VersionDraft::new(prompt("s3://b/x"), &policy()).is_err());
    }

    #[test]
    fn only_a_local_or_proxied_source_needs_its_run() {
        let from = |source: &str| {
            let request = VersionRequest {
                run_id: Some("r1".into()),
                ..request(source)
            };
            VersionDraft::new(request, &policy()).unwrap()
        };
        for source in ["/srv/art/1/r1/artifacts/m", "mlflow-artifacts:/1/r1/m"] {
            assert_eq!(from(source).run_to_find(), Some("r1"));
        }
        for source in ["s3://b/x", "runs:/r1/m"] {
            assert_eq!(from(source).run_to_find(), None);
            assert!(from(source).check(Owners::default()).is_ok());
        }
        let owners = Owners {
            run_artifact_uri: Some("mlflow-artifacts:/1/r1".into()),
            model: None,
        };
        let proxied = from("mlflow-artifacts:/1/r1/m");
        assert!(proxied.clone().check(Owners::default()).is_err());
        assert!(proxied.check(owners).is_ok());
    }

    #[test]
    fn the_source_is_checked_before_the_name_and_the_tags() {
        let request = VersionRequest {
            name: "a/b".into(),
            tags: vec![Tag::new("", "")],
            ..request("runs:/r1/m")
        };
        let draft = VersionDraft::new(request, &policy()).unwrap();
        assert!(
            refusal(draft.check(Owners::default())).starts_with("Invalid model version source")
        );
    }
}
