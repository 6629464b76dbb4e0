//! How far it is, in a sentence every other second.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::Count;

/// How often something is said.
const EVERY: Duration = Duration::from_secs(2);

/// Counts what is done. Clones count together.
#[derive(Clone)]
pub(crate) struct Progress(Arc<Mutex<State>>);

struct State {
    all: BTreeMap<String, u64>,
    done: BTreeMap<&'static str, u64>,
    started: Instant,
    said: Instant,
    say: Box<dyn Fn(&str) + Send>,
}

impl Progress {
    pub(crate) fn new(all: Vec<Count>, say: impl Fn(&str) + Send + 'static) -> Self {
        let now = Instant::now();
        Self(Arc::new(Mutex::new(State {
            all: all
                .into_iter()
                .map(|count| (count.what, count.count))
                .collect(),
            done: BTreeMap::new(),
            started: now,
            said: now,
            say: Box::new(say),
        })))
    }

    /// So many more are done.
    pub(crate) fn add(&self, what: &'static str, count: u64) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *state.done.entry(what).or_default() += count;
        if state.said.elapsed() >= EVERY {
            state.said = Instant::now();
            (state.say)(&state.sentence());
        }
    }
}

impl State {
    fn sentence(&self) -> String {
        let seconds = self.started.elapsed().as_secs_f64();
        let parts = self
            .done
            .iter()
            .map(|(what, done)| match self.all.get(*what) {
                Some(all) => format!("{done} of {all} {what}"),
                None => format!("{done} {what}"),
            });
        let parts: Vec<String> = parts.collect();
        let points = self.done.get("metric points").copied().unwrap_or_default();
        let rate = points as f64 / seconds;
        let left = self
            .left(seconds)
            .map_or_else(String::new, |left| format!(", {left} left"));
        format!("{} ({rate:.0} points/s{left})", parts.join(", "))
    }

    /// By the runs, which everything else belongs to.
    fn left(&self, seconds: f64) -> Option<String> {
        let all = *self.all.get("runs")? as f64;
        let done = *self.done.get("runs")? as f64;
        let left = seconds * (all - done).max(0.0) / done.max(1.0);
        Some(match left {
            left if left < 120.0 => format!("{left:.0} s"),
            left => format!("{:.0} min", left / 60.0),
        })
    }
}
