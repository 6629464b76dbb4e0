//! `LIKE` patterns.

/// Whether `pattern` describes all of `text`: `%` stands for any characters, `_` for one.
pub(crate) fn is_like(text: &str, pattern: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    let pattern: Vec<char> = pattern.chars().collect();
    let (mut at, mut wanted) = (0, 0);
    // Where to go on if the text turns out not to match: behind the last `%`, one further.
    let mut retry = None;
    while at < text.len() {
        match pattern.get(wanted) {
            Some('%') => {
                wanted += 1;
                retry = Some((at, wanted));
            }
            Some(&c) if c == '_' || c == text[at] => {
                at += 1;
                wanted += 1;
            }
            _ => {
                let Some((start, behind)) = retry else {
                    return false;
                };
                (at, wanted) = (start + 1, behind);
                retry = Some((at, wanted));
            }
        }
    }
    pattern[wanted..].iter().all(|&c| c == '%')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_stands_for_any_characters_and_underscore_for_one() {
        for pattern in ["abc", "a%", "%c", "%b%", "a_c", "___", "%%", "a%c%", "%_c"] {
            assert!(is_like("abc", pattern), "{pattern}");
        }
        for pattern in ["", "ab", "abcd", "_", "____", "%d", "A%", "a_", "b%"] {
            assert!(!is_like("abc", pattern), "{pattern}");
        }
    }

    #[test]
    fn a_backslash_stands_for_itself() {
        assert!(is_like(r"a\%b", r"a\%b"));
        assert!(!is_like("a%b", r"a\%b"));
    }

    #[test]
    fn characters_count_not_bytes() {
        assert!(is_like("é", "_"));
        assert!(is_like("日本", "__"));
    }

    #[test]
    fn many_wildcards_are_no_burden() {
        assert!(!is_like(
            &"a".repeat(5_000),
            &format!("{}b", "%a".repeat(2_000))
        ));
    }
}
