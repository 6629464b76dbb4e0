//! Listing of a folder, one page of keys at a time.

use object_store::ListResult;
use object_store::list::PaginatedListOptions;
use tidemill_core::Result;
use tidemill_core::artifact_path::ArtifactPath;

use super::errors::{store_error, within};
use super::{Bucket, key};
use crate::listing::{Collector, FileInfo, Listing};

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
            let page = page.map_err(|error| store_error(path, error))?;
            add(&page.result);
            page_token = page.page_token;
            if page_token.is_none() {
                return Ok(());
            }
        }
    }
}

fn collect(entries: &ListResult, folder: &str, shown: &ArtifactPath, collector: &mut Collector) {
    let named = |key: &object_store::path::Path| {
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
            });
        }
    }
    for object in &entries.objects {
        if let Some(path) = named(&object.location) {
            collector.add(FileInfo {
                path,
                is_dir: false,
                file_size: Some(object.size),
            });
        }
    }
}
