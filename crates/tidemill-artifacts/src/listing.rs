//! The entries of a folder, in MLflow's order, however many there are.

use std::time::SystemTime;

/// Most entries given out at once. A larger folder is listed in pages.
pub(crate) const PAGE: usize = 50_000;

/// One file or folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileInfo {
    /// As seen from the repository's root.
    pub path: String,
    /// Whether it is a folder.
    pub is_dir: bool,
    /// In bytes; folders have none.
    pub file_size: Option<u64>,
    /// When a file was written.
    pub changed: Option<SystemTime>,
}

/// Some entries of a folder, sorted by path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// The entries.
    pub files: Vec<FileInfo>,
    /// Where the next page starts, if there is one.
    pub next: Option<String>,
}

/// Keeps the first entries after some path, whatever the order they come in.
///
/// Storages list in orders of their own (`a.txt` before `a/` in S3, any on disk), so the whole
/// folder is looked at for each page; memory is bounded by the page.
pub(crate) struct Collector {
    after: Option<String>,
    limit: usize,
    /// Twice the page at most, in no order.
    smallest: Vec<FileInfo>,
}

impl Collector {
    pub(crate) fn new(after: Option<&str>, limit: usize) -> Self {
        Self {
            after: after.map(str::to_owned),
            limit,
            smallest: Vec::new(),
        }
    }

    pub(crate) fn add(&mut self, entry: FileInfo) {
        if self
            .after
            .as_ref()
            .is_some_and(|after| entry.path <= *after)
        {
            return;
        }
        self.smallest.push(entry);
        if self.smallest.len() > 2 * (self.limit + 1) {
            self.keep_smallest();
        }
    }

    /// A folder may have been found twice: by a blob that stands for it and by its files.
    fn keep_smallest(&mut self) {
        self.smallest.sort_unstable();
        self.smallest.dedup();
        self.smallest.truncate(self.limit + 1);
    }

    pub(crate) fn finish(mut self) -> Listing {
        self.keep_smallest();
        let mut files = self.smallest;
        let more = files.len() > self.limit;
        files.truncate(self.limit);
        let next = files.last().filter(|_| more).map(|last| last.path.clone());
        Listing { files, next }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(after: Option<&str>, limit: usize) -> (Vec<String>, Option<String>) {
        let mut collector = Collector::new(after, limit);
        for path in ["b", "d", "a", "c", "g", "f", "e"] {
            collector.add(FileInfo {
                path: path.into(),
                is_dir: true,
                file_size: None,
                changed: None,
            });
        }
        let listing = collector.finish();
        (
            listing.files.into_iter().map(|f| f.path).collect(),
            listing.next,
        )
    }

    #[test]
    fn entries_are_sorted_and_paged_by_path() {
        assert_eq!(
            listed(Some("c"), 4),
            (vec!["d".into(), "e".into(), "f".into(), "g".into()], None)
        );
        assert_eq!(
            listed(None, 2),
            (vec!["a".into(), "b".into()], Some("b".into()))
        );
        assert_eq!(
            listed(Some("b"), 2),
            (vec!["c".into(), "d".into()], Some("d".into()))
        );
        assert_eq!(listed(Some("f"), 2), (vec!["g".into()], None));
    }
}
