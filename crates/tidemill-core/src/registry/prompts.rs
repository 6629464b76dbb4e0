//! Prompts: registered models and versions that carry a tag.

use crate::tags::Tag;

/// The tag that makes a registered model or a version a prompt.
pub const IS_PROMPT: &str = "mlflow.prompt.is_prompt";
/// The tag that holds a prompt version's text.
pub const TEXT: &str = "mlflow.prompt.text";

/// Whether these tags make a prompt: the last value given says "true", in any case.
pub fn is_prompt(tags: &[Tag]) -> bool {
    tags.iter()
        .rev()
        .find(|tag| tag.key == IS_PROMPT)
        .is_some_and(|tag| tag.value.eq_ignore_ascii_case("true"))
}

/// Whether the tag is there at all. That is what counts when a name is taken.
pub fn has_prompt_tag(tags: &[Tag]) -> bool {
    tags.iter().any(|tag| tag.key == IS_PROMPT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_value_decides_whether_it_is_a_prompt() {
        let yes = Tag::new(IS_PROMPT, "TRUE");
        let no = Tag::new(IS_PROMPT, "false");
        assert!(is_prompt(&[no.clone(), yes.clone()]));
        assert!(!is_prompt(&[yes, no.clone()]));
        assert!(has_prompt_tag(&[no]));
        assert!(!is_prompt(&[]));
    }
}
