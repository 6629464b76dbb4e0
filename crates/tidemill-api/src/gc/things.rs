//! Purging runs and logged models.

use std::collections::HashSet;

use futures::{StreamExt, stream};
use tidemill_artifacts::{Repository, Usage};
use tidemill_core::Result;
use tidemill_core::artifact_path::ArtifactPath;
use tidemill_store::gc::{Expired, Kind};

use super::Purge;
use super::report::Remark;

/// How many folders are removed side by side.
const SIDE_BY_SIDE: usize = 8;

/// What is to become of a thing and its artifacts.
enum Verdict {
    /// Something needs it.
    Keep(String),
    /// It goes, but its artifacts stay.
    Leave(String),
    /// It goes with its artifacts.
    Purge(Repository),
    /// Its artifacts cannot be reached.
    Fail(String),
}

/// What became of the artifacts of one thing.
enum Cleared {
    Left(String),
    Gone(Usage),
    Failed(String),
}

impl Purge<'_> {
    /// Purges all runs or logged models that may go.
    pub(super) async fn things(&mut self, kind: Kind) -> Result<()> {
        let mut after = 0;
        loop {
            let found = self
                .gc
                .tracking
                .expired(kind, self.scope.clone(), after)
                .await?;
            let Some(last) = found.last() else {
                return Ok(());
            };
            after = last.number;
            self.places.refresh(self.gc).await?;
            self.batch(kind, found).await?;
        }
    }

    async fn batch(&mut self, kind: Kind, found: Vec<Expired>) -> Result<()> {
        let mut going = Vec::new();
        let tracking = &self.gc.tracking;
        let of_a_source = match self.imported_artifacts {
            true => HashSet::new(),
            false => tracking.with_artifacts_of_a_source(kind, &found).await?,
        };
        for thing in found {
            let is_of_a_source = of_a_source.contains(&thing.id);
            match self.judge(kind, &thing, is_of_a_source).await? {
                Verdict::Keep(why) => self.keep(kind, &thing, why).await?,
                verdict => going.push((thing, verdict)),
            }
        }
        if !self.dry_run {
            let numbers = going.iter().map(|(thing, _)| thing.number).collect();
            let cutoff = self.scope.cutoff;
            let claimed = self.gc.tracking.claim(kind, numbers, cutoff).await?;
            going.retain(|(thing, _)| claimed.contains(&thing.number));
        }
        let dry_run = self.dry_run;
        let cleared = stream::iter(going).map(|(thing, verdict)| async move {
            let cleared = clear(verdict, &thing.id, dry_run).await;
            (thing, cleared)
        });
        let cleared: Vec<_> = cleared.buffered(SIDE_BY_SIDE).collect().await;
        let mut gone = Vec::new();
        for (thing, cleared) in cleared {
            if self.note(kind, &thing, cleared).await? {
                gone.push(thing);
            }
        }
        self.remove(kind, gone).await
    }

    async fn judge(&self, kind: Kind, thing: &Expired, is_of_a_source: bool) -> Result<Verdict> {
        let spot = self.gc.repositories.spot(&thing.location);
        if let Some(version) = self.places.needed_by(kind, &thing.id, spot.as_ref()) {
            return Ok(Verdict::Keep(format!("{version} has its files from it")));
        }
        let Some(spot) = spot else {
            let why = format!("{} is not in a storage of this server", thing.location);
            return Ok(Verdict::Leave(why));
        };
        let tracking = &self.gc.tracking;
        if let Some(why) = self
            .places
            .obstacle(tracking, kind, &thing.id, &spot)
            .await?
        {
            return Ok(Verdict::Leave(format!("{}: {why}", thing.location)));
        }
        let repository = match self.gc.repositories.open_location(&thing.location).await {
            Ok(repository) => repository,
            Err(error) => return Ok(Verdict::Fail(error.to_string())),
        };
        if !is_of_a_source {
            return Ok(Verdict::Purge(repository));
        }
        Ok(match repository.usage(&ArtifactPath::root()).await {
            Ok(usage) if usage.files == 0 => Verdict::Purge(repository),
            Ok(_) => Verdict::Keep(format!(
                "an import left its artifacts at {}, where its source has them; --imported-artifacts purges them, too",
                thing.location
            )),
            Err(error) => Verdict::Fail(error.in_words()),
        })
    }

    async fn keep(&mut self, kind: Kind, thing: &Expired, why: String) -> Result<()> {
        self.report
            .kept
            .push(Remark::new(named(kind, &thing.id), why));
        match self.dry_run {
            true => Ok(()),
            // A purge that was stopped may have claimed it.
            false => self.release(kind, thing).await,
        }
    }

    async fn release(&self, kind: Kind, thing: &Expired) -> Result<()> {
        let tracking = &self.gc.tracking;
        tracking.release(kind, thing.number, thing.is_active).await
    }

    /// Notes what became of the artifacts. Whether the thing itself may go.
    async fn note(&mut self, kind: Kind, thing: &Expired, cleared: Cleared) -> Result<bool> {
        let what = || named(kind, &thing.id);
        match cleared {
            Cleared::Gone(usage) => self.report.artifacts.add(usage),
            Cleared::Left(why) => self.report.left.push(Remark::new(what(), why)),
            Cleared::Failed(why) => {
                self.report.failed.push(Remark::new(what(), why));
                if !self.dry_run {
                    self.release(kind, thing).await?;
                }
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Removes the rows of things whose artifacts are gone.
    async fn remove(&mut self, kind: Kind, gone: Vec<Expired>) -> Result<()> {
        let numbers: Vec<i64> = gone.iter().map(|thing| thing.number).collect();
        if numbers.is_empty() {
            return Ok(());
        }
        if kind == Kind::Run {
            self.report.points += self.gc.tracking.count_points(numbers.clone()).await?;
        }
        if !self.dry_run {
            let removed = self.gc.tracking.remove(kind, numbers).await?;
            self.report.datasets += removed.datasets;
        }
        for thing in gone {
            self.places.forget(kind, &thing.id, &thing.location);
            *self.gone.entry(thing.experiment).or_default() += 1;
            match kind {
                Kind::Run => self.report.runs.push(thing.id),
                Kind::Model => self.report.logged_models.push(thing.id),
            }
        }
        Ok(())
    }
}

async fn clear(verdict: Verdict, id: &str, dry_run: bool) -> Cleared {
    let repository = match verdict {
        Verdict::Purge(repository) => repository,
        Verdict::Keep(why) | Verdict::Leave(why) => return Cleared::Left(why),
        Verdict::Fail(why) => return Cleared::Failed(why),
    };
    let cleared = async {
        let usage = repository.usage(&ArtifactPath::root()).await?;
        if !dry_run {
            repository.purge(id).await?;
        }
        Ok::<_, tidemill_core::Error>(usage)
    };
    match cleared.await {
        Ok(usage) => Cleared::Gone(usage),
        Err(error) => Cleared::Failed(error.in_words()),
    }
}

fn named(kind: Kind, id: &str) -> String {
    match kind {
        Kind::Run => format!("run {id}"),
        Kind::Model => format!("logged model {id}"),
    }
}
