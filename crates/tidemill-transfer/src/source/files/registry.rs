//! The model registry: a folder per model in `models`, a folder per version in that.
//!
//! MLflow keeps the folder of a deleted version and marks it, so that its number is not used
//! again; numbers of versions that were removed in another way are forgotten. A model that was
//! renamed leaves nothing behind.

use tidemill_core::registry::{Alias, ModelVersion, Stage, VersionStatus, aliases};
use tidemill_core::tags::Tag;
use tidemill_core::transfer::{CarriedModel, Fault};

use super::root::{Entry, Kind, Readable, Root, join};
use super::texts::Values;
use super::yaml::{Fields, META};

/// Where the registry is.
pub(super) const MODELS: &str = "models";
/// What folders of versions start with.
const VERSION: &str = "version-";
/// The stage of a version that was deleted.
const DELETED: &str = "Deleted_Internal";

/// At most `limit` models by name, from the one after `after` on.
pub(super) fn page(
    root: &Root,
    after: Option<&str>,
    limit: usize,
    faults: &mut Vec<Fault>,
) -> Vec<CarriedModel> {
    let entries = match root.list_if_there(MODELS) {
        Ok(entries) => entries,
        Err(why) => {
            faults.push(Fault::new("registered models", why));
            return Vec::new();
        }
    };
    let mut models = Vec::new();
    for entry in entries {
        if models.len() >= limit {
            break;
        }
        if after.is_some_and(|after| entry.name.as_str() <= after) {
            continue;
        }
        match model_in(root, &entry, faults) {
            Ok(model) => models.extend(model),
            Err(why) => {
                let what = format!("registered model '{}'", entry.name);
                faults.push(Fault::new(what, format!("it is left out: {why}")));
            }
        }
    }
    models
}

/// How many models there are.
pub(super) fn count(root: &Root) -> usize {
    let entries = root.list_if_there(MODELS).unwrap_or_default();
    let is_model = |entry: &&Entry| {
        entry.kind == Kind::Folder && root.has(&format!("{MODELS}/{}/{META}", entry.name))
    };
    entries.iter().filter(is_model).count()
}

fn model_in(root: &Root, entry: &Entry, faults: &mut Vec<Fault>) -> Readable<Option<CarriedModel>> {
    match entry.kind {
        Kind::Folder => model(root, &entry.name, faults).map(Some),
        Kind::File => Ok(None),
        Kind::Odd(why) => Err(why.to_owned()),
    }
}

fn model(root: &Root, name: &str, faults: &mut Vec<Fault>) -> Readable<CarriedModel> {
    let folder = join(MODELS, name);
    let fields = Fields::of_folder(root, &folder)?;
    let said = fields.required("name")?;
    if said != name {
        return Err(format!("its {META} says that it is model '{said}'"));
    }
    let what = format!("registered model '{name}'");
    let tags = Values::new(join(&folder, "tags"), "tag", &what);
    let versions = Versions::read(root, name, &folder, faults)?;
    let creation_time = fields.number("creation_timestamp")?.unwrap_or(0);
    Ok(CarriedModel {
        name: name.to_owned(),
        creation_time,
        last_updated_time: fields
            .number("last_updated_timestamp")?
            .unwrap_or(creation_time),
        description: fields.text("description")?.map(str::to_owned),
        tags: tags.read(root, faults, Tag::new),
        aliases: aliases_in(root, &folder, &what, &versions.present, faults),
        versions: versions.present,
        last_version: versions.last,
    })
}

/// The versions of a model.
struct Versions {
    present: Vec<ModelVersion>,
    last: i64,
}

impl Versions {
    fn read(root: &Root, name: &str, folder: &str, faults: &mut Vec<Fault>) -> Readable<Self> {
        let mut versions = Self {
            present: Vec::new(),
            last: 0,
        };
        for entry in root.list(folder)? {
            let Some(number) = entry.name.strip_prefix(VERSION) else {
                continue;
            };
            let what = format!("version {number} of registered model '{name}'");
            match versions.take(root, name, folder, &entry, &what, faults) {
                Ok(()) => {}
                Err(why) => faults.push(Fault::new(what, format!("it is left out: {why}"))),
            }
        }
        versions.present.sort_by_key(|version| version.version);
        Ok(versions)
    }

