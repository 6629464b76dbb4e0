//! The one error of the domain.
//!
//! Each variant means something different to the caller, and the API turns each
//! into exactly one MLflow error code and HTTP status. Messages are for clients,
//! in MLflow's words where people match on them; only [`Error::Internal`] carries
//! a source, which goes to the log and never to a client.

use std::error::Error as StdError;

/// Shorthand for results of domain operations.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What can go wrong, by what it means to the caller.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A value in the request breaks a rule (`INVALID_PARAMETER_VALUE`, 400).
    #[error("{0}")]
    InvalidParameter(String),
    /// A name in the request stands for no attribute (`INVALID_PARAMETER_VALUE`, 400, of a class
    /// of its own).
    #[error("{0}")]
    UnknownAttribute(String),
    /// The request is well formed but conflicts with what is stored (`BAD_REQUEST`, 400).
    #[error("{0}")]
    BadRequest(String),
    /// The thing named does not exist (`RESOURCE_DOES_NOT_EXIST`, 404).
    #[error("{0}")]
    NotFound(String),
    /// No such route (`ENDPOINT_NOT_FOUND`, 404).
    #[error("{0}")]
    EndpointNotFound(String),
    /// The thing to create exists (`RESOURCE_ALREADY_EXISTS`, 400).
    #[error("{0}")]
    AlreadyExists(String),
    /// Something that may happen once at a time is under way (`RESOURCE_CONFLICT`, 409).
    #[error("{0}")]
    Conflict(String),
    /// The thing named is in a state that forbids the operation (`INVALID_STATE`, 500).
    #[error("{0}")]
    InvalidState(String),
    /// Nobody is known to be calling (`UNAUTHENTICATED`, 401).
    #[error("{0}")]
    Unauthenticated(String),
    /// The caller may not do this (`PERMISSION_DENIED`, 403).
    #[error("{0}")]
    PermissionDenied(String),
    /// The body is larger than the route accepts (`INVALID_PARAMETER_VALUE`, 413).
    #[error("{0}")]
    TooLarge(String),
    /// This server or storage cannot do this (`NOT_IMPLEMENTED`, 501).
    #[error("{0}")]
    NotImplemented(String),
    /// The feature is switched off (`FEATURE_DISABLED`, 500).
    #[error("{0}")]
    FeatureDisabled(String),
    /// Something needed is busy or away; trying again may help (`TEMPORARILY_UNAVAILABLE`, 503).
    #[error("{0}")]
    Unavailable(String),
    /// A fault of ours or of something below us (`INTERNAL_ERROR`, 500).
    #[error("internal error")]
    Internal {
        /// What happened, for the log only.
        source: Box<dyn StdError + Send + Sync>,
    },
}

macro_rules! constructors {
    ($($(#[$doc:meta])* $name:ident => $variant:ident;)*) => {
        impl Error {
            $($(#[$doc])*
            pub fn $name(message: impl Into<String>) -> Self {
                Self::$variant(message.into())
            })*
        }
    };
}

constructors! {
    /// A value in the request breaks a rule.
    invalid_parameter => InvalidParameter;
    /// A name in the request stands for no attribute.
    unknown_attribute => UnknownAttribute;
    /// The request conflicts with what is stored.
    bad_request => BadRequest;
    /// The thing named does not exist.
    not_found => NotFound;
    /// The thing to create exists.
    already_exists => AlreadyExists;
    /// Something that may happen once at a time is under way.
    conflict => Conflict;
    /// The thing named is in a state that forbids the operation.
    invalid_state => InvalidState;
    /// This server or storage cannot do this.
    not_implemented => NotImplemented;
    /// Something needed is busy or away.
    unavailable => Unavailable;
}

impl Error {
    /// A fault of ours or of something below us; `source` is for the log.
    pub fn internal(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::Internal {
            source: source.into(),
        }
    }

    /// What happened, with the reason that clients are not told: for whoever runs a command.
    pub fn in_words(&self) -> String {
        match self {
            Self::Internal { source } => source.to_string(),
            error => error.to_string(),
        }
    }
}
