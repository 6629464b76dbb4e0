//! Filters as text again.

use std::fmt::{self, Display, Formatter};

use crate::experiments::{ExperimentAttribute, ExperimentField};
use crate::expr::{Comparison, Expr, Number, NumberOp, Test, TextOp};
use crate::logged_models::{LoggedModelAttribute, LoggedModelField};
use crate::model_versions::{ModelVersionAttribute, ModelVersionField};
use crate::registered_models::RegisteredModelField;
use crate::runs::{DatasetAttribute, RunAttribute, RunField};

/// Prints a filter that parses to the same tree. Not every tree has one: there is no way to
/// write a text or key with both kinds of quotes, or one whose last character is a backslash.
impl<F: Display> Display for Expr<F> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::All(parts) => join(f, parts, " AND "),
            Self::Any(parts) => join(f, parts, " OR "),
            Self::Not(part) => write!(f, "NOT {}", Part(part)),
            Self::Compare(comparison) => comparison.fmt(f),
        }
    }
}

/// A tree inside another one: in parentheses if it has parts itself.
struct Part<'a, F>(&'a Expr<F>);

impl<F: Display> Display for Part<'_, F> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.0 {
            Expr::All(_) | Expr::Any(_) => write!(f, "({})", self.0),
            Expr::Not(_) | Expr::Compare(_) => self.0.fmt(f),
        }
    }
}

fn join<F: Display>(f: &mut Formatter<'_>, parts: &[Expr<F>], between: &str) -> fmt::Result {
    separated(f, parts.iter().map(Part), between)
}

fn separated(
    f: &mut Formatter<'_>,
    parts: impl Iterator<Item = impl Display>,
    between: &str,
) -> fmt::Result {
    for (index, part) in parts.enumerate() {
        if index > 0 {
            f.write_str(between)?;
        }
        part.fmt(f)?;
    }
    Ok(())
}

impl<F: Display> Display for Comparison<F> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.field, self.test)
    }
}

impl Display for Test {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(operator, number) => write!(f, "{operator} {number}"),
            Self::Between(low, high) => write!(f, "BETWEEN {low} AND {high}"),
            Self::Text(operator, text) => write!(f, "{operator} {}", Quoted(text)),
            Self::In(texts) => write!(f, "IN {}", List(texts)),
            Self::NotIn(texts) => write!(f, "NOT IN {}", List(texts)),
            Self::IsNull => f.write_str("IS NULL"),
            Self::IsNotNull => f.write_str("IS NOT NULL"),
        }
    }
}

impl Display for NumberOp {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Eq => "=",
            Self::Ne => "!=",
            Self::Lt => "<",
            Self::Le => "<=",
            Self::Gt => ">",
            Self::Ge => ">=",
        })
    }
}

impl Display for TextOp {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Eq => "=",
            Self::Ne => "!=",
            Self::Like => "LIKE",
            Self::ILike => "ILIKE",
        })
    }
}

impl Display for Number {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int(number) => number.fmt(f),
            // With a point or exponent, so that it does not read as an integer.
            Self::Float(number) => write!(f, "{number:?}"),
        }
    }
}

/// A text in the quotes that it does not contain.
struct Quoted<'a>(&'a str);

impl Display for Quoted<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let quote = if self.0.contains('\'') { '"' } else { '\'' };
        write!(f, "{quote}{}{quote}", self.0)
    }
}

/// A list, in which texts have escapes.
struct List<'a>(&'a [String]);

impl Display for List<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("(")?;
        separated(f, self.0.iter().map(|text| Escaped(text)), ", ")?;
        f.write_str(")")
    }
}

struct Escaped<'a>(&'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("'")?;
        for c in self.0.chars() {
            match c {
                // As code points: a backslash before a quote would confuse the tokenizer.
                '\\' | '\'' | '"' => write!(f, "\\x{:02x}", u32::from(c))?,
                c if c.is_ascii_control() => write!(f, "\\x{:02x}", u32::from(c))?,
                c => write!(f, "{c}")?,
            }
        }
        f.write_str("'")
    }
}

/// A key in backticks, or in double quotes if it has backticks itself.
struct Key<'a>(&'a str);

impl Display for Key<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let quote = if self.0.contains('`') { '"' } else { '`' };
        write!(f, "{quote}{}{quote}", self.0)
    }
}

impl Display for RunField {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Metric(key) => write!(f, "metrics.{}", Key(key)),
            Self::Param(key) => write!(f, "params.{}", Key(key)),
            Self::Tag(key) => write!(f, "tags.{}", Key(key)),
            Self::Attribute(attribute) => attribute.fmt(f),
            Self::Dataset(attribute) => write!(f, "datasets.{attribute}"),
        }
    }
}

impl Display for RunAttribute {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::RunId => "run_id",
            Self::RunName => "run_name",
            Self::Status => "status",
            Self::ArtifactUri => "artifact_uri",
            Self::UserId => "user_id",
            Self::StartTime => "start_time",
            Self::EndTime => "end_time",
        })
    }
}

impl Display for DatasetAttribute {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Name => "name",
            Self::Digest => "digest",
            Self::Context => "context",
        })
    }
}

impl Display for ExperimentField {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Attribute(attribute) => attribute.fmt(f),
            Self::Tag(key) => write!(f, "tags.{}", Key(key)),
        }
    }
}

impl Display for ExperimentAttribute {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Name => "name",
            Self::ExperimentId => "experiment_id",
            Self::CreationTime => "creation_time",
            Self::LastUpdateTime => "last_update_time",
        })
    }
}

impl Display for LoggedModelField {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Attribute(attribute) => attribute.fmt(f),
            Self::Metric(key) => write!(f, "metrics.{}", Key(key)),
            Self::Param(key) => write!(f, "params.{}", Key(key)),
            Self::Tag(key) => write!(f, "tags.{}", Key(key)),
        }
    }
}

impl Display for LoggedModelAttribute {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ModelId => "model_id",
            Self::ExperimentId => "experiment_id",
            Self::Name => "name",
            Self::ArtifactLocation => "artifact_location",
            Self::Status => "status",
            Self::StatusMessage => "status_message",
            Self::LifecycleStage => "lifecycle_stage",
            Self::ModelType => "model_type",
            Self::SourceRunId => "source_run_id",
            Self::CreationTime => "creation_timestamp_ms",
            Self::LastUpdatedTime => "last_updated_timestamp_ms",
        })
    }
}

impl Display for RegisteredModelField {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name => f.write_str("name"),
            Self::Tag(key) => write!(f, "tags.{}", Key(key)),
        }
    }
}

impl Display for ModelVersionField {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Attribute(attribute) => attribute.fmt(f),
            Self::Tag(key) => write!(f, "tags.{}", Key(key)),
        }
    }
}

impl Display for ModelVersionAttribute {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Name => "name",
            Self::VersionNumber => "version_number",
            Self::RunId => "run_id",
            Self::SourcePath => "source_path",
        })
    }
}
