//! Prompts live among registered models and are hidden from searches that do not ask for them.

use tidemill_core::tags::Tag;

use crate::expr::{Comparison, Expr, Test, TextOp};

/// The tag that marks a registered model as a prompt, if its value is `true`.
pub const IS_PROMPT: &str = "mlflow.prompt.is_prompt";

/// Whether a search of the registry sees prompts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prompts {
    /// Left out are registered models with the tag [`IS_PROMPT`] = `true`; and all versions of a
    /// name of which some version has that tag.
    Hidden,
    /// Nothing is left out beyond what the condition says.
    Shown,
}

/// A condition on registered models or model versions.
///
/// MLflow decides by the comparisons of the tag [`IS_PROMPT`] that a filter consists of, those
/// joined by `AND`, with `=`, `!=`, `LIKE` and `ILIKE`. If the first is `= 'true'` or
/// `!= 'false'`, prompts are shown and the comparisons hold like any other. Otherwise prompts
/// stay hidden and the comparisons are dropped. Comparisons that MLflow does not know, with
/// other operators or inside `OR` and `NOT`, always hold like any other; if a filter has only
/// such ones, it speaks about prompts in its own way and nothing is hidden from it.
#[derive(Debug, Clone, PartialEq)]
pub struct RegistryFilter<F> {
    /// Whether prompts are left out before the condition is looked at.
    pub prompts: Prompts,
    /// The condition, without the comparisons that were dropped.
    pub condition: Expr<F>,
}

impl<F> RegistryFilter<F> {
    /// Whether a prompt, or something that is none, gets as far as the condition.
    pub fn sees(&self, is_prompt: bool) -> bool {
        !is_prompt || self.prompts == Prompts::Shown
    }
}

/// Whether something with these tags is a prompt.
pub fn is_prompt(tags: &[Tag]) -> bool {
    tags.iter()
        .any(|tag| tag.key == IS_PROMPT && tag.value == "true")
}

/// Decides whether `condition` sees prompts; `tag` is the key of a field that is a tag.
pub(crate) fn settle<F>(
    condition: Expr<F>,
    tag: impl Fn(&F) -> Option<&String>,
) -> RegistryFilter<F> {
    let is_mark = |field: &F| tag(field).is_some_and(|key| key == IS_PROMPT);
    let conjuncts = match condition {
        Expr::All(parts) => parts,
        other => vec![other],
    };
    let decisions = conjuncts.iter().filter_map(|part| decision(part, &is_mark));
    let prompts = match decisions.into_iter().next() {
        Some(decided) => decided,
        None if conjuncts.iter().any(|part| part.mentions(&is_mark)) => Prompts::Shown,
        None => Prompts::Hidden,
    };
    let keep = |part: &Expr<F>| prompts == Prompts::Shown || decision(part, &is_mark).is_none();
    let mut kept: Vec<_> = conjuncts.into_iter().filter(keep).collect();
    let condition = match kept.pop() {
        Some(only) if kept.is_empty() => only,
        last => {
            kept.extend(last);
            Expr::All(kept)
        }
    };
    RegistryFilter { prompts, condition }
}

/// What a comparison of the mark decides, if it is one that MLflow knows.
fn decision<F>(part: &Expr<F>, is_mark: &impl Fn(&F) -> bool) -> Option<Prompts> {
    let Expr::Compare(Comparison {
        field,
        test: Test::Text(operator, value),
    }) = part
    else {
        return None;
    };
    let asks = match operator {
        TextOp::Eq => value.eq_ignore_ascii_case("true"),
        TextOp::Ne => value.eq_ignore_ascii_case("false"),
        TextOp::Like | TextOp::ILike => false,
    };
    is_mark(field).then_some(if asks {
        Prompts::Shown
    } else {
        Prompts::Hidden
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registered_models::parse_filter;

    fn settled(filter: &str) -> (Prompts, String) {
        let filter = parse_filter(filter).unwrap();
        (filter.prompts, filter.condition.to_string())
    }

    #[test]
    fn prompts_are_hidden_from_filters_that_do_not_mention_them() {
        assert_eq!(settled("").0, Prompts::Hidden);
        assert_eq!(settled("name = 'a'").0, Prompts::Hidden);
    }

    #[test]
    fn asking_for_prompts_shows_them_and_stays_a_condition() {
        for filter in ["= 'true'", "= 'TRUE'", "!= 'false'"] {
            let filter = format!("tags.`mlflow.prompt.is_prompt` {filter}");
            assert_eq!(settled(&filter), (Prompts::Shown, filter));
        }
    }

    #[test]
    fn any_other_comparison_of_mlflow_is_dropped() {
        for filter in ["= 'false'", "!= 'true'", "LIKE 'true'", "ILIKE 'true'"] {
            let filter = format!("name = 'a' AND tags.`mlflow.prompt.is_prompt` {filter}");
            assert_eq!(settled(&filter), (Prompts::Hidden, "name = 'a'".to_owned()));
        }
    }

    #[test]
    fn the_first_comparison_decides_for_all() {
        let mark = |test: &str| format!("tags.`mlflow.prompt.is_prompt` {test}");
        let hidden = format!("{} AND {}", mark("= 'false'"), mark("= 'true'"));
        assert_eq!(settled(&hidden), (Prompts::Hidden, String::new()));
        let shown = format!("{} AND {}", mark("= 'true'"), mark("= 'false'"));
        assert_eq!(settled(&shown), (Prompts::Shown, shown));
    }

    #[test]
    fn what_mlflow_does_not_know_holds_like_any_other_condition() {
        for filter in [
            "name = 'a' OR tags.`mlflow.prompt.is_prompt` = 'false'",
            "NOT tags.`mlflow.prompt.is_prompt` = 'true'",
            "tags.`mlflow.prompt.is_prompt` IS NULL",
        ] {
            assert_eq!(settled(filter), (Prompts::Shown, filter.to_owned()));
        }
    }
}