    fn take(
        &mut self,
        root: &Root,
        name: &str,
        folder: &str,
        entry: &Entry,
        what: &str,
        faults: &mut Vec<Fault>,
    ) -> Readable<()> {
        let number = number_of(&entry.name)?;
        self.last = self.last.max(number);
        if let Kind::Odd(why) = entry.kind {
            return Err(why.to_owned());
        }
        let folder = join(folder, &entry.name);
        let fields = Fields::of_folder(root, &folder)?;
        if fields.number("version")? != Some(number) {
            return Err(format!("its {META} does not say that it is this version"));
        }
        if fields.text("current_stage")? != Some(DELETED) {
            let tags = Values::new(join(&folder, "tags"), "tag", what);
            let tags = tags.read(root, faults, Tag::new);
            self.present.push(version(name, number, &fields, tags)?);
        }
        Ok(())
    }
}

fn number_of(folder: &str) -> Readable<i64> {
    let digits = folder.strip_prefix(VERSION).unwrap_or_default();
    match digits.parse::<i64>() {
        Ok(number) if number > 0 && number.to_string() == digits => Ok(number),
        _ => Err(String::from("that is not a number of a version")),
    }
}

fn version(name: &str, number: i64, fields: &Fields, tags: Vec<Tag>) -> Readable<ModelVersion> {
    let source = fields.text("source")?.unwrap_or_default().to_owned();
    let creation_time = fields.number("creation_timestamp")?.unwrap_or(0);
    Ok(ModelVersion {
        name: name.to_owned(),
        version: number,
        creation_time,
        last_updated_time: fields
            .number("last_updated_timestamp")?
            .unwrap_or(creation_time),
        description: fields.text("description")?.map(str::to_owned),
        user_id: fields.filled("user_id")?,
        stage: match fields.text("current_stage")? {
            Some(stage) => Stage::parse(stage).map_err(|error| error.to_string())?,
            None => Stage::None,
        },
        storage_location: fields
            .filled("storage_location")?
            .filter(|location| *location != source),
        source,
        run_id: fields.text("run_id")?.map(str::to_owned),
        run_link: fields.text("run_link")?.map(str::to_owned),
        status: status(fields)?,
        status_message: fields.filled("status_message")?,
        model_id: fields.filled("model_id")?,
        tags,
        aliases: Vec::new(),
    })
}

fn status(fields: &Fields) -> Readable<VersionStatus> {
    match fields.text("status")? {
        None | Some("READY") => Ok(VersionStatus::Ready),
        Some("PENDING_REGISTRATION") => Ok(VersionStatus::PendingRegistration),
        Some("FAILED_REGISTRATION") => Ok(VersionStatus::FailedRegistration),
        Some(status) => Err(format!("its status is '{status}'")),
    }
}

/// Files that are named for aliases and hold the number of a version.
fn aliases_in(
    root: &Root,
    folder: &str,
    what: &str,
    versions: &[ModelVersion],
    faults: &mut Vec<Fault>,
) -> Vec<Alias> {
    let values = Values::new(join(folder, "aliases"), "alias", what);
    let said = values.read(root, faults, |alias, version| (alias, version));
    let mut kept = Vec::new();
    for (alias, version) in said {
        match checked_alias(&alias, &version, versions) {
            Ok(version) => kept.push(Alias { alias, version }),
            Err(why) => faults.push(values.fault(&alias, &why)),
        }
    }
    kept
}

fn checked_alias(alias: &str, version: &str, versions: &[ModelVersion]) -> Readable<i64> {
    aliases::check(alias).map_err(|error| error.to_string())?;
    let number = version.trim().parse::<i64>();
    let known = |number: &i64| versions.iter().any(|version| version.version == *number);
    number
        .ok()
        .filter(known)
        .ok_or_else(|| String::from("there is no such version"))
}

#[cfg(test)]
mod tests {
    use super::super::given::{Given, lines};
    use super::*;

    fn given() -> Given {
        let given = Given::new();
        given.file(
            "models/a model/meta.yaml",
            "aliases: {}\ncreation_timestamp: 5\ndescription: null\nlast_updated_timestamp: 6\n\
             name: a model\n",
        );
        given
    }

