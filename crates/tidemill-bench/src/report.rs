//! The results, as a table and as JSON.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use serde::Serialize;

use crate::failure::Result;
use crate::load::Tally;
use crate::server::Product;

/// What a line of the table asks for.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Goal {
    None,
    /// So many times MLflow's figure.
    Ratio(f64),
    /// Tidemill's figure, and no error.
    AtLeast(f64),
    /// Tidemill's figure, and no error.
    Below(f64),
    NoError,
}

/// One figure of one server.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Figure {
    pub(crate) value: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) p50_ms: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) p99_ms: Option<f64>,
    pub(crate) requests: u64,
    pub(crate) errors: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) first_error: Option<String>,
}

impl Figure {
    pub(crate) fn plain(value: f64) -> Self {
        Self {
            value,
            ..Self::default()
        }
    }

    /// Requests answered a second.
    pub(crate) fn throughput(mut tally: Tally) -> Self {
        Self {
            value: tally.per_second(),
            p50_ms: tally.latencies.percentile_ms(50.0),
            p99_ms: tally.latencies.percentile_ms(99.0),
            requests: tally.answered() + tally.errors,
            errors: tally.errors,
            first_error: tally.first_error,
        }
    }
}

/// One line of the table.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Line {
    pub(crate) name: String,
    pub(crate) unit: &'static str,
    pub(crate) mlflow: Option<Figure>,
    pub(crate) tidemill: Option<Figure>,
    pub(crate) goal: Goal,
    /// What was noticed about the answers.
    pub(crate) note: String,
}

impl Line {
    pub(crate) fn new(name: impl Into<String>, unit: &'static str, goal: Goal) -> Self {
        Self {
            name: name.into(),
            unit,
            mlflow: None,
            tidemill: None,
            goal,
            note: String::new(),
        }
    }

    pub(crate) fn set(&mut self, product: Product, figure: Figure) {
        match product {
            Product::Mlflow => self.mlflow = Some(figure),
            Product::Tidemill => self.tidemill = Some(figure),
        }
    }

    pub(crate) fn noted(mut self, note: impl Into<String>) -> Self {
        self.add_note(note);
        self
    }

    pub(crate) fn add_note(&mut self, note: impl Into<String>) {
        if !self.note.is_empty() {
            self.note.push_str("; ");
        }
        self.note.push_str(&note.into());
    }

    /// Tidemill's figure as a multiple of MLflow's.
    pub(crate) fn ratio(&self) -> Option<f64> {
        let (mlflow, tidemill) = (self.mlflow.as_ref()?, self.tidemill.as_ref()?);
        (mlflow.value > 0.0).then(|| tidemill.value / mlflow.value)
    }

    /// Whether the goal is reached, where there is one and it was measured.
    pub(crate) fn reached(&self) -> Option<bool> {
        let tidemill = self.tidemill.as_ref();
        match self.goal {
            Goal::None => None,
            Goal::Ratio(goal) => self.ratio().map(|ratio| ratio >= goal),
            Goal::AtLeast(goal) => {
                tidemill.map(|figure| figure.value >= goal && figure.errors == 0)
            }
            Goal::Below(goal) => tidemill.map(|figure| figure.value < goal && figure.errors == 0),
            Goal::NoError => tidemill.map(|figure| figure.errors == 0),
        }
    }

    /// In a few words, for people who wait.
    pub(crate) fn summary(&self) -> String {
        let part = |product: Product, figure: &Option<Figure>| {
            let figure = figure.as_ref()?;
            Some(format!("{product} {} {}", number(figure.value), self.unit))
        };
        let mut parts = vec![self.name.clone()];
        parts.extend(part(Product::Mlflow, &self.mlflow));
        parts.extend(part(Product::Tidemill, &self.tidemill));
        parts.extend(self.ratio().map(|ratio| format!("{}x", number(ratio))));
        if !self.note.is_empty() {
            parts.push(self.note.clone());
        }
        parts.join(", ")
    }

    fn errors(&self) -> Vec<String> {
        [
            (Product::Mlflow, &self.mlflow),
            (Product::Tidemill, &self.tidemill),
        ]
        .into_iter()
        .filter_map(|(product, figure)| {
            let figure = figure.as_ref().filter(|figure| figure.errors > 0)?;
            let first = figure.first_error.as_deref().unwrap_or("unknown");
            let (errors, requests) = (figure.errors, figure.requests);
            Some(format!("{product}: {errors} of {requests} failed: {first}"))
        })
        .collect()
    }
}

/// Everything that was measured.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) backend: &'static str,
    pub(crate) clients: usize,
    pub(crate) seconds: f64,
    pub(crate) rounds: u32,
    pub(crate) runs: usize,
    pub(crate) cores: usize,
    pub(crate) lines: Vec<Line>,
}

