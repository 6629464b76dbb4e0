//! Metric files: a line for each point, read one at a time.

use std::io::{BufRead, BufReader, Read};

use cap_std::fs::File;
use tidemill_core::metrics::{Point, finite};

use super::root::Readable;

/// How long a line may be. MLflow's have less than a thousand bytes.
const MAX_LINE: u64 = 64 << 10;

/// The lines of a file.
pub(super) struct Lines {
    file: BufReader<File>,
    line: Vec<u8>,
    number: u64,
    broken: Broken,
}

/// The lines that could not be understood.
#[derive(Default)]
struct Broken {
    count: u64,
    first: Option<String>,
}

impl Lines {
    pub(super) fn new(file: File) -> Self {
        Self {
            file: BufReader::with_capacity(256 << 10, file),
            line: Vec::new(),
            number: 0,
            broken: Broken::default(),
        }
    }

    /// What the next line that can be understood says. Empty lines are skipped, broken ones
    /// counted.
    pub(super) fn next<T>(&mut self, parse: impl Fn(&str) -> Readable<T>) -> Option<T> {
        loop {
            match self.read_line() {
                Ok(false) => return None,
                Ok(true) => {}
                Err(why) => {
                    self.note(format!("{why}; what follows is not read"));
                    return None;
                }
            }
            let line = std::str::from_utf8(&self.line).map(str::trim);
            match line.map_err(|_| String::from("it is not UTF-8")) {
                Ok("") => {}
                Ok(line) => match parse(line) {
                    Ok(parsed) => return Some(parsed),
                    Err(why) => self.note(why),
                },
                Err(why) => self.note(why),
            }
        }
    }

    /// What was wrong with the lines so far, if anything was.
    pub(super) fn fault(&self) -> Option<String> {
        let first = self.broken.first.as_ref()?;
        Some(match self.broken.count {
            1 => first.clone(),
            count => format!("{first} ({count} such lines)"),
        })
    }

    fn note(&mut self, why: String) {
        self.broken.count += 1;
        let number = self.number;
        self.broken
            .first
            .get_or_insert_with(|| format!("line {number} is left out: {why}"));
    }

    fn read_line(&mut self) -> Readable<bool> {
        self.line.clear();
        self.number += 1;
        let mut bounded = self.file.by_ref().take(MAX_LINE);
        bounded
            .read_until(b'\n', &mut self.line)
            .map_err(|error| error.to_string())?;
        if self.line.len() as u64 == MAX_LINE && !self.line.ends_with(b"\n") {
            return Err(format!("it has {MAX_LINE} bytes or more"));
        }
        Ok(!self.line.is_empty())
    }
}

/// A line of a run's metric: time, value, step. Old versions of MLflow leave out the step. A
/// dataset's name and digest may follow; the name may have spaces. When they do, MLflow's own
/// file store takes the step for 0, but the one that is there is right.
pub(super) fn run_point(line: &str) -> Readable<Point> {
    let fields: Vec<&str> = line.split(' ').collect();
    match fields[..] {
        [time, value] => point(time, value, "0"),
        [time, value, step] | [time, value, step, _, _, ..] => point(time, value, step),
        _ => Err(format!("it has {} fields", fields.len())),
    }
}

/// A point of a logged model, as a line says it.
#[derive(Debug, PartialEq)]
pub(super) struct ModelPoint {
    /// Where the metric was.
    pub(super) point: Point,
    /// The run that logged it.
    pub(super) run_id: String,
    /// Name and digest of the dataset it was measured on.
    pub(super) dataset: Option<(String, String)>,
}

/// A line of a logged model's metric: time, value, step, run, and perhaps a dataset's name and
/// digest.
pub(super) fn model_point(line: &str) -> Readable<ModelPoint> {
    let fields: Vec<&str> = line.split(' ').collect();
    let (time, value, step, run_id, dataset) = match fields[..] {
        [time, value, step, run] => (time, value, step, run, None),
        [time, value, step, run, ref name @ .., digest] if !name.is_empty() => (
            time,
            value,
            step,
            run,
            Some((name.join(" "), digest.to_owned())),
        ),
        _ => return Err(format!("it has {} fields", fields.len())),
    };
    Ok(ModelPoint {
        point: point(time, value, step)?,
        run_id: run_id.to_owned(),
        dataset,
    })
}

