//! Listing of a folder, one page of keys at a time.

use std::mem;

use futures::{StreamExt, TryStreamExt, stream};
use object_store::list::PaginatedListOptions;
use object_store::path::Path as Key;
use object_store::{Error as StoreError, GetOptions, ListResult};
use tidemill_core::Result;
use tidemill_core::artifact_path::ArtifactPath;

use super::errors::{store_error, within};
use super::get::stands_for_a_folder;
use super::{Bucket, Kind, key};
use crate::listing::{Collector, FileInfo, Listing};
use crate::usage::Usage;

/// How many empty blobs are looked at together.
const ASKED_AT_ONCE: usize = 16;

impl Bucket {
    /// The entries of the folder at `path`; none if there is nothing below it. `shown` is how
    /// the caller names that folder.
    pub(crate) async fn list(
        &self,
        path: &ArtifactPath,
        shown: &ArtifactPath,
        mut collector: Collector,
    ) -> Result<Listing> {
        let folder = if path.is_root() {
            String::new()
        } else {
            format!("{path}/")
        };
        let mut add = |entries: &ListResult| collect(entries, &folder, shown, &mut collector);
        within(self.limits.folder, async {
            match self.pages() {
                Some(_) => self.each_page(path, &folder, &mut add).await,
                None => {
                    let prefix = key(path)?;
                    let listed = self.store().list_with_delimiter(Some(&prefix)).await;
                    add(&listed.map_err(|error| store_error(path, error))?);
                    Ok(())
                }
            }
        })
        .await??;
        Ok(collector.finish())
    }

    async fn each_page(
        &self,
        path: &ArtifactPath,
        folder: &str,
        add: &mut impl FnMut(&ListResult),
    ) -> Result<()> {
        let Some(pages) = self.pages() else {
            return Ok(());
        };
        let prefix = (!folder.is_empty()).then_some(folder);
        let mut page_token = None;
        loop {
            let options = PaginatedListOptions {
                delimiter: Some("/".into()),
                page_token,
                ..PaginatedListOptions::default()
            };
            let page = within(self.limits.request, pages.list_paginated(prefix, options)).await?;
            let mut page = page.map_err(|error| store_error(path, error))?;
            if let Kind::Azure(_) = self.kind {
                self.tell_folders(path, &mut page.result).await?;
            }
            add(&page.result);
            page_token = page.page_token;
            if page_token.is_none() {
                return Ok(());
            }
        }
    }
}

impl Bucket {
    /// What is below a folder, a page at a time.
    pub(crate) async fn usage(&self, path: &ArtifactPath) -> Result<Usage> {
        let prefix = key(path)?;
        let store = self.store();
        let mut objects = store.list(Some(&prefix));
        let mut usage = Usage::default();
        while let Some(object) = within(self.limits.request, objects.next()).await? {
            let object = object.map_err(|error| store_error(path, error))?;
            usage.add_file(object.size, Some(object.last_modified.into()));
        }
        Ok(usage)
    }

    /// Takes empty blobs that stand for a folder for what they mean. A listing does not say
    /// which ones do, so each is asked.
    async fn tell_folders(&self, path: &ArtifactPath, page: &mut ListResult) -> Result<()> {
        let objects = mem::take(&mut page.objects);
        let (empty, files): (Vec<_>, Vec<_>) =
            objects.into_iter().partition(|object| object.size == 0);
        page.objects = files;
        let asked = stream::iter(empty).map(|object| async {
            let is_folder = self.is_folder_mark(path, &object.location).await?;
            Ok((object, is_folder))
        });
        let mut answers = asked.buffer_unordered(ASKED_AT_ONCE);
        while let Some((object, is_folder)) = answers.try_next().await? {
            match is_folder {
                true => page.common_prefixes.push(object.location),
                false => page.objects.push(object),
            }
        }
        Ok(())
    }

    async fn is_folder_mark(&self, path: &ArtifactPath, key: &Key) -> Result<bool> {
        let store = self.store();
        let head = store.get_opts(key, GetOptions::new().with_head(true));
        match within(self.limits.request, head).await? {
            Ok(blob) => Ok(stands_for_a_folder(&blob.attributes)),
            // Removed since the page was read.
            Err(StoreError::NotFound { .. }) => Ok(false),
            Err(error) => Err(store_error(path, error)),
        }
    }
}

fn collect(entries: &ListResult, folder: &str, shown: &ArtifactPath, collector: &mut Collector) {
    let named = |key: &Key| {
        // A marker object that stands for the folder itself has no name in it.
        let name = key
            .as_ref()
            .strip_prefix(folder)
            .filter(|name| !name.is_empty())?;
        Some(if shown.is_root() {
            name.to_owned()
        } else {
            format!("{shown}/{name}")
        })
    };
    for prefix in &entries.common_prefixes {
        if let Some(path) = named(prefix) {
            collector.add(FileInfo {
                path,
                is_dir: true,
                file_size: None,
                changed: None,
            });
        }
    }
    for object in &entries.objects {
        if let Some(path) = named(&object.location) {
            collector.add(FileInfo {
                path,
                is_dir: false,
                file_size: Some(object.size),
                changed: Some(object.last_modified.into()),
            });
        }
    }
}
