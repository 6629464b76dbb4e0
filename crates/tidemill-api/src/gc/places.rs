//! What is where, so that no folder goes that something else needs.
//!
//! Nearly every run and logged model has its artifacts in the folder of its own id in its
//! experiment's location. Those need no list: whose such a folder is can be read from its name.
//! Listed are the experiments, and whatever lies elsewhere, as imports may bring it.

use std::collections::{BTreeMap, HashMap};

use tidemill_artifacts::{Repositories, Spot};
use tidemill_core::experiments::ExperimentId;
use tidemill_core::{Result, location, logged_models};
use tidemill_store::Store;
use tidemill_store::gc::{Kind, Place, VersionSource};

use super::Gc;

/// Whose artifacts are somewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Owner {
    Root,
    Experiment(ExperimentId),
    Thing(Kind, String),
}

impl std::fmt::Display for Owner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Root => f.write_str("this server"),
            Self::Experiment(id) => write!(f, "experiment {id}"),
            Self::Thing(Kind::Run, id) => write!(f, "run {id}"),
            Self::Thing(Kind::Model, id) => write!(f, "logged model {id}"),
        }
    }
}

/// What is known to be where.
pub(super) struct Places<'g> {
    repositories: &'g Repositories,
    roots: Vec<Spot>,
    experiments: HashMap<ExperimentId, String>,
    experiment_spots: BTreeMap<Spot, ExperimentId>,
    /// Runs and logged models that are not in the folder of their own.
    unusual: BTreeMap<Spot, Vec<Owner>>,
    /// The last number that was read of each kind.
    read: HashMap<Kind, i64>,
    versions: Versions,
}

/// Model versions by what they have their files from; the value says which version it is.
#[derive(Default)]
struct Versions {
    read: i64,
    by_spot: BTreeMap<Spot, String>,
    by_run: HashMap<String, String>,
    by_model: HashMap<String, String>,
}

impl<'g> Places<'g> {
    pub(super) fn new(repositories: &'g Repositories) -> Self {
        Self {
            repositories,
            roots: repositories.root_spots(),
            experiments: HashMap::new(),
            experiment_spots: BTreeMap::new(),
            unusual: BTreeMap::new(),
            read: HashMap::new(),
            versions: Versions::default(),
        }
    }

    /// Reads what has come since the last time.
    pub(super) async fn refresh(&mut self, gc: &Gc) -> Result<()> {
        self.experiments = gc
            .tracking
            .experiment_locations()
            .await?
            .into_iter()
            .collect();
        let spots = self.experiments.iter();
        let spots = spots.filter_map(|(id, at)| Some((self.repositories.spot(at)?, *id)));
        self.experiment_spots = spots.collect();
        for kind in [Kind::Run, Kind::Model] {
            self.read_things(&gc.tracking, kind).await?;
        }
        self.read_versions(&gc.registry).await
    }

    async fn read_things(&mut self, tracking: &Store, kind: Kind) -> Result<()> {
        loop {
            let after = self.read.get(&kind).copied().unwrap_or_default();
            let places = tracking.places(kind, after).await?;
            let Some(last) = places.last() else {
                return Ok(());
            };
            self.read.insert(kind, last.number);
            for place in places {
                self.note(kind, place);
            }
        }
    }

    fn note(&mut self, kind: Kind, place: Place) {
        let usual = self
            .experiments
            .get(&place.experiment)
            .map(|above| match kind {
                Kind::Run => location::append(above, &format!("{}/artifacts", place.id)),
                Kind::Model => logged_models::artifact_location(above, &place.id),
            });
        if usual.as_ref() == Some(&place.location) {
            return;
        }
        if let Some(spot) = self.repositories.spot(&place.location) {
            let owner = Owner::Thing(kind, place.id);
            self.unusual.entry(spot).or_default().push(owner);
        }
    }

    async fn read_versions(&mut self, registry: &Store) -> Result<()> {
        loop {
            let sources = registry.version_sources(self.versions.read).await?;
            let Some(last) = sources.last() else {
                return Ok(());
            };
            self.versions.read = last.number;
            for source in sources {
                self.versions.note(self.repositories, source);
            }
        }
    }

    /// A run or logged model is gone.
    pub(super) fn forget(&mut self, kind: Kind, id: &str, location: &str) {
        let Some(spot) = self.repositories.spot(location) else {
            return;
        };
        if let Some(owners) = self.unusual.get_mut(&spot) {
            owners.retain(|owner| *owner != Owner::Thing(kind, id.to_owned()));
            if owners.is_empty() {
                self.unusual.remove(&spot);
            }
        }
    }

    /// An experiment is gone.
    pub(super) fn shares_location(&self, id: ExperimentId, spot: &Spot) -> bool {
        let other = self.experiment_spots.get(spot);
        other.is_some_and(|other| *other != id)
    }

