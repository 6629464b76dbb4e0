//! The writes of the load, and how each is looked for afterwards.

use std::collections::{HashMap, HashSet};

use rand::rngs::StdRng;
use rand::{RngCore, SeedableRng};
use serde_json::{Value, json};
use tidemill_testkit::TestServer;

use crate::load::{Fate, Ledger, text};

/// The registered model that all versions belong to.
pub(crate) const MODEL: &str = "model";
/// How many metrics, params and tags a batch has of each.
const BATCH: i64 = 8;

/// A write that is either there or not.
#[derive(Debug)]
pub(crate) enum Write {
    Metric {
        run: String,
        step: i64,
        value: f64,
    },
    Param {
        run: String,
        name: String,
    },
    Tag {
        run: String,
        name: String,
    },
    Batch {
        run: String,
        name: String,
        first_step: i64,
    },
    Run {
        experiment: String,
        name: String,
    },
    Experiment {
        name: String,
    },
    Version {
        name: String,
    },
    Artifact {
        name: String,
        seed: u64,
        size: usize,
    },
}

impl Write {
    /// Method, path and body of the request.
    pub(crate) fn request(&self) -> (&'static str, String, Vec<u8>) {
        let (path, body) = match self {
            Self::Metric { run, step, value } => {
                let mut body = metric("loss", *step, *value);
                body["run_id"] = json!(run);
                ("runs/log-metric", body)
            }
            Self::Param { run, name } => (
                "runs/log-parameter",
                json!({"run_id": run, "key": name, "value": name}),
            ),
            Self::Tag { run, name } => (
                "runs/set-tag",
                json!({"run_id": run, "key": name, "value": name}),
            ),
            Self::Batch {
                run,
                name,
                first_step,
            } => ("runs/log-batch", batch(run, name, *first_step)),
            Self::Run { experiment, name } => (
                "runs/create",
                json!({"experiment_id": experiment, "run_name": name, "tags": marks(name)}),
            ),
            Self::Experiment { name } => (
                "experiments/create",
                json!({"name": name, "tags": marks(name)}),
            ),
            Self::Version { name } => (
                "model-versions/create",
                json!({"name": MODEL, "source": "s3://bucket/model", "tags": marks(name)}),
            ),
            Self::Artifact { name, seed, size } => {
                return ("PUT", artifact(name), content(*seed, *size));
            }
        };
        let path = format!("/api/2.0/mlflow/{path}");
        ("POST", path, body.to_string().into_bytes())
    }
}

fn metric(key: &str, step: i64, value: f64) -> Value {
    json!({"key": key, "value": value, "timestamp": 1_700_000_000_000_i64, "step": step})
}

fn items(name: &str) -> Value {
    let item = |number| json!({"key": format!("{name}.{number}"), "value": name});
    (0..BATCH).map(item).collect()
}

fn batch(run: &str, name: &str, first_step: i64) -> Value {
    let points = (first_step..first_step + BATCH).map(|step| metric(&epoch(name), step, 1.5));
    json!({
        "run_id": run,
        "metrics": points.collect::<Value>(),
        "params": items(name),
        "tags": items(name),
    })
}

/// Each client has a metric of its own for batches, so that its steps tell its batches apart.
fn epoch(name: &str) -> String {
    let client = name.split('-').next().unwrap_or(name);
    format!("epoch of {client}")
}

/// Two tags, so that half of something can be told from all of it.
fn marks(name: &str) -> Value {
    json!([{"key": "first", "value": name}, {"key": "second", "value": name}])
}

fn artifact(name: &str) -> String {
    format!("/api/2.0/mlflow-artifacts/artifacts/load/{name}.bin")
}

fn content(seed: u64, size: usize) -> Vec<u8> {
    let mut bytes = vec![0; size];
    StdRng::seed_from_u64(seed).fill_bytes(&mut bytes);
    bytes
}

/// How much of a write is there.
#[derive(Debug, PartialEq, Eq)]
enum Found {
    Whole,
    Nothing,
    Part(String),
}

impl Found {
    fn of(there: usize, expected: usize) -> Self {
        match there {
            0 => Self::Nothing,
            all if all == expected => Self::Whole,
            some => Self::Part(format!("{some} of {expected}")),
        }
    }
}

/// What a server says is there, asked once.
pub(crate) struct World<'a> {
    server: &'a TestServer,
    seen: HashMap<String, Value>,
}

impl<'a> World<'a> {
    pub(crate) fn of(server: &'a TestServer) -> Self {
        Self {
            server,
            seen: HashMap::new(),
        }
    }

    /// Holds every promise of `ledgers` against what is there.
    pub(crate) fn must_keep(&mut self, ledgers: &[Ledger]) {
        for (write, fate) in ledgers.iter().flat_map(|ledger| &ledger.writes) {
            let found = self.find(write);
            let kept = match fate {
                Fate::Acknowledged(_) => found == Found::Whole,
                Fate::NotBegun => found == Found::Nothing,
                Fate::Refused(_) | Fate::Unknown => matches!(found, Found::Whole | Found::Nothing),
            };
            assert!(
                kept,
                "{write:?} had the fate {fate:?}, and {found:?} is there"
            );
            if let (Write::Version { name }, Fate::Acknowledged(answer)) = (write, fate) {
                let promised = &answer.json()["model_version"]["version"];
                let version = self.version(name).expect("it was found");
                assert_eq!(&version["version"], promised);
            }
        }
        let writes = ledgers.iter().flat_map(|ledger| &ledger.writes);
        let metrics: HashSet<(&str, String)> = writes
            .filter_map(|(write, _)| match write {
                Write::Metric { run, .. } => Some((run.as_str(), "loss".to_owned())),
                Write::Batch { run, name, .. } => Some((run.as_str(), epoch(name))),
                _ => None,
            })
            .collect();
        for (run, key) in metrics {
            self.newest_is_latest(run, &key);
        }
        self.versions_have_no_gap();
    }

