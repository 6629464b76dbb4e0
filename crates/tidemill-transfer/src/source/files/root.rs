//! The store's folder, as far as it may be read.
//!
//! Paths are relative to it and written with slashes. No symlink is followed, no pipe is waited
//! for, and no file is read beyond a limit that the caller names.

use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use cap_fs_ext::{FollowSymlinks, OpenOptionsFollowExt, OpenOptionsSyncExt};
use cap_std::ambient_authority;
use cap_std::fs::{Dir, DirEntry, File, FileType, MetadataExt, OpenOptions};

/// How deep folders may lie in each other: a key of 250 characters has no more slashes.
const MAX_DEPTH: usize = 128;

/// What could be read, or in words why it could not.
pub(super) type Readable<T> = Result<T, String>;

/// The opened folder.
pub(super) struct Root {
    dir: Dir,
    path: PathBuf,
}

/// What stands at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A folder.
    Folder,
    /// A file.
    File,
    /// Something that is never read, and why.
    Odd(&'static str),
}

/// Something in a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// Its name; below a folder that was walked, its path from there.
    pub(super) name: String,
    /// What it is.
    pub(super) kind: Kind,
}

/// How a file was last written.
pub(super) struct Stamp {
    /// Bytes.
    pub(super) size: u64,
    /// Seconds since the epoch and nanoseconds.
    pub(super) modified: (i64, i64),
}

impl Root {
    /// Opens the folder; the path to it may have symlinks.
    pub(super) fn open(path: &Path) -> std::io::Result<Self> {
        let path = path.canonicalize()?;
        let dir = Dir::open_ambient_dir(&path, ambient_authority())?;
        Ok(Self { dir, path })
    }

