//! Refusals that several entities share, in MLflow's words.

use tidemill_core::Error;

use super::python;

/// Refuses the key of an attribute that there is not.
pub(crate) fn unknown_attribute(key: &str, valid: &[&str]) -> Error {
    Error::invalid_parameter(format!(
        "Invalid attribute key '{}' specified. Valid keys are '{}'",
        python::clip(key),
        python::set(valid)
    ))
}

/// Refuses an operator that a text cannot be compared with.
pub(crate) fn bad_operator(operator: &str, valid: &[&str]) -> Error {
    Error::invalid_parameter(format!(
        "Invalid comparator '{operator}' not one of '{}'",
        python::set(valid)
    ))
}

/// Refuses a value that should have been a text.
pub(crate) fn no_text(what: &str, value: &str) -> Error {
    Error::invalid_parameter(format!(
        "Expected a quoted string value for {what}. Got value {}",
        python::clip(value)
    ))
}

/// Refuses a list for an attribute that takes none.
pub(crate) fn no_list(lists: &[&str]) -> Error {
    Error::invalid_parameter(format!(
        "Only {} attributes support comparison with a list of quoted string values.",
        python::list(lists)
    ))
}
