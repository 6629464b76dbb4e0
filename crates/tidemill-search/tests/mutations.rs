//! The fuzzer's short form, for every test run: filters that MLflow knows, damaged a little.

use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use serde_json::Value;

#[path = "../fuzz/body.rs"]
mod body;

/// Filters and sort keys, with what MLflow makes of them.
const CORPUS: &str = include_str!("data/stock.jsonl");
const ROUNDS: u32 = 30_000;
/// What one text may take on a busy machine.
const BOUND: Duration = Duration::from_secs(1);

fn corpus() -> Vec<String> {
    let text = |line| {
        let line: Value = serde_json::from_str(line).ok()?;
        let text = line.get("filter").or_else(|| line.get("order_by"))?;
        Some(text.as_str()?.to_owned())
    };
    CORPUS.lines().filter_map(text).collect()
}

/// Takes a piece out, puts one in twice or elsewhere, or takes one from another text.
fn damage(text: &mut Vec<char>, other: &str, chance: &mut StdRng) {
    let start = chance.random_range(0..=text.len());
    let end = chance.random_range(start..=text.len().min(start + 12));
    let other: Vec<char> = other.chars().collect();
    match chance.random_range(0..5) {
        0 => drop(text.drain(start..end)),
        1 => {
            let piece: Vec<char> = text[start..end].to_vec();
            text.splice(start..start, piece);
        }
        2 => {
            let from = chance.random_range(0..=other.len());
            text.splice(start..end, other[from..].iter().copied().take(12));
        }
        3 => text.truncate(start),
        _ => {
            const MEANS_SOMETHING: &[char] = &[
                '\'', '"', '`', '\\', '(', ')', ',', '.', '=', '<', '-', ' ', '0', 'é', '\0', '\n',
                '😀',
            ];
            text.splice(start..end, MEANS_SOMETHING.choose(chance).copied());
        }
    }
}

#[test]
fn damaged_filters_do_no_harm() {
    let corpus = corpus();
    assert!(corpus.len() > 500, "{}", corpus.len());
    corpus.iter().for_each(|text| body::parse_everything(text));
    let rounds = match std::env::var_os("TIDEMILL_TEST_LONG") {
        Some(_) => ROUNDS * 100,
        None => ROUNDS,
    };
    let mut chance = StdRng::seed_from_u64(17);
    for _ in 0..rounds {
        let (text, other) = (corpus.choose(&mut chance), corpus.choose(&mut chance));
        let (Some(text), Some(other)) = (text, other) else {
            continue;
        };
        let mut text = text.chars().collect();
        for _ in 0..chance.random_range(1..5) {
            damage(&mut text, other, &mut chance);
        }
        let text: String = text.into_iter().collect();
        let began = Instant::now();
        // A panic says what was compared, and this what was parsed.
        let shown = Shown(&text);
        body::parse_everything(&text);
        drop(shown);
        assert!(began.elapsed() < BOUND, "{:?}: {text}", began.elapsed());
    }
}

/// Prints the text when a parser panics on it.
struct Shown<'a>(&'a str);

impl Drop for Shown<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the text was {:?}", self.0);
        }
    }
}