impl Report {
    pub(crate) fn write_json(&self, path: &Path) -> Result<()> {
        let lines: Vec<_> = self
            .lines
            .iter()
            .map(|line| {
                let mut value = serde_json::to_value(line)?;
                value["ratio"] = serde_json::to_value(line.ratio())?;
                value["reached"] = serde_json::to_value(line.reached())?;
                Ok(value)
            })
            .collect::<Result<_>>()?;
        let mut report = serde_json::to_value(self)?;
        report["lines"] = lines.into();
        std::fs::write(path, serde_json::to_vec_pretty(&report)?)?;
        Ok(())
    }

    pub(crate) fn print(&self) -> Result<()> {
        let mut out = std::io::stdout().lock();
        out.write_all(self.table().as_bytes())?;
        out.flush()?;
        Ok(())
    }

    fn table(&self) -> String {
        let mut rows = vec![HEAD.map(str::to_owned)];
        rows.extend(self.lines.iter().map(row));
        let mut table = format!(
            "{}, {} clients, {} rounds of {} s, {} runs, {} cores\n\n",
            self.backend, self.clients, self.rounds, self.seconds, self.runs, self.cores
        );
        table.push_str(&aligned(&rows));
        for line in &self.lines {
            for error in line.errors() {
                // Writing to a string cannot fail.
                let _ = writeln!(table, "{}: {error}", line.name);
            }
        }
        table
    }
}

const HEAD: [&str; 12] = [
    "case", "unit", "mlflow", "p50 ms", "p99 ms", "tidemill", "p50 ms", "p99 ms", "ratio", "goal",
    "", "notes",
];

fn row(line: &Line) -> [String; 12] {
    let value = |figure: &Option<Figure>| figure.as_ref().map_or_else(dash, |f| number(f.value));
    let p50 = |figure: &Option<Figure>| optional(figure.as_ref().and_then(|f| f.p50_ms));
    let p99 = |figure: &Option<Figure>| optional(figure.as_ref().and_then(|f| f.p99_ms));
    [
        line.name.clone(),
        line.unit.to_owned(),
        value(&line.mlflow),
        p50(&line.mlflow),
        p99(&line.mlflow),
        value(&line.tidemill),
        p50(&line.tidemill),
        p99(&line.tidemill),
        line.ratio()
            .map_or_else(dash, |ratio| format!("{}x", number(ratio))),
        match line.goal {
            Goal::None => String::new(),
            Goal::Ratio(goal) => format!("{goal}x"),
            Goal::AtLeast(goal) => format!(">= {goal}"),
            Goal::Below(goal) => format!("< {goal}"),
            Goal::NoError => "no error".to_owned(),
        },
        match line.reached() {
            Some(true) => "ok".to_owned(),
            Some(false) => "MISSED".to_owned(),
            None => String::new(),
        },
        line.note.clone(),
    ]
}

fn aligned(rows: &[[String; 12]]) -> String {
    let widths: [usize; 12] = std::array::from_fn(|column| {
        let lengths = rows.iter().map(|row| row[column].chars().count());
        lengths.max().unwrap_or(0)
    });
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (column, cell) in row.iter().enumerate() {
            let width = widths[column];
            // Names to the left, numbers to the right.
            let _ = match column {
                0 | 1 | 10 | 11 => write!(line, "{cell:<width$}  "),
                _ => write!(line, "{cell:>width$}  "),
            };
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

fn dash() -> String {
    "-".to_owned()
}

fn optional(value: Option<f64>) -> String {
    value.map_or_else(dash, number)
}

/// Three digits that matter.
fn number(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 0.1 || size == 0.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(goal: Goal, mlflow: f64, tidemill: Figure) -> Line {
        let mut line = Line::new("case", "/s", goal);
        line.set(Product::Mlflow, Figure::plain(mlflow));
        line.set(Product::Tidemill, tidemill);
        line
    }

    #[test]
    fn a_ratio_is_reached_when_tidemill_is_that_many_times_faster() {
        assert_eq!(
            line(Goal::Ratio(80.0), 10.0, Figure::plain(801.0)).reached(),
            Some(true)
        );
        assert_eq!(
            line(Goal::Ratio(80.0), 10.0, Figure::plain(799.0)).reached(),
            Some(false)
        );
    }

    #[test]
    fn one_error_misses_a_limit() {
        let figure = Figure {
            value: 5.0,
            errors: 1,
            ..Figure::default()
        };
        assert_eq!(line(Goal::Below(10.0), 1.0, figure).reached(), Some(false));
        assert_eq!(
            line(Goal::Below(10.0), 1.0, Figure::plain(5.0)).reached(),
            Some(true)
        );
    }

    #[test]
    fn what_was_not_measured_is_neither_reached_nor_missed() {
        assert_eq!(Line::new("case", "/s", Goal::Ratio(2.0)).reached(), None);
    }

    #[test]
    fn the_table_shows_the_ratio_beside_its_goal() {
        let text = aligned(&[row(&line(Goal::Ratio(80.0), 10.0, Figure::plain(1234.0)))]);
        assert!(text.contains("10.0"), "{text}");
        assert!(text.contains("123x  80x  ok"), "{text}");
    }
}
