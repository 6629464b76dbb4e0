//! Registered models, prompts among them.
//!
//! Names are listed first, all of them; then each model is asked for with its versions, so that
//! pages come by name in one order whatever the server's database thinks of capital letters.
//! MLflow hides prompts and their versions unless a filter asks for them. Where the files of a
//! copy are is a question of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use tidemill_core::registry::{ModelVersion, prompts};
use tidemill_core::transfer::{CarriedModel, Fault};

use super::client::Client;
use super::failure::Failure;
use super::listing::{Page, all};
use super::{json, wire};
use crate::Result;

const SEARCH: &str = "/api/2.0/mlflow/registered-models/search";
const GET: &str = "/api/2.0/mlflow/registered-models/get";
const SEARCH_VERSIONS: &str = "/api/2.0/mlflow/model-versions/search";
const DOWNLOAD_URI: &str = "/api/2.0/mlflow/model-versions/get-download-uri";
const PAGE: &str = "1000";

/// The names of all models.
pub(super) type Names = BTreeSet<String>;

#[derive(Deserialize)]
struct Models {
    #[serde(default)]
    registered_models: Vec<Box<RawValue>>,
    next_page_token: Option<String>,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

#[derive(Deserialize)]
struct One {
    registered_model: Box<RawValue>,
}

#[derive(Deserialize)]
struct Versions {
    #[serde(default)]
    model_versions: Vec<Box<RawValue>>,
    next_page_token: Option<String>,
}

#[derive(Deserialize)]
struct Download {
    #[serde(default)]
    artifact_uri: String,
}

/// The names of all models, prompts among them. A server may have no registry, such as MLflow
/// 1.30 on a file store.
pub(super) fn names(client: &Client, faults: &mut Vec<Fault>) -> Result<Names> {
    let mut found = match search(client, "") {
        Ok(found) => found,
        Err(failure) => {
            let why = failure.of_one_thing()?;
            faults.push(Fault::new(
                "registered models",
                format!("{why}; none is read"),
            ));
            return Ok(Names::new());
        }
    };
    // A server that refuses the filter hides nothing either.
    found.extend(unless_refused(search(client, &prompts_only()))?);
    let mut names = Names::new();
    for raw in found {
        match json::read_one::<Named>(&raw) {
            Ok(model) => drop(names.insert(model.name)),
            Err(why) => faults.push(Fault::new("a registered model", why)),
        }
    }
    Ok(names)
}

/// Whether a model that was there is not there any more.
pub(super) fn is_gone(client: &Client, name: &str) -> Result<bool> {
    match client.get::<IgnoredAny>(GET, &[("name", name)]) {
        Err(Failure::NotThere(_)) => Ok(true),
        Err(failure) => failure.of_one_thing().map(|_| false),
        Ok(_) => Ok(false),
    }
}

/// At most `limit` models by name from the one after `after` on.
pub(super) fn page(
    client: &Client,
    names: &Names,
    after: Option<&str>,
    limit: usize,
    faults: &mut Vec<Fault>,
) -> Result<Vec<CarriedModel>> {
    let start = after.map_or(Bound::Unbounded, Bound::Excluded);
    let mut page = Vec::new();
    for name in names.range::<str, _>((start, Bound::Unbounded)) {
        if page.len() >= limit {
            break;
        }
        match model(client, name, faults) {
            Ok(model) => page.push(model),
            Err(Reason::OfModel(why)) => faults.push(Fault::new(
                format!("registered model {name}"),
                format!("{why}; it and its versions are left out"),
            )),
            Err(Reason::OfServer(error)) => return Err(error),
        }
    }
    Ok(page)
}

/// Why a model was not read.
enum Reason {
    OfModel(String),
    OfServer(crate::Error),
}

impl From<Failure> for Reason {
    fn from(failure: Failure) -> Self {
        failure
            .of_one_thing()
            .map_or_else(Self::OfServer, Self::OfModel)
    }
}

fn model(client: &Client, name: &str, faults: &mut Vec<Fault>) -> Result<CarriedModel, Reason> {
    let one: One = client.get(GET, &[("name", name)])?;
    let model = json::read_one(&one.registered_model).and_then(wire::RegisteredModel::into_core);
    let model = model.map_err(Reason::OfModel)?;
    let versions = versions(client, &model, faults)?;
    let last_version = versions.last().map_or(0, |version| version.version);
    Ok(CarriedModel {
        versions,
        last_version,
        ..model
    })
}

/// A model's versions by number.
fn versions(
    client: &Client,
    model: &CarriedModel,
    faults: &mut Vec<Fault>,
) -> Result<Vec<ModelVersion>, Reason> {
    let name = &model.name;
    let mut found = search_versions(client, &named(name))?;
    if prompts::has_prompt_tag(&model.tags) {
        let filter = format!("{} AND {}", named(name), prompts_only());
        found.extend(search_versions(client, &filter)?);
    }
    let mut versions = BTreeMap::new();
    for raw in found {
        match json::read_one(&raw).and_then(wire::ModelVersion::into_core) {
            Ok(version) if version.name == *name => {
                versions.insert(version.version, version);
            }
            Ok(_) => {}
            Err(why) => faults.push(version_fault(name, &raw, why)),
        }
    }
    let versions = versions.into_values();
    versions.map(|version| located(client, version)).collect()
}

/// The version with the place of its files, if that is not its source. Only copies and models
/// of runs in MLflow 3 have another one. A server that cannot tell it keeps it.
fn located(client: &Client, mut version: ModelVersion) -> Result<ModelVersion, Reason> {
    if !version.source.starts_with("models:/") {
        return Ok(version);
    }
    let number = version.version.to_string();
    let query = [("name", version.name.as_str()), ("version", &number)];
    let answer = client.get::<Download>(DOWNLOAD_URI, &query);
    version.storage_location = unless_refused(answer.map(Some))?
        .map(|download| download.artifact_uri)
        .filter(|uri| !uri.is_empty() && *uri != version.source);
    Ok(version)
}

fn version_fault(name: &str, raw: &RawValue, why: String) -> Fault {
    let number = json::text_at(raw, "/version");
    let number = number.as_deref().unwrap_or("without a number");
    Fault::new(
        format!("version {number} of registered model {name}"),
        format!("{why}; it is left out"),
    )
}

fn search(client: &Client, filter: &str) -> Result<Vec<Box<RawValue>>, Failure> {
    all(|token| {
        let answer: Models = client.get(SEARCH, &query(filter, token))?;
        Ok(Page {
            items: answer.registered_models,
            next: answer.next_page_token,
        })
    })
}

fn search_versions(client: &Client, filter: &str) -> Result<Vec<Box<RawValue>>, Failure> {
    all(|token| {
        let answer: Versions = client.get(SEARCH_VERSIONS, &query(filter, token))?;
        Ok(Page {
            items: answer.model_versions,
            next: answer.next_page_token,
        })
    })
}

/// An empty parameter is left out: MLflow takes an empty token for a bad one.
fn query<'q>(filter: &'q str, token: Option<&'q str>) -> Vec<(&'q str, &'q str)> {
    let mut query = vec![("max_results", PAGE)];
    query.extend(Some(("filter", filter)).filter(|_| !filter.is_empty()));
    query.extend(token.map(|token| ("page_token", token)));
    query
}

