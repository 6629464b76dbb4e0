//! How many results a page may have, in MLflow's words.

use tidemill_core::{Error, Result};

/// The most experiments or runs in a page.
const MOST: i64 = 50_000;

/// The page size of `experiments/search` and `runs/search`.
pub(crate) fn page_size(max_results: i64) -> Result<i64> {
    let refused = |rule: String| {
        Error::invalid_parameter(format!(
            "Invalid value {max_results} for parameter 'max_results' supplied. It must be {rule}"
        ))
    };
    match max_results {
        ..=0 => Err(refused(String::from("a positive integer"))),
        1..=MOST => Ok(max_results),
        _ => Err(refused(format!("at most {MOST}"))),
    }
}

/// The error of the two registry searches for a page that is too large.
pub(crate) fn registry_page_too_large(most: i64, max_results: i64) -> Error {
    Error::invalid_parameter(format!(
        "Invalid value for request parameter max_results. It must be at most {most}, but got value {max_results}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_at_least_one_and_at_most_fifty_thousand_results() {
        assert_eq!(page_size(1).unwrap(), 1);
        assert_eq!(page_size(50_000).unwrap(), 50_000);
        assert_eq!(
            page_size(0).unwrap_err().to_string(),
            "Invalid value 0 for parameter 'max_results' supplied. It must be a positive integer"
        );
        assert_eq!(
            page_size(50_001).unwrap_err().to_string(),
            "Invalid value 50001 for parameter 'max_results' supplied. It must be at most 50000"
        );
    }
}