    /// The model version that has its files from a run or logged model or from somewhere in this
    /// folder.
    pub(super) fn needed_by(&self, kind: Kind, id: &str, spot: Option<&Spot>) -> Option<&str> {
        let versions = &self.versions;
        let by_id = match kind {
            Kind::Run => versions.by_run.get(id),
            Kind::Model => versions.by_model.get(id),
        };
        by_id.or_else(|| versions.near(spot?)).map(String::as_str)
    }

    /// The model version that has its files from this folder, if one has.
    pub(super) fn holds_version(&self, spot: &Spot) -> Option<&str> {
        self.versions.near(spot).map(String::as_str)
    }

    /// Why the folder of a run or logged model must stay, if it must.
    pub(super) async fn obstacle(
        &self,
        tracking: &Store,
        kind: Kind,
        id: &str,
        spot: &Spot,
    ) -> Result<Option<String>> {
        let own = Owner::Thing(kind, id.to_owned());
        if let Some(owner) = self.inside(spot, &own) {
            return Ok(Some(format!(
                "the artifacts of {owner} are in it or below it"
            )));
        }
        if let Some(owner) = self.around(spot, &own) {
            return Ok(Some(format!("it lies in the artifacts of {owner}")));
        }
        for names in self.names_in_experiments(spot) {
            let (named, least) = match names[..] {
                ["models", id, ..] => (id, 3),
                ["models"] => ("", 3),
                [id, ..] => (id, 2),
                [] => ("", 1),
            };
            if named == id {
                continue;
            }
            if names.len() < least {
                return Ok(Some(String::from("it may hold the artifacts of others")));
            }
            if exists(tracking, named).await? {
                return Ok(Some(format!("it is in the folder of {named}")));
            }
        }
        Ok(None)
    }

    /// What else has its artifacts in this folder or below it.
    fn inside(&self, spot: &Spot, own: &Owner) -> Option<Owner> {
        if self.roots.iter().any(|root| root.is_within(spot)) {
            return Some(Owner::Root);
        }
        let experiment = self.experiment_spots.get(spot);
        if let Some(id) = experiment.or_else(|| first_below(&self.experiment_spots, spot)) {
            return Some(Owner::Experiment(*id));
        }
        let here = self.unusual.get(spot).into_iter();
        let below = self.unusual.range(spot.first_inside()..);
        let below = below.take_while(|(other, _)| other.is_within(spot));
        let owners = here.chain(below.map(|(_, owners)| owners)).flatten();
        owners.into_iter().find(|owner| *owner != own).cloned()
    }

    /// The run or logged model in whose artifacts this folder lies, of those that are listed.
    fn around(&self, spot: &Spot, own: &Owner) -> Option<Owner> {
        let around = spot.ancestors();
        let owners = around
            .filter_map(|around| self.unusual.get(&around))
            .flatten();
        owners.into_iter().find(|owner| *owner != own).cloned()
    }

    /// The names below each experiment's location that lead here.
    fn names_in_experiments<'s>(&self, spot: &'s Spot) -> Vec<Vec<&'s str>> {
        let experiments = spot.ancestors();
        let experiments = experiments.filter(|around| self.experiment_spots.contains_key(around));
        experiments
            .filter_map(|around| spot.names_below(&around))
            .collect()
    }
}

fn first_below<'m, T>(spots: &'m BTreeMap<Spot, T>, spot: &Spot) -> Option<&'m T> {
    let (first, value) = spots.range(spot.first_inside()..).next()?;
    first.is_within(spot).then_some(value)
}

async fn exists(tracking: &Store, id: &str) -> Result<bool> {
    for kind in [Kind::Run, Kind::Model] {
        if !tracking
            .which_exist(kind, vec![id.to_owned()])
            .await?
            .is_empty()
        {
            return Ok(true);
        }
    }
    Ok(false)
}

impl Versions {
    fn note(&mut self, repositories: &Repositories, version: VersionSource) {
        let what = format!("version {} of model '{}'", version.version, version.model);
        let storage = version.storage_location.as_deref();
        for place in [Some(&*version.source), storage].into_iter().flatten() {
            let first = |rest: &str| rest.split('/').next().unwrap_or_default().to_owned();
            if let Some(rest) = place.strip_prefix("runs:/") {
                self.by_run.insert(first(rest), what.clone());
            } else if let Some(rest) = place.strip_prefix("models:/") {
                self.by_model.insert(first(rest), what.clone());
            } else if let Some(spot) = repositories.spot(place) {
                self.by_spot.insert(spot, what.clone());
            }
        }
        if let Some(model) = version.logged_model {
            self.by_model.insert(model, what);
        }
    }

    /// A version whose files are in this folder, or in one around it.
    fn near(&self, spot: &Spot) -> Option<&String> {
        let here = self.by_spot.get(spot);
        let below = || first_below(&self.by_spot, spot);
        let around = || {
            spot.ancestors()
                .find_map(|around| self.by_spot.get(&around))
        };
        here.or_else(below).or_else(around)
    }
}