fn unless_refused<T: Default>(answer: Result<T, Failure>) -> Result<T, Failure> {
    match answer {
        Err(Failure::Refused(_) | Failure::NotThere(_)) => Ok(T::default()),
        answer => answer,
    }
}

fn prompts_only() -> String {
    format!("tags.`{}` = 'true'", prompts::IS_PROMPT)
}

/// The filter for a name. The filter language has no escapes: a name with one kind of quote
/// stands in the other kind, and one with both kinds, or with a backslash, which upsets its
/// parser, is asked for by a pattern that other names may match too.
fn named(name: &str) -> String {
    if name.contains('\\') || (name.contains('\'') && name.contains('"')) {
        return format!("name LIKE '{}'", name.replace(['\'', '\\'], "_"));
    }
    match name.contains('\'') {
        true => format!("name = \"{name}\""),
        false => format!("name = '{name}'"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_quoted_in_what_it_does_not_contain() {
        for (name, filter) in [
            ("a b", "name = 'a b'"),
            ("it's", "name = \"it's\""),
            ("a\"b", "name = 'a\"b'"),
            ("a'\"b", "name LIKE 'a_\"b'"),
            ("a\\", "name LIKE 'a_'"),
        ] {
            assert_eq!(named(name), filter);
        }
    }
}
