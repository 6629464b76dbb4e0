//! Prompts live among registered models and are hidden from searches that do not ask for them.

use crate::expr::Expr;

/// The tag that marks a registered model as a prompt, if its value is `true`.
pub const IS_PROMPT: &str = "mlflow.prompt.is_prompt";

/// Whether a search of the registry sees prompts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prompts {
    /// Registered models with the tag [`IS_PROMPT`] = `true`, and versions of them that carry
    /// that tag anywhere in the model, are left out.
    Hidden,
    /// Nothing is left out beyond what the condition says.
    Shown,
}

/// A condition on registered models or model versions.
#[derive(Debug, Clone, PartialEq)]
pub struct RegistryFilter<F> {
    /// Whether prompts are left out before the condition is looked at.
    pub prompts: Prompts,
    /// The condition, without the comparisons that only say that prompts stay hidden.
    pub condition: Expr<F>,
}
