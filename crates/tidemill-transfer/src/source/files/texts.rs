//! Params and tags: a file each, named for the key, that holds the value.
//!
//! Keys with slashes are files in folders. MLflow refuses to read a thing at all when one of the
//! names could not be a key; here only that file is left out.

use tidemill_core::keys;
use tidemill_core::transfer::Fault;

use super::root::{Entry, Kind, Readable, Root, join};

/// How long a value may be. MLflow's file store has no limit of its own.
const MAX_VALUE: u64 = 16 << 20;
/// How long all values in a folder may be together.
const MAX_VALUES: usize = 256 << 20;

/// What stands in a folder of values, for faults.
pub(super) struct Values<'a> {
    folder: String,
    one: &'static str,
    of: &'a str,
}

impl<'a> Values<'a> {
    /// The values in `folder`; `one` is what one of them is, such as `param`, and `of` whose they
    /// are, such as `run 0123abc`.
    pub(super) fn new(folder: String, one: &'static str, of: &'a str) -> Self {
        Self { folder, one, of }
    }

    /// Every key with its value, by key.
    pub(super) fn read<T>(
        &self,
        root: &Root,
        faults: &mut Vec<Fault>,
        make: impl Fn(String, String) -> T,
    ) -> Vec<T> {
        let mut room = MAX_VALUES;
        self.keys(root, faults)
            .into_iter()
            .filter_map(|key| match self.value(root, &key, &mut room) {
                Ok(value) => Some(make(key, value)),
                Err(why) => {
                    faults.push(self.fault(&key, &why));
                    None
                }
            })
            .collect()
    }

    /// The keys there are, sorted.
    pub(super) fn keys(&self, root: &Root, faults: &mut Vec<Fault>) -> Vec<String> {
        let found = match root.files_below(&self.folder) {
            Ok(found) => found,
            Err(why) => {
                let why = format!("its {}s cannot be read: {why}", self.one);
                faults.push(Fault::new(self.of, why));
                return Vec::new();
            }
        };
        let mut keys: Vec<String> = Vec::with_capacity(found.len());
        for entry in found {
            match checked_key(entry) {
                Ok(key) => keys.push(key),
                Err((name, why)) => faults.push(self.fault(&name, &why)),
            }
        }
        keys.sort();
        keys
    }

    /// One of them is left out.
    pub(super) fn fault(&self, key: &str, why: &str) -> Fault {
        Fault::new(
            self.of,
            format!("its {} '{key}' is left out: {why}", self.one),
        )
    }

    fn value(&self, root: &Root, key: &str, room: &mut usize) -> Readable<String> {
        let value = root.text(&join(&self.folder, key), MAX_VALUE)?;
        match room.checked_sub(value.len()) {
            Some(rest) => *room = rest,
            None => {
                return Err(format!(
                    "all values together have more than {MAX_VALUES} bytes"
                ));
            }
        }
        Ok(value)
    }
}

fn checked_key(entry: Entry) -> Result<String, (String, String)> {
    if let Kind::Odd(why) = entry.kind {
        return Err((entry.name, why.to_owned()));
    }
    match keys::check_name(&entry.name, "name") {
        Ok(()) => Ok(entry.name),
        Err(error) => Err((entry.name, error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use tidemill_core::tags::Tag;

    use super::super::given::{Given, lines};
    use super::*;

    fn read(given: &Given, faults: &mut Vec<Fault>) -> Vec<Tag> {
        let values = Values::new(String::from("tags"), "tag", "run r1");
        values.read(&given.root(), faults, Tag::new)
    }

    #[test]
    fn a_value_is_what_its_file_holds() {
        let given = Given::new();
        given.file("tags/b", "two\r\nlines\n");
        given.file("tags/a/b c/d", "");
        let tags = read(&given, &mut Vec::new());
        assert_eq!(
            tags,
            [Tag::new("a/b c/d", ""), Tag::new("b", "two\r\nlines\n")]
        );
    }

    #[test]
    fn what_cannot_be_a_value_is_a_fault() {
        let given = Given::new();
        given.file("tags/good", "1");
        given.file("tags/b*d", "1");
        given.bytes("tags/binary", b"\x80");
        given.link("good", "tags/link");
        let mut faults = Vec::new();
        assert_eq!(read(&given, &mut faults), [Tag::new("good", "1")]);
        let whys = lines(&faults);
        assert_eq!(whys.len(), 3);
        assert!(whys[0].starts_with("run r1: its tag 'b*d' is left out: Invalid value"));
        assert_eq!(
            whys[1],
            "run r1: its tag 'link' is left out: it is a symlink, and symlinks are not followed"
        );
        assert_eq!(
            whys[2],
            "run r1: its tag 'binary' is left out: it is not UTF-8"
        );
    }

    #[test]
    fn a_huge_value_is_not_read() {
        let given = Given::new();
        given.file("tags/huge", "");
        let file = std::fs::File::options()
            .write(true)
            .open(given.path().join("tags/huge"))
            .unwrap();
        file.set_len(1 << 40).unwrap();
        let mut faults = Vec::new();
        assert_eq!(read(&given, &mut faults), []);
        assert_eq!(
            lines(&faults),
            ["run r1: its tag 'huge' is left out: it has more than 16777216 bytes"]
        );
    }
}