    /// Where it is, without symlinks.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// What stands at `path`, if anything does.
    pub(super) fn kind(&self, path: &str) -> Readable<Option<Kind>> {
        match self.dir.symlink_metadata(path) {
            Ok(metadata) => Ok(Some(kind_of(metadata.file_type()))),
            Err(error) if is_absence(&error) => Ok(None),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Whether there is a folder at `path`.
    pub(super) fn has_folder(&self, path: &str) -> bool {
        self.kind(path) == Ok(Some(Kind::Folder))
    }

    /// Whether there is anything at `path`.
    pub(super) fn has(&self, path: &str) -> bool {
        self.kind(path) != Ok(None)
    }

    /// What is in the folder at `path`, by name; the empty path is the root.
    pub(super) fn list(&self, path: &str) -> Readable<Vec<Entry>> {
        let entries = match path {
            "" => self.dir.entries(),
            path => self.dir.read_dir(path),
        };
        let mut entries: Vec<Entry> = entries
            .and_then(|entries| entries.map(|entry| entry.and_then(entry_of)).collect())
            .map_err(|error| error.to_string())?;
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(entries)
    }

    /// Like [`Root::list`]; where there is no folder, there is nothing in it.
    pub(super) fn list_if_there(&self, path: &str) -> Readable<Vec<Entry>> {
        match self.kind(path)? {
            None => Ok(Vec::new()),
            Some(Kind::Folder) => self.list(path),
            Some(Kind::File) => Err(String::from("it is a file and not a folder")),
            Some(Kind::Odd(why)) => Err(why.to_owned()),
        }
    }

    /// Everything below the folder at `path` but folders, by its path from there. Nothing if
    /// there is no such folder.
    pub(super) fn files_below(&self, path: &str) -> Readable<Vec<Entry>> {
        let mut found = Vec::new();
        self.walk(path, "", MAX_DEPTH, &mut found)?;
        Ok(found)
    }

    fn walk(&self, top: &str, below: &str, depth: usize, found: &mut Vec<Entry>) -> Readable<()> {
        if depth == 0 {
            return Err(format!("its folders are more than {MAX_DEPTH} deep"));
        }
        for entry in self.list_if_there(&join(top, below))? {
            let name = join(below, &entry.name);
            match entry.kind {
                Kind::Folder => self.walk(top, &name, depth - 1, found)?,
                kind => found.push(Entry { name, kind }),
            }
        }
        Ok(())
    }

    /// The text of the file at `path`, which may have `limit` bytes.
    pub(super) fn text(&self, path: &str, limit: u64) -> Readable<String> {
        let mut bytes = Vec::new();
        self.file(path)?
            .take(limit + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| error.to_string())?;
        if bytes.len() as u64 > limit {
            return Err(format!("it has more than {limit} bytes"));
        }
        String::from_utf8(bytes).map_err(|_| String::from("it is not UTF-8"))
    }

    /// The file at `path`, to be read.
    pub(super) fn file(&self, path: &str) -> Readable<File> {
        let mut options = OpenOptions::new();
        options.read(true).follow(FollowSymlinks::No).nonblock(true);
        if let Some(Kind::Odd(why)) = self.kind(path)? {
            return Err(why.to_owned());
        }
        let file = self
            .dir
            .open_with(path, &options)
            .map_err(|error| error.to_string())?;
        match file.metadata() {
            Ok(metadata) if metadata.is_file() => Ok(file),
            Ok(_) => Err(String::from("it is not a file")),
            Err(error) => Err(error.to_string()),
        }
    }

    /// How the file at `path` was last written.
    pub(super) fn stamp(&self, path: &str) -> Readable<Stamp> {
        let metadata = self
            .dir
            .symlink_metadata(path)
            .map_err(|error| error.to_string())?;
        Ok(Stamp {
            size: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
        })
    }
}

/// `child` below `parent`, either of which may be empty.
pub(super) fn join(parent: &str, child: &str) -> String {
    match (parent, child) {
        ("", path) | (path, "") => path.to_owned(),
        (parent, child) => format!("{parent}/{child}"),
    }
}

/// There is nothing at the path, or a file where it goes on.
fn is_absence(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

fn entry_of(entry: DirEntry) -> std::io::Result<Entry> {
    let kind = kind_of(entry.file_type()?);
    let name = entry.file_name();
    Ok(match name.to_str() {
        Some(name) => Entry {
            name: name.to_owned(),
            kind,
        },
        None => Entry {
            name: name.to_string_lossy().into_owned(),
            kind: Kind::Odd("its name is not UTF-8"),
        },
    })
}

fn kind_of(file_type: FileType) -> Kind {
    if file_type.is_dir() {
        Kind::Folder
    } else if file_type.is_file() {
        Kind::File
    } else if file_type.is_symlink() {
        Kind::Odd("it is a symlink, and symlinks are not followed")
    } else {
        Kind::Odd("it is neither a file nor a folder")
    }
}

#[cfg(test)]
mod tests {
    use super::super::given::Given;
    use super::*;

    #[test]
    fn a_symlink_is_not_followed() {
        let given = Given::new();
        given.file("a/secret", "text");
        given.link("secret", "a/link");
        let root = given.root();
        assert_eq!(
            root.text("a/link", 10),
            Err(String::from(
                "it is a symlink, and symlinks are not followed"
            ))
        );
        let kinds: Vec<bool> = root
            .list("a")
            .unwrap()
            .iter()
            .map(|entry| matches!(entry.kind, Kind::Odd(_)))
            .collect();
        assert_eq!(kinds, [true, false]);
    }

    #[test]
    fn a_folder_behind_a_symlink_out_of_the_store_is_out_of_reach() {
        let outside = Given::new();
        outside.file("x", "secret");
        let given = Given::new();
        given.link(outside.path().to_str().unwrap(), "out");
        assert!(given.root().text("out/x", 10).is_err());
    }

    #[test]
    fn what_is_too_long_or_no_text_is_refused() {
        let given = Given::new();
        given.file("long", "12345");
        given.bytes("binary", b"\xff\xfe");
        let root = given.root();
        assert_eq!(root.text("long", 5).as_deref(), Ok("12345"));
        assert_eq!(
            root.text("long", 4),
            Err(String::from("it has more than 4 bytes"))
        );
        assert_eq!(root.text("binary", 9), Err(String::from("it is not UTF-8")));
    }

    #[test]
    fn files_are_found_in_folders_of_folders() {
        let given = Given::new();
        for path in ["t/b", "t/a/x/y", "t/a/z"] {
            given.file(path, "");
        }
        let names: Vec<String> = given
            .root()
            .files_below("t")
            .unwrap()
            .into_iter()
            .map(|entry| entry.name)
            .collect();
        assert_eq!(names, ["a/x/y", "a/z", "b"]);
        assert_eq!(given.root().files_below("none"), Ok(vec![]));
    }

    #[test]
    fn folders_do_not_go_down_for_ever() {
        let given = Given::new();
        given.file(&format!("t/{}x", "d/".repeat(200)), "");
        let refused = given.root().files_below("t").unwrap_err();
        assert_eq!(refused, "its folders are more than 128 deep");
    }
}
