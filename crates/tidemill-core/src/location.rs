//! Appending to artifact locations.

/// `child` below `root`, where `root` is a path or a URI that may have a query, which stays
/// at the end: MLflow keeps credentials of some storages there.
pub fn append(root: &str, child: &str) -> String {
    let (path, query) = match root.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (root, None),
    };
    let slash = if path.is_empty() || path.ends_with('/') {
        ""
    } else {
        "/"
    };
    match query {
        Some(query) => format!("{path}{slash}{child}?{query}"),
        None => format!("{path}{slash}{child}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_goes_before_the_query_and_after_one_slash() {
        assert_eq!(append("mlflow-artifacts:/", "1"), "mlflow-artifacts:/1");
        assert_eq!(append("s3://b/p", "1"), "s3://b/p/1");
        assert_eq!(append("s3://b/p?k=v", "1"), "s3://b/p/1?k=v");
    }
}
