//! The `Content-Disposition` that makes a browser save an artifact instead of showing it.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use unicode_normalization::UnicodeNormalization;

/// What may stand unescaped in an extended parameter.
const EXTENDED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'!')
    .remove(b'#')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'-')
    .remove(b'.')
    .remove(b'^')
    .remove(b'_')
    .remove(b'`')
    .remove(b'|')
    .remove(b'~');

/// `attachment` with the file's name, and for other scripts a plain form beside the real one.
pub fn attachment(file_name: &str) -> String {
    if file_name.is_ascii() {
        return format!("attachment; filename={}", quoted(file_name));
    }
    let mut plain: String = file_name.nfkd().filter(char::is_ascii).collect();
    if plain.is_empty() {
        plain.push_str("download");
    }
    let extended = utf8_percent_encode(file_name, EXTENDED);
    format!(
        "attachment; filename={}; filename*=UTF-8''{extended}",
        quoted(&plain)
    )
}

fn quoted(value: &str) -> String {
    let is_token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    if !value.is_empty() && value.bytes().all(is_token) {
        return value.to_owned();
    }
    // A control character would end the header; no artifact path has one.
    let printable: String = value.chars().filter(|c| !c.is_control()).collect();
    format!(
        "\"{}\"",
        printable.replace('\\', "\\\\").replace('"', "\\\"")
    )
}

#[cfg(test)]
mod tests {
    use super::attachment;

    #[test]
    fn names_are_quoted_as_mlflow_quotes_them() {
        for (name, header) in [
            ("a.txt", "attachment; filename=a.txt"),
            ("my file.txt", "attachment; filename=\"my file.txt\""),
            ("q\"u.txt", "attachment; filename=\"q\\\"u.txt\""),
            ("a(1).txt", "attachment; filename=\"a(1).txt\""),
            (
                "größe.txt",
                "attachment; filename=groe.txt; filename*=UTF-8''gr%C3%B6%C3%9Fe.txt",
            ),
            (
                "日本語",
                "attachment; filename=download; filename*=UTF-8''%E6%97%A5%E6%9C%AC%E8%AA%9E",
            ),
            (
                "é~!#$&+-.^_`|%",
                "attachment; filename=e~!#$&+-.^_`|%; filename*=UTF-8''%C3%A9~!#$&+-.^_`|%25",
            ),
        ] {
            assert_eq!(attachment(name), header);
        }
    }
}