fn point(time: &str, value: &str, step: &str) -> Readable<Point> {
    let number = |text: &str| {
        text.parse::<i64>()
            .map_err(|_| format!("'{}' is not a whole number", shown(text)))
    };
    let value = value
        .parse()
        .map_err(|_| format!("'{}' is not a number", shown(value)))?;
    Ok(Point {
        step: number(step)?,
        timestamp: number(time)?,
        value: finite(value),
    })
}

/// Not more of a text than fits into a message.
fn shown(text: &str) -> String {
    text.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::super::given::Given;
    use super::*;

    fn at(timestamp: i64, value: f64, step: i64) -> Point {
        Point {
            step,
            timestamp,
            value,
        }
    }

    #[test]
    fn lines_of_runs_have_two_or_three_fields_and_a_dataset() {
        assert_eq!(run_point("5 0.5"), Ok(at(5, 0.5, 0)));
        assert_eq!(run_point("5 1e-05 -3"), Ok(at(5, 1e-5, -3)));
        assert_eq!(run_point("5 1 3 name digest"), Ok(at(5, 1.0, 3)));
        assert_eq!(run_point("5 1 3 a name digest"), Ok(at(5, 1.0, 3)));
        for line in [
            "5",
            "5 x",
            "x 5",
            "5 1 1.5",
            "5 1 3 name",
            "5  1",
            "99999999999999999999 1 1",
        ] {
            assert!(run_point(line).is_err(), "{line}");
        }
    }

    #[test]
    fn infinity_becomes_finite_and_nan_stays() {
        assert_eq!(run_point("5 inf 1"), Ok(at(5, f64::MAX, 1)));
        assert_eq!(run_point("5 -inf 1"), Ok(at(5, f64::MIN, 1)));
        assert!(run_point("5 nan 1").unwrap().value.is_nan());
    }

    #[test]
    fn lines_of_models_have_a_run_and_perhaps_a_dataset() {
        let point = |dataset: Option<(&str, &str)>| {
            Ok(ModelPoint {
                point: at(5, 0.5, 1),
                run_id: String::from("r"),
                dataset: dataset.map(|(name, digest)| (name.to_owned(), digest.to_owned())),
            })
        };
        assert_eq!(model_point("5 0.5 1 r"), point(None));
        assert_eq!(model_point("5 0.5 1 r d 9"), point(Some(("d", "9"))));
        assert_eq!(model_point("5 0.5 1 r my d 9"), point(Some(("my d", "9"))));
        assert!(model_point("5 0.5 1 r d").is_err());
        assert!(model_point("5 0.5 1").is_err());
    }

    fn read(given: &Given) -> (Vec<i64>, Option<String>) {
        let mut lines = Lines::new(given.root().file("m").unwrap());
        let mut times = Vec::new();
        while let Some(point) = lines.next(run_point) {
            times.push(point.timestamp);
        }
        (times, lines.fault())
    }

    #[test]
    fn broken_lines_are_counted() {
        let given = Given::new();
        given.bytes("m", b"1 1 1\r\n\n  \nx 1 1\n\xff\n2 1 1");
        let why = "line 4 is left out: 'x' is not a whole number (2 such lines)";
        assert_eq!(read(&given), (vec![1, 2], Some(why.to_owned())));
    }

    #[test]
    fn a_line_without_end_is_not_read() {
        let given = Given::new();
        given.file("m", &format!("1 1 1\n{}", "1".repeat(1 << 20)));
        let why = "line 2 is left out: it has 65536 bytes or more; what follows is not read";
        assert_eq!(read(&given), (vec![1], Some(why.to_owned())));
    }
}
