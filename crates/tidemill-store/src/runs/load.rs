//! Runs with everything they logged: a few statements for a whole page.

use tidemill_core::metrics::Metric;
use tidemill_core::params::Param;
use tidemill_core::runs::{ModelOutput, Run};
use tidemill_core::tags::Tag;

use super::row::RunRow;
use crate::connection::DbConnection;
use crate::datasets;
use crate::dialect::{self, Link, Linked};
use crate::error::DbResult;
use crate::keys::KeyCache;

/// How many runs share one set of statements. More would only hold more rows at once.
const SET: usize = 250;

/// The runs of these rows, in the same order. For reading: names that are looked up are
/// remembered, so they must be committed.
pub(crate) fn load(
    db: &mut DbConnection,
    cache: &KeyCache,
    rows: Vec<RunRow>,
) -> DbResult<Vec<Run>> {
    let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
    let mut runs = rows
        .into_iter()
        .map(without_data)
        .collect::<DbResult<Vec<Run>>>()?;
    for (ids, runs) in ids.chunks(SET).zip(runs.chunks_mut(SET)) {
        let mut set = Set::new(ids, runs);
        fill_values(db, cache, ids, &mut set)?;
        fill_links(db, ids, &mut set)?;
    }
    Ok(runs)
}

fn without_data(row: RunRow) -> DbResult<Run> {
    Ok(Run {
        info: row.into_info()?,
        metrics: Vec::new(),
        params: Vec::new(),
        tags: Vec::new(),
        dataset_inputs: Vec::new(),
        model_inputs: Vec::new(),
        model_outputs: Vec::new(),
    })
}

/// Runs that can be found by the number of their row.
struct Set<'r> {
    places: Vec<(i64, usize)>,
    runs: &'r mut [Run],
}

impl<'r> Set<'r> {
    fn new(ids: &[i64], runs: &'r mut [Run]) -> Self {
        let mut places: Vec<(i64, usize)> = ids.iter().copied().zip(0..).collect();
        places.sort_unstable();
        Self { places, runs }
    }

    fn run(&mut self, id: i64) -> Option<&mut Run> {
        let found = self.places.binary_search_by_key(&id, |(id, _)| *id).ok()?;
        self.runs.get_mut(self.places[found].1)
    }
}

fn fill_values(
    db: &mut DbConnection,
    cache: &KeyCache,
    ids: &[i64],
    set: &mut Set<'_>,
) -> DbResult<()> {
    let metrics = dialect::latest_metrics(db, ids)?;
    let texts = dialect::params_and_tags(db, ids)?;
    let keys = metrics.iter().map(|metric| metric.key);
    let keys = keys.chain(texts.iter().map(|text| text.key));
    let names = cache.names(db, keys)?;
    for metric in metrics {
        if let (Some(run), Some(name)) = (set.run(metric.run), names.get(&metric.key)) {
            run.metrics.push(Metric {
                key: String::from(&**name),
                value: metric.value.unwrap_or(f64::NAN),
                timestamp: metric.timestamp,
                step: metric.step,
                model_id: None,
                dataset_name: None,
                dataset_digest: None,
            });
        }
    }
    for text in texts {
        if let (Some(run), Some(name)) = (set.run(text.run), names.get(&text.key)) {
            let (key, value) = (String::from(&**name), text.value);
            match text.is_tag {
                true => run.tags.push(Tag { key, value }),
                false => run.params.push(Param { key, value }),
            }
        }
    }
    Ok(())
}

fn fill_links(db: &mut DbConnection, ids: &[i64], set: &mut Set<'_>) -> DbResult<()> {
    let mut links = dialect::links(db, ids)?;
    links.sort_unstable();
    let inputs = datasets::inputs(db, &links)?;
    for (run, input) in inputs {
        if let Some(run) = set.run(run) {
            run.dataset_inputs.push(input);
        }
    }
    for Link { run, linked } in links {
        let Some(run) = set.run(run) else { continue };
        match linked {
            Linked::Dataset { .. } => {}
            Linked::ModelInput { model_id } => run.model_inputs.push(model_id),
            Linked::ModelOutput { model_id, step } => {
                run.model_outputs.push(ModelOutput { model_id, step });
            }
        }
    }
    Ok(())
}
