//! Doubles as Python prints them: the shortest digits that read back as the same number, always
//! with a point or an exponent, an exponent from 1e16 upwards and below 1e-4, of two digits at least.

/// Appends `value`. JSON has no word for NaN and infinity, so protobuf puts them in quotes.
pub(crate) fn write(out: &mut Vec<u8>, value: f64) {
    if !value.is_finite() {
        out.extend_from_slice(not_finite(value));
        return;
    }
    let mut buffer = ryu::Buffer::new();
    let text = buffer.format_finite(value);
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text),
    };
    if let Some((mantissa, exponent)) = digits.split_once('e') {
        out.extend_from_slice(sign.as_bytes());
        write_scientific(out, mantissa, exponent);
    } else if let Some(rest) = digits.strip_prefix("0.0000") {
        out.extend_from_slice(sign.as_bytes());
        write_small(out, rest);
    } else {
        out.extend_from_slice(text.as_bytes());
    }
}

fn not_finite(value: f64) -> &'static [u8] {
    if value.is_nan() {
        b"\"NaN\""
    } else if value > 0.0 {
        b"\"Infinity\""
    } else {
        b"\"-Infinity\""
    }
}

fn write_scientific(out: &mut Vec<u8>, mantissa: &str, exponent: &str) {
    let (sign, exponent) = match exponent.strip_prefix('-') {
        Some(digits) => (b'-', digits),
        None => (b'+', exponent),
    };
    out.extend_from_slice(mantissa.as_bytes());
    out.extend_from_slice(&[b'e', sign]);
    if exponent.len() < 2 {
        out.push(b'0');
    }
    out.extend_from_slice(exponent.as_bytes());
}

/// ryu writes four zeros after the point in full, Python does not.
fn write_small(out: &mut Vec<u8>, digits: &str) {
    let (first, rest) = digits.split_at(1);
    out.extend_from_slice(first.as_bytes());
    if !rest.is_empty() {
        out.push(b'.');
        out.extend_from_slice(rest.as_bytes());
    }
    out.extend_from_slice(b"e-05");
}

#[cfg(test)]
mod tests {
    fn text(value: f64) -> String {
        let mut out = Vec::new();
        super::write(&mut out, value);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn doubles_look_as_in_python() {
        let cases = [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.0, "1.0"),
            (0.1, "0.1"),
            (-2.5, "-2.5"),
            (0.0001, "0.0001"),
            (0.00012, "0.00012"),
            (0.00001, "1e-05"),
            (-0.00001234, "-1.234e-05"),
            (1e-7, "1e-07"),
            (1.5e-10, "1.5e-10"),
            (1e15, "1000000000000000.0"),
            (9999999999999998.0, "9999999999999998.0"),
            (1e16, "1e+16"),
            (1.2345678901234568e17, "1.2345678901234568e+17"),
            (1e22, "1e+22"),
            (1e300, "1e+300"),
            (f64::MAX, "1.7976931348623157e+308"),
            (f64::MIN_POSITIVE, "2.2250738585072014e-308"),
            (5e-324, "5e-324"),
        ];
        for (value, expected) in cases {
            assert_eq!(text(value), expected);
        }
    }

    #[test]
    fn numbers_that_json_lacks_are_strings() {
        assert_eq!(text(f64::NAN), r#""NaN""#);
        assert_eq!(text(f64::INFINITY), r#""Infinity""#);
        assert_eq!(text(f64::NEG_INFINITY), r#""-Infinity""#);
    }
}
