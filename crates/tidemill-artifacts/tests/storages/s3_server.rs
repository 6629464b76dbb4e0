//! An S3 server in this process, on a folder that goes when the process does.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::{DateTime, SecondsFormat, Utc};
use hyper::body::Incoming;
use hyper::service::{Service, service_fn};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use tokio::net::TcpListener;

use crate::google_links;

pub(crate) const KEY_ID: &str = "tidemill";
pub(crate) const SECRET: &str = "tidemill-secret";

/// The one that most tests share.
pub(crate) fn shared() -> &'static S3Server {
    static SHARED: OnceLock<S3Server> = OnceLock::new();
    SHARED.get_or_init(S3Server::start)
}

/// One that stands in for Google's: its XML API, which `object_store` uses, is S3's in all but
/// how requests are signed.
pub(crate) fn google() -> &'static S3Server {
    static GOOGLE: OnceLock<S3Server> = OnceLock::new();
    GOOGLE.get_or_init(|| S3Server::start_with(None))
}

/// A server with an empty bucket, `tidemill`.
pub(crate) struct S3Server {
    pub(crate) url: String,
    folder: tempfile::TempDir,
}

impl S3Server {
    pub(crate) fn start() -> Self {
        Self::start_with(Some(SimpleAuth::from_single(KEY_ID, SECRET)))
    }

    fn start_with(auth: Option<SimpleAuth>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let files = s3s_fs::FileSystem::new(folder.path()).unwrap();
        let shelf = folder.path().to_owned();
        std::thread::spawn(|| {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            runtime.block_on(serve(listener, files, shelf, auth));
        });

        let server = Self { url, folder };
        server.make_bucket("tidemill");
        server
    }

    /// Makes a bucket. It looks at all of a bucket for each list, and fails when a file goes
    /// meanwhile: tests that write beside each other have one each.
    pub(crate) fn make_bucket(&self, name: &str) {
        std::fs::create_dir(self.folder.path().join(name)).unwrap();
    }

    /// Makes unfinished uploads look this old.
    pub(crate) fn age_uploads(&self, age: Duration) {
        for (_, _, path) in unfinished(self.folder.path()) {
            let file = std::fs::File::open(path).unwrap();
            file.set_modified(SystemTime::now() - age).unwrap();
        }
    }

    /// Unfinished multipart uploads and their parts, which it keeps beside the buckets.
    pub(crate) fn unfinished(&self) -> usize {
        let names = std::fs::read_dir(self.folder.path()).unwrap();
        let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.starts_with(".upload")).count()
    }
}

async fn serve(
    listener: std::net::TcpListener,
    files: s3s_fs::FileSystem,
    shelf: PathBuf,
    auth: Option<SimpleAuth>,
) {
    listener.set_nonblocking(true).unwrap();
    let listener = TcpListener::from_std(listener).unwrap();
    let is_google = auth.is_none();
    let mut service = S3ServiceBuilder::new(files);
    if let Some(auth) = auth {
        service.set_auth(auth);
    }
    let service = service.build();
    loop {
        let (socket, _) = listener.accept().await.unwrap();
        let (service, shelf) = (service.clone(), shelf.clone());
        let service = service_fn(move |request: Request<Incoming>| {
            let (service, shelf) = (service.clone(), shelf.clone());
            async move {
                let request = match is_google {
                    true => google_links::admitted(request),
                    false => Some(request),
                };
                let Some(request) = request else {
                    return Ok(refusal());
                };
                let asked = asks_for_uploads(&request);
                let answer = Service::call(&service, request).await;
                match (asked, answer) {
                    // It has looked at the signature, and has no such list itself.
                    (Some(prefix), Ok(answer)) if answer.status() == 501 => {
                        Ok(list_of_uploads(&shelf, &prefix))
                    }
                    (_, answer) => answer,
                }
            }
        });
        tokio::spawn(async move {
            let server = Builder::new(TokioExecutor::new());
            let _ = server.serve_connection(TokioIo::new(socket), service).await;
        });
    }
}

fn refusal() -> Response<s3s::Body> {
    let mut response = Response::new(s3s::Body::empty());
    *response.status_mut() = StatusCode::FORBIDDEN;
    response
}

/// The prefix, if a request asks for unfinished multipart uploads.
fn asks_for_uploads<B>(request: &Request<B>) -> Option<String> {
    let query = request.uri().query()?;
    let query: Vec<_> = url::form_urlencoded::parse(query.as_bytes()).collect();
    let value = |name| query.iter().find(|(known, _)| known == name);
    value("uploads").filter(|_| request.method() == "GET")?;
    Some(value("prefix").map_or_else(String::new, |(_, prefix)| prefix.clone().into_owned()))
}

/// Keys and ids of unfinished uploads, and the files that stand for them.
fn unfinished(shelf: &Path) -> Vec<(String, String, PathBuf)> {
    let entries = std::fs::read_dir(shelf).unwrap();
    let upload = |path: PathBuf| {
        let name = path.file_name()?.to_str()?;
        let (_, name) = name.split_once(".object-")?;
        let (key, id) = name.split_once(".upload-")?;
        let key = BASE64_URL_SAFE_NO_PAD.decode(key).unwrap();
        let id = id.strip_suffix(".metadata.json")?.to_owned();
        Some((String::from_utf8(key).unwrap(), id, path))
    };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.filter_map(upload).collect()
}

/// All of them in one page, with keys as a form writes them.
fn list_of_uploads(shelf: &Path, prefix: &str) -> Response<s3s::Body> {
    let mut uploads = unfinished(shelf);
    uploads.retain(|(key, ..)| key.starts_with(prefix));
    let uploads: String = uploads
        .iter()
        .map(|(key, id, path)| {
            let key: String = url::form_urlencoded::byte_serialize(key.as_bytes()).collect();
            let begun = std::fs::metadata(path).unwrap().modified().unwrap();
            let begun = DateTime::<Utc>::from(begun).to_rfc3339_opts(SecondsFormat::Millis, true);
            format!(
                "<Upload><Key>{key}</Key><UploadId>{id}</UploadId><Initiated>{begun}</Initiated></Upload>"
            )
        })
        .collect();
    let list = format!(
        "<ListMultipartUploadsResult><EncodingType>url</EncodingType>\
         <IsTruncated>false</IsTruncated>{uploads}</ListMultipartUploadsResult>"
    );
    Response::new(s3s::Body::from(list))
}
