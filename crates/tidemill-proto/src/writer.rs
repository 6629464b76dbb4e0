use crate::double;

/// A message that can be written as MLflow's JSON.
pub trait EncodeJson {
    /// Writes `self` as one JSON value.
    fn encode_json(&self, out: &mut JsonWriter);
}

/// The JSON text of a message.
pub fn to_json(message: &impl EncodeJson) -> Vec<u8> {
    let mut out = JsonWriter::new();
    message.encode_json(&mut out);
    out.into_bytes()
}

/// Writes compact JSON straight into a buffer, and puts the commas in by itself.
///
/// Large answers can be written with it from whatever the rows are, without building messages:
///
/// ```
/// # use tidemill_proto::JsonWriter;
/// let mut out = JsonWriter::new();
/// out.begin_object();
/// out.key("metrics").begin_array();
/// for (step, value) in [(0, 0.5), (1, 0.25)] {
///     out.begin_object();
///     out.key("value").double(value);
///     out.key("step").int(step);
///     out.end_object();
/// }
/// out.end_array();
/// out.end_object();
/// assert_eq!(
///     out.into_bytes(),
///     br#"{"metrics":[{"value":0.5,"step":0},{"value":0.25,"step":1}]}"#
/// );
/// ```
///
/// Keys, values and brackets must come in an order that makes sense; that is not checked.
#[derive(Debug, Default)]
pub struct JsonWriter {
    text: Vec<u8>,
}

impl JsonWriter {
    /// An empty document.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty document with room for `bytes`.
    pub fn with_capacity(bytes: usize) -> Self {
        Self {
            text: Vec::with_capacity(bytes),
        }
    }

    /// The document. It is ASCII only.
    pub fn into_bytes(self) -> Vec<u8> {
        self.text
    }

    /// What has been written so far, but for the last byte, which decides whether a comma comes
    /// next. More can be written.
    pub fn take_written(&mut self) -> Vec<u8> {
        let room = Vec::with_capacity(self.text.capacity());
        let mut written = std::mem::replace(&mut self.text, room);
        self.text.extend(written.pop());
        written
    }

    /// How many bytes have been written.
    pub fn len(&self) -> usize {
        self.text.len()
    }

    /// Whether nothing has been written yet.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Opens an object.
    pub fn begin_object(&mut self) {
        self.separate();
        self.text.push(b'{');
    }

    /// Closes the object that was opened last.
    pub fn end_object(&mut self) {
        self.text.push(b'}');
    }

    /// Opens an array.
    pub fn begin_array(&mut self) {
        self.separate();
        self.text.push(b'[');
    }

    /// Closes the array that was opened last.
    pub fn end_array(&mut self) {
        self.text.push(b']');
    }

    /// A field name of ours, which needs no escapes. The value comes next.
    pub fn key(&mut self, name: &'static str) -> &mut Self {
        debug_assert!(name.bytes().all(is_plain));
        self.separate();
        self.text.push(b'"');
        self.text.extend_from_slice(name.as_bytes());
        self.text.extend_from_slice(b"\":");
        self
    }

    /// A key that is data. The value comes next.
    pub fn text_key(&mut self, name: &str) -> &mut Self {
        self.string(name);
        self.text.push(b':');
        self
    }

    /// A string; whatever is not printable ASCII is escaped.
    pub fn string(&mut self, value: &str) {
        self.separate();
        self.text.push(b'"');
        self.write_escaped(value);
        self.text.push(b'"');
    }

    /// An integer, also above 2^53.
    pub fn int(&mut self, value: i64) {
        self.separate();
        let mut buffer = itoa::Buffer::new();
        self.text.extend_from_slice(buffer.format(value).as_bytes());
    }

    /// A double as Python prints it; NaN and the infinities become strings.
    pub fn double(&mut self, value: f64) {
        self.separate();
        double::write(&mut self.text, value);
    }

    /// A number as Python's own `json` module writes it: NaN is the bare token, which strict
    /// JSON does not know. `metrics/get-history-bulk` answers so.
    pub fn python_double(&mut self, value: f64) {
        match value.is_nan() {
            true => {
                self.separate();
                self.text.extend_from_slice(b"NaN");
            }
            false => self.double(value),
        }
    }

    /// `true` or `false`.
    pub fn bool(&mut self, value: bool) {
        self.separate();
        self.text
            .extend_from_slice(if value { b"true" } else { b"false" });
    }

