//! Where artifacts are kept, and streaming in and out of it.
//!
//! A [`Repositories`] is opened once from the operator's settings. It turns a checked
//! [`StorageUri`](tidemill_core::storage_uri::StorageUri) into a [`Repository`], which has one
//! method per use: get, put, list, delete, multipart uploads, presigned links. Bytes only ever
//! pass through in pieces, every wait on a storage is bounded, and a write is seen whole or
//! not at all.
//!
//! Local folders are our own code over `cap-std`, because nothing may follow a link out of a
//! root and an acknowledged write must be on disk; S3, Google Cloud Storage and Azure go
//! through `object_store`.

mod blocking;
mod content_type;
mod disposition;
mod get;
mod listing;
mod local;
mod object;
mod presigned;
mod repositories;
mod repository;
mod settings;
mod spot;
mod usage;

pub use content_type::content_type;
pub use disposition::attachment;
pub use get::{Body, ByteRange, Content, GetOptions, Got, Metadata};
pub use listing::{FileInfo, Listing};
pub use presigned::{
    CompletedPart, MultipartUpload, PartUpload, PresignedUrl, Unfinished, UnfinishedUploads,
    UploadsAfter,
};
pub use repositories::Repositories;
pub use repository::Repository;
pub use settings::{Limits, StorageSettings};
pub use spot::Spot;
pub use usage::Usage;
