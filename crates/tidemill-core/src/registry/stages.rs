//! Stages of versions: the four names, in any case, and archiving on a move.

use crate::{Error, Result};

/// The four stages of a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(i16)]
pub enum Stage {
    /// None yet.
    None = 0,
    /// Being tried.
    Staging = 1,
    /// In use.
    Production = 2,
    /// Put away.
    Archived = 3,
}

impl Stage {
    /// All of them, in MLflow's order.
    pub const ALL: [Self; 4] = [Self::None, Self::Staging, Self::Production, Self::Archived];

    /// The stage with this name, in any case.
    pub fn parse(name: &str) -> Result<Self> {
        Self::ALL
            .into_iter()
            .find(|stage| stage.as_str().to_lowercase() == name.to_lowercase())
            .ok_or_else(|| {
                Error::invalid_parameter(format!(
                    "Invalid Model Version stage: {name}. Value must be one of None, Staging, \
                     Production, Archived."
                ))
            })
    }

    /// The canonical name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "None",
            Self::Staging => "Staging",
            Self::Production => "Production",
            Self::Archived => "Archived",
        }
    }

    /// The stage with this number.
    pub fn from_number(number: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| *stage as i16 == number)
    }

    /// Whether a version that moves here may push the others into the archive.
    pub fn check_archives_others(self) -> Result<()> {
        match self {
            Self::Staging | Self::Production => Ok(()),
            Self::None | Self::Archived => Err(Error::invalid_parameter(format!(
                "Model version transition cannot archive existing model versions because '{}' is \
                 not an Active stage. Valid stages are ['Staging', 'Production']",
                self.as_str()
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_is_known_in_any_case() {
        assert_eq!(Stage::parse("pRODUCTION").unwrap(), Stage::Production);
        assert_eq!(
            Stage::parse("prod").unwrap_err().to_string(),
            "Invalid Model Version stage: prod. Value must be one of None, Staging, Production, \
             Archived."
        );
    }

    #[test]
    fn only_moves_to_staging_and_production_archive_others() {
        assert!(Stage::Staging.check_archives_others().is_ok());
        assert!(Stage::Production.check_archives_others().is_ok());
        assert_eq!(
            Stage::None.check_archives_others().unwrap_err().to_string(),
            "Model version transition cannot archive existing model versions because 'None' is \
             not an Active stage. Valid stages are ['Staging', 'Production']"
        );
    }
}
