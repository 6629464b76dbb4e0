//! How refusals of the shared syntax are worded: MLflow's parsers differ in that.

use tidemill_core::Error;

use super::python;

/// Whose words to use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wording {
    /// Runs: refused pieces are in quotes.
    Runs,
    /// Experiments and the registry: refused pieces are bare.
    Plain,
    /// Logged models: the whole filter is repeated.
    LoggedModels,
}

impl Wording {
    pub(crate) fn unexpected(self, filter: &str, piece: &str) -> Error {
        let piece = python::clip(piece);
        Error::invalid_parameter(match self {
            Self::Runs => format!("Invalid clause(s) in filter string: '{piece}'"),
            Self::Plain => format!("Invalid clause(s) in filter string: {piece}"),
            Self::LoggedModels => format!(
                "Invalid filter string: {}. Expected a list of comparisons separated by 'AND' \
                 (e.g. 'metrics.loss > 0.1 AND params.lr = 0.01').",
                python::repr(filter)
            ),
        })
    }

    pub(crate) fn blank(self, filter: &str) -> Error {
        match self {
            Self::LoggedModels => self.several(filter),
            Self::Runs | Self::Plain => Error::invalid_parameter(format!(
                "Invalid filter '{}'. Could not be parsed.",
                python::clip(filter)
            )),
        }
    }

    pub(crate) fn several(self, filter: &str) -> Error {
        let filter = python::repr(filter);
        Error::invalid_parameter(match self {
            Self::LoggedModels => {
                format!("Invalid filter string: {filter}. Expected a single SQL expression.")
            }
            Self::Runs | Self::Plain => format!(
                "Search filter contained multiple expression {filter}. \
                 Provide AND-ed expression list."
            ),
        })
    }

    pub(crate) fn left_is_no_name(self, text: &str) -> Error {
        let text = python::clip(text);
        Error::invalid_parameter(match self {
            Self::LoggedModels => format!("Invalid attribute key '{text}' specified."),
            Self::Runs | Self::Plain => {
                format!("Invalid comparison clause. Expected 'Identifier' found '{text}'")
            }
        })
    }
}
