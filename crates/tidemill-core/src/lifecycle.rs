//! The soft-delete state shared by experiments, runs and logged models.

/// Whether a thing is in use or in the bin. Deleting moves it to the bin; restoring moves it back.
/// The numbers are those of our tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(i16)]
pub enum LifecycleStage {
    /// In use; the only stage in which it may be written.
    Active = 1,
    /// In the bin; still readable by id.
    Deleted = 2,
}

impl LifecycleStage {
    /// Both of them.
    pub const ALL: [Self; 2] = [Self::Active, Self::Deleted];

    /// The number in our tables of a deleted thing that is being purged. It reads as deleted, is
    /// in no search, and nothing brings it back: its artifacts may be gone already.
    pub const PURGING: i16 = 3;

    /// The stage with this number.
    pub fn from_number(number: i16) -> Option<Self> {
        match number {
            Self::PURGING => Some(Self::Deleted),
            _ => Self::ALL.into_iter().find(|stage| *stage as i16 == number),
        }
    }

    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Deleted => "deleted",
        }
    }
}

/// Which lifecycle stages a search looks at (MLflow's `ViewType`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ViewType {
    /// Only active things; what an unset or unknown view type means.
    #[default]
    ActiveOnly,
    /// Only deleted things.
    DeletedOnly,
    /// Both.
    All,
}

impl ViewType {
    /// The stages that are seen.
    pub fn stages(self) -> &'static [LifecycleStage] {
        match self {
            Self::ActiveOnly => &[LifecycleStage::Active],
            Self::DeletedOnly => &[LifecycleStage::Deleted],
            Self::All => &LifecycleStage::ALL,
        }
    }

    /// Whether a thing in `stage` is seen.
    pub fn shows(self, stage: LifecycleStage) -> bool {
        self.stages().contains(&stage)
    }
}
