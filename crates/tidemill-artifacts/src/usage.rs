//! How much a folder holds.

use std::time::SystemTime;

/// What is in a folder, with everything below it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Files, and links, which are not followed.
    pub files: u64,
    /// What the files hold.
    pub bytes: u64,
    /// When anything in it was last changed.
    pub newest: Option<SystemTime>,
}

impl Usage {
    /// Counts one more file.
    pub(crate) fn add_file(&mut self, bytes: u64, changed: Option<SystemTime>) {
        self.files += 1;
        self.bytes += bytes;
        self.saw(changed);
    }

    /// Notes when something was changed.
    pub(crate) fn saw(&mut self, changed: Option<SystemTime>) {
        self.newest = self.newest.max(changed);
    }
}

impl std::ops::AddAssign for Usage {
    fn add_assign(&mut self, other: Self) {
        self.files += other.files;
        self.bytes += other.bytes;
        self.saw(other.newest);
    }
}
