//! The soft-delete state shared by experiments, runs and logged models.

/// Whether a thing is in use or in the bin. Deleting moves it to the bin; restoring moves it back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LifecycleStage {
    /// In use; the only stage in which it may be written.
    Active,
    /// In the bin; still readable by id.
    Deleted,
}

impl LifecycleStage {
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
    /// Whether a thing in `stage` is seen.
    pub fn shows(self, stage: LifecycleStage) -> bool {
        match self {
            Self::ActiveOnly => stage == LifecycleStage::Active,
            Self::DeletedOnly => stage == LifecycleStage::Deleted,
            Self::All => true,
        }
    }
}