    fn find(&mut self, write: &Write) -> Found {
        match write {
            Write::Metric { run, step, value } => {
                let there = self.points(run, "loss").any(|point| {
                    point["step"] == json!(step) && point["value"].as_f64() == Some(*value)
                });
                Found::of(usize::from(there), 1)
            }
            Write::Param { run, name } => Found::of(self.values(run, "params", name), 1),
            Write::Tag { run, name } => Found::of(self.values(run, "tags", name), 1),
            Write::Batch {
                run,
                name,
                first_step,
            } => {
                let steps = *first_step..first_step + BATCH;
                let points = self.points(run, &epoch(name));
                let points = points.filter(|point| {
                    point["step"]
                        .as_i64()
                        .is_some_and(|step| steps.contains(&step))
                });
                let there = points.count()
                    + self.values(run, "params", name)
                    + self.values(run, "tags", name);
                Found::of(there, 3 * BATCH as usize)
            }
            Write::Run { experiment, name } => {
                let runs = self.post(
                    "runs/search",
                    json!({
                        "experiment_ids": [experiment],
                        "filter": format!("attributes.run_name = '{name}'"),
                    }),
                );
                match list(&runs["runs"]) {
                    [] => Found::Nothing,
                    [run] => marked(&run["data"]["tags"], name),
                    several => Found::Part(format!("{} runs", several.len())),
                }
            }
            Write::Experiment { name } => {
                let path = format!("experiments/get-by-name?experiment_name={name}");
                let found = self.get(&path);
                match found["error_code"].as_str() {
                    Some("RESOURCE_DOES_NOT_EXIST") => Found::Nothing,
                    _ => marked(&found["experiment"]["tags"], name),
                }
            }
            Write::Version { name } => match self.version(name) {
                Some(version) => marked(&version["tags"], name),
                None => Found::Nothing,
            },
            Write::Artifact { name, seed, size } => {
                let answer = self.server.get(&artifact(name));
                match answer.status {
                    404 => Found::Nothing,
                    200 if answer.body == content(*seed, *size) => Found::Whole,
                    status => Found::Part(format!("{status}, {} bytes", answer.body.len())),
                }
            }
        }
    }

    /// The newest point of a metric's history, by step, time and value, is its latest value.
    fn newest_is_latest(&mut self, run: &str, key: &str) {
        let newest = self.points(run, key).max_by(|a, b| {
            let order = |point: &Value| {
                let (step, time) = (point["step"].as_i64(), point["timestamp"].as_i64());
                (step, time)
            };
            let values = |point: &Value| point["value"].as_f64().expect("a number");
            (order(a).cmp(&order(b))).then(values(a).total_cmp(&values(b)))
        });
        let newest = newest.map(|point| (point["step"].clone(), point["value"].clone()));
        let run = self.get(&format!("runs/get?run_id={run}"));
        let metrics = list(&run["run"]["data"]["metrics"]);
        let latest = metrics.iter().find(|metric| metric["key"] == key);
        let latest = latest.map(|metric| (metric["step"].clone(), metric["value"].clone()));
        assert_eq!(latest, newest);
    }

    fn versions_have_no_gap(&mut self) {
        let mut numbers: Vec<i64> = self
            .versions()
            .iter()
            .map(|version| text(&version["version"]).parse().expect("a number"))
            .collect();
        numbers.sort_unstable();
        let expected: Vec<i64> = (1..).take(numbers.len()).collect();
        assert_eq!(numbers, expected);
    }

    fn version(&mut self, name: &str) -> Option<Value> {
        let is_it = |version: &&Value| {
            let tags = list(&version["tags"]);
            tags.iter().any(|tag| tag["value"] == name)
        };
        self.versions().iter().find(is_it).cloned()
    }

    fn versions(&mut self) -> &[Value] {
        let path = format!("model-versions/search?filter=name%3D'{MODEL}'&max_results=10000");
        let found = self.get(&path);
        assert_eq!(found.get("next_page_token"), None, "more than one page");
        list(&found["model_versions"])
    }

    fn points(&mut self, run: &str, key: &str) -> std::slice::Iter<'_, Value> {
        let key = key.replace(' ', "%20");
        let path = format!("metrics/get-history?run_id={run}&metric_key={key}");
        list(&self.get(&path)["metrics"]).iter()
    }

    /// How many params or tags have this value.
    fn values(&mut self, run: &str, kind: &str, value: &str) -> usize {
        let run = self.get(&format!("runs/get?run_id={run}"));
        let items = list(&run["run"]["data"][kind]).iter();
        items.filter(|item| item["value"] == value).count()
    }

    fn get(&mut self, path: &str) -> &Value {
        let server = self.server;
        self.seen.entry(path.to_owned()).or_insert_with(|| {
            let answer = server.get(&format!("/api/2.0/mlflow/{path}"));
            assert!([200, 404].contains(&answer.status), "{}", answer.text());
            answer.json()
        })
    }

    fn post(&mut self, path: &str, body: Value) -> Value {
        let answer = self.server.post(&format!("/api/2.0/mlflow/{path}"), &body);
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }
}

fn marked(tags: &Value, name: &str) -> Found {
    let marks = ["first", "second"];
    let is_mark =
        |tag: &&Value| marks.iter().any(|mark| tag["key"] == *mark) && tag["value"] == name;
    match list(tags).iter().filter(is_mark).count() {
        2 => Found::Whole,
        some => Found::Part(format!("{some} of 2 tags")),
    }
}

/// An absent list is empty on the wire.
fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}