    fn version_file(given: &Given, number: i64, more: &str) {
        given.file(
            &format!("models/a model/version-{number}/meta.yaml"),
            &format!(
                "creation_timestamp: 5\ncurrent_stage: None\ndescription: text\n\
                 last_updated_timestamp: 6\nname: a model\nrun_id: r1\nrun_link: null\n\
                 source: s3://b\nstatus: READY\nstatus_message: null\nstorage_location: s3://b\n\
                 user_id: null\nversion: {number}\n{more}"
            ),
        );
    }

    fn read(given: &Given) -> (Vec<CarriedModel>, Vec<String>) {
        let mut faults = Vec::new();
        let models = page(&given.root(), None, 10, &mut faults);
        (models, lines(&faults))
    }

    fn expected() -> ModelVersion {
        ModelVersion {
            name: String::from("a model"),
            version: 10,
            creation_time: 5,
            last_updated_time: 6,
            description: Some(String::from("text")),
            user_id: None,
            stage: Stage::Production,
            source: String::from("s3://b"),
            storage_location: None,
            run_id: Some(String::from("r1")),
            run_link: None,
            status: VersionStatus::Ready,
            status_message: None,
            model_id: Some(String::from("m-1")),
            tags: vec![Tag::new("t/u", "v")],
            aliases: vec![],
        }
    }

    #[test]
    fn a_registered_model_is_whole() {
        let given = given();
        version_file(&given, 10, "current_stage: Production\nmodel_id: m-1\n");
        version_file(&given, 9, "");
        version_file(&given, 11, "current_stage: Deleted_Internal\n");
        given.file("models/a model/version-10/tags/t/u", "v");
        given.file("models/a model/tags/k", "v");
        given.file("models/a model/aliases/best", "10");
        let (models, faults) = read(&given);
        let model = &models[0];
        assert_eq!(model.last_version, 11);
        assert_eq!(model.versions.len(), 2);
        assert_eq!(model.versions[1], expected());
        assert_eq!(model.tags, [Tag::new("k", "v")]);
        assert_eq!((model.creation_time, model.last_updated_time), (5, 6));
        let best = Alias {
            alias: String::from("best"),
            version: 10,
        };
        assert_eq!(model.aliases, [best]);
        assert!(faults.is_empty());
    }

    #[test]
    fn a_broken_version_counts_but_is_left_out() {
        let given = given();
        version_file(&given, 1, "");
        version_file(&given, 2, "version: 3\n");
        version_file(&given, 4, "current_stage: Somewhere\n");
        given.file("models/a model/version-x/meta.yaml", "");
        given.file("models/a model/aliases/gone", "2");
        given.file("models/a model/aliases/b:d", "1");
        let (models, faults) = read(&given);
        assert_eq!(models[0].last_version, 4);
        assert_eq!(models[0].versions.len(), 1);
        assert!(models[0].aliases.is_empty());
        assert_eq!(faults.len(), 5);
        assert_eq!(
            faults[0],
            "version 2 of registered model 'a model': it is left out: its meta.yaml does not say \
             that it is this version"
        );
        assert_eq!(
            faults[4],
            "registered model 'a model': its alias 'gone' is left out: there is no such version"
        );
    }

    #[test]
    fn pages_follow_each_other_over_broken_models() {
        let given = Given::new();
        for name in ["a", "b", "d"] {
            given.file(
                &format!("models/{name}/meta.yaml"),
                &format!("name: {name}"),
            );
        }
        given.file("models/c/meta.yaml", "name: other");
        given.link("a", "models/b2");
        let root = given.root();
        let mut faults = Vec::new();
        let mut names = Vec::new();
        let mut after: Option<String> = None;
        loop {
            let models = page(&root, after.as_deref(), 1, &mut faults);
            let Some(model) = models.into_iter().next() else {
                break;
            };
            names.push(model.name.clone());
            after = Some(model.name);
        }
        assert_eq!(names, ["a", "b", "d"]);
        assert_eq!(faults.len(), 2);
        assert_eq!(count(&root), 4);
    }
}
