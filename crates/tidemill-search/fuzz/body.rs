//! What is done with one text, by the fuzzer and by the ordinary tests.

use tidemill_search::{experiments, logged_models, model_versions, registered_models, runs};

/// Parses `text` as everything that it could be.
pub(crate) fn parse_everything(text: &str) {
    let _ = experiments::parse_filter(text);
    let _ = logged_models::parse_filter(text);
    let _ = registered_models::parse_filter(text);
    let _ = model_versions::parse_filter(text);
    let clauses = [text.to_owned()];
    let _ = runs::parse_order_by(&clauses);
    let _ = experiments::parse_order_by(&clauses);
    let _ = registered_models::parse_order_by(&clauses);
    let _ = model_versions::parse_order_by(&clauses);
    // Texts with a backslash, a quote or a backtick inside cannot always be written again.
    if let Ok(filter) = runs::parse_filter(text)
        && !text.contains(['\\', '`'])
        && !(text.contains('\'') && text.contains('"'))
    {
        let printed = filter.to_string();
        let again = runs::parse_filter(&printed).expect("a printed filter parses");
        assert_eq!(again, filter, "{printed}");
    }
}
