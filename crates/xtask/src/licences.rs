//! Every dependency must have a licence from the list in `deny.toml`.
//!
//! `cargo deny` reads the same list and checks advisories as well; it needs the advisory
//! database from the network and minutes to build, so the everyday test is this.

use std::process::Command;

use serde_json::Value;

use crate::step;

/// Fails with the names of the packages whose licence is not on the list.
pub(crate) fn check() -> Result<(), String> {
    let accepted = accepted()?;
    let output = Command::new("cargo")
        .args([
            "metadata",
            "--format-version",
            "1",
            "--all-features",
            "--locked",
        ])
        .current_dir(step::root())
        .output()
        .map_err(|error| format!("cargo metadata cannot be started: {error}"))?;
    let metadata: Value = serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("cargo metadata cannot be read: {error}"))?;
    let packages = metadata["packages"].as_array().cloned().unwrap_or_default();
    let refused: Vec<String> = packages
        .iter()
        .filter(|package| !is_accepted(package["license"].as_str().unwrap_or(""), &accepted))
        .map(|package| format!("{} ({})", package["name"], package["license"]))
        .collect();
    eprintln!(
        "{} packages, {} with a licence that is not accepted",
        packages.len(),
        refused.len()
    );
    match packages.is_empty() || !refused.is_empty() {
        true => Err(format!("licences: {}", refused.join(", "))),
        false => Ok(()),
    }
}

/// The quoted names in the `allow` list of `deny.toml`.
fn accepted() -> Result<Vec<String>, String> {
    let text = std::fs::read_to_string(step::root().join("deny.toml"))
        .map_err(|error| format!("deny.toml cannot be read: {error}"))?;
    let list = text
        .split_once("allow = [")
        .and_then(|(_, rest)| rest.split_once(']'))
        .map(|(list, _)| list)
        .ok_or("deny.toml has no list of allowed licences")?;
    Ok(list
        .split('"')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect())
}

/// Whether some alternative of a licence expression is accepted in all its parts.
fn is_accepted(expression: &str, accepted: &[String]) -> bool {
    let expression = expression.replace('/', " OR ").replace(['(', ')'], " ");
    let on_list = |name: &str| accepted.iter().any(|a| a == name.trim());
    expression
        .split(" AND ")
        .all(|part| part.split(" OR ").any(on_list))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_accepted_alternative_of_each_part_is_enough() {
        let accepted = ["MIT".to_owned(), "Unicode-3.0".to_owned()];
        assert!(is_accepted("MIT OR GPL-3.0", &accepted));
        assert!(is_accepted(
            "(MIT OR Apache-2.0) AND Unicode-3.0",
            &accepted
        ));
        assert!(is_accepted("GPL-2.0/MIT", &accepted));
        assert!(!is_accepted("GPL-2.0-only", &accepted));
        assert!(!is_accepted("", &accepted));
    }
}
