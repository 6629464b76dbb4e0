//! The UI from a folder.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use actix_files::NamedFile;
use actix_web::http::header::{
    self, AcceptEncoding, ContentEncoding, Encoding, Header, HeaderValue,
};
use actix_web::{HttpRequest, HttpResponse};

/// The page that everything starts from.
const INDEX: &str = "index.html";
/// Names below this folder have a hash of their content in them.
const HASHED: &str = "static/";

/// MLflow's build of its UI. The files are listed once; a request can name nothing else.
#[derive(Debug, Clone)]
pub struct UiFolder {
    folder: Arc<Path>,
    files: Arc<HashMap<String, UiFile>>,
}

#[derive(Debug)]
struct UiFile {
    path: PathBuf,
    /// The same file compressed, as `tidemill ui install` leaves it. Files of any other folder
    /// are compressed as they are sent.
    compressed: Option<PathBuf>,
}

impl UiFolder {
    /// Lists a folder; it must hold an `index.html`.
    pub fn open(folder: &Path) -> io::Result<Self> {
        let mut paths = Vec::new();
        list(folder, "", &mut paths)?;
        let compressed: HashMap<String, PathBuf> = paths
            .iter()
            .filter_map(|(name, path)| Some((name.strip_suffix(".gz")?.to_owned(), path.clone())))
            .collect();
        let files: HashMap<String, UiFile> = paths
            .into_iter()
            .filter(|(name, _)| !name.ends_with(".gz"))
            .map(|(name, path)| {
                let compressed = compressed.get(&name).cloned();
                (name, UiFile { path, compressed })
            })
            .collect();
        if !files.contains_key(INDEX) {
            return Err(io::Error::new(
                io::ErrorKind::NotFound,
                "there is no index.html in it",
            ));
        }
        Ok(Self {
            folder: folder.into(),
            files: Arc::new(files),
        })
    }

    /// Where the files are.
    pub fn path(&self) -> &Path {
        &self.folder
    }

    pub(super) fn index(&self, request: &HttpRequest) -> HttpResponse {
        self.answer(INDEX, request)
            .unwrap_or_else(|| HttpResponse::NotFound().finish())
    }

    /// The file of that name, or `None` when the folder had none when it was listed, or has
    /// lost it. The index is served by itself only, with its policy.
    pub(super) fn file(&self, name: &str, request: &HttpRequest) -> Option<HttpResponse> {
        match name {
            INDEX => None,
            name => self.answer(name, request),
        }
    }

    fn answer(&self, name: &str, request: &HttpRequest) -> Option<HttpResponse> {
        let file = self.files.get(name)?;
        let compressed = file.compressed.as_ref().filter(|_| takes_gzip(request));
        let opened = match compressed {
            Some(path) => NamedFile::open(path).map(|opened| {
                let plain = actix_files::file_extension_to_mime(extension(name));
                opened
                    .set_content_type(plain)
                    .set_content_encoding(ContentEncoding::Gzip)
            }),
            None => NamedFile::open(&file.path),
        };
        let mut answer = opened
            .ok()?
            .disable_content_disposition()
            .into_response(request);
        let lasts = match name.starts_with(HASHED) {
            true => "public, max-age=31536000, immutable",
            false => "public, max-age=3600",
        };
        let headers = answer.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(lasts));
        headers.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
        Some(answer)
    }
}

fn extension(name: &str) -> &str {
    name.rsplit_once('.').map_or("", |(_, extension)| extension)
}

/// Whether the compressed file may be sent: a range is one of the plain file.
fn takes_gzip(request: &HttpRequest) -> bool {
    !request.headers().contains_key(header::RANGE)
        && AcceptEncoding::parse(request).is_ok_and(|accepted| {
            let offered = [Encoding::gzip(), Encoding::identity()];
            accepted.negotiate(offered.iter()) == Some(Encoding::gzip())
        })
}

fn list(folder: &Path, prefix: &str, into: &mut Vec<(String, PathBuf)>) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        let kind = entry.file_type()?;
        if kind.is_dir() {
            list(&entry.path(), &format!("{prefix}{name}/"), into)?;
        } else if kind.is_file() {
            into.push((format!("{prefix}{name}"), entry.path()));
        }
    }
    Ok(())
}