    /// `null`, which no message contains.
    pub(crate) fn null(&mut self) {
        self.separate();
        self.text.extend_from_slice(b"null");
    }

    /// The last byte tells whether a comma is due: strings end in a quote, so an opening bracket
    /// or a colon at the end can only be structure.
    fn separate(&mut self) {
        if !matches!(self.text.last(), None | Some(b'{' | b'[' | b':')) {
            self.text.push(b',');
        }
    }

    fn write_escaped(&mut self, mut rest: &str) {
        // Most texts need no escapes. Looking at every byte, without stopping at the first that
        // is not plain, takes many at a time.
        let is_plain_text = rest
            .bytes()
            .fold(true, |plain, byte| plain & is_plain(byte));
        if is_plain_text {
            self.text.extend_from_slice(rest.as_bytes());
            return;
        }
        while let Some(plain) = rest.bytes().position(|byte| !is_plain(byte)) {
            let (before, after) = rest.split_at(plain);
            self.text.extend_from_slice(before.as_bytes());
            let mut letters = after.chars();
            if let Some(letter) = letters.next() {
                self.write_escape(letter);
            }
            rest = letters.as_str();
        }
        self.text.extend_from_slice(rest.as_bytes());
    }

    fn write_escape(&mut self, letter: char) {
        match letter {
            '"' => self.text.extend_from_slice(b"\\\""),
            '\\' => self.text.extend_from_slice(b"\\\\"),
            '\n' => self.text.extend_from_slice(b"\\n"),
            '\r' => self.text.extend_from_slice(b"\\r"),
            '\t' => self.text.extend_from_slice(b"\\t"),
            '\u{8}' => self.text.extend_from_slice(b"\\b"),
            '\u{c}' => self.text.extend_from_slice(b"\\f"),
            _ => {
                for unit in letter.encode_utf16(&mut [0; 2]) {
                    self.write_hex(*unit);
                }
            }
        }
    }

    fn write_hex(&mut self, unit: u16) {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let digit = |shift: u32| DIGITS[usize::from((unit >> shift) & 0xf)];
        let escape = [b'\\', b'u', digit(12), digit(8), digit(4), digit(0)];
        self.text.extend_from_slice(&escape);
    }
}

fn is_plain(byte: u8) -> bool {
    matches!(byte, b' '..=b'~') & (byte != b'"') & (byte != b'\\')
}

#[cfg(test)]
mod tests {
    use super::JsonWriter;

    fn string(value: &str) -> String {
        let mut out = JsonWriter::new();
        out.string(value);
        String::from_utf8(out.into_bytes()).unwrap()
    }

    #[test]
    fn text_is_ascii_with_pythons_escapes() {
        assert_eq!(string("a/b ~"), r#""a/b ~""#);
        assert_eq!(string("\"\\\n\r\t\u{8}\u{c}"), r#""\"\\\n\r\t\b\f""#);
        assert_eq!(string("\0\u{1f}\u{7f}"), r#""\u0000\u001f\u007f""#);
        assert_eq!(string("é€"), r#""\u00e9\u20ac""#);
        assert_eq!(string("x😀y"), r#""x\ud83d\ude00y""#);
    }

    #[test]
    fn text_that_ends_like_structure_still_gets_its_comma() {
        let mut out = JsonWriter::new();
        out.begin_array();
        for value in ["{", "[", ":", ""] {
            out.string(value);
        }
        out.int(i64::MIN);
        out.bool(true);
        out.end_array();
        assert_eq!(
            out.into_bytes(),
            br#"["{","[",":","",-9223372036854775808,true]"#
        );
    }

    #[test]
    fn a_document_can_be_taken_in_pieces() {
        let mut out = JsonWriter::new();
        let mut pieces = Vec::new();
        out.begin_array();
        for number in 0..3 {
            pieces.extend(out.take_written());
            out.int(number);
        }
        pieces.extend(out.take_written());
        out.end_array();
        pieces.extend(out.into_bytes());
        assert_eq!(pieces, b"[0,1,2]");
    }

    #[test]
    fn keys_that_are_data_are_escaped() {
        let mut out = JsonWriter::new();
        out.begin_object();
        out.text_key("a\"b").string("1");
        out.text_key("c").begin_object();
        out.end_object();
        out.end_object();
        assert_eq!(out.into_bytes(), br#"{"a\"b":"1","c":{}}"#);
    }
}
